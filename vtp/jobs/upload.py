"""Uploads a recording that has ended: sections, segments, then indexes, and the manifest last of all.

Where the manifest is, everything is. What is in the store already, whole, is not sent again, so that a run
goes on where the one before was killed.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vtp.jobs.progress import Progress
from vtp.recording.downloads import load_tables
from vtp.recording.files import sections_of
from vtp.recording.index import INDEX_NAME, TrackIndex, segment_name
from vtp.recording.manifest import MANIFEST_NAME, Manifest, read_manifest
from vtp.recording.recovery import recover
from vtp.recording.sample_table import TABLE_NAME
from vtp.recording.store import Recording, Storage
from vtp.recording.stored_tracks import drop_unnamed
from vtp.recording.storyboard import FOLDER
from vtp.recording.view import RecordingView
from vtp.storage import RemoteStore, Store
from vtp.storage.remote import Stored

logger = logging.getLogger(__name__)

AT_ONCE = 4
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a recording."""

    key: str
    path: Path
    size: int


class Upload:
    """One for the whole process."""

    moves = True
    then = None

    def __init__(self, store: Store, remote: RemoteStore) -> None:
        self._store = store
        self._remote = remote

    async def run(self, recording: Recording, progress: Progress, rungs: str = "") -> Mapping[str, object]:
        """Gives what the recording's row says from now on.

        One that is not here and whole in the store was sent before its row came from an older backup. Raises
        StoreAway; OSError and ValueError for what is wrong with the recording itself.
        """
        directory = self._store.path(recording.id)
        if not directory.exists() and await self._is_there(recording.id):
            return self._stored()
        sent = None
        while sent != (wanted := await asyncio.to_thread(_whole_manifest, directory)):
            await self._send_as_it_is(directory, recording.id, progress)
            sent = wanted  # somebody's tracks may have been erased meanwhile: then it is sent anew
        await drop_unnamed(self._remote, recording.id, wanted, await self._remote.listing(recording.id))
        return self._stored()

    def _stored(self) -> Mapping[str, object]:
        return {"storage": Storage.STORED, "stored_url": self._remote.url, "stored_at": datetime.now(UTC)}

    async def _is_there(self, recording_id: str) -> bool:
        """Whether the manifest is, which is sent last of all."""
        key = f"{recording_id}/{MANIFEST_NAME}"
        return key in await self._remote.listing(recording_id)

    async def _send_as_it_is(self, directory: Path, recording_id: str, progress: Progress) -> None:
        *parts, manifest = await asyncio.to_thread(parts_of, directory, recording_id)
        present = await self._remote.listing(recording_id)
        missing = await self._missing(parts, present)
        total = sum(part.size for part in [*parts, manifest])
        progress.begin(total, total - manifest.size - sum(part.size for part in missing))
        sent = await self._send(missing, progress)
        _verify(parts, sent, await self._remote.listing(recording_id))
        sent = await self._send([manifest], progress)
        _verify([manifest], sent, await self._remote.listing(recording_id))

    async def _missing(self, parts: Iterable[Part], present: Mapping[str, Stored]) -> list[Part]:
        """What has to be sent: by size, and by MD5 where the store's tags are that. Of small objects they are
        with most, but where a store encrypts with keys of its customers they look alike and are not: one that
        differs is sent again to find that out.
        """
        missing, others = [], []
        for part in parts:
            stored = present.get(part.key)
            if stored is None or stored.size != part.size:
                missing.append(part)
            elif _MD5.fullmatch(stored.etag) and stored.etag != await asyncio.to_thread(_md5, part.path):
                others.append(part)
        if others:
            probe = min(others, key=lambda part: part.size)
            put = await self._remote.put_file(probe.key, probe.path)
            others.remove(probe)
            if put.etag == await asyncio.to_thread(_md5, probe.path):
                missing += others
        return missing

    async def undo(self, recording_id: str) -> None:
        """Takes away what was sent of a recording that has been deleted meanwhile."""
        await self._remote.delete(recording_id)

    async def _send(self, parts: Iterable[Part], progress: Progress) -> dict[str, Stored]:
        """Some at a time; the first that fails ends all."""
        waiting, sent = iter(parts), dict[str, Stored]()

        async def send() -> None:
            for part in waiting:
                sent[part.key] = await self._remote.put_file(part.key, part.path)
                progress.add(part.size)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(send())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return sent


def parts_of(directory: Path, recording_id: str) -> list[Part]:
    """What a recording consists of, the manifest last; one that was never closed is made whole first.

    Raises OSError, also for a file that is missing, and ValueError.
    """
    _whole_manifest(directory)
    view = RecordingView.load(directory)
    tracks = {**view.tracks, **view.people}
    names = sections_of(tracks)
    for track, index in tracks.items():
        names += [f"{track}/{segment_name(one.msn)}" for one in index.segments if not one.gap]
    names += [f"{FOLDER}/{path.name}" for path in sorted((directory / FOLDER).glob("sheet-*.jpg"))]
    names += [f"{track}/{INDEX_NAME}" for track in tracks] + _tables_of(directory, view.tracks)
    paths = {name: directory / name for name in [*names, MANIFEST_NAME]}
    return [Part(f"{recording_id}/{name}", path, path.stat().st_size) for name, path in paths.items()]


def _whole_manifest(directory: Path) -> Manifest:
    manifest = read_manifest(directory)
    return manifest if manifest.closed else recover(directory).manifest


def _tables_of(directory: Path, tracks: dict[str, TrackIndex]) -> list[str]:
    """The samples, so that no download has to read them from the store; of damaged tracks there are none."""
    try:
        load_tables(directory, tracks)
    except (OSError, ValueError) as error:
        logger.warning("Recording %s is uploaded without its samples: %s", directory.name, error)
    names = [f"{track}/{TABLE_NAME}" for track in tracks]
    return [name for name in names if (directory / name).exists()]


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _verify(parts: Iterable[Part], sent: Mapping[str, Stored], present: Mapping[str, Stored]) -> None:
    """What the store lists is what was sent. Raises ValueError."""
    for part in parts:
        found, put = present.get(part.key), sent.get(part.key)
        if found is None:
            raise ValueError(f"The object store took {part.key} and does not list it")
        if found.size != part.size:
            raise ValueError(f"The object store has {found.size} bytes of {part.key} instead of {part.size}")
        if put is not None and put.etag and found.etag != put.etag:
            raise ValueError(f"The object store has another {part.key} than was sent")
