"""How far people are with recordings: what their players report, believed as far as time allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.recording_material import add_finished, make_room
from tests.serving import Api, Person

BASE = "/api/v1/recordings"
SESSION = "01890a5d-ac96-774b-bcce-b302099a8057"


class Viewer:
    """Somebody's player, on a clock that the test sets."""

    def __init__(self, api: Api, person: Person, recording_id: str) -> None:
        self._api, self._person = api, person
        self.path = f"{BASE}/{recording_id}/progress"
        self.seq = 0
        self.now = datetime(2026, 11, 1, tzinfo=UTC)
        api.server.services.recording_parts.progress._clock = lambda: self.now

    async def report(
        self, *played: tuple[float, float, float], position: float = 0, after_s: float = 10, **more: Any
    ) -> dict[str, Any]:
        self.now += timedelta(seconds=after_s)
        self.seq += 1
        segments = [{"start": start, "end": end, "rate": rate} for start, end, rate in played]
        wish = {"session_id": SESSION, "seq": self.seq, "segments": segments, "position": position, **more}
        answer = await self._api.call("POST", self.path, wish, by=self._person)
        assert answer.status == 200, answer
        body: dict[str, Any] = answer.body
        return body

    async def get(self) -> dict[str, Any]:
        answer = await self._api.call("GET", self.path, by=self._person)
        assert answer.status == 200, answer
        body: dict[str, Any] = answer.body
        return body


@pytest.fixture
async def viewer(api: Api) -> Viewer:
    """A student, before a recording of 100 s."""
    teacher = await api.person("teacher")
    room = await make_room(api, teacher)
    recording_id = await add_finished(api, room, teacher, duration_ms=100_000)
    return Viewer(api, await api.person("student"), recording_id)


async def test_who_has_not_begun_is_at_the_beginning(viewer: Viewer) -> None:
    found = await viewer.get()
    assert (found["progress"], found["resume_position"], found["completed"]) == (0, 0, False)
    assert (found["segments"], found["updated_at"], found["duration_seconds"]) == ([], None, 100)


async def test_progress_is_the_union_of_what_was_played(viewer: Viewer) -> None:
    await viewer.report()
    await viewer.report((0, 10, 1), position=10)
    await viewer.report((5, 15, 1), position=15)
    found = await viewer.report((40, 60, 2), position=60)
    assert found["segments"] == [[0, 15], [40, 60]]
    assert (found["progress"], found["watched_seconds"], found["watch_time_seconds"]) == (0.35, 35, 30)
    assert (found["position"], found["resume_position"], found["refused"]) == (60, 60, [])
    assert {**found, "refused": []} == await viewer.get()


async def test_what_is_faster_than_time_does_not_count(viewer: Viewer) -> None:
    await viewer.report()
    found = await viewer.report((0, 10, 1), (10, 20, 1), (20, 100, 4), position=100)
    assert found["refused"] == [
        {"index": 1, "reason": "faster_than_time"},
        {"index": 2, "reason": "faster_than_time"},
    ]
    assert found["segments"] == [[0, 10]]
    found = await viewer.report((90, 120, 1), (100.1, 100.4, 1), (90, 100.4, 1), after_s=60)
    assert found["refused"] == [
        {"index": 0, "reason": "behind_the_end"},
        {"index": 1, "reason": "behind_the_end"},
    ]
    assert found["segments"] == [[0, 10], [90, 100]]


IMPOSSIBLE: list[tuple[tuple[float, float, float], str]] = [
    ((5, 5, 1), "out_of_order"),
    ((10, 5, 1), "out_of_order"),
    ((5, 5.0004, 1), "out_of_order"),
    ((700, 50, 1), "out_of_order"),
    ((-1, 5, 1), "before_the_beginning"),
    ((-1e9, 5, 1), "before_the_beginning"),
    ((0, 1e9, 1), "behind_the_end"),
    ((0, 5, 0), "rate_out_of_range"),
    ((0, 5, -1), "rate_out_of_range"),
    ((0, 5, 4.1), "rate_out_of_range"),
    ((0, 5, 5e-324), "faster_than_time"),
]


async def test_each_segment_is_judged_by_itself(viewer: Viewer) -> None:
    await viewer.report()
    played = [(0, 5, 1), *(segment for segment, _ in IMPOSSIBLE), (10, 30, 4)]
    found = await viewer.report(*played, position=30)
    assert found["refused"] == [
        {"index": index, "reason": reason} for index, (_, reason) in enumerate(IMPOSSIBLE, 1)
    ]
    assert (found["segments"], found["watch_time_seconds"]) == ([[0, 5], [10, 30]], 10)
    assert found["position"] == 30


async def test_a_session_that_did_not_say_that_it_begins_has_a_moment_only(viewer: Viewer) -> None:
    found = await viewer.report((0, 10, 1), (10, 12, 1))
    assert found["segments"] == [[10, 12]]


async def test_a_report_that_comes_twice_counts_once(viewer: Viewer) -> None:
    await viewer.report()
    first = await viewer.report((0, 10, 1), position=10)
    viewer.seq -= 1
    again = await viewer.report((50, 60, 1), position=60)
    assert (again["segments"], again["position"], again["watch_time_seconds"]) == ([[0, 10]], 10, 10)
    assert again["updated_at"] == first["updated_at"]


