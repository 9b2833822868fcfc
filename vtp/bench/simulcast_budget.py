"""How many layers a publisher of fixed bitrates sends: fewer when feedback tells of losses. No clock here."""

from __future__ import annotations

from collections.abc import Sequence

WINDOW_S = 1.0
FEWEST_PACKETS = 20
"""Of a window that says anything."""
HIGH_LOSS = 0.1
"""Google Congestion Control answers it with a lower rate; a clip has no lower one but a layer less."""
LOW_LOSS = 0.02
BAD_WINDOWS = 2
FIRST_WAIT_S = 8.0
LONGEST_WAIT_S = 64.0


class LayerBudget:
    """Takes transport-wide feedback as running totals, says how many of the smallest layers may be sent.

    Two seconds in a row with more than a tenth lost: one layer less. A second with less than a fiftieth, at
    least 8 s after the last change: one more; when that goes wrong the wait doubles. A REMB bounds the sum of
    bitrates.
    """

    def __init__(self, bitrates_bps: Sequence[int]) -> None:
        """The smallest layer first."""
        self._bitrates = bitrates_bps
        self._allowed = len(bitrates_bps)
        self._begun_s: float | None = None
        self._before = (0, 0)
        self._bad = 0
        self._wait_s = FIRST_WAIT_S
        self._changed_s = 0.0
        self._raised = False

    def layers(self, now_s: float, arrived: int, missing: int, remb_bps: float = 0.0) -> int:
        """How many, at least one. `arrived` and `missing` are all that feedback has told of so far."""
        if self._begun_s is None:
            self._begin(now_s, arrived, missing)
        elif now_s - self._begun_s >= WINDOW_S:
            came, lost = arrived - self._before[0], missing - self._before[1]
            self._begin(now_s, arrived, missing)
            if came + lost >= FEWEST_PACKETS:
                self._judge(now_s, lost / (came + lost))
        return min(self._allowed, self._fit(remb_bps))

    def _begin(self, now_s: float, arrived: int, missing: int) -> None:
        self._begun_s = now_s
        self._before = (arrived, missing)

    def _judge(self, now_s: float, loss: float) -> None:
        self._bad = self._bad + 1 if loss > HIGH_LOSS else 0
        if self._bad == BAD_WINDOWS and self._allowed > 1:
            self._wait_s = min(LONGEST_WAIT_S, 2 * self._wait_s) if self._raised else self._wait_s
            self._change(now_s, -1)
        elif loss < LOW_LOSS and self._allowed < len(self._bitrates) and self._waited(now_s):
            self._change(now_s, 1)

    def _waited(self, now_s: float) -> bool:
        return now_s - self._changed_s >= self._wait_s

    def _change(self, now_s: float, by: int) -> None:
        self._allowed += by
        self._raised = by > 0
        self._changed_s = now_s
        self._bad = 0

    def _fit(self, remb_bps: float) -> int:
        """How many together stay below the REMB; all without one."""
        if not remb_bps:
            return len(self._bitrates)
        return max(1, sum(sum(self._bitrates[: n + 1]) <= remb_bps for n in range(len(self._bitrates))))
