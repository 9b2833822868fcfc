"""The server's own keys, one file each in `data_dir/secrets`, made at the first start and never changed."""

import secrets
from pathlib import Path

from vtp.atomic_files import create_file
from vtp.errors import StartupError

KEY_BYTES = 32


def open_key(folder: Path, name: str, *, if_deleted: str) -> bytes:
    """The key in the file `name`, made if there is none; `if_deleted` says what deleting it would cost.

    Raises StartupError when the file cannot be read or written, or is damaged.
    """
    file = folder / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            create_file(file, secrets.token_bytes(KEY_BYTES))
        key = file.read_bytes()
    except OSError as error:
        raise StartupError(f"The key file {file} cannot be used ({error.strerror}); repair it.") from error
    if len(key) != KEY_BYTES:
        raise StartupError(
            f"The key file {file} is damaged: restore it from a backup, or delete it, and {if_deleted}."
        )
    return key
