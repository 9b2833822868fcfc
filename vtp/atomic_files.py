"""Small files that are whole or not there: keys, certificates, what is remembered over a restart."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Puts a file in place at once: nobody sees half of it, nobody else reads a key. Raises OSError."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)  # one that a crash left might have other rights
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def create_file(path: Path, data: bytes) -> None:
    """Puts a first file in place, 0600 from its first byte, unless another process did meanwhile: linking
    fails where renaming overwrites. Raises OSError."""
    draft = draft_of(path, data)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def draft_of(path: Path, data: bytes) -> Path:
    """A file of its own beside `path`, 0600 and on the disk when this returns. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "wb") as draft:
        draft.write(data)
        draft.flush()
        os.fsync(draft.fileno())
    return Path(name)
