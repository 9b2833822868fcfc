"""Low-latency HLS over HTTP while a real publisher sends: waited for, part by part, to its end."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.live_player import LivePlayer
from tests.api.recording_material import grant_of, make_room
from tests.api.test_recordings_class import publisher, start, until_segments
from tests.serving import Api, Person

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


async def test_players_follow_a_class_part_by_part_to_its_end(api: Api, teacher: Person) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    cookie = await grant_of(api, recording_id, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        viewers = [LivePlayer(api, recording_id, cookie, track) for track in ("video", "aac", "opus")]
        watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
        await until_segments(api, recording_id, cookie, 4)
        stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        assert stopped.body["status"] == "ready"
        await asyncio.gather(*watching)
    for viewer in viewers:
        stems = [segment.uri.removesuffix(".m4s") for segment in viewer.follower.segments]
        whole = [stem for stem in stems if f"{stem}.0.m4s" in viewer.parts]
        assert len(whole) >= 3
        for stem in whole:
            parts = [data for uri, data in viewer.parts.items() if uri.startswith(f"{stem}.")]
            assert (await viewer.get(f"{stem}.m4s")).body == b"".join(parts), stem


async def test_the_part_that_is_announced_comes_as_soon_as_it_is_there(api: Api, teacher: Person) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    cookie = await grant_of(api, recording_id, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        viewer = LivePlayer(api, recording_id, cookie, "opus")
        playlist = viewer.follower.take((await viewer.get("playlist.m3u8")).text)
        answer = await viewer.get(playlist.hint)
        if answer.status == 404:  # its segment ended without it, which the next playlist must say
            playlist = viewer.follower.take((await viewer.get("playlist.m3u8")).text)
            answer = await viewer.get(playlist.hint)
        assert answer.status == 200 and answer.body
        far = f"seg-{len(viewer.follower.segments) + 5:05d}.0.m4s"
        assert (await viewer.get(far)).status == 404


async def test_parts_that_players_know_of_are_served_when_the_recording_has_ended(
    api: Api, teacher: Person
) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    cookie = await grant_of(api, recording_id, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        viewer = LivePlayer(api, recording_id, cookie, "video")
        known = viewer.follower.take((await viewer.get("playlist.m3u8")).text)
        await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
    parts = [part for part in (*known.segments[0].parts, *known.working.parts) if not part.gap]
    assert parts
    for part in parts:
        assert (await viewer.get(part.uri)).status == 200, part
    stem = known.segments[0].uri.removesuffix(".m4s")
    data = [(await viewer.get(part.uri)).body for part in known.segments[0].parts if not part.gap]
    assert b"".join(data) == (await viewer.get(f"{stem}.m4s")).body
    assert (await viewer.get(f"{stem}.99.m4s")).status == 404


async def test_wishes_that_cannot_be_are_told_so(api: Api, teacher: Person) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    cookie = await grant_of(api, recording_id, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        viewer = LivePlayer(api, recording_id, cookie, "video")
        for query in ("_HLS_part=1", "_HLS_msn=900", "_HLS_msn=900&_HLS_part=0"):
            assert (await viewer.get(f"playlist.m3u8?{query}")).status == 400, query
        for query in ("_HLS_msn=-1", "_HLS_msn=x", "_HLS_skip=no"):
            assert (await viewer.get(f"playlist.m3u8?{query}")).status == 422, query
        await viewer.reload()
        await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        await viewer.watch()
        late = await viewer.get("playlist.m3u8?_HLS_msn=900&_HLS_part=7&_HLS_skip=YES")
        assert late.status == 200 and "TYPE:EVENT" in late.text and late.text.endswith("#EXT-X-ENDLIST\n")
