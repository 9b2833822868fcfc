"""The recorder's thread: how it begins, waits, asks for key frames, ends, and takes what a disk refuses."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.recording_material import Recorded, h264_units, opus_units
from tests.unit.recording_recorder import FastClock, run
from tests.unit.recording_sources import prepared_source
from vtp.recording import track_writer
from vtp.recording.disk import DISK_FULL
from vtp.recording.index import TrackIndex
from vtp.recording.manifest import read_manifest
from vtp.recording.recorder import TICK_S, Recorder
from vtp.recording.remarks import TOO_BUSY
from vtp.recording.timebase import NS, VIDEO_TIMESCALE

MS = NS // 1000


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


@pytest.fixture
def recorder(tmp_path: Path, clock: FastClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    made = Recorder(tmp_path / "r", "r", now_ns=clock)
    yield made
    made.stop()


def test_class_of_five_seconds_is_recorded_whole(recorder: Recorder, clock: FastClock) -> None:
    video, video_tap = prepared_source("video", h264_units(150), lambda: clock.now, start_ns=NS)
    audio, audio_tap = prepared_source("audio", opus_units(250), lambda: clock.now, start_ns=NS)
    recorder.add_source(audio)
    recorder.add_source(video)
    clock.at(6 * NS + 200 * MS, recorder.stop)
    outcome = run(recorder)
    assert outcome.failure == "" and abs(outcome.duration_ns - 5 * NS) < 700 * MS
    recorded = Recorded(recorder.directory)
    assert [n for _, n in recorded.brightness()] == [n % 64 for n in range(150)]
    assert video_tap.closed and audio_tap.closed
    manifest = read_manifest(recorder.directory)
    assert manifest.closed and set(manifest.tracks) == {"video", "opus", "aac"}
    assert manifest.target_duration_s == 4


def test_what_there_was_no_room_for_is_told(
    recorder: Recorder, clock: FastClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that is too busy takes what was sent too late: nobody is to find that out by watching."""
    video, tap = prepared_source("video", h264_units(150), lambda: clock.now, start_ns=NS)
    recorder.add_source(video)
    recorder.set_message("Of the other camera there is sound alone.")

    def lose() -> None:
        tap.dropped = 7

    clock.at(3 * NS, lose)
    clock.at(4 * NS, lambda: recorder.remove_source(video.id))
    clock.at(6 * NS, recorder.stop)
    assert run(recorder).failure == ""
    said = read_manifest(recorder.directory).message
    assert said == f"Of the other camera there is sound alone. {TOO_BUSY}"
    lines = [one.getMessage() for one in caplog.records if one.name == "vtp.recording.remarks"]
    assert lines == ["Recording r cannot keep up: the server is too busy.", "Recording r lacks 7 packets."]


def test_recorder_of_an_empty_room_waits_and_says_that_nothing_came(
    recorder: Recorder, clock: FastClock
) -> None:
    clock.at(20 * NS, recorder.stop)
    outcome = run(recorder)
    assert outcome.duration_ns == 0 and "Nothing was sent" in outcome.failure
    assert read_manifest(recorder.directory).closed


def test_timeline_begins_with_the_first_picture(recorder: Recorder, clock: FastClock) -> None:
    audio, _ = prepared_source("audio", opus_units(250), lambda: clock.now, start_ns=NS)
    video, _ = prepared_source("video", h264_units(60), lambda: clock.now, start_ns=2 * NS)
    recorder.add_source(audio)
    recorder.add_source(video)
    clock.at(6 * NS, recorder.stop)
    run(recorder)
    recorded = Recorded(recorder.directory)
    assert recorded.packets("video")[0][0] == 0
    assert recorded.packets("opus")[0][0] == 0
    assert recorded.index("video").segments[0].gap is False


def test_sound_alone_begins_when_no_picture_comes(recorder: Recorder, clock: FastClock) -> None:
    audio, _ = prepared_source("audio", opus_units(300), lambda: clock.now, start_ns=NS)
    recorder.add_source(audio)
    clock.at(7 * NS, recorder.stop)
    outcome = run(recorder)
    assert outcome.duration_ns > 5 * NS
    assert read_manifest(recorder.directory).tracks == ("opus", "aac")


def test_key_frame_is_asked_for_two_seconds_after_the_last_and_again_each_half_second(
    recorder: Recorder, clock: FastClock
) -> None:
    asked: list[int] = []
    recorder.on_key_frame_wanted(lambda: asked.append(clock.now))
    video, _ = prepared_source("video", h264_units(150, gop=300), lambda: clock.now, start_ns=NS)
    recorder.add_source(video)
    clock.at(5 * NS, recorder.stop)
    run(recorder)
    after = [time for time in asked if time > 2 * NS]
    assert 3 * NS <= after[0] <= 3 * NS + 100 * MS
    assert all(500 * MS <= b - a <= 600 * MS for a, b in itertools.pairwise(after))


