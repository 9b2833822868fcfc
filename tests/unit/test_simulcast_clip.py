"""A clip in several sizes: the same pictures, whole groups, every one decodable by itself."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.media_source import SourceError
from vtp.bench.simulcast_clip import LayerFormat, encode_clip, read_layers

FORMATS = [LayerFormat("l", 90, 60_000), LayerFormat("m", 180, 150_000)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "lecture.mkv"
    write_clip(path, 2.6, ClipFormat(320, 180, fps=10))
    return path


def sizes(codec: str, group: list[bytes]) -> set[tuple[int, int]]:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    found = set()
    for number, data in enumerate(group):
        packet = av.Packet(data)
        packet.pts, packet.time_base = number, Fraction(1, 10)
        found |= {(frame.width, frame.height) for frame in decoder.decode(packet)}
    return found


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_each_group_can_be_decoded_by_itself_in_each_size(source: Path, codec: str) -> None:
    clip = encode_clip(str(source), codec, FORMATS)
    assert (clip.fps, clip.group_frames, clip.seconds) == (10, 10, 2.0)
    for layer, size in zip(clip.layers, [(160, 90), (320, 180)], strict=True):
        assert [len(group) for group in layer.groups] == [10, 10]
        assert all(sizes(codec, group) == {size} for group in layer.groups)
    assert clip.layers[1].bytes > clip.layers[0].bytes


def test_sound_lasts_as_long_as_the_picture(source: Path) -> None:
    clip = encode_clip(str(source), "vp8", FORMATS[:1])
    assert len(clip.sound) == 100
    assert clip.sound[0].time_s == 0.0
    assert clip.sound[-1].time_s == pytest.approx(1.98)


def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        encode_clip(str(tmp_path / "nothing.mkv"), "vp8")


def test_layers_are_read_from_heights_and_bitrates() -> None:
    assert read_layers("180:150,361:500") == [LayerFormat("l", 180, 150_000), LayerFormat("m", 360, 500_000)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("180", "HEIGHT:KBIT"),
        ("360:500,180:150", "smallest"),
        ("90:50,180:150,360:500,720:1500", "at most three"),
        ("2:500", "16 to 2160"),
        ("180:5", "10 kbit/s"),
    ],
)
def test_layers_that_cannot_be_are_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_layers(text)
