"""What an upload sends once more: by size, and by MD5 where the store's tags are that."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.folder_store import URL, FolderClients
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units
from vtp.jobs.progress import Progress
from vtp.jobs.upload import Upload
from vtp.recording.manifest import MANIFEST_NAME, Manifest, write_manifest
from vtp.recording.store import Recording, Status
from vtp.storage import RemoteStore, Store
from vtp.storage.remote import Stored
from vtp.storage_address import parse_storage_address


class TaggingStore(RemoteStore):
    """Its tags are MD5, or as of a store that encrypts with its customers' keys: as long, and by chance."""

    encrypts = False

    def __init__(self, folder: Path) -> None:
        super().__init__(parse_storage_address(URL), FolderClients(folder))
        self.tags: dict[str, str] = {}
        self.puts: list[str] = []

    async def put_file(self, key: str, path: Path) -> Stored:
        self.puts.append(key.partition("/")[2])
        md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        self.tags[key] = secrets.token_hex(16) if self.encrypts else md5
        return Stored((await super().put_file(key, path)).size, self.tags[key])

    async def listing(self, prefix: str) -> dict[str, Stored]:
        found = await super().listing(prefix)
        return {key: Stored(one.size, self.tags[key]) for key, one in found.items()}


class School:
    """A recording `r` of three segments in each track, and the store that it is uploaded to."""

    def __init__(self, folder: Path) -> None:
        self.here = folder / "here" / "r"
        segmenter = Recorded(self.here).segmenter()
        feed(segmenter, h264_units(150), opus_units(250))
        segmenter.finish()
        write_manifest(self.here, Manifest("r", tracks=("video", "opus", "aac"), closed=True))
        self.store = TaggingStore(folder / "bucket")
        ended = datetime(2026, 10, 5, 9, 0, 5, tzinfo=UTC)
        began = ended - timedelta(seconds=5)
        self.recording = Recording(
            "r", "room", "A lecture", "", "teacher", Status.READY, "hls", "program",
            began, began, ended, ended, 5000,
        )  # fmt: skip

    async def upload(self) -> list[str]:
        """Gives what was sent."""
        self.store.puts.clear()
        await Upload(Store(self.here.parent), self.store).run(self.recording, Progress())
        return list(self.store.puts)


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


async def test_another_segment_of_the_same_size_is_sent_and_nothing_else(school: School) -> None:
    assert len(await school.upload()) > 9
    assert await school.upload() == [MANIFEST_NAME]
    segment = school.here / "video" / "seg-00001.m4s"
    segment.write_bytes(segment.read_bytes()[::-1])
    assert await school.upload() == ["video/seg-00001.m4s", MANIFEST_NAME]


async def test_where_tags_are_no_md5_one_file_is_sent_again_to_find_that_out(school: School) -> None:
    school.store.encrypts = True
    sent = await school.upload()
    again = await school.upload()
    assert len(again) == 2 and again[1] == MANIFEST_NAME
    del school.store.tags[f"r/{sent[3]}"]
    await school.store.remove(f"r/{sent[3]}")
    assert sent[3] in await school.upload()
    assert len(school.store.puts) == 3
