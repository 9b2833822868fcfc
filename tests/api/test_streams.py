"""Live streams of a room over HTTP, recorded and not, while a real publisher sends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.api.stream_material import BASE, StreamPlayer, start_stream, state_of, tune_in, until_listed
from tests.api.test_express import wire
from tests.api.test_recordings_class import publisher, start, until
from tests.hls_duties import WindowFollower
from tests.serving import Api, Person, serving
from vtp.accounts.audit import Origin
from vtp.edge.address import Address
from vtp.recording import grants as grants_module
from vtp.recording.ends import Ends
from vtp.rooms.participants import join
from vtp.rooms.removals import Removals
from vtp.streaming import sources as sources_module
from vtp.streaming import windows as windows_module

RECORDINGS = "/api/v1/recordings"


@pytest.fixture
async def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    monkeypatch.setattr(windows_module, "LINGER_S", 5.0)
    monkeypatch.setattr(sources_module, "LINGER_S", 5.0)
    async with serving(tmp_path / "data") as running:
        yield running


@pytest.fixture
async def teacher(api: Api) -> Person:
    person = await api.person("teacher")
    await make_room(api, person)
    return person


async def room_of(api: Api, by: Person) -> dict[str, object]:
    body: dict[str, object] = (await api.call("GET", "/api/v1/rooms/physics", by=by)).body
    return body


async def until_told_the_end(player: StreamPlayer) -> None:
    """As who follows is, a moment after the last parts."""

    async def is_told() -> bool:
        return (await player.get("video/playlist.m3u8?_HLS_msn=0")).text.endswith("#EXT-X-ENDLIST\n")

    await until(is_told)


async def test_a_class_is_streamed_without_being_recorded_and_nothing_is_left(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    started = await start_stream(api, teacher)
    assert started["playback_url"] == "/live/physics/master.m3u8" and started["recording_id"] is None
    twice = await api.call("POST", f"{BASE}/start", {"room_id": "physics"}, by=teacher)
    assert (twice.status, twice.body["code"]) == (409, "already_streamed")
    student = await api.person("student")
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        player = await tune_in(api, student)
        room = await room_of(api, teacher)
        assert (room["streamed"], room["recording"]) == (True, False)
        follower = WindowFollower()
        for _ in range(6):
            hint = follower.last.hint if follower.last else ""
            named = re.fullmatch(r"seg-(\d+)\.(\d+)\.m4s", hint)
            query = f"?_HLS_msn={int(named[1])}&_HLS_part={named[2]}&_HLS_skip=YES" if named else ""
            answer = await player.get(f"video/playlist.m3u8{query}")
            assert answer.status == 200, answer
            follower.take(answer.text)
        parts = [part for part in follower.known[0].parts if not part.gap]
        bodies = [(await player.get(f"video/{part.uri}")).body for part in parts]
        assert b"".join(bodies) == (await player.get("video/seg-00000.m4s")).body
        assert (await player.get("video/init-0.mp4")).headers["Content-Type"] == "video/mp4"
        assert [*(tmp_path / "data" / "streams").rglob("seg-*.m4s")]
        stopped = await api.call("POST", f"{BASE}/{started['stream_id']}/stop", by=teacher)
        assert stopped.status == 200 and stopped.body["status"] == "ended"

        async def is_over() -> bool:
            return (await room_of(api, teacher))["streamed"] is False

        await until(is_over)
        await until_told_the_end(player)

        async def is_gone() -> bool:
            return not [*(tmp_path / "data" / "streams").rglob("seg-*")]

        await until(is_gone)
    assert (await player.get("video/playlist.m3u8")).status == 404
    assert (await fetch(api, "/live/physics/master.m3u8", Cookie=player.cookie)).status == 410
    assert (await api.call("GET", RECORDINGS, by=teacher)).body["total"] == 0


async def test_a_room_that_is_recorded_is_streamed_from_its_recording(api: Api, teacher: Person) -> None:
    none = await api.call("GET", "/live/physics/master.m3u8", by=teacher)
    assert (none.status, none.body["code"]) == (404, "not_streamed")
    recording_id = await start(api, teacher, "physics")
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        player = await tune_in(api, teacher)
        assert player.folder == f"/live/physics/{recording_id}"
        playlist = await until_listed(player, 1)
        assert "TYPE:EVENT" in playlist.text
        cookie = await grant_of(api, recording_id, teacher)
        segment = f"{RECORDINGS}/{recording_id}/stream/video/seg-00000.m4s"
        assert (await player.get("video/seg-00000.m4s")).body == (
            await fetch(api, segment, Cookie=cookie)
        ).body
        await api.call("POST", f"{RECORDINGS}/{recording_id}/stop", by=teacher)
        await until_told_the_end(player)
    assert (await fetch(api, "/live/physics/master.m3u8", Cookie=player.cookie)).status == 410


async def test_a_stream_goes_on_from_the_recording_and_from_a_window_again(api: Api, teacher: Person) -> None:
    started = await start_stream(api, teacher)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        first = await tune_in(api, teacher)
        recording_id = await start(api, teacher, "physics")

        await until_told_the_end(first)
        second = await tune_in(api, teacher)
        assert second.folder.endswith(recording_id) and second.folder != first.folder
        await until_listed(second, 1)
        await api.call("POST", f"{RECORDINGS}/{recording_id}/stop", by=teacher)
        third = await tune_in(api, teacher)
        assert third.folder not in (first.folder, second.folder)
        room = await room_of(api, teacher)
        assert (room["streamed"], room["recording"]) == (True, False)
        state = await state_of(api, teacher, started["stream_id"])
        assert state["status"] == "live" and state["recording_id"] == recording_id
        await api.call("POST", f"{BASE}/{started['stream_id']}/stop", by=teacher)
        await start_stream(api, teacher)
        assert (await third.get("video/playlist.m3u8")).status == 200  # who is behind is told the end, too
        await until_told_the_end(third)


async def test_viewers_are_counted_by_session_also_past_aiohttp(api: Api, teacher: Person) -> None:
    started = await start_stream(api, teacher)
    people = [await api.person("student", f"s{number}@school.example") for number in range(2)]
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        players = [await tune_in(api, person) for person in people]
        playlist = await until_listed(players[0], 1)
        name = re.findall(r'PART:DURATION=[\d.]+,URI="(\S+)"', playlist.text)[0]
        before = await state_of(api, teacher, started["stream_id"])
        async with wire(api) as line:
            heard = [
                await line.get(f"{player.folder}/video/{name}", f"Cookie: {player.cookie}")
                for player in [*players, *players]
            ]
        assert heard[-1].past_aiohttp and {answer.status for answer in heard} == {200}
        state = await state_of(api, teacher, started["stream_id"])
    assert (state["active_viewers"], state["peak_viewers"]) == (2, 2)
    assert state["total_segments_served"] == before["total_segments_served"] + 4
    assert state["total_bytes_served"] == before["total_bytes_served"] + 4 * len(heard[0].body)
    [video] = [row for row in state["qualities"] if row["track"] == "video"]
    assert video["viewers"] == 2 and video["quality"] == "240p"
    names = [viewer["viewer_id"] for viewer in state["viewers"]]
    assert len(set(names)) == 2 and not any(person.user_id in name for person in people for name in names)
    assert all(viewer["bytes_received"] >= 2 * len(heard[0].body) for viewer in state["viewers"])


async def test_a_worn_grant_is_followed_by_another_for_who_says_that_it_is_theirs(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start_stream(api, teacher)
    link = (await api.call("POST", "/api/v1/rooms/physics/links", {}, by=teacher)).body["token"]
    student = await api.person("student")
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        player = await tune_in(api, link)

        async def master(token: str = link) -> str:
            headers = {"Cookie": player.cookie} | ({"Authorization": f"Bearer {token}"} if token else {})
            answer = await fetch(api, "/live/physics/master.m3u8", **headers)
            assert answer.status == 200, answer
            return answer.headers.get("Set-Cookie", "").partition(";")[0]

        assert await master() == "", "one with hours left is kept"
        monkeypatch.setattr(grants_module, "TTL_S", 24 * 3600)
        renewed = await master()
        assert renewed.split(".")[2] == player.cookie.split(".")[2], "the same viewer"
        assert [await master(""), await master(student.access_token)] == ["", ""]
        player.cookie = renewed
        assert (await player.get("video/playlist.m3u8")).status == 200


async def test_no_more_viewers_than_there_may_be(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, (await room_of(api, teacher))["room_id"], teacher)  # type: ignore[arg-type]
    started = await start_stream(api, teacher, room_id="", recording_id=recording_id, max_viewers=1)
    assert started["profiles"][0]["track"] == "video"
    first, second = [await api.person("student", f"s{n}@school.example") for n in range(2)]
    cookies = [await grant_of(api, recording_id, person) for person in (first, second)]
    playlist = f"{RECORDINGS}/{recording_id}/stream/video/playlist.m3u8"
    assert (await fetch(api, playlist, Cookie=cookies[0])).status == 200
    refused = await fetch(api, playlist, Cookie=cookies[1])
    assert refused.status == 503 and int(refused.headers["Retry-After"]) > 0
    async with wire(api) as line:
        assert (await line.get(playlist, f"Cookie: {cookies[0]}")).past_aiohttp
        again = await line.get(playlist, f"Cookie: {cookies[1]}")
        assert again.status == 503 and not again.past_aiohttp
    path = f"{BASE}/{started['stream_id']}"
    for most, status in ((2, 200), (1, 503)):  # set while it goes on, for who comes from then on
        changed = await api.call("PATCH", path, {"max_viewers": most}, by=teacher)
        assert (changed.status, changed.body["max_viewers"]) == (200, most)
        wish = {"action": "join", "viewer_id": "desk 3"}
        assert (await api.call("POST", path, wish, by=second)).status == status
        if status == 200:
            await api.call("POST", path, {**wish, "action": "leave"}, by=second)
    full = await api.call("POST", path, {"action": "join", "viewer_id": "desk 4"}, by=second)
    assert (full.status, full.body["code"]) == (503, "stream_full")
    [viewer] = (await state_of(api, teacher, started["stream_id"]))["viewers"]
    others = {"action": "leave", "viewer_id": viewer["viewer_id"]}
    assert (await api.call("POST", path, others, by=second)).status == 403
    assert (await api.call("POST", path, others, by=first)).status == 200
    assert (await fetch(api, playlist, Cookie=cookies[1])).status == 200
    await api.call("POST", f"{path}/stop", by=teacher)
    assert (await fetch(api, playlist, Cookie=cookies[0])).status == 200  # not counted any more


async def test_a_room_is_as_full_by_its_id_in_capitals(api: Api, teacher: Person) -> None:
    room_id = str((await room_of(api, teacher))["room_id"])
    await start_stream(api, teacher, max_viewers=1)
    first, second = [await api.person("student", f"s{n}@school.example") for n in range(2)]
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await tune_in(api, first)
        for name in ("physics", room_id, room_id.upper()):
            full = await fetch(
                api, f"/live/{name}/master.m3u8", Authorization=f"Bearer {second.access_token}"
            )
            assert (full.status, b"stream_full" in full.body) == (503, True), name


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_an_edge_asks_about_a_room_by_the_one_spelling_of_its_id(spelling: Callable[[str], str]) -> None:
    room_id = "0193abcd-ac96-774b-bcce-b302099a8057"
    found = Address.of(f"/live/{spelling(room_id)}/master.m3u8")
    assert found is not None and found.media_id == f"live:{room_id}"


async def test_one_account_does_not_keep_others_from_a_stream(api: Api, teacher: Person) -> None:
    room = str((await room_of(api, teacher))["room_id"])
    recording_id = await add_finished(api, room, teacher)
    started = await start_stream(api, teacher, room_id="", recording_id=recording_id, max_viewers=5)
    path, greedy = f"{BASE}/{started['stream_id']}", await api.person("student", "g@school.example")
    other = await api.person("student", "o@school.example")

    async def join(by: Person, name: str) -> int:
        wish = {"action": "join", "viewer_id": name}
        return (await api.call("POST", path, wish, by=by)).status

    assert [await join(greedy, f"desk {number}") for number in range(6)] == [200] * 5 + [503]
    assert await join(teacher, "desk") == 200
    playlist = f"{RECORDINGS}/{recording_id}/stream/video/playlist.m3u8"
    assert (await fetch(api, playlist, Cookie=await grant_of(api, recording_id, other))).status == 200
    state = await state_of(api, teacher, started["stream_id"])
    names = sorted(viewer["viewer_id"] for viewer in state["viewers"])
    assert len(names) == 5 and {"desk", "desk 2", "desk 3", "desk 4"} <= set(names)
    assert await join(greedy, "desk 6") == 503


async def test_a_viewer_joins_by_a_name_and_is_one_of_their_own(api: Api, teacher: Person) -> None:
    started = await start_stream(api, teacher)
    path = f"{BASE}/{started['stream_id']}"
    student = await api.person("student")
    wish = {"action": "join", "viewer_id": "desk 4", "initial_bitrate": 800}
    joined = [await api.call("POST", path, {**wish, "viewer_id": f"desk {n}"}, by=student) for n in (4, 5)]
    assert [answer.status for answer in joined] == [200, 200]
    assert joined[0].body["current_bitrate"] == 800 and joined[0].body["session_id"]
    state = await state_of(api, teacher, started["stream_id"])
    assert sorted(viewer["viewer_id"] for viewer in state["viewers"]) == ["desk 4", "desk 5"]
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        await tune_in(api, teacher)
        grant = joined[0].body["grant"]
        first = await fetch(api, f"/live/physics/master.m3u8?grant={grant}")
        assert first.status == 200 and "Path=/live/physics;" in first.headers["Set-Cookie"]
    left = await api.call("POST", path, {"action": "leave", "viewer_id": "desk 5"}, by=student)
    assert left.status == 200 and left.body["session_id"] is None
    missing = await api.call("POST", path, {"action": "leave", "viewer_id": "desk 5"}, by=student)
    assert (missing.status, missing.body["code"]) == (404, "no_such_viewer")


async def test_who_joins_anew_watches_whatever_cookie_the_browser_has_kept(api: Api, teacher: Person) -> None:
    started = await start_stream(api, teacher)
    before, now = await api.person("student", "b@x.example"), await api.person("student", "n@x.example")
    wish = {"action": "join", "viewer_id": "desk 4"}
    joined = await api.call("POST", f"{BASE}/{started['stream_id']}", wish, by=now)
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        cookie = (await tune_in(api, before)).cookie
        await api.call("POST", "/api/v1/auth/logout", by=before)
        assert (await fetch(api, "/live/physics/master.m3u8", Cookie=cookie)).status == 401
        address = f"/live/physics/master.m3u8?grant={joined.body['grant']}"
        answer = await fetch(api, address, Cookie=cookie)
        assert answer.status == 200 and answer.headers["Set-Cookie"].partition(";")[0] != cookie


async def test_who_is_put_out_of_the_class_watches_no_more(api: Api, teacher: Person) -> None:
    await start_stream(api, teacher)
    student = await api.person("student")
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        player = await tune_in(api, student)
        assert (await player.get("video/playlist.m3u8")).status == 200
        locked = {"settings": {"locked": True}}
        assert (await api.call("PATCH", "/api/v1/rooms/physics", locked, by=teacher)).status == 200
        assert (await player.get("video/playlist.m3u8")).status == 403
        other = player.folder.replace("/live/physics/", "/live/maths/")
        assert (await fetch(api, f"{other}/video/playlist.m3u8", Cookie=player.cookie)).status == 401


@pytest.mark.both_databases
async def test_of_two_who_start_or_stop_at_once_one_does(api: Api, teacher: Person) -> None:
    body = {"room_id": "physics"}
    both = await asyncio.gather(*(api.call("POST", f"{BASE}/start", body, by=teacher) for _ in range(2)))
    assert sorted(answer.status for answer in both) == [201, 409]
    [stream_id] = [answer.body["stream_id"] for answer in both if answer.status == 201]
    of_room = await api.call("GET", "/api/v1/rooms/physics/stream", by=teacher)
    assert (of_room.body["stream"]["stream_id"], of_room.body["stream"]["wanted"]) == (stream_id, True)
    path = f"{BASE}/{stream_id}/stop"
    stopped = await asyncio.gather(*(api.call("POST", path, by=teacher) for _ in range(2)))
    assert [(answer.status, answer.body["status"]) for answer in stopped] == [(200, "ended")] * 2
    assert (await api.call("GET", "/api/v1/rooms/physics/stream", by=teacher)).body == {"stream": None}
    late = await api.call("PATCH", f"{BASE}/{stream_id}", {"max_viewers": 5}, by=teacher)
    assert (late.status, late.body["code"]) == (410, "stream_ended")
    again = await start_stream(api, teacher)  # while the last one ends
    assert again["stream_id"] != stream_id and (await room_of(api, teacher))["streamed"] is True


async def test_a_stream_ends_with_its_recording_or_its_room(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, (await room_of(api, teacher))["room_id"], teacher)  # type: ignore[arg-type]
    started = await start_stream(api, teacher, room_id="", recording_id=recording_id)
    cookie = await grant_of(api, recording_id, teacher)
    playlist = f"{RECORDINGS}/{recording_id}/stream/video/playlist.m3u8"
    assert (await fetch(api, playlist, Cookie=cookie)).status == 200
    assert (await api.call("DELETE", f"{RECORDINGS}/{recording_id}", by=teacher)).status == 200
    assert (await fetch(api, playlist, Cookie=cookie)).status in (404, 410)
    streams = api.server.services.streams
    assert streams.find(started["stream_id"]).failure == "The recording was deleted."
    await start_stream(api, teacher)
    gone = await api.call("DELETE", "/api/v1/signalling/room/delete?room_id=physics", by=teacher)
    assert gone.status == 200

    async def is_over() -> bool:
        return streams.numbers()["open"] == 0

    await until(is_over)
    assert (await api.call("GET", "/live/physics/master.m3u8", by=teacher)).status == 404


async def test_what_a_killed_process_was_streaming_is_removed_at_the_next_start(tmp_path: Path) -> None:
    async with serving(tmp_path / "data"):
        [folder] = (tmp_path / "data" / "streams").iterdir()
    left = folder / "0193a000-0000-7000-8000-000000000001" / "video"
    left.mkdir(parents=True)
    (left / "seg-00000.m4s").write_bytes(b"x")
    (folder / "somebody-elses").mkdir()
    async with serving(tmp_path / "data"):
        assert [path.name for path in folder.iterdir()] == ["somebody-elses"]


async def test_a_class_recorded_anew_while_its_last_recording_is_saved_is_not_streamed_besides(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, saving, go_on = Ends._saved, asyncio.Event(), asyncio.Event()

    async def late(of: Ends, recording_id: str, values: Mapping[str, object]) -> bool | None:
        saving.set()
        await go_on.wait()
        return await save(of, recording_id, values)

    monkeypatch.setattr(Ends, "_saved", late)
    started = await start_stream(api, teacher)
    first = await start(api, teacher, "physics")
    stopping = asyncio.create_task(api.call("POST", f"{RECORDINGS}/{first}/stop", by=teacher))
    await saving.wait()
    try:
        second = await start(api, teacher, "physics")
        stream = api.server.services.streams.find(started["stream_id"])
        assert stream.source == second
    finally:
        go_on.set()
    await stopping
    assert stream.source == second and not stream.ended_at

    async def is_recorded_alone() -> bool:
        room = await room_of(api, teacher)
        return (room["streamed"], room["recording"]) == (False, True)

    await until(is_recorded_alone)


async def test_a_stream_goes_on_at_once_when_its_recording_has_ended_and_cannot_be_saved(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, saving, go_on = Ends._saved, asyncio.Event(), asyncio.Event()

    async def late(of: Ends, recording_id: str, values: Mapping[str, object]) -> bool | None:
        saving.set()
        await go_on.wait()
        return await save(of, recording_id, values)

    monkeypatch.setattr(Ends, "_saved", late)
    started = await start_stream(api, teacher)
    recording_id = await start(api, teacher, "physics")
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        at_recording = await tune_in(api, teacher)
        assert at_recording.folder.endswith(recording_id)
        stopping = asyncio.create_task(api.call("POST", f"{RECORDINGS}/{recording_id}/stop", by=teacher))
        await saving.wait()
        try:
            at_window = await tune_in(api, teacher)
            assert at_window.folder != at_recording.folder
            await until_listed(at_window, 1)
            await until_told_the_end(at_recording)
            state = await state_of(api, teacher, started["stream_id"])
            assert state["status"] == "live"
        finally:
            go_on.set()
        await stopping
        assert (await at_window.get("video/playlist.m3u8")).status == 200
        assert api.server.services.streams.find(started["stream_id"]).source in at_window.folder


async def test_who_is_banned_while_they_leave_follows_no_more(api: Api, teacher: Person) -> None:
    await start_stream(api, teacher)
    student = await api.person("student")
    async with publisher(api, teacher) as browser:
        await browser.publish(codec="video/H264")
        player = await tune_in(api, student)
        assert (await player.get("video/playlist.m3u8")).status == 200
        services = api.server.services
        live = await api.open_room("physics")
        by, left = (
            join(
                services.accounts.authenticator.read(one.access_token), is_producer=False, address="127.0.0.1"
            )
            for one in (teacher, student)
        )
        assert left.user_id not in {one.user_id for one in live.people.participants}
        await Removals(services.bans, services.accounts.audit).ban(live, by, left, "", Origin())
        assert (await player.get("video/playlist.m3u8")).status == 403
