"""The sound of one participant's track: their Opus as it came, with silence where nothing did."""

from __future__ import annotations

from vtp.recording import opus
from vtp.recording.audio_timeline import AudioTimeline
from vtp.recording.audio_tracks import OPUS_TRACK
from vtp.recording.lane import Cut, Lane
from vtp.recording.muxer import opus_section
from vtp.recording.sound import OpenWriter, Sound
from vtp.recording.timebase import AUDIO_TIMESCALE, to_ns, to_ticks
from vtp.recording.units import Sample


class CopiedSound(Sound):
    """One voice, one lane. What is late by more than half a packet is left out."""

    def __init__(self, open_writer: OpenWriter, first: Cut) -> None:
        super().__init__(first)
        self._end = to_ticks(first.time_ns, AUDIO_TIMESCALE)
        self._timeline = AudioTimeline(self._end)
        self._lane = Lane(open_writer(OPUS_TRACK, AUDIO_TIMESCALE), first)
        self._lane.use_section(opus_section())
        self._paused = False

    @property
    def end_ns(self) -> int:
        """How far it goes."""
        return to_ns(self._end, AUDIO_TIMESCALE)

    def add(self, voice: str, packet: bytes, time_ns: int) -> None:
        """Takes one packet; raises ValueError when it is not Opus."""
        sample = self._timeline.add(packet, to_ticks(time_ns, AUDIO_TIMESCALE))
        if sample is not None:
            self._fill(sample.time)
            self._append(sample)

    def mix(self, now_ns: int, expected_ns: int) -> None:
        """Makes silence up to a time by which every packet should have come."""
        missing = to_ticks(expected_ns, AUDIO_TIMESCALE) - self._end
        if not self._paused and missing >= opus.SILENCE_TICKS:
            self._fill(self._end + missing // opus.SILENCE_TICKS * opus.SILENCE_TICKS)

    def pause(self, time_ns: int) -> None:
        """From here on there is a gap, not silence."""
        if not self._paused:
            self._fill(to_ticks(time_ns, AUDIO_TIMESCALE))
        self._paused = True

    def resume(self, time_ns: int) -> None:
        """Ends the gap."""
        if self._paused:
            self._paused = False
            self._end = self._timeline.end = max(self._end, to_ticks(time_ns, AUDIO_TIMESCALE))

    def cut(self, cut: Cut) -> None:
        """Cuts the lane."""
        self._lane.cut(cut)

    def advance(self, horizon_ns: int) -> None:
        """Writes up to a time before which no cut will come, as far as the sound goes."""
        self._lane.advance(horizon_ns if self._paused else min(horizon_ns, self.end_ns))

    def finish(self, end_ns: int) -> None:
        """Fills up to the end and closes the track."""
        if not self._paused:
            self._fill(to_ticks(end_ns, AUDIO_TIMESCALE))
        self._lane.finish(end_ns)

    def _fill(self, until: int) -> None:
        """Silence up to exactly `until`: whole packets, the last as long as is left (MP4 says how long)."""
        while until > self._end:
            rest = until - self._end
            ticks = rest if rest < 2 * opus.SILENCE_TICKS else opus.SILENCE_TICKS
            self._append(Sample(opus.SILENCE, self._end, ticks, True))
        self._timeline.end = max(self._timeline.end, self._end)

    def _append(self, sample: Sample) -> None:
        self._lane.add([sample])
        self._end = sample.end
