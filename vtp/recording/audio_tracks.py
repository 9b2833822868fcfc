"""The sound of the program: Opus as it came and its AAC rendition, two lanes fed from one unbroken line."""

from __future__ import annotations

from collections.abc import Callable

from vtp.recording.aac import AacTranscoder
from vtp.recording.audio_timeline import AudioTimeline
from vtp.recording.lane import Cut, Lane
from vtp.recording.muxer import aac_section, opus_section
from vtp.recording.timebase import AUDIO_TIMESCALE, to_ns, to_ticks
from vtp.recording.track_writer import TrackWriter
from vtp.recording.units import Sample

OPUS_TRACK = "opus"
AAC_TRACK = "aac"
AAC_BITRATE_BPS = 96_000

OpenWriter = Callable[[str, int], TrackWriter]


class AudioTracks:
    """Places packets (nanoseconds of the recording's timeline) and keeps both lanes in step."""

    def __init__(self, open_writer: OpenWriter, first: Cut) -> None:
        self.timeline = AudioTimeline(to_ticks(first.time_ns, AUDIO_TIMESCALE))
        self._aac = AacTranscoder(AAC_BITRATE_BPS)
        self._aac_end = self.timeline.end
        self._opus_lane = Lane(open_writer(OPUS_TRACK, AUDIO_TIMESCALE), first)
        self._aac_lane = Lane(open_writer(AAC_TRACK, AUDIO_TIMESCALE), first)
        self._opus_lane.use_section(opus_section())
        self._aac_lane.use_section(aac_section(AAC_BITRATE_BPS))
        self._paused = False

    @property
    def end_ns(self) -> int:
        """How far the sound goes, on the recording's timeline."""
        return to_ns(self.timeline.end, AUDIO_TIMESCALE)

    @property
    def lanes(self) -> tuple[Lane, Lane]:
        """Both lanes."""
        return self._opus_lane, self._aac_lane

    def add(self, packet: bytes, time_ns: int) -> None:
        """Takes one packet; raises ValueError when it is not Opus."""
        self._feed(self.timeline.add(packet, to_ticks(time_ns, AUDIO_TIMESCALE)))

    def fill(self, until_ns: int) -> None:
        """Makes silence up to a time by which every packet should have come."""
        if not self._paused:
            self._feed(self.timeline.fill(to_ticks(until_ns, AUDIO_TIMESCALE)))

    def pause(self, end_ns: int) -> None:
        """From `end_ns` on there is a gap, not silence: nobody sends. No AAC frame begins in it."""
        end = to_ticks(end_ns, AUDIO_TIMESCALE)
        self._add_aac([sample for sample in self._aac.finish() if sample.time < end])
        self._paused = True

    def resume(self, time_ns: int) -> None:
        """Ends the gap."""
        if self._paused:
            self._paused = False
            self.timeline.restart(max(to_ticks(time_ns, AUDIO_TIMESCALE), self._aac_end))
            self._aac_end = self.timeline.end

    def cut(self, cut: Cut) -> None:
        """Cuts both lanes."""
        for lane in self.lanes:
            lane.cut(cut)

    def advance(self, horizon_ns: int) -> None:
        """Writes up to a time before which no cut will come, as far as the sound itself goes."""
        if self._paused:
            self._opus_lane.advance(horizon_ns)
            self._aac_lane.advance(horizon_ns)
            return
        self._opus_lane.advance(min(horizon_ns, self.end_ns))
        self._aac_lane.advance(min(horizon_ns, to_ns(self._aac_end, AUDIO_TIMESCALE)))

    def finish(self, end_ns: int) -> None:
        """Fills up to the end and closes both tracks."""
        if not self._paused:
            self.fill(end_ns)
            self._add_aac(self._aac.finish())
        for lane in self.lanes:
            lane.finish(end_ns)

    def _feed(self, samples: list[Sample]) -> None:
        self._opus_lane.add(samples)
        self._add_aac(self._aac.add(samples))

    def _add_aac(self, samples: list[Sample]) -> None:
        if samples:
            self._aac_lane.add(samples)
            self._aac_end = samples[-1].end
