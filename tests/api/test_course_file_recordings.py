"""Recordings in files of courses: the same on the other side, under their lessons; and what is refused."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
import os
import random
import struct
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api.course_file_material import bring as bring_file
from tests.api.course_file_material import built, parts_of
from tests.api.course_file_material import kept as kept_of_courses
from tests.api.course_material import BASE, make_course
from tests.api.recording_material import add_finished, add_tracks, fetch, grant_of, make_room, open_media
from tests.api.storage_material import media_of
from tests.serving import Api, Person, serving
from vtp.course_files.manifest import MANIFEST
from vtp.courses.arrival_journal import ArrivalJournal
from vtp.courses.carried_recordings import ARRIVALS, RecordingsToCarry
from vtp.courses.contents import Media
from vtp.errors import Unavailable
from vtp.recording.carried_index import IndexBudget
from vtp.recording.carried_stream import StreamReader
from vtp.recording.index import SegmentLine, decode_line, encode_line
from vtp.recording.manifest import MANIFEST_NAME
from vtp.recording.store import find_recording
from vtp.settings import RecordingSettings

RECORDINGS = "/api/v1/recordings"
VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\nLight bends.\n"
MEDIA = "recordings/recordings-1"
ROWS = "contents/recordings.jsonl"
Parts = dict[str, bytes]


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A course with two recordings: one under a live lesson, with all that they have, and one of none."""

    id: str
    lesson: str
    first: str
    second: str


async def recorded_course(api: Api, by: Person) -> Recorded:
    course = await make_course(api, by)
    live = {"kind": "live", "title": "Lenses", "starts_at": "2026-10-05T06:00:00Z"}
    lesson = (await api.call("POST", f"{BASE}/{course}/lessons", live, by=by)).body["id"]
    room = await make_room(api, by)
    first = await add_finished(api, room, by, title="Lenses, part one", duration_ms=4000)
    await add_tracks(api, first, [by.user_id])
    second = await add_finished(api, room, by, title="Extra", duration_ms=4000)
    for one, more in ((first, {"lesson_id": lesson, "lecture_number": 7}), (second, {})):
        wish = {"recording_id": one, "lecture_title": "Lenses", **more}
        assert (await api.call("POST", f"{BASE}/{course}/recordings", wish, by=by)).status == 201
    vtt = {"Content-Type": "text/vtt"}
    put = await api.call(
        "PUT", f"{RECORDINGS}/{first}/captions/de?label=Deutsch", by=by, data=VTT, headers=vtt
    )
    assert put.status in (200, 201), put
    chapters = {"chapters": [{"start_seconds": 0, "title": "Why"}, {"start_seconds": 2, "title": "How"}]}
    assert (await api.call("PUT", f"{RECORDINGS}/{first}/chapters", chapters, by=by)).status == 200
    return Recorded(course, lesson, first, second)


async def export(api: Api, course: str, by: Person, *, recordings: bool = True) -> bytes:
    wanted = "?recordings=true" if recordings else ""
    answer = await api.call("GET", f"{BASE}/{course}/export{wanted}", by=by)
    assert answer.status == 200, answer
    return bytes(answer.body)


async def filed(api: Api, course: str, by: Person) -> list[Any]:
    return list((await api.call("GET", f"{BASE}/{course}/recordings", by=by)).body["items"])


def folders(api: Api) -> list[str]:
    """Of recordings in the store, those that arrive included."""
    root = api.server.services.recordings.file("x", "x").parent.parent
    found = [one.parent.relative_to(root).as_posix() for one in root.rglob(MANIFEST_NAME)]
    return sorted(found + [one.name for one in (root / ARRIVALS).glob("[!.]*")])


async def kept(api: Api) -> tuple[Any, ...]:
    return (*await kept_of_courses(api), folders(api))


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path / "other", f"sqlite:///{tmp_path / 'other.sqlite3'}") as running:
        yield running


