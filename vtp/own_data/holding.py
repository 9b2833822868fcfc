"""What a table has of a person, and what becomes of it when they are erased: the words for it.

Each package says it in its `holdings`, beside its tables; `vtp.personal` gathers them (docs/decisions/0064).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, or_
from sqlalchemy.ext.asyncio import AsyncConnection

ERASED_NAME: Final = "Erased person"


NOBODY: Final = "erased"  # in the place of who somebody was in a chat


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data it is; `alias` stands where something must, and is nobody's.

    `mailbox`: their address once it is known to be theirs, else empty. Rows that name no account are found by
    it alone, for anybody can register with anybody's address.
    """

    user_id: str
    email: str
    full_name: str = ""
    alias: str = ""
    marks: tuple[str, ...] = ()  # by which answers kept for repeated requests name them
    mailbox: str = ""

    @property
    def key(self) -> str:
        """As limits, chats and the audit log name an account."""
        return f"user:{self.user_id}"

    @property
    def voter(self) -> str:
        """As votes name an account."""
        return f"u:{self.user_id}"


Theirs = Callable[[Subject], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Deleted:
    """The rows go. `counted`: what keeps their number is brought up to date around that."""

    counted: Callable[[AsyncConnection, str], AbstractAsyncContextManager[None]] | None = None


@dataclass(frozen=True, slots=True)
class Emptied:
    """The rows stay, for they are others' too; these columns get these values."""

    values: Callable[[Subject, datetime], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The rows stay; one column is written anew (None: it says nothing of the person)."""

    column: str
    rewrite: Callable[[Subject, Any], Any | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows stay as they are."""

    why: str


@dataclass(frozen=True, slots=True)
class Holding:
    """Some rows of one table. `withheld`: columns that are not told, secrets and what is others'."""

    name: str
    table: Table
    theirs: Theirs
    told: tuple[str, ...]
    withheld: tuple[str, ...]
    erasure: Deleted | Emptied | Rewritten | Kept


def sent_to(one: Subject, address: ColumnElement[Any], account: ColumnElement[Any]) -> ColumnElement[bool]:
    """Rows of this account, and those of none that went to the mailbox of its owner."""
    return or_(account == one.user_id, and_(account.is_(None), address == one.mailbox))


def erased_address(user_id: str) -> str:
    """What stands in the place of an address, unlike all others; RFC 2606: in a domain that never is."""
    return f"{user_id}@erased.invalid"


def without(column: str, **more: Any) -> Emptied:
    """The rows stay, but for whom one column names."""
    return Emptied(lambda _subject, _now: {column: None, **more})
