"""A database with rows in every table, made from the schema it has: new revisions need no new fixture."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Float, Integer, String, Table, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.dump import reflect, rows_of
from vtp.ids import uuid7

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
FIRST_NS = int(NOON.timestamp()) * 1_000_000_000
# What the server reads of these columns has a shape that no schema tells.
JSON_VALUES: dict[str, Any] = {
    "settings": {},
    "events": ["room.created"],
    "options": ["ja", "nein"],
    "counts": [0, 0],
    "choices": [0],
    "skipped": [],
    "pieces": [[0, 1000]],
    "rubric": [],
    "scores": [],
    "sittings": {"session": [1, 0]},
    "reached": [[500, 1_800_000_000_000]],
    "answer": {"choices": ["0123456789ab"], "value": 1.0, "text": "x"},
    "choice_order": ["0123456789ab"],
    "solution": {
        "choices": [{"id": "0123456789ab", "text": "x", "right": True}],
        "value": 1.0,
        "tolerance": 0.0,
        "tolerance_kind": "absolute",
        "accepted": ["x"],
    },
}
ALWAYS = {"slug"}  # null for rooms that were deleted only
OFF = {"members_only"}  # rooms of lessons: no list has them either
NEVER = {"erased_at"}  # of people who are gone: no list has them
Choices = dict[str, list[str]]
# What only the code restricts.
WORDS: Choices = {
    "requested_role": ["teacher", "assistant"],
    "status": ["pending", "delivered", "failed"],
    "status_before": ["ready", "interrupted"],
    "results": ["after", "live"],
    "storage": ["local", "uploading", "stored"],
    "from_role": ["student", "teacher"],
    "visibility": ["staff", "members", "public"],
    "kind": ["presenter", "poll"],
    "to_role": ["student", "teacher"],
    "rule": ["FREQ=WEEKLY;COUNT=3"],
    "time_zone": ["Europe/Berlin"],
    "mail": ["at_once", "daily"],
    "first_start": ["2026-03-02T08:00"],
    "record_lessons": ["automatic", "by_hand"],
    "publish_rule": ["at_once", "after_review"],
}

_KNOWN: dict[tuple[str, str], tuple[list[Table], dict[str, Choices]]] = {}
# What a database on PostgreSQL is made of, in one line.
SHAPE = """
SELECT md5(string_agg(part, ';' ORDER BY part)) FROM (
  SELECT concat_ws(' ', relname, attname, atttypid, attnotnull, attisdropped) AS part
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT 'at ' || version_num FROM alembic_version
) AS parts
"""
SHAPES = {
    "sqlite": "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master ORDER BY type, name)",
    "postgresql": SHAPE,
}


async def known_schema(tx: AsyncConnection) -> tuple[list[Table], dict[str, Choices]]:
    """The tables of a database, and by table what its CHECK constraints admit; each schema is read once."""
    dialect = tx.dialect.name
    of = dialect, (await tx.execute(text(SHAPES[dialect]))).scalar_one()
    if of not in _KNOWN:
        tables = await reflect(tx)
        _KNOWN[of] = tables, {table.name: await tx.run_sync(_choices, table.name) for table in tables}
    return _KNOWN[of]


async def fill(tx: AsyncConnection, rows: int = 6, more: dict[str, int] | None = None) -> dict[str, int]:
    """Puts `rows` rows into every table, or as many as `more` says of one; gives how many by table."""
    tables, choices = await known_schema(tx)
    keys: dict[str, list[Any]] = {}
    counts: dict[str, int] = {}
    for number, table in enumerate(tables):
        count = (more or {}).get(table.name, rows)
        known = keys.setdefault(table.name, [])
        made = []
        for i in range(count):
            made.append(_row(table, number, i, keys, choices[table.name], tx.dialect.name))
            known.append([made[-1][column.name] for column in table.primary_key.columns])
        for start in range(0, count, 2000):
            await tx.execute(table.insert(), made[start : start + 2000])
        counts[table.name] = count
    return counts


async def add_rows(
    tx: AsyncConnection, name: str, count: int, first: int = 0, **fixed: Any
) -> list[dict[str, Any]]:
    """More rows of one table, numbered from `first`, with these columns as they are given."""
    tables, choices_of = await known_schema(tx)
    number = next(i for i, table in enumerate(tables) if table.name == name)
    table, choices = tables[number], choices_of[name]
    keys: dict[str, list[Any]] = {one.name: [] for one in tables}
    made = [
        _row(table, number, i, keys, choices, tx.dialect.name) | fixed for i in range(first, first + count)
    ]
    await tx.execute(table.insert(), made)
    return made


async def contents(tx: AsyncConnection, columns: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """All rows by table, as a dump spells them; with `columns` of those tables and columns only."""
    found: dict[str, Any] = {}
    tables, _ = await known_schema(tx)
    for table in tables:
        if columns is not None and table.name not in columns:
            continue
        wanted = _narrowed(table, columns[table.name]) if columns else table
        found[table.name] = (
            list(wanted.c.keys()),
            sorted([line async for line in rows_of(tx, wanted)]),
        )
    return found


def _narrowed(table: Table, columns: list[str]) -> Table:
    from sqlalchemy import MetaData

    return Table(table.name, MetaData(), *(Column(n, table.c[n].type) for n in columns))


def _choices(connection: Connection, table: str) -> Choices:
    """By column the words that its CHECK constraint admits."""
    found: Choices = dict(WORDS)
    for check in inspect(connection).get_check_constraints(table):
        words = re.findall(r"'([^']*)'", check["sqltext"])
        column = re.match(r"\W*\(*\"?(\w+)", check["sqltext"])
        if words and column:
            found[column[1]] = words
    return found


def _row(
    table: Table, number: int, i: int, keys: dict[str, list[Any]], choices: Choices, dialect: str
) -> dict[str, Any]:
    return {column.name: _value(column, number, i, keys, choices, dialect) for column in table.c}


def _value(
    column: Column[Any], number: int, i: int, keys: dict[str, list[Any]], choices: Choices, dialect: str
) -> Any:
    refers = next(iter(column.foreign_keys), None)
    if refers is not None:
        return _other(refers.column.table, column, i, keys)
    if column.name in NEVER or (column.nullable and i % 3 == 2 and column.name not in ALWAYS):
        return None
    if column.name in choices and isinstance(column.type, String):
        return choices[column.name][i % len(choices[column.name])]
    if isinstance(column.type, DateTime):
        at = NOON + timedelta(minutes=i, seconds=number)
        return at.replace(tzinfo=None) if dialect == "sqlite" else at
    return _plain(column, number, i)


def _other(table: Table, column: Column[Any], i: int, keys: dict[str, list[Any]]) -> Any:
    known = keys[table.name]
    if not known:  # the first of its own table
        return None
    return None if column.nullable and i % 3 == 2 else known[i % len(known)][0]


def _plain(column: Column[Any], number: int, i: int) -> Any:
    if isinstance(column.type, JSON):
        return JSON_VALUES.get(column.name, {"n": i, "text": "Übung \u2028 \"'\\"})
    if isinstance(column.type, Boolean):
        return i % 2 == 0 and column.name not in OFF
    if isinstance(column.type, Float):
        return i + 0.1
    if isinstance(column.type, Integer):
        return i
    length: int = getattr(column.type, "length", None) or 200
    if column.name == "id" or column.name.endswith("_id"):
        return uuid7(FIRST_NS + i * 1_000_000 + number, i)[:length]
    if column.name.endswith(("_hash", "_key")) or length == 64:
        return f"{number:08x}{i:024x}"[:length]
    return f"{i} {column.name} Ü 'x' \"y\"\\\n{number}"[:length]
