"""What players say comes to figures: each batch once, no faster than the clock, for who may see them."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from tests.api.course_material import enrol, make_course, student
from tests.api.recording_material import add_finished, make_room
from tests.serving import Answer, Api, Person
from tests.statements import removals
from vtp.analytics import playback_store
from vtp.analytics.check import differing_rollups
from vtp.analytics.intake_writer import IntakeWriter, SentBatch
from vtp.analytics.playback_store import MORE_PAGES, find_viewer, sessions_of
from vtp.analytics.schemas import SendEvents
from vtp.analytics.tables import analytics_batches, analytics_events, playback_sessions, recording_viewers
from vtp.db.urls import Dialect
from vtp.ids import new_id
from vtp.recording.store import Status, find_recording
from vtp.recording.tables import recording_progress, recordings

BASE = "/api/v1/analytics"
SESSION = "0190f0a0-page"
LENGTH_S = 600


def event(kind: str, recording: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "event_type": kind,
        "timestamp": "2026-03-02T08:00:00Z",
        **({"recording_id": recording} if recording else {}),
        **more,
    }


def segment(start: float, end: float, rate: float = 1.0) -> dict[str, float]:
    return {"start": start, "end": end, "rate": rate}


async def send(
    api: Api, by: Person | None, seq: int, *events: dict[str, Any], session: str = SESSION, base: str = BASE
) -> Answer:
    wish = {"session_id": session, "seq": seq, "events": list(events)}
    return await api.call("POST", f"{base}/events", wish, by=by)


async def time_passes(api: Api, user: Person, seconds: float) -> None:
    """As if somebody's pages had been open for longer: nobody waits for minutes."""
    async with api.server.services.database.transaction() as tx:
        mine = recording_progress.c.user_id == user.user_id
        for row in (await tx.execute(select(recording_progress).where(mine))).all():
            back_ms = int(seconds * 1000)
            sittings = {key: [one[0], one[1] - back_ms, one[2]] for key, one in row.sittings.items()}
            began = row.started_at - timedelta(seconds=seconds)
            this = mine & (recording_progress.c.recording_id == row.recording_id)
            await tx.execute(
                update(recording_progress).where(this).values(sittings=sittings, started_at=began)
            )


async def long_recording(api: Api, teacher: Person) -> str:
    """One of ten minutes, as far as its row says."""
    room = await make_room(api, teacher, f"room-{datetime.now(UTC).timestamp():.0f}")
    return await add_finished(api, room, teacher, duration_ms=LENGTH_S * 1000)


@pytest.fixture
async def recording(api: Api, teacher: Person) -> str:
    return await long_recording(api, teacher)


async def metrics(api: Api, of: Person, recording: str, by: Person) -> Answer:
    return await api.call("GET", f"{BASE}/metrics/{of.user_id}/{recording}", by=by)


