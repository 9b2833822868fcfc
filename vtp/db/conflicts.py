"""Transactions that lose against others: how the databases say so, and work that is done over then.

A block cannot be run again by its context manager, a method can: `done_over` marks those that may be, because
whatever they do besides their one transaction can be repeated, or comes after it. Decision 0065.
"""

from __future__ import annotations

import asyncio
import functools
import random
import sqlite3
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

from vtp.errors import Unavailable

_dice = random.SystemRandom()
P = ParamSpec("P")
T = TypeVar("T")

TRIES = 6
MOST_S = 5.0  # after which nothing is tried again; whoever waits has waited long enough
FIRST_WAIT_S = 0.01
# serialization_failure, deadlock_detected: class 40 of PostgreSQL's appendix A, "transaction rollback"
_SQLSTATES = frozenset({"40001", "40P01"})
# foreign_key_violation, unique_violation: class 23, "integrity constraint violation"
_OVERTAKEN = frozenset({"23503", "23505"})
_OVERTAKEN_SQLITE = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    }
)


class Conflicted(Unavailable):
    """Another transaction won and this one was rolled back whole; the same may succeed when repeated."""

    def __init__(self) -> None:
        super().__init__("Too many changes at once; try again in a moment.", retry_after_s=1.0)


@dataclass(slots=True)
class _Attempt:
    """One run of a method; `around` is the run of another within which it is made."""

    around: _Attempt | None
    committed: bool = False


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


def is_conflict(error: DBAPIError) -> bool:
    """Whether the database rolled a transaction back in favour of another one.

    SQLite: the primary result code SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT included (sqlite.org/rescode.html).
    """
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    return getattr(cause, "sqlstate", None) in _SQLSTATES


def is_overtaken(error: IntegrityError) -> bool:
    """Whether what was read may be gone, or be there now, at the time of the write: it is read again then.

    SQLite has one writer at a time, who reads what is so; but a method may have read in a transaction before.
    """
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) in _OVERTAKEN_SQLITE
    return getattr(cause, "sqlstate", None) in _OVERTAKEN


def note_commit() -> None:
    """Something has been written for good: whatever runs now is not to be done over."""
    attempt = _attempt.get()
    while attempt is not None:
        attempt.committed = True
        attempt = attempt.around


@contextmanager
def for_others() -> Iterator[None]:
    """What is committed within is not what whoever runs now has to say: that may still be done over."""
    token = _attempt.set(None)
    try:
        yield
    finally:
        _attempt.reset(token)


def done_over(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Runs a method again, a few times and after a random wait, when its transaction lost against another.

    For methods with one transaction, whose other effects can be repeated or come after it. One that has
    committed anything is never run again. Raises Unavailable when it loses each time. One that was overtaken
    runs once more, and says itself what it finds.
    """

    @functools.wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        give_up_s, overtaken = time.monotonic() + MOST_S, False
        for tried in range(1, TRIES + 1):
            attempt = _Attempt(_attempt.get())
            token = _attempt.set(attempt)
            try:
                return await method(*args, **kwargs)
            except Conflicted as error:
                if attempt.committed or tried == TRIES or time.monotonic() > give_up_s:
                    raise Unavailable(error.detail, retry_after_s=error.retry_after_s) from error
            except IntegrityError as error:
                if attempt.committed or overtaken or tried == TRIES or not is_overtaken(error):
                    raise
                overtaken = True
            finally:
                _attempt.reset(token)
            await asyncio.sleep(_dice.uniform(0, FIRST_WAIT_S * 2**tried))
        raise AssertionError("unreachable")

    return run
