"""The lecture clip: its frame numbers survive coding and scaling, its flashes and beeps come together."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from vtp.bench.frame_number import NUMBER_BITS, cells_of, check_of, draw_frame_number, read_frame_number
from vtp.bench.lecture_clip import CHROMIUM_FPS, ClipFormat, write_clip, write_mjpeg, write_wav, write_y4m
from vtp.bench.lecture_picture import LecturePicture, is_flash
from vtp.bench.lecture_sound import beep_starts_s

SMALL = ClipFormat(width=320, height=180, bitrate_bps=150_000)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "lecture.mkv"
    write_clip(path, 3.0, SMALL)
    return path


def pictures(path: Path, width: int = 0, height: int = 0) -> list[tuple[float, Any]]:
    """Time and gray picture of every frame, scaled when a size is given."""
    with av.open(str(path)) as container:
        return [
            (float(f.time or 0.0), f.reformat(width or f.width, height or f.height).to_ndarray(format="gray"))
            for f in container.decode(video=0)
        ]


def sound(path: Path) -> npt.NDArray[np.floating]:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])


@pytest.mark.parametrize("number", [0, 1, 2, 1499, 65_535, (1 << NUMBER_BITS) - 1])
def test_a_drawn_number_is_read_back(number: int) -> None:
    luma = np.full((360, 640), 128, np.uint8)
    draw_frame_number(luma, number)
    assert read_frame_number(luma) == number


def test_a_picture_without_a_strip_has_no_number() -> None:
    rng = np.random.default_rng(1)
    assert read_frame_number(np.full((180, 320), 128, np.uint8)) is None
    noise = [rng.integers(0, 255, (180, 320), dtype=np.uint8) for _ in range(20)]
    assert all(read_frame_number(picture) is None for picture in noise)


@pytest.mark.parametrize("cell", range(2, 30))
def test_one_wrong_cell_is_noticed(cell: int) -> None:
    luma = np.full((360, 640), 128, np.uint8)
    draw_frame_number(luma, 12345)
    luma[:30, cell * 20 : cell * 20 + 20] = 16 if cells_of(12345)[cell] else 235
    assert read_frame_number(luma) is None


def test_the_check_tells_every_pair_of_neighbours_apart() -> None:
    assert all(check_of(number) != check_of(number ^ 1 << bit) for number in range(64) for bit in range(22))


def test_a_number_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="22 bits"):
        cells_of(1 << NUMBER_BITS)


def test_every_frame_of_the_clip_is_numbered_in_order(clip: Path) -> None:
    assert [read_frame_number(picture) for _, picture in pictures(clip)] == list(range(75))


@pytest.mark.parametrize("size", [(160, 90), (200, 112), (640, 360)])
def test_numbers_are_read_after_scaling(clip: Path, size: tuple[int, int]) -> None:
    assert [read_frame_number(picture) for _, picture in pictures(clip, *size)] == list(range(75))


def test_a_flash_and_a_beep_begin_every_second(clip: Path) -> None:
    shown = [(time, is_flash(picture)) for time, picture in pictures(clip)]
    assert None not in {flash for _, flash in shown}
    before = [False, *(bool(flash) for _, flash in shown)]
    starts = [time for (time, flash), was in zip(shown, before, strict=False) if flash and not was]
    assert starts == pytest.approx([0.0, 1.0, 2.0], abs=0.001)
    assert beep_starts_s(sound(clip)) == pytest.approx([0.0, 1.0, 2.0], abs=0.004)


def test_the_clip_can_be_copied_onto_rtp(clip: Path) -> None:
    with av.open(str(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.has_b_frames) == ("h264", False)
        assert audio.codec_context.name in ("opus", "libopus")
        keys = [
            float(p.pts * p.time_base) for p in container.demux(video) if p.pts is not None and p.is_keyframe
        ]
    assert keys == pytest.approx([0.0, 2.0], abs=0.001)


def test_the_fake_camera_file_holds_numbered_pictures(tmp_path: Path) -> None:
    write_mjpeg(tmp_path / "camera.mjpeg", 1.0, 320, 180)
    numbers = [read_frame_number(picture) for _, picture in pictures(tmp_path / "camera.mjpeg")]
    assert numbers == list(range(CHROMIUM_FPS))


def test_the_fake_camera_file_of_another_rate_holds_numbered_pictures_at_their_times(tmp_path: Path) -> None:
    write_y4m(tmp_path / "camera.y4m", 2.0, 10, 320, 180)
    found = [(time_s, read_frame_number(picture)) for time_s, picture in pictures(tmp_path / "camera.y4m")]
    assert [number for _, number in found] == list(range(20))
    assert [time_s for time_s, _ in found] == pytest.approx([number / 10 for number in range(20)])


def test_the_fake_microphone_file_beeps_every_second(tmp_path: Path) -> None:
    write_wav(tmp_path / "microphone.wav", 2.5)
    assert beep_starts_s(sound(tmp_path / "microphone.wav") / 32768) == pytest.approx([0, 1, 2], abs=0.004)


def test_an_odd_size_is_refused() -> None:
    with pytest.raises(ValueError, match="321x180"):
        LecturePicture(321, 180, 25)


@pytest.mark.parametrize(("grain", "least", "most"), [(6, 0.8, 1.3), (0, 0.0, 0.5)])
def test_grain_takes_the_bits_that_a_drawn_picture_does_not(
    tmp_path: Path, grain: int, least: float, most: float
) -> None:
    path = tmp_path / "clip.mkv"
    write_clip(path, 3, ClipFormat(320, 180, bitrate_bps=600_000, grain=grain))
    with av.open(str(path)) as container:
        sizes = [packet.size for packet in container.demux(video=0)]
    assert least <= sum(sizes) * 8 / 3 / 600_000 <= most
    assert [read_frame_number(picture) for _, picture in pictures(path)] == list(range(75))
