"""Recordings in files of courses that are not what they say: refused, and nothing is kept."""

from __future__ import annotations

import json
import os
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.carried_material import (
    MEDIA,
    ROWS,
    Parts,
    export,
    filed,
    files_in,
    kept,
    recorded_course,
    stream_of,
)
from tests.api.course_file_material import bring as bring_file
from tests.api.course_file_material import built, parts_of
from tests.api.storage_material import media_of
from tests.serving import Api, Person
from vtp.recording.index import SegmentLine, decode_line, encode_line


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
