"""How good a connection is, from figures alone: each bound, which reason counts, and how soon it moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from vtp.rooms.link_quality import GOOD, Figures, Judge, Quality, Reason, Verdict, judge

FAIR, POOR, LOST = Quality.FAIR, Quality.POOR, Quality.LOST


@pytest.mark.parametrize(
    ("figures", "quality", "reason"),
    [
        ({}, Quality.GOOD, None),
        ({"loss_sending": 0.02}, Quality.GOOD, None),
        ({"loss_sending": 0.021}, FAIR, Reason.LOSS_SENDING),
        ({"loss_sending": 0.08}, FAIR, Reason.LOSS_SENDING),
        ({"loss_sending": 0.081}, POOR, Reason.LOSS_SENDING),
        ({"loss_receiving": 0.021}, FAIR, Reason.LOSS_RECEIVING),
        ({"loss_receiving": 0.081}, POOR, Reason.LOSS_RECEIVING),
        ({"delay_ms": 250}, Quality.GOOD, None),
        ({"delay_ms": 251}, FAIR, Reason.DELAY),
        ({"delay_ms": 601}, POOR, Reason.DELAY),
        ({"is_limited": True}, FAIR, Reason.NARROW),
        ({"is_limited": True, "withheld": 1}, POOR, Reason.NARROW),
        ({"is_silent": True}, LOST, Reason.SILENT),
    ],
)
def test_each_figure_has_its_bounds(figures: dict[str, Any], quality: Quality, reason: Reason | None) -> None:
    assert judge(Figures(**figures)) == Verdict(quality, reason)


def test_the_worst_counts_and_of_equals_what_explains_the_others() -> None:
    assert judge(Figures(loss_sending=0.03, delay_ms=700)) == Verdict(POOR, Reason.DELAY)
    assert judge(Figures(loss_sending=0.03, loss_receiving=0.03)) == Verdict(FAIR, Reason.LOSS_SENDING)
    assert judge(Figures(loss_receiving=0.03, is_limited=True)) == Verdict(FAIR, Reason.LOSS_RECEIVING)
    assert judge(Figures(is_limited=True, delay_ms=300)) == Verdict(FAIR, Reason.NARROW)
    assert judge(Figures(is_silent=True, loss_sending=1, withheld=3)) == Verdict(LOST, Reason.SILENT)


LOSS, THIN = Verdict(FAIR, Reason.LOSS_SENDING), Verdict(FAIR, Reason.NARROW)
BAD, GONE = Verdict(POOR, Reason.LOSS_SENDING), Verdict(LOST, Reason.SILENT)


def after(*readings: Verdict) -> Verdict:
    one = Judge()
    for reading in readings:
        one.take(reading)
    return one.verdict


@pytest.mark.parametrize(
    ("readings", "verdict"),
    [
        ([], GOOD),
        ([BAD], GOOD),
        ([BAD, BAD], BAD),
        ([BAD, GOOD, BAD], GOOD),
        ([BAD, LOSS], LOSS),  # the milder of the two
        ([LOSS, GONE], LOSS),
        ([LOSS, GONE, GONE], GONE),
        ([GONE, GONE, GOOD, GOOD, GOOD], GONE),
        ([GONE, GONE, GOOD, GOOD, GOOD, GOOD], GOOD),
        ([BAD, BAD, GOOD, GOOD, BAD, GOOD, GOOD], BAD),
        ([BAD, BAD, GOOD, GOOD, LOSS, GOOD], LOSS),  # the worst of the four
        ([BAD, BAD, LOSS, LOSS, LOSS], BAD),
        ([BAD, BAD, LOSS, LOSS, LOSS, LOSS], LOSS),
        ([LOSS, LOSS, THIN], LOSS),
        ([LOSS, LOSS, THIN, THIN], THIN),  # as bad, by something else
        ([LOSS, LOSS, THIN, LOSS, THIN], LOSS),
    ],
)
def test_one_reading_alone_moves_nothing(readings: Sequence[Verdict], verdict: Verdict) -> None:
    assert after(*readings) == verdict


def test_only_what_moves_the_verdict_is_a_change() -> None:
    one = Judge()
    assert [one.take(reading) for reading in (BAD, BAD, BAD, GOOD, GOOD, GOOD, GOOD, GOOD)] == [
        False,
        True,
        False,
        False,
        False,
        False,
        True,
        False,
    ]
