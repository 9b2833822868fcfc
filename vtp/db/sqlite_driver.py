"""SQLAlchemy's adapter of aiosqlite, where a statement is one visit to the connection's thread, not four.

As shipped it opens a cursor, executes, fetches and closes with one hand-over between threads each: two dozen
for a transaction of five statements. Here one function does the four in the thread, and what it brings back
is served from memory. Cursors that stream (`AsyncConnection.stream`) stay SQLAlchemy's.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeAlias

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import EMPTY_DICT

_Outcome: TypeAlias = tuple[Sequence[Any] | None, list[Any], int, int | None]


class OneVisitCursor(AsyncAdapt_aiosqlite_cursor):
    """What a statement brought back; nothing of it is open in SQLite any more."""

    __slots__ = ("_arraysize", "_description", "_lastrowid", "_rowcount")

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows = deque()
        self._soft_closed_memoized = EMPTY_DICT
        self._arraysize = 1
        self._description: Sequence[Any] | None = None
        self._rowcount = -1
        self._lastrowid: int | None = None

    @property
    def description(self) -> Any:
        """Of each column its name and six times None (PEP 249); None where no rows were asked for."""
        return self._description

    @property
    def rowcount(self) -> int:
        """How many rows were written; -1 where SQLite does not say."""
        return self._rowcount

    @property
    def lastrowid(self) -> Any:
        """SQLite's number of the row that was inserted."""
        return self._lastrowid

    @property
    def arraysize(self) -> int:
        """How many rows `fetchmany` gives when it is not told."""
        return self._arraysize

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._arraysize = value

    def close(self) -> None:
        """Forgets what was brought back."""
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        return  # closed since it was executed

    async def _execute_async(self, operation: Any, parameters: Any) -> Self:
        return await self._visit(_execute, operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Self:
        return await self._visit(_execute_many, operation, seq_of_parameters)

    async def _visit(
        self, call: Callable[[sqlite3.Connection, str, Any], _Outcome], operation: str, parameters: Any
    ) -> Self:
        connection: Any = self._connection
        async with self._adapt_connection._execute_mutex:
            outcome = await connection._execute(call, connection._conn, operation, parameters)
        self._description, rows, self._rowcount, self._lastrowid = outcome
        self._rows = deque(rows)
        return self


class OneVisitConnection(AsyncAdapt_aiosqlite_connection):
    """A connection of such cursors, which rolls nothing back where nothing was begun."""

    __slots__ = ()

    _cursor_cls = OneVisitCursor

    def rollback(self) -> None:
        """Ends a transaction; costs nothing where there is none: a pool takes back what is committed."""
        connection: Any = self._connection
        if connection._connection is not None and connection._connection.in_transaction:
            super().rollback()


class OneVisitDriver(AsyncAdapt_aiosqlite_dbapi):
    """The module (PEP 249) that SQLAlchemy's dialect is given in place of its own."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arguments: Any, **options: Any) -> OneVisitConnection:
        """Opens a database in a thread of its own; raises sqlite3's errors."""
        return OneVisitConnection(self, super().connect(*arguments, **options)._connection)


def _execute(connection: sqlite3.Connection, operation: str, parameters: Any) -> _Outcome:
    cursor = connection.cursor()
    try:
        cursor.execute(operation, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return cursor.description, rows, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()


def _execute_many(connection: sqlite3.Connection, operation: str, parameters: Any) -> _Outcome:
    cursor = connection.cursor()
    try:
        cursor.executemany(operation, parameters)
        return None, [], cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()
