"""The database that a backup is made of, or that is looked into: it must be there, and nothing makes it."""

from __future__ import annotations

from vtp.db import Database
from vtp.db.urls import Dialect
from vtp.errors import StartupError


def refuse_missing(database: Database) -> None:
    """Raises StartupError where SQLite would make an empty file, readable by everybody, and find nothing."""
    if database.url.dialect is Dialect.SQLITE and not database.url.file.exists():
        raise StartupError(
            f"There is no database {database.url.file}: give this command the settings of the server, "
            "VTP_DATA_DIR or VTP_DATABASE__URL among them."
        )


def first_line(error: BaseException) -> str:
    """What the driver says of a failure, without SQLAlchemy's statement and background link."""
    cause = error.__cause__ or error
    said = getattr(cause, "orig", None) or cause
    return (str(said).splitlines() or [type(said).__name__])[0].rstrip(".")
