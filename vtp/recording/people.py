"""The tracks of participants in a recording, on the event loop's side: who gets one, and until when."""

from __future__ import annotations

import logging
from collections.abc import Callable

from vtp.media.producer import Producer
from vtp.recording.manifest import PersonOfTrack
from vtp.recording.picture_codecs import PICTURE_CODECS
from vtp.recording.recorder import Recorder
from vtp.recording.senders import Senders
from vtp.recording.source import Source
from vtp.rooms.live import LiveRoom
from vtp.rooms.program import RECORDABLE
from vtp.rooms.sources import source_of
from vtp.rooms.speakers import owner_of
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)


class RecordedPeople:
    """Gives a track to everything that somebody in the main room sends and that needs no transcoding; at most
    `most` at a time, the presenter's among them. `open_source` makes what the recorder takes of a producer.
    """

    def __init__(
        self,
        room: LiveRoom,
        recorder: Recorder,
        tasks: Tasks,
        most: int,
        open_source: Callable[[Producer], Source],
    ) -> None:
        self._room = room
        self._recorder = recorder
        self._tasks = tasks
        self._most = most
        self._open_source = open_source
        self._named: dict[str, PersonOfTrack] = {}  # by producer
        self._count = 0
        self._producers: dict[str, Producer] = {}
        self._senders = Senders(room, _is_recordable, self._come, self._go)

    def start(self) -> None:
        """Takes who sends now, and from here on whoever comes."""
        self._senders.start()

    def close(self) -> None:
        """Hears of nobody any more."""
        self._senders.close()
        self._producers.clear()

    def request_key_frame(self, source_id: str) -> None:
        """Asks who sends it for a key frame."""
        producer = self._producers.get(source_id)
        if producer is not None:
            self._tasks.start(producer.request_key_frame(), "recording: key frame request of a track")

    def _come(self, producer: Producer) -> None:
        if producer.id not in self._named and len(self._named) >= self._most:
            logger.info("There are %d tracks already: what else is sent gets none.", self._most)
            return
        if producer.id not in self._named:
            self._named[producer.id] = self._name(producer)
            self._count += 1
        self._producers[producer.id] = producer
        self._recorder.add_track(self._named[producer.id], self._open_source(producer))

    def _go(self, producer: Producer) -> None:
        self._producers.pop(producer.id, None)
        if producer.closed:
            if self._named.pop(producer.id, None) is not None:
                self._recorder.end_track(producer.id)
        else:
            self._recorder.pause_track(producer.id)

    def _name(self, producer: Producer) -> PersonOfTrack:
        owner = owner_of(producer)
        person = self._room.people.get(owner)
        return PersonOfTrack(
            track=f"p{self._count}",
            participant_id=owner,
            user_id=(person.user_id or "") if person is not None else "",
            name=person.full_name if person is not None else "",
            source=source_of(producer),
        )


def _is_recordable(producer: Producer) -> bool:
    codec = PICTURE_CODECS.get(producer.codec.lower())
    return producer.codec.lower() in RECORDABLE["audio"] if codec is None else not codec.is_transcoded
