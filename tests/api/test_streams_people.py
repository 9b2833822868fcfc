"""Who follows a class gets the program alone: participants' tracks are of the recording that has ended."""

from __future__ import annotations

import pytest

from tests.api.recording_material import fetch, make_room
from tests.api.stream_material import start_stream, tune_in, until_listed
from tests.api.test_guest_links import invite
from tests.api.test_recordings_class import publisher, start, until
from tests.serving import Api, Person

pytestmark = pytest.mark.sqlite_alone

RECORDINGS = "/api/v1/recordings"


async def test_who_followed_by_a_link_gets_nobodys_track_when_the_recording_has_ended(
    api: Api, teacher: Person
) -> None:
    room = await make_room(api, teacher)
    recording_id = await start(api, teacher, room, layout="both")
    await start_stream(api, teacher)
    link = await invite(api, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        guest = await tune_in(api, link["token"])
        await until_listed(guest, 1)
        session = api.server.services.recordings.active.get(recording_id)
        assert session is not None

        async def are_recorded() -> bool:
            return any(one.has_media for one in session.recorder.people.values())

        await until(are_recorded)
        tracks = list(session.recorder.people)
        stopped = await api.call("POST", f"{RECORDINGS}/{recording_id}/stop", by=teacher)
        assert stopped.body["status"] == "ready", stopped
        still = await guest.get("video/playlist.m3u8")
        assert still.status == 200, "its last seconds are there for who follows"
        for track in tracks:
            for name in ("playlist.m3u8", "init-0.mp4", "seg-00000.m4s"):
                assert (await guest.get(f"{track}/{name}")).status == 404, (track, name)
        token = {"Authorization": f"Bearer {teacher.access_token}"}
        there = await fetch(api, f"{guest.folder}/{tracks[0]}/playlist.m3u8", **token)
        assert there.status == 404, "nor does an account here: they are the recording's"
        there = await fetch(api, f"{RECORDINGS}/{recording_id}/stream/{tracks[0]}/playlist.m3u8", **token)
        assert there.status == 200
