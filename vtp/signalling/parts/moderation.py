"""Moderation: staff mute others, give roles and change what the room allows, while the class runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, require
from vtp.http.identity import Role
from vtp.rooms.moderation import Moderation, ModerationEvent, Muted, MutedDirectly
from vtp.rooms.people import PeopleEvent, PersonChanged
from vtp.rooms.service import RoomService
from vtp.signalling.audience import Audience
from vtp.signalling.descriptions import may
from vtp.signalling.messages import Message
from vtp.signalling.parts import moderation_messages as mm
from vtp.signalling.seats import Answer, Event, Seat, Stay


class ModerationCalls:
    """A feature."""

    pushes: ClassVar[Mapping[str, type]] = {
        "muted": mm.MutedPush,
        "peer-muted": mm.PeerMuted,
        "role-changed": mm.RoleReply,
    }
    states: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, rooms: RoomService) -> None:
        self._rooms = rooms

    def table(self) -> dict[str, Event]:
        """The calls, all of them staff's."""
        return {
            "change-settings": Event(mm.ChangeSettings, "", self._change_settings, mm.SettingsReply),
            "mute": Event(mm.Mute, "", self._mute, mm.SilencedReply),
            "mute-all": Event(Message, "", self._mute_all, mm.SilencedReply),
            "set-role": Event(mm.SetRole, "", self._set_role, mm.RoleReply),
        }

    def state(self, stay: Stay) -> Answer:
        """Nothing: participants and settings say it."""
        return {}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells whom somebody silenced, and everybody of new roles."""

        def muted(event: ModerationEvent) -> None:
            id_, by = event.participant.participant_id, event.by.participant_id
            producer_id = event.producer.id if isinstance(event, Muted) else None
            told = {"source": event.source, "producerId": producer_id, "by": by}
            audience.tell_participant(id_, "muted", told)
            if isinstance(event, MutedDirectly):
                told = {"participantId": id_, "source": event.source, "by": by}
                audience.tell_participant(event.other_id, "peer-muted", told)

        def people_changed(event: PeopleEvent) -> None:
            if isinstance(event, PersonChanged):
                one, room = event.participant, audience.live.room
                audience.tell("role-changed", {"participantId": one.participant_id, "role": one.role.value})
                rights = {"settings": room.rules.model_dump(), "may": may(one.principal, room)}
                audience.tell_participant(
                    one.participant_id, "settings-changed", {"name": room.name, **rights}
                )

        stops = [
            audience.live.part(Moderation).add_listener(muted),
            audience.live.people.add_listener(people_changed),
        ]

        def stop() -> None:
            for one in stops:
                one()

        return stop

    async def _change_settings(self, seat: Seat, request: mm.ChangeSettings) -> Answer:
        peer = seat.here
        require(peer.principal, Action.ROOM_MODERATE, peer.room)
        if "record" in request.settings:  # who may not record could give themselves that right
            require(peer.principal, Action.ROOM_APPOINT, peer.room)
        changed = await self._rooms.change(
            peer.principal,
            peer.room.id,
            seat.origin,
            settings=dict(request.settings),
            right=Action.ROOM_MODERATE,
        )
        return {"settings": changed.rules.model_dump()}

    async def _mute(self, seat: Seat, request: mm.Mute) -> Answer:
        peer = seat.here
        other = peer.live.people.find(request.participant_id)
        silenced = peer.live.part(Moderation).mute(peer.participant, other, request.source)
        return {"producerIds": [one.id for one in silenced]}

    async def _mute_all(self, seat: Seat, request: Message) -> Answer:
        peer = seat.here
        silenced = peer.live.part(Moderation).mute_all(peer.participant)
        return {"producerIds": [one.id for one in silenced]}

    async def _set_role(self, seat: Seat, request: mm.SetRole) -> Answer:
        peer = seat.here
        other = peer.live.people.find(request.participant_id)
        peer.live.part(Moderation).set_role(peer.participant, other, Role(request.role))
        return {"participantId": other.participant_id, "role": request.role}
