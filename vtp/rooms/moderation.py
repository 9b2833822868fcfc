"""What staff do to others' sound and pictures, and who may do it to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtp.accounts.permissions import Action, require
from vtp.errors import Conflict, Forbidden
from vtp.http.identity import Role
from vtp.media.events import Emitter
from vtp.media.producer import Producer
from vtp.rooms.direct_call import DirectCall
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant
from vtp.rooms.sources import Source, source_of

STOPPED_BY_STAFF = "stopped_by_staff"  # why a producer was closed


@dataclass(frozen=True)
class Muted:
    """Something that somebody sends was silenced by somebody else: sound is paused, a picture closed."""

    participant: Participant
    source: Source
    producer: Producer
    by: Participant


@dataclass(frozen=True)
class MutedDirectly:
    """Somebody is to stop what they send to one other directly, and the other is to take it no more."""

    participant: Participant
    source: Source
    other_id: str
    by: Participant


ModerationEvent = Muted | MutedDirectly


def require_authority(moderator: Participant, other: Participant, live: LiveRoom) -> None:
    """Raises Forbidden unless one may moderate the other: staff do, but nobody above themselves."""
    require(moderator.principal, Action.ROOM_MODERATE, live.room)
    if other.role.rank > moderator.role.rank:
        raise _above(other)


class Moderation:
    """Belongs to a LiveRoom (`live.part(Moderation)`)."""

    def __init__(self, live: LiveRoom) -> None:
        self._live = live
        self._emitter: Emitter[ModerationEvent] = Emitter()

    def add_listener(self, listener: Callable[[ModerationEvent], None]) -> Callable[[], None]:
        """Hears who is silenced; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def mute(self, by: Participant, other: Participant, source: Source) -> list[Producer]:
        """Silences one source of somebody; gives what was silenced now. Raises Forbidden."""
        require_authority(by, other, self._live)
        return self._silence(by, other, source)

    def mute_all(self, by: Participant) -> list[Producer]:
        """Pauses the microphone of everybody who is not staff; gives those. Raises Forbidden."""
        require(by.principal, Action.ROOM_MODERATE, self._live.room)
        others = [one for one in self._live.people.participants if not one.is_staff]
        return [made for one in others for made in self._silence(by, one, "microphone")]

    def set_role(self, by: Participant, other: Participant, role: Role) -> None:
        """Makes somebody below oneself an assistant or a student. Raises Forbidden, Conflict for guests."""
        require(by.principal, Action.ROOM_APPOINT, self._live.room)
        if other.role.rank >= by.role.rank:
            raise _above(other)
        if other.role is Role.GUEST or other.principal.room is not None or other.principal.open_rooms:
            raise Conflict("A guest has no account, and so no other role.", code="is_a_guest")
        for one in self._live.people.participants:  # on another device they may not have lowered theirs
            if one.identity == other.identity and one.role.rank >= by.role.rank:
                raise _above(one)
        self._live.people.set_role(other, role, by.role)

    def _silence(self, by: Participant, other: Participant, source: Source) -> list[Producer]:
        sent = self._live.producers_of(other.participant_id)
        found = [one for one in sent if source_of(one) == source and not one.closed and not _is_silent(one)]
        for producer in found:
            if source == "microphone":
                producer.pause()
            else:
                producer.close(STOPPED_BY_STAFF)
            self._emitter.emit(Muted(other, source, producer, by))
        other_id = self._live.part(DirectCall).other(other.participant_id)
        if other_id is not None:
            self._emitter.emit(MutedDirectly(other, source, other_id, by))
        return found


def _is_silent(producer: Producer) -> bool:
    return producer.kind == "audio" and producer.paused


def _above(other: Participant) -> Forbidden:
    return Forbidden(f"You cannot do this to somebody with the role {other.role}.", code="above_your_role")
