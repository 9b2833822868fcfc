"""Live streams over a running server: started, followed, looked at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from tests.api.recording_material import Fetched, fetch
from tests.serving import Api, Person

BASE = "/api/v1/streams"


async def start_stream(api: Api, by: Person, **wish: object) -> dict[str, Any]:
    """Starts a stream; gives the answer."""
    answer = await api.call("POST", f"{BASE}/start", {"room_id": "physics"} | wish, by=by)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


async def state_of(api: Api, by: Person, stream_id: str) -> dict[str, Any]:
    """What staff see of a stream."""
    answer = await api.call("GET", f"{BASE}/{stream_id}", by=by)
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


@dataclass
class StreamPlayer:
    """Somebody at the live edge, by cookie; `folder` is below the source that the playlist named."""

    api: Api
    cookie: str
    folder: str = ""
    base: str = ""

    async def get(self, name: str) -> Fetched:
        """A file of the stream's source."""
        return await fetch(self.api, f"{self.folder}/{name}", Cookie=self.cookie)


async def tune_in(api: Api, by: Person | str, room: str = "physics") -> StreamPlayer:
    """Loads master.m3u8 until there is something to play, as players do."""
    token = by.access_token if isinstance(by, Person) else by
    cookie = ""
    async with asyncio.timeout(60):
        while True:
            headers = {"Cookie": cookie} if cookie else {"Authorization": f"Bearer {token}"}
            answer = await fetch(api, f"/live/{room}/master.m3u8", **headers)
            if answer.status == 200:
                break
            assert answer.status == 503, answer
            await asyncio.sleep(0.1)
    given = answer.headers.get("Set-Cookie", "").partition(";")[0]
    lines = answer.text.splitlines()
    source = next(line for line in lines if line.endswith("playlist.m3u8")).partition("/")[0]
    return StreamPlayer(api, given or cookie, f"/live/{room}/{source}")


async def until_listed(player: StreamPlayer, count: int, track: str = "video") -> Fetched:
    """Waits until a track's playlist names so many segments."""
    async with asyncio.timeout(60):
        while True:
            answer = await player.get(f"{track}/playlist.m3u8")
            assert answer.status in (200, 404), answer
            if answer.status == 200 and answer.text.count("#EXTINF") >= count:
                return answer
            await asyncio.sleep(0.2)
