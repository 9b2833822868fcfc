"""Column types that mean the same on every database."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

ID_LENGTH = 36  # characters of a UUID
_ZONE_LENGTH = len("+00:00")


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: goes in aware, comes out aware and in UTC; a naive one is refused.

    PostgreSQL keeps `timestamptz`; SQLite, which knows no zones, keeps the UTC time as text that sorts.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = _in_utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """SQLite's text is written at once likewise."""
        return _write_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """SQLite's text is read at once: through SQLAlchemy's own type it takes four times as long."""
        return _read_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("A time for the database must say its zone; use datetime.now(UTC)")
    return value.astimezone(UTC)


def _write_text(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).isoformat(" ", "microseconds")[:-_ZONE_LENGTH]


def _read_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def id_type() -> String:
    """The type of a column that holds an identifier of ours (vtp.ids)."""
    return String(ID_LENGTH)


def json_type() -> TypeEngine[Any]:
    """The type of a column that holds a JSON value: `jsonb` on PostgreSQL, text on SQLite."""
    return JSON().with_variant(JSONB(), "postgresql")
