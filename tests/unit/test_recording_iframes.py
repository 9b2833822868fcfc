"""The I-frame playlist: key frames as byte ranges, accepted by a strict parser, decodable one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.strict_hls import needs_strict_parser, parse
from tests.unit.recording_material import open_bytes
from tests.unit.test_recording_dash import recorded_view
from tests.unit.test_recording_strict_parser import other_size, plain, publisher_returns, self_paced
from vtp.recording.iframes import key_frames
from vtp.recording.sample_table import load_table
from vtp.recording.segmenter import Segmenter
from vtp.recording.view import RecordingView


def view_with_key_frames(directory: Path, content: Callable[[Segmenter], None]) -> RecordingView:
    view = recorded_view(directory, content)
    index = view.tracks["video"]
    view.add_key_frames(key_frames(load_table(directory / "video", index), index))
    return view


@pytest.mark.drawn(2)
@needs_strict_parser
@pytest.mark.parametrize("content", [plain, other_size, publisher_returns, self_paced])
def test_strict_parser_accepts_it_and_who_names_it(
    tmp_path: Path, content: Callable[[Segmenter], None]
) -> None:
    view = view_with_key_frames(tmp_path, content)
    text = view.iframes("video").text
    segments = [segment for segment in view.tracks["video"].segments if not segment.gap]
    assert parse(text) >= len(segments)
    master = view.multivariant()
    assert parse(master.text) == 3  # two of sound and picture, one of key frames
    assert b'URI="video/iframes.m3u8"' in master.text


def test_each_range_holds_one_whole_key_frame(tmp_path: Path) -> None:
    view = view_with_key_frames(tmp_path, plain)
    text = view.iframes("video").text.decode()
    section = (tmp_path / "video" / "init-0.mp4").read_bytes()
    found = re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)", text)
    assert [name for _, _, name in found] == [f"seg-{n:05d}.m4s" for n in range(5)]
    for number, (size, offset, name) in enumerate(found):
        data = (tmp_path / "video" / name).read_bytes()[int(offset) : int(offset) + int(size)]
        with open_bytes(section + data) as container:
            packet = next(container.demux(video=0))
            assert packet.is_keyframe
            frames = [*packet.decode(), *container.streams.video[0].codec_context.decode(None)]
        assert round((bytes(frames[0].planes[0])[0] - 16) / 3) == number * 60 % 64


def test_lengths_reach_to_the_next_key_frame(tmp_path: Path) -> None:
    view = view_with_key_frames(tmp_path, plain)
    lengths = re.findall(r"#EXTINF:([\d.]+)", view.iframes("video").text.decode())
    assert [float(length) for length in lengths] == [2.0] * 5


def test_there_is_none_while_it_grows_nor_of_sound(tmp_path: Path) -> None:
    view = view_with_key_frames(tmp_path, plain)
    with pytest.raises(KeyError):
        view.iframes("aac")
    view.ended = False
    with pytest.raises(KeyError):
        view.iframes("video")
    assert b"I-FRAME" not in view.multivariant().text
