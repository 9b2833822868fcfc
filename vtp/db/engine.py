"""Connections and transactions on SQLite (aiosqlite) and PostgreSQL (asyncpg), with one face for both.

SQLite has one writer: write transactions come from a pool of one connection and begin with `BEGIN IMMEDIATE`,
so they queue here instead of failing there; readers have their own connections and, with WAL, never wait.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from time import monotonic
from typing import Any, Self, TypeVar

from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction, create_async_engine
from sqlalchemy.util import greenlet_spawn

from vtp.db import after, journal
from vtp.db.carried import write_carried
from vtp.db.conflicts import Conflicted, is_conflict, note_commit
from vtp.db.durable import Durability
from vtp.db.json_text import read_json
from vtp.db.migrations import migrate
from vtp.db.outage import RETRY_AFTER_S, Outage
from vtp.db.sqlite_driver import sqlite_driver
from vtp.db.urls import DatabaseUrl, Dialect, parse_url
from vtp.errors import StartupError, Unavailable

BUSY_TIMEOUT_S = 5  # how long SQLite waits for another process's writer
PATIENCE = 12  # times as long while another process may be migrating
CONNECT_TIMEOUT_S = 5
COMMAND_TIMEOUT_S = 8  # of one statement that a request waits for; migrations and backups take their time
ANSWER_LIMIT_S = 3.0  # a PostgreSQL that has not said by then that it is there is taken to be away
BUSY_LIMIT_S = 6.0  # how long one waits while all connections are in use
POOL_TIMEOUT_S = 10  # how long a request waits for SQLite's writer before it is answered 503
SYNCHRONOUS = "NORMAL"  # of what SQLite does by itself: see vtp.db.durable
_SQLITE_READERS = 4
_POSTGRESQL_CONNECTIONS = 10
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
            engines = _sqlite_writer(parsed, busy_s), _sqlite_reader(parsed, busy_s)
            return cls(parsed, *engines, patient=patient)
        engine = _postgresql_engine(parsed, None if patient else COMMAND_TIMEOUT_S)
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
        async with AsyncExitStack() as stack:
            with _telling_of_beginning():
                connection = await self._connect(self._looker, stack)
            with _telling_of_work(self._outage):
                return await connection.run_sync(work, *arguments)

    def _look_at_once(self, work: Callable[..., T], arguments: Sequence[Any]) -> T:
        """All of it where SQLAlchemy runs synchronous code, which is what entering and leaving that costs."""
        with _telling_of_beginning():
            connection = self._looker.sync_engine.connect()
        with connection, _telling_of_work(self._outage):
            return work(connection, *arguments)

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
        try:
            async with asyncio.timeout(BUSY_LIMIT_S if waits else ANSWER_LIMIT_S):
                connection = await stack.enter_async_context(engine.connect())
        except TimeoutError:
            if not waits:
                self._outage.begin()
            raise
        self._outage.end()
        self._exhausted_s = None
        return connection

    async def _is_waited_for(self, engine: AsyncEngine) -> bool:
        """Whether all connections are in use: who waits for one learns nothing of the database. Where that
        has been so for long, and none of them had an answer meanwhile, one asks by a connection of their own:
        the statements may be long, or wait for others' rows. Raises TimeoutError when there is no answer.
        """
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
                if not await _answers(engine):
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


def _sqlite_writer(url: DatabaseUrl, busy_s: float) -> AsyncEngine:
    return _begin_by(_sqlite_engine(url, busy_s, 1, reads=False), "BEGIN IMMEDIATE")


def _sqlite_reader(url: DatabaseUrl, busy_s: float) -> AsyncEngine:
    return _begin_by(_sqlite_engine(url, busy_s, _SQLITE_READERS, reads=True), "BEGIN")


def _begin_by(engine: AsyncEngine, opening: str) -> AsyncEngine:
    """Has transactions begun by this statement, which goes with their first."""

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        driver.begin_late(opening)

    return engine


def _sqlite_engine(url: DatabaseUrl, busy_s: float, pool_size: int, *, reads: bool) -> AsyncEngine:
    return create_async_engine(
        url.url,
        module=sqlite_driver(),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        hide_parameters=True,  # errors go to the log; what was to be stored does not
        json_deserializer=read_json,
        connect_args={
            "timeout": busy_s,
            "isolation_level": None,  # we say BEGIN ourselves
            "prepare": partial(_prepare_sqlite, query_only=reads),
            "reads": reads,
        },
    )


def _prepare_sqlite(connection: sqlite3.Connection, *, query_only: bool) -> None:
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in (f"synchronous = {SYNCHRONOUS}", "foreign_keys = ON", f"query_only = {query_only:d}"):
        connection.execute(f"PRAGMA {pragma}")


def _lower(value: Any) -> Any:
    """For SQLite, whose own lower() knows ASCII only, so that nobody would find Übung."""
    return value.lower() if isinstance(value, str) else value


def _postgresql_engine(url: DatabaseUrl, command_timeout_s: float | None) -> AsyncEngine:
    from vtp.db.postgresql_driver import PostgresqlDriver  # here: a server on SQLite need not load it

    return create_async_engine(
        url.url,
        module=PostgresqlDriver(),
        pool_size=_POSTGRESQL_CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        hide_parameters=True,
        json_deserializer=read_json,
        pool_pre_ping=True,  # a restarted server costs nobody an error: see vtp.db.postgresql_driver
        connect_args={
            "async_creator_fn": _connect_asyncpg,
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": command_timeout_s,
        },
    )


async def _answers(engine: AsyncEngine) -> bool:
    """Whether a PostgreSQL takes another connection, or says that it has as many as it may."""
    import asyncpg  # here, because a server on SQLite need not load it

    from vtp.db.postgresql_driver import OWN_OPTIONS

    _, options = engine.dialect.create_connect_args(engine.url)
    for name in OWN_OPTIONS:
        options.pop(name, None)
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            connection = await _connect_asyncpg(**options)
    except ConnectionError as error:
        return isinstance(error.__cause__, asyncpg.TooManyConnectionsError)
    except (OSError, TimeoutError):
        return False
    connection.terminate()
    return True


async def _connect_asyncpg(*args: Any, **options: Any) -> Any:
    """asyncpg.connect whose refusals (starting up, wrong password, too many clients) are ConnectionErrors.

    SQLAlchemy lets the driver's own exceptions pass at this one place.
    """
    import asyncpg  # here, because a server on SQLite need not load it

    try:
        return await asyncpg.connect(*args, **options)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConnectionError(str(error)) from error
