"""Who speaks in an open room, group by group: of the microphones heard together, which is dominant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vtp.media.audio_levels import AudioLevelObserver, Volume
from vtp.media.events import Emitter
from vtp.media.producer import Producer, ProducerClosed, ProducerEvent
from vtp.media.speakers import ActiveSpeakerObserver, DominantSpeaker
from vtp.media.worker import Heard, MediaWorker
from vtp.rooms.groups import MAIN, Moved
from vtp.rooms.live import PARTICIPANT_ID, LiveRoom, RoomClosed, RoomEvent
from vtp.rooms.people import MediaPublished, PeopleEvent
from vtp.rooms.sources import source_of

THRESHOLD_DBOV = -60  # who is quieter is not listed among the loud
MOST_LISTED = 8
VOLUMES_EVERY_MS = 1000
PEOPLE_PER_SECOND = 50  # in a larger room volumes are told less often, so that no room costs more than this
NOTABLE_DB = 6  # a volume that changed by less is not told again


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody, and the microphone of theirs that is dominant."""

    participant_id: str
    producer_id: str


@dataclass(frozen=True)
class SpeakerChanged:
    """Somebody else is dominant in a group, or nobody."""

    group: str
    speaker: Speaker | None


@dataclass(frozen=True)
class VolumesChanged:
    """Others are loud in a group, or much louder or quieter than was told; empty: silence."""

    group: str
    volumes: tuple[Volume, ...]


@dataclass(frozen=True)
class MoverHears:
    """Somebody has come into another group, where another one is dominant, or nobody."""

    participant_id: str
    speaker: Speaker | None


SpeakersEvent = SpeakerChanged | VolumesChanged | MoverHears


class _Circle:
    """The microphones of one group."""

    def __init__(self) -> None:
        self.producers: dict[str, Producer] = {}
        self.dominance = ActiveSpeakerObserver()
        self.levels = AudioLevelObserver(
            threshold_dbov=THRESHOLD_DBOV, interval_ms=VOLUMES_EVERY_MS, max_entries=MOST_LISTED
        )
        self.told: tuple[Volume, ...] = ()

    @property
    def speaker(self) -> Speaker | None:
        producer = self.producers.get(self.dominance.dominant or "")
        return None if producer is None else Speaker(owner_of(producer), producer.id)

    def add(self, producer: Producer) -> None:
        self.producers[producer.id] = producer
        self.dominance.add(producer.id)

    def remove(self, producer: Producer) -> DominantSpeaker | None:
        self.producers.pop(producer.id, None)
        self.levels.remove(producer.id)
        return self.dominance.remove(producer.id)


class Speakers:
    """A part of a LiveRoom (`live.part(Speakers)`), fed by `SpeakerWatch`. It also keeps the router's floors.

    What a shared screen plays speaks for nobody, and is always heard.
    """

    def __init__(self, live: LiveRoom) -> None:
        self._live = live
        self._circles: dict[str, _Circle] = {}
        self._group_of: dict[str, str] = {}  # by producer
        self._left: dict[str, Speaker | None] = {}  # whom movers heard before, by participant
        self._emitter: Emitter[SpeakersEvent] = Emitter()
        live.people.add_listener(self._people_changed)
        live.groups.add_listener(self._groups_changed, first=True)
        live.groups.add_listener(self._movers_are_there)
        live.add_listener(self._room_changed)

    def speaker_near(self, participant_id: str) -> Speaker | None:
        """Who is dominant where somebody is."""
        return self._speaker_in(self._live.groups.group_of(participant_id))

    def _speaker_in(self, group: str) -> Speaker | None:
        circle = self._circles.get(group)
        return None if circle is None else circle.speaker

    def owner(self, producer_id: str) -> str:
        """Whose microphone it is; empty for one that is gone."""
        circle = self._circles.get(self._group_of.get(producer_id, ""))
        producer = circle.producers.get(producer_id) if circle is not None else None
        return "" if producer is None else owner_of(producer)

    def add_listener(self, listener: Callable[[SpeakersEvent], None]) -> Callable[[], None]:
        """Hears of every change; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def receive(self, heard: Mapping[MediaWorker, Heard]) -> None:
        """Takes what the workers have heard since the last time."""
        slots = heard[self._live.router.worker].slots if self._live.router.worker in heard else 0
        for group, circle in list(self._circles.items()):
            levels: dict[str, bytes] = {}
            for producer in circle.producers.values():
                said = heard[producer.worker].levels if producer.worker in heard else {}
                if producer.handle in said:
                    levels[producer.id] = said[producer.handle]
            self._look(group, circle, levels, slots)

    def _look(self, group: str, circle: _Circle, levels: Mapping[str, bytes], slots: int) -> None:
        if circle.dominance.receive(levels, slots) is not None:
            self._emitter.emit(SpeakerChanged(group, circle.speaker))
        people = self._live.participant_count
        circle.levels.interval_ms = max(VOLUMES_EVERY_MS, people * VOLUMES_EVERY_MS // PEOPLE_PER_SECOND)
        said = circle.levels.receive(levels, slots)
        if said is not None and _differ(said.volumes, circle.told):
            circle.told = said.volumes
            self._emitter.emit(VolumesChanged(group, said.volumes))

    def _add(self, producer: Producer, group: str) -> None:
        if group not in self._circles:
            self._circles[group] = _Circle()
        self._circles[group].add(producer)
        self._group_of[producer.id] = group
        self._live.router.floors.put(producer, group)

    def _remove(self, producer: Producer) -> None:
        group = self._group_of.pop(producer.id, MAIN)
        circle = self._circles.get(group)
        if circle is None:
            return
        gone = circle.remove(producer)
        if gone is not None:
            self._emitter.emit(SpeakerChanged(group, None))
        if not circle.producers:
            del self._circles[group]
            if circle.told:
                self._emitter.emit(VolumesChanged(group, ()))
            self._live.router.floors.remove(group)

    def _people_changed(self, event: PeopleEvent) -> None:
        if not isinstance(event, MediaPublished) or event.producer.kind != "audio":
            return
        if source_of(event.producer) == "microphone":
            event.producer.add_listener(self._producer_changed)
            self._add(event.producer, self._live.groups.group_of(event.participant.participant_id))

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed):
            self._remove(event.producer)

    def _groups_changed(self, event: Moved) -> None:
        self._left = {one: self._speaker_in(group) for one, group in event.old.items()}
        theirs = [
            producer
            for circle in self._circles.values()
            for producer in circle.producers.values()
            if owner_of(producer) in event.old
        ]
        for producer in theirs:
            self._remove(producer)
        for producer in theirs:
            self._add(producer, event.groups.group_of(owner_of(producer)))

    def _movers_are_there(self, event: Moved) -> None:
        for participant_id, before in self._left.items():
            now = self.speaker_near(participant_id)
            if now != before:
                self._emitter.emit(MoverHears(participant_id, now))

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self._live.router.floors.close()


def owner_of(producer: Producer) -> str:
    """Whose producer it is."""
    return str(producer.app_data.get(PARTICIPANT_ID, ""))


def _differ(now: tuple[Volume, ...], told: tuple[Volume, ...]) -> bool:
    before = {one.producer_id: one.dbov for one in told}
    return before.keys() != {one.producer_id for one in now} or any(
        abs(one.dbov - before[one.producer_id]) >= NOTABLE_DB for one in now
    )
