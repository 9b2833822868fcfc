"""How recordings end and go when something else happens at that very moment."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.api.live_player import LivePlayer
from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.api.test_recordings_class import until_segments
from tests.hls_duties import read
from tests.serving import Api, Person
from tests.unit.recording_material import h264_units, opus_units
from tests.unit.recording_sources import prepared_source
from vtp.db import Database
from vtp.errors import Gone, Unavailable
from vtp.recording import downloads, ends
from vtp.recording.active import DIED
from vtp.recording.downloads import Downloads
from vtp.recording.index import TrackIndex
from vtp.recording.manifest import MANIFEST_NAME
from vtp.recording.recorder import Recorder
from vtp.recording.sample_table import Find, SampleTable, load_table
from vtp.recording.session import RecordingSession
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView
from vtp.rooms.live import LiveRoom
from vtp.tasks import Tasks

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


async def start(api: Api, by: Person, room: str) -> str:
    answer = await api.call("POST", f"{BASE}/start", {"room_id": room}, by=by)
    assert answer.status == 201, answer
    return str(answer.body["recording_id"])


def give_class(recorder: Recorder, began_ns: int) -> None:
    """Picture and sound that began then, by the monotonic clock."""
    for source, _ in (
        prepared_source("video", h264_units(150), time.monotonic_ns, start_ns=began_ns),
        prepared_source("audio", opus_units(250), time.monotonic_ns, start_ns=began_ns),
    ):
        recorder.add_source(source)


async def recorder_of(api: Api, recording_id: str) -> Recorder:
    """The recorder of a recording in progress, once it has begun to write."""
    session = api.server.services.recordings._active.get(recording_id)
    assert session is not None
    manifest = session.recorder.directory / MANIFEST_NAME
    async with asyncio.timeout(40):
        while not await asyncio.to_thread(manifest.exists):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return session.recorder


async def until_ended(api: Api) -> None:
    async with asyncio.timeout(80):
        await api.server.services.recordings.settle()


def live_room(api: Api, room: str) -> LiveRoom:
    live = api.server.services.live_rooms.get(room)
    assert live is not None
    return live


async def test_recording_that_ends_while_somebody_stops_it_stays_ended(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await make_room(api, teacher)
    recording_id = await start(api, teacher, room)
    await recorder_of(api, recording_id)
    queued, wait = asyncio.Queue[None](), Database._wait_for_turn

    async def tell_and_wait(of: Database, stack: AsyncExitStack) -> None:
        queued.put_nowait(None)
        await wait(of, stack)

    async with api.server.services.database.transaction():  # everybody who writes waits, in order
        monkeypatch.setattr(Database, "_wait_for_turn", tell_and_wait)
        live_room(api, room).close()
        await queued.get()  # how it ended
        stopping = asyncio.create_task(api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher))
        await queued.get()  # and behind that, that it is being stopped
    assert (await stopping).body["status"] == "failed"
    answer = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert answer.body["status"] == "failed", "nothing was sent, and nothing will change that any more"


async def test_what_is_stopped_while_the_database_is_away_has_ended_and_is_said_so_when_it_is_back(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await make_room(api, teacher)
    recording_id = await start(api, teacher, room)
    recorder = await recorder_of(api, recording_id)
    give_class(recorder, time.monotonic_ns() - 6 * NS)
    async with asyncio.timeout(40):
        while not recorder.size_bytes:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def away() -> None:
        raise Unavailable("The database does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(ends, "SAVE_AGAIN_S", 0.05)
        for name in ("read", "transaction"):
            patch.setattr(api.server.services.database, name, away)
        stopped = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        assert (stopped.status, stopped.body["code"]) == (503, "stopped_unsaved")
        async with asyncio.timeout(20):
            while live_room(api, room).recording:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        again = await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
        assert (again.status, again.body["code"]) == (503, "stopped_unsaved")
    await until_ended(api)
    ended = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert (ended.body["status"], ended.body["error_message"]) == ("ready", None)


async def test_recorder_that_dies_over_damaged_files_ends_its_recording(api: Api, teacher: Person) -> None:
    room = await make_room(api, teacher)
    recording_id = await start(api, teacher, room)
    recorder = await recorder_of(api, recording_id)

    def fail() -> None:
        (recorder.directory / MANIFEST_NAME).write_bytes(b"damaged")
        raise RuntimeError("a bug")

    recorder._commands.append(fail)
    await until_ended(api)
    answer = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert (answer.body["status"], answer.body["error_message"]) == ("failed", DIED)
    assert await start(api, teacher, room) != recording_id


async def test_followers_of_a_recorder_that_dies_are_told_the_end_while_the_database_is_away(
    api: Api, teacher: Person
) -> None:
    recording_id = await start(api, teacher, await make_room(api, teacher))
    recorder = await recorder_of(api, recording_id)
    cookie = await grant_of(api, recording_id, teacher)
    give_class(recorder, time.monotonic_ns() - 6 * NS)
    await until_segments(api, recording_id, cookie, 2)
    viewer = LivePlayer(api, recording_id, cookie, "video")
    await viewer.reload()

    def fail() -> None:
        raise RuntimeError("a bug")

    async with api.server.services.database.transaction():  # how it ended cannot be written
        recorder._commands.append(fail)
        while not (await viewer.reload()).ended:
            pass
        assert read((await viewer.get("playlist.m3u8?_HLS_msn=0")).text).ended
    await until_ended(api)
    ended = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert (ended.body["status"], ended.body["error_message"]) == ("interrupted", DIED)


async def test_room_that_closed_before_its_recorder_ran_is_not_recorded_for_ever(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    live = await api.open_room(await make_room(api, teacher))
    live.close()
    tasks = Tasks()
    session = RecordingSession(live, Recorder(tmp_path / "recording", "x"), tasks)
    outcome = await asyncio.wait_for(session.run(), 40)
    await tasks.close()
    assert outcome.duration_ns == 0 and not live.recording


async def test_player_who_comes_while_a_recording_is_deleted_gets_nothing_later(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    cookie = await grant_of(api, recording_id, teacher)
    load, loading, go_on = RecordingView.load, threading.Event(), threading.Event()

    def slowly(directory: Path) -> RecordingView:
        loading.set()
        go_on.wait(10)
        return load(directory)

    monkeypatch.setattr(RecordingView, "load", slowly)
    viewing = asyncio.create_task(api.server.services.recordings.view(recording_id))
    await asyncio.to_thread(loading.wait, 10)
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=teacher)).status == 200
    go_on.set()
    with pytest.raises(Gone):
        await viewing
    assert (await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)).status == 410


async def test_recording_deleted_while_its_download_is_made_leaves_no_bytes(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    folder = api.server.services.recordings.file(recording_id, "x").parent
    making, go_on = threading.Event(), threading.Event()
    load, settle, settling = load_table, Downloads.settle, asyncio.Event()

    async def settle_and_tell(of: Downloads, recording_id: str) -> None:
        settling.set()
        await settle(of, recording_id)

    def slowly(
        folder: Path,
        index: TrackIndex,
        pause: Callable[[], None] = lambda: None,
        find: Find | None = None,
    ) -> SampleTable:
        making.set()
        go_on.wait(10)
        table = load(folder, index, pause, find)
        (folder / "late").write_bytes(b"what was written last")
        return table

    monkeypatch.setattr(downloads, "load_table", slowly)
    monkeypatch.setattr(Downloads, "settle", settle_and_tell)
    download = asyncio.create_task(fetch(api, f"{BASE}/{recording_id}/download", **teacher.headers))
    await asyncio.to_thread(making.wait, 10)
    gone = asyncio.create_task(api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher))
    await settling.wait()
    go_on.set()
    assert (await gone).status == 200
    await asyncio.wait([download])
    assert not await asyncio.to_thread(folder.exists)


async def test_download_of_damaged_files_is_told_and_no_bug(api: Api, teacher: Person) -> None:
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    file = api.server.services.recordings.file
    for name, says in (("aac/seg-00001.m4s", "shorter"), ("video/init-0.mp4", "no sample entry")):
        file(recording_id, name).write_bytes(b"\x00" * 700)
        answer = await api.call("GET", f"{BASE}/{recording_id}/download", by=teacher)
        assert answer.status == 503 and f"{name} is damaged: it" in answer.body["detail"], answer
        assert says in answer.body["detail"] or "init" in answer.body["detail"]
    file(recording_id, "video/init-0.mp4").unlink()
    answer = await api.call("GET", f"{BASE}/{recording_id}/download", by=teacher)
    assert answer.status == 503 and "is missing" in answer.body["detail"]


async def test_recording_that_everybody_forgot_ends_by_itself(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    live = await api.open_room(await make_room(api, teacher))
    tasks = Tasks()
    session = RecordingSession(live, Recorder(tmp_path / "recording", "x"), tasks, idle_stop_s=0.2)
    await asyncio.wait_for(session.run(), 40)
    await tasks.close()
    assert not live.recording
