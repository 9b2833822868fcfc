"""Statements are as the Video Profile's templates have them (xAPI Video Profile 1.0.3)."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vtp.analytics.caliper import events
from vtp.analytics.playback import EventType, Logged
from vtp.analytics.xapi import EXTENSION, PROFILE, VERBS, Source, statements
from vtp.ids import new_id, uuid7
from vtp.recording.watching import MAX_PIECES

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LENGTH_MS = 372_500
# What each template says must be there: of the context, and of the result.
INCLUDED: dict[str, tuple[set[str], set[str]]] = {
    "initialized": ({"length"}, set()),
    "played": (set(), {"time"}),
    "paused": ({"length"}, {"time", "progress", "played-segments"}),
    "seeked": (set(), {"time-from", "time-to"}),
    "interacted": (set(), {"time"}),
    "completed": ({"length"}, {"time", "progress", "played-segments"}),
    "terminated": ({"length"}, {"time", "progress", "played-segments"}),
}
SEGMENTS = re.compile(r"(\d+\.\d{1,3}\[\.\]\d+\.\d{1,3}(\[,\]\d+\.\d{1,3}\[\.\]\d+\.\d{1,3})*)?")
WORDS = {iri: word for word, iri in VERBS.items()}
SOURCE = Source("https://school.example", new_id(), new_id(), "Optics", LENGTH_MS, (new_id(),))


def log(*rows: tuple[str, EventType, dict[str, Any]]) -> list[tuple[str, str, Logged]]:
    return [
        (new_id(), session, Logged(kind, START + timedelta(seconds=number), data))
        for number, (session, kind, data) in enumerate(rows)
    ]


def watched(start: int, end: int) -> dict[str, Any]:
    return {"counted": [[start, end, 1.0]], "position_ms": end}


A_PAGE: tuple[tuple[str, EventType, dict[str, Any]], ...] = (
    ("page-one", EventType.STARTED, {"position": 0}),
    ("page-one", EventType.PAUSED, {"position": 45.1, "counted": [[0, 45_100, 1.0]]}),
    ("page-one", EventType.BUFFERING, {}),
    ("page-one", EventType.SEEKED, {"position": 14}),
    ("page-one", EventType.QUALITY_CHANGED, {"quality": "720p"}),
    ("page-one", EventType.RESUMED, {"position": 14}),
    ("page-one", EventType.COMPLETED, {}),  # as its player says
    ("page-one", EventType.STOPPED, {"position": 21, "counted": [[14_000, 21_000, 1.0]]}),
    ("page-two", EventType.WATCHED, watched(45_100, 340_000)),
    ("page-two", EventType.WATCHED, watched(340_000, 372_500)),
)


def validate(said: dict[str, Any]) -> None:
    """What the profile and xAPI 1.0.3 ask of any statement."""
    uuid.UUID(said["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["timestamp"])
    assert set(said["actor"]["account"]) == {"homePage", "name"}
    assert said["object"]["definition"]["type"] == f"{PROFILE}/activity-type/video"
    context = said["context"]
    assert context["contextActivities"]["category"] == [{"id": PROFILE}]
    assert uuid.UUID(context["registration"]).version == 4
    assert uuid.UUID(context["extensions"][EXTENSION + "session-id"]).version == 4
    assert 0 <= context["extensions"][EXTENSION + "completion-threshold"] <= 1
    word = WORDS[said["verb"]["id"]]
    of_context, of_result = INCLUDED[word]
    result = said.get("result", {})
    assert {EXTENSION + name for name in of_context} <= set(context["extensions"])
    assert {EXTENSION + name for name in of_result} == set(result.get("extensions", {}))
    for name, value in result.get("extensions", {}).items():
        if name == EXTENSION + "played-segments":
            assert SEGMENTS.fullmatch(value), value
        else:
            assert value == round(value, 3)
    if word == "completed":
        assert result["completion"] is True and re.fullmatch(r"PT\d+(\.\d+)?S", result["duration"])
    else:
        assert "completion" not in result
    if word == "interacted":
        assert re.fullmatch(r"\d+p", context["extensions"][EXTENSION + "quality"])


def test_every_statement_is_as_its_template_says() -> None:
    made = list(statements(SOURCE, log(*A_PAGE)))
    for one in made:
        validate(one)
    assert [WORDS[one["verb"]["id"]] for one in made] == [
        "initialized",
        "played",
        "paused",
        "seeked",
        "interacted",
        "played",
        "terminated",
        "initialized",
        "completed",
    ]
    assert {WORDS[one["verb"]["id"]] for one in made} == set(INCLUDED)
    assert made[4]["context"]["extensions"][EXTENSION + "quality"] == "720p"
    assert len({one["id"] for one in made}) == len(made)


def test_segments_time_and_progress_are_what_counted() -> None:
    made = list(statements(SOURCE, log(*A_PAGE)))
    paused, seeked, ended, completed = (made[at] for at in (2, 3, 6, 8))
    assert paused["result"]["extensions"] == {
        EXTENSION + "time": 45.1,
        EXTENSION + "progress": 0.121,
        EXTENSION + "played-segments": "0.000[.]45.100",
    }
    assert seeked["result"]["extensions"] == {EXTENSION + "time-from": 45.1, EXTENSION + "time-to": 14.0}
    assert ended["result"]["extensions"][EXTENSION + "played-segments"] == "0.000[.]45.100[,]14.000[.]21.000"
    assert completed["result"]["extensions"][EXTENSION + "progress"] == 0.912
    assert completed["result"]["extensions"][EXTENSION + "played-segments"] == (
        "0.000[.]45.100[,]14.000[.]21.000[,]45.100[.]340.000"
    ), "of the registration, not of its last page"
    assert completed["result"]["duration"] == "PT347.0S"


def test_a_duration_is_the_time_that_it_took() -> None:
    rows = log(
        ("page-one", EventType.WATCHED, {"counted": [[0, 300_000, 2.0]], "position_ms": 300_000}),
        ("page-two", EventType.WATCHED, {"counted": [[290_000, 372_500, 1.0]], "position_ms": 372_500}),
    )
    completed = list(statements(SOURCE, rows))[-1]
    assert completed["result"]["duration"] == "PT232.5S"


def test_segments_of_somebody_who_jumps_without_end_are_bounded() -> None:
    jumps = [watched(at, at + 1) for at in (n * 20 for n in range(MAX_PIECES))] * 3
    rows = log(*(("page", EventType.WATCHED, one) for one in jumps), ("page", EventType.PAUSED, {}))
    said = list(statements(SOURCE, rows))[-1]["result"]["extensions"][EXTENSION + "played-segments"]
    assert SEGMENTS.fullmatch(said) and MAX_PIECES <= said.count("[.]") <= 2 * MAX_PIECES


def test_a_page_that_is_left_and_comes_back_is_terminated_once() -> None:
    left = ("page", EventType.STOPPED, {"position": 1})
    rows = log(left, ("page", EventType.RESUMED, {}), ("other", EventType.STOPPED, {}), left)
    ended = [one["id"] for one in statements(SOURCE, rows) if WORDS[one["verb"]["id"]] == "terminated"]
    assert ended == [rows[2][0], rows[3][0]]


def test_the_same_log_gives_the_same_statements() -> None:
    rows = log(*A_PAGE)
    assert list(statements(SOURCE, rows)) == list(statements(SOURCE, rows))


def test_a_recording_is_completed_once_and_not_because_its_player_says_so() -> None:
    claimed = log(("page", EventType.COMPLETED, {}))
    assert [WORDS[one["verb"]["id"]] for one in statements(SOURCE, claimed)] == ["initialized"]
    twice = log(*(("page", EventType.WATCHED, watched(0, LENGTH_MS)) for _ in range(2)))
    words = [WORDS[one["verb"]["id"]] for one in statements(SOURCE, twice)]
    assert words == ["initialized", "completed"]


def test_ids_of_statements_are_those_of_the_log() -> None:
    row = uuid7(1_790_000_000_000_000_000, 5)
    one = (row, "page", Logged(EventType.PAUSED, START, {"position": 1}))
    assert [said["id"] for said in statements(SOURCE, [one])][-1] == row


@pytest.mark.parametrize(
    "position", [float("inf"), float("nan"), -1e308, 10**400, -1, 1e7, "4", True, False, None]
)
def test_a_position_that_cannot_be_is_none(position: object) -> None:
    rows = log(
        ("page", EventType.STARTED, {"position": 4}),
        ("page", EventType.PAUSED, {"position": position}),
        ("page", EventType.SEEKED, {"position": 5, "from": position}),
    )
    paused, seeked = list(statements(SOURCE, rows))[-2:]
    assert paused["result"]["extensions"][EXTENSION + "time"] == 4
    assert seeked["result"]["extensions"][EXTENSION + "time-from"] == 4
    assert list(events(SOURCE, rows))[1]["target"]["currentTime"] == "PT4.0S"


def test_a_log_of_before_is_read_as_it_stands() -> None:
    """What counted stood in a row of its own behind all rows of its batch, as of when that was received."""

    def batch(after_h: int, *rows: tuple[EventType, dict[str, Any]]) -> list[tuple[str, str, Logged]]:
        received = START + timedelta(hours=after_h)
        said = [(kind, data, received - timedelta(minutes=30) + timedelta(seconds=10 * at))
                for at, (kind, data) in enumerate(rows)]  # fmt: skip
        return [
            (new_id(), "page", Logged(kind, received, data, received if kind is EventType.WATCHED else at))
            for kind, data, at in said
        ]

    rows = [
        *batch(1, (EventType.STARTED, {"position": 0}), (EventType.SEEKED, {"position": 300, "from": 8}),
               (EventType.WATCHED, watched(0, 8000))),
        *batch(2, (EventType.SEEKED, {"position": 40, "from": 40}),
               (EventType.WATCHED, watched(8000, 372_500))),
        *batch(3, (EventType.STOPPED, {"position": 45, "counted": [[40_000, 45_000, 1.0]]})),
    ]  # fmt: skip
    made = list(statements(SOURCE, rows))
    told = [(WORDS[one["verb"]["id"]], one["id"], one["timestamp"][11:19]) for one in made]
    assert told[1:] == [
        ("played", rows[0][0], "08:30:00"),
        ("seeked", rows[1][0], "08:30:10"),
        ("seeked", rows[3][0], "09:30:00"),
        ("completed", rows[4][0], "09:30:00"),
        ("terminated", rows[5][0], "10:30:00"),
    ]
    assert made[3]["result"]["extensions"] == {EXTENSION + "time-from": 300, EXTENSION + "time-to": 40}
    assert made[4]["result"]["extensions"][EXTENSION + "time"] == 372.5
    assert [one["action"] for one in events(SOURCE, rows)] == ["Started", "ForwardedTo", "JumpedTo"]


@pytest.mark.parametrize("wrong", ["2199-01-01T00:00:00", "2001-01-01T00:00:00"])
def test_a_time_that_cannot_be_moves_none_that_follow(wrong: str) -> None:
    """A batch that was kept for an hour; the second of its times cannot be."""
    times = [START + timedelta(seconds=after_s) for after_s in (0, 0, 20, 10, 40)]
    times[1] = datetime.fromisoformat(wrong).replace(tzinfo=UTC)
    kinds = EventType.STARTED, EventType.PAUSED, EventType.RESUMED, EventType.PAUSED, EventType.RESUMED
    received = START + timedelta(hours=1)
    rows = [
        (new_id(), "page", Logged(kind, received, {"position": 1}, at))
        for kind, at in zip(kinds, times, strict=True)
    ]
    expected = ["08:00:00", "09:00:00", "08:00:20", "08:00:20", "08:00:40"]
    assert [one["timestamp"][11:19] for one in statements(SOURCE, rows)][1:] == expected
    assert [one["eventTime"][11:19] for one in events(SOURCE, rows)] == expected
    behind = (new_id(), "page", Logged(EventType.WATCHED, received, watched(0, LENGTH_MS), received))
    assert list(statements(SOURCE, [*rows, behind]))[-1]["timestamp"][11:19] == "08:00:40"


def test_times_of_a_batch_that_was_kept_as_long_as_can_be_stay() -> None:
    """It is kept by its last word; its first is older."""
    received = START + timedelta(days=30, minutes=1)
    times = START - timedelta(hours=2), START - timedelta(days=2), START + timedelta(minutes=2)
    kinds = EventType.STARTED, EventType.RESUMED, EventType.PAUSED
    rows = [
        (new_id(), "page", Logged(kind, received, {"position": 1}, at))
        for kind, at in zip(kinds, times, strict=True)
    ]
    told = [one["timestamp"][:19] for one in statements(SOURCE, rows)][1:]
    assert told == ["2026-03-02T06:00:00", "2026-04-01T08:01:00", "2026-03-02T08:02:00"]


def jumps(*rows: tuple[EventType, dict[str, Any]]) -> list[tuple[float, float]]:
    """From where to where, of one page that tells it all at once."""
    told = list(statements(SOURCE, [(new_id(), "page", Logged(kind, START, data)) for kind, data in rows]))
    results = [one["result"]["extensions"] for one in told if WORDS[one["verb"]["id"]] == "seeked"]
    return [(one[EXTENSION + "time-from"], one[EXTENSION + "time-to"]) for one in results]


def test_jumps_of_the_player_before_are_from_where_it_stood() -> None:
    """While it was paused, had ended or had just got another speed, it said as `from` where the jump led,
    of a drag where that first did."""
    paused = (EventType.STARTED, {"position": 0}), (EventType.PAUSED, {"position": 300})
    of_before = EventType.WATCHED, watched(0, 300_000)
    once, dragged = (EventType.SEEKED, {"position": 40, "from": 40}), {"position": 90, "from": 70}
    assert jumps(*paused, once, of_before) == [(300, 40)]
    assert jumps(*paused, of_before, once, (EventType.SEEKED, dragged)) == [(300, 40), (40, 90)]
    ended = EventType.COMPLETED, {"position": 372.5}
    assert jumps(*paused[:1], ended, (EventType.SEEKED, dragged)) == [(372.5, 90)]
    faster = {"position": 40.8, "from": 40, "counted": [[0, 8000, 1.0], [40_000, 40_800, 2.0]]}
    assert jumps(*paused[:1], (EventType.SEEKED, faster)) == [(8, 40.8)]
    assert jumps(*paused[:1], (EventType.SEEKED, {**faster, "counted": [[40_000, 40_800, 2.0]]})) == [
        (0, 40.8)
    ]


def test_jumps_are_from_where_the_player_says_while_it_plays() -> None:
    begun = EventType.PAUSED, {"position": 300}
    seeked = EventType.SEEKED, {"position": 40, "from": 306}
    assert jumps(begun, (EventType.RESUMED, {"position": 300}), seeked) == [(306, 40)]
    assert jumps(begun, (EventType.PROGRESS, {"counted": [[300_000, 305_000, 1.0]]}), seeked) == [(306, 40)]
    carried = {**seeked[1], "counted": [[300_000, 305_000, 1.0], [40_000, 40_400, 1.0]]}
    assert jumps(begun, (EventType.SEEKED, carried)) == [(306, 40)]


def test_a_recording_is_completed_from_where_its_course_says() -> None:
    row = log(("page-one", EventType.WATCHED, watched(0, LENGTH_MS // 2)))
    for asked, verbs in ((500, ["initialized", "completed"]), (550, ["initialized"])):
        said = list(statements(replace(SOURCE, complete_from=asked), row))
        assert [WORDS[one["verb"]["id"]] for one in said] == verbs
        assert said[0]["context"]["extensions"][EXTENSION + "completion-threshold"] == asked / 1000
