"""Fragments of our own against FFmpeg's: the same bytes for the same samples."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest

from tests.unit.recording_material import h264_units
from vtp.recording._fragment import write_fragments
from vtp.recording.boxes import fragments
from vtp.recording.h264 import H264Reader
from vtp.recording.muxer import InitSection, aac_section, opus_section
from vtp.recording.picture import usable_section
from vtp.recording.units import Sample

SEED = 20261129


def sections() -> list[InitSection]:
    picture = usable_section(H264Reader().read(h264_units(1)[0]))
    return [picture, opus_section(), aac_section(96_000)]


def any_samples(rng: random.Random, *, pictures: bool) -> list[Sample]:
    """Alike or different in duration and size, pictures in kind too, at any time of a day."""
    count = rng.choice([1, 2, 3, 8, 13])
    durations = [rng.choice([960, 960, 961]) if rng.random() < 0.5 else 960 for _ in range(count)]
    sizes = [rng.choice([1, 700, 701]) if rng.random() < 0.5 else 700 for _ in range(count)]
    start = rng.choice([0, 5, 1 << 31, 90_000 * 86_400])
    times = accumulate(durations[:-1], initial=start)
    alike = rng.choice([None, True, False]) if pictures else True
    return [
        Sample(rng.randbytes(size), time, duration, rng.random() < 0.3 if alike is None else alike)
        for size, time, duration in zip(sizes, times, durations, strict=True)
    ]


def test_fragments_are_those_of_ffmpeg_bit_for_bit() -> None:
    rng = random.Random(SEED)
    for section in sections():
        for number in range(60):
            samples, sequence = any_samples(rng, pictures=section.width > 0), rng.choice([1, 2, 70_000])
            ours = section.fragment(samples, sequence)
            assert ours == section.muxed(samples, sequence), (SEED, section.codec_string, number)
        section.close()


def test_what_a_sample_lasts_is_told_by_the_next_ones_time() -> None:
    early = Sample(b"shown for long, as it seemed", 0, 90_000, True)  # written before the next one came
    late = Sample(b"the next", 3_000, 3_000, False)
    section = sections()[0]
    ours = section.fragment([early, late], 1)
    assert ours == section.muxed([early, late], 1)
    [read] = fragments(ours)
    assert (read.time, read.duration, read.samples, read.key_frame) == (0, 6_000, 2, True)


def test_an_empty_sample_is_left_out_as_ffmpeg_does() -> None:
    section = sections()[1]
    samples = [Sample(b"one", 0, 960, True), Sample(b"", 960, 960, True), Sample(b"two", 1920, 960, True)]
    assert section.fragment(samples, 1) == section.muxed(samples, 1)


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [Sample(b"", 0, 960, True)],
        [Sample(b"a", 0, 960, True), Sample(b"b", 0, 960, True)],
        [Sample(b"a", 960, 960, True), Sample(b"b", 0, 960, True)],
        [Sample(b"a", 0, 1 << 31, True)],
        [Sample(b"a", 0, -1, True)],
    ],
    ids=["none", "empty", "at_once", "backwards", "too_long", "negative"],
)
def test_samples_that_no_fragment_can_hold_are_refused(samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match="fragment"):
        write_fragments(samples, 1, pictures=True)
