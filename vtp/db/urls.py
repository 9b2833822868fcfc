"""Reads a database's address as people write it and says how we connect to it."""

import enum
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError


class Dialect(enum.Enum):
    """The databases that vtp runs on."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


_DRIVERS = {
    "sqlite": (Dialect.SQLITE, "sqlite+aiosqlite"),
    "sqlite+aiosqlite": (Dialect.SQLITE, "sqlite+aiosqlite"),
    "postgresql": (Dialect.POSTGRESQL, "postgresql+asyncpg"),
    "postgres": (Dialect.POSTGRESQL, "postgresql+asyncpg"),
    "postgresql+asyncpg": (Dialect.POSTGRESQL, "postgresql+asyncpg"),
}


@dataclass(frozen=True)
class DatabaseUrl:
    """Where the database is: the dialect, and the address with our driver in it."""

    dialect: Dialect
    url: URL

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        return Path(self.url.database or "")

    @property
    def as_written(self) -> str:
        """As settings have it, without our driver; the password is hidden."""
        return self.url.set(drivername=self.dialect.value).render_as_string(hide_password=True)

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)


def parse_url(text: str) -> DatabaseUrl:
    """Reads `sqlite:///folder/file.db` or `postgresql://user:password@host/name`.

    Raises ValueError with a sentence for anything else; the sentence never repeats a password.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(
            "database.url is no address; write sqlite:///path or postgresql://user@host/name"
        ) from None
    if url.drivername not in _DRIVERS:
        raise ValueError(f"database.url names {url.drivername!r}; vtp runs on sqlite:///… or postgresql://…")
    dialect, driver = _DRIVERS[url.drivername]
    if dialect is Dialect.SQLITE and url.database in (None, "", ":memory:"):
        raise ValueError("database.url must name a file, such as sqlite:///data/vtp.db: memory would be lost")
    return DatabaseUrl(dialect, url.set(drivername=driver))
