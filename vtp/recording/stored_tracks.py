"""Tracks of participants in the object store: taken out of a recording, without the rest being fetched."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Collection
from pathlib import Path
from weakref import WeakValueDictionary

from vtp.errors import Unavailable
from vtp.recording.index import INDEX_NAME
from vtp.recording.ladder import picture_tracks, rung_lines
from vtp.recording.manifest import MANIFEST_NAME, PERSON_TRACK, Manifest, change_manifest
from vtp.storage import RemoteStore

ROUNDS = 8


class StoredTracks:
    """What the manifests in the store said of whose tracks there are is remembered: nobody is added later.

    A store has no locks. Erasures of this process take turns; what those of another one, or an upload, have
    written over is found by looking again, until there is nothing left to do. Rungs whose index is there are
    whole, as indexes are sent after segments: a manifest that does not name them was put over theirs.
    """

    def __init__(self, remote: RemoteStore) -> None:
        self._remote = remote
        self._owners: dict[str, set[str]] = {}  # by recording
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by recording

    @property
    def url(self) -> str:
        """The store, as rows name it."""
        return self._remote.url

    async def erase(self, recording_id: str, user_id: str) -> list[str]:
        """Deletes the tracks of this user, their name first; gives which tracks are gone.

        Those that the manifest named though their files were gone are among them, and those that had files
        though it did not name them. Raises Unavailable (StoreAway), ValueError, OSError of the disk.
        """
        async with self._turns.setdefault(recording_id, asyncio.Lock()):
            known = self._owners.get(recording_id)
            if known is not None and user_id not in known:
                return []
            gone: set[str] = set()
            lost: set[str] = set()
            rungs: list[str] = []
            for _ in range(ROUNDS):
                try:
                    taken, manifest = await self._take_out(recording_id, user_id, lost, rungs)
                except FileNotFoundError:  # not all of it is there yet: the upload looks at what has changed
                    return sorted(gone)
                present = await self._remote.listing(recording_id)
                dropped = await drop_unnamed(self._remote, recording_id, manifest, present)
                names = {one.track for one in manifest.people}
                lost = {name for name in names if f"{recording_id}/{name}/{INDEX_NAME}" not in present}
                rungs = [name for name in rungs_in(present) if name not in manifest.tracks]
                gone.update(taken, dropped)
                if not (taken or dropped or lost or rungs):
                    self._owners[recording_id] = {one.user_id for one in manifest.people}
                    return sorted(gone)
        raise Unavailable(
            f"The manifest of recording {recording_id} in the object store was changed by others {ROUNDS} "
            "times while somebody's tracks were to be erased from it: try again later."
        )

    async def _take_out(
        self, recording_id: str, user_id: str, lost: Collection[str], rungs: Collection[str]
    ) -> tuple[list[str], Manifest]:
        """From the manifest: their tracks, and those that are lost. `rungs` are put in, which it lacks."""
        key = f"{recording_id}/{MANIFEST_NAME}"
        with tempfile.TemporaryDirectory() as folder:
            await self._remote.fetch(key, Path(folder) / MANIFEST_NAME)
            taken, manifest = await asyncio.to_thread(take_out, Path(folder), user_id, lost, rungs)
            if taken or rungs:
                await self._remote.put_file(key, Path(folder) / MANIFEST_NAME)
        return taken, manifest


def take_out(
    directory: Path, user_id: str, lost: Collection[str] = (), rungs: Collection[str] = ()
) -> tuple[list[str], Manifest]:
    """Takes what is this user's, and tracks that are lost, out of an ended recording's manifest, and puts
    `rungs` in; gives which tracks went, and what the manifest says now. Raises OSError, ValueError; blocks.
    """
    taken: list[str] = []

    def without(manifest: Manifest) -> Manifest:
        if manifest.closed:
            taken.extend(one.track for one in manifest.people if one.user_id == user_id or one.track in lost)
        for rung in rungs:
            manifest = manifest.with_track(rung)
        return manifest.without(taken)

    return taken, change_manifest(directory, without)


async def drop_unnamed(
    remote: RemoteStore, recording_id: str, manifest: Manifest, present: Collection[str]
) -> list[str]:
    """Deletes the tracks of participants in the store that the manifest does not name, of the keys that are
    `present`; gives which they were. Raises StoreAway.
    """
    folders = {key.split("/")[1] for key in present}
    dropped = unnamed(folders, manifest)
    for folder in dropped:
        await remote.delete(f"{recording_id}/{folder}")
    return dropped


def rungs_in(present: Collection[str]) -> list[str]:
    """The rungs of a ladder whose indexes are among the keys of one recording, from the largest down."""
    names = {key.split("/")[1] for key in present if key.endswith(f"/{INDEX_NAME}")}
    return [name for name in picture_tracks(names) if rung_lines(name)]


def unnamed(folders: Collection[str], manifest: Manifest) -> list[str]:
    """Which of these are folders of participants' tracks that the manifest does not name."""
    return sorted(one for one in set(folders) - set(manifest.all_tracks) if PERSON_TRACK.fullmatch(one))
