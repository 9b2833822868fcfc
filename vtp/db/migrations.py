"""Brings the schema up to date at start: forward only, in one transaction, under a lock.

A revision's id is the number its file begins with (`0001_accounts_and_rooms.py` is "0001"), so that "is
anything pending?" is answered from the file names without loading Alembic, and a start with nothing to do is
fast.
"""

import re
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from vtp.db.urls import Dialect
from vtp.errors import StartupError

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_FILE = re.compile(r"(\d{4})_\w+\.py")
_LOCK_KEY = 0x767470_6D6967  # "vtp" "mig": ours among the advisory locks of a PostgreSQL database


class SchemaTooNewError(StartupError):
    """The database was brought up to date by a newer vtp; this one must not touch it."""


def migrate(connection: Connection, dialect: Dialect, *, to: str = "") -> list[str]:
    """Applies the pending revisions within the caller's transaction and gives their ids, oldest first.

    SQLite's write lock is the transaction itself; PostgreSQL takes an advisory lock that ends with it. Two
    servers that start at once therefore apply each revision once. `to`: not further than that revision.
    Raises SchemaTooNewError.
    """
    if dialect is Dialect.POSTGRESQL:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    pending = [one for one in pending_revisions(current_revision(connection)) if not to or one <= to]
    if pending:
        _upgrade(connection, pending[-1])
    return pending


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def known_revisions() -> list[str]:
    """Every revision this vtp carries, oldest first; FileNotFoundError when the folder was not installed."""
    names = [path.name for path in (MIGRATIONS / "versions").iterdir()]
    return sorted(match[1] for name in names if (match := _FILE.fullmatch(name)))


def pending_revisions(current: str | None) -> list[str]:
    """The revisions after `current`. Raises SchemaTooNewError when `current` is not one of ours."""
    known = known_revisions()
    if current is not None and current not in known:
        raise SchemaTooNewError(
            f"The database is at revision {current}, this vtp knows up to {known[-1]}: start the newer vtp "
            "that made it, or restore a backup of before."
        )
    return [revision for revision in known if current is None or revision > current]


def _upgrade(connection: Connection, revision: str) -> None:
    from alembic import command  # here, because loading it takes as long as the rest of the start
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
