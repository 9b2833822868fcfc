"""What a recording takes of somebody who sent before they presented."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

import av
import pytest

from tests.unit.recording_sources import PreparedDepacketizer, PreparedTap
from vtp.recording.clock import PublisherClock
from vtp.recording.picture import Picture
from vtp.recording.source import Kind, PlacedPicture, Source
from vtp.recording.units import AccessUnit, PlainUnit

MS = 1_000_000
RATES: dict[Kind, int] = {"video": 90_000, "audio": 48_000}


class PlainReader:
    """Takes every unit for a sample, but those that say that they are damaged."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error or ValueError("The unit is damaged")

    def read(self, unit: AccessUnit) -> Picture:
        if unit.data == b"damaged":
            raise self.error
        return Picture(unit.data, unit.ssrc, unit.key_frame, unit.after_gap)


def units(*key_frames_at: int) -> list[PlainUnit]:
    """One unit each 100 ms for a second, with key frames at these milliseconds."""
    return [PlainUnit(b"", at * 90, at * MS, at in key_frames_at) for at in range(100, 1100, 100)]


def source(kind: Kind, sent: Sequence[PlainUnit], since_ms: int, error: Exception | None = None) -> Source:
    rate = RATES[kind] // 1000
    tap = PreparedTap([replace(u, rtp_timestamp=u.arrival_ns // MS * rate) for u in sent], lambda: 2000 * MS)
    clock = PublisherClock()
    reader = None if kind == "audio" else PlainReader(error)
    return Source("s", tap, PreparedDepacketizer(), clock, RATES[kind], since_ms * MS, reader=reader)


def taken(one: Source) -> list[int]:
    return [placed.time_ns // MS for placed in one.poll(2000 * MS)]


def test_a_picture_is_taken_from_the_first_key_frame_after_its_sender_presents() -> None:
    one = source("video", units(100, 400, 800), 500)
    assert one.needs_key_frame, "which is asked for, then"
    assert taken(one) == [800, 900, 1000]
    assert not one.needs_key_frame


def test_a_key_frame_at_that_moment_will_do() -> None:
    assert taken(source("video", units(500), 500)) == [500, 600, 700, 800, 900, 1000]


def test_without_a_key_frame_nothing_is_taken_and_one_is_wanted() -> None:
    one = source("video", units(100), 500)
    assert taken(one) == [] and one.needs_key_frame


def test_sound_is_taken_from_that_moment_on() -> None:
    assert taken(source("audio", units(), 500)) == [500, 600, 700, 800, 900, 1000]


def test_who_presents_when_the_recording_begins_is_taken_from_what_is_held() -> None:
    assert len(taken(source("video", units(100), 0))) == 10


def test_after_a_picture_that_cannot_be_read_the_next_key_frame_is_wanted_and_waited_for() -> None:
    sent = [replace(unit, data=b"damaged") if n == 3 else unit for n, unit in enumerate(units(100, 800))]
    early, later = source("video", sent[:6], 0), source("video", sent, 0)
    assert taken(early) == [100, 200, 300] and early.needs_key_frame
    pictures = [one for one in later.poll(2000 * MS) if isinstance(one, PlacedPicture)]
    assert [one.time_ns // MS for one in pictures] == [100, 200, 300, 800, 900, 1000]
    assert [one.picture.after_gap for one in pictures] == [False] * 3 + [True, False, False]
    assert not later.needs_key_frame


@pytest.mark.parametrize(
    "error",
    [
        IndexError("list index out of range"),
        OverflowError("int too big to convert"),
        struct.error("'H' format requires 0 <= number <= 65535"),
        av.error.ExternalError(1, "Generic error in an external library"),
    ],
)
def test_whatever_is_raised_by_somebodys_bytes_costs_pictures_alone(error: Exception) -> None:
    sent = [replace(unit, data=b"damaged") if n == 3 else unit for n, unit in enumerate(units(100, 800))]
    one = source("video", sent, 0, error)
    assert taken(one) == [100, 200, 300, 800, 900, 1000]
