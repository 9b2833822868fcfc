"""Recordings that somebody brings: what their indexes may take before anything of their media is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vtp.recording.carried_index import LINES_AT_ONCE, IndexBudget, read_index
from vtp.recording.carried_stream import MediaFacts, StreamReader, pack
from vtp.recording.carried_taking import Taking
from vtp.recording.index import (
    INDEX_NAME,
    EndLine,
    Line,
    PartLine,
    SegmentLine,
    TrackLine,
    encode_line,
    without_replaced,
)
from vtp.recording.manifest import MANIFEST_NAME, Manifest


def _gaps(count: int) -> list[Line]:
    return [SegmentLine(msn, msn, 1, 0, 0, 0, False, True) for msn in range(count)]


def _stream(*tracks: str, gaps: int) -> bytes:
    """A recording whose tracks are gaps alone."""
    facts = MediaFacts(
        origin_wall_ns=0,
        target_duration_s=6,
        duration_ns=10**9,
        tracks=list(tracks),
        message="",
        failure="",
        failure_code="",
    )
    files = {MANIFEST_NAME: facts.model_dump_json().encode()}
    for track in tracks:
        lines = [TrackLine(track, 1000), *_gaps(gaps), EndLine()]
        files[f"{track}/{INDEX_NAME}"] = b"".join(map(encode_line, lines))
    heads = {name: json.dumps({"name": name, "size": len(data)}).encode() for name, data in files.items()}
    return b"".join(heads[name] + b"\n" + data for name, data in files.items()) + b"{}\n"


def _taking(*, most_bytes: int = 1 << 40, budget: IndexBudget | None = None) -> Taking:
    return Taking("x", most_bytes, None, lambda: None, budget or IndexBudget.of_recording())


def _steps(taking: Taking, stream: bytes) -> tuple[int, str]:
    """How many steps there were, and why there were no more."""
    count = 0
    try:
        for _ in taking.steps([stream[at : at + 65_536] for at in range(0, len(stream), 65_536)]):
            count += 1
    except ValueError as error:
        return count, str(error)
    return count, ""


def test_others_have_their_turn_between_the_lines_of_an_index() -> None:
    count, why = _steps(_taking(), _stream("video", gaps=10 * LINES_AT_ONCE))
    assert why == "video has nothing but gaps"
    assert count >= 20, "its lines are read, and then its segments are held against each other"


def test_a_track_of_gaps_alone_is_refused_before_the_next_one_is_read() -> None:
    one, why = _steps(_taking(), _stream("video", gaps=LINES_AT_ONCE))
    assert why == "video has nothing but gaps"
    assert _steps(_taking(), _stream("video", "opus", "aac", gaps=LINES_AT_ONCE)) == (one, why)


def test_indexes_count_into_the_size_of_a_recording() -> None:
    stream = _stream("video", gaps=5_000)
    _, why = _steps(_taking(most_bytes=len(stream) // 2), stream)
    assert why == "it is larger than it is said to be"


@pytest.mark.parametrize(
    "budget",
    [
        IndexBudget(1_000, 1 << 30),
        IndexBudget.of_recording(within=IndexBudget(1_000, 1 << 30)),
        IndexBudget.of_recording(within=IndexBudget(1 << 30, 100_000)),
    ],
)
def test_indexes_are_bounded_in_a_recording_and_in_all_of_a_file(budget: IndexBudget) -> None:
    _, why = _steps(_taking(budget=budget), _stream("video", gaps=5_000))
    assert why == "its indexes are longer than those of recordings are"


def test_the_bytes_of_an_index_are_bounded_before_it_is_read() -> None:
    assert _steps(_taking(budget=IndexBudget(1_000, 1_000)), _stream("video", gaps=50)) == (
        0,
        "the index of video is not where it has to be, or too large",
    )


@pytest.mark.parametrize("line", [b"[" * 1_000 + b"\n", b"{" + b" " * 2_000, b'{"type":\r"end"}\n'])
def test_a_line_that_cannot_be_read_or_would_be_otherwise_later_is_refused(line: bytes) -> None:
    steps = read_index("video", [encode_line(TrackLine("video", 1000)) + line], IndexBudget.of_recording())
    with pytest.raises(ValueError, match="lines that are not known"):
        list(steps)


def test_a_track_of_gaps_alone_is_not_carried(tmp_path: Path) -> None:
    tracks = ("video", "opus")
    for track in tracks:
        (tmp_path / track).mkdir()
        lines = [TrackLine(track, 1000), *_gaps(3), EndLine()]
        (tmp_path / track / INDEX_NAME).write_bytes(b"".join(map(encode_line, lines)))
    manifest = Manifest("x", tracks=tracks, target_duration_s=4, closed=True)
    reader = StreamReader(pack(manifest, tmp_path.joinpath))
    head = reader.head()
    assert head is not None and head.name == MANIFEST_NAME
    assert json.loads(b"".join(reader.data()))["tracks"] == []
    assert reader.head() is None


def test_of_a_part_that_was_written_again_the_last_line_is_carried() -> None:
    """In the place of the first: servers of before refuse parts that do not follow each other."""
    lines = [PartLine(0, part, 9 * part, 9, 0, 1, 1, True, 0, crc) for part, crc in ((0, 1), (1, 2), (1, 3))]
    assert without_replaced([*lines, EndLine()]) == [lines[0], lines[2], EndLine()]
