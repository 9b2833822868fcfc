"""Reads the folder of a recording that nobody records any more; one that was not closed is made whole."""

from __future__ import annotations

from pathlib import Path

from vtp.recording.iframes import KeyFrame, kept_key_frames
from vtp.recording.recovery import recover
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.view import RecordingView


def recover_unclosed(directory: Path) -> RecordingView:
    """Recovers a folder unless it was closed; what it holds."""
    view = RecordingView.load(directory)
    if view.manifest.closed:
        return view
    recovered = recover(directory)
    return RecordingView(recovered.manifest, recovered.tracks, ended=True, people=recovered.people)


def load_whole(directory: Path) -> RecordingView:
    """Reads an ended recording; one that the disk kept from being closed is closed now, if it lets us."""
    try:
        view = recover_unclosed(directory)
    except OSError:
        view = RecordingView.load(directory)
    view.add_key_frames(key_frames_of(directory, view))
    return view


def key_frames_of(directory: Path, view: RecordingView) -> list[KeyFrame] | None:
    """Of the picture of an ended recording, where its samples are known."""
    index = view.tracks.get(VIDEO_TRACK)
    return kept_key_frames(directory / VIDEO_TRACK, index) if index is not None and view.ended else None
