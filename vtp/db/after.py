"""What is done once a transaction is stored, and not at all when it is not."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

_KEY = "vtp_after_commit"


def begin(connection: AsyncConnection) -> list[Callable[[], None]]:
    """The list for a transaction that begins; `Database.transaction` calls what is in it after the commit."""
    calls: list[Callable[[], None]] = []
    connection.info[_KEY] = calls
    return calls


def after_commit(tx: AsyncConnection, call: Callable[[], None]) -> None:
    """Has `call` called once this transaction is committed."""
    tx.info.setdefault(_KEY, []).append(call)
