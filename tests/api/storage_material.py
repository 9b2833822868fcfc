"""A server whose recordings go to an object store; its job process in the test's own process or beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.api.recording_material import add_finished, fetch, grant_of, make_room, open_media
from tests.serving import Api, Person, serving
from vtp.accounts.picture_moving import move_pictures
from vtp.backup.check import find_damage
from vtp.coursework.moving import move_files
from vtp.jobs.process import run_jobs
from vtp.recording.changes import RecordingChanged
from vtp.recording.store import Status
from vtp.settings import JobSettings, StorageSettings

BASE = "/api/v1/recordings"
WAIT_LIMIT_S = 60.0
LOOK_AGAIN_S = 0.05
PROMPT = (0.05,)  # retry delays


@asynccontextmanager
async def storing(
    data_dir: Path,
    storage: StorageSettings,
    *,
    embedded: bool = False,
    working: bool = True,
    database_url: str = "",
    **more: Any,
) -> AsyncIterator[Api]:
    """`embedded`: the server starts the job process; else `run_jobs` runs here, or nothing does."""
    jobs = JobSettings(embedded=embedded, retry_delays_s=list(PROMPT))
    async with serving(data_dir, database_url, storage=storage, jobs=jobs, **more) as api:
        if embedded or not working:
            yield api
        else:
            async with working_on(api):
                yield api


@asynccontextmanager
async def working_on(api: Api) -> AsyncIterator[None]:
    """The job process's work, until the context ends."""
    stop = asyncio.Event()
    running = asyncio.create_task(
        run_jobs(
            api.server.services.settings, stop, {"files of courses": move_files, "pictures": move_pictures}
        )
    )
    try:
        yield
    finally:
        stop.set()
        await running


def told(api: Api, recording_id: str) -> None:
    """As when the recording has just ended."""
    api.server.services.jobs.jobs.recording_changed(RecordingChanged(recording_id, Status.READY))


async def recorded(api: Api) -> tuple[str, Person]:
    """A recording that has just ended, and its teacher."""
    teacher = await api.person("teacher")
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    told(api, recording_id)
    return recording_id, teacher


async def until(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Waits for what another process does; gives what it was."""
    found = None
    try:
        async with asyncio.timeout(WAIT_LIMIT_S):
            while not (found := await condition()):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_S)
    except TimeoutError:
        raise AssertionError(f"{what} did not come about") from None
    return found


async def job_of(api: Api, recording_id: str, by: Person) -> Any:
    """The upload, or None."""
    answer = await api.call("GET", f"{BASE}/{recording_id}/jobs", by=by)
    assert answer.status == 200, answer
    return answer.body["items"][0] if answer.body["items"] else None


async def job_is(api: Api, recording_id: str, by: Person, wanted: Callable[[Any], bool]) -> Any:
    """Waits until the upload is as wanted."""

    async def look() -> Any:
        job = await job_of(api, recording_id, by)
        return job if job is not None and wanted(job) else None

    return await until(look, "the job as wanted")


async def uploaded(api: Api, recording_id: str, by: Person) -> Any:
    """Waits until the upload is done; gives the recording."""
    await job_is(api, recording_id, by, lambda job: job["state"] == "done")
    return (await api.call("GET", f"{BASE}/{recording_id}", by=by)).body


async def gone_from_here(api: Api, recording_id: str) -> None:
    """Waits until its bytes are in the store alone."""
    files = api.server.services.jobs.files

    async def look() -> bool:
        return not files.directory(recording_id).exists()

    await until(look, "the end of the local bytes")


async def media_of(api: Api, recording_id: str, by: Person) -> dict[str, bytes]:
    """Every section and segment as a player gets them, by their names."""
    cookie = await grant_of(api, recording_id, by)
    found = {}
    for track in ("video", "opus", "aac"):
        folder = f"{BASE}/{recording_id}/stream/{track}"
        playlist = await fetch(api, f"{folder}/playlist.m3u8", Cookie=cookie)
        assert playlist.status == 200, playlist
        lines = playlist.text.splitlines()
        names = [line for line in lines if line and not line.startswith("#")] + ["init-0.mp4"]
        for name in names:
            answer = await fetch(api, f"{folder}/{name}", Cookie=cookie)
            assert answer.status == 200, answer
            found[f"{track}/{name}"] = answer.body
    return found


async def check_plays_from_there(
    api: Api, recording_id: str, by: Person, before: Mapping[str, bytes]
) -> None:
    """A recording whose bytes are in the store alone is what it was, in parts and as MP4, and undamaged."""
    assert await media_of(api, recording_id, by) == before
    cookie = await grant_of(api, recording_id, by)
    path = f"{BASE}/{recording_id}/stream/video/seg-00001.m4s"
    part = await fetch(api, path, Cookie=cookie, Range="bytes=10-19")
    assert part.status == 206 and part.body == before["video/seg-00001.m4s"][10:20]
    download = await fetch(api, f"{BASE}/{recording_id}/download", Cookie=cookie)
    with open_media(download.body) as media:
        assert media.streams.video[0].frames == 120 and abs(media.duration / 1e6 - 4) < 0.1
    settings = api.server.services.settings
    assert [fault async for fault in find_damage(settings, read_media=False)] == []


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a recording's folder by its name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
