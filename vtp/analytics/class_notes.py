"""What one open room's people do, noted from its events: nothing is awaited, nothing is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from vtp.accounts.service import Clock
from vtp.analytics.network_notes import Network
from vtp.ids import new_id
from vtp.media.producer import (
    Producer,
    ProducerClosed,
    ProducerEvent,
    ProducerPaused,
    ProducerResumed,
)
from vtp.rooms.chat import Chat, ChatEvent, MessageWritten
from vtp.rooms.hands import Hands, HandsChanged
from vtp.rooms.link_quality import GOOD, Verdict
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant
from vtp.rooms.people import MediaPublished, PeopleEvent, PersonJoined, PersonLeft
from vtp.rooms.qualities import Qualities, QualityChanged, ReadingTaken
from vtp.rooms.reactions import Reacted, Reactions
from vtp.rooms.sources import source_of
from vtp.rooms.speakers import Speakers, SpeakersEvent, VolumesChanged

TALKS_DBOV: Final = -50  # louder than a room that is merely not silent; Speakers lists from -60
MAX_STRETCHES: Final = 2000  # of one connection and kind; the newest are left out
SHORT_PAUSE_MS: Final = 2000  # between words: one stretch of talk
OPEN_EVERY_MS: Final = 10_000  # how often it is stored that talk, a camera or trouble merely goes on
READ_EVERY_MS: Final = 60_000  # how often it is stored how a connection is of whom nothing else is


@dataclass(slots=True)
class Stretches:
    """Intervals of one kind, the last of which may be open."""

    closed: list[list[int]] = field(default_factory=list)
    since: int | None = None

    def begin(self, at: int) -> None:
        """From now on, if not already."""
        if self.since is None:
            self.since = at

    def end(self, at: int) -> None:
        """Not any more; a short pause is none."""
        since, self.since = self.since, None
        if since is None or at <= since:
            return
        if self.closed and since - self.closed[-1][1] <= SHORT_PAUSE_MS:
            self.closed[-1][1] = at
        elif len(self.closed) < MAX_STRETCHES:
            self.closed.append([since, at])

    def until(self, at: int) -> list[list[int]]:
        """All of them, the open one as far as it has come."""
        so_far = Stretches([list(one) for one in self.closed], self.since)
        so_far.end(at)
        return so_far.closed


@dataclass(frozen=True, slots=True)
class Note:
    """A row as it stands: of a session, of a participation, or of what is done in one."""

    kind: str
    id: str
    values: dict[str, Any]

    @property
    def key(self) -> str:
        """One row of these waits at a time: the newest."""
        return f"{self.kind}/{self.id}"


@dataclass(slots=True, eq=False)
class Attending:
    """One connection of somebody."""

    row_id: str
    participant: Participant | None
    """None once they are gone, of whom `person` is left."""
    joined_at: datetime
    person: dict[str, Any] = field(default_factory=dict)
    left_at: datetime | None = None
    talks: Stretches = field(default_factory=Stretches)
    camera: Stretches = field(default_factory=Stretches)
    acts: dict[str, list[int]] = field(default_factory=dict)
    quality: dict[str, int] = field(default_factory=dict)
    network: Network = field(default_factory=Network)
    noted_readings: int = 0
    verdict: Verdict = GOOD
    verdict_since: int = 0
    changed: bool = True
    noted_at: int = 0
    cameras: set[str] = field(default_factory=set)  # the producers that are on

    def __post_init__(self) -> None:
        self.look()
        if self.participant is not None and self.participant.device is not None:
            self.network.devices[self.participant.device] = 1

    def act(self, kind: str, at: int) -> None:
        """Something was done."""
        done = self.acts.setdefault(kind, [])
        if len(done) < MAX_STRETCHES:
            done.append(at)
            self.changed = True

    def judge(self, verdict: Verdict, at: int) -> None:
        """Their connection is like this from now on."""
        self.quality = self.quality_until(at)
        self.verdict, self.verdict_since, self.changed = verdict, at, True

    def quality_until(self, at: int) -> dict[str, int]:
        """For how long it was not good, by `quality/reason`; as it is now, as far as that has come."""
        times = dict(self.quality)
        if self.verdict.reason is not None:
            word = f"{self.verdict.quality.word}/{self.verdict.reason.value}"
            times[word] = times.get(word, 0) + max(0, at - self.verdict_since)
        return times

    def look(self) -> dict[str, Any]:
        """Who they are by now, in the role that they came in."""
        who = self.participant
        if who is not None:
            self.person = {
                "user_id": who.user_id,
                "full_name": who.full_name,
                "role": self.person.get("role", who.role.value),
                "is_producer": who.is_producer,
            }
        return self.person

    def is_due(self, now_ms: int) -> bool:
        """Whether their rows are to be written."""
        if self.changed:
            return True
        is_bad = self.verdict.reason is not None
        goes_on = is_bad or self.talks.since is not None or self.camera.since is not None
        read = self.network.readings > self.noted_readings
        since = now_ms - self.noted_at
        return (goes_on and since >= OPEN_EVERY_MS) or (read and since >= READ_EVERY_MS)

    def leave(self, at: datetime, at_ms: int) -> None:
        """They are gone."""
        self.look()
        self.participant = None
        self.judge(GOOD, at_ms)
        self.talks.end(at_ms)
        self.camera.end(at_ms)
        self.left_at, self.changed = at, True


class ClassNotes:
    """Made when a room opens; `take` gives what has changed, `end` when it closes."""

    def __init__(self, live: LiveRoom, clock: Clock) -> None:
        self.session_id = new_id()
        self.room_id = live.id
        self.has_ended = False
        self._clock = clock
        self._started_at = clock()
        self._ended_at: datetime | None = None
        self._changed = True
        self._anybody = False
        self._here: dict[str, Attending] = {}
        self._gone: list[Attending] = []
        self._hands: set[str] = set()
        self._talking: dict[str, set[str]] = {}  # by group
        self._speakers = live.part(Speakers)
        self._stops: list[Callable[[], None]] = [
            live.people.add_listener(self._people_changed),
            self._speakers.add_listener(self._heard),
            live.part(Hands).add_listener(self._hands_changed),
            live.part(Chat).add_listener(self._written),
            live.part(Reactions).add_listener(self._reacted),
            live.part(Qualities).add_listener(self._judged),
            live.part(Qualities).add_reading_listener(self._read),
        ]

    def take(self, now: datetime) -> list[Note]:
        """The rows that have changed since the last time."""
        if not self._anybody:
            return []  # a room that nobody came into was no class
        notes = []
        if self._changed:
            self._changed = False
            notes.append(self._session(now))
        now_ms = int(now.timestamp() * 1000)
        for one in [*self._here.values(), *self._gone]:
            if one.is_due(now_ms):
                one.changed, one.noted_at, one.noted_readings = False, now_ms, one.network.readings
                notes += self._rows(one, now_ms)
        self._gone.clear()
        return notes

    def end(self, now: datetime) -> None:
        """The room has closed: everybody who is still noted as here has left."""
        for stop in self._stops:
            stop()
        for participant_id in list(self._here):
            self._left(participant_id, now)
        self.has_ended, self._ended_at, self._changed = True, now, True

    def _session(self, now: datetime) -> Note:
        values = {
            "room_id": self.room_id,
            "started_at": self._started_at,
            "ended_at": self._ended_at,
            "seen_at": now,
        }
        return Note("session", self.session_id, values)

    def _rows(self, one: Attending, now_ms: int) -> list[Note]:
        person = {
            "live_session_id": self.session_id,
            **one.look(),
            "joined_at": one.joined_at,
            "left_at": one.left_at,
        }
        doing = {
            "talks": one.talks.until(now_ms),
            "camera": one.camera.until(now_ms),
            "acts": dict(one.acts),
            "quality": one.quality_until(now_ms),
            "network": one.network.row,
        }
        return [Note("participation", one.row_id, person), Note("activity", one.row_id, doing)]

    def _now_ms(self) -> int:
        return int(self._clock().timestamp() * 1000)

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonJoined):
            self._anybody = True
            who = event.participant
            self._here[who.participant_id] = Attending(new_id(), who, self._clock())
        elif isinstance(event, PersonLeft):
            self._left(event.participant.participant_id, self._clock())
        elif isinstance(event, MediaPublished) and source_of(event.producer) == "camera":
            found = self._here.get(event.participant.participant_id)
            if found is not None and event.producer.kind == "video":
                self._watch_camera(found, event.producer)

    def _left(self, participant_id: str, now: datetime) -> None:
        one = self._here.pop(participant_id, None)
        if one is not None:
            one.leave(now, int(now.timestamp() * 1000))
            self._gone.append(one)
            self._hands.discard(participant_id)

    def _watch_camera(self, one: Attending, producer: Producer) -> None:
        def changed(event: ProducerEvent) -> None:
            if isinstance(event, ProducerClosed | ProducerPaused):
                turn(on=False)
            elif isinstance(event, ProducerResumed):
                turn(on=True)

        def turn(*, on: bool) -> None:
            if on and one.left_at is None:
                one.cameras.add(producer.id)
                one.camera.begin(self._now_ms())
                return
            one.cameras.discard(producer.id)
            if not one.cameras and one.camera.since is not None:
                one.camera.end(self._now_ms())
                one.changed = True

        producer.add_listener(changed)
        turn(on=not producer.paused)

    def _heard(self, event: SpeakersEvent) -> None:
        if not isinstance(event, VolumesChanged):
            return
        loud = {self._speakers.owner(one.producer_id) for one in event.volumes if one.dbov >= TALKS_DBOV}
        before = self._loud_anywhere()
        self._talking[event.group] = loud
        after, now = self._loud_anywhere(), self._now_ms()
        for participant_id in after - before:
            if participant_id in self._here:
                self._here[participant_id].talks.begin(now)
        for participant_id in before - after:
            if participant_id in self._here:
                self._here[participant_id].talks.end(now)
                self._here[participant_id].changed = True

    def _loud_anywhere(self) -> set[str]:
        """Who moves while talking is loud in the new group before the old one is told that they are gone."""
        return set().union(*self._talking.values())

    def _hands_changed(self, event: HandsChanged) -> None:
        up = {one.participant_id for one in event.hands}
        for participant_id in up - self._hands:
            self._act(participant_id, "hands")
        self._hands = up

    def _written(self, event: ChatEvent) -> None:
        if isinstance(event, MessageWritten) and event.message.to is None:
            self._act(event.message.sender.participant_id, "messages")

    def _reacted(self, event: Reacted) -> None:
        self._act(event.participant_id, "reactions")

    def _judged(self, event: QualityChanged) -> None:
        found = self._here.get(event.participant_id)
        if found is not None:
            found.judge(event.verdict, self._now_ms())

    def _read(self, event: ReadingTaken) -> None:
        found = self._here.get(event.participant_id)
        if found is not None:
            found.network.take(event.figures)

    def _act(self, participant_id: str, kind: str) -> None:
        found = self._here.get(participant_id)
        if found is not None:
            found.act(kind, self._now_ms())
