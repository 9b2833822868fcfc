"""When a backup was made last: noted in the data folder, for who looks whether there is one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

NAME = "last-backup"


def note_backup(data_dir: Path, at: datetime) -> None:
    """Notes that a backup has ended well. Raises OSError where the folder cannot be written."""
    (data_dir / NAME).write_text(f"{at.astimezone(UTC).isoformat()}\n", encoding="ascii")


def last_backup(data_dir: Path) -> datetime | None:
    """When the last one ended; None where none was noted."""
    try:
        return datetime.fromisoformat((data_dir / NAME).read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None