async def test_recordings_come_along_with_their_course_and_are_filed_under_its_lessons(
    api: Api, teacher: Person, other: Api
) -> None:
    made = await recorded_course(api, teacher)
    data = await export(api, made.id, teacher)
    host = await other.person("teacher")
    looked = await bring_file(other, data, host, dry=True)
    assert (looked.status, looked.body["carried"]["recordings"]) == (200, 2)
    assert looked.body["recording_bytes"] > 10_000
    assert folders(other) == []
    brought = await bring_file(other, data, host)
    assert {**brought.body, "id": None, "dry_run": True} == looked.body
    course = brought.body["id"]
    one, two = await filed(other, course, host)
    lessons = (await other.call("GET", f"{BASE}/{course}/lessons", by=host)).body["items"]
    assert (one["lesson_id"], two["lesson_id"]) == (lessons[0]["id"], None)
    assert (one["title"], one["lecture_title"], one["lecture_number"]) == ("Lenses, part one", "Lenses", 7)
    await assert_is_the_same(api, made.first, teacher, other, one["recording_id"], host)
    async with other.server.services.database.read() as tx:
        row = await find_recording(tx, one["recording_id"])
    assert row is not None and row.room_id == lessons[0]["room_id"] and row.started_by == host.user_id
    again = await export(other, course, host)
    assert {name: part for name, part in parts_of(again).items() if name != MANIFEST} == {
        name: part for name, part in parts_of(data).items() if name != MANIFEST
    }


async def assert_is_the_same(a: Api, first: str, by: Person, b: Api, second: str, host: Person) -> None:
    """What players get of it."""
    assert await media_of(a, first, by) == await media_of(b, second, host)
    seen = []
    for api, recording_id, who in ((a, first, by), (b, second, host)):
        cookie = await grant_of(api, recording_id, who)
        path = f"{RECORDINGS}/{recording_id}"
        told = [await api.call("GET", f"{path}/chapters", by=who)]
        told.append(await api.call("GET", f"{path}/captions", by=who))
        assert [one.status for one in told] == [200, 200], told
        text = await fetch(api, f"{path}/captions/de", Cookie=cookie)
        thumbnail = await fetch(api, f"{path}/thumbnail?t=1", Cookie=cookie)
        board = await fetch(api, f"{path}/storyboard.vtt", Cookie=cookie)
        assert (thumbnail.status, board.status) == (200, 200)
        download = await fetch(api, f"{path}/download", Cookie=cookie)
        with open_media(download.body) as media:
            assert media.streams.video[0].frames == 120
        row = (await api.call("GET", path, by=who)).body
        same = ("title", "duration_seconds", "resolution", "codecs", "frame_rate_fps", "status")
        chapters = [(one["start_seconds"], one["title"]) for one in told[0].body["chapters"]]
        languages = [(one["language"], one["label"], one["cues"]) for one in told[1].body["items"]]
        seen.append(
            (chapters, languages, text.body, thumbnail.body, board.body, [row[name] for name in same[:1]])
        )
    assert seen[0] == seen[1]


async def test_without_being_asked_for_no_recording_is_in_the_file_which_older_servers_read(
    api: Api, teacher: Person
) -> None:
    made = await recorded_course(api, teacher)
    parts = parts_of(await export(api, made.id, teacher, recordings=False))
    assert json.loads(parts[MANIFEST])["format"] == 1
    assert not [name for name in parts if "recordings" in name or "captions" in name]
    assert json.loads(parts_of(await export(api, made.id, teacher))[MANIFEST])["format"] == 2


async def test_who_was_in_a_recording_is_in_its_media_alone(api: Api, teacher: Person) -> None:
    made = await recorded_course(api, teacher)
    parts = parts_of(await export(api, made.id, teacher))
    data = b"".join(parts.values())
    assert teacher.user_id.encode() not in data and b"in the room" not in data
    assert not [name for name in names_in(parts[MEDIA]) if name.startswith("p")]


async def test_a_recording_that_is_lost_is_left_out_and_said(api: Api, teacher: Person) -> None:
    made = await recorded_course(api, teacher)
    api.server.services.recordings.file(made.first, "video/seg-00000.m4s").unlink()
    data = await export(api, made.id, teacher)
    assert json.loads(parts_of(data)[MANIFEST])["missing"] == ["recordings-1"]
    brought = await bring_file(api, data, teacher)
    assert (brought.status, brought.body["missing_files"]) == (200, 1), brought
    assert [one["title"] for one in await filed(api, brought.body["id"], teacher)] == ["Extra"]


