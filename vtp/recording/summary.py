"""What a recording's row repeats of its files: length, size, picture, rates, codecs."""

from __future__ import annotations

from typing import Any

from vtp.recording.cuts import TARGET_DURATION_S
from vtp.recording.ladder import picture_tracks
from vtp.recording.playlist import best_map, frame_rate, measure_rate, video_codecs
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.view import RecordingView


def summary_of(view: RecordingView) -> dict[str, Any]:
    """Columns of the row, measured from what the view holds now."""
    order = sorted(view.tracks, key=lambda name: (name != VIDEO_TRACK, name))  # the picture first
    tracks = {name: view.tracks[name] for name in order if view.tracks[name].has_media}
    video = tracks.get(VIDEO_TRACK)
    pictures = picture_tracks(tracks)
    best = best_map(video) if video else None
    duration_ns = view.manifest.duration_ns
    length_s = duration_ns / 1e9 if duration_ns else max((t.duration_s for t in tracks.values()), default=0.0)
    target_s = view.manifest.target_duration_s or TARGET_DURATION_S
    codecs = [
        video_codecs(index) if name in pictures else index.maps[0].codecs for name, index in tracks.items()
    ]
    return {
        "duration_ms": round(length_s * 1000),
        "file_size_bytes": view.size_bytes,
        "width": best.width if best else 0,
        "height": best.height if best else 0,
        "frame_rate": round(frame_rate(video), 3) if video else 0.0,
        "bitrate_bps": sum(measure_rate(index, target_s).average_bps for index in tracks.values()),
        "codecs": ",".join(codecs),
    }
