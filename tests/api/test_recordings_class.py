"""A class recorded over HTTP while a real publisher sends it, from the first click to the player."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.api.recording_material import Fetched, fetch, grant_of, make_room, open_media
from tests.media_server import Client, MediaServer, RoomList, client, read_number
from tests.serving import Api, Person, serving

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


@asynccontextmanager
async def publisher(api: Api, by: Person) -> AsyncIterator[Client]:
    """A browser of this person."""
    services = api.server.services
    async with aiohttp.ClientSession() as http:
        server = MediaServer(services.media, services.live_rooms, RoomList(), api.base_url, http)
        async with client(server, by.access_token) as made:
            yield made


async def start(api: Api, by: Person, room: str, **wish: object) -> str:
    """Starts recording; gives the id."""
    answer = await api.call("POST", f"{BASE}/start", {"room_id": room, "title": "Optics", **wish}, by=by)
    assert answer.status == 201, answer
    return str(answer.body["recording_id"])


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Asks until it is so, as a page does that has no other way to know."""
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def until_segments(api: Api, recording_id: str, cookie: str, count: int) -> Fetched:
    """Waits until the live playlist of the picture names so many segments, as a player does."""
    async with asyncio.timeout(60):
        while True:
            answer = await fetch(api, f"{BASE}/{recording_id}/stream/video/playlist.m3u8", Cookie=cookie)
            if answer.status == 200 and answer.text.count("#EXTINF") >= count:
                return answer
            assert answer.status in (200, 404, 503), answer
            await asyncio.sleep(0.2)


async def numbers_of(api: Api, recording_id: str, cookie: str) -> list[int]:
    """The frame numbers of everything that the picture's playlist names."""
    folder = f"{BASE}/{recording_id}/stream/video"
    text = (await fetch(api, f"{folder}/playlist.m3u8", Cookie=cookie)).text
    names = [section or name for section, name in re.findall(r'MAP:URI="(\S+)"|^([^#\n]\S+)$', text, re.M)]
    data = [(await fetch(api, f"{folder}/{name}", Cookie=cookie)).body for name in names]
    with open_media(b"".join(data)) as media:
        return [read_number(frame) for frame in media.decode(video=0)]


async def test_class_is_watched_while_it_is_recorded_and_at_once_afterwards(
    api: Api, teacher: Person
) -> None:
    room = await make_room(api, teacher)
    recording_id = await start(api, teacher, room)
    twice = await api.call("POST", f"{BASE}/start", {"room_id": room}, by=teacher)
    assert twice.status == 409
    waiting = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert waiting.body["status"] == "recording"
    cookie = await grant_of(api, recording_id, teacher)
    early = await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)
    assert early.status == 503 and early.headers["Retry-After"]
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        live = await until_segments(api, recording_id, cookie, 2)
        assert "#EXT-X-PLAYLIST-TYPE:EVENT" in live.text and "ENDLIST" not in live.text
        listed = await api.call("GET", f"/api/v1/rooms/{room}", by=teacher)
        assert listed.body["recording"] is True
        growing = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
        assert growing.body["duration_seconds"] > 3 and growing.body["codecs"].startswith("avc1.")
        assert (await fetch(api, f"{BASE}/{recording_id}/download", Cookie=cookie)).status == 409
        stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        assert stopped.status == 200 and stopped.body["status"] == "ready", stopped
        ended = await fetch(api, f"{BASE}/{recording_id}/stream/video/playlist.m3u8", Cookie=cookie)
        assert ended.text.endswith("#EXT-X-ENDLIST\n") and "TYPE:VOD" in ended.text
    chapters = (await api.call("GET", f"{BASE}/{recording_id}/chapters", by=teacher)).body["chapters"]
    assert [(one["title"], one["start_seconds"]) for one in chapters] == [("Teacher presents", 0)]
    numbers = await numbers_of(api, recording_id, cookie)
    assert len(numbers) > 55 and numbers == [(numbers[0] + n) % 256 for n in range(len(numbers))]
    again = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
    assert again.status == 200 and again.body["status"] == "ready"
    listed = await api.call("GET", f"/api/v1/rooms/{room}", by=teacher)
    assert listed.body["recording"] is False


