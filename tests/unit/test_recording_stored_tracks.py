"""Tracks of participants in an object store that others change at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.folder_store import URL, FolderClients
from vtp.recording.files import RecordingFiles
from vtp.recording.index import INDEX_NAME, EndLine, TrackLine, encode_line
from vtp.recording.manifest import Manifest, PersonOfTrack, read_manifest, write_manifest
from vtp.recording.stored_tracks import StoredTracks
from vtp.recording.view import RecordingView
from vtp.storage import FileCache, RemoteStore, Store
from vtp.storage.remote import Stored
from vtp.storage_address import parse_storage_address

OWNERS = ("ann", "ben", "cem")


class OvertakenStore(RemoteStore):
    """Something happens once just before it puts a file, or deletes."""

    before_put: Callable[[], Awaitable[object]] | None = None
    before_delete: Callable[[], Awaitable[object]] | None = None

    async def put_file(self, key: str, path: Path) -> Stored:
        meanwhile, self.before_put = self.before_put, None
        if meanwhile is not None:
            await meanwhile()
        return await super().put_file(key, path)

    async def delete(self, prefix: str) -> int:
        meanwhile, self.before_delete = self.before_delete, None
        if meanwhile is not None:
            await meanwhile()
        return await super().delete(prefix)


class Bucket:
    """A recording `r` in a store: its picture, and p1 to p3 of the owners."""

    def __init__(self, folder: Path) -> None:
        self.clients = FolderClients(folder)
        self.recording = folder / "r"
        for track in ("video", "p1", "p2", "p3"):
            (self.recording / track).mkdir(parents=True)
            lines = encode_line(TrackLine(track, 90_000)) + encode_line(EndLine())
            (self.recording / track / INDEX_NAME).write_bytes(lines)
            (self.recording / track / "seg-00000.m4s").write_bytes(b"media")
        self.name_tracks_of(*OWNERS)

    def name_tracks_of(self, *owners: str) -> None:
        people = [
            PersonOfTrack(f"p{number}", f"in the room {number}", owner, owner, "camera")
            for number, owner in enumerate(OWNERS, 1)
            if owner in owners
        ]
        write_manifest(self.recording, Manifest("r", tracks=("video",), people=tuple(people), closed=True))

    def upload_rung(self, name: str) -> None:
        """As an upload sends what a ladder has made, the manifest last."""
        (self.recording / name).mkdir()
        (self.recording / name / "seg-00000.m4s").write_bytes(b"smaller")
        lines = encode_line(TrackLine(name, 90_000)) + encode_line(EndLine())
        (self.recording / name / INDEX_NAME).write_bytes(lines)
        write_manifest(self.recording, read_manifest(self.recording).with_track(name))

    def open(self) -> OvertakenStore:
        """As another process does."""
        return OvertakenStore(parse_storage_address(URL), self.clients)

    def named(self) -> list[str]:
        return [one.user_id for one in read_manifest(self.recording).people]

    def tracks(self) -> set[str]:
        return {name.split("/")[0] for name in self.clients.objects("r") if "/" in name}


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path / "bucket")


async def test_erasures_of_one_process_take_turns(bucket: Bucket) -> None:
    stored = StoredTracks(bucket.open())
    gone = await asyncio.gather(stored.erase("r", "ann"), stored.erase("r", "ben"))
    assert list(gone) == [["p1"], ["p2"]]
    assert bucket.named() == ["cem"] and bucket.tracks() == {"video", "p3"}
    assert [what for what, _ in bucket.clients.asked] == ["whole", "put", "whole"] * 2
    assert await stored.erase("r", "ben") == [] and len(bucket.clients.asked) == 6, "known by now"


async def test_name_that_is_back_since_another_process_wrote_over_its_erasure_goes_again(
    bucket: Bucket,
) -> None:
    mine, others = bucket.open(), StoredTracks(bucket.open())
    mine.before_put = lambda: others.erase("r", "ben")
    assert await StoredTracks(mine).erase("r", "ann") == ["p1", "p2"], "whatever is gone is told"
    assert bucket.named() == ["cem"] and bucket.tracks() == {"video", "p3"}


async def test_name_that_another_process_puts_back_while_its_files_are_deleted_goes_again(
    bucket: Bucket,
) -> None:
    mine = bucket.open()

    async def put_back() -> None:
        bucket.name_tracks_of("ann", "cem")

    mine.before_delete = put_back
    assert await StoredTracks(mine).erase("r", "ann") == ["p1", "p2"]
    assert bucket.named() == ["cem"] and bucket.tracks() == {"video", "p3"}


async def test_rungs_that_were_uploaded_between_an_erasures_read_and_its_put_are_offered_all_the_same(
    bucket: Bucket,
) -> None:
    bucket.upload_rung("video-480")
    mine = bucket.open()

    async def upload() -> None:
        bucket.upload_rung("video-240")

    mine.before_put = upload
    assert await StoredTracks(mine).erase("r", "ann") == ["p1"]
    assert read_manifest(bucket.recording).tracks == ("video", "video-480", "video-240")
    assert bucket.named() == ["ben", "cem"]
    assert bucket.tracks() == {"video", "video-480", "video-240", "p2", "p3"}


async def test_rung_whose_index_is_not_there_yet_is_not_named_before_its_upload_does(bucket: Bucket) -> None:
    (bucket.recording / "video-240").mkdir()
    (bucket.recording / "video-240" / "seg-00000.m4s").write_bytes(b"smaller")
    assert await StoredTracks(bucket.open()).erase("r", "ann") == ["p1"]
    assert read_manifest(bucket.recording).tracks == ("video",)


async def test_track_of_somebody_that_is_not_there_any_more_does_not_keep_the_others_from_being_played(
    bucket: Bucket, tmp_path: Path
) -> None:
    files = RecordingFiles(Store(tmp_path / "here"), bucket.open(), FileCache(tmp_path / "cache", 10**9, 0))
    await bucket.open().delete("r/p1")
    async with files.catalogue("r") as directory:
        view = RecordingView.load(directory)
    assert set(view.tracks) == {"video"} and set(view.people) == {"p2", "p3"}
    await bucket.open().delete("r/video")
    files.forget("r")
    with pytest.raises(FileNotFoundError):
        async with files.catalogue("r"):
            pass
