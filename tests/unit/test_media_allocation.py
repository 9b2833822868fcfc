"""Allocation of a viewer's bandwidth: what is important, what fits, and when it may change again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtp.media.allocation import (
    CALM_S,
    FIRST_HOLD_S,
    LONGEST_HOLD_S,
    PROBED_BEYOND,
    UP_MARGIN,
    Allocator,
    Demand,
    Importance,
    Layer,
    allocate,
)

THREE = (Layer(0, 0, 150e3), Layer(1, 0, 500e3), Layer(2, 0, 1500e3))
SOUND_BPS = 40e3


def demand(
    id_: str = "ada", importance: Importance = Importance.REST, layers: Sequence[Layer] = THREE
) -> Demand:
    return Demand(id_, importance, layers)


def spatial(targets: object, id_: str = "ada") -> int | None:
    layer = targets[id_]  # type: ignore[index]
    return None if layer is None else layer.spatial


@pytest.mark.parametrize(
    ("available_bps", "chosen"),
    [(1600e3, 2), (1540e3, 2), (1539e3, 1), (540e3, 1), (539e3, 0), (190e3, 0), (0, 0)],
)
def test_the_best_layer_that_fits_beside_the_sound(available_bps: float, chosen: int | None) -> None:
    assert spatial(allocate(available_bps, SOUND_BPS, [demand()])) == chosen


def test_everybody_is_seen_before_anybody_is_seen_better() -> None:
    demands = [demand("ada"), demand("ben"), demand("cam", Importance.FOCUS)]
    targets = allocate(450e3, 0, demands)
    assert [spatial(targets, id_) for id_ in ("ada", "ben", "cam")] == [0, 0, 0]


def test_what_is_important_rises_first_and_a_screen_before_who_speaks() -> None:
    demands = [
        demand("rest"),
        demand("speaker", Importance.FOCUS),
        demand("screen", Importance.SCREEN),
    ]
    floor = 3 * 150e3
    first = allocate(floor + 1350e3, 0, demands)
    assert [spatial(first, id_) for id_ in ("screen", "speaker", "rest")] == [2, 0, 0]
    second = allocate(floor + 1350e3 + 350e3, 0, demands)
    assert [spatial(second, id_) for id_ in ("screen", "speaker", "rest")] == [2, 1, 0]
    third = allocate(floor + 2 * 1350e3 + 350e3, 0, demands)
    assert [spatial(third, id_) for id_ in ("screen", "speaker", "rest")] == [2, 2, 1]


def test_the_important_gets_its_least_before_the_others() -> None:
    demands = [demand("rest"), demand("screen", Importance.SCREEN)]
    targets = allocate(200e3, 0, demands)
    assert spatial(targets, "screen") == 0
    assert spatial(targets, "rest") is None


def test_equals_rise_in_turn() -> None:
    demands = [demand("ada"), demand("ben")]
    targets = allocate(2 * 500e3, 0, demands)
    assert [spatial(targets, id_) for id_ in ("ada", "ben")] == [1, 1]


def test_a_step_that_does_not_fit_leaves_room_for_a_smaller_one() -> None:
    small = (Layer(0, 0, 100e3), Layer(0, 1, 150e3))
    targets = allocate(150e3 + 100e3 + 60e3, 0, [demand("ada"), demand("ben", layers=small)])
    assert spatial(targets, "ada") == 0
    assert targets["ben"] == small[1]


def test_who_has_no_estimate_is_sent_everything() -> None:
    plan = Allocator().decide(0, None, SOUND_BPS, [demand(), demand("mute", layers=())])
    assert spatial(plan.targets) == 2
    assert plan.targets["mute"] is None
    assert plan.wanted_bps == 0


def test_what_does_not_fit_is_left_at_once() -> None:
    allocator = Allocator()
    allocator.decide(0, 5e6, SOUND_BPS, [demand()])
    assert spatial(allocator.decide(0.1, 600e3, SOUND_BPS, [demand()]).targets) == 1


def test_a_layer_that_grows_is_left_when_it_does_not_fit_any_more() -> None:
    allocator = Allocator()
    assert spatial(allocator.decide(0, 2e6, 0, [demand()]).targets) == 2
    grown = (*THREE[:2], Layer(2, 0, 2.5e6))
    assert spatial(allocator.decide(1, 2e6, 0, [demand(layers=grown)]).targets) == 1


def test_up_only_with_a_margin() -> None:
    allocator = Allocator()
    allocator.decide(0, 600e3, 0, [demand()])
    assert spatial(allocator.decide(59, 1550e3, 0, [demand()]).targets) == 1
    assert spatial(allocator.decide(60, 1500e3 * UP_MARGIN - 1, 0, [demand()]).targets) == 1
    assert spatial(allocator.decide(61, 1500e3 * UP_MARGIN + 1, 0, [demand()]).targets) == 2


def test_what_was_taken_is_not_lost_by_one_overuse() -> None:
    """Each that goes up and down again costs everybody behind the same bottleneck a queue."""
    allocator = Allocator()
    allocator.decide(0, 600e3, 0, [demand()])
    taken_bps = next(
        bps
        for bps in range(600_000, 4_000_000, 10_000)
        if spatial(allocator.decide(60, bps, 0, [demand()]).targets) == 2
    )
    assert spatial(allocator.decide(61, 0.85 * taken_bps, 0, [demand()]).targets) == 2


def test_what_is_probed_for_is_enough_to_be_taken_when_a_little_less_is_found() -> None:
    allocator = Allocator()
    wanted_bps = allocator.decide(0, 1000e3, 0, [demand()]).wanted_bps
    assert spatial(allocator.decide(60, 0.95 * wanted_bps, 0, [demand()]).targets) == 2


def test_what_fits_just_so_is_kept() -> None:
    allocator = Allocator()
    allocator.decide(0, 5e6, 0, [demand()])
    assert spatial(allocator.decide(1, 1500e3, 0, [demand()]).targets) == 2


def test_up_again_only_some_time_after_a_cut() -> None:
    allocator = Allocator()
    allocator.decide(0, 5e6, 0, [demand()])
    allocator.decide(10, 200e3, 0, [demand()])
    assert spatial(allocator.decide(10 + FIRST_HOLD_S - 0.01, 5e6, 0, [demand()]).targets) == 0
    assert spatial(allocator.decide(10 + FIRST_HOLD_S, 5e6, 0, [demand()]).targets) == 2


def test_less_than_what_was_too_much_is_taken_before_that_is_tried_again() -> None:
    """Who is cut because others behind the same bottleneck want more is not kept small for long."""
    allocator = Allocator()
    allocator.decide(0, 5e6, 0, [demand()])
    allocator.decide(10, 200e3, 0, [demand()])
    assert spatial(allocator.decide(12, 5e6, 0, [demand()]).targets) == 2
    allocator.decide(13, 1e6, 0, [demand()])
    allocator.decide(13.1, 200e3, 0, [demand()])  # the same cut goes on
    assert spatial(allocator.decide(15, 5e6, 0, [demand()]).targets) == 0
    assert spatial(allocator.decide(15.1, 5e6, 0, [demand()]).targets) == 1
    assert spatial(allocator.decide(17, 5e6, 0, [demand()]).targets) == 1
    assert spatial(allocator.decide(17.1, 5e6, 0, [demand()]).targets) == 2


def test_a_cut_long_after_going_up_is_nobodys_own_doing() -> None:
    allocator = Allocator()
    allocator.decide(0, 5e6, 0, [demand()])
    for cut_s in (10, 18):  # up again after two seconds, and six seconds of it
        allocator.decide(cut_s, 200e3, 0, [demand()])
        assert spatial(allocator.decide(cut_s + FIRST_HOLD_S, 5e6, 0, [demand()]).targets) == 2


def test_the_hold_grows_while_going_up_is_too_much_each_time_and_is_short_again_after_a_calm() -> None:
    allocator = Allocator()
    now_s = 100.0
    allocator.decide(now_s, 5e6, 0, [demand()])
    holds = []
    for _ in range(5):
        allocator.decide(now_s, 200e3, 0, [demand()])
        cut_s = now_s
        while spatial(allocator.decide(now_s, 5e6, 0, [demand()]).targets) != 2:
            now_s += 0.25
        holds.append(now_s - cut_s)
    assert holds == [FIRST_HOLD_S, 4.0, LONGEST_HOLD_S, LONGEST_HOLD_S, LONGEST_HOLD_S]
    now_s += CALM_S
    allocator.decide(now_s, 200e3, 0, [demand()])
    assert spatial(allocator.decide(now_s + FIRST_HOLD_S, 5e6, 0, [demand()]).targets) == 2


def test_a_second_cut_while_it_holds_is_the_same_trouble() -> None:
    allocator = Allocator()
    allocator.decide(0, 5e6, 0, [demand()])
    allocator.decide(1, 600e3, 0, [demand()])
    allocator.decide(1.5, 200e3, 0, [demand()])
    assert spatial(allocator.decide(1.5 + FIRST_HOLD_S, 5e6, 0, [demand()]).targets) == 2


def test_the_sound_counts_when_a_picture_is_to_be_kept() -> None:
    allocator = Allocator()
    allocator.decide(0, 5e6, SOUND_BPS, [demand()])
    assert spatial(allocator.decide(1, 1510e3, SOUND_BPS, [demand()]).targets) == 1


def test_who_had_no_picture_to_lose_waits_for_none() -> None:
    allocator = Allocator()
    assert spatial(allocator.decide(0, 10e3, SOUND_BPS, [demand(), demand("ben")]).targets, "ben") is None
    assert spatial(allocator.decide(0.1, 5e6, SOUND_BPS, [demand(), demand("ben")]).targets, "ben") == 2


def test_a_newcomer_is_seen_while_nothing_goes_up() -> None:
    allocator = Allocator()
    allocator.decide(0, 5e6, 0, [demand()])
    allocator.decide(1, 700e3, 0, [demand()])
    plan = allocator.decide(1.1, 700e3, 0, [demand(), demand("ben")])
    assert spatial(plan.targets, "ada") == 1
    assert spatial(plan.targets, "ben") == 0


def test_who_begins_to_speak_takes_from_the_others() -> None:
    allocator = Allocator()
    quiet = [demand("ada"), demand("ben")]
    bps = 2000e3 * UP_MARGIN + 1
    assert [spatial(allocator.decide(0, bps, 0, quiet).targets, id_) for id_ in ("ada", "ben")] == [2, 1]
    speaks = [demand("ada"), demand("ben", Importance.FOCUS)]
    targets = allocator.decide(10, bps, 0, speaks).targets
    assert [spatial(targets, id_) for id_ in ("ada", "ben")] == [1, 2]


def test_a_layer_that_is_not_sent_any_more_gives_way_to_the_next_lower() -> None:
    allocator = Allocator()
    allocator.decide(0, 5e6, 0, [demand()])
    assert spatial(allocator.decide(0.1, 5e6, 0, [demand(layers=THREE[:2])]).targets) == 1
    assert spatial(allocator.decide(0.2, 5e6, 0, [demand()]).targets) == 2, "that was no cut"


def test_only_the_most_important_is_sent_when_nothing_fits() -> None:
    demands = [demand("ada"), demand("ben", Importance.FOCUS)]
    targets = allocate(0, SOUND_BPS, demands)
    assert spatial(targets, "ben") == 0 and spatial(targets, "ada") is None
    held = Allocator()
    held.decide(0, 5e6, 0, [demand("ada")])
    held.decide(1, 200e3, 0, [demand("ada")])  # a cut: nothing goes up for a while
    assert spatial(held.decide(1.1, 0, 0, [demand("ben")]).targets, "ben") == 0


def test_what_to_probe_for_is_as_much_as_one_probe_can_find_up_to_the_best() -> None:
    plan = Allocator().decide(0, 400e3, 0, [demand()])
    assert plan.wanted_bps == pytest.approx(800e3 * UP_MARGIN * PROBED_BEYOND)
    plan = Allocator().decide(0, 1000e3, 0, [demand()])
    assert plan.wanted_bps == pytest.approx(1500e3 * UP_MARGIN * PROBED_BEYOND)


def test_what_to_probe_for_is_at_least_the_next_step_with_its_margin() -> None:
    allocator = Allocator()
    plan = allocator.decide(0, 500e3 * UP_MARGIN + SOUND_BPS * 2, SOUND_BPS, [demand()])
    assert plan.wanted_bps == pytest.approx((SOUND_BPS + 1500e3) * UP_MARGIN * PROBED_BEYOND)
    assert allocator.decide(10, 5e6, SOUND_BPS, [demand()]).wanted_bps == 0


layer_lists = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=0, max_size=9, unique=True
).flatmap(
    lambda names: st.lists(st.floats(1e4, 1e6), min_size=len(names), max_size=len(names)).map(
        lambda steps: tuple(Layer(s, t, sum(steps[: at + 1])) for at, (s, t) in enumerate(sorted(names)))
    )
)
demand_lists = st.lists(st.tuples(st.sampled_from(Importance), layer_lists), max_size=9).map(
    lambda all_: [Demand(str(at), importance, layers) for at, (importance, layers) in enumerate(all_)]
)


def fits(targets: Mapping[str, Layer | None], left_bps: float, demands: Sequence[Demand]) -> bool:
    """All that is sent; but one picture of those that matter most has its smallest layer in any case."""
    sent = [(one, layer) for one in demands if (layer := targets[one.consumer_id]) is not None]
    if not sent or sum(layer.bitrate_bps for _, layer in sent) <= left_bps + 1e-3:
        return True
    most = max(one.importance for one in demands if one.layers)
    return [(one.importance, layer) for one, layer in sent] == [(most, sent[0][0].layers[0])]


@given(available_bps=st.floats(0, 1e7), sound_bps=st.floats(0, 1e5), demands=demand_lists)
def test_never_more_than_there_is_and_only_what_was_asked_for(
    available_bps: float, sound_bps: float, demands: list[Demand]
) -> None:
    targets = allocate(available_bps, sound_bps, demands)
    assert set(targets) == {one.consumer_id for one in demands}
    assert fits(targets, available_bps - sound_bps, demands)
    for one in demands:
        assert targets[one.consumer_id] is None or targets[one.consumer_id] in one.layers


@given(
    steps=st.lists(
        st.tuples(st.floats(0, 6), st.one_of(st.none(), st.floats(0, 1e7)), demand_lists), max_size=20
    )
)
def test_whatever_comes_the_choice_fits(steps: list[tuple[float, float | None, list[Demand]]]) -> None:
    allocator, now_s = Allocator(), 0.0
    for wait_s, available_bps, demands in steps:
        now_s += wait_s
        plan = allocator.decide(now_s, available_bps, SOUND_BPS, demands)
        if available_bps is not None:
            assert fits(plan.targets, available_bps - SOUND_BPS, demands)