async def test_whip_publisher_whose_codec_cannot_be_recorded_is_told_and_so_is_the_recording(
    api: Api, teacher: Person
) -> None:
    """VP8, while another recording has the one slot for encoding it to H.264."""
    other_id = await start(api, teacher, await make_room(api, teacher, "maths"))
    recording_id = await start(api, teacher, await make_room(api, teacher))
    async with publisher(api, teacher) as other, publisher(api, teacher) as browser:
        await other.publish("/whip/maths", codec="video/VP8")
        assert not other.notice
        await browser.publish(codec="video/VP8")
        assert "VP8" in browser.notice
        cookie = await grant_of(api, recording_id, teacher)
        master_path = f"{BASE}/{recording_id}/stream/master.m3u8"

        async def is_playable() -> bool:
            return (await fetch(api, master_path, Cookie=cookie)).status == 200

        await until(is_playable)
        stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        transcoded = await api.call("POST", f"{BASE}/{other_id}/stop", by=teacher)
    assert stopped.body["status"] == "ready" and "VP8" in stopped.body["message"]
    assert transcoded.body["message"] is None
    master = await fetch(api, master_path, Cookie=cookie)
    assert "mp4a.40.2" in master.text and "avc1" not in master.text


async def test_recording_in_which_nobody_sent_anything_fails_with_the_reason(
    api: Api, teacher: Person
) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
    assert stopped.body["status"] == "failed" and "Nothing was sent" in stopped.body["message"]


async def test_server_that_ends_finalizes_its_recordings(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        recording_id = await start(api, teacher, await make_room(api, teacher))
        cookie = await grant_of(api, recording_id, teacher)
        async with publisher(api, teacher) as browser:
            await browser.publish(codec="video/H264")
            await until_segments(api, recording_id, cookie, 1)
            await asyncio.wait_for(api.server.services.recordings.close(), 30)
    async with serving(tmp_path / "data") as api:
        teacher = await api.sign_in("teacher@school.example")
        answer = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
        assert answer.body["status"] == "ready" and answer.body["duration_seconds"] > 1.5


async def test_of_two_who_start_or_stop_at_once_one_does_and_both_are_told_how_it_stands(
    api: Api, teacher: Person
) -> None:
    room, assistant = await make_room(api, teacher), await api.person("assistant")
    wish = {"room_id": room}
    both = await asyncio.gather(
        *(api.call("POST", f"{BASE}/start", wish, by=person) for person in (teacher, assistant))
    )
    assert sorted(answer.status for answer in both) == [201, 409]
    [refused] = [answer.body["detail"] for answer in both if answer.status == 409]
    assert "already being recorded" in refused
    assert (await api.call("GET", BASE, by=teacher)).body["total"] == 1
    [recording_id] = [answer.body["recording_id"] for answer in both if answer.status == 201]
    cookie = await grant_of(api, recording_id, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        path = f"{BASE}/{recording_id}/stop"
        stopped = await asyncio.gather(
            *(api.call("POST", path, by=person) for person in (teacher, assistant))
        )
    assert [answer.status for answer in stopped] == [200, 200]
    assert stopped[0].body == stopped[1].body and stopped[0].body["status"] == "ready"
    assert api.server.services.recordings.active_count == 0
    again = await api.call("POST", f"{BASE}/start", wish, by=assistant)
    assert again.status == 201 and again.body["recording_id"] != recording_id


async def test_deleting_a_running_recording_stops_it_first(api: Api, teacher: Person) -> None:
    room = await make_room(api, teacher)
    recording_id = await start(api, teacher, room)
    gone = await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
    assert gone.status == 200
    assert api.server.services.recordings.active_count == 0
    assert await start(api, teacher, room) != recording_id


async def test_deleting_a_room_ends_its_recording(api: Api, teacher: Person) -> None:
    room = await make_room(api, teacher)
    await start(api, teacher, room)
    deleted = await api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={room}", by=teacher)
    assert deleted.status == 200

    async def has_ended() -> bool:
        return api.server.services.recordings.active_count == 0

    await until(has_ended)
