"""Statements that SQL leaves to dialects, with one spelling for ours."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
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
    bindparam,
    delete,
    func,
    insert,
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


async def insert_rows(
    tx: AsyncConnection, table: Table, names: tuple[str, ...], rows: Iterable[Sequence[Any]]
) -> None:
    """Inserts many rows, each the values of these columns, past what SQLAlchemy does anew for each row.

    A value that is the same object in each row of a column is made ready once.
    """
    sql, places, ready = _insert_of(table, names, tx.dialect)
    columns = list(zip(*rows, strict=True))
    made = [_made_ready(make, columns[place]) for make, place in zip(ready, places, strict=True)]
    await tx.exec_driver_sql(sql, list(zip(*made, strict=True)))


@lru_cache(maxsize=64)
def _insert_of(
    table: Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[int, ...], tuple[Any, ...]]:
    """The statement, and for each of its values its place in a row and how it is made ready."""
    compiled = insert(table).compile(dialect=dialect, column_keys=list(names))
    order = compiled.positiontup or ()
    if sorted(order) != sorted(names):
        raise ValueError(f"{table.name} has columns that are filled in by themselves: name them, too")
    ready = (table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order)
    return str(compiled), tuple(names.index(name) for name in order), tuple(ready)


def _made_ready(make: Callable[[Any], Any] | None, column: Sequence[Any]) -> Iterable[Any]:
    if make is None:
        return column
    first = column[0]
    if all(value is first for value in column):
        return repeat(make(first), len(column))
    return map(make, column)


def matching(
    tx: AsyncConnection, columns: Sequence[Column[Any]], keys: Iterable[Sequence[str]]
) -> tuple[FromClause, ColumnElement[bool]]:
    """A table of keys, and what joins it to a table with these columns: for rows by keys of several columns.

    One statement for any number of keys, by the table's index: SQLite reads a table from its beginning to its
    end for `(a, b) IN (VALUES …)`.
    """
    given = list(keys)
    if tx.dialect.name == "postgresql":
        values: list[Any] = [literal([key[at] for key in given], ARRAY(String)) for at in range(len(columns))]
        names = [f"k{at}" for at in range(len(columns))]
        wanted = func.unnest(*values).table_valued(*names, name="wanted").render_derived()
        return wanted, and_(*(one == wanted.c[name] for one, name in zip(columns, names, strict=True)))
    each = func.json_each(literal(json.dumps(given), String)).table_valued("value", name="wanted")
    parts = [func.json_extract(each.c.value, f"$[{at}]") for at in range(len(columns))]
    return each, and_(*(one == part for one, part in zip(columns, parts, strict=True)))


async def insert_new(
    tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> set[tuple[Any, ...]]:
    """Like `insert_absent`; gives the primary keys of those that were inserted."""
    statement = _INSERTS[tx.dialect.name](table).on_conflict_do_nothing()
    found = await tx.execute(statement.returning(*table.primary_key.columns), list(rows))
    return {tuple(row) for row in found}


async def update_rows(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes many rows, each by its primary key, which is among its values; all name the same columns."""
    if rows:
        keys = {column.name: f"key_{column.name}" for column in table.primary_key.columns}
        theirs = [table.c[name] == bindparam(said) for name, said in keys.items()]
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name not in keys}
        said = [{keys.get(name, name): value for name, value in row.items()} for row in rows]
        await tx.execute(update(table).where(*theirs).values(values), said)


async def insert_absent(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts those of these rows whose unique keys are not taken."""
    await tx.execute(_INSERTS[tx.dialect.name](table).on_conflict_do_nothing(), list(rows))
