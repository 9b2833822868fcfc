"""Streams by every kind of caller."""

from __future__ import annotations

from tests.api.callers import MISSING, Endpoint, assert_statuses, everybody, of
from tests.api.recording_material import add_finished
from tests.api.stream_material import start_stream
from tests.serving import Api, Person
from vtp.faces import build_tables

TAGS = ("streams", "live", "edges", "streaming")
RECORDINGS = "/api/v1/recordings/{id}"
STREAMING = "/api/v1/streaming"
REPORT = {
    "segment_number": 1,
    "download_time_ms": 100,
    "bytes_downloaded": 100_000,
    "bitrate_kbps": 500,
    "buffer_occupancy_percent": 80,
}
BASE = "/api/v1/streams"
#                 nobody new stu view ass tea own adm room elsewhere
STAFF = of("       401 403 403 403 200 200 200 200 403 403")
VIEWERS = of("     401 403 200 200 200 200 200 200 200 403")
OWNERS = of("      401 403 403 403 403 403 200 200 403 403")
RECORD = of("      401 403 403 403 201 409 409 409 403 403")
UNKNOWN = of("     401 404 404 404 404 404 404 404 404 404")
JOIN = {"action": "join", "viewer_id": "desk 4"}


def endpoints(stream: str, recording: str) -> list[Endpoint]:
    """The tables; `stream` is that of this recording of the room physics, made by its owner."""
    route = f"{BASE}/{{id}}"
    return [
        Endpoint(
            "POST",
            f"{BASE}/start",
            of("401 403 403 403 201 409 409 409 403 403"),
            body={"room_id": "physics"},
        ),
        Endpoint(
            "POST",
            f"{BASE}/start",
            of("401 403 403 403 403 403 409 409 403 403"),
            body={"recording_id": recording},
        ),
        Endpoint("GET", "/api/v1/rooms/physics/stream", STAFF, "/api/v1/rooms/{room}/stream"),
        Endpoint("GET", f"{BASE}/{stream}", OWNERS, route),
        Endpoint("PATCH", f"{BASE}/{stream}", OWNERS, route, body={"max_viewers": 0}),
        Endpoint("POST", f"{BASE}/{stream}", of("401 403 200 200 200 200 200 200 200 403"), route, body=JOIN),
        Endpoint("GET", f"{BASE}/{MISSING}", UNKNOWN, route),
        Endpoint("POST", f"{BASE}/{MISSING}", UNKNOWN, route, body=JOIN),
        Endpoint("POST", f"{BASE}/{stream}/stop", OWNERS, f"{route}/stop"),
        Endpoint(
            "GET",
            "/live/physics/master.m3u8",
            of("401 403 503 503 503 503 503 503 503 403"),
            "/live/{room}/master.m3u8",
        ),
        *_abr(f"/api/v1/recordings/{recording}/abr"),
        *(
            Endpoint(method, f"{STREAMING}{path}", statuses, f"{STREAMING}{route}", body=body)
            for method, path, route, statuses, body in (
                ("GET", "/rooms/physics/participants", "/rooms/{room}/participants", STAFF, None),
                ("POST", "/rooms/physics/record", "/rooms/{room}/record", RECORD, {}),
                ("GET", f"/sessions/{recording}/metrics", "/sessions/{id}/metrics", STAFF, None),
                ("POST", f"/sessions/{recording}/stop-record", "/sessions/{id}/stop-record", STAFF, None),
            )
        ),
    ]


def _abr(at: str) -> list[Endpoint]:
    return [
        Endpoint("POST", f"{at}/quality", VIEWERS, f"{RECORDINGS}/abr/quality", body={"bandwidth": 900}),
        Endpoint("POST", f"{at}/metrics", VIEWERS, f"{RECORDINGS}/abr/metrics", body=REPORT),
        Endpoint("GET", f"{at}/stats", VIEWERS, f"{RECORDINGS}/abr/stats"),
    ]


async def test_every_caller_gets_what_the_tables_say(api: Api) -> None:
    callers = await everybody(api)
    owner = callers["owner"]
    assert isinstance(owner, Person)
    room_id = (await api.call("GET", "/api/v1/rooms/physics", by=owner)).body["room_id"]
    recording_id = await add_finished(api, room_id, owner)
    started = await start_stream(api, owner, room_id="", recording_id=recording_id)
    await assert_statuses(api, endpoints(started["stream_id"], recording_id), callers)


ELSEWHERE = {
    ("GET", "/live/{room}/{source}/{track}/{name}"),
    ("POST", "/api/v1/edges/report"),
    ("POST", "/api/v1/edges/grants"),
}
"""Opened by grants (test_streams.py), or by the key of all grants (test_edge.py)."""


async def test_the_tables_cover_every_endpoint(api: Api) -> None:
    tables = [table for table in build_tables(api.server.services) if table.tag in TAGS]
    routes = {(route.method, route.path) for table in tables for route in table.routes}
    assert routes == {one.declared for one in endpoints(MISSING, MISSING)} | ELSEWHERE
