"""The archive of a course: written in bounded pieces, and its end looked at before its table is read."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vtp.course_files.manifest import MANIFEST, Manifest, PackedCourse
from vtp.course_files.reader import CourseArchive
from vtp.course_files.writer import CourseWriter
from vtp.course_files.zip_end import table_size
from vtp.errors import Invalid

COURSE = PackedCourse(code="PHY-101", name="Mechanics", semester="fall", year=2026)


def written(path: Path, parts: dict[str, Path]) -> list[int]:
    """Writes a file of these; gives how long each piece was that there was at a time."""
    writer = CourseWriter()
    sizes: list[int] = []

    def put(piece: bytes) -> None:
        target.write(piece)
        sizes.append(len(piece))

    with path.open("wb") as target:
        for name, source in parts.items():
            with source.open("rb") as file:
                for piece in writer.add(name, file, source.stat().st_size, compress=False):
                    put(piece)
        now = datetime.now(UTC)
        put(writer.finish(Manifest(made_by="1", made_at=now, course=COURSE, parts=writer.parts)))
    return sizes


def test_a_large_file_is_written_and_read_in_small_pieces(tmp_path: Path) -> None:
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(64 << 20)
    sizes = written(tmp_path / "course.zip", {"files/files-1": source})
    assert max(sizes) < 2 << 20
    with (tmp_path / "course.zip").open("rb") as file:
        archive = CourseArchive(file)
        lengths = [len(piece) for piece in archive.pieces("files-1")]
    assert (sum(lengths), max(lengths)) == (64 << 20, 1 << 20)


def test_a_source_that_is_shorter_than_it_was_ends_the_writing(tmp_path: Path) -> None:
    writer = CourseWriter()
    with pytest.raises(EOFError):
        list(writer.add("files/files-1", io.BytesIO(b"short"), 10, compress=False))


def _with_end(**fields: int) -> bytes:
    """An empty archive whose end says something else, in 16 bits or in 64."""
    entries, table = fields.get("entries", 0), fields.get("table", 0)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, min(entries, 0xFFFF), min(entries, 0xFFFF), 0, 0, 0)
    if not fields.get("large"):
        return end
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, table, 0)
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + end


@pytest.mark.parametrize(
    "data",
    [
        _with_end(entries=50_001),
        _with_end(entries=10_000_000, large=1),
        _with_end(table=1 << 40, large=1),
        b"",
        b"PK\x05\x06",
    ],
)
def test_a_table_that_would_take_all_memory_is_not_read(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: Any) -> None:
        raise AssertionError("the table was read")

    monkeypatch.setattr(zipfile, "ZipFile", read)
    with pytest.raises(Invalid) as refused:
        CourseArchive(io.BytesIO(data))
    assert refused.value.code == "course_file_damaged"


def test_a_manifest_of_many_values_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 4 kB, packed, that would take 2 GB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, b'{"missing":[' + b",".join([b"{}"] * 5_000_000) + b"]}")

    def read(*_: Any) -> None:
        raise AssertionError("the manifest was read")

    monkeypatch.setattr("vtp.course_files.reader.json.loads", read)
    with pytest.raises(Invalid, match="its manifest has too much in it"):
        CourseArchive(buffer)


def test_faults_of_a_part_are_told_by_its_place() -> None:
    part = {"name": "files/a", "size": 1, "sha256": "0" * 64}
    said = {"kind": "vtp-course", "made_by": "1", "made_at": "2026-11-29T12:00:00Z"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        course = COURSE.model_dump(mode="json")
        archive.writestr(
            MANIFEST, json.dumps({**said, "course": course, "parts": [part, {**part, "size": -1}]})
        )
    with pytest.raises(Invalid) as refused:
        CourseArchive(buffer)
    assert [one.pointer for one in refused.value.errors] == ["/manifest/parts/1/size"]


def test_the_larger_of_two_ends_counts() -> None:
    assert table_size(io.BytesIO(_with_end(entries=7, table=9, large=1))) == (7, 9)
    assert table_size(io.BytesIO(_with_end(entries=7))) == (7, 0)
