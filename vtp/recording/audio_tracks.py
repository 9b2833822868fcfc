"""The sound of the program: the mix of all voices as Opus and as AAC, two lanes fed from one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vtp.recording.aac import AacEncoder
from vtp.recording.lane import Cut, Lane
from vtp.recording.mixer import MIXED_VOICES, Mixer
from vtp.recording.muxer import aac_section, opus_section
from vtp.recording.opus_encoder import OpusEncoder
from vtp.recording.sound import OpenWriter, Sound
from vtp.recording.timebase import AUDIO_TIMESCALE, to_ns, to_ticks
from vtp.recording.units import Sample

if TYPE_CHECKING:
    from vtp.recording.pcm import Pcm

OPUS_TRACK = "opus"
AAC_TRACK = "aac"
OPUS_BITRATE_BPS = 64_000
AAC_BITRATE_BPS = 96_000


class AudioTracks(Sound):
    """Places packets (nanoseconds of the recording's timeline), mixes them and keeps both lanes in step."""

    def __init__(self, open_writer: OpenWriter, first: Cut, voices: int = MIXED_VOICES) -> None:
        super().__init__(first)
        self._mixer = Mixer(to_ticks(first.time_ns, AUDIO_TIMESCALE), voices)
        self._opus_end = self._aac_end = self._mixer.end
        self._open_encoders()
        self._opus_lane = Lane(open_writer(OPUS_TRACK, AUDIO_TIMESCALE), first)
        self._aac_lane = Lane(open_writer(AAC_TRACK, AUDIO_TIMESCALE), first)
        self._opus_lane.use_section(opus_section())
        self._aac_lane.use_section(aac_section(AAC_BITRATE_BPS))
        self._paused = False

    def _open_encoders(self) -> None:
        self._opus = OpusEncoder(OPUS_BITRATE_BPS, self._mixer.end)
        self._aac = AacEncoder(AAC_BITRATE_BPS, self._mixer.end)

    @property
    def end_ns(self) -> int:
        """How far the sound goes that has come, on the recording's timeline."""
        return to_ns(self._mixer.sound_end, AUDIO_TIMESCALE)

    @property
    def lanes(self) -> tuple[Lane, Lane]:
        """Both lanes."""
        return self._opus_lane, self._aac_lane

    def add(self, voice: str, packet: bytes, time_ns: int) -> None:
        """Takes one packet of a voice; raises ValueError when it is not Opus."""
        self._mixer.add(voice, packet, to_ticks(time_ns, AUDIO_TIMESCALE))

    def remove(self, voice: str) -> None:
        """No more comes of a voice."""
        self._mixer.remove(voice)

    def receive_levels(self, levels: Mapping[str, bytes]) -> None:
        """Takes what each voice's packets say of its loudness."""
        self._mixer.receive_levels(levels)

    def mix(self, now_ns: int, expected_ns: int) -> None:
        """Mixes what is certain now; before `expected_ns` nothing is awaited any more."""
        if not self._paused:
            now, expected = (to_ticks(one, AUDIO_TIMESCALE) for one in (now_ns, expected_ns))
            self._feed(self._mixer.mix(self._mixer.certain(now, expected)))

    def pause(self, time_ns: int) -> None:
        """From here on there is a gap, not silence: nobody sends. No frame begins in it."""
        if not self._paused:
            self._finish_mix(time_ns)
        self._paused = True

    def resume(self, time_ns: int) -> None:
        """Ends the gap."""
        if self._paused:
            self._paused = False
            self._mixer.restart(max(to_ticks(time_ns, AUDIO_TIMESCALE), self._opus_end, self._aac_end))
            self._opus_end = self._aac_end = self._mixer.end
            self._open_encoders()

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
        self._opus_lane.advance(min(horizon_ns, to_ns(self._opus_end, AUDIO_TIMESCALE)))
        self._aac_lane.advance(min(horizon_ns, to_ns(self._aac_end, AUDIO_TIMESCALE)))

    def finish(self, end_ns: int) -> None:
        """Mixes up to the end and closes both tracks."""
        if not self._paused:
            self._finish_mix(end_ns)
        for lane in self.lanes:
            lane.finish(end_ns)

    def _finish_mix(self, end_ns: int) -> None:
        """The encoders fill their last frames up; those of nothing else are left out."""
        end = to_ticks(end_ns, AUDIO_TIMESCALE)
        for pcm in self._mixer.finish(end):
            self._feed(pcm)
        self._add_opus([sample for sample in self._opus.finish() if sample.time < end])
        self._add_aac([sample for sample in self._aac.finish() if sample.time < end])

    def _feed(self, pcm: Pcm | None) -> None:
        if pcm is not None:
            self._add_opus(self._opus.add(pcm))
            self._add_aac(self._aac.add(pcm))

    def _add_opus(self, samples: list[Sample]) -> None:
        if samples:
            self._opus_lane.add(samples)
            self._opus_end = samples[-1].end

    def _add_aac(self, samples: list[Sample]) -> None:
        if samples:
            self._aac_lane.add(samples)
            self._aac_end = samples[-1].end
