"""Tracks of participants over HTTP: recorded from real senders, listed, played, erased with who sent them."""

from __future__ import annotations

import aiohttp
import pytest

from tests.api.recording_material import fetch, grant_of, make_room, open_media
from tests.api.test_recordings_class import BASE, publisher, start, until, until_segments
from tests.media.test_media_hand_over import FIRST, student
from tests.media_server import MediaServer, RoomList, listed_room, read_number
from tests.serving import Api, Person

pytestmark = pytest.mark.sqlite_alone


async def test_what_everybody_sends_is_a_track_that_goes_with_them(api: Api, teacher: Person) -> None:
    admin = await api.person("admin")
    room = await make_room(api, teacher)
    recording_id = await start(api, teacher, room, layout="both")
    cookie = await grant_of(api, recording_id, teacher)
    services, rooms = api.server.services, RoomList()
    rooms.rooms["physics"] = listed_room("physics", room)
    async with aiohttp.ClientSession() as http, publisher(api, teacher) as browser:
        server = MediaServer(services.media, services.live_rooms, rooms, api.base_url, http)
        await browser.publish(codec="video/H264")
        await until_segments(api, recording_id, cookie, 1)
        async with student(server) as (who, _):
            session = services.recordings._active.get(recording_id)
            assert session is not None

            async def are_recorded() -> bool:
                people = session.recorder.people
                return len(people) == 4 and all(len(one.segments) > 1 for one in people.values())

            await until(are_recorded)
            running = await api.call("GET", f"{BASE}/{recording_id}/info", by=teacher)
            assert {one["track"] for one in running.body["tracks"]} == {"video", "opus", "aac"}
        stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        assert stopped.body["status"] == "ready", stopped
    info = await api.call("GET", f"{BASE}/{recording_id}/info", by=teacher)
    people = {one["track"]: one for one in info.body["tracks"] if one["person"]}
    said = {
        (one["person"]["participant_id"] == who.participant_id, one["person"]["source"])
        for one in people.values()
    }
    assert said == {(own, source) for own in (True, False) for source in ("camera", "microphone")}
    (camera,) = (
        name
        for name, one in people.items()
        if (one["person"]["participant_id"], one["person"]["source"]) == (who.participant_id, "camera")
    )
    (present,) = people[camera]["present"]
    assert present["start_seconds"] == people[camera]["start_seconds"]
    assert present["end_seconds"] == people[camera]["duration_seconds"]
    assert people[camera]["start_seconds"] > 1 and people[camera]["person"]["name"] == who.full_name
    folder = f"{BASE}/{recording_id}/stream/{camera}"
    listed = await fetch(api, f"{folder}/playlist.m3u8", Cookie=cookie)
    assert listed.status == 200 and listed.text.endswith("#EXT-X-ENDLIST\n")
    names = [line for line in listed.text.splitlines() if line.startswith("seg-")]
    data = [(await fetch(api, f"{folder}/{name}", Cookie=cookie)).body for name in ("init-0.mp4", *names)]
    with open_media(b"".join(data)) as media:
        numbers = [read_number(frame) for frame in media.decode(video=0)]
    assert len(numbers) > 15 and min(numbers) >= FIRST, "theirs, while the teacher presents"
    assert (await fetch(api, folder + "/playlist.m3u8")).status == 401

    assert (await api.call("DELETE", f"/api/v1/users/{teacher.user_id}", by=admin)).status == 204
    left = await api.call("GET", f"{BASE}/{recording_id}/info", by=admin)
    owners = {one["person"]["participant_id"] for one in left.body["tracks"] if one["person"]}
    assert owners == {who.participant_id} and left.body["size_bytes"] < info.body["size_bytes"]
    directory = services.recordings.file(recording_id, "recording.json").parent
    assert teacher.user_id not in (directory / "recording.json").read_text()
    gone = [name for name, one in people.items() if one["person"]["participant_id"] != who.participant_id]
    assert len(gone) == 2 and not any((directory / name).exists() for name in gone)
