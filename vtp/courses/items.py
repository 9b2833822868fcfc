"""What stands in a course one after another: sections, lessons, announcements. Written by its staff.

One is found in its course, created, changed under `If-Match`, and removed with a note in the audit log; what
a kind has besides that is in its own file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import FieldError, Invalid, NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id

NULLABLE = frozenset({"release_at", "section_id", "starts_at", "ends_at"})


class CourseItem(Protocol):
    """The row of one."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def updated_at(self) -> datetime: ...


Item = TypeVar("Item", bound=CourseItem)


def _as_it_is(item: object) -> None:
    """No `If-Match`."""


class CourseItems(ABC, Generic[Item]):
    """Every method raises Forbidden, NotFound, Invalid for malformed ids; changes Conflict in an archived
    course. `unless_changed` raises PreconditionFailed for one that is not as the caller has seen it.
    """

    noun: ClassVar[str]
    """What one is called: in the path, in the audit log, in codes of errors."""
    nullable: ClassVar[frozenset[str]] = NULLABLE
    """What a change may take away."""

    def __init__(self, database: Database, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    @done_over
    async def create(self, principal: Principal, course_id: str, wish: Any) -> Item:
        """Adds what `wish` describes. Raises Conflict for too many, Invalid."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            return await self._make(tx, inside, wish)

    async def get(self, principal: Principal, course_id: str, item_id: str) -> Item:
        """One that the caller may see."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            item = await self.find(tx, inside, item_id)
            await self._check_seen(tx, inside, item)
        return item

    async def change(
        self,
        principal: Principal,
        course_id: str,
        item_id: str,
        wish: BaseModel,
        unless_changed: Callable[[Item], None] = _as_it_is,
    ) -> Item:
        """Changes what `wish` names. What has happened by itself before this call stays so."""
        wanted = changes_of(wish, self.nullable)
        return await self._change(principal, course_id, item_id, wanted, unless_changed, self._clock())

    @done_over
    async def _change(
        self,
        principal: Principal,
        course_id: str,
        item_id: str,
        wanted: Mapping[str, Any],
        unless_changed: Callable[[Item], None],
        asked_at: datetime,
    ) -> Item:
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            item = await self.find(tx, inside, item_id)
            unless_changed(item)
            values = await self._changes(tx, inside, item, dict(wanted))
            await self._settle(tx, item, values, asked_at)
            values["updated_at"] = max(self._clock(), item.updated_at)  # clocks of two servers may differ
            changed: Item = replace(item, **values)
            await self._write(tx, inside, item, changed, values)
        return replace(item, **values)

    @done_over
    async def delete(self, principal: Principal, course_id: str, item_id: str, origin: Origin) -> None:
        """Deletes one."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            item = await self.find(tx, inside, item_id)
            await self._remove(tx, inside, item)
            await self._audit.record(
                tx,
                Event.COURSE_CHANGED,
                origin,
                actor_id=inside.principal.user_id,
                subject=f"course:{inside.course.id}",
                details={"did": "deleted", self.noun: item.id, "name": item.title},
            )

    async def find(self, tx: AsyncConnection, inside: Entered, item_id: str) -> Item:
        """One of a course's, whether or not the caller may see it. Raises NotFound, Invalid."""
        found = await self._row(tx, inside.course.id, parse_id(item_id, f"/path/{self.noun}_id"))
        if found is None:
            raise NotFound(f"This course has no such {self.noun}.", code=f"no_such_{self.noun}")
        return found

    @abstractmethod
    async def _make(self, tx: AsyncConnection, inside: Entered, wish: Any) -> Item:
        """Adds the row of a new one."""

    @abstractmethod
    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Item | None:
        """The row of one."""

    async def _settle(
        self, tx: AsyncConnection, item: Item, values: Mapping[str, Any], asked_at: datetime
    ) -> None:
        """Writes down first what was so when a change of these columns was asked for, which may have waited
        since."""

    @abstractmethod
    async def _write(
        self, tx: AsyncConnection, inside: Entered, item: Item, changed: Item, values: dict[str, Any]
    ) -> None:
        """Sets the columns of one, which is then `changed`; what it sets besides goes into `values`."""

    @abstractmethod
    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Item) -> None:
        """Deletes the row of one."""

    async def _check_seen(self, tx: AsyncConnection, inside: Entered, item: Item) -> None:
        """Raises Forbidden for who does not see it yet."""

    async def _changes(
        self, tx: AsyncConnection, inside: Entered, item: Item, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        """The columns to set where these are wanted. Raises Invalid."""
        return wanted


def changes_of(wish: BaseModel, nullable: frozenset[str] = NULLABLE) -> dict[str, Any]:
    """The columns that a change names. Raises Invalid for a null where there must be something."""
    values = wish.model_dump(exclude_unset=True)
    empty = [
        FieldError(f"/{name}", "cannot be null")
        for name, value in values.items()
        if value is None and name not in nullable
    ]
    if empty:
        raise Invalid("The body is not acceptable; `errors` says where.", errors=empty)
    return values
