"""Tracks of participants beside the program: on the same clock, begun and ended as they come and go."""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.hls_duties import read
from tests.unit.live_room import open_room, person
from tests.unit.recording_material import Recorded, h264_units, opus_units, strength
from tests.unit.recording_recorder import FastClock, run
from tests.unit.recording_sources import PreparedTap, prepared_source
from tests.unit.test_rooms_speakers import microphone
from vtp.media.producer import Producer
from vtp.recording.erasure import delete_unnamed
from vtp.recording.manifest import (
    Manifest,
    PersonOfTrack,
    TrackSource,
    change_manifest,
    read_manifest,
    write_manifest,
)
from vtp.recording.people import RecordedPeople
from vtp.recording.recorder import Recorder
from vtp.recording.recovery import recover
from vtp.recording.source import Kind, Source
from vtp.recording.stored_tracks import take_out
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant
from vtp.tasks import Tasks

MS = NS // 1000


class Class:
    """A recorder, a presenter who sends for eight seconds, and people who are added to it."""

    def __init__(self, directory: Path) -> None:
        self.clock = FastClock()
        self.recorder = Recorder(directory, "r", now_ns=self.clock)
        self.taps: list[PreparedTap] = []
        for kind in ("video", "audio"):
            self.recorder.add_source(self.source(kind, "", 1, 8))

    def source(self, kind: Kind, name: str, start_s: float, length_s: int) -> Source:
        """What somebody sends from `start_s` on."""
        units = h264_units(30 * length_s) if kind == "video" else opus_units(50 * length_s, frequency=1000.0)
        source, tap = prepared_source(
            kind, units, lambda: self.clock.now, start_ns=round(start_s * NS), name=name or kind
        )
        self.taps.append(tap)
        return source

    def add(self, track: str, sent: TrackSource, start_s: float, length_s: int, user: str = "u1") -> None:
        """Somebody who sends from `start_s` of the clock on; the recording begins at 1 s of it."""
        person = PersonOfTrack(track, f"participant of {track}", user, "Ann", sent)
        kind: Kind = "audio" if sent == "microphone" else "video"
        source = self.source(kind, track, start_s, length_s)
        self.clock.at(round(start_s * NS), lambda: self.recorder.add_track(person, source))

    def at(self, second: float, call: Callable[[], None]) -> None:
        self.clock.at(round(second * NS), call)

    def record(self) -> Recorded:
        """Eight seconds."""
        self.clock.at(9 * NS + 100 * MS, self.recorder.stop)
        outcome = run(self.recorder)
        assert outcome.failure == "" and abs(outcome.duration_ns - 8 * NS) < 700 * MS
        assert all(tap.closed for tap in self.taps)
        return Recorded(self.recorder.directory)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Class]:
    monkeypatch.setattr("vtp.recording.recorder.TICK_S", 0.0)
    made = Class(tmp_path / "r")
    yield made
    made.recorder.stop()


def test_camera_and_microphone_of_somebody_are_tracks_where_they_were_sent(room: Class) -> None:
    room.add("p0", "camera", 3, 4)
    room.add("p1", "microphone", 4, 3)
    room.at(7, lambda: room.recorder.end_track("p0"))
    room.at(7, lambda: room.recorder.end_track("p1"))
    recorded = room.record()
    manifest = read_manifest(recorded.directory)
    assert manifest.tracks == ("opus", "aac", "video")
    assert [(one.track, one.name, one.source) for one in manifest.people] == [
        ("p0", "Ann", "camera"),
        ("p1", "Ann", "microphone"),
    ]
    camera, voice = recorded.index("p0"), recorded.index("p1")
    assert abs(camera.start_s - 2) < 0.05 and abs(camera.duration_s - 6) < 0.1
    assert abs(voice.start_s - 3) < 0.05 and abs(voice.duration_s - 6) < 0.1
    times = recorded.packets("p0")
    assert len(times) == 120 and abs(times[0][0] / 90_000 - 2) < 0.05
    sent = {unit.data for unit in opus_units(150, frequency=1000.0)}
    media = recorded.media("p1", 0)
    assert sum(media.count(packet) for packet in sent) >= 145, "Opus as it came"
    start, sound = recorded.audio("p1")
    assert abs(start / 48_000 - 3) < 0.05 and strength(sound, 1000, 0.3, 2.7) > 0.2
    assert [number for _, number in recorded.brightness()] == [n % 64 for n in range(240)], "the program's"


