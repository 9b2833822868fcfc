"""Sentences of reports are right of one as of many."""

from __future__ import annotations

import pytest

from vtp.analytics.network_rules import Cause
from vtp.analytics.network_schemas import ClassNetworkReply, NetworkReply, NetworkRow
from vtp.analytics.report_schemas import LecturePerformance, _of_lectures
from vtp.analytics.report_tables import network_paper


@pytest.mark.parametrize(
    ("classes", "good", "troubled", "line"),
    [
        (0, 0, 0, "No connection was measured in 0 classes."),
        (1, 0, 1, "1 of 1 connection in 1 class was not good."),
        (1, 2, 0, "0 of 2 connections in 1 class were not good; the others are not listed."),
        (2, 1, 2, "2 of 3 connections in 2 classes were not good; the others are not listed."),
    ],
)
def test_connections_that_were_not_good_are_counted_in_a_sentence(
    classes: int, good: int, troubled: int, line: str
) -> None:
    rows = [NetworkRow.model_construct(cause=None)] * good
    rows += [NetworkRow.model_construct(cause=Cause.UPLINK)] * troubled
    held = [ClassNetworkReply.model_construct()] * classes
    found = NetworkReply.model_construct(classes=held, people=[], connections=rows)
    assert network_paper(found).lines == [line]


@pytest.mark.parametrize(
    ("count", "unopened", "stalled"),
    [
        (1, "1 recording was opened by nobody: say in class what it is for.", "in 1 recording that few"),
        (
            2,
            "2 recordings were opened by nobody: say in class what they are for.",
            "in 2 recordings that few",
        ),
    ],
)
def test_recordings_that_need_something_are_counted_in_a_sentence(
    count: int, unopened: str, stalled: str
) -> None:
    hard = [LecturePerformance.model_construct(buffer_events=9, view_sessions=2)] * count
    alone = [LecturePerformance.model_construct(buffer_events=0, view_sessions=0)] * count
    told = _of_lectures(hard + alone, alone)
    assert told[0] == unopened
    assert stalled in told[1]
