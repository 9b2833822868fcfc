"""`recording.ready`: a real publisher is recorded, and what the webhook names can be played when it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.recording_material import fetch, grant_of
from tests.api.test_recordings_class import BASE, publisher, start, until_segments
from tests.api.test_webhooks import QUICK, add_hook, make_room
from tests.closing import close_room
from tests.receiver import Receiver, receiving
from tests.serving import Api, serving


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", webhooks=QUICK) as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


async def test_a_recording_that_is_ready_can_be_played(api: Api, receiver: Receiver) -> None:
    teacher, admin = await api.person("teacher"), await api.person("admin", "head@school.example")
    wanted = [f"recording.{what}" for what in ("started", "stopped", "ready", "failed")]
    hook = await add_hook(api, admin, receiver.url(), events=wanted)
    room_id = await make_room(api, teacher)
    recording_id = await start(api, teacher, room_id)
    cookie = await grant_of(api, recording_id, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
    got = await receiver.wait(3)
    assert [one.type for one in got] == ["recording.started", "recording.stopped", "recording.ready"]
    for one in got:
        one.verify(hook["secret"])
        assert one.message["data"]["room"] == {"room_id": room_id, "slug": "physics", "name": "Physics"}
    told = got[2].message["data"]["recording"]
    assert (told["recording_id"], told["status"], told["title"]) == (recording_id, "ready", "Optics")
    assert told["duration_seconds"] == stopped.body["duration_seconds"] > 0.5
    playlist = await fetch(api, f"{BASE}/{recording_id}/stream/video/playlist.m3u8", Cookie=cookie)
    assert (playlist.status, playlist.text.endswith("#EXT-X-ENDLIST\n")) == (200, True)


async def test_a_recording_that_a_closed_room_ends_is_ready_too(api: Api, receiver: Receiver) -> None:
    teacher, admin = await api.person("teacher"), await api.person("admin", "head@school.example")
    await add_hook(api, admin, receiver.url(), events=["recording.ready", "recording.failed"])
    recording_id = await start(api, teacher, await make_room(api, teacher))
    cookie = await grant_of(api, recording_id, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        room = await api.call("GET", "/api/v1/rooms/physics", by=teacher)
        close_room(api.server.services.live_rooms, room.body["room_id"])
    (ready,) = await receiver.wait(1)
    assert ready.type == "recording.ready"
    assert ready.message["data"]["recording"]["recording_id"] == recording_id
