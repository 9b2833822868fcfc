"""The server's own keys, one file each in `data_dir/secrets`, made at the first start and never changed."""

import os
import secrets
import tempfile
from pathlib import Path

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
            _create(file)
        key = file.read_bytes()
    except OSError as error:
        raise StartupError(f"The key file {file} cannot be used ({error.strerror}); repair it.") from error
    if len(key) != KEY_BYTES:
        raise StartupError(
            f"The key file {file} is damaged: restore it from a backup, or delete it, and {if_deleted}."
        )
    return key


def _create(file: Path) -> None:
    """Puts a first file in place unless another process did meanwhile, 0600 from its first byte."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        os.write(descriptor, secrets.token_bytes(KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
