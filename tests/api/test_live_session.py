"""A class of half a minute or of a lesson whose presenter comes and goes: every playlist served is right."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

import pytest

from tests.api.live_player import LivePlayer
from tests.api.recording_material import fetch, grant_of, make_room
from tests.api.test_recordings_class import publisher, start, until, until_segments
from tests.serving import Api, Person
from tests.strict_hls import needs_strict_parser, parse

pytestmark = [pytest.mark.sqlite_alone, needs_strict_parser]

BASE = "/api/v1/recordings"
TRACKS = ("video", "aac", "opus")
PAUSE_S = 6  # about: nobody sends until that is told


@pytest.mark.parametrize("seconds", [60, pytest.param(50 * 60, marks=pytest.mark.long)])
async def test_every_playlist_of_a_live_class_is_right(api: Api, teacher: Person, seconds: int) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    cookie = await grant_of(api, recording_id, teacher)
    served: Counter[str] = Counter()
    complaints: list[str] = []

    def judge(track: str, text: str) -> None:
        """By the strict parser; every MUST is judged by the player's `Follower`."""
        served[track] += 1
        try:
            parse(text.encode())
        except AssertionError as error:
            complaints.append(str(error))

    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        master = await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)
        judge("master", master.text)
        players = [
            LivePlayer(api, recording_id, cookie, track, seen=partial(judge, track)) for track in TRACKS
        ]
        watching = [asyncio.create_task(player.watch()) for player in players]
        await asyncio.wait(watching, timeout=(seconds - PAUSE_S) / 2, return_when=asyncio.FIRST_COMPLETED)

    async def is_told_of_the_pause() -> bool:
        return all(any(one.gap for one in player.follower.segments) for player in players)

    await until(is_told_of_the_pause)
    teacher = await api.sign_in(teacher.email)  # the first token is good for less than a lesson
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await asyncio.wait(watching, timeout=(seconds - PAUSE_S) / 2, return_when=asyncio.FIRST_COMPLETED)
        for task in watching:
            if task.done():
                await task  # says what it has met
            assert not task.done()
        teacher = await api.sign_in(teacher.email)
        stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        assert stopped.body["status"] == "ready"
        await asyncio.gather(*watching)
    assert complaints == []
    print(dict(served))
    assert all(served[track] > seconds for track in TRACKS), served  # two a second
    for player in players:
        segments = player.follower.segments
        assert any(one.gap for one in segments) and any(one.discontinuity for one in segments)
        assert parse((await player.get("playlist.m3u8")).body) >= len(segments)
