"""What those who watch a class see at its end: what is in memory goes on, and says what the files say."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import threading
import time
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.api.live_player import LivePlayer
from tests.api.recording_material import grant_of, make_room
from tests.api.test_recordings_class import until_segments
from tests.api.test_recordings_ends import BASE, give_class, recorder_of, start, until_ended
from tests.serving import Api, Person
from tests.unit.recording_material import h264_units
from tests.unit.recording_sources import prepared_source
from tests.unit.test_recording_kept_views import Clock
from vtp.recording import active, playback, recorded_files
from vtp.recording.kept_views import ENDED_S, WATCHED_S, KeptViews
from vtp.recording.loading import load_whole
from vtp.recording.manifest import Manifest, PersonOfTrack, read_manifest, write_manifest
from vtp.recording.recorder import Recorder
from vtp.recording.store import Recording, Status, change_recording
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView
from vtp.recording.wish import Wish

pytestmark = pytest.mark.sqlite_alone

TRACKS = ("video", "aac", "opus")


@dataclass
class Class:
    """One that is recorded and watched; `read`: the folders that were read for players."""

    recording_id: str
    recorder: Recorder
    cookie: str
    read: list[Path]

    def player(self, api: Api, track: str) -> LivePlayer:
        return LivePlayer(api, self.recording_id, self.cookie, track)


@pytest.fixture
async def watched(api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Class]:
    read: list[Path] = []

    def load(directory: Path) -> RecordingView:
        read.append(directory)
        return load_whole(directory)

    monkeypatch.setattr(playback, "load_whole", load)
    recording_id = await start(api, teacher, await make_room(api, teacher))
    recorder = await recorder_of(api, recording_id)
    cookie = await grant_of(api, recording_id, teacher)
    began_ns = time.monotonic_ns() - 6 * NS
    give_class(recorder, began_ns)
    camera, _ = prepared_source("video", h264_units(150), time.monotonic_ns, start_ns=began_ns)
    recorder.add_track(PersonOfTrack("p1", "in the room", teacher.user_id, "Ann", "camera"), camera)
    await until_segments(api, recording_id, cookie, 2)
    yield Class(recording_id, recorder, cookie, read)


async def until_followed_no_more(api: Api, recording_id: str) -> None:
    async with asyncio.timeout(40):
        while api.server.services.recordings.playback.followed(recording_id) is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_who_watches_at_the_end_of_a_class_has_everything_from_memory(
    api: Api, teacher: Person, watched: Class
) -> None:
    players = [watched.player(api, track) for track in TRACKS]
    watching = [asyncio.create_task(player.watch()) for player in players]
    stopped = await api.call("POST", f"{BASE}/{watched.recording_id}/stop", by=teacher)
    assert stopped.body["status"] == "ready"
    await asyncio.gather(*watching)
    await until_followed_no_more(api, watched.recording_id)
    kept = api.server.services.recordings.playback.view_in_memory(watched.recording_id)
    assert kept is not None and kept.ended
    for player in players:
        for uri, data in player.parts.items():
            assert (await player.get(uri)).body == data
        for name in ("playlist.m3u8", "playlist.m3u8?_HLS_msn=1", "init-0.mp4", "seg-00000.m4s"):
            assert (await player.get(name)).status == 200, name
    await until_ended(api)
    for name in ("../manifest.mpd", "iframes.m3u8"):
        assert (await players[0].get(name)).status == 200, name
    assert "iframes.m3u8" in (await players[0].get("../master.m3u8")).text
    assert watched.read == []


async def test_what_is_kept_of_a_class_that_ends_says_what_its_files_say(
    api: Api, teacher: Person, watched: Class
) -> None:
    """Playlists that were followed go on as they were, and are what the files would be made into."""
    players = {track: watched.player(api, track) for track in TRACKS}
    for player in players.values():
        await player.reload()
    await api.call("POST", f"{BASE}/{watched.recording_id}/stop", by=teacher)
    await until_ended(api)
    await until_followed_no_more(api, watched.recording_id)
    kept = api.server.services.recordings.playback.view_in_memory(watched.recording_id)
    loaded = await asyncio.to_thread(load_whole, watched.recorder.directory)
    assert kept is not None and kept.manifest == loaded.manifest
    assert list(kept.tracks) == list(loaded.tracks) and kept.tracks == loaded.tracks
    assert list(kept.people) == ["p1"] and kept.people == loaded.people
    assert [one.written for one in kept.tracks.values()] == [one.written for one in loaded.tracks.values()]
    assert kept.key_frames == loaded.key_frames and kept.key_frames
    for track, player in players.items():
        text = (await loaded.follow(track, Wish(0))).text.decode()
        assert (await player.get("playlist.m3u8?_HLS_msn=0")).text == text
        assert (await player.get("playlist.m3u8")).text == loaded.media(track).text.decode()


async def test_class_that_another_server_has_deleted_is_not_kept_at_its_end(
    api: Api, teacher: Person, watched: Class
) -> None:
    now = datetime.now(UTC)
    async with api.server.services.database.transaction() as tx:
        values = {"status": Status.DELETED, "status_before": Status.RECORDING, "deleted_at": now}
        await change_recording(tx, watched.recording_id, access_changed_at=now, **values)
    watched.recorder.stop()
    await until_ended(api)
    await until_followed_no_more(api, watched.recording_id)
    assert api.server.services.recordings.playback.view_in_memory(watched.recording_id) is None
    assert (await watched.player(api, "video").get("playlist.m3u8")).status == 410


async def test_class_that_is_deleted_at_its_end_is_gone_for_who_watches(
    api: Api, teacher: Person, watched: Class
) -> None:
    player = watched.player(api, "video")
    await player.reload()
    assert (await api.call("DELETE", f"{BASE}/{watched.recording_id}", by=teacher)).status == 200
    for name in ("playlist.m3u8", "playlist.m3u8?_HLS_msn=0", "seg-00000.0.m4s"):
        assert (await player.get(name)).status == 410, name
    assert api.server.services.recordings.playback.view_in_memory(watched.recording_id) is None


async def until_let_go(view: weakref.ref[RecordingView]) -> None:
    """Nothing in memory leads to it any more."""
    async with asyncio.timeout(40):
        while gc.collect() >= 0 and view() is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_nothing_is_kept_of_a_recording_that_is_deleted_for_good_at_once(
    api: Api, teacher: Person, watched: Class
) -> None:
    player = watched.player(api, "video")
    await player.reload()
    await api.call("POST", f"{BASE}/{watched.recording_id}/stop", by=teacher)
    await until_ended(api)
    await until_followed_no_more(api, watched.recording_id)
    kept = api.server.services.recordings.playback.view_in_memory(watched.recording_id)
    assert kept is not None and list(kept.people) == ["p1"]
    view = weakref.ref(kept)
    del kept
    gone = await api.call("DELETE", f"{BASE}/{watched.recording_id}?permanent=true", by=teacher)
    assert gone.status == 200 and not watched.recorder.directory.exists()
    await until_let_go(view)


@pytest.mark.parametrize("is_watched", [True, False])
async def test_of_more_than_may_be_kept_of_classes_that_end_what_is_watched_stays(
    api: Api, teacher: Person, watched: Class, monkeypatch: pytest.MonkeyPatch, is_watched: bool
) -> None:
    playback, clock = api.server.services.recordings.playback, Clock()
    kept = KeptViews(most_lines=1, clock=clock)
    monkeypatch.setattr(playback, "_views", kept)
    await watched.player(api, "video").reload()
    await api.call("POST", f"{BASE}/{watched.recording_id}/stop", by=teacher)
    await until_ended(api)
    clock.pass_by(ENDED_S / 2)
    if is_watched:  # while those who follow are told of the end
        assert (await watched.player(api, "video").get("playlist.m3u8?_HLS_msn=0")).status == 200
    clock.pass_by(ENDED_S / 2 + 1)
    assert (kept.peek(watched.recording_id) is not None) is is_watched
    clock.pass_by(WATCHED_S)
    assert kept.peek(watched.recording_id) is None
    await until_followed_no_more(api, watched.recording_id)
    assert (await watched.player(api, "video").get("playlist.m3u8")).status == 200
    assert watched.read == [watched.recorder.directory]


async def test_files_that_a_job_has_changed_are_read_once_for_who_watched_to_the_end(
    api: Api, teacher: Person, watched: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.call("POST", f"{BASE}/{watched.recording_id}/stop", by=teacher)
    await until_ended(api)
    await until_followed_no_more(api, watched.recording_id)
    api.server.services.recordings.playback.refresh(watched.recording_id)
    player, catalogue = watched.player(api, "video"), api.server.services.recordings.catalogue
    asked, find, goes_on = list[str](), catalogue.find, asyncio.Event()

    async def find_slowly(recording_id: str) -> Recording:
        asked.append(recording_id)
        await goes_on.wait()
        return await find(recording_id)

    monkeypatch.setattr(catalogue, "find", find_slowly)
    getting = [asyncio.create_task(player.get("seg-00000.0.m4s")) for _ in range(10)]
    async with asyncio.timeout(40):
        while not asked:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    goes_on.set()
    assert {answer.status for answer in await asyncio.gather(*getting)} == {200}
    assert watched.read == [watched.recorder.directory] and asked == [watched.recording_id]


async def test_recording_that_others_may_see_no_more_while_it_is_read_is_not_kept(
    api: Api, teacher: Person, watched: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another server has put it into the trash."""
    await api.call("POST", f"{BASE}/{watched.recording_id}/stop", by=teacher)
    await until_ended(api)
    await until_followed_no_more(api, watched.recording_id)
    recordings = api.server.services.recordings
    recordings.playback.refresh(watched.recording_id)
    loop, is_read, goes_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def load(directory: Path) -> RecordingView:
        loop.call_soon_threadsafe(is_read.set)
        assert goes_on.wait(60)
        return load_whole(directory)

    monkeypatch.setattr(playback, "load_whole", load)
    viewing = asyncio.create_task(recordings.view(watched.recording_id))
    await is_read.wait()
    before = now = datetime.now(UTC)
    async with api.server.services.database.transaction() as tx:
        values = {"status": Status.DELETED, "status_before": Status.READY, "deleted_at": now}
        await change_recording(tx, watched.recording_id, access_changed_at=now, **values)
    async with api.server.services.database.read() as tx:
        await recordings.catalogue.recall(tx, before, now)
    goes_on.set()
    await viewing
    assert recordings.playback.view_in_memory(watched.recording_id) is None
    assert (await watched.player(api, "video").get("playlist.m3u8")).status == 410


