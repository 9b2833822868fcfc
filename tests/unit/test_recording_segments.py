"""Segments, parts and tracks as a player reads them: times, order, gaps, discontinuities."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.unit.recording_material import (
    Recorded,
    feed,
    h264_units,
    open_bytes,
    opus_units,
    placed,
    shifted,
    show,
)
from vtp.recording import boxes, opus
from vtp.recording.index import SegmentLine
from vtp.recording.lane import PART_LIMIT_NS, SHORTEST_PART_NS
from vtp.recording.muxer import InitSection, opus_section
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit, Sample

MS = NS // 1000
TRACKS = ("video", "opus", "aac")


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def assert_continuous(segments: list[SegmentLine]) -> None:
    """Each segment starts where the one before ended, and numbers follow each other."""
    assert [segment.msn for segment in segments] == list(range(len(segments)))
    for before, after in itertools.pairwise(segments):
        assert after.start == before.end


def test_every_frame_comes_back_in_order_with_no_gap(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(300), opus_units(500))
    assert segmenter.finish() == 10 * NS
    pictures = list(recorded.brightness())
    assert [number for _, number in pictures] == [n % 64 for n in range(300)]
    assert [time for time, _ in pictures] == [n * 3000 for n in range(300)]
    for track in TRACKS:
        assert_continuous(recorded.index(track).segments)
        packets = recorded.packets(track)
        assert all(a[0] + a[1] == b[0] for a, b in itertools.pairwise(packets))


def test_segments_begin_at_key_frames_every_two_seconds(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(300), opus_units(500))
    segmenter.finish()
    index = recorded.index("video")
    assert [segment.start for segment in index.segments] == [n * 180_000 for n in range(5)]
    assert all(index.parts[n][0].independent for n in range(5))
    assert segmenter.target_duration_s == 4


def test_parts_are_byte_ranges_that_end_at_box_boundaries(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(120), opus_units(200))
    segmenter.finish()
    for track in TRACKS:
        index = recorded.index(track)
        for msn, parts in index.parts.items():
            data = (recorded.directory / track / f"seg-{msn:05d}.m4s").read_bytes()
            found = list(boxes.fragments(data))
            assert [(f.start, f.end, f.samples) for f in found] == [
                (p.offset, p.offset + p.size, p.samples) for p in parts
            ]
            assert found[-1].end == len(data)
            frame = 3000 if track == "video" else 0  # the grid of its parts is not that of frames
            for one, part in zip(found, parts, strict=True):
                assert 0 <= one.time - part.start <= frame and abs(one.duration - part.duration) <= frame
            assert all(part.duration * NS <= PART_LIMIT_NS * index.timescale for part in parts)
            assert all(part.duration * NS >= SHORTEST_PART_NS * index.timescale for part in parts[:-1])


def test_tfdt_of_a_track_that_starts_at_ten_seconds_is_ten_seconds() -> None:
    picture = placed(h264_units(1))[0].picture
    assert picture.parameters is not None
    section = picture.parameters.section()
    fragment = section.fragment([Sample(picture.sample, 900_000, 3000, True)], 1)
    assert [(f.time, f.duration) for f in boxes.fragments(fragment)] == [(900_000, 3000)]
    again = section.fragment([Sample(picture.sample, 1_800_000, 3000, True)], 2)
    assert next(boxes.fragments(again)).time == 1_800_000
    section.close()


def test_durations_that_differ_from_sample_to_sample_are_kept() -> None:
    section = opus_section()
    durations = [960, 964, 956, 960, 1200]
    time, samples = 48_000, []
    for duration in durations:
        samples.append(Sample(opus.SILENCE, time, duration, True))
        time += duration
    fragment = section.fragment(samples, 1)
    with open_bytes(section.data + fragment) as container:
        packets = [p for p in container.demux(audio=0) if p.pts is not None]
    assert [p.duration for p in packets] == durations
    assert packets[0].pts == 48_000
    section.close()


def test_sixteen_frames_a_second_last_as_long_as_they_did(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(160, fps=16, gop=32), opus_units(500))
    segmenter.finish()
    times = [time for time, _ in recorded.brightness()]
    assert times == [n * 5625 for n in range(160)]
    assert recorded.index("video").segments[-1].end == 900_000


def test_frames_at_uneven_times_keep_them(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    units = [replace(u, arrival_ns=u.arrival_ns + (n % 3) * 7 * MS) for n, u in enumerate(h264_units(150))]
    feed(segmenter, units, opus_units(250))
    segmenter.finish()
    times = [time for time, _ in recorded.brightness()]
    assert all(abs(t - u.arrival_ns * 9 / 100_000) <= 1 for t, u in zip(times, units, strict=True))


def test_lost_opus_becomes_silence_of_the_same_length(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    audio = [unit for n, unit in enumerate(opus_units(250)) if not 100 <= n < 110]
    feed(segmenter, [], audio)
    segmenter.finish()
    assert len(recorded.packets("opus")) == 250
    start, sound = recorded.audio("aac")
    assert start == 0
    loud = np.abs(sound.reshape(-1, 1024)[: len(sound) // 1024]).max(axis=1) > 0.05
    quiet = [n * 1024 for n, is_loud in enumerate(loud[:230]) if not is_loud]
    assert quiet and min(quiet) > 99 * 960 and max(quiet) < 112 * 960


def test_dtx_pauses_are_filled_and_the_sound_after_them_is_in_place(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    # In DTX Chromium sends one packet every 400 ms, timestamps going on.
    audio = [
        unit if n < 100 or n >= 400 else replace(unit, data=unit.data[:1])
        for n, unit in enumerate(opus_units(500))
        if n < 100 or n >= 400 or n % 20 == 0
    ]
    feed(segmenter, h264_units(300), audio)
    segmenter.finish()
    packets = recorded.packets("opus")
    assert all(a[0] + a[1] == b[0] for a, b in itertools.pairwise(packets))
    _, sound = recorded.audio("aac")
    silent, loud = sound[200 * 960 : 210 * 960], sound[410 * 960 : 480 * 960]
    assert np.abs(silent).max() < 0.05 < np.abs(loud).max()


def test_muted_microphone_is_silence_while_the_picture_goes_on(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(300), opus_units(100))
    segmenter.finish()
    for track in ("opus", "aac"):
        index = recorded.index(track)
        assert abs(index.duration_s - 10) < 0.03
        assert not any(segment.gap for segment in index.segments)


def test_picture_that_stalls_is_followed_by_a_still_while_the_sound_goes_on(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    units = h264_units(300)
    video = [*units[:90], *shifted(units[240:], 2 * NS)]  # 3 s of picture, nothing until 10 s
    feed(segmenter, video, opus_units(600))
    segmenter.finish()
    index = recorded.index("video")
    assert_continuous(index.segments)
    assert not any(segment.gap or segment.discontinuity for segment in index.segments)
    assert all(segment.duration <= 4.4 * 90_000 for segment in index.segments)
    packets = recorded.packets("video")
    assert all(a[0] + a[1] == b[0] for a, b in itertools.pairwise(packets))
    still = [number for time, number in recorded.brightness() if 540_000 <= time < 900_000]
    assert set(still) == {60} and len(still) <= 3  # the last key frame, again for each segment
    assert next(n for t, n in recorded.brightness() if t >= 900_000) == 240 % 64
    assert abs(index.duration_s - 12) < 0.05


def test_publisher_who_vanishes_and_returns_leaves_a_gap_in_all_tracks(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    video, audio = h264_units(120), opus_units(200)
    feed(segmenter, video, audio)
    segmenter.stop_sending()
    for tenth in range(40, 121):
        segmenter.tick(tenth * NS // 10)
    again = [replace(unit, ssrc=2) for unit in shifted(video, 12 * NS)]
    show(segmenter, placed(again))
    for unit in shifted(audio, 12 * NS):
        segmenter.add_audio(unit.data, unit.arrival_ns)
    segmenter.finish()
    for track in TRACKS:
        index = recorded.index(track)
        assert_continuous(index.segments)
        gap_s = sum(s.duration for s in index.segments if s.gap) / index.timescale
        assert abs(gap_s - 8) < 0.05, track
        assert abs(index.duration_s - 16) < 0.05
    msns = [{s.msn for s in recorded.index(track).segments if s.discontinuity} for track in TRACKS]
    assert msns[0] and msns[0] == msns[1] == msns[2]


def test_tracks_stay_in_step_when_a_publisher_leaves_whose_picture_stood_still(recorded: Recorded) -> None:
    """What is shown is written further than the sound has come, as it is certain earlier."""
    segmenter = recorded.segmenter()
    audio = opus_units(150)
    feed(segmenter, h264_units(60), audio[:100])
    for twentieth in range(40, 62):
        segmenter.tick(twentieth * NS // 20 + NS)  # the still is certain up to here, the sound is not
    segmenter.stop_sending()
    for tenth in range(40, 101):
        segmenter.tick(tenth * NS // 10)
    show(segmenter, placed([replace(unit, ssrc=2) for unit in shifted(h264_units(60), 10 * NS)]))
    segmenter.finish()
    indexes = [recorded.index(track) for track in TRACKS]
    assert len({len(index.segments) for index in indexes}) == 1
    for segments in zip(*(index.segments for index in indexes), strict=True):
        assert len({segment.gap for segment in segments}) == 1
        ends = [segment.end / index.timescale for segment, index in zip(segments, indexes, strict=True)]
        assert max(ends) - min(ends) <= 0.05, ends


def test_another_size_is_a_discontinuity_with_a_section_of_its_own(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    small, large = h264_units(100), h264_units(120, width=640, height=360)
    feed(segmenter, [*small, *shifted(large, 100 * NS // 30)], opus_units(360))
    segmenter.finish()
    index = recorded.index("video")
    assert [(line.width, line.height) for line in index.maps] == [(320, 180), (640, 360)]
    changed = [segment for segment in index.segments if segment.discontinuity]
    assert [(s.start, s.map) for s in changed] == [(300_000, 1)]
    assert len(list(recorded.brightness(0))) == 100
    assert len(list(recorded.brightness(1))) == 120
    assert {s.msn for s in recorded.index("aac").segments if s.discontinuity} == {changed[0].msn}


def test_unit_after_loss_waits_for_the_next_key_frame(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    units = list(h264_units(180))
    units[70] = replace(units[70], after_gap=True)
    feed(segmenter, units, opus_units(300))
    assert segmenter.dropped_units == 50
    segmenter.finish()
    numbers = [number for _, number in recorded.brightness()]
    assert numbers == [n % 64 for n in (*range(70), *range(120, 180))]


def test_no_key_frame_by_the_target_duration_is_a_still_until_one_comes(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    units = h264_units(360)
    # Key frames at 0 s, 2 s, and then none that arrives as one until 10 s.
    video = [
        u if not u.key_frame or n in (0, 60, 300) else replace(u, key_frame=False)
        for n, u in enumerate(units)
    ]
    feed(segmenter, video, opus_units(600))
    segmenter.finish()
    index = recorded.index("video")
    assert max(s.duration for s in index.segments) <= 4.4 * 90_000
    assert not any(segment.gap for segment in index.segments)
    assert_continuous(index.segments)
    assert {n for t, n in recorded.brightness() if 7 * 90_000 <= t < 900_000} == {60}


def test_self_paced_publisher_sets_the_target_duration(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(600, gop=210), opus_units(1000))
    segmenter.finish()
    assert segmenter.target_duration_s == 7
    assert not any(segment.gap for segment in recorded.index("video").segments)
    assert len(list(recorded.brightness())) == 600


def test_sound_alone_is_cut_every_two_seconds(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, [], opus_units(300))
    segmenter.finish()
    index = recorded.index("opus")
    assert [round(s.duration / 48_000, 1) for s in index.segments] == [2.0, 2.0, 2.0]
    assert not (recorded.directory / "video").exists()


def test_picture_that_comes_later_is_a_still_before(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, shifted(h264_units(120), 5 * NS), opus_units(450))
    segmenter.finish()
    index = recorded.index("video")
    assert_continuous(index.segments)
    assert not any(segment.gap for segment in index.segments)
    assert [(t, n) for t, n in recorded.brightness() if t < 450_000] == [(0, 0), (180_000, 0), (360_000, 0)]
    assert len(recorded.packets("video")) == 123


def test_picture_that_never_comes_back_is_a_still_to_the_end(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(90), opus_units(450))
    end_ns = segmenter.finish()
    index = recorded.index("video")
    assert_continuous(index.segments)
    assert abs(index.duration_s - end_ns / NS) < 0.03 and not any(s.gap for s in index.segments)


def test_sound_and_picture_stay_within_40_ms(recorded: Recorded) -> None:
    """A flash and a beep at 5 s are found at the same time in every track."""
    flash, beep = 150, 250
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 320, 180, "yuv420p", Fraction(1, 30)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "60", "sc_threshold": "0"}
    video = []
    for number, unit in enumerate(h264_units(300)):
        frame = av.VideoFrame(320, 180, "yuv420p")
        for plane, value in zip(frame.planes, (235 if number == flash else 16, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts = number
        (packet,) = encoder.encode(frame)
        video.append(replace(unit, data=bytes(packet), key_frame=bool(packet.is_keyframe)))
    segmenter = recorded.segmenter()
    feed(segmenter, video, opus_units(500, from_packet=beep))
    segmenter.finish()
    flash_s = next(time for time, number in recorded.brightness() if number > 30) / 90_000
    for track in ("opus", "aac"):
        start, sound = recorded.audio(track)
        beep_s = (start + int(np.argmax(np.abs(sound) > 0.1))) / 48_000
        assert abs(beep_s - flash_s) < 0.04, track


def test_audio_clock_that_is_slewed_is_stretched_and_stays_whole(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    audio = [replace(u, arrival_ns=round(u.arrival_ns * 1.001)) for u in opus_units(500)]
    feed(segmenter, [], audio)
    segmenter.finish()
    packets = recorded.packets("opus")
    assert len(packets) == 500  # no silence put in, nothing dropped
    assert abs(packets[-1][0] - round(499 * 960 * 1.001)) <= 480
    aac = recorded.packets("aac")
    assert all(a[0] + a[1] == b[0] for a, b in itertools.pairwise(aac))


def test_damaged_units_are_counted_and_do_no_harm(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    units = list(h264_units(60))
    units.insert(10, replace(units[10], data=b"", key_frame=False))
    units.insert(0, replace(units[0], data=b"\x00\x00\x01\x65broken", key_frame=True))
    audio = list(opus_units(100))
    audio[5] = replace(audio[5], data=b"")
    audio[6] = replace(audio[6], data=b"\xff\xff")
    feed(segmenter, units, audio)
    segmenter.finish()
    assert segmenter.dropped_units == 2
    assert len(recorded.packets("opus")) == 100
    assert len(list(recorded.brightness())) == 60


def unusable_key_frames(count: int) -> list[PlainUnit]:
    """With parameter sets that nothing can be decoded by."""
    data = b"\0\0\1\x67\x42\xc0\x1f\xff\0\0\1\x68\xff\0\0\1\x65broken"
    return [PlainUnit(data, 3000 * n, n * NS // 30, key_frame=True) for n in range(count)]


def test_unusable_first_key_frames_open_no_files(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, unusable_key_frames(20), opus_units(100))
    assert {writer.track for writer in recorded.writers} == {"opus", "aac"}
    assert segmenter.dropped_units == 20
    segmenter.finish()
    assert not (recorded.directory / "video").exists()


@pytest.mark.parametrize("side", [16_383, 1 << 16])
def test_size_that_no_muxer_takes_is_unusable_too(recorded: Recorded, side: int) -> None:
    segmenter = recorded.segmenter()
    units = [replace(unit, width=side, height=side) for unit in h264_units(120)]
    feed(segmenter, [*units[:60], *h264_units(120)[60:]], opus_units(200))
    assert segmenter.dropped_units == 60
    segmenter.finish()
    assert [line.width for line in recorded.index("video").maps] == [320]


def test_unusable_key_frame_cuts_nothing_and_what_needs_it_is_left_out(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    units = list(h264_units(180))
    units[60] = replace(unusable_key_frames(1)[0], arrival_ns=units[60].arrival_ns)
    feed(segmenter, units, opus_units(300))
    assert segmenter.dropped_units == 60
    segmenter.finish()
    index = recorded.index("video")
    assert len(index.maps) == 1 and not any(s.gap or s.discontinuity for s in index.segments)
    times = [(time, number) for time, number in recorded.brightness() if 180_000 <= time < 360_000]
    assert {number for _, number in times} <= {0}, "the last picture stands meanwhile"
    assert [n for t, n in recorded.brightness() if t >= 360_000] == [n % 64 for n in range(120, 180)]


def test_one_section_is_open_however_many_there_were(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[InitSection] = []
    begin, close = InitSection.__init__, InitSection.close

    def counted(section: InitSection, *said: Any, **more: Any) -> None:
        opened.append(section)
        begin(section, *said, **more)

    def closed(section: InitSection) -> None:
        opened.remove(section)
        close(section)

    segmenter = recorded.segmenter()
    monkeypatch.setattr(InitSection, "__init__", counted)
    monkeypatch.setattr(InitSection, "close", closed)
    sizes = [(320, 180), (640, 360)] * 5
    for number, (width, height) in enumerate(sizes):
        show(segmenter, placed(shifted(h264_units(1, width=width, height=height), number * 2 * NS)))
        assert [section.width for section in opened] == [width]
    monkeypatch.undo()
    segmenter.finish()
    assert len(recorded.index("video").maps) == len(sizes)


def test_part_that_no_muxer_takes_is_left_out_and_the_recording_goes_on(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    fragment = InitSection.fragment

    def choosy(section: InitSection, samples: Sequence[Sample], sequence: int) -> bytes:
        if section.codec_string.startswith("avc1") and samples[0].time == 90_000:
            raise ValueError("The muxer gave no fragment")
        return fragment(section, samples, sequence)

    monkeypatch.setattr(InitSection, "fragment", choosy)
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(120), opus_units(200))
    assert segmenter.finish() == 4 * NS
    index = recorded.index("video")
    assert_continuous(index.segments)
    assert [part.start for part in index.parts[0] if part.gap] == [90_000]
    assert len(recorded.packets("video")) == 112  # but for the eight pictures of a quarter of a second


def test_opus_durations_are_read_from_the_packet() -> None:
    assert opus.packet_ticks(opus.SILENCE) == 960
    assert opus.packet_ticks(bytes([0 << 3])) == 480
    assert opus.packet_ticks(bytes([3 << 3 | 1]) + b"x") == 5760
    assert opus.packet_ticks(bytes([16 << 3 | 3, 6])) == 720
    for bad in (b"", bytes([3]), bytes([3 << 3 | 3, 3]), bytes([31 << 3 | 3, 0])):
        with pytest.raises(ValueError, match="Opus packet"):
            opus.packet_ticks(bad)


def test_recording_that_ends_after_everybody_left_ends_with_the_last_of_them(recorded: Recorded) -> None:
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(120), opus_units(200))
    segmenter.stop_sending()
    for second in range(4, 60):
        segmenter.tick(second * NS)
    assert abs(segmenter.finish() - 4 * NS) < 50 * MS
    for track in TRACKS:
        assert not any(segment.gap for segment in recorded.index(track).segments)
