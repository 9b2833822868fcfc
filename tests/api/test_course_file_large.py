"""A gigabyte of recordings taken to another course, in memory that does not grow with it."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
import pytest

from tests.api.course_material import BASE, make_course
from tests.api.recording_material import add_finished, make_room
from tests.serving import Api, Person
from tests.unit.recording_material import encoded_h264
from vtp.recording.index import (
    EndLine,
    MapLine,
    SegmentLine,
    TrackLine,
    encode_line,
    read_lines,
    segment_name,
)

WANTED_BYTES = 1 << 30
MOST_GROWN = 160 << 20
FPS, WIDTH, HEIGHT = 30, 640, 360
SEED = 20261129


@pytest.mark.long
@pytest.mark.sqlite_alone
async def test_a_gigabyte_of_recordings_goes_out_and_in_within_bounded_memory(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    course = await make_course(api, teacher)
    recording_id = await add_finished(
        api, await make_room(api, teacher), teacher, video=noise(), duration_ms=4000
    )
    lengthen(api.server.services.recordings.file(recording_id, "video"))
    wish = {"recording_id": recording_id}
    assert (await api.call("POST", f"{BASE}/{course}/recordings", wish, by=teacher)).status == 201
    archive = tmp_path / "course.zip"
    before = start_measuring()
    async with aiohttp.ClientSession(headers=teacher.headers) as session:
        async with session.get(f"{api.base_url}{BASE}/{course}/export?recordings=true") as answer:
            assert answer.status == 200
            with archive.open("wb") as file:
                async for piece in answer.content.iter_chunked(1 << 20):
                    file.write(piece)
        with archive.open("rb") as file:
            sent = session.post(
                f"{api.base_url}{BASE}/import",
                data=file,
                headers={"Content-Type": "application/zip"},
                timeout=aiohttp.ClientTimeout(600),
            )
            async with sent as answer:
                made: Any = await answer.json()
    grown = most_resident() - before
    print(f"{archive.stat().st_size / 1e6:.0f} MB there and back took {grown / 1e6:.0f} MB of memory")
    assert made["carried"]["recordings"] == 1, made
    assert archive.stat().st_size > WANTED_BYTES
    assert grown < MOST_GROWN
    assert not list(tmp_path.rglob("course-arrivals/*"))


def noise() -> Any:
    """Four seconds of nothing that could be packed well."""
    dice = np.random.default_rng(SEED)
    print(f"seed {SEED}")
    drawn = [
        av.VideoFrame.from_ndarray(
            dice.integers(0, 256, (HEIGHT * 3 // 2, WIDTH), dtype=np.uint8), format="yuv420p"
        )
        for _ in range(FPS)
    ]
    return encoded_h264(islice(cycle(drawn), 4 * FPS), fps=FPS, gop=60, width=WIDTH, height=HEIGHT)


def lengthen(folder: Path) -> None:
    """What is in a track once more, until it takes WANTED_BYTES."""
    lines, _ = read_lines((folder / "index.jsonl").read_bytes())
    head = [one for one in lines if isinstance(one, TrackLine | MapLine)]
    body = [one for one in lines if not isinstance(one, TrackLine | MapLine | EndLine)]
    segments = [one for one in body if isinstance(one, SegmentLine)]
    size, end, count = sum(one.size for one in segments), segments[-1].end, len(segments)
    rounds = -(-WANTED_BYTES // size)
    with (folder / "index.jsonl").open("wb") as index:
        index.writelines(map(encode_line, head))
        for number in range(rounds):
            for one in body:
                moved = replace(one, msn=one.msn + number * count, start=one.start + number * end)
                index.write(encode_line(moved))
                if isinstance(one, SegmentLine) and number:
                    os.link(folder / segment_name(one.msn), folder / segment_name(moved.msn))
        index.write(encode_line(EndLine()))


def start_measuring() -> int:
    """Forgets how large the process was (proc(5), clear_refs); gives how large it is."""
    Path("/proc/self/clear_refs").write_text("5")
    return most_resident()


def most_resident() -> int:
    """Bytes."""
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) << 10
