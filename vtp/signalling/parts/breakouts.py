"""Breakout rooms: staff divide a class into groups and bring it together again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, require
from vtp.rooms.breakouts import (
    BreakoutMoved,
    Breakouts,
    BreakoutsClosed,
    BreakoutsEnding,
    BreakoutsEvent,
    BreakoutsOpened,
    Plan,
)
from vtp.rooms.groups import MAIN
from vtp.rooms.live import LiveRoom
from vtp.rooms.people import PeopleEvent, PersonJoined
from vtp.signalling.audience import Audience
from vtp.signalling.parts import breakouts_messages as bm
from vtp.signalling.seats import Answer, Event, Seat, Stay


class BreakoutCalls:
    """A feature."""

    pushes: ClassVar[Mapping[str, type]] = {
        "breakouts-opened": bm.BreakoutsState,
        "breakout-moved": bm.BreakoutPlace,
        "breakouts-ending": bm.BreakoutsEnd,
        "breakout-broadcast": bm.BreakoutNotice,
        "breakouts-closed": bm.BreakoutsClosed,
    }
    states: ClassVar[Mapping[str, Any]] = {"breakouts": bm.BreakoutsState}

    def table(self) -> dict[str, Event]:
        """The calls; all but `join-breakout` are staff's."""
        return {
            "open-breakouts": Event(bm.OpenBreakouts, "", self._open, bm.BreakoutsState),
            "join-breakout": Event(
                bm.JoinBreakout,
                "",
                self._join,
                bm.BreakoutPlace,
                announces=True,
            ),
            "assign-breakout": Event(bm.AssignBreakout, "", self._assign, bm.BreakoutPlace),
            "broadcast-breakouts": Event(bm.BroadcastBreakouts, "", self._broadcast, None),
            "close-breakouts": Event(bm.CloseBreakouts, "", self._close, bm.BreakoutsEnd),
        }

    def state(self, stay: Stay) -> Answer:
        """The groups, while there are any."""
        live = stay.peer.live
        return {"breakouts": _describe(live)} if live.part(Breakouts).groups else {}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells everybody who goes where, and when all are back."""
        live = audience.live

        def changed(event: BreakoutsEvent) -> None:
            if isinstance(event, BreakoutsOpened):
                audience.tell("breakouts-opened", _describe(live, event.group_of))
            elif isinstance(event, BreakoutMoved):
                audience.tell("breakout-moved", _moved(event.participant_id, event.group))
            elif isinstance(event, BreakoutsEnding):
                audience.tell("breakouts-ending", _ending(live))
            elif isinstance(event, BreakoutsClosed):
                audience.tell("breakouts-closed", {})

        def people_changed(event: PeopleEvent) -> None:
            """Who has come again is in their group already; told after `participant-joined`."""
            if isinstance(event, PersonJoined):
                id_ = event.participant.participant_id
                if not live.groups.is_in_main(id_):
                    audience.tell("breakout-moved", _moved(id_, live.groups.group_of(id_)), but=id_)

        breakouts = live.part(Breakouts)  # it hears of people before `people_changed` does
        stops = [breakouts.add_listener(changed), live.people.add_listener(people_changed)]

        def stop() -> None:
            for one in stops:
                one()

        return stop

    async def _open(self, seat: Seat, request: bm.OpenBreakouts) -> Answer:
        live, by = seat.here.live, seat.here.participant
        plans = [Plan(one.name, one.participant_ids) for one in request.groups]
        live.part(Breakouts).open(by, plans, duration_s=request.duration_s, choose=request.choose)
        return _describe(live)

    async def _join(self, seat: Seat, request: bm.JoinBreakout) -> Answer:
        peer, group = seat.here, request.group_id or MAIN
        peer.live.part(Breakouts).join(peer.participant, group)
        return _moved(peer.id, group)

    async def _assign(self, seat: Seat, request: bm.AssignBreakout) -> Answer:
        peer, group = seat.here, request.group_id or MAIN
        peer.live.part(Breakouts).assign(peer.participant, request.participant_id, group)
        return _moved(request.participant_id, group)

    async def _broadcast(self, seat: Seat, request: bm.BroadcastBreakouts) -> Answer:
        peer = seat.here
        require(peer.principal, Action.ROOM_MODERATE, peer.room)
        peer.live.part(Breakouts).require_open()
        sender = {
            "participantId": peer.id,
            "userId": peer.participant.user_id,
            "fullName": peer.participant.full_name,
            "role": peer.participant.role.value,
        }
        told = {"from": sender, "text": request.text, "sentAt": datetime.now(UTC).isoformat()}
        seat.staying.audience.tell("breakout-broadcast", told)
        return {}

    async def _close(self, seat: Seat, request: bm.CloseBreakouts) -> Answer:
        peer = seat.here
        peer.live.part(Breakouts).close(peer.participant, request.in_s)
        return _ending(peer.live)


def _describe(live: LiveRoom, group_of: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The groups with who is in them, or who will be in a moment by `group_of`."""
    breakouts = live.part(Breakouts)
    members: dict[str, list[str]] = {group.id: [] for group in breakouts.groups}
    for one in live.people.participants:
        id_ = one.participant_id
        group = live.groups.group_of(id_) if group_of is None else group_of.get(id_, MAIN)
        if group in members:
            members[group].append(id_)
    groups = [
        {"groupId": one.id, "name": one.name, "participantIds": members[one.id]} for one in breakouts.groups
    ]
    return {"groups": groups, **_ending(live), "choose": breakouts.choose}


def _moved(participant_id: str, group: str) -> dict[str, Any]:
    return {"participantId": participant_id, "groupId": group or None}


def _ending(live: LiveRoom) -> dict[str, Any]:
    ends_at = live.part(Breakouts).ends_at
    return {"endsAt": None if ends_at is None else ends_at.isoformat()}
