"""The older contract's adaptive streaming and rooms that are recorded, by its own field names."""

from __future__ import annotations

import re

import pytest

from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.api.stream_material import start_stream, state_of
from tests.api.test_recordings_class import publisher
from tests.serving import Api, Person
from vtp.streaming.abr import Level, advise, level_for
from vtp.streaming.abr_reports import GONE_S, MOST_SESSIONS, AbrReports, SegmentReport, carried_kbps, sum_up

RECORDINGS = "/api/v1/recordings"
STREAMING = "/api/v1/streaming"
REPORT = {
    "segment_number": 3,
    "request_time_ms": 20,
    "download_time_ms": 400,
    "bytes_downloaded": 100_000,
    "bitrate_kbps": 300,
    "buffer_occupancy_percent": 75,
}
LEVELS = [Level(number, f"{number}", kbps, None, None) for number, kbps in enumerate((200, 600, 1500))]


async def test_the_rung_for_a_bandwidth_is_the_one_that_the_playlist_promises(
    api: Api, teacher: Person
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    cookie = await grant_of(api, recording_id, teacher)
    master = (await fetch(api, f"{RECORDINGS}/{recording_id}/stream/master.m3u8", Cookie=cookie)).text
    offered = re.findall(r'BANDWIDTH=(\d+),.*RESOLUTION=(\d+x\d+).*AUDIO="aac"', master)
    assert len(offered) == 1
    [(bandwidth, resolution)] = offered
    at = f"{RECORDINGS}/{recording_id}/abr"
    student = await api.person("student")
    for kbps, fits in ((100_000, True), (1, False)):
        found = await api.call("POST", f"{at}/quality", {"bandwidth": kbps}, by=student)
        assert found.status == 200 and found.body.keys() == {
            "bitrate_level",
            "bitrate_label",
            "recommended_bitrate_kbps",
            "resolution",
            "frame_rate",
            "message",
            "timestamp",
        }
        assert found.body["recommended_bitrate_kbps"] == -(-int(bandwidth) // 1000)
        assert (found.body["resolution"], found.body["frame_rate"]) == (resolution, 30.0)
        assert ("carries nothing" in found.body["message"]) is not fits


async def test_reports_of_players_are_answered_summed_up_and_shown_with_viewers(
    api: Api, teacher: Person
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    stream = await start_stream(api, teacher, room_id="", recording_id=recording_id)
    at = f"{RECORDINGS}/{recording_id}/abr"
    students = [await api.person("student", f"s{number}@school.example") for number in range(2)]
    for student, percent in zip(students, (75, 5), strict=True):
        join = {"action": "join", "viewer_id": student.email}
        await api.call("POST", f"/api/v1/streams/{stream['stream_id']}", join, by=student)
        cookie = await grant_of(api, recording_id, student)
        await fetch(api, f"{RECORDINGS}/{recording_id}/stream/video/seg-00000.m4s", Cookie=cookie)
        body = REPORT | {"buffer_occupancy_percent": percent}
        taken = await api.call("POST", f"{at}/metrics", body, by=student)
        assert taken.status == 200 and taken.body["accepted"] is True
        assert "2000 kbit/s" in taken.body["message"]
        assert (taken.body["should_upscale"], taken.body["should_downscale"]) == (False, False), "one rung"
    own = (await api.call("GET", f"{at}/stats", by=students[0])).body
    assert own["recent_segments_count"] == 1 and own["average_buffer_health_percent"] == 75
    assert own["current_bitrate_kbps"] == 300 and own["average_download_time_ms"] == 400
    assert own["optimal_bitrate_kbps"] in own["available_bitrates_kbps"]
    everybody = (await api.call("GET", f"{at}/stats", by=teacher)).body
    assert everybody["recent_segments_count"] == 2 and everybody["average_buffer_health_percent"] == 40
    assert everybody["network_stats"]["viewers"] == 2
    assert everybody["network_stats"]["average_bandwidth_kbps"] == 2000
    shown = await state_of(api, teacher, stream["stream_id"])
    assert {5.0, 75.0} <= {one["buffer_health"] for one in shown["viewers"]}
    bad = await api.call("POST", f"{at}/metrics", REPORT | {"buffer_occupancy_percent": 101}, by=teacher)
    assert bad.status == 422 and bad.pointers == ["/buffer_occupancy_percent"]


@pytest.mark.parametrize(
    ("playing", "carried", "percent", "up", "down"),
    [
        (1, 2000.0, 80, True, False),
        (1, 2000.0, 30, False, False),
        (1, 599.0, 80, False, True),
        (1, 2000.0, 10, False, True),
        (0, 100.0, 5, False, False),
        (2, 9000.0, 80, False, False),
        (1, None, 80, False, False),
    ],
)
def test_players_go_up_with_room_and_a_buffer_and_down_before_it_is_empty(
    playing: int, carried: float | None, percent: float, up: bool, down: bool
) -> None:
    advice = advise(LEVELS, LEVELS[playing], carried, percent)
    assert (advice.up, advice.down) == (up, down)


def test_the_largest_rung_that_fits_is_chosen_or_the_smallest() -> None:
    assert [level_for(LEVELS, kbps).number for kbps in (0, 200, 599, 600, 5000)] == [0, 0, 0, 1, 2]


def test_old_reports_count_no_more_and_the_oldest_sessions_give_way() -> None:
    now_s = 0.0
    reports = AbrReports(lambda: now_s)
    one = SegmentReport(1, 10, 100, 25_000, 500, 50)
    reports.add("a", "ann", one)
    assert carried_kbps(reports.of("a", "ann")) == 2000
    assert reports.of("b", "ann") == [] == reports.of("a", "ben")
    now_s = GONE_S + 1
    assert reports.of_all("a") == []
    reports.add("a", "ben", one)
    for number in range(MOST_SESSIONS - 1):
        reports.add("b", str(number), one)
    assert sum_up(reports.of_all("a")).sessions == 1
    reports.add("b", "last", one)
    assert sum_up(reports.of_all("a")).sessions == 0
    nothing = SegmentReport(1, 0, 0, 0, 500, 50)
    assert carried_kbps([nothing]) is None and sum_up([]).carried_kbps is None


async def test_a_room_is_recorded_looked_at_and_stopped_by_the_older_paths(api: Api, teacher: Person) -> None:
    await make_room(api, teacher)
    rooms = f"{STREAMING}/rooms/physics"
    empty = (await api.call("GET", f"{rooms}/participants", by=teacher)).body
    assert (empty["participants"], empty["count"]) == ([], 0)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        started = await api.call("POST", f"{rooms}/record", {"title": "Optics", "format": "webm"}, by=teacher)
        assert started.status == 201 and started.body["status"] == "recording"
        recording_id = started.body["recording_id"]
        twice = await api.call("POST", f"{rooms}/record", by=teacher)
        assert twice.status == 409
        seen = (await api.call("GET", f"{rooms}/participants", by=teacher)).body
        [row] = seen["participants"]
        assert row.keys() >= {
            "user_id",
            "peer_id",
            "joined_at",
            "left_at",
            "producer_count",
            "consumer_count",
            "bytes_sent",
            "bytes_received",
            "packets_sent",
            "packets_lost",
        }
        assert row["user_id"] == teacher.user_id and row["producer_count"] >= 1 and row["left_at"] is None
        sessions = f"{STREAMING}/sessions/{started.body['session_id']}"
        going = (await api.call("GET", f"{sessions}/metrics", by=teacher)).body
        assert (going["status"], going["participant_count"]) == ("recording", 1)
        stopped = await api.call("POST", f"{sessions}/stop-record", by=teacher)
        assert stopped.status == 200 and stopped.body["recording_id"] == recording_id
        over = (await api.call("GET", f"{sessions}/metrics", by=teacher)).body
        assert over["status"] == stopped.body["status"] and over["participant_count"] == 0
    shown = (await api.call("GET", f"{RECORDINGS}/{recording_id}/analytics", by=teacher)).body
    lecture = (await api.call("GET", f"/api/v1/analytics/lecture/{recording_id}", by=teacher)).body
    assert shown == lecture and shown["recording_id"] == recording_id


async def test_a_session_may_be_named_by_its_stream(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    stream = await start_stream(api, teacher, room_id="", recording_id=recording_id)
    at = f"{STREAMING}/sessions/{stream['stream_id']}/metrics"
    found = (await api.call("GET", at, by=teacher)).body
    assert (found["recording_id"], found["stream_id"]) == (recording_id, stream["stream_id"])
    plain = await start_stream(api, teacher)
    unrecorded = await api.call("POST", f"{STREAMING}/sessions/{plain['stream_id']}/stop-record", by=teacher)
    assert (unrecorded.status, unrecorded.body["code"]) == (404, "not_recorded")