def test_muted_camera_is_a_gap_and_what_comes_after_it_is_in_place(room: Class) -> None:
    room.add("p0", "camera", 2, 2)
    room.at(4.1, lambda: room.recorder.pause_track("p0"))
    person = PersonOfTrack("p0", "participant of p0", "u1", "Ann", "camera")
    again = room.source("video", "p0", 6, 2)
    room.at(6, lambda: room.recorder.add_track(person, again))
    recorded = room.record()
    index = recorded.index("p0")
    assert [one.start for one in index.segments[1:]] == [one.end for one in index.segments[:-1]]
    gap_s = sum(one.duration for one in index.segments if one.gap) / 90_000
    assert 1.7 < gap_s < 2.2
    (begin, muted), (back, end) = index.present()
    assert (begin, end) == (index.start_s, index.duration_s) and back - muted == pytest.approx(gap_s)
    times = [time / 90_000 for time, _ in recorded.packets("p0")]
    assert abs(times[0] - 1) < 0.05 and any(abs(time - 5) < 0.05 for time in times)
    assert not [time for time in times if 3.2 < time < 4.9]
    assert len(read_manifest(recorded.directory).people) == 1


def mute(live: LiveRoom, who: Participant, sent: Producer) -> None:
    sent.pause()


def move(live: LiveRoom, who: Participant, sent: Producer) -> None:
    live.groups.move(who.participant_id, "one")


@pytest.mark.parametrize("away", [mute, move])
async def test_who_was_muted_or_elsewhere_and_leaves_ends_their_track_and_makes_room_for_another(
    room: Class, away: Callable[[LiveRoom, Participant, Producer], None]
) -> None:
    def open_source(producer: Producer) -> Source:
        return room.source("audio", producer.id, room.clock.now / NS, 2)

    async with open_room() as live:
        ann, ben = person(name="Ann"), person(name="Ben")

        def come() -> None:
            microphone(live, ben)

        people = RecordedPeople(live, room.recorder, Tasks(), 1, open_source)
        people.start()
        sent = microphone(live, ann)
        room.at(3.1, lambda: away(live, ann, sent))
        room.at(5, sent.close)
        room.at(6, come)
        room.at(8.1, room.recorder.stop)
        room.recorder.run()
        people.close()
    recorded = Recorded(room.recorder.directory)
    assert [one.name for one in read_manifest(recorded.directory).people] == ["Ann", "Ben"]
    assert recorded.index("p0").duration_s < 4.5, "it does not go on as a gap"
    assert recorded.index("p1").start_s > 4.9


def test_lost_packets_of_a_copied_voice_are_silence_of_exactly_that_length(room: Class) -> None:
    person = PersonOfTrack("p0", "participant", "", "Guest", "microphone")
    units = [unit for number, unit in enumerate(opus_units(200)) if not 60 <= number < 83]
    source, _ = prepared_source("audio", units, lambda: room.clock.now, start_ns=2 * NS, name="p0")
    room.at(2, lambda: room.recorder.add_track(person, source))
    recorded = room.record()
    packets = recorded.packets("p0")
    assert all(a[0] + a[1] == b[0] for a, b in itertools.pairwise(packets))
    _, sound = recorded.audio("p0")
    loud = np.abs(sound[: 4 * 48_000].reshape(-1, 480)).max(axis=1) > 0.05
    assert abs(int(np.argmin(loud[5:])) + 5 - 120) <= 1
    assert 0 <= int(np.argmax(loud[130:])) + 130 - 166 <= 4, "a codec comes back softly"


