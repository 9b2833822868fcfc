"""The manifest of one recording's folder: what must be known to play it without the database."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from vtp.recording.timebase import Origin

MANIFEST_NAME = "recording.json"
PERSON_TRACK = re.compile(r"p\d+")  # their folders, as `vtp.recording.people` names them
_RARE = ("failure", "failure_code")
TrackSource = Literal["microphone", "camera", "screen"]


@dataclass(frozen=True, slots=True)
class PersonOfTrack:
    """A track that is one participant's: what they sent by one producer, and who they were.

    `user_id` is empty for who had no account; `source` is microphone, camera or screen.
    """

    track: str
    participant_id: str
    user_id: str
    name: str
    source: TrackSource


@dataclass(frozen=True, slots=True)
class Manifest:
    """`tracks` are the program's, `people` those of participants. `closed` is set last of all: a recording
    without it was interrupted. `failure` says why it ended when it did not end as asked, `failure_code` in a
    word.
    """

    recording_id: str
    origin_wall_ns: int = 0
    target_duration_s: int = 0
    tracks: tuple[str, ...] = ()
    duration_ns: int = 0
    message: str = ""
    closed: bool = False
    version: int = 1
    people: tuple[PersonOfTrack, ...] = ()
    failure: str = ""
    failure_code: str = ""

    def origin(self) -> Origin:
        """The wall time of the recording's first instant."""
        return Origin(0, self.origin_wall_ns)

    @property
    def all_tracks(self) -> tuple[str, ...]:
        """The program's, then those of participants."""
        return (*self.tracks, *(one.track for one in self.people))

    def without(self, people: Collection[str]) -> Manifest:
        """Without these tracks of participants."""
        return replace(self, people=tuple(one for one in self.people if one.track not in people))

    def with_track(self, track: str) -> Manifest:
        """With one track more."""
        return self if track in self.tracks else replace(self, tracks=(*self.tracks, track))


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Replaces the manifest in one step; raises OSError."""
    temporary = directory / (MANIFEST_NAME + ".new")
    with temporary.open("wb") as file:
        file.write(json.dumps(_fields_of(manifest), indent=1).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / MANIFEST_NAME)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fields_of(manifest: Manifest) -> dict[str, object]:
    """What is written of it; not what most have not: older servers read no fields that they do not know."""
    fields: dict[str, object] = asdict(manifest)
    return {name: value for name, value in fields.items() if value or name not in _RARE}


def change_manifest(directory: Path, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Changes the manifest of a recording that has ended; others who do so, in any process, wait meanwhile.

    Raises as `read_manifest`, and OSError. Blocks.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        manifest = read_manifest(directory)
        changed = change(manifest)
        if changed != manifest:
            write_manifest(directory, changed)
        return changed
    finally:
        os.close(descriptor)


def read_manifest(directory: Path) -> Manifest:
    """Reads it; raises FileNotFoundError when there is none and ValueError when it is not one of ours."""
    fields = json.loads((directory / MANIFEST_NAME).read_bytes())
    try:
        people = tuple(PersonOfTrack(**one) for one in fields.get("people", ()))
        return Manifest(**{**fields, "tracks": tuple(fields["tracks"]), "people": people})
    except (TypeError, KeyError) as error:
        raise ValueError(f"{directory / MANIFEST_NAME} is not a recording's manifest.") from error
