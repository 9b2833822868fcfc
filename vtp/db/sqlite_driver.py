"""SQLite's driver as SQLAlchemy speaks to it: what is short is executed where it is asked, and one trip to
the connection's thread is enough for all else.

Stock, a statement takes four trips: make a cursor, execute, fetch, close. Each costs more than what most
statements do, and under load far more: sqlite3 lets go of the interpreter for each row, and gets it back when
the loop has finished what it is at. So what only reads is tried in the loop's own thread, for `AT_ONCE_S` at
most, and so are changes that are known to be short: a row that is added, `vtp.db.prepared`. Commits may wait
for the disk, which is the thread's to do; a BEGIN goes with the first statement. Decision 0130.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from time import perf_counter, thread_time
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import EMPTY_DICT, await_only

ROWS_AT_A_TIME = 64  # of who reads too many for one trip
AT_ONCE_S = 0.004  # for which a statement may hold up the event loop before it is left to a thread
TOO_LONG_S = 0.01  # of what is over: not to be tried again soon
STEPS = 1000  # of SQLite's machine between two looks at the clock: some 20 µs
TRIED_AGAIN_AFTER = 50
FEW_VALUES = 100
MOST_SLOW = 500


@dataclass(slots=True)
class _Done:
    """What a cursor knows of the statement that it has executed; the cursor itself is closed."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    arraysize: int = 1


@dataclass(frozen=True, slots=True)
class Work:
    """Statements, and what executes them and fetches their rows; `is_short`: whoever wrote them says so."""

    texts: tuple[str, ...]
    execute: Callable[[sqlite3.Cursor], list[Any]]
    is_short: bool = False

    @property
    def only_reads(self) -> bool:
        """What is ended amid a SELECT undoes nothing; of a change SQLite undoes the whole transaction."""
        return all(text.startswith("SELECT") for text in self.texts)


class Slow:
    """Statements that took longer than a loop may be held up: for a while they are not tried there again."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}

    def is_among(self, work: Work) -> bool:
        """Whether one of them is; each time that it is asked for brings the next try nearer."""
        found = [text for text in work.texts if text in self._left]
        for text in found:
            self._left[text] -= 1
            if not self._left[text]:
                del self._left[text]
        return bool(found)

    def add(self, work: Work, took_s: float = AT_ONCE_S) -> None:
        """Remembers all of it: the longer for what could not be ended sooner, as a table is counted."""
        if len(self._left) >= MOST_SLOW:
            self._left.clear()
        times = round(TRIED_AGAIN_AFTER * max(1.0, took_s / AT_ONCE_S))
        self._left.update(dict.fromkeys(work.texts, times))


class Turn:
    """Since when statements have kept everybody else in the loop from running.

    The clock of the thread's own work is read once in a turn: that takes ten times as long as the other.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun_s = 0.0
        self._worked_s = 0.0  # what the thread had worked by then

    @property
    def is_over(self) -> bool:
        """Whether the next statement has to let others run before."""
        return self._loop is asyncio.get_running_loop() and perf_counter() - self._begun_s > AT_ONCE_S

    def begin(self) -> None:
        """A statement is executed now; the turn ends when the loop comes round."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._begun_s, self._worked_s = loop, perf_counter(), thread_time()
            loop.call_soon(self._end)

    def worked_s(self, since_s: float) -> float:
        """How long the thread has worked at least since a time in the turn, rather than waited for others
        on the same processor."""
        return thread_time() - self._worked_s - (since_s - self._begun_s)

    def _end(self) -> None:
        self._loop = None


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """Holds what was brought: there is nothing left to be fetched or closed."""

    __slots__ = ()
    _adapt_connection: _Connection

    def __init__(self, adapt_connection: _Connection) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._cursor: Any = _Done()
        self._rows = deque()
        self._soft_closed_memoized = EMPTY_DICT

    async def _async_soft_close(self) -> None:
        pass

    def close(self) -> None:
        self._rows.clear()

    def execute(self, operation: Any, parameters: Any = None) -> None:
        def execute(cursor: sqlite3.Cursor) -> list[Any]:
            cursor.execute(operation, parameters or ())
            return cursor.fetchall() if cursor.description else []

        self._bring(Work((operation,), execute, _is_short(operation, parameters)))

    def executemany(self, operation: Any, seq_of_parameters: Any) -> None:
        def execute(cursor: sqlite3.Cursor) -> list[Any]:
            cursor.executemany(operation, seq_of_parameters)
            return []

        self._bring(Work((operation,), execute))

    def execute_prepared(
        self, statements: Sequence[tuple[str, Sequence[Any], bool]], ending: str = ""
    ) -> list[list[Any]]:
        """Statements of `vtp.db.prepared`, one after the other: (text, values, whether these are many rows of
        them); gives the rows of each. The first that is refused is the last, and says why. `ending`: goes
        with them, last.
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

        is_short = not ending and not any(many for _, _, many in statements)
        _, found = self._brought(Work(tuple(text for text, _, _ in statements), execute, is_short))
        return found

    def _bring(self, work: Work) -> None:
        self._cursor, rows = self._brought(work)
        self._rows = deque(rows)
        await_only(_nothing())  # SQLAlchemy takes a driver that never waits for one that cannot

    def _brought(self, work: Work) -> tuple[_Done, list[Any]]:
        connection = self._adapt_connection
        try:
            if connection.turn.is_over:
                await_only(asyncio.sleep(0))
            found = connection.bring_at_once(work)
            return found if found is not None else await_only(connection.bring(work))
        except Exception as error:  # noqa: BLE001  as SQLAlchemy has it of one statement
            connection._handle_exception(error)


