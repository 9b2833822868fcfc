"""An edge before a running server: the same media to the same people, each thing fetched once for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.recording_material import Fetched, add_finished, fetch_at, grant_of, make_room
from tests.api.stream_material import BASE as STREAMS
from tests.api.stream_material import start_stream, state_of, tune_in, until_listed
from tests.api.test_express import wire
from tests.api.test_recordings_class import publisher, until
from tests.serving import Api, Person
from vtp.edge import door as door_module
from vtp.edge.server import Edge, start_edge
from vtp.errors import StartupError
from vtp.settings import HttpSettings, Settings

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


def settings_of(secrets: Path) -> Settings:
    http = HttpSettings(host="127.0.0.1", port=0, tls="off")
    return Settings(data_dir=secrets.parent / "edge", secrets_dir=str(secrets), http=http)


@dataclass(frozen=True)
class Player:
    """Fetches by the edge, with a cookie that the origin gave."""

    edge: Edge
    cookie: str

    async def get(self, path: str, **headers: str) -> Fetched:
        sent = {"Cookie": self.cookie} if self.cookie else {}
        return await fetch_at(f"http://127.0.0.1:{self.edge.port}{path}", **sent, **headers)


@asynccontextmanager
async def edge_of(api: Api, tmp_path: Path, memory_mib: int = 16) -> AsyncIterator[Edge]:
    edge = await start_edge(settings_of(tmp_path / "data" / "secrets"), api.base_url, memory_mib)
    try:
        yield edge
    finally:
        await edge.close()


def asked(api: Api, ending: str) -> float:
    """How often the origin was asked for what ends so."""
    text = api.server.services.metrics.render()[0].decode()
    lines = [line for line in text.splitlines() if line.startswith("vtp_http_requests_total")]
    return sum(float(line.split()[-1]) for line in lines if ending in line)


async def test_a_recording_is_the_same_by_an_edge_and_fetched_once(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    people = [await api.person("student", f"{n}@x.example") for n in "ab"]
    cookies = [await grant_of(api, recording_id, one) for one in people]
    folder = f"{BASE}/{recording_id}/stream"
    names = ("master.m3u8", "video/playlist.m3u8", "video/init-0.mp4", "video/seg-00001.m4s", "manifest.mpd")
    async with edge_of(api, tmp_path) as edge:
        players = [Player(edge, cookie) for cookie in cookies]
        before = asked(api, "/stream/{track}/{name}")
        for name in names:
            got = await asyncio.gather(*(player.get(f"{folder}/{name}") for player in players))
            origin = await fetch_at(f"{api.base_url}{folder}/{name}", Cookie=cookies[0])
            for answer in got:
                assert (answer.status, answer.body) == (200, origin.body), name
                for field in ("Content-Type", "ETag", "Cache-Control", "X-Content-Type-Options"):
                    assert answer.headers.get(field) == origin.headers.get(field), (name, field)
        assert asked(api, "/stream/{track}/{name}") == before + 3 + 3  # by the edge, and by this test
        zipped = await players[0].get(f"{folder}/video/playlist.m3u8", Accept_Encoding="gzip")
        assert zipped.headers["Content-Encoding"] == "gzip"
        whole = (await players[0].get(f"{folder}/video/seg-00001.m4s")).body
        some = await players[0].get(f"{folder}/video/seg-00001.m4s", Range="bytes=100-199")
        assert (some.status, some.body) == (206, whole[100:200])
        assert some.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
        outside = await players[0].get(f"{folder}/video/seg-00001.m4s", Range="bytes=99999999-")
        assert outside.status == 416
        same = await players[0].get(f"{folder}/video/seg-00001.m4s", If_None_Match=some.headers["ETag"])
        assert (same.status, same.body) == (304, b"")
        assert (await players[0].get(f"{folder}/video/playlist.m3u8?_HLS_skip=maybe")).status == 400
        log = (await api.call("GET", f"{BASE}/{recording_id}/access-log", by=teacher)).body["items"]
        assert {one["user_id"] for one in log} == {one.user_id for one in people}
        before = asked(api, "/stream/{track}/{name}")
        missing = await players[0].get(f"{folder}/video/seg-09999.m4s")
        assert asked(api, "/stream/{track}/{name}") == before + 1
        assert missing.status == 404 and missing.headers["Content-Type"] == "application/problem+json"
        assert (await players[0].get(f"{BASE}/{recording_id}/download")).status == 404
        assert (await players[0].get("/health")).status == 200


async def test_who_has_no_grant_gets_nothing_from_an_edge(api: Api, teacher: Person, tmp_path: Path) -> None:
    room = await make_room(api, teacher)
    mine, other = [await add_finished(api, room, teacher) for _ in range(2)]
    cookie = await grant_of(api, mine, teacher)
    path = f"{BASE}/{mine}/stream/video/seg-00001.m4s"
    async with edge_of(api, tmp_path) as edge:
        assert (await Player(edge, cookie).get(path)).status == 200
        for wrong in ("", cookie[:-2], "vtp_media="):
            assert (await Player(edge, wrong).get(path)).status == 401
        assert (await Player(edge, cookie).get(path.replace(mine, other))).status == 401
        token = {"Authorization": "Bearer x.y.z"}
        assert (await Player(edge, "").get(path, **token)).status == 401
        for clip in ("", "?from=0&to=2"):
            made = await api.call("GET", f"{BASE}/{mine}/download-url{clip}", by=teacher)
            grant = made.body["url"].partition("grant=")[2]
            assert (await Player(edge, "").get(f"{path}?grant={grant}")).status == 401
            assert (await Player(edge, f"vtp_media={grant}").get(path)).status == 401


async def test_a_right_that_is_taken_away_ends_at_the_edge_too(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    student = await api.person("student")
    cookie = await grant_of(api, recording_id, student)
    path = f"{BASE}/{recording_id}/stream/video/seg-00001.m4s"
    async with edge_of(api, tmp_path) as edge:
        player = Player(edge, cookie)
        assert (await player.get(path)).status == 200
        await api.call("POST", "/api/v1/auth/logout", {}, by=student)

        async def is_refused() -> bool:
            return (await player.get(path)).status == 401

        async with asyncio.timeout(door_module.ASK_EVERY_S * 2 + 3):
            await until(is_refused)


async def test_viewers_of_an_edge_are_counted_and_bounded_with_all_others(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    started = await start_stream(api, teacher, room_id="", recording_id=recording_id, max_viewers=1)
    cookies = [await grant_of(api, recording_id, await api.person("student", f"{n}@x.example")) for n in "ab"]
    path = f"{BASE}/{recording_id}/stream/video/seg-00001.m4s"
    async with edge_of(api, tmp_path) as edge:
        first, second = (Player(edge, cookie) for cookie in cookies)
        got = await first.get(path)
        full = await second.get(path)
        assert full.status == 503 and int(full.headers["Retry-After"]) > 0

        async def is_told() -> bool:
            state = await state_of(api, teacher, started["stream_id"])
            return bool(state["total_bytes_served"] == len(got.body))

        await until(is_told)
        state = await state_of(api, teacher, started["stream_id"])
        assert (state["active_viewers"], state["peak_viewers"]) == (1, 1)
        assert state["viewers"][0]["segments_received"] == 1
        gone = {"action": "leave", "viewer_id": state["viewers"][0]["viewer_id"]}
        await api.call("POST", f"{STREAMS}/{started['stream_id']}", gone, by=teacher)
        assert (await second.get(path)).status == 200


async def test_a_class_is_followed_live_by_an_edge(api: Api, teacher: Person, tmp_path: Path) -> None:
    await make_room(api, teacher)
    started = await start_stream(api, teacher)
    async with publisher(api, teacher) as browser, edge_of(api, tmp_path) as edge:
        await browser.publish(codec="video/H264")
        at_origin = await tune_in(api, teacher)
        playlist = await until_listed(at_origin, 1)
        player = Player(edge, at_origin.cookie)
        next_msn = playlist.text.count("#EXTINF")
        waited = f"{at_origin.folder}/video/playlist.m3u8?_HLS_msn={next_msn}"
        both = await asyncio.gather(player.get(waited), player.get(waited))
        assert {answer.status for answer in both} == {200} and both[0].body == both[1].body
        assert both[0].text.count("#EXTINF") > next_msn
        before = asked(api, "/live/{room}/{source}/{track}/{name}")
        playlist_at_edge = f"{at_origin.folder}/video/playlist.m3u8"
        wishes = [f"_HLS_msn={10**6 + n}&_HLS_part={n}" for n in range(60)]
        far = await asyncio.gather(*(player.get(f"{playlist_at_edge}?{wish}") for wish in wishes))
        assert {answer.status for answer in far} == {400}
        past = await asyncio.gather(
            *(player.get(f"{playlist_at_edge}?_HLS_msn=0&_HLS_part={n}") for n in range(60))
        )
        assert {answer.status for answer in past} == {200}
        assert asked(api, "/live/{room}/{source}/{track}/{name}") <= before + 4, "made up, each at the origin"
        segment = f"{at_origin.folder}/video/seg-00000.m4s"
        assert (await player.get(segment)).body == (await at_origin.get("video/seg-00000.m4s")).body
        joined = await api.call(
            "POST",
            f"{STREAMS}/{started['stream_id']}",
            {"action": "join", "viewer_id": "desk 4"},
            by=teacher,
        )
        stranger = Player(edge, "")
        first = await stranger.get(f"/live/physics/master.m3u8?grant={joined.body['grant']}")
        assert first.status == 200 and "Path=/live/physics;" in first.headers["Set-Cookie"]


async def test_what_is_in_memory_is_answered_past_aiohttp(api: Api, teacher: Person, tmp_path: Path) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/stream/video/seg-00001.m4s"
    async with edge_of(api, tmp_path) as edge, wire(edge.port) as line:
        slow = await line.get(path, f"Cookie: {cookie}")
        quick = await line.get(path, f"Cookie: {cookie}")
        other = await line.get(f"{path}?_HLS_msn=1&x=2", f"Cookie: {cookie}")
    assert (slow.past_aiohttp, quick.past_aiohttp, other.past_aiohttp) == (False, True, False)
    assert slow.body == quick.body == other.body
    changing = {"x-request-id", "date"}
    assert {k: v for k, v in quick.fields.items() if k not in changing} == {
        k: v for k, v in slow.fields.items() if k not in changing
    }


async def test_an_edge_without_the_key_of_its_origin_does_not_start(api: Api, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"media\.key"):
        await start_edge(settings_of(tmp_path / "other"), api.base_url, 16)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "media.key").write_bytes(b"k" * 32)
    with pytest.raises(StartupError, match="another media"):
        await start_edge(settings_of(tmp_path / "other"), api.base_url, 16)


async def test_a_forged_report_tells_nothing(api: Api) -> None:
    answer = await api.call("POST", "/api/v1/edges/report", {"edge": "1.p.e.x"})
    assert (answer.status, answer.body["code"]) == (401, "no_edge")