async def test_it_is_complete_once_and_stays_so(viewer: Viewer) -> None:
    await viewer.report()
    found = await viewer.report((0, 89.9, 1), position=89.9, after_s=90)
    assert (found["progress"], found["completed"]) == (0.899, False)
    found = await viewer.report((89.9, 95, 1), position=95)
    assert (found["progress"], found["completed"], found["resume_position"]) == (0.95, True, 0)
    then = found["completed_at"]
    found = await viewer.report((10, 20, 1), position=20)
    assert (found["completed_at"], found["resume_position"]) == (then, 20)


async def test_the_list_says_how_far_the_caller_is(api: Api, viewer: Viewer) -> None:
    await viewer.report()
    await viewer.report((0, 10, 1), position=10)
    mine, others = [
        (await api.call("GET", BASE, by=one)).body["items"][0]["progress"]
        for one in (viewer._person, await api.person("admin"))
    ]
    assert mine == {"progress": 0.1, "resume_position": 10, "completed": False}
    assert others is None


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"segments": [{"start": 5}]}, "/segments/0/end"),
    ({"segments": [{"start": 0, "end": "5"}]}, "/segments/0/end"),
    ({"segments": [{"start": 0, "end": 1e10}]}, "/segments/0/end"),
    ({"segments": [{"start": 0, "end": 5, "rate": None}]}, "/segments/0/rate"),
    ({"segments": [{"start": 0, "end": 5, "speed": 1}]}, "/segments/0/speed"),
    ({"segments": [{"start": 0, "end": 5}] * 101}, "/segments"),
    ({"segments": [[0, 5, 1]]}, "/segments/0"),
    ({"position": -1}, "/position"),
    ({"position": "10"}, "/position"),
    ({"seq": -1}, "/seq"),
    ({"seq": 2**53}, "/seq"),
    ({"session_id": "short"}, "/session_id"),
    ({"session_id": "x" * 65}, "/session_id"),
    ({"session_id": "has spaces"}, "/session_id"),
]


async def test_what_does_not_fit_is_refused_by_field(api: Api, viewer: Viewer) -> None:
    for wrong, pointer in WRONG:
        wish = {"session_id": SESSION, "seq": 1, "position": 0, **wrong}
        answer = await api.call("POST", viewer.path, wish, by=viewer._person)
        assert (wrong, answer.status, answer.pointers) == (wrong, 422, [pointer])
    body = b'{"session_id":"01890a5d-ac96","seq":1,"position":NaN}'
    assert (await api.call("POST", viewer.path, by=viewer._person, data=body)).status in (400, 422)
    assert (await viewer.get())["updated_at"] is None


async def test_many_sessions_are_remembered_up_to_a_bound(api: Api, viewer: Viewer) -> None:
    for number in range(12):
        wish = {"session_id": f"session-{number:02d}", "seq": 1, "position": number, "segments": []}
        viewer.now += timedelta(seconds=1)
        assert (await api.call("POST", viewer.path, wish, by=viewer._person)).status == 200
    assert (await viewer.get())["position"] == 11


async def test_reports_without_time_complete_nothing(viewer: Viewer) -> None:
    await viewer.report()
    for _ in range(10):
        found = await viewer.report((0, 12, 4), after_s=0)
    assert found["watch_time_seconds"] == 3
    for number in range(20):
        session = f"another-{number:02d}"
        found = await viewer.report((12, 24, 4), after_s=0, session_id=session)
    assert (found["watch_time_seconds"], found["segments"]) == (3, [[0, 12]])


async def test_sessions_that_come_and_go_gain_nothing_on_a_row_that_is_old(viewer: Viewer) -> None:
    await viewer.report()
    viewer.now += timedelta(days=7)
    for number in range(40):
        found = await viewer.report((0, 12, 4), after_s=0, session_id=f"another-{number:02d}")
    assert found["watch_time_seconds"] <= 8 * 3


async def test_pages_that_are_open_at_once_have_one_time(viewer: Viewer) -> None:
    await viewer.report()
    viewer.now += timedelta(days=1)
    for number in range(8):
        await viewer.report(after_s=0, session_id=f"another-{number:02d}")
    viewer.now += timedelta(seconds=20)
    for number in range(8):
        stretch = (number * 12, number * 12 + 12, 0.6)
        found = await viewer.report(stretch, after_s=0, session_id=f"another-{number:02d}")
    assert found["watch_time_seconds"] == 20
    stretch = (0, 60, 4)
    found = await viewer.report(stretch, stretch, after_s=15, session_id="another-00")
    assert (found["watch_time_seconds"], len(found["refused"])) == (35, 1)


async def test_a_page_that_was_offline_has_its_time_less_what_others_played_in_it(viewer: Viewer) -> None:
    offline: dict[str, Any] = {"session_id": "on-the-train"}
    await viewer.report(**offline)
    await viewer.report(after_s=600)
    await viewer.report((0, 30, 1), after_s=30)
    found = await viewer.report((40, 100, 0.1), after_s=1, **offline)
    assert found["refused"] == [] and found["watch_time_seconds"] == 630
    found = await viewer.report((30, 40, 1), after_s=5)
    assert found["refused"] == [{"index": 0, "reason": "faster_than_time"}]


async def test_time_in_which_nothing_was_played_is_not_saved(viewer: Viewer) -> None:
    await viewer.report()
    await viewer.report(after_s=3600)
    found = await viewer.report((0, 80, 1), after_s=10)
    assert found["refused"] == [{"index": 0, "reason": "faster_than_time"}]
