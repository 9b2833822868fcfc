"""Large classes: newcomers who only watch follow the live stream instead of having media of their own.

The setting `watch_only_above` says how many may be in the room before that. Who holds the class and who may
send always have media. Who follows the stream does so until they may send, are moved into a group, which the
stream does not show, or the setting is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vtp.accounts.permissions import Action, can
from vtp.media.events import Emitter
from vtp.rooms.groups import Moved
from vtp.rooms.live import LiveRoom, RoomEvent, RoomSettingsChanged
from vtp.rooms.participants import Participant
from vtp.rooms.people import MediaPublished, PeopleEvent, PersonChanged, PersonLeft

SENDING = (Action.ROOM_SPEAK, Action.ROOM_CAMERA, Action.ROOM_SHARE)


@dataclass(frozen=True)
class Released:
    """Somebody followed the stream, and has media of their own from now on."""

    participant_id: str


@dataclass(frozen=True)
class NobodyFollows:
    """The last one who followed the stream has media now, or has left."""


WatchOnlyEvent = Released | NobodyFollows


class WatchOnly:
    """Who follows the stream of one open room; a part of it."""

    def __init__(self, live: LiveRoom) -> None:
        self._live = live
        self._met: set[str] = set()
        self._following: set[str] = set()
        self._emitter: Emitter[WatchOnlyEvent] = Emitter()
        live.people.add_listener(self._people_changed)
        live.groups.add_listener(self._moved)
        live.add_listener(self._room_changed)

    def add_listener(self, listener: Callable[[WatchOnlyEvent], None]) -> Callable[[], None]:
        """Hears who follows no more; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def meet(self, participant: Participant) -> bool:
        """Whether somebody follows the stream. It is decided when this is first asked, as they come."""
        id_ = participant.participant_id
        if id_ not in self._met:
            self._met.add(id_)
            if self.is_closed_to(participant):
                self._following.add(id_)
        return id_ in self._following

    def holds(self, participant: Participant) -> bool:
        """Whether somebody follows the stream, and gets no media of their own."""
        return participant.participant_id in self._following

    def is_closed_to(self, participant: Participant) -> bool:
        """Whether somebody who comes without a seat in the class would have to follow the stream."""
        return len(self._live.people) > self._most and self._must_follow(participant)

    def release(self, participant_id: str) -> None:
        """Gives somebody media of their own, if they follow."""
        if participant_id in self._following:
            self._following.discard(participant_id)
            self._emitter.emit(Released(participant_id))
            self._look_if_nobody()

    @property
    def _most(self) -> int:
        return self._live.room.rules.watch_only_above

    def _must_follow(self, participant: Participant) -> bool:
        """Whether who comes to a room that is large enough has no use for media of their own."""
        if not self._most or participant.is_staff or self._live.producers_of(participant.participant_id):
            return False
        room, principal = self._live.room, participant.principal
        return not (participant.is_producer and any(can(principal, action, room) for action in SENDING))

    def _look_again(self, ids: Iterable[str]) -> None:
        for id_ in [one for one in ids if one in self._following]:
            participant = self._live.people.get(id_)
            if participant is not None and not self._must_follow(participant):
                self.release(id_)

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonLeft):
            id_ = event.participant.participant_id
            self._met.discard(id_)
            if id_ in self._following:
                self._following.discard(id_)
                self._look_if_nobody()
        elif isinstance(event, PersonChanged | MediaPublished):
            self._look_again([event.participant.participant_id])

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomSettingsChanged):
            self._look_again(self._following)

    def _moved(self, event: Moved) -> None:
        for id_ in event.old:
            if not event.groups.is_in_main(id_):
                self.release(id_)

    def _look_if_nobody(self) -> None:
        if not self._following:
            self._emitter.emit(NobodyFollows())
