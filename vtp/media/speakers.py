"""Who speaks: dominant speaker identification after Volfin and Cohen (2012), from packets' levels.

Their idea: who speaks is seen at three lengths of time at once. Of each, one counts how many of the parts of
that time were active, and asks how much likelier that count is of speech (each part active or not, as a coin
falls) than of noise (the more parts, the unlikelier). Speech scores at all three lengths; a cough only at the
short ones.

- immediate: how far the last 20 ms rise above the noise, in 13 steps;
- medium: how many of the last 5 slots of 20 ms were active;
- long: how many of the last 10 tenths of a second were active.

Somebody takes over when, compared with who is dominant now, they score far higher at the first two (so who
is dominant is silent just now) and have been active for longer within the last second. Nobody does who was
active for less than 0.4 s of it. Who has finished stays dominant until somebody else speaks.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vtp.media.audio_levels import NOTHING

_STEPS, _SLOTS, _TENTHS = 13, 5, 10  # N1, N2 and N3 of the paper
_P: Final = 0.5
_DECAY: Final = {_STEPS: 0.78, _SLOTS: 24.0}  # lambda of noise at each length, the paper's
_TAKES: Final = (3.0, 2.0)  # C1 and C2 of the paper: log of how many times the score of who is dominant
_LEAD_TENTHS = 2  # C3 asks for more than none
_LEAST_TENTHS = 4
_LEAST_SCORE = 1e-10

_SILENCE = 127
_HELD_SLOTS = 2  # a packet may hold 60 ms of sound
_STEP_DB = 3.0
_OVER_NOISE_DB = 6.0
_ACTIVE_STEPS = 4  # from here on the score of the immediate speaks for speech
_ACTIVE_SLOTS = 3
_NOISE_DBOV = (-70.0, -50.0)  # what noise is taken for at least and at most: louder is speech in any room
_NOISE_RISE_DB = 0.04  # a slot; it falls at once, so pauses between words keep it down, a fan's hum does not


def _scores(parts: int) -> tuple[float, ...]:
    """log of (likelihood of speech : of noise) for 0 to `parts` active ones, kept above zero to compare."""
    decay = _DECAY[parts]
    return tuple(
        max(
            math.log(math.comb(parts, active)) + parts * math.log(_P) - math.log(decay) + decay * active,
            _LEAST_SCORE,
        )
        for active in range(parts + 1)
    )


_IMMEDIATE, _MEDIUM = _scores(_STEPS), _scores(_SLOTS)


@dataclass(frozen=True)
class DominantSpeaker:
    """Another producer is dominant from now on; None: nobody is, for who was is gone."""

    producer_id: str | None


class _Voice:
    """One producer as it was heard over the last second."""

    __slots__ = ("_last", "_noise_dbov", "_slots", "_unheard", "immediate", "medium", "tenths")

    def __init__(self) -> None:
        self._noise_dbov = _NOISE_DBOV[0]
        self._last, self._unheard = _SILENCE, 0
        self._slots = 0
        self.immediate = self.medium = 0
        self.tenths: deque[bool] = deque(maxlen=_TENTHS)

    @property
    def long(self) -> int:
        """How many of the last ten tenths of a second were active."""
        return sum(self.tenths)

    def hear(self, level: int) -> None:
        """One slot."""
        self.immediate = self._rise(self._held(level))
        self._slots += self.immediate >= _ACTIVE_STEPS

    def end_tenth(self) -> None:
        """The tenth of a second is over."""
        self.medium = self._slots
        self.tenths.append(self._slots >= _ACTIVE_SLOTS)
        self._slots = 0

    def _held(self, level: int) -> int:
        """A slot between two packets is as loud as the one before; later ones are silent."""
        if level != NOTHING:
            self._last, self._unheard = level, 0
            return level
        self._unheard += 1
        return self._last if self._unheard <= _HELD_SLOTS else _SILENCE

    def _rise(self, level: int) -> int:
        dbov = float(-level)
        lowest, highest = _NOISE_DBOV
        if level != _SILENCE:
            self._noise_dbov = max(lowest, min(dbov, self._noise_dbov + _NOISE_RISE_DB, highest))
        return max(0, min(_STEPS, int((dbov - self._noise_dbov - _OVER_NOISE_DB) / _STEP_DB)))


class ActiveSpeakerObserver:
    """The producers that are heard together, and which is dominant: mediasoup's ActiveSpeakerObserver.

    Without a clock: the slots that it is given are the time.
    """

    def __init__(self) -> None:
        self.dominant: str | None = None
        self._voices: dict[str, _Voice] = {}
        self._slot = 0

    def add(self, producer_id: str) -> None:
        """Hears a producer from now on."""
        self._voices.setdefault(producer_id, _Voice())

    def remove(self, producer_id: str) -> DominantSpeaker | None:
        """Hears it no more; says so when it was dominant."""
        self._voices.pop(producer_id, None)
        if self.dominant != producer_id:
            return None
        self.dominant = None
        return DominantSpeaker(None)

    def receive(self, levels: Mapping[str, bytes], slots: int) -> DominantSpeaker | None:
        """Takes the last `slots` of each producer, all ending now; who is not named sent nothing.

        Says who has become dominant, the last of several.
        """
        before = self.dominant
        for index in range(slots):
            self._hear_slot(levels, index - slots)
        return DominantSpeaker(self.dominant) if self.dominant != before else None

    def _hear_slot(self, levels: Mapping[str, bytes], at: int) -> None:
        for producer_id, voice in self._voices.items():
            said = levels.get(producer_id, b"")
            voice.hear(said[at] if len(said) >= -at else NOTHING)
        self._slot += 1
        if self._slot % _SLOTS == 0:
            self._end_tenth()

    def _end_tenth(self) -> None:
        for voice in self._voices.values():
            voice.end_tenth()
        now = self._voices.get(self.dominant or "")
        able = [
            (one.long, producer_id)
            for producer_id, one in self._voices.items()
            if one.long >= _LEAST_TENTHS and _takes_over(one, now)
        ]
        if able:
            most = max(long for long, _ in able)
            self.dominant = next(producer_id for long, producer_id in able if long == most)


def _takes_over(one: _Voice, dominant: _Voice | None) -> bool:
    if dominant is None:
        return True
    return (
        math.log(_IMMEDIATE[one.immediate] / _IMMEDIATE[dominant.immediate]) > _TAKES[0]
        and math.log(_MEDIUM[one.medium] / _MEDIUM[dominant.medium]) > _TAKES[1]
        and one.long >= dominant.long + _LEAD_TENTHS
    )
