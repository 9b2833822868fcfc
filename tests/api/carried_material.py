"""A course with recordings, its file, and what is within the media of one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from tests.api.course_file_material import kept as kept_of_courses
from tests.api.course_material import BASE, make_course
from tests.api.recording_material import add_finished, add_tracks, make_room
from tests.serving import Api, Person
from vtp.courses.carried_recordings import ARRIVALS
from vtp.recording.carried_stream import StreamReader
from vtp.recording.manifest import MANIFEST_NAME

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
