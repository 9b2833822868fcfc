"""Tracks of participants in the object store: taken out of a recording, without the rest being fetched."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from vtp.recording.manifest import MANIFEST_NAME, PERSON_TRACK, Manifest, change_manifest
from vtp.storage import RemoteStore


class StoredTracks:
    """What the manifests in the store said of whose tracks there are is remembered: nobody is added later."""

    def __init__(self, remote: RemoteStore) -> None:
        self._remote = remote
        self._owners: dict[str, set[str]] = {}  # by recording

    @property
    def url(self) -> str:
        """The store, as rows name it."""
        return self._remote.url

    async def erase(self, recording_id: str, user_id: str) -> list[str]:
        """Deletes the tracks of this user, their name first; gives which they were. Raises StoreAway."""
        known = self._owners.get(recording_id)
        if known is not None and user_id not in known:
            return []
        key = f"{recording_id}/{MANIFEST_NAME}"
        with tempfile.TemporaryDirectory() as folder:
            try:
                await self._remote.fetch(key, Path(folder) / MANIFEST_NAME)
            except FileNotFoundError:  # not all of it is there yet: the upload looks at what has changed
                return []
            theirs, manifest = await asyncio.to_thread(take_out, Path(folder), user_id)
            if theirs:
                await self._remote.put_file(key, Path(folder) / MANIFEST_NAME)
        await drop_unnamed(self._remote, recording_id, manifest)
        self._owners[recording_id] = {one.user_id for one in manifest.people}
        return theirs


def take_out(directory: Path, user_id: str) -> tuple[list[str], Manifest]:
    """Takes what is this user's out of an ended recording's manifest; gives which tracks that were, and what
    the manifest says now. Raises OSError and ValueError; blocks.
    """
    theirs: list[str] = []

    def without(manifest: Manifest) -> Manifest:
        if manifest.closed:
            theirs.extend(one.track for one in manifest.people if one.user_id == user_id)
        return manifest.without(theirs)

    return theirs, change_manifest(directory, without)


async def drop_unnamed(remote: RemoteStore, recording_id: str, manifest: Manifest) -> None:
    """Deletes the tracks of participants in the store that the manifest does not name. Raises StoreAway."""
    folders = {key.split("/")[1] for key in await remote.listing(recording_id)}
    for folder in folders - set(manifest.all_tracks):
        if PERSON_TRACK.fullmatch(folder):
            await remote.delete(f"{recording_id}/{folder}")