async def test_class_whose_files_the_disk_keeps_open_is_read_again(
    api: Api, teacher: Person, watched: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its recorder had in memory may be more than what is there."""

    def refuse(*_: object) -> None:
        raise OSError("The disk takes no more")

    with monkeypatch.context() as patch:
        for name in ("vtp.recording.recorded_files.recover", "vtp.recording.recovery.write_manifest"):
            patch.setattr(name, refuse)
        watched.recorder._commands.append(refuse)
        await until_ended(api)
    await until_followed_no_more(api, watched.recording_id)
    assert api.server.services.recordings.playback.view_in_memory(watched.recording_id) is None
    assert (await watched.player(api, "video").get("playlist.m3u8")).status == 200
    assert watched.read == [watched.recorder.directory]
    assert api.server.services.recordings.playback.view_in_memory(watched.recording_id) is not None


async def test_class_whose_last_word_the_disk_refuses_is_read_again(
    api: Api, teacher: Person, watched: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is written but that it is closed, and it cannot be made whole at once."""

    def write(directory: Path, manifest: Manifest) -> None:
        if manifest.closed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_manifest(directory, manifest)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(recorded_files, "write_manifest", write)
        patch.setattr(recorded_files, "recover", refuse)
        await api.call("POST", f"{BASE}/{watched.recording_id}/stop", by=teacher)
        await until_ended(api)
    await until_followed_no_more(api, watched.recording_id)
    assert not read_manifest(watched.recorder.directory).closed
    assert not watched.recorder.manifest.closed
    assert api.server.services.recordings.playback.view_in_memory(watched.recording_id) is None
    row = await api.call("GET", f"{BASE}/{watched.recording_id}", by=teacher)
    assert row.body["status"] == "interrupted" and row.body["duration_seconds"] > 4
    assert (await watched.player(api, "video").get("playlist.m3u8")).status == 200
    assert watched.read == [watched.recorder.directory]


async def test_recorder_that_dies_leaves_what_its_files_hold_in_memory(
    api: Api, teacher: Person, watched: Class
) -> None:
    def fail() -> None:
        raise RuntimeError("a bug")

    watched.recorder._commands.append(fail)
    await until_ended(api)
    kept = api.server.services.recordings.playback.view_in_memory(watched.recording_id)
    await until_followed_no_more(api, watched.recording_id)
    loaded = await asyncio.to_thread(load_whole, watched.recorder.directory)
    assert kept is not None and kept.manifest.failure == active.DIED and watched.read == []
    assert kept.manifest == loaded.manifest and kept.tracks == loaded.tracks
    player = watched.player(api, "video")
    text = (await loaded.follow("video", Wish(0))).text.decode()
    assert (await player.get("playlist.m3u8?_HLS_msn=0")).text == text
