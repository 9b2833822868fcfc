"""SQLAlchemy's face of asyncpg, with fewer trips to the server (decision 0156).

A connection that has answered a moment ago is not asked whether it is there before it is used again, which is
three trips: BEGIN, nothing, ROLLBACK. Statements of `vtp.db.prepared` that go together are executed one after
the other without coming back to SQLAlchemy between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any, TypeAlias

from sqlalchemy.dialects.postgresql.asyncpg import (
    AsyncAdapt_asyncpg_connection,
    AsyncAdapt_asyncpg_cursor,
    AsyncAdapt_asyncpg_dbapi,
)
from sqlalchemy.util import await_only

Asked: TypeAlias = tuple[str, Sequence[Any], bool]
OWN_OPTIONS = ("prepared_statement_cache_size", "prepared_statement_name_func")
"""What an address may say that is SQLAlchemy's to heed, not asyncpg's."""
PROVEN_S = 1.0  # for which an answer shows that the server is there


class _Cursor(AsyncAdapt_asyncpg_cursor):
    __slots__ = ()
    _adapt_connection: _Connection

    def execute_prepared(self, statements: Sequence[Asked], ending: str = "") -> list[Sequence[Any]]:
        """Statements, one after the other: (text, values, whether these are many rows of them, which none of
        PostgreSQL's are); gives the rows of each. The first that is refused is the last, and says why.
        `ending` is left to SQLAlchemy: here it is a trip of its own anyway.
        """
        found: list[Sequence[Any]] = await_only(self._execute_all(statements))
        return found

    async def _execute_all(self, statements: Sequence[Asked]) -> list[Sequence[Any]]:
        connection: Any = self._adapt_connection
        found: list[Sequence[Any]] = []
        async with connection._execute_mutex:
            if connection._transaction is None:
                await connection._start_transaction()
            try:
                for text, values, _many in statements:
                    known = self._invalidate_schema_cache_asof
                    statement, _ = await connection._prepare(text, known)
                    found.append(await statement.fetch(*values))
            except Exception as error:  # noqa: BLE001  as SQLAlchemy has it of one statement
                connection._handle_exception(error)
        connection.has_answered()
        return found

    async def _executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        done = await super()._executemany(operation, seq_of_parameters)  # type: ignore[no-untyped-call]
        self._adapt_connection.has_answered()
        return done

    async def _prepare_and_execute(self, operation: Any, parameters: Any) -> None:
        await super()._prepare_and_execute(operation, parameters)  # type: ignore[no-untyped-call]
        self._adapt_connection.has_answered()


class _Connection(AsyncAdapt_asyncpg_connection):
    __slots__ = ("_answered_s",)
    _cursor_cls: type[Any] = _Cursor
    dbapi: PostgresqlDriver

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)  # type: ignore[no-untyped-call]
        self.has_answered()

    def has_answered(self) -> None:
        """The server was there just now."""
        self._answered_s = self.dbapi.answered_s = monotonic()

    def ping(self) -> None:
        """Asks for an answer unless there was one a moment ago. What has been closed since, as by a server
        that was started anew, is known without asking."""
        if self._connection.is_closed() or monotonic() - self._answered_s > PROVEN_S:
            super().ping()  # type: ignore[no-untyped-call]
            self.has_answered()

    async def _call_and_discard(self, fn: Any) -> None:
        await super()._call_and_discard(fn)
        self.has_answered()


class PostgresqlDriver(AsyncAdapt_asyncpg_dbapi):
    """For `create_async_engine`'s `module`; of one engine."""

    def __init__(self) -> None:
        import asyncpg  # here, because a server on SQLite need not load it

        super().__init__(asyncpg)  # type: ignore[no-untyped-call]
        self.answered_s = 0.0
        """time.monotonic() of the last answer on any connection."""

    def connect(self, *arguments: Any, async_creator_fn: Any, **options: Any) -> Any:
        """As SQLAlchemy does, to our connection."""
        kept = {name: options.pop(name) for name in OWN_OPTIONS if name in options}
        return await_only(_Connection.create(self, async_creator_fn(*arguments, **options), **kept))
