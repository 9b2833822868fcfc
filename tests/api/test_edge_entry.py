"""Who comes to an edge with a token or by a link, for DASH or for participants' tracks: as at its origin."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.api.recording_material import Fetched, add_finished, add_tracks, fetch_at, grant_of, make_room
from tests.api.stream_material import BASE as STREAMS
from tests.api.stream_material import start_stream, state_of, tune_in, until_listed
from tests.api.test_edge import BASE, Player, asked, edge_of
from tests.api.test_express import wire
from tests.api.test_recordings_class import publisher, until
from tests.api.test_recordings_shares import share, show
from tests.serving import Api, Person
from vtp.edge import door as door_module
from vtp.edge.server import Edge
from vtp.recording.dash import MPD_TYPE
from vtp.recording.grants import TTL_S, Grants

pytestmark = pytest.mark.sqlite_alone


def token_of(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.access_token}"}


def cookie_in(answer: Fetched) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0]


async def at_edge(edge: Edge, path: str, **headers: str) -> Fetched:
    return await fetch_at(f"http://127.0.0.1:{edge.port}{path}", **headers)


async def test_dash_is_played_by_a_token_and_by_the_cookie_that_it_brings(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    student = await api.person("student")
    folder = f"{BASE}/{recording_id}/stream"
    async with edge_of(api, tmp_path) as edge:
        manifest = await at_edge(edge, f"{folder}/manifest.mpd", **token_of(student))
        origin = await fetch_at(f"{api.base_url}{folder}/manifest.mpd", **token_of(student))
        assert (manifest.status, manifest.headers["Content-Type"]) == (200, MPD_TYPE)
        assert manifest.body == origin.body
        assert f"Path=/api/v1/recordings/{recording_id};" in manifest.headers["Set-Cookie"]
        player = Player(edge, cookie_in(manifest))
        for name in ("time", "video/init-0.mp4", "video/seg-00000.m4s", "manifest.mpd"):
            got = await player.get(f"{folder}/{name}")
            assert got.status == 200 and "Set-Cookie" not in got.headers, name
        before = asked(api, "/stream/{name}")
        times = [(await player.get(f"{folder}/time")).text for _ in range(2)]
        assert times[0] < times[1], "a clock is not kept"
        assert asked(api, "/stream/{name}") == before + 2
        # a player that sends its token with everything, and no cookie: asked for once
        before = asked(api, "/api/v1/edges/grants")
        for name in ("manifest.mpd", "video/init-0.mp4", "video/seg-00001.m4s", "time"):
            assert (await at_edge(edge, f"{folder}/{name}", **token_of(student))).status == 200
        assert asked(api, "/api/v1/edges/grants") == before
        by_link = (await share(api, recording_id, teacher))["token"]
        assert (
            await at_edge(edge, f"{folder}/manifest.mpd", Authorization=f"Bearer {by_link}")
        ).status == 200
        log = (await api.call("GET", f"{BASE}/{recording_id}/access-log", by=teacher)).body["items"]
        assert student.user_id in {one["user_id"] for one in log}


async def test_what_is_refused_by_the_origin_is_refused_by_an_edge(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    room = await make_room(api, teacher)
    mine, other = [await add_finished(api, room, teacher) for _ in range(2)]
    link = (await share(api, other, teacher))["token"]
    async with edge_of(api, tmp_path) as edge:
        for path in (f"{BASE}/{mine}/stream/manifest.mpd", f"/live/{room}/master.m3u8"):
            for headers in (
                {},
                {"Authorization": "Bearer x.y.z"},
                {"Authorization": f"Bearer {link}"},
                {"Cookie": "vtp_media=1.p.o.x"},
            ):
                there = await fetch_at(f"{api.base_url}{path}", **headers)
                here = await at_edge(edge, path, **headers)
                assert there.status in (401, 403, 404), there
                assert (here.status, here.headers["Content-Type"]) == (
                    there.status,
                    "application/problem+json",
                )
                assert "Set-Cookie" not in here.headers


async def test_a_public_recording_is_anybodys_at_an_edge_too(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    folder = f"{BASE}/{recording_id}/stream"
    await show(api, recording_id, teacher, "public")
    async with edge_of(api, tmp_path) as edge:
        first = await at_edge(edge, f"{folder}/manifest.mpd")
        assert first.status == 200
        player = Player(edge, cookie_in(first))
        path = f"{folder}/video/seg-00000.m4s"
        assert (await player.get(path)).status == 200
        assert (await at_edge(edge, path)).status == 401, "each would be another viewer"
        await show(api, recording_id, teacher, "members")

        async def is_refused() -> bool:
            return (await player.get(path)).status in (401, 403)

        async with asyncio.timeout(door_module.ASK_EVERY_S * 2 + 0.5):
            await until(is_refused)
        assert (await at_edge(edge, f"{folder}/manifest.mpd")).status == 401


async def test_unpublishing_ends_what_a_token_opens_within_two_seconds(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    link = await share(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/stream/manifest.mpd"
    async with edge_of(api, tmp_path) as edge:
        token = {"Authorization": f"Bearer {link['token']}"}
        assert (await at_edge(edge, path, **token)).status == 200
        gone = await api.call("DELETE", f"{BASE}/{recording_id}/shares/{link['id']}", by=teacher)
        assert gone.status == 200

        async def is_refused() -> bool:
            return (await at_edge(edge, path, **token)).status == 401

        async with asyncio.timeout(door_module.ASK_EVERY_S * 2 + 0.5):
            await until(is_refused)


async def test_participants_tracks_are_at_an_edge_for_who_may_have_them(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    admin, ann = await api.person("admin"), await api.person("student")
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    await add_tracks(api, recording_id, [ann.user_id])
    link = (await share(api, recording_id, teacher))["token"]
    path = f"{BASE}/{recording_id}/stream/p1/seg-00000.m4s"
    account = await grant_of(api, recording_id, teacher)
    async with edge_of(api, tmp_path) as edge:
        guest = cookie_in(
            await at_edge(edge, f"{BASE}/{recording_id}/stream/master.m3u8", Authorization=f"Bearer {link}")
        )
        player = Player(edge, account)
        for name in ("playlist.m3u8", "init-0.mp4", "seg-00000.m4s"):
            here = path.replace("seg-00000.m4s", name)
            there = await fetch_at(f"{api.base_url}{here}", Cookie=account)
            got = await player.get(here)
            assert (got.status, got.body) == (200, there.body), name
            refused = await Player(edge, guest).get(here)
            assert (refused.status, refused.body and b"no_such_track" in refused.body) == (404, True)
        async with wire(edge.port) as line:
            quick = await line.get(path, f"Cookie: {account}")
            assert quick.past_aiohttp and quick.status == 200
            assert (await line.get(path, f"Cookie: {guest}")).status == 404
        checked = await at_edge(edge, "/edge/check", Cookie=guest, X_Original_Path=path)
        assert checked.status == 404
        assert (await at_edge(edge, "/edge/check", Cookie=account, X_Original_Path=path)).status == 204

        assert (await api.call("DELETE", f"/api/v1/users/{ann.user_id}", by=admin)).status == 204

        async def is_gone() -> bool:
            return (await player.get(path)).status == 404

        async with asyncio.timeout(3):
            await until(is_gone)


async def test_a_class_is_followed_by_a_token_at_an_edge(
    api: Api, teacher: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_room(api, teacher)
    await start_stream(api, teacher)
    student = await api.person("student")
    async with publisher(api, teacher) as browser, edge_of(api, tmp_path) as edge:
        await browser.publish(codec="video/H264")
        at_origin = await tune_in(api, teacher)
        await until_listed(at_origin, 1)
        master = await at_edge(edge, "/live/physics/master.m3u8", **token_of(student))
        assert master.status == 200 and "Path=/live/physics;" in master.headers["Set-Cookie"]
        player = Player(edge, cookie_in(master))
        assert (await player.get(f"{at_origin.folder}/video/playlist.m3u8")).status == 200
        # in time, who says who they are gets another grant; who does not goes on with theirs
        make, path = Grants.make, "/live/physics/master.m3u8"
        with monkeypatch.context() as patch:
            soon_s = time.time() + TTL_S / 3
            patch.setattr(Grants, "make", lambda *args, **_: make(*args, latest_s=soon_s))
            worn = cookie_in(await at_edge(edge, path, **token_of(teacher)))
        before = asked(api, "/api/v1/edges/grants")
        assert "Set-Cookie" not in (await at_edge(edge, path, Cookie=worn)).headers
        renewed = cookie_in(await at_edge(edge, path, Cookie=worn, **token_of(teacher)))
        assert renewed != worn and renewed.split(".")[1:3] == worn.split(".")[1:3]
        assert "Set-Cookie" not in (await at_edge(edge, path, Cookie=renewed, **token_of(teacher))).headers
        assert asked(api, "/api/v1/edges/grants") == before + 1


async def test_who_comes_by_a_link_stays_one_viewer_at_an_edge(
    api: Api, teacher: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_room(api, teacher)
    started = await start_stream(api, teacher, max_viewers=3)
    links, master = "/api/v1/rooms/physics/links", "/live/physics/master.m3u8"
    make, grants = Grants.make, "/api/v1/edges/grants"
    async with publisher(api, teacher) as browser, edge_of(api, tmp_path) as edge:
        await browser.publish(codec="video/H264")
        await until_listed(await tune_in(api, teacher), 1)
        token = (await api.call("POST", links, {}, by=teacher)).body["token"]
        by_link = {"Authorization": f"Bearer {token}"}
        with monkeypatch.context() as patch:
            soon_s = time.time() + TTL_S / 3
            patch.setattr(Grants, "make", lambda *args, **_: make(*args, latest_s=soon_s))
            worn = cookie_in(await at_edge(edge, master, **by_link))
        before = asked(api, grants)
        checked = await at_edge(edge, "/edge/check", Cookie=worn, X_Original_Path=master, **by_link)
        assert (checked.status, asked(api, grants)) == (204, before), "the cookie of it would be lost"
        renewed = cookie_in(await at_edge(edge, master, Cookie=worn, **by_link))
        assert renewed != worn and renewed.split(".")[2] == worn.split(".")[2], "with the visit"
        assert "Set-Cookie" not in (await at_edge(edge, master, Cookie=renewed, **by_link)).headers
        assert asked(api, grants) == before + 1
        state = await state_of(api, teacher, started["stream_id"])
        assert (state["active_viewers"], state["peak_viewers"]) == (2, 2)

        student = await api.person("student")
        with monkeypatch.context() as patch:
            patch.setattr(Grants, "make", lambda *args, **_: make(*args, latest_s=soon_s))
            wish = {"action": "join", "viewer_id": "desk", "initial_bitrate": 500}
            joined = (await api.call("POST", f"{STREAMS}/{started['stream_id']}", wish, by=student)).body
        path = f"{master}?grant={joined['grant']}"
        renewed = cookie_in(await at_edge(edge, path, **token_of(student)))
        assert renewed.split(".")[2] == joined["grant"].split(".")[2], "with the place that they took"
        state = await state_of(api, teacher, started["stream_id"])
        assert (state["active_viewers"], state["peak_viewers"]) == (3, 3)

        # whose token is somebody else's goes on as they are
        other = (await api.call("POST", links, {}, by=teacher)).body["token"]
        before = asked(api, grants)
        for _ in range(2):
            answer = await at_edge(edge, master, Cookie=worn, Authorization=f"Bearer {other}")
            assert answer.status == 200 and "Set-Cookie" not in answer.headers
        assert asked(api, grants) == before + 1
        assert (await state_of(api, teacher, started["stream_id"]))["peak_viewers"] == 3


async def test_who_watches_a_recording_by_its_link_stays_one_viewer_at_an_edge(
    api: Api, teacher: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    by_link = {"Authorization": f"Bearer {(await share(api, recording_id, teacher))['token']}"}
    make, master = Grants.make, f"{BASE}/{recording_id}/stream/master.m3u8"
    async with edge_of(api, tmp_path) as edge:
        with monkeypatch.context() as patch:
            soon_s = time.time() + TTL_S / 3
            patch.setattr(Grants, "make", lambda *args, **_: make(*args, latest_s=soon_s))
            worn = cookie_in(await at_edge(edge, master, **by_link))
        renewed = cookie_in(await at_edge(edge, master, Cookie=worn, **by_link))
        assert renewed != worn and renewed.split(".")[2] == worn.split(".")[2], "with the visit"


async def test_a_grant_that_ends_with_its_link_is_followed_by_no_other(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    await make_room(api, teacher)
    await start_stream(api, teacher)
    wish, master = {"expires_in_s": TTL_S // 3}, "/live/physics/master.m3u8"
    token = (await api.call("POST", "/api/v1/rooms/physics/links", wish, by=teacher)).body["token"]
    by_link = {"Authorization": f"Bearer {token}"}
    async with publisher(api, teacher) as browser, edge_of(api, tmp_path) as edge:
        await browser.publish(codec="video/H264")
        await until_listed(await tune_in(api, teacher), 1)
        cookie = cookie_in(await at_edge(edge, master, **by_link))
        before = asked(api, "/api/v1/edges/grants")
        for _ in range(3):
            answer = await at_edge(edge, master, Cookie=cookie, **by_link)
            assert answer.status == 200 and "Set-Cookie" not in answer.headers
        assert asked(api, "/api/v1/edges/grants") == before + 1, "it has learned that"
        answer = await fetch_at(f"{api.base_url}{master}", Cookie=cookie, **by_link)
        assert answer.status == 200 and "Set-Cookie" not in answer.headers
