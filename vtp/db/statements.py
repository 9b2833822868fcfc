"""Statements that SQL leaves to dialects, with one spelling for ours."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Dialect,
    FromClause,
    String,
    Table,
    and_,
    delete,
    func,
    literal,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERTS: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


async def insert_if_absent(tx: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Inserts a row unless a unique key of it is taken; tells whether it was inserted.

    Unlike an insert that fails, one that does nothing leaves the transaction usable (PostgreSQL ends it at
    the first error).
    """
    statement = _INSERTS[tx.dialect.name](table).values(**values).on_conflict_do_nothing()
    return (await tx.execute(statement)).rowcount == 1


async def put_row(
    tx: AsyncConnection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any] | None
) -> None:
    """Has the row of a unique key say these values, whether or not there is one; None: takes it away."""
    own = [table.c[name] == value for name, value in key.items()]
    if values is None:
        await tx.execute(delete(table).where(*own))
    elif not await insert_if_absent(tx, table, {**key, **values}):
        await tx.execute(update(table).where(*own).values(**values))


def matching(
    tx: AsyncConnection, columns: Sequence[Column[Any]], keys: Iterable[Sequence[str]]
) -> tuple[FromClause, ColumnElement[bool]]:
    """A table of keys, and what joins it to a table with these columns: for rows by keys of several columns.

    One statement for any number of keys, by the table's index: SQLite reads a table from its beginning to its
    end for `(a, b) IN (VALUES …)`.
    """
    rows = list(keys)
    if tx.dialect.name == "postgresql":
        given: list[ColumnElement[Any]] = [
            literal([key[at] for key in rows], ARRAY(String)) for at in range(len(columns))
        ]
    else:
        given = [literal(json.dumps(rows), String)]
    wanted, parts = table_of_keys(tx.dialect, given, len(columns))
    return wanted, and_(*(one == part for one, part in zip(columns, parts, strict=True)))


def table_of_keys(
    dialect: Dialect, given: Sequence[ColumnElement[Any]], width: int
) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """A table of keys of so many columns, and its columns. `given`: on PostgreSQL a list for each of them, on
    SQLite all keys as JSON."""
    if dialect.name == "postgresql":
        names = [f"k{at}" for at in range(width)]
        wanted = func.unnest(*given).table_valued(*names, name="wanted").render_derived()
        return wanted, [wanted.c[name] for name in names]
    each = func.json_each(*given).table_valued("value", name="wanted")
    return each, [func.json_extract(each.c.value, f"$[{at}]") for at in range(width)]


def inserting(dialect: Dialect, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that may go on over conflicts."""
    return _INSERTS[dialect.name](table)


async def insert_absent(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts those of these rows whose unique keys are not taken."""
    await tx.execute(_INSERTS[tx.dialect.name](table).on_conflict_do_nothing(), list(rows))
