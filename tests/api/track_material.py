"""Tracks of participants put beside a finished recording: who sent what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.serving import Api
from tests.unit.recording_material import Recorded, placed
from vtp.recording.copied_sound import CopiedSound
from vtp.recording.manifest import PersonOfTrack, TrackSource, read_manifest, write_manifest
from vtp.recording.segmenter import Segmenter
from vtp.recording.sound import OpenSound, Sound
from vtp.recording.units import PlainUnit

TICK_NS = 50_000_000


@dataclass(frozen=True)
class Sent:
    """What somebody sent by one producer, as units at their times in the recording."""

    name: str
    source: TrackSource
    stretches: Sequence[Sequence[PlainUnit]]
    user_id: str = ""


def add_tracks(api: Api, recording_id: str, sent: Sequence[Sent]) -> None:
    """Makes p0, p1 and so on of it, with a gap from one stretch to the next, before anybody has looked."""
    folder = api.server.services.recordings.file(recording_id, "recording.json").parent
    people = []
    for number, one in enumerate(sent):
        track = f"p{number}"
        _write(folder, track, one)
        participant_id = f"in the room: {one.user_id or one.name}"
        people.append(PersonOfTrack(track, participant_id, one.user_id, one.name, one.source))
    write_manifest(folder, replace(read_manifest(folder), people=tuple(people)))


def _write(folder: Path, track: str, sent: Sent) -> None:
    recorded = Recorded(folder)
    begin_ns = sent.stretches[0][0].arrival_ns
    is_sound = sent.source == "microphone"
    sound: OpenSound = CopiedSound if is_sound else (lambda _, first: Sound(first))
    segmenter = Segmenter(lambda _, timescale: recorded.open(track, timescale), sound, begin_ns)
    clock_ns = begin_ns
    for units in sent.stretches:
        pictures = iter([] if is_sound else placed(units))
        for unit in units:
            while clock_ns + TICK_NS <= unit.arrival_ns:
                clock_ns += TICK_NS
                segmenter.tick(clock_ns)
            if is_sound:
                segmenter.add_audio(unit.data, unit.arrival_ns)
            else:
                segmenter.add_video(next(pictures).picture, unit.arrival_ns)
        segmenter.stop_sending()
    segmenter.finish()
