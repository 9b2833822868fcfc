"""Who gets what of one viewer's bandwidth: layers for each picture, by importance, with hysteresis.

Pure rules on numbers, without clock or transport of their own: media.md, "Behaviour under a real network".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

UP_MARGIN = 1.3  # of what a better choice needs: after one overuse (x 0.85) a tenth is still to spare
FIRST_HOLD_S = 2.0  # without going up after what did not fit
LONGEST_HOLD_S = 8.0  # without what did not fit, as that happens again and again
OWN_DOING_S = 5.0  # a cut so soon after going up is because of that; a later one may be anybody's
PROBED_AT_ONCE = 2.0  # times the estimate
PROBED_BEYOND = 1.1  # of what is needed: a probe finds a little less than it tries
BELOW = 0.9  # of what was too much, while that is not tried again: rates move
CALM_S = 20.0  # after so long without a cut the next hold is short again


class Importance(IntEnum):
    """Of what somebody looks at; the greater comes first."""

    REST = 0
    FOCUS = 1
    """Who speaks, presents or is pinned."""
    SCREEN = 2


@dataclass(frozen=True, slots=True)
class Layer:
    """One choice of a picture: an encoding or spatial layer with its temporal layers up to `temporal`."""

    spatial: int
    temporal: int
    bitrate_bps: float


@dataclass(frozen=True, slots=True)
class Demand:
    """One picture: `layers` are those that are sent now and that its viewer can use, the smallest first."""

    consumer_id: str
    importance: Importance
    layers: Sequence[Layer]


Targets = Mapping[str, Layer | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """`targets` has the layer for each picture, None where nothing fits; `wanted_bps` is what there is
    use for beyond that, for probing: 0 when all have the best.
    """

    targets: Targets
    wanted_bps: float


def allocate(available_bps: float, sound_bps: float, demands: Sequence[Demand]) -> dict[str, Layer | None]:
    """The best choice that fits into `available_bps`; sound comes off first.

    Everybody is seen before anybody is seen better: the smallest layer of each, the important first, then the
    important as well as it goes, and last the others in turn, a step each. The most important has its
    smallest layer even if that does not fit: the pacer thins it out, and nobody looks at nothing.
    """
    left = available_bps - sound_bps
    chosen: dict[str, int] = {}
    by_importance = _by_importance(demands)
    for one in by_importance:
        if one.layers and (one.layers[0].bitrate_bps <= left or not chosen):
            chosen[one.consumer_id] = 0
            left -= one.layers[0].bitrate_bps
    for importance in sorted(Importance, reverse=True):
        ranked = [one for one in by_importance if one.importance is importance]
        left = _raise_in_turn(left, ranked, chosen)
    return {
        one.consumer_id: one.layers[chosen[one.consumer_id]] if one.consumer_id in chosen else None
        for one in demands
    }


def _by_importance(demands: Sequence[Demand]) -> list[Demand]:
    return sorted(demands, key=lambda one: -one.importance)  # stable: equals keep their order


def _raise_in_turn(left: float, equals: Sequence[Demand], chosen: dict[str, int]) -> float:
    """Gives each of equals one step after the other while any fits; returns what is left then."""
    rising = [one for one in equals if one.consumer_id in chosen]
    while rising:
        risen = []
        for one in rising:
            at = chosen[one.consumer_id]
            if at + 1 >= len(one.layers):
                continue
            step = one.layers[at + 1].bitrate_bps - one.layers[at].bitrate_bps
            if step <= left:
                chosen[one.consumer_id] = at + 1
                left -= step
                risen.append(one)
        rising = risen
    return left


def _cost(targets: Targets) -> float:
    return sum(layer.bitrate_bps for layer in targets.values() if layer is not None)


def _wanted_bps(available_bps: float, cost_bps: float, targets: Targets, demands: Sequence[Demand]) -> float:
    """The next step, and beyond it as much as one probe can find: one by one takes long."""
    step_bps = _next_step_bps(targets, demands)
    if not step_bps:
        return 0.0
    best_bps = cost_bps + sum(
        one.layers[-1].bitrate_bps - (now.bitrate_bps if (now := targets[one.consumer_id]) else 0.0)
        for one in demands
        if one.layers
    )
    return PROBED_BEYOND * UP_MARGIN * max(cost_bps + step_bps, min(best_bps, PROBED_AT_ONCE * available_bps))


def _next_step_bps(targets: Targets, demands: Sequence[Demand]) -> float:
    """What the smallest improvement of any costs; 0 when there is none."""
    steps = []
    for one in demands:
        now = targets.get(one.consumer_id)
        cost = now.bitrate_bps if now is not None else 0.0
        better = [layer.bitrate_bps - cost for layer in one.layers if now is None or _is_better(layer, now)]
        steps += better[:1]
    return min(steps, default=0.0)


def _is_better(layer: Layer, than: Layer) -> bool:
    return (layer.spatial, layer.temporal) > (than.spatial, than.temporal)


@dataclass(slots=True)
class Allocator:
    """Keeps one viewer's choices: what does not fit is left at once, what is better is taken when it fits
    with a margin and the last cut is some time ago; as much as was too much, later than less than that.
    """

    _targets: dict[str, Layer | None] = field(default_factory=dict)
    _hold_s: float = FIRST_HOLD_S
    _held_until_s: float = 0.0
    _too_much_bps: float = 0.0
    """What pictures cost in all that did not fit; not again before `_retry_at_s`."""
    _retry_at_s: float = 0.0
    _last_cut_s: float = -CALM_S
    _last_rise_s: float = -CALM_S

    def decide(
        self, now_s: float, available_bps: float | None, sound_bps: float, demands: Sequence[Demand]
    ) -> Plan:
        """Takes an estimate, None when there is none for this viewer (then everything is sent), and what is
        wanted of it now. `now_s` is any clock that only goes forward.
        """
        if available_bps is None:
            self._targets = {one.consumer_id: one.layers[-1] if one.layers else None for one in demands}
            return Plan(self._targets, 0.0)
        kept = self._kept(demands)
        if _cost(kept) + sound_bps > available_bps:
            before_bps = _cost(kept)
            kept = allocate(available_bps, sound_bps, demands)
            self._note_cut(now_s, before_bps, kept)
        elif now_s >= self._held_until_s:
            better = allocate(self._rising_to_bps(now_s, available_bps, sound_bps), sound_bps, demands)
            if _cost(better) > _cost(kept) or self._matters_more(better, kept, demands):
                self._last_rise_s = now_s
                kept = better
        else:
            kept = self._with_newcomers(kept, available_bps - sound_bps, demands)
        self._targets = kept
        return Plan(kept, _wanted_bps(available_bps, _cost(kept) + sound_bps, kept, demands))

    def _kept(self, demands: Sequence[Demand]) -> dict[str, Layer | None]:
        """The choices of before at the bitrates of now; of a layer that is no longer sent the next lower."""
        kept: dict[str, Layer | None] = {}
        for one in demands:
            before = self._targets.get(one.consumer_id)
            same = [layer for layer in one.layers if before is not None and not _is_better(layer, before)]
            kept[one.consumer_id] = same[-1] if same else None
        return kept

    def _rising_to_bps(self, now_s: float, available_bps: float, sound_bps: float) -> float:
        """What better choices may cost now, sound included."""
        most_bps = available_bps / UP_MARGIN
        if now_s < self._retry_at_s:
            most_bps = min(most_bps, self._too_much_bps * BELOW + sound_bps)
        return most_bps

    def _note_cut(self, now_s: float, before_bps: float, after: Targets) -> None:
        """`before_bps` is what the choices cost that did not fit."""
        got_less = any(
            layer is not None and (after.get(id_) is None or _is_better(layer, after[id_] or layer))
            for id_, layer in self._targets.items()
            if id_ in after
        )
        if not got_less:
            return
        if now_s >= self._held_until_s:  # else the same cut goes on: what was too much is what it began with
            its_own = now_s - self._last_rise_s < OWN_DOING_S and now_s - self._last_cut_s < CALM_S
            self._hold_s = min(2 * self._hold_s, LONGEST_HOLD_S) if its_own else FIRST_HOLD_S
            self._too_much_bps = before_bps
        self._last_cut_s = now_s
        self._held_until_s = now_s + FIRST_HOLD_S
        self._retry_at_s = now_s + self._hold_s

    def _matters_more(self, better: Targets, kept: Targets, demands: Sequence[Demand]) -> bool:
        """Whether something important gains by another choice, though less is sent in all."""
        for one in _by_importance(demands):
            new, old = better.get(one.consumer_id), kept.get(one.consumer_id)
            if new == old:
                continue
            return new is not None and (old is None or _is_better(new, old))
        return False

    def _with_newcomers(
        self, kept: dict[str, Layer | None], available_bps: float, demands: Sequence[Demand]
    ) -> dict[str, Layer | None]:
        """Who has nothing yet gets the smallest layer where it fits, also while nothing goes up."""
        left = available_bps - _cost(kept)
        for one in _by_importance(demands):
            fits = one.layers and one.layers[0].bitrate_bps <= left
            if kept[one.consumer_id] is None and (fits or (one.layers and not any(kept.values()))):
                kept[one.consumer_id] = one.layers[0]
                left -= one.layers[0].bitrate_bps
        return kept
