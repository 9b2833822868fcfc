"""One recording in progress, on the event loop's side: program and voices of a room feed the recorder."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from vtp import _rtp_fast
from vtp.media.producer import TAP_BYTES, Producer
from vtp.recording.clock import PublisherClock
from vtp.recording.outcome import Outcome
from vtp.recording.people import RecordedPeople
from vtp.recording.picture_codecs import PICTURE_CODECS
from vtp.recording.recorder import Recorder
from vtp.recording.senders import Senders
from vtp.recording.source import Source
from vtp.recording.transcoder import TranscodeSlots
from vtp.rooms.live import LiveRoom, RoomClosed, RoomEvent
from vtp.rooms.people import PeopleEvent, PersonLeft
from vtp.rooms.program import RECORDABLE, ProducerAdded, ProgramEvent
from vtp.rooms.speakers import owner_of
from vtp.tasks import Tasks
from vtp.threads import be_patient

logger = logging.getLogger(__name__)

NICENESS = 5  # a tap holds some seconds, so that a recorder yields to packets and requests
REORDER_MS = {"video": 300, "audio": 100}  # the time a retransmission may take, and that of a late packet
VOICE_TAP_BYTES = 262_144  # 4 s of the largest Opus there is
LOWER_TAP_BYTES = TAP_BYTES // 4  # a layer below the highest has a quarter of its pixels at most


class RecordingSession:
    """Follows the program's picture and the room's voices into a recorder until it is stopped, the room ends,
    or the disk refuses.

    Made and used on the event loop. `await run()` lasts as long as the recording. A forgotten one ends
    by itself after `idle_stop_s` seconds in which nobody presented; 0 waits for ever. A picture that has
    to be transcoded is recorded when one of the `slots` is free. `tracks`: so many of what participants send
    are recorded as tracks of their own. `layers`: so many encodings of the presenter's picture, from the
    highest down, are recorded as renditions of it.
    """

    def __init__(
        self,
        room: LiveRoom,
        recorder: Recorder,
        tasks: Tasks,
        idle_stop_s: float = 0,
        slots: TranscodeSlots | None = None,
        tracks: int = 0,
        *,
        layers: int = 1,
        lasting: bool = True,
    ) -> None:
        self._layers = layers
        self._lasting = lasting
        self._transcodes = False
        self.room = room
        self.recorder = recorder
        self._tasks = tasks
        self._slots = slots or TranscodeSlots(0)
        self._stop_waiting: Callable[[], None] = lambda: None
        self._loop = asyncio.get_running_loop()
        self._publishers: dict[str, PublisherClock] = {}  # by participant
        self._voices = Senders(room, _is_voice, self._add_voice, lambda gone: recorder.remove_source(gone.id))
        recorder.read_levels_by(self._voices.read_levels())
        self._people = RecordedPeople(room, recorder, tasks, tracks, self._open_source) if tracks else None
        recorder.on_key_frame_of_track_wanted(self._want_key_frame_of)
        self._ended = False
        self._idle_stop_s = idle_stop_s
        self._idle: asyncio.TimerHandle | None = None

    @property
    def ended(self) -> bool:
        """Whether it records no more; its end may still have to be saved."""
        return self._ended

    @property
    def message(self) -> str:
        """Why not everything that is presented is recorded; empty when all is."""
        return self.room.program.unrecordable_reason or ""

    async def run(self) -> Outcome:
        """Records; gives how it ended. The room's `recording` flag is up meanwhile, of what is lasting."""
        removers = [
            self.room.program.add_listener(self._program_changed),
            self.room.add_listener(self._room_changed),
            self.room.people.add_listener(self._people_changed),
            self._voices.close,
            *([self._people.close] if self._people is not None else []),
        ]
        if self._lasting:
            self.room.recording = True
        if self.room.closed:  # between the wish to record it and now
            self.recorder.stop()
        executor = ThreadPoolExecutor(
            1, thread_name_prefix="recorder", initializer=be_patient, initargs=(NICENESS,)
        )
        try:
            for producer in self.room.program.producers.values():
                self._attach(producer)
            self._voices.start()
            if self._people is not None:
                self._people.start()
            self._watch_idleness()
            return await self._loop.run_in_executor(executor, self.recorder.run)
        finally:
            self.recorder.stop()
            if self._idle is not None:
                self._idle.cancel()
            for remove in removers:
                remove()
            self._end_transcoding()
            self._ended = True
            if self._lasting:
                self.room.recording = False
            executor.shutdown(wait=False)

    def want_key_frame(self) -> None:
        """Asks the presenter for a key frame; may be called from the recorder's thread."""
        self._loop.call_soon_threadsafe(self._request_key_frame)

    def _want_key_frame_of(self, source_id: str) -> None:
        if self._people is not None:
            self._loop.call_soon_threadsafe(self._people.request_key_frame, source_id)

    def _request_key_frame(self) -> None:
        producer = self.room.program.producers.get("video")
        if producer is not None and not self._ended:
            self._tasks.start(producer.request_key_frame(), "recording: key frame request")

    def _program_changed(self, event: ProgramEvent) -> None:
        if isinstance(event, ProducerAdded):
            self._attach(event.producer, since_ns=time.monotonic_ns())
        elif event.producer.kind == "video":
            self.recorder.remove_source(event.producer.id)
            self._end_transcoding()
        self._watch_idleness()

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonLeft):
            self._publishers.pop(event.participant.participant_id, None)

    def _watch_idleness(self) -> None:
        """Starts the time after which a recording without a presenter ends, or stops it."""
        if self.room.program.is_live:
            if self._idle is not None:
                self._idle.cancel()
            self._idle = None
        elif self._idle is None and self._idle_stop_s > 0 and not self._ended:
            self._idle = self._loop.call_later(self._idle_stop_s, self._stop_idle)

    def _stop_idle(self) -> None:
        logger.info("Nobody has presented for %g s: the recording ends.", self._idle_stop_s)
        self.recorder.stop()

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self.recorder.stop()

    def _attach(self, producer: Producer, since_ns: int = 0) -> None:
        """Records the picture of who presents; says so when not all that they send can be recorded."""
        picture = PICTURE_CODECS.get(producer.codec.lower())
        program = self.room.program
        if (
            picture is not None
            and picture.is_transcoded
            and not producer.closed
            and not program.is_transcoded
        ):
            self._transcodes = program.is_transcoded = self._slots.take()
            if not self._transcodes:
                self._wait_for_slot(producer)
        self.recorder.set_message(self.message)
        if picture is None or producer.closed or not program.is_recordable(producer):
            return
        count = 1 if picture.is_transcoded else min(len(producer.rtp_parameters.encodings), self._layers)
        lower = [self._open_source(producer, since_ns, below) for below in range(1, count)]
        self.recorder.add_source(self._open_source(producer, since_ns), lower)

    def _wait_for_slot(self, producer: Producer) -> None:
        """The picture is recorded from when another recording needs its slot no more."""

        def freed() -> None:
            if not self._ended and self.room.program.producers.get("video") is producer:
                self._attach(producer, since_ns=time.monotonic_ns())

        self._stop_waiting()
        self._stop_waiting = self._slots.wait(freed)

    def _add_voice(self, producer: Producer) -> None:
        self.recorder.add_source(self._open_source(producer))

    def _open_source(self, producer: Producer, since_ns: int = 0, below: int = 0) -> Source:
        """What the recorder takes of a producer: of a picture from its next key frame after `since_ns`, of
        its encodings the best that is at least `below` below the highest.
        """
        size = VOICE_TAP_BYTES if producer.kind == "audio" else LOWER_TAP_BYTES if below else TAP_BYTES
        picture = PICTURE_CODECS.get(producer.codec.lower())
        clock_rate = producer.media_codec.clock_rate
        number = _rtp_fast.CODEC_OPUS if picture is None else picture.rtp
        return Source(
            producer.id,
            producer.open_tap(size, below),
            _rtp_fast.Depacketizer(number, clock_rate, REORDER_MS[producer.kind]),
            self._publisher_of(producer),
            clock_rate,
            since_ns,
            reader=None if picture is None else picture.open_reader(),
        )

    def _publisher_of(self, producer: Producer) -> PublisherClock:
        """The clock of who sends it: one for all that they send, so that their lips fit their voice."""
        return self._publishers.setdefault(owner_of(producer) or producer.id, PublisherClock())

    def _end_transcoding(self) -> None:
        self._stop_waiting()
        if self._transcodes:
            self._transcodes = self.room.program.is_transcoded = False
            self._slots.give_back()


def _is_voice(producer: Producer) -> bool:
    """What a shared screen plays is a voice too."""
    return producer.kind == "audio" and producer.codec.lower() in RECORDABLE["audio"]
