"""Recordings by an address that holds its grant: for players that keep no cookies and send no tokens."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import av
import pytest

from tests.api.recording_material import add_finished, add_tracks, fetch, fetch_at, grant_of, make_room
from tests.api.stream_material import start_stream, state_of
from tests.api.test_edge import edge_of
from tests.api.test_express import wire
from tests.api.test_recordings_shares import share, show
from tests.serving import Api, Person
from vtp.edge.address import Address
from vtp.recording.grants import Scope
from vtp.recording.holders import holder_of_link_in_path

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"
VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\na\n"


async def address_of(api: Api, recording_id: str, by: Person | str, query: str = "") -> str:
    """The path of an address that somebody was given."""
    answer = await api.call("GET", f"{BASE}/{recording_id}/media-url{query}", by=by)
    assert answer.status == 200, answer
    url = str(answer.body["url"])
    assert url.startswith(f"{api.base_url}/media/t/") and url.endswith(f"/{recording_id}/master.m3u8")
    return urlsplit(url).path


def frames_of(url: str) -> tuple[int, int]:
    """How many pictures and sounds FFmpeg's own HLS player has, which knows no cookie."""
    with av.open(url, options={"allowed_extensions": "ALL"}) as media:
        pictures, sounds = media.streams.video[0], media.streams.audio[0]
        counts = {"video": 0, "audio": 0}
        for packet in media.demux(pictures, sounds):
            counts[packet.stream.type] += len(packet.decode())
    return counts["video"], counts["audio"]


async def test_a_player_without_cookies_plays_a_recording_whole(
    api: Api, teacher: Person, recording_id: str
) -> None:
    student = await api.person("student")
    path = await address_of(api, recording_id, student)
    pictures, sounds = await asyncio.to_thread(frames_of, f"{api.base_url}{path}")
    assert pictures == 120 and sounds > 150
    captions = await api.call(
        "PUT",
        f"{BASE}/{recording_id}/captions/de",
        by=teacher,
        data=VTT,
        headers={"Content-Type": "text/vtt"},
    )
    assert captions.status == 200
    master = await fetch(api, path)
    assert master.status == 200 and "Set-Cookie" not in master.headers
    folder = path.removesuffix("master.m3u8")
    uris = [line for line in master.text.splitlines() if line.endswith("playlist.m3u8")]
    assert uris and not any(uri.startswith("/") or "//" in uri for uri in uris), "children keep the grant"
    assert (await fetch(api, f"{folder}captions/de/playlist.m3u8")).status == 200
    assert (await fetch(api, f"{folder}captions/de/captions.vtt")).text.endswith("a\n")
    for name in ("manifest.mpd", "clock.txt", "playlist.m3u8", "video/seg-00001.m4s"):
        found = await fetch(api, f"{folder}{name}")
        assert found.status == 200 or name == "clock.txt", (name, found)


async def test_what_is_not_of_this_address_is_refused(api: Api, teacher: Person, recording_id: str) -> None:
    path = await address_of(api, recording_id, teacher)
    _, _, _, grant, _, _ = path.split("/")
    other = await add_finished(api, await make_room(api, teacher, "maths"), teacher)
    cookie = await grant_of(api, recording_id, teacher)
    grants = api.server.services.recording_parts.grants
    holder = holder_of_link_in_path("01890a5d-ac96-774b-bcce-b302099a8057")
    expired = grants.make(recording_id, Scope.PLAY, holder, -1)
    head, _, mac = grant.rpartition(".")
    later = f"{int(head.partition('.')[0]) + 1}.{head.partition('.')[2]}.{mac}"
    refused = {
        "another recording's": path.replace(recording_id, other),
        "tampered": path.replace(grant, later),
        "without its end": path.replace(grant, head),
        "expired": path.replace(grant, expired),
        "a cookie's": path.replace(grant, cookie.partition("=")[2]),
    }
    for what, one in refused.items():
        sent = {"Cookie": cookie, "Authorization": f"Bearer {teacher.access_token}"}
        answer = await fetch(api, one, **sent)  # whatever else vouches for who calls
        assert answer.status == 401, (what, answer)
    name = cookie.partition("=")[0]
    elsewhere = await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=f"{name}={grant}")
    assert elsewhere.status == 401, "it is good in its address alone"
    query = f"{BASE}/{recording_id}/download?grant={grant}"
    assert (await fetch(api, query)).status == 401
    too_long = await api.call("GET", f"{BASE}/{recording_id}/media-url?expires_in_s=99999999", by=teacher)
    assert too_long.status == 422
    assert (await api.call("GET", f"{BASE}/{recording_id}/media-url")).status == 401


async def test_unpublishing_ends_it_and_so_does_the_end_of_its_link(
    api: Api, teacher: Person, recording_id: str
) -> None:
    student = await api.person("student")
    own = await address_of(api, recording_id, student, "?expires_in_s=600")
    link = await share(api, recording_id, teacher, title="Parents")
    shared = urlsplit(link["media_url"]).path
    for path in (own, shared):
        assert (await fetch(api, path)).status == 200
    await show(api, recording_id, teacher, "staff")
    for path in (own, shared):
        assert (await fetch(api, path)).status in (401, 403), path
    await show(api, recording_id, teacher, "members")
    for path in (own, shared):
        assert (await fetch(api, path)).status == 200
    await api.call("DELETE", f"{BASE}/{recording_id}/shares/{link['id']}", by=teacher)
    assert (await fetch(api, shared)).status == 401
    assert (await fetch(api, own)).status == 200


