"""An hour's recording on the disk: real fragments, sizes and times; media is holes, read as zeros."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.unit.recording_material import h264_units
from vtp.recording.h264 import H264Reader
from vtp.recording.index import MapLine, PartLine, SegmentLine, TrackIndex, segment_name
from vtp.recording.manifest import Manifest
from vtp.recording.muxer import InitSection, aac_section
from vtp.recording.timebase import NS
from vtp.recording.units import Sample
from vtp.recording.view import RecordingView

SECONDS = 3600
FRAMES, FRAME_TICKS = 60, 3000  # of a segment
KEY_BYTES, FRAME_BYTES, SOUND_BYTES = 40_000, 5_700, 256  # 1.5 Mbit/s and 96 kbit/s
PART_FRAMES = 10
TEMPLATES = 8


def record_hour(directory: Path) -> RecordingView:
    """1,800 segments of two seconds, 720p at 30 frames a second, and their AAC."""
    key_frame = replace(h264_units(1)[0], width=1280, height=720)
    parameters = H264Reader().read(key_frame).parameters
    assert parameters is not None
    dice = random.Random(7)
    video = _Track(directory, "video", 90_000, parameters.section())
    pictures = [
        [_part(video.section, PART_FRAMES, FRAME_TICKS, dice, key=part == 0) for part in range(6)]
        for _ in range(TEMPLATES)
    ]
    sound = _Track(directory, "aac", 48_000, aac_section(96_000))
    frames = {count: _part(sound.section, count, 1024, dice, key=False) for count in range(1, 17)}
    for msn in range(SECONDS // 2):
        video.write(msn, pictures[dice.randrange(TEMPLATES)])
        missing = round((msn + 1) * 96_000 / 1024) - sound.end // 1024
        sound.write(msn, [frames[count] for count in _counts(missing)])
    tracks = {"video": video.index, "aac": sound.index}
    return RecordingView(Manifest("hour", 10**18, 4, tuple(tracks), SECONDS * NS), tracks, ended=True)


def _counts(missing: int) -> Iterator[int]:
    while missing > 0:
        yield min(missing, 16)
        missing -= 16


def _part(section: InitSection, count: int, ticks: int, dice: random.Random, *, key: bool) -> bytes:
    base = FRAME_BYTES if section.width else SOUND_BYTES
    sizes = [dice.randint(base // 2, base * 3 // 2) for _ in range(count)]
    if key:
        sizes[0] = KEY_BYTES
    keys = [(key and number == 0) or not section.width for number in range(count)]
    samples = [
        Sample(bytes(size), number * ticks, ticks, is_key)
        for number, (size, is_key) in enumerate(zip(sizes, keys, strict=True))
    ]
    return section.fragment(samples, 1)


class _Track:
    def __init__(self, directory: Path, name: str, timescale: int, section: InitSection) -> None:
        self.section = section
        self.end = 0
        self._folder = directory / name
        self._folder.mkdir(parents=True)
        (self._folder / "init-0.mp4").write_bytes(section.data)
        self.index = TrackIndex(name, timescale)
        line = MapLine(
            0, "init-0.mp4", len(section.data), section.codec_string, section.width, section.height
        )
        self.index.maps.append(line)

    def write(self, msn: int, parts: list[bytes]) -> None:
        """A segment of these parts, moved to where the track ends."""
        start, offset, samples = self.end, 0, 0
        descriptor = os.open(self._folder / segment_name(msn), os.O_WRONLY | os.O_CREAT, 0o640)
        for number, part in enumerate(parts):
            moof = bytearray(part[: struct.unpack_from(">I", part)[0] + 8])
            struct.pack_into(">Q", moof, moof.index(b"tfdt") + 8, self.end)
            os.pwrite(descriptor, moof, offset)
            count = struct.unpack_from(">I", moof, moof.index(b"trun") + 8)[0]
            ticks = count * (FRAME_TICKS if self.section.width else 1024)
            independent = not self.section.width or number == 0
            line = PartLine(
                msn, number, offset, len(part), self.end, ticks, count, independent, 0, msn * 8 + number
            )
            self.index.add(line)
            self.end += ticks
            offset += len(part)
            samples += count
        os.ftruncate(descriptor, offset)
        os.close(descriptor)
        duration = self.end - start
        self.index.add(SegmentLine(msn, start, duration, offset, samples, 0, False, False))