class _Connection(AsyncAdapt_aiosqlite_connection):
    """`begin_late` instead of a BEGIN that is waited for; what is short is executed where it is asked.

    Who uses the connection and its thread never do so at the same time: nothing is executed at once while a
    trip is on its way, or after one that nobody waited for.
    """

    __slots__ = ("_busy_ms", "_is_known", "_opening", "_reads", "_slow", "has_written", "turn")
    _cursor_cls: type[Any] = _Cursor

    def __init__(self, dbapi: _Driver, connection: Any, busy_s: float, reads: bool) -> None:
        super().__init__(dbapi, connection)
        self._opening = ""
        self._is_known = True  # what the thread has done: not after a trip that nobody waited for
        self._busy_ms = round(busy_s * 1000)
        self._reads = reads
        self._slow = dbapi.slow
        self.turn = dbapi.turn
        self.has_written = False
        """Whether anything but reads was executed since the last beginning."""

    def begin_late(self, opening: str) -> None:
        """Begins a transaction with the next statement: nothing is to be seen or locked sooner."""
        self._opening = opening
        self.has_written = False

    def bring_at_once(self, work: Work) -> tuple[_Done, list[Any]] | None:
        """Executes statements in the calling thread and fetches all their rows; None where that is not the
        place for them, or they took too long there and are to be executed in the connection's. Raises
        sqlite3.Error."""
        only_reads = self._reads or work.only_reads
        self.has_written |= not only_reads
        connection = self._at_hand()
        if connection is None or not (only_reads or work.is_short):
            return None
        if self._slow.is_among(work):
            return None
        self.turn.begin()
        begun_s, opening = perf_counter(), self._opening
        try:
            if opening:
                connection.execute(opening)
                self._opening = ""
            found = _within_limit(connection, work) if only_reads else _execute(connection, work)
        except sqlite3.OperationalError as error:
            reason = error.sqlite_errorcode & 0xFF
            if reason == sqlite3.SQLITE_INTERRUPT:
                if self.turn.worked_s(begun_s) > AT_ONCE_S / 2:
                    self._slow.add(work)
                return None
            if reason == sqlite3.SQLITE_BUSY and (opening or not connection.in_transaction):
                connection.rollback()  # a BEGIN locks nothing yet for who reads
                self._opening = opening
                return None  # another process has it: that is waited for elsewhere
            raise
        if perf_counter() - begun_s > TOO_LONG_S:
            took_s = self.turn.worked_s(begun_s)
            if took_s > TOO_LONG_S:
                self._slow.add(work, took_s)
        return found

    async def bring(self, work: Work) -> tuple[_Done, list[Any]]:
        """The same in the connection's thread, however long it takes."""
        async with self._execute_mutex:
            opening, self._opening = self._opening, ""
            self._is_known = False
            connection: Any = self._connection
            try:
                answer: tuple[_Done, list[Any]] = await connection._execute(
                    self._execute_patiently, opening, work
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
        self._end(super().commit, sqlite3.Connection.commit)

    def rollback(self) -> None:
        """Ends what was begun."""
        self._end(super().rollback, sqlite3.Connection.rollback)

    def _end(self, ends: Callable[[], None], ends_at_once: Callable[[sqlite3.Connection], None]) -> None:
        """Who has only read waits for no disk."""
        self._opening = ""
        at_hand = self._at_hand()
        if at_hand is None:
            ends()
        elif at_hand.in_transaction:
            if self._reads:
                ends_at_once(at_hand)
                return
            self._is_known = False
            ends()
            self._is_known = True

    def _at_hand(self) -> sqlite3.Connection | None:
        """The connection, where its thread has nothing to do."""
        connection: Any = self._connection
        is_free = self._is_known and connection._running and not self._execute_mutex.locked()
        return connection._connection if is_free else None

    def _execute_patiently(self, opening: str, work: Work) -> tuple[_Done, list[Any]]:
        """What runs in the thread. Only what begins finds the file busy."""
        wrapped: Any = self._connection
        connection: sqlite3.Connection = wrapped._conn
        begins = not connection.in_transaction
        try:
            if begins:
                connection.execute(f"PRAGMA busy_timeout = {self._busy_ms}")
            if opening:
                connection.execute(opening)
            return _execute(connection, work)
        finally:
            if begins:
                connection.execute("PRAGMA busy_timeout = 0")


async def _nothing() -> None:
    """Is over at once, and lets nobody else run."""


def _execute(connection: sqlite3.Connection, work: Work) -> tuple[_Done, list[Any]]:
    cursor = connection.cursor()
    try:
        rows = work.execute(cursor)
        return _Done(cursor.description, cursor.rowcount, cursor.lastrowid, cursor.arraysize), rows
    finally:
        cursor.close()


def _is_short(operation: str, parameters: Any) -> bool:
    """Whether it adds a row or a few, which takes as long as that does: no table has triggers."""
    is_of_values = operation.startswith("INSERT INTO") and "VALUES" in operation and "SELECT" not in operation
    return is_of_values and len(parameters or ()) <= FEW_VALUES


def _within_limit(connection: sqlite3.Connection, work: Work) -> tuple[_Done, list[Any]]:
    """Raises sqlite3.OperationalError, SQLITE_INTERRUPT, when it takes longer."""
    give_up_s = perf_counter() + AT_ONCE_S
    connection.set_progress_handler(lambda: perf_counter() > give_up_s, STEPS)
    try:
        return _execute(connection, work)
    finally:
        connection.set_progress_handler(None, 0)


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """Connects as SQLAlchemy does, to our connection; `prepare` is called with it in its thread."""

    def __init__(self, *modules: Any) -> None:
        super().__init__(*modules)
        self.slow = Slow()
        self.turn = Turn()

    def connect(
        self,
        *arguments: Any,
        prepare: Callable[[sqlite3.Connection], None],
        timeout: float,
        reads: bool,
        **options: Any,
    ) -> AsyncAdapt_aiosqlite_connection:
        """`reads`: nothing is written over this one."""
        options |= {"timeout": timeout, "check_same_thread": False}  # they take turns: see _Connection

        def connect() -> sqlite3.Connection:
            connection: sqlite3.Connection = sqlite3.connect(*arguments, **options)
            try:
                prepare(connection)
                connection.execute("PRAGMA busy_timeout = 0")  # but in its thread
            except BaseException:
                connection.close()
                raise
            return connection

        connection = aiosqlite.Connection(connect, iter_chunk_size=ROWS_AT_A_TIME)
        connection._thread.daemon = True
        return _Connection(self, await_only(_opened(connection)), timeout, reads)


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
