"""One voice of the mix: its packets in their places, decoded when their time is mixed and they are heard.

What is silent costs nothing: packets of DTX and of digital silence are not decoded, nor are those of a voice
that is not among the loudest. Where a voice breaks off it dies away in 5 ms, mirrored, so that nothing
clicks. The decoder is told of nothing that the publisher's encoder did not send: it predicts each packet's
loudness from the last, and a packet of silence of ours would make the next words soft.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vtp.recording.audio_timeline import AudioTimeline
from vtp.recording.opus_decoder import OpusDecoder
from vtp.recording.units import Sample

if TYPE_CHECKING:
    from vtp.recording.pcm import Heard, Pcm

SILENT_BYTES = 3  # DTX packets have one or two, digital silence three: at 20 ms 1.2 kbit/s, no speech
NOTHING = 255  # a slot of 20 ms in which no packet said its level (`vtp.media.audio_levels`)
UNKNOWN_DBOV = -20.0  # of who says no levels (OBS, FFmpeg): as loud as somebody who speaks up
FADE_OUT_TICKS = 240
FADE_IN_TICKS = 120  # the codec's own overlap: what it holds there is of before the pause
_FALL_DB = 0.8  # a slot: 40 dB/s, as on the packet path's floors


class Voice:
    """Packets in, sound out; times in ticks of 48 kHz."""

    def __init__(self) -> None:
        self._timeline = AudioTimeline()
        self._samples: deque[Sample] = deque()
        self._decoder: OpusDecoder | None = None
        self._decoded_until = 0
        self._rest: list[tuple[int, Heard]] = []
        self._last: Heard | None = None  # what sounded just now, where nothing has followed
        self._silent = True
        self.left = False
        self.is_heard = False
        self.loudness_dbov = UNKNOWN_DBOV

    @property
    def end(self) -> int:
        """How far its packets go."""
        return self._timeline.end

    @property
    def is_awaited(self) -> bool:
        """Whether it goes on, as far as is known: it is still there and its last packet was no silence."""
        return not (self.left or self._silent)

    def add(self, packet: bytes, time: int) -> None:
        """Takes one packet; of who had left it is a return. Raises ValueError when it is not Opus."""
        sample = self._timeline.add(packet, time)
        if sample is not None:
            self.left = False
            self._samples.append(sample)
            self._silent = len(packet) <= SILENT_BYTES

    def receive_levels(self, levels: bytes) -> None:
        """Takes what its packets say of its loudness: -dBov of each 20 ms."""
        for level in levels:
            self.loudness_dbov -= _FALL_DB
            if level != NOTHING:
                self.loudness_dbov = max(self.loudness_dbov, -float(level))

    def sounds_before(self, end: int) -> bool:
        """Whether there is more than silence to decode before that tick."""
        for sample in self._samples:
            if sample.time >= end:
                return False
            if len(sample.data) > SILENT_BYTES:
                return True
        return False

    def mix_into(self, bus: Pcm, start: int) -> None:
        """Adds its sound from tick `start` on, as far as `bus` goes; nothing earlier is asked for later."""
        end = start + len(bus)
        pieces, self._rest = self._rest, []
        for run in self._runs_before(end):
            self._let_die_away(pieces, run[0].time)
            if self._is_loud(run[0]):
                pieces.append((run[0].time, self._decode(run)))
            else:
                self._let_die_away(pieces, run[0].end)
            self._decoded_until = run[-1].end
        self._let_die_away(pieces, end)
        for time, pcm in pieces:
            low, high = max(time, start), min(time + len(pcm), end)
            if low < high:
                # Converted first: NumPy adds unlike kinds five times as slowly.
                bus[low - start : high - start] += pcm[low - time : high - time].astype(bus.dtype)
            if time + len(pcm) > end:
                self._rest.append((max(time, end), pcm[max(0, end - time) :]))

    def _is_loud(self, sample: Sample) -> bool:
        return self.is_heard and len(sample.data) > SILENT_BYTES

    def _runs_before(self, end: int) -> Iterator[list[Sample]]:
        """Takes what begins before that tick: loud ones that follow each other at once, others one by one."""
        run: list[Sample] = []
        while self._samples and self._samples[0].time < end:
            sample = self._samples.popleft()
            is_loud = self._is_loud(sample)
            if run and not (is_loud and sample.time == run[-1].end):
                yield run
                run = []
            run.append(sample)
            if not is_loud:
                yield run
                run = []
        if run:
            yield run

    def _decode(self, run: Sequence[Sample]) -> Heard:
        self._decoder = self._decoder or OpusDecoder()
        pcm = self._decoder.decode(run)
        if self._last is None:
            pcm = _faded(pcm, FADE_IN_TICKS, begins=True)
        self._last = pcm[-FADE_OUT_TICKS:]
        return pcm

    def _let_die_away(self, pieces: list[tuple[int, Heard]], until: int) -> None:
        """Ends the sound where the next of it is not just there."""
        at = self._decoded_until
        if self._last is None or until <= at:
            return
        mirrored = _faded(self._last[: -FADE_OUT_TICKS - 1 : -1], FADE_OUT_TICKS, begins=False)
        pieces.append((at, mirrored))  # what is next begins later than that: `AudioTimeline` sees to it
        self._last = None


def _faded(pcm: Heard, ticks: int, *, begins: bool) -> Heard:
    """The sound with its first ticks rising from silence, or falling to it."""
    import numpy as np

    ticks = min(ticks, len(pcm))
    ramp = np.linspace(0.0, 1.0, ticks, dtype=np.float32)[:, np.newaxis]
    head = pcm[:ticks] * (ramp if begins else 1.0 - ramp)
    return np.concatenate([head.astype(np.int16), pcm[ticks:]])
