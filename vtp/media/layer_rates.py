"""What the layers of a picture cost: rates of the packet path as choices for `allocation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from vtp.media.allocation import Layer
from vtp.media.layers import TOP, Layers

READ_AGAIN_S = 0.5  # rates are those of whole seconds; all viewers of a picture share a reading
SMOOTHING = 0.5  # of a new reading: one key frame more in a second is no other layer
GUESS = 3.0  # times the next smaller: an encoding that has not been sent yet, as publishers grade them
GUESS_SMALLEST_BPS = 150e3
SMOOTH_FPS = 10.0  # people who move look better smaller than jerkier than this

Rates = Mapping[tuple[int, int], float]
"""Bit/s by (spatial, temporal), each with all that it is built on."""


class LayerRates:
    """The layers of one producer, read from its stats when they are asked for, at most every half second."""

    __slots__ = ("_choices", "_rates", "_read_at_s")

    def __init__(self) -> None:
        self._rates: dict[tuple[int, int], float] = {}
        self._choices: tuple[Layer, ...] = ()
        self._read_at_s = -READ_AGAIN_S

    def is_due(self, now_s: float) -> bool:
        """Whether `choices` would look at the streams it is given; else it needs none."""
        return now_s - self._read_at_s >= READ_AGAIN_S

    def choices(
        self, now_s: float, streams: Sequence[Mapping[str, Any]], *, moves: bool
    ) -> tuple[Layer, ...]:
        """Those that are sent now or would be if somebody watched; none costs more than a better one.

        `streams`: as in `ProducerStats`. Which publishers have stopped because nobody watches keep the rate
        they had. `moves`: few frames a second only in the smallest; a screen is better sharp than smooth.
        """
        if self.is_due(now_s):
            self._read(streams, SMOOTH_FPS if moves else 0.0)
            self._choices = _graded(self._rates)
            if self._choices:  # nothing is known in the first quarter of a second: the next look reads again
                self._read_at_s = now_s
        return self._choices

    def _read(self, streams: Sequence[Mapping[str, Any]], least_fps: float) -> None:
        read: dict[tuple[int, int], float] = {}
        by_size = sorted(streams, key=lambda one: int(one["layer"]))
        for stream in by_size:
            if stream["active"] and stream["bitrate_bps"] > 0:
                read |= _rates_of(stream, is_only=len(by_size) == 1, least_fps=least_fps if read else 0.0)
            elif not stream["watched"]:
                read |= self._kept_or_guessed(stream["layer"], read)
        self._rates = {
            key: bps + (self._rates.get(key, bps) - bps) * SMOOTHING for key, bps in sorted(read.items())
        }

    def _kept_or_guessed(self, spatial: int, smaller: Rates) -> Rates:
        kept = {key: bps for key, bps in self._rates.items() if key[0] == spatial}
        if kept:
            return kept
        below = max((bps for key, bps in smaller.items() if key[0] < spatial), default=0.0)
        return {(spatial, TOP): below * GUESS or GUESS_SMALLEST_BPS}


def _rates_of(stream: Mapping[str, Any], *, is_only: bool, least_fps: float) -> Rates:
    """Of one stream: an encoding among others, or one that may have spatial layers within (SVC)."""
    found: dict[tuple[int, int], float] = {}
    below: list[float] = []
    for spatial, bitrates in enumerate(stream["bitrates_bps"]):
        own = list(accumulate(bitrates))
        sums = [bps + (below[min(at, len(below) - 1)] if below else 0.0) for at, bps in enumerate(own)]
        below = sums
        named = spatial if is_only else int(stream["layer"])
        for temporal, bps in enumerate(sums):
            halvings = len(sums) - 1 - temporal  # each temporal layer doubles the frames
            if not halvings or stream["frames_per_second"] / 2**halvings >= (least_fps if not is_only else 0):
                found[named, TOP if not halvings else temporal] = bps
    return found


def _graded(rates: Rates) -> tuple[Layer, ...]:
    """In order of quality; what costs no less than something better is of no use."""
    graded: list[Layer] = []
    for (spatial, temporal), bps in sorted(rates.items(), reverse=True):
        if bps > 0 and (not graded or bps < graded[-1].bitrate_bps):
            graded.append(Layer(spatial, temporal, bps))
    return tuple(reversed(graded))


def usable(choices: Sequence[Layer], preferred: Layers) -> tuple[Layer, ...]:
    """Of these what a viewer wants at most; the smallest when all is more than that."""
    wanted = [one for one in choices if one.spatial <= preferred.spatial]
    wanted = wanted or [one for one in choices if one.spatial == choices[0].spatial]
    within = tuple(one for one in wanted if one.temporal <= preferred.temporal)
    if within:
        return within
    smallest: dict[int, Layer] = {}
    for one in wanted:
        smallest.setdefault(one.spatial, one)
    return tuple(smallest.values())