def test_publisher_that_sends_key_frames_by_itself_is_not_asked(recorder: Recorder, clock: FastClock) -> None:
    asked: list[int] = []
    recorder.on_key_frame_wanted(lambda: asked.append(clock.now))
    video, _ = prepared_source("video", h264_units(300), lambda: clock.now, start_ns=NS)
    recorder.add_source(video)
    clock.at(10 * NS, recorder.stop)
    run(recorder)
    assert asked == []


def test_another_publisher_takes_over_after_a_gap(recorder: Recorder, clock: FastClock) -> None:
    first, tap = prepared_source("video", h264_units(60), lambda: clock.now, start_ns=NS, name="first")
    second, _ = prepared_source(
        "video", h264_units(90, width=640, height=360), lambda: clock.now, start_ns=8 * NS, name="second"
    )
    recorder.add_source(first)
    clock.at(3 * NS + 100 * MS, lambda: recorder.remove_source("first"))
    clock.at(8 * NS, lambda: recorder.add_source(second))
    clock.at(12 * NS, recorder.stop)
    run(recorder)
    assert tap.closed
    index = Recorded(recorder.directory).index("video")
    assert [line.width for line in index.maps] == [320, 640]
    resumed = next(s for s in index.segments if s.map == 1 and not s.gap)
    assert resumed.discontinuity and abs(resumed.start - 7 * 90_000) < 2_000
    gap_s = sum(s.duration for s in index.segments if s.gap) / 90_000
    assert 4.5 < gap_s < 5.5


def test_full_disk_ends_the_recording_and_keeps_what_is_whole(
    recorder: Recorder, clock: FastClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 60_000

    def write(descriptor: int, data: bytes | memoryview) -> int:
        nonlocal room
        taken = min(len(data), room)
        if not taken and len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        room -= taken
        return os.write(descriptor, data[:taken])

    monkeypatch.setattr(track_writer, "_write", write)
    video, tap = prepared_source("video", h264_units(600), lambda: clock.now, start_ns=NS)
    audio, _ = prepared_source("audio", opus_units(1000), lambda: clock.now, start_ns=NS)
    recorder.add_source(video)
    recorder.add_source(audio)
    outcome = run(recorder)
    assert outcome.failure.startswith("The disk is full, so the recording was ended")
    assert outcome.code == DISK_FULL
    assert tap.closed and outcome.duration_ns > 0
    recorded = Recorded(recorder.directory)
    numbers = [n for _, n in recorded.brightness()]
    assert numbers == [n % 64 for n in range(len(numbers))] and numbers
    assert read_manifest(recorder.directory).closed


@pytest.mark.parametrize(("window_s", "thing"), [(0.0, "recording"), (60.0, "stream")])
def test_disk_that_is_almost_full_ends_the_recording_or_stream_cleanly_and_says_which(
    tmp_path: Path, clock: FastClock, monkeypatch: pytest.MonkeyPatch, window_s: float, thing: str
) -> None:
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    recorder = Recorder(tmp_path / "r", "r", min_free_bytes=1 << 62, window_s=window_s, now_ns=clock)
    outcome = run(recorder)
    assert outcome.failure == f"The disk is almost full, so the {thing} was ended; free some space."
    assert outcome.code == DISK_FULL


def test_the_first_reason_to_end_is_the_reason(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder.stop("There is no room for it.", "quota_exceeded")
    recorder.stop("Somebody stopped it, too.")
    outcome = run(recorder)
    assert (outcome.failure, outcome.code) == ("There is no room for it.", "quota_exceeded")


@pytest.mark.parametrize(("is_followed", "in_a_second"), [(True, 9), (False, 5)])
def test_a_turn_comes_when_the_part_in_work_should_be_complete_and_few_others(
    tmp_path: Path, is_followed: bool, in_a_second: int
) -> None:
    now = NS
    recorder = Recorder(tmp_path / "r", "r", now_ns=lambda: now)
    recorder.add_source(prepared_source("video", h264_units(180), lambda: now, start_ns=NS)[0])
    recorder._files.begin()
    late_ns: dict[tuple[int, int], int] = {}
    turns = 0
    while now < 6 * NS:
        if is_followed:
            recorder.attend()
        rest_s = recorder._step()
        turns += now > 2 * NS
        for part in (
            one for parts in recorder.tracks.get("video", TrackIndex()).parts.values() for one in parts
        ):
            end_ns = NS + (part.start + part.duration) * NS // VIDEO_TIMESCALE
            late_ns.setdefault((part.msn, part.part), now - end_ns)
        now += round(min(2 * TICK_S, rest_s) * NS)
    recorder.stop()
    assert recorder.run().failure == ""
    assert len(late_ns) >= 18
    assert max(late for (msn, _), late in late_ns.items() if msn) <= 50 * NS // 1000, "a frame and 15 ms"
    assert 4 * (in_a_second - 1) <= turns <= 4 * in_a_second
