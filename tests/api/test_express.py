"""Media that is answered past aiohttp, over real connections: as aiohttp answers it, and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.api.recording_material import add_finished, grant_of, make_room
from tests.api.test_recordings_class import publisher, start, until, until_segments
from tests.serving import Api, Person
from vtp.recording.live_view import LiveView

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


@dataclass(frozen=True)
class Heard:
    """One answer. `past_aiohttp`: by its id, which is the process's and a number."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def past_aiohttp(self) -> bool:
        return "." in self.fields["x-request-id"]


class Wire:
    """A connection whose bytes are sent as they are given."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    def head(self, path: str, *fields: str, method: str = "GET") -> bytes:
        return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {self._host}", *fields, "", "")).encode()

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def hear(self) -> Heard:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(": ") for line in head[1:] if line)
        fields = {name.lower(): value for name, _, value in pairs}
        body = await self._reader.readexactly(int(fields.get("content-length", 0)))
        return Heard(int(head[0].split()[1]), fields, body)

    async def get(self, path: str, *fields: str) -> Heard:
        await self.send(self.head(path, *fields))
        return await self.hear()


@asynccontextmanager
async def wire(server: Api | int) -> AsyncIterator[Wire]:
    """To a server, or to a port of this machine."""
    port = server if isinstance(server, int) else server.server.listening.http_port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer, f"127.0.0.1:{port}")
    finally:
        writer.close()


@dataclass(frozen=True)
class Played:
    """A finished recording, a cookie that opens it, and two of its addresses."""

    id: str
    cookie: str
    playlist: str
    part: str


@pytest.fixture
async def played(api: Api, teacher: Person) -> Played:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    cookie = await grant_of(api, recording_id, teacher)
    folder = f"{BASE}/{recording_id}/stream/video"
    return Played(recording_id, f"Cookie: {cookie}", f"{folder}/playlist.m3u8", f"{folder}/seg-00000.0.m4s")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("what", ["playlist", "part"])
async def test_what_is_in_memory_is_answered_as_aiohttp_answers_it(
    api: Api, played: Played, what: str, encoding: str
) -> None:
    path = played.playlist if what == "playlist" else played.part
    accepts = f"Accept-Encoding: {encoding}"
    async with wire(api) as line:
        await line.get(played.playlist, played.cookie)  # brings it into memory
        quick = await line.get(path, played.cookie, accepts)
        slow = await line.get(path, played.cookie, accepts, "X-Request-ID: by-aiohttp")
    assert quick.past_aiohttp and not slow.past_aiohttp
    assert (quick.status, quick.body) == (slow.status, slow.body) == (200, slow.body)
    changing = {"x-request-id", "date"}
    assert {k: v for k, v in quick.fields.items() if k not in changing} == {
        k: v for k, v in slow.fields.items() if k not in changing
    }


async def test_nobody_is_answered_without_a_grant_that_is_good(api: Api, played: Played) -> None:
    async with wire(api) as line:
        assert (await line.get(played.playlist, played.cookie)).status == 200
        assert (await line.get(played.playlist, played.cookie)).past_aiohttp
        for cookie in ("Cookie: other=1", played.cookie[:-2], f"{played.cookie}; {played.cookie[8:]}x"):
            refused = await line.get(played.playlist, cookie)
            assert refused.status in (200, 401) and not refused.past_aiohttp, cookie
        other = played.playlist.replace(played.id, played.id[:-1] + ("0" if played.id[-1] != "0" else "1"))
        assert (await line.get(other, played.cookie)).status == 401


async def test_a_recording_in_the_trash_is_answered_no_more(
    api: Api, teacher: Person, played: Played
) -> None:
    async with wire(api) as line:
        await line.get(played.playlist, played.cookie)
        assert (await line.get(played.part, played.cookie)).past_aiohttp
        await api.call("DELETE", f"{BASE}/{played.id}", by=teacher)
        gone = [await line.get(path, played.cookie) for path in (played.part, played.playlist)]
    assert [answer.status for answer in gone] == [410, 410]


async def test_a_signed_out_viewer_is_answered_no_more(api: Api, teacher: Person, played: Played) -> None:
    async with wire(api) as line:
        await line.get(played.playlist, played.cookie)
        assert (await line.get(played.part, played.cookie)).past_aiohttp
        await api.call("POST", "/api/v1/auth/logout", {}, by=teacher)
        assert (await line.get(played.part, played.cookie)).status == 401


@pytest.mark.both_databases
async def test_requests_in_one_packet_and_in_pieces_are_answered_in_their_order(
    api: Api, played: Played
) -> None:
    async with wire(api) as line:
        await line.get(played.playlist, played.cookie)
        playlist, part = line.head(played.playlist, played.cookie), line.head(played.part, played.cookie)
        await line.send(playlist + part + playlist)
        heard = [await line.hear() for _ in range(3)]
        assert [answer.fields["content-type"] for answer in heard] == [
            "application/vnd.apple.mpegurl",
            "video/iso.segment",
            "application/vnd.apple.mpegurl",
        ]
        for at in (3, 40, len(part) - 2):
            await line.send(part[:at])
            await asyncio.sleep(0)
            await line.send(part[at:])
            assert (await line.hear()).body == heard[1].body


async def test_what_looks_like_a_request_inside_of_another_is_none(api: Api, played: Played) -> None:
    async with wire(api) as line:
        inside = line.head(played.part, played.cookie)
        await line.get(played.playlist, played.cookie)
        await line.send(line.head("/api/v1/auth/login", f"Content-Length: {len(inside)}", method="POST"))
        await line.send(inside)  # the body, in a packet of its own
        assert (await line.hear()).status in (400, 415, 422)
        assert (await line.get(played.part, played.cookie)).status == 200
        after = await line.get(played.part, played.cookie)  # aiohttp has seen the end of the body by now
        assert after.status == 200 and after.past_aiohttp


async def test_a_playlist_that_is_waited_for_keeps_what_comes_behind_it(api: Api, teacher: Person) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    cookie = await grant_of(api, recording_id, teacher)
    folder = f"{BASE}/{recording_id}/stream/opus"
    async with publisher(api, teacher) as browser, wire(api) as line:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        await line.get(f"{folder}/playlist.m3u8", f"Cookie: {cookie}")
        view = api.server.services.recordings.playback.view_in_memory(recording_id)
        assert isinstance(view, LiveView)
        later = len(view.tracks["opus"].segments) + 1  # not the segment in work, but the one after it
        await line.send(line.head(f"{folder}/playlist.m3u8?_HLS_msn={later}", f"Cookie: {cookie}"))

        async def waits() -> bool:
            return any(one[:3] == ("opus", later, None) for one in view._awaited)

        await until(waits)
        await line.send(line.head("/health"))
        came, health = await line.hear(), await line.hear()
        assert came.past_aiohttp and came.body.count(b"#EXTINF") > later
        assert health.status == 200 and not health.past_aiohttp
        await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
