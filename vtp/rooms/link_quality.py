"""How good somebody's connection is, and why: rules over figures, no clock and no I/O.

The bounds are the pages' own (web/src/webrtc/stats.ts): above 2 % of loss or 250 ms round trip is felt, above
8 % or 600 ms is bad (ITU-T G.114 for delay).
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass

FAIR_LOSS = 0.02
POOR_LOSS = 0.08
FAIR_DELAY_MS = 250
POOR_DELAY_MS = 600
WORSE_AFTER = 2  # readings in a row: one that stands alone is chance
BETTER_AFTER = 4


class Quality(enum.IntEnum):
    """From the best to the worst."""

    GOOD = 0
    FAIR = 1
    POOR = 2
    LOST = 3

    @property
    def word(self) -> str:
        """As it is told."""
        return self.name.lower()


class Reason(enum.StrEnum):
    """What is wrong, the one that explains others first."""

    SILENT = "silent"
    LOSS_SENDING = "loss_sending"
    LOSS_RECEIVING = "loss_receiving"
    NARROW = "narrow"
    DELAY = "delay"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a verdict is made of: of all connections of one participant, the worst of each."""

    is_silent: bool = False
    """Their connection was there and nothing comes by it any more."""
    loss_sending: float = 0.0
    """Share of what they send that does not come, before repairs."""
    loss_receiving: float = 0.0
    """Share of what they are sent that does not come, before repairs."""
    is_limited: bool = False
    """Their link carries less than they could watch, so they get smaller pictures."""
    withheld: int = 0
    """Pictures that their link has no room for at all."""
    delay_ms: float = 0.0
    """Round trip, and what waits for them at the server."""
    rtt_ms: float = 0.0
    """Round trip alone; 0: not known."""
    jitter_ms: float = 0.0
    """How unevenly what they send comes (RFC 3550 A.8); judged by nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is None with a good connection, and only then."""

    quality: Quality = Quality.GOOD
    reason: Reason | None = None


GOOD = Verdict()


def judge(figures: Figures) -> Verdict:
    """What these figures alone say: the worst, and of what is equally bad the first in Reason's order."""
    found = {
        Reason.SILENT: Quality.LOST if figures.is_silent else Quality.GOOD,
        Reason.LOSS_SENDING: _grade(figures.loss_sending, FAIR_LOSS, POOR_LOSS),
        Reason.LOSS_RECEIVING: _grade(figures.loss_receiving, FAIR_LOSS, POOR_LOSS),
        Reason.NARROW: _width(figures),
        Reason.DELAY: _grade(figures.delay_ms, FAIR_DELAY_MS, POOR_DELAY_MS),
    }
    worst = max(found.values())
    if worst is Quality.GOOD:
        return GOOD
    return Verdict(worst, next(reason for reason in Reason if found[reason] is worst))


def _grade(value: float, fair: float, poor: float) -> Quality:
    if value > poor:
        return Quality.POOR
    return Quality.FAIR if value > fair else Quality.GOOD


def _width(figures: Figures) -> Quality:
    if figures.withheld:
        return Quality.POOR
    return Quality.FAIR if figures.is_limited else Quality.GOOD


class Judge:
    """Of one participant: takes a reading after another and moves only when several agree.

    Worse after two, to the milder of them; better after four, to the worst of them.
    """

    def __init__(self) -> None:
        self.verdict = GOOD
        self._recent: deque[Verdict] = deque(maxlen=max(WORSE_AFTER, BETTER_AFTER))

    def take(self, reading: Verdict) -> bool:
        """Whether the verdict is another one with this reading."""
        self._recent.append(reading)
        before, self.verdict = self.verdict, self._weigh()
        return self.verdict != before

    def _weigh(self) -> Verdict:
        now = self.verdict
        last = list(self._recent)[-WORSE_AFTER:]
        if len(last) == WORSE_AFTER:
            mildest = min(one.quality for one in last)
            if mildest > now.quality or self._has_another_reason(last):
                return _newest(last, mildest)
        if len(self._recent) >= BETTER_AFTER:
            worst = max(one.quality for one in self._recent)
            if worst < now.quality:
                return _newest(list(self._recent), worst)
        return now

    def _has_another_reason(self, last: list[Verdict]) -> bool:
        """As bad as before, by something else."""
        return last[0] == last[1] != self.verdict and last[0].quality is self.verdict.quality


def _newest(readings: list[Verdict], quality: Quality) -> Verdict:
    return next(one for one in reversed(readings) if one.quality is quality)