def test_every_track_has_a_playlist_of_its_own_and_none_is_in_the_program(room: Class) -> None:
    room.add("p0", "screen", 2, 4)
    room.add("p1", "microphone", 5, 2)
    recorded = room.record()
    view = RecordingView.load(recorded.directory)
    for track in ("p0", "p1"):
        text = view.media(track).text.decode()
        assert "#EXT-X-ENDLIST" in text and "seg-00000.m4s" in text
        listed = read(text)
        assert listed.ended and all(one.duration_s < listed.target_s + 0.5 for one in listed.segments)
    stamp = next(
        line for line in view.media("p1").text.decode().splitlines() if line.startswith("#EXT-X-PROGRAM")
    )
    origin = view.manifest.origin().wall_iso(0, 1)
    assert stamp.partition(":")[2] != origin, "it begins four seconds later"
    assert "p0" not in view.multivariant().text.decode()
    assert 'Representation id="p0"' not in view.mpd().text.decode()
    assert view.size_bytes > sum(index.size_bytes for index in view.tracks.values())


def test_key_frames_are_asked_for_of_the_track_that_wants_them(room: Class) -> None:
    asked: list[tuple[str, int]] = []
    room.recorder.on_key_frame_of_track_wanted(lambda source: asked.append((source, room.clock.now)))
    person = PersonOfTrack("p0", "participant", "", "Guest", "camera")
    source, _ = prepared_source(
        "video", h264_units(150, gop=300), lambda: room.clock.now, start_ns=2 * NS, name="p0"
    )
    room.at(2, lambda: room.recorder.add_track(person, source))
    room.record()
    assert asked and {name for name, _ in asked} == {"p0"}
    later = [time for _, time in asked if time > 3 * NS]
    assert 4 * NS <= later[0] <= 4 * NS + 150 * MS
    assert all(b - a >= 500 * MS for a, b in itertools.pairwise(later))


def test_tracks_of_a_killed_recorder_are_made_whole_too(room: Class) -> None:
    room.add("p0", "camera", 2, 5)
    recorded = room.record()
    index = recorded.directory / "p0" / "index.jsonl"
    lines = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(b"".join(lines[:-4]))
    write_manifest(recorded.directory, replace(read_manifest(recorded.directory), closed=False))
    whole = recover(recorded.directory)
    assert whole.manifest.closed and [one.track for one in whole.manifest.people] == ["p0"]
    assert whole.people["p0"].ended and whole.people["p0"].duration_s > 3


def test_erasing_a_person_takes_their_tracks_and_nobody_elses(room: Class) -> None:
    room.add("p0", "camera", 2, 2, user="u1")
    room.add("p1", "microphone", 2, 2, user="u2")
    recorded = room.record()
    before = RecordingView.load(recorded.directory).size_bytes
    theirs, manifest = take_out(recorded.directory, "u1")
    delete_unnamed(recorded.directory, manifest)
    assert theirs == ["p0"]
    assert RecordingView.load(recorded.directory).size_bytes < before
    assert [one.track for one in read_manifest(recorded.directory).people] == ["p1"]
    assert not (recorded.directory / "p0").exists() and (recorded.directory / "p1").exists()
    assert RecordingView.load(recorded.directory).is_playable
    assert take_out(recorded.directory, "u1") == ([], manifest), "and once is enough"


def test_who_changes_a_manifest_has_it_alone_meanwhile(tmp_path: Path) -> None:
    write_manifest(tmp_path, Manifest("r", tracks=("video",), closed=True))

    def with_a_rung(manifest: Manifest) -> Manifest:
        other = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        return manifest.with_track("video-240")

    assert change_manifest(tmp_path, with_a_rung) == read_manifest(tmp_path)
    assert read_manifest(tmp_path).tracks == ("video", "video-240")
