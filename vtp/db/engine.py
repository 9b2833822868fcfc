"""Connections and transactions on SQLite (aiosqlite) and PostgreSQL (asyncpg), with one face for both.

SQLite has one writer: write transactions come from a pool of one connection and begin with `BEGIN IMMEDIATE`,
so they queue here instead of failing there; readers have their own connections and, with WAL, never wait.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from time import monotonic
from typing import Any, Self, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction
from sqlalchemy.util import greenlet_spawn

from vtp.db import after, journal
from vtp.db.carried import write_carried
from vtp.db.conflicts import Conflicted, is_conflict, note_commit
from vtp.db.durable import Durability
from vtp.db.migrations import migrate
from vtp.db.outage import RETRY_AFTER_S, Outage
from vtp.db.sqlite_engine import POOL_TIMEOUT_S, sqlite_reader, sqlite_writer
from vtp.db.urls import DatabaseUrl, Dialect, parse_url
from vtp.errors import StartupError, Unavailable

BUSY_TIMEOUT_S = 5  # how long SQLite waits for another process's writer
PATIENCE = 12  # times as long while another process may be migrating
COMMAND_TIMEOUT_S = 8  # of one statement that a request waits for; migrations and backups take their time
ANSWER_LIMIT_S = 3.0  # a PostgreSQL that has not said by then that it is there is taken to be away
BUSY_LIMIT_S = 6.0  # how long one waits while all connections are in use
T = TypeVar("T")


class Database:
    """One database: `transaction()` to write, `read()` to read, `look()` to read with one statement, each
    raising Unavailable when it is away."""

    def __init__(
        self, url: DatabaseUrl, writer: AsyncEngine, reader: AsyncEngine, *, patient: bool = False
    ) -> None:
        self.url = url
        self._writer = writer
        self._reader = reader
        # SQLite's begins nothing by itself; there it is the driver of PostgreSQL that does.
        self._looker = (
            reader
            if url.dialect is Dialect.SQLITE
            else reader.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._outage = Outage()
        self._exhausted_s: float | None = None  # since when all connections have been in use
        self._is_asking = False  # whether there is an answer
        self._patient = patient
        self._turn = asyncio.Lock()  # of SQLite's writers: first come, first served, which no pool is
        self._durability = Durability(url.file) if url.dialect is Dialect.SQLITE else None

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connects and brings the schema up to date.

        Raises StartupError with a sentence: for an address that cannot be, a database that does not answer, a
        file that cannot be made, a schema of a newer vtp.
        """
        upgrading = cls.connect(url, patient=True)
        try:
            await upgrading.migrate()
        finally:
            await upgrading.close()
        return cls.connect(url)

    @classmethod
    def connect(cls, url: str, *, patient: bool = False) -> Self:
        """Makes the engines without touching the database or its schema yet. Raises StartupError.

        `patient`: a statement may take as long as it likes, as in migrations and backups.
        """
        try:
            parsed = parse_url(url)
        except ValueError as error:
            raise StartupError(f"{error}.") from error
        if parsed.dialect is Dialect.SQLITE:
            busy_s = BUSY_TIMEOUT_S * (PATIENCE if patient else 1)
            engines = sqlite_writer(parsed, busy_s), sqlite_reader(parsed, busy_s)
            return cls(parsed, *engines, patient=patient)
        from vtp.db.postgresql_engine import postgresql_engine  # here: on SQLite nobody need load it

        engine = postgresql_engine(parsed, None if patient else COMMAND_TIMEOUT_S)
        return cls(parsed, engine, engine, patient=patient)

    async def migrate(self) -> list[str]:
        """Applies what migrations are pending, forward only and under a lock; gives their revisions.

        Raises StartupError when the database cannot be used.
        """
        try:
            if self.url.dialect is Dialect.SQLITE:
                self.url.file.parent.mkdir(parents=True, exist_ok=True)
                self.url.file.touch(
                    mode=0o600
                )  # nobody else reads password hashes; SQLite's -wal follows suit
                await journal.keep_ahead(self.url.file, BUSY_TIMEOUT_S)
            async with self.transaction() as tx:
                return await tx.run_sync(migrate, self.url.dialect)
        except (Unavailable, OSError, sqlite3.Error) as error:
            reason = _first_line(error.__cause__ or error)
            raise StartupError(f"The database {self.url} cannot be used: {reason}.") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that may write: committed at the end of the block, rolled back by an exception. On
        SQLite it holds off other processes from its first statement on, and those of this one at once.

        Raises Conflicted when it lost against another one: see `vtp.db.conflicts.done_over`.
        """
        async with AsyncExitStack() as stack:
            if self.url.dialect is Dialect.SQLITE:
                await self._wait_for_turn(stack)
            async with self._begin(self._writer) as connection:
                stored = after.begin(connection)
                yield connection
                await write_carried(connection)
                has_written = self._durability is not None and _has_written(connection)
            note_commit()
        try:
            if has_written or (self._durability is not None and self._durability.is_behind):
                await self._wait_for_disk()  # who has found it done says so, too
        finally:  # it is so, for everybody who reads
            for call in stored:
                call()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that only reads, from one consistent moment on SQLite."""
        async with self._begin(self._reader) as connection:
            yield connection

    async def look(self, work: Callable[..., T], *arguments: Any) -> T:
        """What `work` reads with one statement, which needs no transaction: called with a connection, where
        SQLAlchemy runs synchronous code, and the arguments. See `vtp.db.prepared`, for which it is."""
        if self.url.dialect is Dialect.SQLITE:
            return await greenlet_spawn(self._look_at_once, work, arguments)
        if self._has_one_at_hand():
            return await self._look_soon(work, arguments)
        async with AsyncExitStack() as stack:
            with _telling_of_beginning():
                connection = await self._connect(self._looker, stack)
            with _telling_of_work(self._outage):
                return await connection.run_sync(work, *arguments)

    def _look_at_once(
        self, work: Callable[..., T], arguments: Sequence[Any], connected: Callable[[], None] = lambda: None
    ) -> T:
        """All of it where SQLAlchemy runs synchronous code, which is what entering and leaving that costs."""
        with _telling_of_beginning():
            connection = self._looker.sync_engine.connect()
        connected()
        with connection, _telling_of_work(self._outage):
            return work(connection, *arguments)

    def _has_one_at_hand(self) -> bool:
        """Whether a connection of PostgreSQL is idle, whose server is not known to be away."""
        pool: Any = self._looker.pool
        return not self._patient and not self._outage.is_on and pool.checkedin() > 0

    async def _look_soon(self, work: Callable[..., T], arguments: Sequence[Any]) -> T:
        """The same on PostgreSQL, by a connection that is idle: nobody is waited for but the server, which
        has to say that it is there as in `_connect`."""
        asked_s = monotonic()
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S) as limit:

                def connected() -> None:
                    limit.reschedule(None)
                    self._exhausted_s = None

                return await greenlet_spawn(self._look_at_once, work, arguments, connected)
        except TimeoutError as error:  # what a statement has to itself is told by `_telling_of_work`
            self._note_silence(asked_s)
            raise _unavailable(error) from error

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Like `read`, from one consistent moment on PostgreSQL too; for who reads everything."""
        level = "" if self.url.dialect is Dialect.SQLITE else "REPEATABLE READ"
        async with self._begin(self._reader, isolation=level) as connection:
            yield connection

    async def check(self) -> None:
        """Asks the database for an answer; raises Unavailable without one (for `/ready`)."""
        async with self.read() as tx:
            await tx.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Closes every connection; those in use are closed when they are given back."""
        if self._durability is not None:
            await self._durability.close()
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    @asynccontextmanager
    async def _begin(self, engine: AsyncEngine, isolation: str = "") -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            with _telling_of_beginning():
                connection = await self._connect(engine, stack)
                if isolation:
                    await connection.execution_options(isolation_level=isolation)
                transaction = await stack.enter_async_context(connection.begin())
            with _telling_of_work(self._outage):
                yield connection
                await _commit(connection, transaction)

    async def _wait_for_disk(self) -> None:
        if self._durability is not None:
            try:
                await self._durability.wait()
            except OSError as error:
                raise _unavailable(error) from error

    async def _wait_for_turn(self, stack: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(POOL_TIMEOUT_S):
                await stack.enter_async_context(self._turn)
        except TimeoutError as error:
            raise _unavailable(error) from error

    async def _connect(self, engine: AsyncEngine, stack: AsyncExitStack) -> AsyncConnection:
        """A connection that answers; a silent one, as of a machine that has stopped, is not waited for."""
        if self._patient or self.url.dialect is Dialect.SQLITE:
            return await stack.enter_async_context(engine.connect())
        self._outage.check()
        waits = await self._is_waited_for(engine)
        asked_s = monotonic()
        try:
            async with asyncio.timeout(BUSY_LIMIT_S if waits else ANSWER_LIMIT_S):
                connection = await stack.enter_async_context(engine.connect())
        except TimeoutError:
            if not waits:
                self._note_silence(asked_s)
            raise
        self._outage.end()
        self._exhausted_s = None
        return connection

    def _note_silence(self, since_s: float) -> None:
        """A connection of PostgreSQL has said nothing since then. Where others have had answers meanwhile, it
        is that one alone, as one that a firewall has dropped."""
        driver: Any = self._reader.dialect.loaded_dbapi
        if driver.answered_s <= since_s:
            self._outage.begin()

    async def _is_waited_for(self, engine: AsyncEngine) -> bool:
        """Whether all connections are in use: who waits for one learns nothing of the database. Where that
        has been so for long, and none of them had an answer meanwhile, one asks by a connection of their own:
        the statements may be long, or wait for others' rows. Raises TimeoutError when there is no answer.
        """
        from vtp.db.postgresql_engine import takes_another

        pool: Any = engine.pool
        if pool.checkedout() < pool.size():
            self._exhausted_s = None
            return False
        now_s = monotonic()
        driver: Any = engine.dialect.loaded_dbapi
        self._exhausted_s = since_s = self._exhausted_s or now_s
        if now_s - max(since_s, driver.answered_s) > ANSWER_LIMIT_S and not self._is_asking:
            self._is_asking = True
            try:
                if not await takes_another(engine, ANSWER_LIMIT_S):
                    self._outage.begin()
                    raise TimeoutError("No connection of the database answers")
                driver.answered_s = monotonic()
            finally:
                self._is_asking = False
        return True


@contextmanager
def _telling_of_beginning() -> Iterator[None]:
    """Says what kept a transaction from beginning. Raises Conflicted, Unavailable."""
    try:
        yield
    except DBAPIError as error:
        raise (Conflicted() if is_conflict(error) else _unavailable(error)) from error
    except (PoolTimeout, OSError) as error:
        raise _unavailable(error) from error


@contextmanager
def _telling_of_work(outage: Outage) -> Iterator[None]:
    """The same of what failed in it; what is wrong with a statement passes."""
    try:
        yield
    except DBAPIError as error:
        if is_conflict(error):
            raise Conflicted() from error
        if not _is_outage(error):
            raise
        raise _unavailable(error) from error
    except TimeoutError as error:  # of the driver, COMMAND_TIMEOUT_S
        outage.begin()
        raise _unavailable(error) from error


async def _commit(connection: AsyncConnection, transaction: AsyncTransaction) -> None:
    """A connection whose commit fails is not used again.

    SQLAlchemy would give it back to its pool amid the transaction where SQLite has not ended that by itself
    (SQLITE_BUSY, a constraint): it would keep its locks, and whoever is next could not begin.
    """
    try:
        await transaction.commit()
    except BaseException:
        await connection.invalidate()
        raise


def _has_written(connection: AsyncConnection) -> bool:
    """Whether a transaction of SQLite has executed anything but reads."""
    sync = connection.sync_connection
    driver: Any = sync.connection.dbapi_connection if sync is not None else None
    return bool(driver.has_written)


def _first_line(error: BaseException) -> str:
    """What a driver says of a failure, without SQLAlchemy's statement and background link."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")


def _is_outage(error: DBAPIError) -> bool:
    """A fault of the connection or the server, not of the statement."""
    if isinstance(error, IntegrityError):
        return False
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _unavailable(error: Exception) -> Unavailable:
    if _is_full(error):
        return Unavailable("The disk of the database is full: free some space.", retry_after_s=60)
    return Unavailable("The database does not answer; try again in a moment.", retry_after_s=RETRY_AFTER_S)


def _is_full(error: Exception) -> bool:
    return "disk is full" in str(error) or "No space left on device" in str(error)
