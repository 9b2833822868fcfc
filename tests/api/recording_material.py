"""Finished recordings put behind a running server's back, and a player that fetches their media."""

from __future__ import annotations

import atexit
import functools
import io
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import av

from tests.serving import Api, Person
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units
from vtp.ids import new_id
from vtp.recording.manifest import (
    MANIFEST_NAME,
    Manifest,
    PersonOfTrack,
    read_manifest,
    write_manifest,
)
from vtp.recording.sample_table import TABLE_NAME
from vtp.recording.service import Recordings
from vtp.recording.source import PlacedPicture
from vtp.recording.store import Recording, Status, add_recording, change_recording
from vtp.recording.units import PlainUnit

WALL_NS = 1_790_000_000_000_000_000


async def make_room(api: Api, teacher: Person, slug: str = "physics") -> str:
    """Makes a room by the front door; gives its id."""
    wish = {"room_id": slug, "room_name": slug.title()}
    answer = await api.call("POST", "/api/v1/signalling/room/create", wish, by=teacher)
    assert answer.status == 201, answer
    return str(answer.body["room_id"])


async def add_finished(
    api: Api,
    room_id: str,
    owner: Person,
    *,
    title: str = "Optics",
    status: Status = Status.READY,
    closed: bool = True,
    video: Sequence[PlainUnit] | Sequence[PlacedPicture] | None = None,
    metadata: dict[str, Any] | None = None,
    duration_ms: int = 0,
    layout: str = "program",
) -> str:
    """A recording of 4 s with all its files; `closed=False` leaves it as a killed server would."""
    recording_id = new_id()
    now = datetime.now(UTC)
    recording = Recording(
        recording_id,
        room_id,
        title,
        "",
        owner.user_id,
        status,
        "hls",
        layout,
        now,
        now,
        now,
        metadata=metadata or {},
        duration_ms=duration_ms,
    )
    services = api.server.services
    async with services.database.transaction() as tx:
        await add_recording(tx, recording)
    write_files(services.recordings, recording_id, video, closed=closed)
    return recording_id


def write_files(
    recordings: Recordings,
    recording_id: str,
    video: Sequence[PlainUnit] | Sequence[PlacedPicture] | None,
    *,
    closed: bool,
) -> None:
    """The folder of such a recording."""
    directory = recordings.file(recording_id, "x").parent
    if video is None:
        shutil.copytree(plain_tracks(closed=closed), directory, dirs_exist_ok=True)
    else:
        make_tracks(directory, video, closed=closed)
    duration_ns = 4_000_000_000 if closed else 0
    manifest = Manifest(recording_id, WALL_NS, 4, ("video", "opus", "aac"), duration_ns, closed=closed)
    write_manifest(directory, manifest)


async def add_tracks(api: Api, recording_id: str, owners: Sequence[str]) -> Path:
    """The picture of a finished recording once more for each owner: p1, p2 and so on. Gives its folder."""
    services = api.server.services
    async with services.database.transaction() as tx:
        await change_recording(tx, recording_id, layout="both")
    folder = services.recordings.file(recording_id, MANIFEST_NAME).parent
    people = []
    for number, owner in enumerate(owners, 1):
        shutil.copytree(folder / "video", folder / f"p{number}", ignore=shutil.ignore_patterns(TABLE_NAME))
        people.append(PersonOfTrack(f"p{number}", f"in the room {number}", owner, "Ann", "camera"))
    write_manifest(folder, replace(read_manifest(folder), people=tuple(people)))
    services.recordings.playback.refresh(recording_id)
    return folder


@functools.cache
def plain_tracks(*, closed: bool) -> Path:
    """A folder with the tracks of what most recordings are; it is made once, and goes with the tests."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    make_tracks(Path(folder.name), h264_units(120), closed=closed)
    return Path(folder.name)


def make_tracks(
    directory: Path, video: Sequence[PlainUnit] | Sequence[PlacedPicture], *, closed: bool
) -> None:
    """Four seconds of this picture and of sound."""
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    feed(segmenter, video, opus_units(200))
    if closed:
        segmenter.finish()
    else:
        for writer in recorded.writers:
            writer.abandon()


@dataclass(frozen=True)
class Fetched:
    """An answer with its bytes."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.body.decode()


async def fetch(api: Api, path: str, **headers: str) -> Fetched:
    """One GET without decoding anything."""
    return await fetch_at(f"{api.base_url}{path}", **headers)


async def fetch_at(url: str, **headers: str) -> Fetched:
    """The same of any server."""
    sent = {"Accept-Encoding": "identity"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    async with (
        aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.get(url, headers=sent, allow_redirects=False) as response,
    ):
        return Fetched(response.status, await response.read(), response.headers)


async def grant_of(api: Api, recording_id: str, by: Person) -> str:
    """The `Cookie` header that reading the recording gives."""
    answer = await api.call("GET", f"/api/v1/recordings/{recording_id}", by=by)
    assert answer.status == 200, answer
    return answer.headers["Set-Cookie"].partition(";")[0]


def open_media(data: bytes) -> Any:
    """The bytes as PyAV reads them."""
    return av.open(io.BytesIO(data))
