"""Small files that are whole or not there: keys, certificates, what is remembered over a restart."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

DRAFTS_LAST_S = 600.0
"""Nobody writes a small file for longer: an older draft is of a process that was killed."""
_DRAFT = re.compile(r"\..+-[a-z0-9_]{8}")


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


def remove_old_drafts(folder: Path) -> int:
    """Deletes what killed processes left of `draft_of` in a folder; gives how many. Raises OSError.

    Others may be writing there now: drafts stay while somebody could be about them.
    """
    drafts = (one for one in folder.iterdir() if _DRAFT.fullmatch(one.name)) if folder.is_dir() else ()
    return remove_old(drafts, DRAFTS_LAST_S)


def remove_old(files: Iterable[Path], age_s: float) -> int:
    """Deletes those files that were written so long ago; gives how many. Raises OSError."""
    before_s, count = time.time() - age_s, 0
    for file in files:
        try:
            if file.is_file() and file.lstat().st_mtime <= before_s:
                file.unlink()
                count += 1
        except FileNotFoundError:  # its process was quicker, or another that starts
            continue
    return count
