"""Statements that SQL leaves to dialects, with one spelling for ours."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
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


async def insert_absent(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts those of these rows whose unique keys are not taken."""
    await tx.execute(_INSERTS[tx.dialect.name](table).on_conflict_do_nothing(), list(rows))
