"""What every transaction of a call writes besides, so that it is stored with them or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy.ext.asyncio import AsyncConnection

Carried = Callable[[AsyncConnection], Awaitable[None]]

_carried: ContextVar[Carried | None] = ContextVar("carried", default=None)


@contextmanager
def carrying(write: Carried) -> Iterator[None]:
    """Has `write` called at the end of each transaction that is made within the block, or by a task that is
    begun there; what it raises rolls that transaction back."""
    token = _carried.set(write)
    try:
        yield
    finally:
        _carried.reset(token)


@contextmanager
def carrying_nothing() -> Iterator[None]:
    """What is written within is of others, too: not of the call that runs now."""
    token = _carried.set(None)
    try:
        yield
    finally:
        _carried.reset(token)


def carries() -> bool:
    """Whether a transaction has that to write before its commit."""
    return _carried.get() is not None


async def write_carried(tx: AsyncConnection) -> None:
    """For `Database.transaction`, before the commit."""
    write = _carried.get()
    if write is not None:
        await write(tx)
