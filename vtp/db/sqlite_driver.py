"""SQLite's driver as SQLAlchemy speaks to it: one trip to the connection's thread for each statement.

Stock, a statement takes four: make a cursor, execute, fetch, close; and each trip there and back costs more
than what most statements do. Here they are made together, nothing is sent where no transaction is to be
ended, a BEGIN goes with the first statement, and several statements go together where somebody has them.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import EMPTY_DICT, await_only

ROWS_AT_A_TIME = 64  # of who reads too many for one trip


@dataclass(slots=True)
class _Done:
    """What a cursor knows of the statement that it has executed; the cursor itself is closed."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    arraysize: int = 1


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """Holds what one trip has brought: there is nothing left in the thread to be fetched or closed."""

    __slots__ = ()
    _adapt_connection: "_Connection"

    def __init__(self, adapt_connection: "_Connection") -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._cursor: Any = _Done()
        self._rows = deque()
        self._soft_closed_memoized = EMPTY_DICT

    async def _async_soft_close(self) -> None:
        pass

    def close(self) -> None:
        self._rows.clear()

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        def execute(cursor: sqlite3.Cursor) -> list[Any]:
            cursor.execute(operation, parameters or ())
            return cursor.fetchall() if cursor.description else []

        await self._bring(execute)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        def execute(cursor: sqlite3.Cursor) -> list[Any]:
            cursor.executemany(operation, seq_of_parameters)
            return []

        await self._bring(execute)

    def execute_all(
        self, statements: Sequence[tuple[str, Sequence[Any], bool]], ending: str = ""
    ) -> list[list[Any]]:
        """Several statements, one after the other: (text, values, whether these are many rows of them); gives
        the rows of each. The first that is refused is the last, and says why. `ending`: goes with them, last.
        """

        def execute(cursor: sqlite3.Cursor) -> list[list[Any]]:
            found: list[list[Any]] = []
            for text, values, many in statements:
                if many:
                    cursor.executemany(text, values)
                    found.append([])
                else:
                    found.append(cursor.execute(text, values).fetchall())
            if ending:
                cursor.execute(ending)
            return found

        try:
            found: list[list[Any]] = await_only(self._adapt_connection.bring(execute))[1]
        except Exception as error:  # noqa: BLE001  as SQLAlchemy has it of one statement
            self._adapt_connection._handle_exception(error)
        return found

    async def _bring(self, execute: Callable[[sqlite3.Cursor], list[Any]]) -> None:
        self._cursor, rows = await self._adapt_connection.bring(execute)
        self._rows = deque(rows)


class _Connection(AsyncAdapt_aiosqlite_connection):
    """`begin_late` instead of a BEGIN that is waited for."""

    __slots__ = ("_is_known", "_opening")
    _cursor_cls: type[Any] = _Cursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._opening = ""
        self._is_known = True  # what the thread has done: not after a trip that nobody waited for

    def begin_late(self, opening: str) -> None:
        """Begins a transaction with the next statement: nothing is to be seen or locked sooner."""
        self._opening = opening

    async def bring(self, execute: Callable[[sqlite3.Cursor], list[Any]]) -> tuple[_Done, list[Any]]:
        """Executes a statement within the connection's thread and fetches all its rows."""
        async with self._execute_mutex:
            opening, self._opening = self._opening, ""
            self._is_known = False
            connection: Any = self._connection
            try:
                answer: tuple[_Done, list[Any]] = await connection._execute(
                    _execute, connection, opening, execute
                )
            except Exception:
                self._is_known = True  # it was refused; what is cancelled is not known
                if not connection.in_transaction:
                    self._opening = opening  # it has not begun: nothing is to be done outside of it
                raise
            self._is_known = True
            return answer

    def cursor(self, server_side: bool = False) -> Any:
        """A cursor that brings rows a few at a time begins late no longer: a statement of ours, with what
        begins, goes before its own."""
        if server_side and self._opening:
            self.execute("SELECT 1")
        return super().cursor(server_side)

    def commit(self) -> None:
        """Ends what was begun."""
        if self._has_begun():
            super().commit()

    def rollback(self) -> None:
        """Ends what was begun."""
        if self._has_begun():
            super().rollback()

    def _has_begun(self) -> bool:
        self._opening = ""
        connection: Any = self._connection
        return not self._is_known or (connection._connection is not None and connection.in_transaction)


def _execute(
    connection: Any, opening: str, execute: Callable[[sqlite3.Cursor], list[Any]]
) -> tuple[_Done, list[Any]]:
    """What runs in the thread."""
    cursor = connection._conn.cursor()
    try:
        if opening:
            cursor.execute(opening)
        rows = execute(cursor)
        return _Done(cursor.description, cursor.rowcount, cursor.lastrowid, cursor.arraysize), rows
    finally:
        cursor.close()


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """Connects as SQLAlchemy does, to our connection; `prepare` is called with it in its thread."""

    def connect(
        self, *arguments: Any, prepare: Callable[[sqlite3.Connection], None], **options: Any
    ) -> AsyncAdapt_aiosqlite_connection:
        def connect() -> sqlite3.Connection:
            connection: sqlite3.Connection = sqlite3.connect(*arguments, **options)
            try:
                prepare(connection)
            except BaseException:
                connection.close()
                raise
            return connection

        connection = aiosqlite.Connection(connect, iter_chunk_size=ROWS_AT_A_TIME)
        connection._thread.daemon = True
        return _Connection(self, await_only(_opened(connection)))


async def _opened(connection: aiosqlite.Connection) -> aiosqlite.Connection:
    """Who is cancelled meanwhile goes on when it is closed again: its thread would outlive the loop."""

    async def opened() -> aiosqlite.Connection:
        return await connection

    opening = asyncio.ensure_future(opened())
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with suppress(sqlite3.Error):
            await (await opening).close()
        raise


@cache
def sqlite_driver() -> AsyncAdapt_aiosqlite_dbapi:
    """For `create_async_engine`'s `module`."""
    return _Driver(aiosqlite, sqlite3)