def names_in(stream: bytes) -> list[str]:
    reader, found = StreamReader([stream]), []
    while (head := reader.head()) is not None:
        found.append(head.name)
        for _ in reader.data():
            pass
    return found


def files_in(stream: bytes) -> dict[str, bytes]:
    reader, found = StreamReader([stream]), {}
    while (head := reader.head()) is not None:
        found[head.name] = b"".join(reader.data())
    return found


def stream_of(files: Mapping[str, bytes]) -> bytes:
    heads = {name: json.dumps({"name": name, "size": len(data)}).encode() for name, data in files.items()}
    return b"".join(heads[name] + b"\n" + data for name, data in files.items()) + b"{}\n"


def _media(change: Callable[[dict[str, bytes]], dict[str, bytes] | bytes]) -> Callable[[Parts], bytes]:
    """The file of a course whose first recording has other media, which the manifest says as they are."""

    def build(parts: Parts) -> bytes:
        changed = change(files_in(parts[MEDIA]))
        return built({**parts, MEDIA: changed if isinstance(changed, bytes) else stream_of(changed)})

    return build


def _file(name: str, data: bytes | Callable[[bytes], bytes]) -> Callable[[Parts], bytes]:
    return _media(lambda files: {**files, name: data(files[name]) if callable(data) else data})


def _facts(**values: Any) -> Callable[[Parts], bytes]:
    return _file("recording.json", lambda data: json.dumps({**json.loads(data), **values}).encode())


def _index(change: Callable[[dict[str, Any]], None]) -> Callable[[Parts], bytes]:
    """The first segment of the picture is said to be otherwise."""

    def changed(data: bytes) -> bytes:
        lines = [json.loads(line) for line in data.splitlines()]
        change(next(line for line in lines if line["type"] == "segment"))
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    return _file("video/index.jsonl", changed)


def _renamed(old: str, new: str) -> Callable[[Parts], bytes]:
    return _media(lambda files: {new if name == old else name: data for name, data in files.items()})


def _many_samples(files: dict[str, bytes]) -> dict[str, bytes]:
    """A fragment of a billion samples that are all alike, whose parts and checksums say so, too."""
    name, index = "opus/seg-00000.m4s", files["opus/index.jsonl"]
    data = bytearray(files[name])
    at = data.index(b"trun") + 4
    flags = struct.unpack_from(">I", data, at)[0] & ~0x700
    struct.pack_into(">II", data, at, flags, 1_000_000_000)
    lines = [decode_line(line) for line in index.splitlines()]
    kept_lines = [line for line in lines if getattr(line, "msn", 0) != 0 or isinstance(line, SegmentLine)]
    return {
        **files,
        name: bytes(data),
        "opus/index.jsonl": b"".join(encode_line(line) for line in kept_lines),
    }


