"""Scores of a class are BigBlueButton's, and the participation rate says what it is made of."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from vtp.analytics.attendance import Status, tally
from vtp.analytics.engagement import (
    SLICE_MS,
    Inputs,
    activity_score,
    highest,
    mean_participation,
    participation_rate,
    talk_by_slice,
)
from vtp.analytics.heat import Bins, Heat, most_replayed, replayed_stretches

HOUR = (1_000_000, 1_000_000 + 3_600_000)
WHOLE = (HOUR,)


def test_the_score_is_of_five_terms_against_the_most_lively() -> None:
    quiet, lively = Inputs(30_000, 2, 1, 0, 1), Inputs(60_000, 8, 2, 4, 2)
    most = highest([quiet, lively])
    assert most == lively
    assert activity_score(lively, most, polls=2) == 10
    assert activity_score(quiet, most, polls=2) == 1 + 0.5 + 1 + 0 + 1
    assert activity_score(lively, most, polls=0) == 8
    assert activity_score(Inputs(), highest([]), polls=0) == 0


def test_more_answers_than_polls_are_worth_no_more() -> None:
    assert activity_score(Inputs(answers=3), Inputs(answers=3), polls=2) == 2


def test_a_slice_counts_by_two_seconds_of_talk_or_any_act() -> None:
    start = HOUR[0]
    assert participation_rate([(start, start + 2000)], [], WHOLE) == 0.083
    assert participation_rate([(start, start + 1999)], [], WHOLE) == 0
    assert participation_rate([(start, start + 1000), (start + 5000, start + 6000)], [], WHOLE) == 0.083
    assert participation_rate([], [start + n * SLICE_MS for n in range(12)], WHOLE) == 1
    assert participation_rate([], [start - 1, HOUR[1]], WHOLE) == 0
    assert participation_rate([(0, 10**9)], [], ()) == 0


def test_a_break_between_two_parts_has_no_slices() -> None:
    first, second = (0, 600_000), (4_200_000, 4_800_000)
    assert participation_rate([], [10, 400_000, 4_300_000], (first, second)) == 0.75
    assert participation_rate([(600_000, 4_200_000)], [2_000_000], (first, second)) == 0


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40), st.integers(0, 5))
@example([100, 700, 100], 0)
def test_a_mean_of_rates_loses_no_thousandth(thousandths: list[int], missed: int) -> None:
    classes = len(thousandths) + missed
    assert mean_participation([one / 1000 for one in thousandths], classes) == sum(thousandths) // classes


def test_talk_over_the_edge_of_a_slice_is_cut_there() -> None:
    start = HOUR[0]
    assert talk_by_slice([(start + SLICE_MS - 1500, start + SLICE_MS + 700)], HOUR) == {0: 1500, 1: 700}


@given(
    st.lists(st.tuples(st.integers(0, 4_000_000), st.integers(0, 90_000)), max_size=5),
    st.lists(st.integers(0, 5_000_000), max_size=5),
)
def test_participation_looks_at_each_slice_by_itself(talks: list[tuple[int, int]], acts: list[int]) -> None:
    stretches: list[tuple[int, int]] = []
    for start, length in sorted(talks):
        begin = max(start, stretches[-1][1] if stretches else 0)
        stretches.append((begin, max(begin, start + length)))
    lively = 0
    for at in range(*HOUR, SLICE_MS):
        until = min(at + SLICE_MS, HOUR[1])
        talked = sum(max(0, min(end, until) - max(start, at)) for start, end in stretches)
        lively += talked >= 2000 or any(at <= act < until for act in acts)
    assert participation_rate(stretches, acts, WHOLE) == lively * 1000 // 12 / 1000


def test_a_tally_is_to_date_overall_and_at_best() -> None:
    held = [Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED]
    found = tally(held, planned=8)
    assert (found.to_date, found.overall, found.best_possible) == (50.0, 25.0, 75.0)
    assert tally([Status.PRESENT, Status.PRESENT, Status.ABSENT], planned=3).to_date == 66.6
    assert tally([], planned=0).to_date == 0


def test_the_most_replayed_section_lies_around_what_was_played_again_most() -> None:
    heat = Heat((5, 6, 9, 12, 9, 5), (5, 5, 5, 4, 4, 5))
    assert most_replayed(heat, Bins(6000)) == (2000, 5000, 8)
    assert most_replayed(Heat((1, 1), (1, 1)), Bins(2000)) is None
    assert replayed_stretches([2, 2, 1, 0, 3, 1]) == 2
