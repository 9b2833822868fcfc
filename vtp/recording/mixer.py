"""Mixes everybody who sends sound onto one line: who is heard, how far it is certain, the sum, the limiter.

Sans-IO: packets are placed, time is an argument. A stretch is mixed once everybody who is speaking has sent
it, at the latest when nothing earlier is expected any more; with several voices also not before DELAY_TICKS,
so that who begins to speak after a pause is not cut off by those who came by a faster network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vtp.recording import opus
from vtp.recording.limiter import Limiter
from vtp.recording.pcm import CHANNELS
from vtp.recording.voice import Voice

if TYPE_CHECKING:
    from vtp.recording.pcm import Pcm

MIXED_VOICES = 8
FRAME_TICKS = opus.SILENCE_TICKS
DELAY_TICKS = 9600  # 200 ms: the wait for a lost packet (100 ms), a turn of the recorder, and jitter
_HOLD_DB = 6.0  # who is heard stays so unless another is this much louder


class Mixer:
    """At most `places` voices are heard at once, the loudest. Times in ticks of 48 kHz."""

    def __init__(self, start: int, places: int = MIXED_VOICES) -> None:
        self.end = start
        self._places = places
        self._voices: dict[str, Voice] = {}
        self._limiter = Limiter()

    @property
    def sound_end(self) -> int:
        """How far the sound that has come goes, mixed or not."""
        return max([self.end, *(voice.end for voice in self._voices.values())])

    def add(self, voice_id: str, packet: bytes, time: int) -> None:
        """Takes one packet of a voice, known or new. Raises ValueError when it is not Opus."""
        if voice_id not in self._voices:
            self._voices[voice_id] = Voice()
        self._voices[voice_id].add(packet, time)

    def remove(self, voice_id: str) -> None:
        """No more comes of a voice; what has come is mixed."""
        voice = self._voices.get(voice_id)
        if voice is not None:
            voice.left = True

    def receive_levels(self, levels: Mapping[str, bytes]) -> None:
        """Takes what each voice's packets say of its loudness."""
        for voice_id, said in levels.items():
            voice = self._voices.get(voice_id)
            if voice is not None:
                voice.receive_levels(said)

    def certain(self, now: int, expected: int) -> int:
        """How far may be mixed at `now`, when nothing before `expected` is awaited any more."""
        awaited = [one.end for one in self._voices.values() if one.is_awaited and one.end > expected]
        until = min(awaited, default=expected)
        if len(self._voices) > 1:
            until = min(until, now - DELAY_TICKS)
        return max(until, expected)

    def mix(self, until: int) -> Pcm | None:
        """Whole frames of the mix that end by `until`; None when that is not one. The last 5 ms are held."""
        import numpy as np

        count = (until - self.end) // FRAME_TICKS
        if count <= 0:
            return None
        bus = np.zeros((count * FRAME_TICKS, CHANNELS), np.float32)
        step = len(bus) if self._are_all_heard(self.end + len(bus)) else FRAME_TICKS
        for at in range(0, len(bus), step):
            self._mix_stretch(bus[at:][:step])
        return self._limiter.add(bus)

    def finish(self, until: int) -> list[Pcm]:
        """The mix up to the frame whose end is nearest to `until`, and what was held."""
        last = self.mix(until + FRAME_TICKS // 2)
        return [*([last] if last is not None else []), self._limiter.finish()]

    def restart(self, time: int) -> None:
        """Goes on at `time`, after a stretch that is a gap on purpose."""
        self.end = max(self.end, time)

    def _are_all_heard(self, end: int) -> bool:
        """Whether nobody has to be chosen up to that tick: then all of it is mixed at once, for less."""
        if len(self._voices) <= self._places:
            return True
        return sum(voice.sounds_before(end) for voice in self._voices.values()) <= self._places

    def _mix_stretch(self, bus: Pcm) -> None:
        self._choose(self.end + len(bus))
        for voice_id, voice in list(self._voices.items()):
            voice.mix_into(bus, self.end)
            if voice.left and voice.end <= self.end + len(bus):
                del self._voices[voice_id]
        self.end += len(bus)

    def _choose(self, end: int) -> None:
        """Decides who is heard up to that tick: all who make sound, or the loudest of them."""
        sounding = [one for one in self._voices.values() if one.sounds_before(end)]
        if len(sounding) > self._places:
            sounding.sort(key=lambda one: one.loudness_dbov + _HOLD_DB * one.is_heard, reverse=True)
        for rank, voice in enumerate(sounding):
            voice.is_heard = rank < self._places