async def test_it_shows_the_program_and_nobodys_own_track(
    api: Api, teacher: Person, recording_id: str
) -> None:
    await add_tracks(api, recording_id, [teacher.user_id])
    cookie = await grant_of(api, recording_id, teacher)
    assert (await fetch(api, f"{BASE}/{recording_id}/stream/p1/playlist.m3u8", Cookie=cookie)).status == 200
    folder = (await address_of(api, recording_id, teacher)).removesuffix("master.m3u8")
    assert (await fetch(api, f"{folder}p1/playlist.m3u8")).status == 404


async def test_an_edge_serves_it_and_keeps_one_copy_for_all(
    api: Api, teacher: Person, recording_id: str, tmp_path: Path
) -> None:
    student = await api.person("student")
    path = await address_of(api, recording_id, student)
    segment = path.replace("master.m3u8", "video/seg-00001.m4s")
    await add_tracks(api, recording_id, [teacher.user_id])
    async with edge_of(api, tmp_path) as edge:
        at = f"http://127.0.0.1:{edge.port}"
        pictures, _ = await asyncio.to_thread(frames_of, f"{at}{path}")
        assert pictures == 120
        found = await fetch_at(f"{at}{segment}")
        assert found.status == 200 and "Set-Cookie" not in found.headers
        assert found.headers["Access-Control-Allow-Origin"] == "*"
        assert (await fetch_at(f"{at}{path.replace('master.m3u8', 'p1/playlist.m3u8')}")).status == 404
        other = await address_of(api, recording_id, teacher)
        again = await fetch_at(f"{at}{other.replace('master.m3u8', 'video/seg-00001.m4s')}")
        assert again.body == found.body
        checked = await fetch_at(f"{at}/edge/check", X_Original_Path=segment)
        assert checked.status == 204
        forged = segment.replace("/media/t/", "/media/t/9")
        assert (await fetch_at(f"{at}{forged}")).status == 401
        assert (await fetch_at(f"{at}/edge/check", X_Original_Path=forged)).status == 401
        cookie = await grant_of(api, recording_id, teacher)
        swapped = segment.replace(segment.split("/")[3], cookie.partition("=")[2])
        assert (await fetch_at(f"{at}{swapped}")).status == 401
        await show(api, recording_id, teacher, "staff")
        begun_s = time.monotonic()
        while (await fetch_at(f"{at}{segment}")).status == 200:
            assert time.monotonic() - begun_s < 2.5
            await asyncio.sleep(0.05)
        assert (await fetch_at(f"{at}{segment}")).status in (401, 403)


async def test_pages_of_other_sites_may_play_what_an_address_opens(
    api: Api, teacher: Person, recording_id: str
) -> None:
    path = await address_of(api, recording_id, teacher)
    found = await fetch(api, path, Origin="https://elsewhere.example")
    assert found.headers["Access-Control-Allow-Origin"] == "*"
    assert found.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Credentials" not in found.headers
    assert found.headers["Referrer-Policy"] == "no-referrer"
    asked = {"Origin": "https://e.example", "Access-Control-Request-Method": "GET"}
    asked["Access-Control-Request-Headers"] = "range"
    async with aiohttp.ClientSession() as http, http.options(f"{api.base_url}{path}", headers=asked) as told:
        assert told.headers["Access-Control-Allow-Headers"] == "range"
        assert told.headers["Access-Control-Allow-Origin"] == "*"
    own = await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Origin="https://e.example")
    assert "Access-Control-Allow-Origin" not in own.headers


async def test_no_log_and_no_problem_has_the_grant(
    api: Api, teacher: Person, recording_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = await address_of(api, recording_id, teacher)
    grant = path.split("/")[3]
    with caplog.at_level(logging.DEBUG):
        problem = await fetch(api, path.replace("master.m3u8", "video/none.mp4"))
        assert (await fetch(api, path)).status == 200
    assert problem.status == 404 and grant not in problem.text
    assert f"/media/t/[token]/{recording_id}/video/none.mp4" in problem.text
    assert "/media/t/[token]/" in caplog.text
    vtp = [record for record in caplog.records if record.name.startswith("vtp")]
    assert vtp and not any(grant in record.getMessage() for record in vtp)
    page = await fetch(api, path.replace("master.m3u8", "none"), Accept="text/html")
    assert "<html" not in page.text


async def test_viewers_by_an_address_are_counted_also_past_aiohttp(
    api: Api, teacher: Person, recording_id: str
) -> None:
    stream = await start_stream(api, teacher, room_id="", recording_id=recording_id)
    path = await address_of(api, recording_id, teacher)
    playlist = path.replace("master.m3u8", "video/playlist.m3u8")
    assert (await fetch(api, playlist)).status == 200
    async with wire(api) as line:
        heard = await line.get(playlist)
    assert heard.status == 200 and heard.past_aiohttp
    assert heard.fields["cross-origin-resource-policy"] == "cross-origin"
    state = await state_of(api, teacher, stream["stream_id"])
    assert state["active_viewers"] == 1 and state["total_bytes_served"] >= 2 * len(heard.body)


def test_an_address_means_the_same_as_the_path_without_its_grant() -> None:
    one = "01890a5d-ac96-774b-bcce-b302099a8057"
    plain = Address.of(f"/api/v1/recordings/{one}/stream/p1/seg-00000.m4s")
    found = Address.of(f"/media/t/12.p.u.x/{one}/p1/seg-00000.m4s")
    assert plain is not None and found is not None and found.is_of_person
    assert (found.path, found.media_id, found.grant) == (plain.path, plain.media_id, "12.p.u.x")
    for path in (f"/media/t//{one}/master.m3u8", "/media/t/x/y/master.m3u8", f"/media/t/x/{one}/../a.m3u8"):
        assert Address.of(path) is None
