"""Small files that are whole or not there: keys, certificates, what is remembered over a restart."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Puts a file in place at once: nobody sees half of it, nobody else reads a key. Raises OSError.

    Of several who write at the same moment the last one's stays, whole.
    """
    draft = draft_of(path, data, mode)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


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


def draft_of(path: Path, data: bytes, mode: int = 0o600) -> Path:
    """A file of its own beside `path`, 0600 while it is written, then `mode`, and on the disk when this
    returns. Raises OSError, and leaves nothing then."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as draft:
            draft.write(data)
            draft.flush()
            os.fchmod(draft.fileno(), mode)
            os.fsync(draft.fileno())
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name)
