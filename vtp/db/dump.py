"""Every row of a database as lines of JSON, and back, on either database and at any revision of the schema.

Tables and columns are read from the database itself, so that a revision to come needs nothing here. One line
is one row: a list in the order of the columns. Times are RFC 3339 in UTC; JSON columns are carried as
text, in one spelling, because JSON's null is not SQL's.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

ROWS_AT_ONCE = 500
VERSION_TABLE = "alembic_version"

Row = list[Any]


@dataclass(frozen=True)
class Shape:
    """One table as it is dumped: its name and the names of its columns."""

    name: str
    columns: tuple[str, ...]


async def reflect(tx: AsyncConnection, only: Collection[str] | None = None) -> list[Table]:
    """The tables that a database has (of those named in `only`), those that others refer to first; without
    Alembic's own."""

    def read(connection: Connection) -> list[Table]:
        found = MetaData()
        found.reflect(connection, only=lambda name, _: only is None or name in only)
        return [table for table in found.sorted_tables if table.name != VERSION_TABLE]

    return await tx.run_sync(read)


def shape_of(table: Table) -> Shape:
    """What a dump says of a table."""
    return Shape(table.name, tuple(table.c.keys()))


async def rows_of(tx: AsyncConnection, table: Table) -> AsyncIterator[bytes]:
    """Its rows by primary key, one line each."""
    columns = [_readable(column, tx.dialect.name) for column in table.c]
    json_columns = [isinstance(column.type, JSON) for column in table.c]
    order = list(table.primary_key.columns)
    async with tx.stream(select(*columns).order_by(*order)) as rows:
        async for row in rows:
            line = [_spell(value, as_json) for value, as_json in zip(row, json_columns, strict=True)]
            yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


async def put_rows(tx: AsyncConnection, table: Table, columns: Sequence[str], lines: Iterable[bytes]) -> int:
    """Inserts lines into an empty table; gives how many.

    What a row says of others of its own table is filled in when all are there. Raises ValueError for a line
    that is no row of this table.
    """
    own = [name for name in columns if _refers_to_itself(table.c[name])]
    later: list[dict[str, Any]] = []
    batch: list[dict[str, Any]] = []
    count = 0
    for line in lines:
        values = _read(table, columns, line, tx.dialect.name)
        count += 1
        if any(values[name] is not None for name in own):
            later.append(values)
            values = values | dict.fromkeys(own)
        batch.append(values)
        if len(batch) == ROWS_AT_ONCE:
            await tx.execute(_insert(table, columns, tx.dialect.name), batch)
            batch = []
    if batch:
        await tx.execute(_insert(table, columns, tx.dialect.name), batch)
    if later:
        await _refer(tx, table, own, later)
    return count


async def _refer(tx: AsyncConnection, table: Table, own: list[str], rows: list[dict[str, Any]]) -> None:
    keys = list(table.primary_key.columns)
    statement = update(table).values({name: bindparam(f"new_{name}") for name in own})
    statement = statement.where(*(column == bindparam(f"key_{column.name}") for column in keys))
    names = {f"new_{name}": name for name in own} | {f"key_{column.name}": column.name for column in keys}
    await tx.execute(statement, [{bound: row[name] for bound, name in names.items()} for row in rows])


def _insert(table: Table, columns: Sequence[str], dialect: str) -> Any:
    values = {name: _bound(table.c[name], dialect) for name in columns}
    return insert(table).values(values)


def _bound(column: Column[Any], dialect: str) -> Any:
    if not isinstance(column.type, JSON):
        return bindparam(column.name, type_=column.type)
    text = bindparam(column.name, type_=Text())
    return text if dialect == "sqlite" else cast(text, column.type)


def _readable(column: Column[Any], dialect: str) -> Any:
    if not isinstance(column.type, JSON):
        return column
    return type_coerce(column, Text()) if dialect == "sqlite" else cast(column, Text())


def _spell(value: Any, as_json: bool) -> Any:
    if as_json and value is not None:  # jsonb keeps neither order nor spelling, so there is one spelling
        return json.dumps(json.loads(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError(f"a {type(value).__name__} cannot be dumped")


def _read(table: Table, columns: Sequence[str], line: bytes, dialect: str) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, list) or len(row) != len(columns):
        raise ValueError(f"a line of the table {table.name} does not have its {len(columns)} columns")
    return {name: _value(table.c[name], value, dialect) for name, value in zip(columns, row, strict=True)}


def _value(column: Column[Any], value: Any, dialect: str) -> Any:
    if value is None:
        return None
    if isinstance(column.type, DateTime):
        at = datetime.fromisoformat(value).astimezone(UTC)
        return at.replace(tzinfo=None) if dialect == "sqlite" else at
    return bool(value) if isinstance(column.type, Boolean) else value


def _refers_to_itself(column: Column[Any]) -> bool:
    return any(key.column.table is column.table for key in column.foreign_keys)
