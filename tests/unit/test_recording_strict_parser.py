"""Every playlist that a recording can have is accepted by a strict parser (hls-parser, from npm)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.strict_hls import needs_strict_parser, parse
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units, placed, shifted, show
from vtp.recording.manifest import Manifest
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView


def plain(segmenter: Segmenter) -> None:
    feed(segmenter, h264_units(300), opus_units(500))


def other_size(segmenter: Segmenter) -> None:
    large = shifted(h264_units(120, width=640, height=360), 100 * NS // 30)
    feed(segmenter, [*h264_units(100), *large], opus_units(360))


def stalled_picture(segmenter: Segmenter) -> None:
    units = h264_units(300)
    feed(segmenter, [*units[:90], *shifted(units[240:], 2 * NS)], opus_units(600))


def publisher_returns(segmenter: Segmenter) -> None:
    feed(segmenter, h264_units(120), opus_units(200))
    segmenter.stop_sending()
    show(segmenter, placed([replace(unit, ssrc=2) for unit in shifted(h264_units(120), 12 * NS)]))


def sound_alone(segmenter: Segmenter) -> None:
    feed(segmenter, [], opus_units(300))


def self_paced(segmenter: Segmenter) -> None:
    feed(segmenter, h264_units(600, gop=210), opus_units(1000))


@pytest.mark.drawn(3)
@needs_strict_parser
@pytest.mark.parametrize(
    "content", [plain, other_size, stalled_picture, publisher_returns, sound_alone, self_paced]
)
def test_strict_parser_accepts_every_playlist(tmp_path: Path, content: Callable[[Segmenter], None]) -> None:
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    content(segmenter)
    segmenter.finish()
    tracks = {name: recorded.index(name) for name in ("video", "opus", "aac") if (tmp_path / name).exists()}
    manifest = Manifest("r", 10**18, segmenter.target_duration_s, tuple(tracks))
    live, ended = (RecordingView(manifest, tracks, ended=ended) for ended in (False, True))
    assert parse(ended.multivariant().text) == parse(live.multivariant().text) == 2
    for track, index in tracks.items():
        assert parse(ended.media(track).text) == len(index.segments)
    assert parse(live.media("aac").text) == len(tracks["aac"].segments)