SEGMENT = "video/seg-00000.m4s"
DAMAGED = "course_recording_damaged"
HOSTILE: dict[str, tuple[Callable[[Parts], bytes], str]] = {
    "nothing": (_media(lambda files: b""), DAMAGED),
    "no end": (_media(lambda files: stream_of(files)[:-3]), DAMAGED),
    "half": (
        _media(lambda files: stream_of(files)[: len(stream_of(files)) // 2]),
        DAMAGED,
    ),
    "something behind": (_media(lambda files: stream_of(files) + b"x"), DAMAGED),
    "line without end": (_media(lambda files: b"[" * (3 << 20)), DAMAGED),
    "deep line": (_media(lambda files: b"[" * 200 + b"\n"), DAMAGED),
    "huge size": (
        _media(lambda files: b'{"name":"recording.json","size":1000000000000}\n{}'),
        DAMAGED,
    ),
    "negative size": (
        _media(lambda files: b'{"name":"recording.json","size":-1}\n'),
        DAMAGED,
    ),
    "path in a name": (_renamed(SEGMENT, "video/../../../evil"), DAMAGED),
    "absolute path": (_renamed(SEGMENT, "/tmp/evil"), DAMAGED),
    "file nobody named": (
        _media(lambda files: {**files, "video/evil.html": b"<script>"}),
        DAMAGED,
    ),
    "track of a person": (
        _facts(tracks=["video", "opus", "aac", "p1"]),
        DAMAGED,
    ),
    "track with a path": (_facts(tracks=["../video"]), DAMAGED),
    "track twice": (_facts(tracks=["video", "video"]), DAMAGED),
    "no tracks": (
        _media(
            lambda files: stream_of(
                {"recording.json": json.dumps({**json.loads(files["recording.json"]), "tracks": []}).encode()}
            )
        ),
        DAMAGED,
    ),
    "people": (_facts(people=[{"track": "p1", "name": "x"}]), DAMAGED),
    "time without end": (_facts(duration_ns=10**30), DAMAGED),
    "wrong type": (_facts(target_duration_s="4"), DAMAGED),
    "segment of another size": (_index(lambda line: line.update(size=10)), DAMAGED),
    "segment that is a text": (_index(lambda line: line.update(start="0")), DAMAGED),
    "segment before time": (_index(lambda line: line.update(start=-5)), DAMAGED),
    "segment for ever": (_index(lambda line: line.update(duration=10**18)), DAMAGED),
    "segment without section": (_index(lambda line: line.update(map=7)), DAMAGED),
    "segment that is no number": (_index(lambda line: line.update(msn=5)), DAMAGED),
    "index of nonsense": (_file("video/index.jsonl", b"nonsense\n"), DAMAGED),
    "index without end": (
        _file("video/index.jsonl", lambda data: data[: data.rindex(b'{"type":"end"')]),
        DAMAGED,
    ),
    "codec with a line break": (
        _file("video/index.jsonl", lambda data: data.replace(b'"avc1.', b'"\\n#EXT-X-KEY:avc1.', 1)),
        DAMAGED,
    ),
    "section elsewhere": (
        _file("video/index.jsonl", lambda data: data.replace(b"init-0.mp4", b"../../x.mp4", 1)),
        DAMAGED,
    ),
    "no timescale": (
        _file("video/index.jsonl", lambda data: data.replace(b'"timescale":90000', b'"timescale":0', 1)),
        DAMAGED,
    ),
    "media of another": (_file(SEGMENT, lambda data: os.urandom(len(data))), DAMAGED),
    "section of nonsense": (
        _file("video/init-0.mp4", lambda data: b"\0\0\0\x08" * (len(data) // 4) + b"x" * (len(data) % 4)),
        DAMAGED,
    ),
    "a billion samples": (_media(_many_samples), DAMAGED),
    "media nothing holds": (
        lambda parts: built({**parts, "recordings/recordings-9": parts[MEDIA]}),
        "course_contents",
    ),
    "recording without media": (
        lambda parts: built({name: data for name, data in parts.items() if name != MEDIA}),
        "course_contents",
    ),
    "lesson that is not there": (
        lambda parts: built({**parts, ROWS: parts[ROWS].replace(b"lessons-1", b"lessons-9")}),
        "course_contents",
    ),
    "status that none has": (
        lambda parts: built({**parts, ROWS: parts[ROWS].replace(b'"ready"', b'"recording"')}),
        "course_contents",
    ),
    "captions of nonsense": (
        lambda parts: built(
            {
                **parts,
                "contents/captions.jsonl": parts["contents/captions.jsonl"].replace(b"WEBVTT", b"<html>"),
            }
        ),
        "course_contents",
    ),
}


@pytest.mark.sqlite_alone
async def test_of_hostile_media_nothing_is_kept_and_the_answer_says_why(api: Api, teacher: Person) -> None:
    parts = parts_of(await export(api, (await recorded_course(api, teacher)).id, teacher))
    assert (await bring_file(api, built(parts), teacher, dry=True)).status == 200
    before, wrong = await kept(api), {}
    for name, (build, code) in HOSTILE.items():
        answer = await bring_file(api, build(parts), teacher)
        if (answer.status, answer.body.get("code"), await kept(api)) != (422, code, before):
            wrong[name] = answer, await kept(api)
    assert not wrong


@pytest.mark.sqlite_alone
async def test_any_byte_may_be_another_and_what_is_kept_then_plays(api: Api, teacher: Person) -> None:
    """Fuzzed: the archive's checksums are right, so that what is within media is looked at."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    parts = parts_of(await export(api, (await recorded_course(api, teacher)).id, teacher))
    files = files_in(parts[MEDIA])
    for _ in range(40):
        name = dice.choice([name for name in files if not name.endswith("m4s")])
        data = bytearray(files[name])
        data[dice.randrange(len(data))] = dice.randrange(256)
        answer = await bring_file(
            api, built({**parts, MEDIA: stream_of({**files, name: bytes(data)})}), teacher
        )
        assert answer.status in (200, 422), (name, answer)
        if answer.status == 200:
            found = await filed(api, answer.body["id"], teacher)
            await media_of(api, found[0]["recording_id"], teacher)


@pytest.mark.sqlite_alone
async def test_when_the_commit_fails_the_media_are_gone_again(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = await export(api, (await recorded_course(api, teacher)).id, teacher)
    before = await kept(api)
    taken: list[str] = []

    async def fail(*_: Any) -> None:
        taken.extend(folders(api))
        raise RuntimeError("the row of a recording cannot be written")

    monkeypatch.setattr("vtp.courses.recording_contents.add_recording", fail)
    assert (await bring_file(api, data, teacher)).status == 500
    assert len(taken) == 4, "both were there already"
    assert await kept(api) == before


@pytest.mark.sqlite_alone
async def test_media_are_gone_also_where_files_cannot_be_deleted_and_where_who_waits_leaves(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await recorded_course(api, teacher)
    data = await export(api, made.id, teacher)
    before = folders(api)

    async def away(*_: Any) -> None:
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr("vtp.courses.recording_contents.add_recording", away)
        patch.setattr(api.server.services.courses.contents, "discard_files", away)
        assert (await bring_file(api, data, teacher)).status == 503
    assert folders(api) == before
    carried = api.server.services.courses.contents.recordings
    assert isinstance(carried, RecordingsToCarry)
    pieces = await carried.open(made.first)
    assert pieces is not None
    begun, go, rename = threading.Event(), threading.Event(), Path.rename

    def slow(path: Path, target: Path) -> Path:
        begun.set()
        assert go.wait(30)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", slow)
    media = Media("recordings-1", 1 << 30, "")
    taking = asyncio.create_task(carried.take(media, pieces, IndexBudget.of_file(), keep=True))
    assert await asyncio.to_thread(begun.wait, 30)
    taking.cancel()
    await asyncio.sleep(0)
    await asyncio.to_thread(go.set)
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert folders(api) == before


@pytest.mark.sqlite_alone
async def test_beyond_a_quota_or_the_disk_nothing_is_taken(tmp_path: Path, database_url: str) -> None:
    async with serving(tmp_path / "first", database_url) as api:
        teacher = await api.person("teacher")
        data = await export(api, (await recorded_course(api, teacher)).id, teacher)
    small = f"sqlite:///{tmp_path / 'small.sqlite3'}"
    for settings, status, code in (
        (RecordingSettings(quota_per_room_bytes=50_000), 409, "quota_exceeded"),
        (RecordingSettings(quota_per_owner_bytes=150_000), 409, "quota_exceeded"),
        (RecordingSettings(min_free_bytes=1 << 60), 503, "disk_full"),
    ):
        async with serving(tmp_path / "small", small, recording=settings) as api:
            host = await api.person("teacher", f"{code}{settings.quota_per_room_bytes}@school.example")
            for dry in (True, False):
                answer = await bring_file(api, data, host, dry=dry)
                assert (answer.status, answer.body["code"]) == (status, code), answer
            assert folders(api) == []


@pytest.mark.sqlite_alone
async def test_quotas_count_what_is_there_already_and_lessons_without_rooms_as_one(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    data = await export(api, (await recorded_course(api, teacher)).id, teacher)
    parts = parts_of(data)
    sizes = [len(part) for name, part in parts.items() if name.startswith("recordings/")]
    lessons = "contents/lessons.jsonl"
    unheld = built({**parts, lessons: parts[lessons].replace(b'"kind":"live"', b'"kind":"material"')})
    assert unheld != data and len(sizes) == 2
    settings = RecordingSettings(
        quota_per_room_bytes=max(sizes) + 1, quota_per_owner_bytes=sum(sizes) * 3 // 2
    )
    small = f"sqlite:///{tmp_path / 'small.sqlite3'}"
    async with serving(tmp_path / "small", small, recording=settings) as there:
        host = await there.person("teacher")
        refused = await bring_file(there, unheld, host)
        assert (refused.status, refused.body["code"]) == (409, "quota_exceeded"), refused
        assert "one room" in refused.body["detail"]
        assert (await bring_file(there, data, host)).status == 200
        before = folders(there)
        for dry in (True, False):
            again = await bring_file(there, data, host, dry=dry)
            assert (again.status, again.body.get("code")) == (409, "quota_exceeded"), again
            assert "with those that you have" in again.body["detail"]
        assert folders(there) == before
        other = await there.person("teacher", "other@school.example")
        assert (await bring_file(there, data, other)).status == 200


@pytest.mark.both_databases
async def test_two_servers_that_take_the_same_at_once_do_not_pass_a_quota_together(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database_url or f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    secrets = tmp_path / "secrets"
    async with serving(tmp_path / "first", url, secrets_dir=secrets) as api:
        teacher = await api.person("teacher")
        data = await export(api, (await recorded_course(api, teacher)).id, teacher)
        other = await api.person("teacher", "other@school.example")
    total = sum(len(part) for name, part in parts_of(data).items() if name.startswith("recordings/"))
    bounded = RecordingSettings(quota_per_owner_bytes=total * 3 // 2)
    checked, check = asyncio.Barrier(2), RecordingsToCarry.check

    async def check_both_first(self: RecordingsToCarry, *words: Any) -> None:
        await check(self, *words)
        await checked.wait()

    monkeypatch.setattr(RecordingsToCarry, "check", check_both_first)
    async with (
        serving(tmp_path / "a", url, recording=bounded, secrets_dir=secrets) as one,
        serving(tmp_path / "b", url, recording=bounded, secrets_dir=secrets) as another,
    ):
        answers = await asyncio.gather(*(bring_file(api, data, other) for api in (one, another)))
        assert sorted(answer.status for answer in answers) == [200, 409], answers
        taken, refused = (one, another) if answers[0].status == 200 else (another, one)
        assert "quota_exceeded" in [answer.body["code"] for answer in answers]
        assert (len(folders(taken)), folders(refused)) == (2, [])


@pytest.mark.sqlite_alone
async def test_what_a_killed_import_left_goes_after_hours(api: Api) -> None:
    carried = api.server.services.courses.contents.recordings
    assert isinstance(carried, RecordingsToCarry)
    root = api.server.services.recordings.file("x", "x").parent.parent / ARRIVALS
    for name, age_s in (("old", 8 * 3600), ("new", 60)):
        (root / name / "video").mkdir(parents=True)
        at = (root / name).stat().st_mtime - age_s
        os.utime(root / name, (at, at))
    assert await carried.sweep() == 1
    assert [one.name for one in root.iterdir()] == ["new"]


@pytest.mark.sqlite_alone
async def test_what_a_killed_import_has_moved_goes_at_the_next_start_and_what_has_a_row_stays(
    api: Api, teacher: Person
) -> None:
    services = api.server.services
    data = await export(api, (await recorded_course(api, teacher)).id, teacher)
    brought = await bring_file(api, data, teacher)
    before = folders(api)
    root = services.recordings.file("x", "x").parent.parent / ARRIVALS
    assert list(root.iterdir()) == []  # no entry is left of what went well
    killed = copy.copy(services.courses.contents.recordings)
    assert isinstance(killed, RecordingsToCarry)
    killed._journal = ArrivalJournal(root)
    parts = parts_of(data)
    stream = parts[next(name for name in parts if name.startswith("recordings/"))]
    taken = await killed.take(
        Media("x", len(stream), ""), lambda: (one for one in [stream]), IndexBudget.of_file(), keep=True
    )
    one, another = await filed(api, brought.body["id"], teacher)
    await asyncio.to_thread(killed._journal.begin, one["recording_id"])  # killed behind its commit
    after_move = folders(api)
    assert set(after_move) == {*before, taken.id} and another["recording_id"] in before
    carried = services.courses.contents.recordings
    assert carried is not None
    assert await carried.sweep() == 0 and folders(api) == after_move, "who brings it is alive"
    assert killed._journal._descriptor is not None
    os.close(killed._journal._descriptor)  # as the kernel does
    assert await carried.sweep() == 2
    assert (folders(api), list(root.iterdir())) == (before, [])