async def test_events_come_to_the_figures_of_a_viewer(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    sent = await send(api, pupil, 0, event("started", recording, position=0))
    assert (sent.status, sent.body) == (200, {"accepted": 1, "repeated": False, "refused": []})
    assert (await send(api, pupil, 1, event("progress", recording, segments=[segment(0, 1)]))).status == 200
    await time_passes(api, pupil, 100)
    batch = [
        event("quality changed", recording, metadata={"quality": "720p"}),
        event("playback_paused", recording, position=61, segments=[segment(1, 61)]),
        event("resumed", recording),
        event("seeked", recording, position=30),
        event("buffering", recording),
        event("progress", recording, position=60, segments=[segment(30, 60)]),
    ]
    sent = await send(api, pupil, 2, *batch)
    assert (sent.status, sent.body["refused"]) == (200, []), sent
    found = (await metrics(api, pupil, recording, pupil)).body
    assert (found["watched_seconds"], found["total_watch_time_seconds"]) == (61, 91)
    assert (found["completion_percentage"], found["rewatch_count"]) == (10.1, 1)
    assert (found["avg_quality"], found["segments"], found["completed_at"]) == ("720p", [[0, 61]], None)
    assert found["passes"][:21] == [1] * 10 + [2] * 10 + [1] and sum(found["passes"][21:]) == 0
    [page] = found["sessions"]
    assert (page["pause_count"], page["resume_count"], page["seek_count"], page["buffer_events"]) == (1,) * 4


async def test_what_was_kept_on_one_device_does_not_take_back_what_was_watched_on_another(
    api: Api, recording: str
) -> None:
    pupil = await student(api, "pupil")
    now = {"timestamp": datetime.now(UTC).isoformat()}
    played = event("paused", recording, position=200, segments=[segment(199, 200)], **now)
    await send(api, pupil, 0, played)
    kept = event("paused", recording, position=50, segments=[segment(49, 50)])
    kept["timestamp"] = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    sent = await send(api, pupil, 0, kept, session="another-device")
    assert (sent.status, sent.body["accepted"]) == (200, 1)
    path = f"/api/v1/recordings/{recording}/progress"
    assert (await api.call("GET", path, by=pupil)).body["position"] == 200
    await send(api, pupil, 1, event("seeked", recording, position=60), session="another-device")
    now = {"timestamp": datetime.now(UTC).isoformat()}
    played = event("progress", recording, position=201, segments=[segment(200, 201)], **now)
    await send(api, pupil, 1, played)
    await send(api, pupil, 2, event("stopped", recording, position=60), session="another-device")
    assert (await api.call("GET", path, by=pupil)).body["position"] == 201


async def test_a_batch_that_comes_again_changes_nothing(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    batch = [event("started", recording), event("paused", recording, segments=[segment(0, 2)])]
    assert (await send(api, pupil, 7, *batch)).body["repeated"] is False
    again = await send(api, pupil, 7, *batch)
    assert again.body == {"accepted": 0, "repeated": True, "refused": []}
    assert (await send(api, pupil, 3, event("paused", recording))).body[
        "repeated"
    ] is False  # late, not again
    found = (await metrics(api, pupil, recording, pupil)).body
    assert (found["sessions"][0]["pause_count"], found["watched_seconds"]) == (2, 2)


async def test_a_batch_of_another_account_is_refused_whole_and_counts_when_its_own_sends_it(
    api: Api, recording: str
) -> None:
    pupil, other = await student(api, "pupil"), await student(api, "other")
    wish = {
        "session_id": SESSION,
        "seq": 0,
        "user_id": pupil.user_id,
        "events": [event("paused", recording, segments=[segment(0, 2)])],
    }
    refused = await api.call("POST", f"{BASE}/events", wish, by=other)
    assert (refused.status, refused.body["code"]) == (403, "other_account")
    async with api.server.services.database.read() as tx:
        for table in (analytics_events, analytics_batches, recording_progress):
            assert (await tx.execute(select(table))).first() is None
    taken = await api.call("POST", f"{BASE}/events", wish, by=pupil)
    assert taken.body == {"accepted": 1, "repeated": False, "refused": []}
    again = await api.call("POST", f"{BASE}/events", wish, by=pupil)
    assert again.body == {"accepted": 0, "repeated": True, "refused": []}
    odd = await api.call("POST", f"{BASE}/events", {**wish, "user_id": "nobody"}, by=pupil)
    assert odd.status == 422


async def test_what_was_not_answered_is_sent_with_what_came_since_and_counts_once(
    api: Api, recording: str
) -> None:
    pupil = await student(api, "pupil")
    await send(api, pupil, 0, event("started", recording, position=0))
    await time_passes(api, pupil, 10)
    first = event("progress", recording, segments=[segment(0, 10)])
    await send(api, pupil, 1, first)  # whose answer was lost
    await time_passes(api, pupil, 20)
    then = event("paused", recording, segments=[segment(10, 30)])
    merged = await send(api, pupil, 2, {**first, "seq": 1}, then)
    assert merged.body == {"accepted": 1, "repeated": False, "refused": []}
    assert (await send(api, pupil, 2, {**first, "seq": 1}, then)).body["repeated"] is True
    await time_passes(api, pupil, 25)
    lost = event("progress", recording, segments=[segment(30, 40)])  # sent as 3, and never came
    merged = await send(
        api, pupil, 4, {**lost, "seq": 3}, event("paused", recording, segments=[segment(40, 55)])
    )
    assert merged.body == {"accepted": 2, "repeated": False, "refused": []}, (
        "they share the time since the last"
    )
    assert (await send(api, pupil, 3, lost)).body["repeated"] is True, "it came with another"
    found = (await metrics(api, pupil, recording, pupil)).body
    assert (found["total_watch_time_seconds"], found["segments"]) == (55, [[0, 55]])
    assert found["sessions"][0]["pause_count"] == 2


async def test_time_counts_from_where_a_player_says_that_it_begins(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    await send(api, pupil, 0, event("started", recording, position=100))
    await time_passes(api, pupil, 9)
    sent = await send(api, pupil, 1, event("progress", recording, segments=[segment(100, 109)]))
    assert sent.body["refused"] == []
    await send(api, pupil, 2, event("seeked", recording, position=300))
    found = (await metrics(api, pupil, recording, pupil)).body
    assert (found["watched_seconds"], found["resume_position"]) == (9, 300)


async def test_nobody_watches_an_hour_in_a_minute(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    began_s = time.monotonic()
    whole = [event("progress", recording, segments=[segment(0, LENGTH_S)])]
    sent = await send(api, pupil, 0, *whole)
    assert sent.body["refused"] == [{"index": 0, "segment": 0, "reason": "faster_than_time"}]
    for seq in range(1, 6):  # pages without end, and tiny pieces
        pieces = [segment(at, at + 2, 4) for at in range(seq * 100, seq * 100 + 100, 2)]
        await send(api, pupil, 0, event("progress", recording, segments=pieces), session=f"session-{seq}")
    found = (await metrics(api, pupil, recording, pupil)).body
    most_s = time.monotonic() - began_s + 3
    assert found["total_watch_time_seconds"] <= most_s
    assert found["completion_percentage"] <= 100 * 4 * most_s / LENGTH_S, "at four times the speed"
    claimed = await send(api, pupil, 51, event("watched", recording, metadata={"counted": [[0, 600_000, 1]]}))
    assert (claimed.status, claimed.pointers) == (422, ["/events/0/event_type"])
    overlapping = [segment(0, 3), segment(0, 3), segment(1, 3)]
    await time_passes(api, pupil, 20)
    await send(api, pupil, 52, event("progress", recording, segments=overlapping), session="session-5")
    assert (await metrics(api, pupil, recording, pupil)).body["watched_seconds"] <= 4 * most_s + 3


async def test_a_segment_that_cannot_have_been_is_refused_and_the_rest_of_the_batch_is_taken(
    api: Api, recording: str
) -> None:
    pupil = await student(api, "pupil")
    await send(api, pupil, 0, event("started", recording, position=0))
    await time_passes(api, pupil, 60)
    kept = [
        event("progress", recording, position=20, segments=[segment(0, 20)]),
        event("paused", recording, segments=[segment(20, 22, 5), segment(22, 32), segment(32, 31)]),
        event("progress", recording, segments=[segment(40, 60, 16), segment(-3, 2)]),
        event("seeked", recording, position=70),
        event("progress", recording, segments=[segment(70, 80, 2)]),
    ]
    sent = await send(api, pupil, 1, *kept)
    assert (sent.status, sent.body["accepted"], sent.body["repeated"]) == (200, 5, False), sent
    assert sent.body["refused"] == [
        {"index": 1, "segment": 0, "reason": "rate_out_of_range"},
        {"index": 1, "segment": 2, "reason": "out_of_order"},
        {"index": 2, "segment": 0, "reason": "rate_out_of_range"},
        {"index": 2, "segment": 1, "reason": "before_the_beginning"},
    ]
    found = (await metrics(api, pupil, recording, pupil)).body
    assert (found["segments"], found["total_watch_time_seconds"]) == ([[0, 20], [22, 32], [70, 80]], 35)
    assert (found["sessions"][0]["pause_count"], found["resume_position"]) == (1, 70)
    assert (await send(api, pupil, 1, *kept)).body["repeated"] is True


async def test_a_segment_that_is_none_says_nothing_of_where_a_player_stands(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    await send(api, pupil, 0, event("started", recording, position=100))
    await time_passes(api, pupil, 10)
    none = [segment(50, 40), segment(-9, -3), segment(100, 5000), *(segment(50, 60, r) for r in (0, -1, 5))]
    sent = await send(api, pupil, 1, event("progress", recording, segments=none))
    reasons = ["out_of_order", "before_the_beginning", "behind_the_end", *["rate_out_of_range"] * 3]
    assert [one["reason"] for one in sent.body["refused"]] == reasons
    assert (await metrics(api, pupil, recording, pupil)).body["resume_position"] == 100
    await send(api, pupil, 2, event("progress", recording, segments=[segment(100, 105), segment(9, 3)]))
    assert (await metrics(api, pupil, recording, pupil)).body["resume_position"] == 105


async def test_anothers_session_gives_no_credit_and_takes_none(api: Api, recording: str) -> None:
    pupil, thief = await student(api, "pupil"), await student(api, "thief")
    await send(api, pupil, 0, event("progress", recording, segments=[segment(0, 2)]))
    await time_passes(api, pupil, 200)
    stolen = await send(api, thief, 1, event("progress", recording, segments=[segment(2, 100)]))
    assert [one["reason"] for one in stolen.body["refused"]] == ["faster_than_time"]
    mine = await send(api, pupil, 1, event("progress", recording, segments=[segment(2, 100)]))
    assert (mine.body["repeated"], mine.body["refused"]) == (False, [])
    assert (await metrics(api, thief, recording, thief)).body["watched_seconds"] == 0
    assert (await metrics(api, pupil, recording, pupil)).body["watched_seconds"] == 100


async def test_progress_and_events_of_one_page_are_one_account(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    report = {"session_id": SESSION, "seq": 0, "position": 2, "segments": [segment(0, 2)]}
    await api.call("POST", f"/api/v1/recordings/{recording}/progress", report, by=pupil)
    await send(
        api, pupil, 0, event("paused", recording), event("progress", recording, segments=[segment(0, 2)])
    )
    found = (await metrics(api, pupil, recording, pupil)).body
    assert found["watched_seconds"] == 2 and len(found["sessions"]) == 1
    assert found["total_watch_time_seconds"] <= 4 and found["sessions"][0]["pause_count"] == 1


async def test_what_one_may_not_see_is_refused_and_the_rest_is_taken(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    filed, free = (
        await long_recording(api, teacher),
        await add_finished(api, await make_room(api, teacher, "free"), teacher),
    )
    path = f"/api/v1/courses/{course}/recordings"
    assert (await api.call("POST", path, {"recording_id": filed}, by=teacher)).status == 201
    outsider = await student(api, "outsider")
    sent = await send(
        api,
        outsider,
        0,
        event("started", filed),
        event("started", free),
        event("viewed", course_id=course),
        event("viewed"),
        event("started", "01890a5d-ac96-774b-bcce-b302099a8057"),
    )
    assert sent.body["accepted"] == 1
    assert [(one["index"], one["segment"]) for one in sent.body["refused"]] == [
        (n, None) for n in (0, 2, 3, 4)
    ]
    assert sent.body["refused"][2]["reason"] == "names_nothing"
    member = await student(api, "member")
    await enrol(api, course, member)
    assert (await send(api, member, 0, event("viewed", course_id=course))).body["accepted"] == 1


async def test_bad_batches_say_what_is_wrong(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    assert (await send(api, None, 0, event("started", recording))).status == 401
    none = await send(api, pupil, 0)
    assert (none.status, none.pointers) == (422, ["/events"])
    many = await send(api, pupil, 0, *[event("paused", recording)] * 501)
    assert (many.status, many.pointers) == (422, ["/events"])
    large = await send(api, pupil, 0, event("paused", recording, metadata={"note": "x" * 2000}))
    assert (large.status, large.pointers) == (422, ["/events/0/metadata"])
    for number in (1e999, math.nan, [-1e999]):
        endless = await send(api, pupil, 0, event("paused", recording, metadata={"position": number}))
        assert endless.status in (400, 422), number
    for when in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1999-12-31T23:59:59Z"):
        odd = await send(api, pupil, 0, event("paused", recording) | {"timestamp": when})
        assert (odd.status, odd.pointers) == (422, ["/events/0/timestamp"])
    odd = await send(api, pupil, 0, event("danced", recording), event("paused", "nothing"))
    assert (odd.status, odd.pointers) == (422, ["/events/0/event_type", "/events/1/recording_id"])


async def test_batches_and_accounts_have_bounds(api: Api, recording: str) -> None:
    pupil = await student(api, "pupil")
    for name in ("recording_id", "course_id"):
        many = [event("viewed", **{name: new_id()}) for _ in range(21)]
        sent = await send(api, pupil, 0, *many)
        assert (sent.status, sent.pointers) == (422, ["/events"])
        assert (await send(api, pupil, 0, *many[1:])).status == 200
    api.server.services.analytics.intake._limiter.count = 500
    assert (await send(api, pupil, 1, *[event("viewed")] * 500)).status == 200
    refused = await send(api, pupil, 2, event("paused", recording))
    assert refused.status == 429 and int(refused.headers["Retry-After"]) > 0
    assert (await send(api, await student(api, "other"), 0, event("paused", recording))).status == 200


async def test_viewers_at_the_same_time_are_people(api: Api, teacher: Person, recording: str) -> None:
    pupils = [await student(api, "one"), await student(api, "two")]
    for pupil in pupils:
        for page in ("page-one", "page-two"):
            await send(api, pupil, 0, event("started", recording), session=page)
    async with api.server.services.database.transaction() as tx:
        now = datetime.now(UTC)
        hour = {"started_at": now - timedelta(hours=1), "last_at": now}
        await tx.execute(update(playback_sessions).values(**hour))
    found = (await api.call("GET", f"{BASE}/lecture/{recording}", by=teacher)).body
    assert (found["total_views"], found["peak_concurrent_viewers"]) == (4, 2)


async def test_figures_of_others_are_for_who_holds_their_course(api: Api, teacher: Person) -> None:
    course, recording = await make_course(api, teacher), await long_recording(api, teacher)
    path = f"/api/v1/courses/{course}/recordings"
    await api.call("POST", path, {"recording_id": recording}, by=teacher)
    await api.call("POST", f"{path}/{recording}/publish", by=teacher)
    pupils = [await student(api, f"pupil{number}") for number in range(5)]
    for pupil in pupils:
        await enrol(api, course, pupil)
        await send(api, pupil, 0, event("progress", recording, segments=[segment(0, 2)]))
    admin, other = await api.person("admin"), await api.person("teacher", "other@school.example")
    assert [(await metrics(api, pupils[0], recording, by)).status for by in (pupils[0], teacher, admin)] == [
        200
    ] * 3
    assert [(await metrics(api, pupils[0], recording, by)).status for by in (pupils[1], other)] == [403, 403]
    stranger = await student(api, "stranger")
    assert (await metrics(api, stranger, recording, teacher)).status == 403


async def test_students_are_told_averages_of_enough_people_alone(
    api: Api, teacher: Person, recording: str
) -> None:
    pupils = [await student(api, f"pupil{number}") for number in range(5)]
    path = f"{BASE}/lecture/{recording}"
    for pupil in pupils[:4]:
        await send(api, pupil, 0, event("progress", recording, segments=[segment(0, 2)]))
    hidden = (await api.call("GET", path, by=pupils[0])).body
    assert hidden["hidden"] is True and hidden["unique_viewers"] is None and hidden["heatmap"] == []
    assert (await api.call("GET", path, by=teacher)).body["unique_viewers"] == 4
    await send(
        api,
        pupils[4],
        0,
        event("buffering", recording),
        event("progress", recording, segments=[segment(0, 1)]),
    )
    assert (await api.call("GET", path, by=pupils[1])).body == hidden, "nor when somebody is one too many"
    lectures = api.server.services.analytics.lectures
    lectures._clock = lambda: datetime.now(UTC) + timedelta(days=1)
    shown = (await api.call("GET", f"/api/analytics/lecture/{recording}", by=pupils[0])).body
    assert (shown["hidden"], shown["unique_viewers"]) == (False, 5)
    assert len(shown["heatmap"]) == 200
    assert shown["heatmap"][0] == {"start": 0, "views": 5, "viewers": 5, "remaining": 1}
    assert shown["heatmap"][1]["viewers"] == 0 and shown["most_replayed_section"] is None
    exact = (await api.call("GET", path, by=teacher)).body
    assert (exact["total_buffer_events"], exact["avg_watch_time_seconds"], exact["total_views"]) == (
        1,
        1.8,
        5,
    )
    finer = {"total_views", "avg_watch_time_seconds", "peak_concurrent_viewers", "total_buffer_events"}
    assert {name for name, value in shown.items() if value is None} == finer | {"most_replayed_section"}
    assert shown["quality_distribution"] == {}


async def test_students_are_told_shares_in_steps_and_whole_groups_as_of_a_day(
    api: Api, recording: str
) -> None:
    lectures = api.server.services.analytics.lectures
    lectures.at_least = 2
    pupils = [await student(api, f"pupil{number}") for number in range(5)]
    path = f"{BASE}/lecture/{recording}"
    for pupil, length in zip(pupils, (60, 90, 120, 300, 600), strict=True):
        await send(api, pupil, 0, event("started", recording, position=0))
        await time_passes(api, pupil, length)
        played = event("progress", recording, segments=[segment(0, length)])
        assert (await send(api, pupil, 1, played)).body["refused"] == []
        if pupil is pupils[2]:
            first = (await api.call("GET", path, by=pupils[0])).body
    assert (first["unique_viewers"], first["average_completion"], first["completion_rate"]) == (2, 20, 0)
    assert [first["heatmap"][index]["viewers"] for index in (0, 25, 35)] == [2, 2, 0]
    assert [first["heatmap"][index]["remaining"] for index in (0, 25, 35)] == [1, 0.7, 0]
    assert (await api.call("GET", path, by=pupils[4])).body == first
    lectures._clock = lambda: datetime.now(UTC) + timedelta(days=1)
    later = (await api.call("GET", path, by=pupils[0])).body
    assert (later["unique_viewers"], later["average_completion"], later["completion_rate"]) == (4, 40, 20)


async def test_the_check_finds_figures_that_the_log_does_not_say(api: Api, recording: str) -> None:
    pupil, database = await student(api, "pupil"), api.server.services.database
    await send(
        api, pupil, 0, event("started", recording), event("progress", recording, segments=[segment(0, 2)])
    )
    async with database.read() as tx:
        assert [one async for one in differing_rollups(tx)] == []
    async with database.transaction() as tx:
        await tx.execute(update(recording_viewers).values(passes=[9] * 200))
    async with database.read() as tx:
        [sentence] = [one async for one in differing_rollups(tx)]
    assert "heat" in sentence and recording in sentence


@pytest.mark.drawn(2)
@pytest.mark.parametrize(
    "broken",
    [
        update(analytics_events).values(data=[1]),
        update(analytics_events).values(data={"counted": [[1]], "position_ms": "x"}),
        update(playback_sessions).values(quality_ms=7),
        update(recording_viewers).values(passes={"a": None}),
        "UPDATE analytics_events SET data = 'no JSON'",
        "UPDATE playback_sessions SET quality_ms = '{'",
        "UPDATE recording_viewers SET passes = ''",
    ],
    ids=["log", "log_within", "page", "passes", "log_text", "page_text", "passes_text"],
)
async def test_the_check_names_rows_that_are_malformed_and_goes_on(
    api: Api, recording: str, broken: Any
) -> None:
    database, pupils = api.server.services.database, [await student(api, name) for name in ("ada", "ben")]
    if isinstance(broken, str) and database.url.dialect is not Dialect.SQLITE:
        return  # PostgreSQL takes JSON alone
    for pupil in pupils:
        await send(
            api, pupil, 0, event("started", recording), event("progress", recording, segments=[segment(0, 2)])
        )
    if isinstance(broken, str):
        broken = text(f"{broken} WHERE user_id = '{pupils[0].user_id}'")
    else:
        broken = broken.where(broken.table.c.user_id == pupils[0].user_id)
    async with database.transaction() as tx:
        await tx.execute(broken)
        await tx.execute(
            update(recording_viewers)
            .where(recording_viewers.c.user_id == pupils[1].user_id)
            .values(passes=[9] * 200)
        )
    async with database.read() as tx:
        told = [one async for one in differing_rollups(tx)]
    assert any(pupils[0].user_id in one and recording in one for one in told), told
    assert any(pupils[1].user_id in one and "heat" in one for one in told), told


async def test_passes_of_a_recording_that_grew_are_made_anew(api: Api, teacher: Person) -> None:
    room, database = await make_room(api, teacher), api.server.services.database
    recording = await add_finished(api, room, teacher, duration_ms=10_000)
    pupil = await student(api, "pupil")
    await send(api, pupil, 0, event("progress", recording, segments=[segment(0, 2)]))
    async with database.transaction() as tx:
        await tx.execute(
            update(recording_viewers).values(duration_ms=0, passes=[])
        )  # as while it was recorded
    found = (await metrics(api, pupil, recording, pupil)).body
    assert found["passes"] == [1, 1] + [0] * 8


async def test_pages_that_play_on_after_a_recording_grew_count_no_bin_twice(api: Api, recording: str) -> None:
    settled, with_pages = await student(api, "settled"), await student(api, "pages")
    for pupil in (settled, with_pages):
        await send(api, pupil, 0, event("progress", recording, segments=[segment(0, 2)]))
        await time_passes(api, pupil, 20)
    database = api.server.services.database
    async with database.transaction() as tx:  # as while it was recorded
        await tx.execute(update(recording_viewers).values(duration_ms=0, passes=[]))
        await tx.execute(update(playback_sessions).values(run_end_ms=None))
    begins = event("progress", recording, segments=[segment(0, 1)])
    assert (await send(api, with_pages, 0, begins, session="0190f0a0-other")).body["refused"] == []
    assert (await metrics(api, settled, recording, settled)).body["passes"][:2] == [1, 0]
    for pupil, expected in ((settled, [1, 1, 0]), (with_pages, [2, 1, 0])):
        goes_on = event("progress", recording, segments=[segment(2, 4)])
        assert (await send(api, pupil, 1, goes_on)).body["refused"] == []
        assert (await metrics(api, pupil, recording, pupil)).body["passes"][:3] == expected
    async with database.read() as tx:
        assert [one async for one in differing_rollups(tx)] == []


async def test_a_batch_looked_up_before_a_recordings_end_takes_no_passes_back(
    api: Api, recording: str
) -> None:
    pupil, late, services = await student(api, "pupil"), await student(api, "late"), api.server.services
    await send(api, pupil, 0, event("progress", recording, segments=[segment(0, 2)]))
    await time_passes(api, pupil, 20)
    async with services.database.read() as tx:
        found = await find_recording(tx, recording)
    assert found is not None
    before = replace(found, status=Status.RECORDING, duration_ms=2000)
    writer = IntakeWriter(services.database, services.analytics.rollups, lambda: datetime.now(UTC))
    for one, seq in ((pupil, 1), (late, 0)):
        goes_on = event("progress", recording, segments=[segment(2, 4)])
        said = SendEvents.model_validate({"session_id": SESSION, "seq": seq, "events": [goes_on]})
        [outcome] = await writer.write([SentBatch.of(one.user_id, said, {recording: before}, ())])
        assert outcome.accepted == 1 and not outcome.refused
    async with services.database.read() as tx:
        kept = await find_viewer(tx, pupil.user_id, recording)
        assert kept is not None and (kept.duration_ms, kept.passes[:3]) == (LENGTH_S * 1000, [1, 1, 0])
    assert (await metrics(api, late, recording, late)).body["passes"][:3] == [1, 1, 0]
    async with services.database.read() as tx:
        assert [one async for one in differing_rollups(tx)] == []


async def test_a_loop_of_new_pages_is_kept_as_one(
    api: Api, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback_store, "MAX_PAGES", 3)
    loops, other = await student(api, "loops"), await student(api, "other")
    for number in range(7):
        said = (
            event("paused", recording),
            event("progress", recording, segments=[segment(number, number + 0.1)]),
        )
        assert (await send(api, loops, 0, *said, session=f"0190f0a0-{number}")).body["accepted"] == 2
    await send(api, loops, 1, event("paused", recording), session="0190f0a0-1")  # one that there is goes on
    await send(api, other, 0, event("paused", recording))
    database = api.server.services.database
    async with database.read() as tx:
        found = {one.session_id: one for one in await sessions_of(tx, recording, loops.user_id)}
        assert found.keys() == {"0190f0a0-0", "0190f0a0-1", "0190f0a0-2", MORE_PAGES}
        assert {one.session_id: one.pauses for one in found.values()}[MORE_PAGES] == 4
        assert found["0190f0a0-1"].pauses == 2
        assert [one.session_id for one in await sessions_of(tx, recording, other.user_id)] == [SESSION]
        assert [one async for one in differing_rollups(tx)] == []


async def test_who_sends_again_within_half_a_minute_is_not_asked_what_they_see(
    api: Api, recording: str, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupil, ticks = await student(api, "pupil"), event("paused", recording)
    services = api.server.services
    now_s, asked = [1000.0], 0
    monkeypatch.setattr(services.analytics.intake._seen, "_monotonic", lambda: now_s[0])
    real = services.recordings.get

    async def get(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        return await real(*args)

    monkeypatch.setattr(services.recordings, "get", get)
    for seq, at_s in enumerate((0, 10, 29.9, 30.1, 40)):
        now_s[0] = 1000 + at_s
        assert (await send(api, pupil, seq, ticks)).body["accepted"] == 1
    assert asked == 2
    now_s[0] += 1
    hidden = await api.call("PATCH", f"/api/v1/recordings/{recording}", {"visibility": "staff"}, by=teacher)
    assert hidden.status == 200, hidden
    assert (await send(api, pupil, 5, ticks)).body["accepted"] == 0
    assert (await send(api, teacher, 0, ticks)).body["accepted"] == 1
    async with services.database.transaction() as tx:  # as another process does it, unheard
        await tx.execute(delete(recordings).where(recordings.c.id == recording))
    late = (await send(api, teacher, 1, ticks)).body
    assert [one["reason"] for one in late["refused"]] == ["no_such_recording"]


async def test_the_log_is_forgotten_in_time_and_figures_stay(
    api: Api, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupil, services = await student(api, "pupil"), api.server.services
    await send(api, pupil, 0, event("progress", recording, segments=[segment(0, 2)]))
    services.analytics.rollups._clock = lambda: datetime.now(UTC) + timedelta(days=401)
    for seq in range(1, 8):
        await send(api, pupil, seq, event("paused", recording))
    monkeypatch.setattr("vtp.analytics.rollups.FORGOTTEN_AT_ONCE", 3)
    with removals() as removed:
        await services.analytics.rollups.trim()
    assert sum(removed) == 8 + 8 and max(removed) <= 3, "batches and events, a few at a time"
    async with services.database.read() as tx:
        for table in (analytics_events, analytics_batches):
            assert (await tx.execute(select(table))).first() is None
    assert (await metrics(api, pupil, recording, pupil)).body["watched_seconds"] == 2


async def test_heat_of_what_was_watched_while_it_grew_outlives_its_log(api: Api, recording: str) -> None:
    database, rollups = api.server.services.database, api.server.services.analytics.rollups
    growing = update(recordings).where(recordings.c.id == recording)
    async with database.transaction() as tx:
        await tx.execute(growing.values(status=Status.RECORDING, duration_ms=0))
    pupil = await student(api, "pupil")
    sent = await send(api, pupil, 0, event("progress", recording, segments=[segment(0, 2.5)]))
    assert sent.body["refused"] == []
    rollups.keep_days, rollups._clock = 1, lambda: datetime.now(UTC) + timedelta(days=2)
    await rollups.trim()
    async with database.transaction() as tx:
        assert (await tx.execute(select(analytics_events))).first() is not None, "it is still to be counted"
        await tx.execute(growing.values(status=Status.READY, duration_ms=LENGTH_S * 1000))
    await rollups.trim()
    async with database.read() as tx:
        assert (await tx.execute(select(analytics_events))).first() is None
    assert (await metrics(api, pupil, recording, pupil)).body["passes"][:2] == [1, 0]


async def test_numbers_of_batches_outlive_the_log_as_long_as_pages_send_again(
    api: Api, recording: str
) -> None:
    pupil, rollups = await student(api, "pupil"), api.server.services.analytics.rollups
    batch = event("progress", recording, segments=[segment(0, 2)])
    await send(api, pupil, 0, batch)
    rollups.keep_days, rollups._clock = 1, lambda: datetime.now(UTC) + timedelta(days=29)
    await rollups.trim()
    await time_passes(api, pupil, 29 * 86_400)
    assert (await send(api, pupil, 0, batch)).body["repeated"] is True
    assert (await metrics(api, pupil, recording, pupil)).body["total_watch_time_seconds"] == 2
