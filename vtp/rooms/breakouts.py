"""Breakout rooms: groups within an open room, who belongs into which, and when all are back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from vtp.accounts.permissions import Action, can, require
from vtp.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from vtp.ids import new_id
from vtp.media.events import Emitter
from vtp.rooms.groups import MAIN
from vtp.rooms.live import LiveRoom, RoomClosed, RoomEvent
from vtp.rooms.moderation import require_authority
from vtp.rooms.participants import NAMELESS, Participant
from vtp.rooms.people import PeopleEvent, PersonJoined

MAX_REMEMBERED = 1000  # people who have a group of theirs, gone or not; beyond it the longest known go


@dataclass(frozen=True, slots=True)
class Plan:
    """A group as it is wished: its name, and who is in it at first."""

    name: str
    participant_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Breakout:
    """One group."""

    id: str
    name: str


@dataclass(frozen=True)
class BreakoutsOpened:
    """There are groups from now on; `group_of` says who goes into which."""

    group_of: Mapping[str, str]


@dataclass(frozen=True)
class BreakoutMoved:
    """Somebody goes into another group, or back: MAIN."""

    participant_id: str
    group: str


@dataclass(frozen=True)
class BreakoutsEnding:
    """The time at which all will be back is another one."""


@dataclass(frozen=True)
class BreakoutsClosed:
    """Everybody goes back, and there are no groups any more."""


BreakoutsEvent = BreakoutsOpened | BreakoutMoved | BreakoutsEnding | BreakoutsClosed


class Timer(Protocol):
    """Something that will be called."""

    def cancel(self) -> None:
        """Calls it not."""


CallLater = Callable[[float, Callable[[], None]], Timer]


class Breakouts:
    """Belongs to a LiveRoom (`live.part(Breakouts)`). What a call wants is checked before any of it is done.

    Listeners hear who goes where first, and then what comes of it: consumers that end, producers announced.
    """

    def __init__(
        self, live: LiveRoom, now: Callable[[], datetime] | None = None, call_later: CallLater | None = None
    ) -> None:
        self._live = live
        self._now = now or _utc_now
        self._call_later = call_later or asyncio.get_running_loop().call_later
        self._groups: dict[str, Breakout] = {}
        self._belongs: dict[str, str] = {}  # to a group, by `_key`: for who comes again
        self._timer: Timer | None = None
        self._emitter: Emitter[BreakoutsEvent] = Emitter()
        self.choose = False
        self.ends_at: datetime | None = None
        live.people.add_listener(self._people_changed)
        live.add_listener(self._room_changed)

    @property
    def groups(self) -> list[Breakout]:
        """All groups, in the order in which they were named; none while everybody is together."""
        return list(self._groups.values())

    def add_listener(self, listener: Callable[[BreakoutsEvent], None]) -> Callable[[], None]:
        """Hears what becomes of the groups; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def open(self, by: Participant, plans: Sequence[Plan], *, duration_s: float | None, choose: bool) -> None:
        """Makes the groups and puts everybody named into theirs.

        Raises Forbidden, Conflict, NotFound, Invalid.
        """
        require(by.principal, Action.ROOM_MODERATE, self._live.room)
        if self._groups:
            raise Conflict("There are breakout rooms already: close them first.", code="breakouts_open")
        chosen = [self._movable(by, plan.participant_ids) for plan in plans]
        _refuse_twice([one.participant_id for people in chosen for one in people])
        self.choose = choose
        group_of: dict[str, str] = {}
        for plan, people in zip(plans, chosen, strict=True):
            group = Breakout(new_id(), plan.name)
            self._groups[group.id] = group
            for one in people:
                group_of[one.participant_id] = group.id
                self._remember(one, group.id)
        self._end_after(duration_s)
        self._emitter.emit(BreakoutsOpened(group_of))
        self._live.groups.move_all(group_of)

    def join(self, participant: Participant, group: str) -> None:
        """Goes into a group, or back to MAIN. Raises Forbidden, Conflict, NotFound."""
        self._require_group(group)
        if not self.choose and not can(participant.principal, Action.ROOM_MODERATE, self._live.room):
            raise Forbidden("Who goes where is for the staff to say here.", code="breakouts_assigned")
        self._place(participant, group)

    def assign(self, by: Participant, participant_id: str, group: str) -> None:
        """Puts somebody into a group, or back to MAIN. Raises Forbidden, Conflict, NotFound."""
        require(by.principal, Action.ROOM_MODERATE, self._live.room)
        self._require_group(group)
        (participant,) = self._movable(by, [participant_id])
        self._place(participant, group)

    def close(self, by: Participant, in_s: float = 0) -> None:
        """Brings everybody back, at once or at that time and no other. Raises Forbidden, Conflict."""
        require(by.principal, Action.ROOM_MODERATE, self._live.room)
        self.require_open()
        if in_s <= 0:
            self._close()
            return
        self._end_after(in_s)
        self._emitter.emit(BreakoutsEnding())

    def require_open(self) -> None:
        """Raises Conflict while everybody is together."""
        if not self._groups:
            raise Conflict("There are no breakout rooms now.", code="no_breakouts")

    def _require_group(self, group: str) -> None:
        self.require_open()
        if group != MAIN and group not in self._groups:
            raise NotFound("There is no such breakout room.", code="no_such_breakout")

    def _movable(self, by: Participant, participant_ids: Sequence[str]) -> list[Participant]:
        """Those of these ids. Raises NotFound, Forbidden, Conflict for who cannot be moved."""
        found = [self._live.people.find(one) for one in participant_ids]
        for one in found:
            require_authority(by, one, self._live)
            if one.in_main_only:
                raise Conflict(
                    f"{one.full_name} is here by WHIP or WHEP, and so stays in the main room.",
                    code="stays_in_main",
                )
        return found

    def _place(self, participant: Participant, group: str) -> None:
        self._remember(participant, group)
        if self._live.groups.group_of(participant.participant_id) != group:
            self._emitter.emit(BreakoutMoved(participant.participant_id, group))
            self._live.groups.move(participant.participant_id, group)

    def _close(self) -> None:
        self._end_after(None)
        self._groups.clear()
        self._belongs.clear()
        self._emitter.emit(BreakoutsClosed())
        self._live.groups.move_all(
            dict.fromkeys((one.participant_id for one in self._live.people.participants), MAIN)
        )

    def _end_after(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.ends_at = None
        if seconds is not None:
            self._timer = self._call_later(seconds, self._close)
            self.ends_at = self._now() + timedelta(seconds=seconds)

    def _remember(self, participant: Participant, group: str) -> None:
        key = _key(participant)
        if key is None:
            return
        self._belongs.pop(key, None)
        if group != MAIN:
            self._belongs[key] = group
        while len(self._belongs) > MAX_REMEMBERED:
            del self._belongs[next(iter(self._belongs))]

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonJoined) and not event.participant.in_main_only:
            group = self._belongs.get(_key(event.participant) or "", MAIN)
            self._live.groups.move(event.participant.participant_id, group)

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self._end_after(None)


def _key(participant: Participant) -> str | None:
    """The same for somebody who comes again. A link may be many people's: theirs is their name too.

    None for who cannot be told from others.
    """
    if participant.user_id is not None:
        return participant.identity
    if participant.full_name == NAMELESS:
        return None
    return f"{participant.identity} {participant.full_name}"


def _refuse_twice(participant_ids: Sequence[str]) -> None:
    """Raises Invalid when somebody is named twice."""
    if len(set(participant_ids)) < len(participant_ids):
        problem = FieldError("/groups", "names somebody twice")
        raise Invalid("Nobody can be in two breakout rooms at once.", errors=[problem])


def _utc_now() -> datetime:
    return datetime.now(UTC)
