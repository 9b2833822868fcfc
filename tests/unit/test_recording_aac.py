"""The AAC rendition: one channel encoded for two that are the same, and two from where they differ."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.recording_material import open_bytes
from vtp.recording import _aac, aac, aac_library
from vtp.recording._frames import as_pair
from vtp.recording.aac import FRAME_TICKS, OVERLAPPING_TICKS, STEREO_FRAMES, AacEncoder
from vtp.recording.aac_library import AacByPyAV, load_aac, open_aac
from vtp.recording.mapped_libraries import mapped
from vtp.recording.muxer import aac_section
from vtp.recording.pcm import FULL_SCALE
from vtp.recording.units import Sample

Sound = npt.NDArray[np.float32]
RATE = 48_000
NOT_THERE = """
import sys
from vtp.recording import _aac
print(_aac.load(sys.argv[1], sys.argv[1], sys.argv[1]))
print(_aac.load("/nowhere.so", sys.argv[1], sys.argv[1]))
try:
    _aac.Encoder(1, 64_000, True)
except RuntimeError as error:
    print(error)
"""


def tone(frames: int, left_hz: float = 440.0, right_hz: float = 440.0) -> Sound:
    """Syllables of two tones, with clicks that short blocks are made for."""
    at = np.arange(frames * FRAME_TICKS) / RATE
    loud = 6000 * np.abs(np.sin(2 * np.pi * 3 * at))
    sound = np.stack([loud * np.sin(2 * np.pi * hz * at) for hz in (left_hz, right_hz)], axis=1)
    sound[RATE // 2 :: RATE // 2] += 12_000
    return sound.astype(np.float32)


def encode(sound: Sound) -> list[Sample]:
    """All its samples."""
    encoder = AacEncoder(96_000, 0)
    pieces = np.split(sound, range(960, len(sound), 960))
    return [*(one for piece in pieces for one in encoder.add(piece)), *encoder.finish()]


def decode(samples: list[Sample]) -> Sound:
    """What a player hears, without the encoder's look-ahead."""
    section = aac_section(96_000)
    data = section.data + section.fragment(samples, 1)
    section.close()
    with open_bytes(data) as container:
        heard = [frame.to_ndarray().astype(np.float32) for frame in container.decode(audio=0)]
    decoded: Sound = np.concatenate(heard, axis=1).T * np.float32(32_768)
    return decoded


def off_db(heard: Sound, sound: Sound) -> float:
    """How loud what is wrong is against what should be heard."""
    count = min(len(heard), len(sound))
    wrong = heard[:count] - sound[:count]
    return float(10 * np.log10((wrong**2).sum() / (sound[:count] ** 2).sum()))


def test_a_voice_in_both_channels_is_heard_in_both_alike() -> None:
    sound = tone(100)
    samples = encode(sound)
    assert [sample.time for sample in samples] == [n * FRAME_TICKS for n in range(len(samples))]
    heard = decode(samples)
    assert (heard[:, 0] == heard[:, 1]).all()
    assert off_db(heard, sound) < -20


def test_two_channels_stay_two_and_nothing_clicks_where_they_part_or_meet() -> None:
    meet = 60 + STEREO_FRAMES
    parted = tone(meet + 100, 440, 660)
    sound = tone(meet + 100)
    sound[30 * FRAME_TICKS : 60 * FRAME_TICKS] = parted[30 * FRAME_TICKS : 60 * FRAME_TICKS]
    samples = encode(sound)
    assert [sample.time for sample in samples] == [n * FRAME_TICKS for n in range(len(samples))]
    heard = decode(samples)
    assert off_db(heard, sound) < -20
    for change in (30, 60, meet):
        around = slice(change * FRAME_TICKS - OVERLAPPING_TICKS, (change + 3) * FRAME_TICKS)
        assert off_db(heard[around], sound[around]) < -25, change


def test_short_blocks_of_one_channel_become_those_of_two() -> None:
    assert any(_is_short(sample.data) for sample in encode(tone(100)))


def _is_short(pair: bytes) -> bool:
    first = int.from_bytes(pair[:2], "big")
    return first >> 13 == 1 and first >> 5 & 3 == 2


@pytest.mark.parametrize(
    "frame", [b"", b"\x00", b"\x20" + bytes(20), b"\x01\x00\x00\x00\x00", b"\xc1\xff", bytes(30)]
)
def test_what_is_no_frame_of_one_channel_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match="AAC frame"):
        as_pair(frame)


def drawn_sound(frames: int) -> Sound:
    """Two channels of noise, loud and soft, with silence and clicks."""
    drawn = np.random.default_rng(7)
    loud = 10 ** drawn.uniform(-1, 4, (frames, 1, 1)) * (drawn.random((frames, 1, 1)) < 0.9)
    sound = (drawn.standard_normal((frames, FRAME_TICKS, 2)) * loud).clip(-32_000, 32_000)
    return sound.reshape(-1, 2).astype(np.float32)


@pytest.mark.parametrize(("mono", "bitrate_bps"), [(True, 64_000), (False, 96_000)])
def test_the_encoder_called_by_itself_gives_what_pyav_does(mono: bool, bitrate_bps: int) -> None:
    assert load_aac()
    encoder = open_aac(bitrate_bps, mono=mono)
    assert isinstance(encoder, _aac.Encoder)
    by_pyav = AacByPyAV(1 if mono else 2, bitrate_bps, mono)
    sound = drawn_sound(120)
    for begin, end in [(0, 1), (1, 13), (13, 13), (13, 120)]:
        piece = sound[begin * FRAME_TICKS : end * FRAME_TICKS]
        given = encoder.encode(piece, begin * FRAME_TICKS, FULL_SCALE)
        assert given == (by_pyav.encode(piece, begin * FRAME_TICKS, FULL_SCALE) if len(piece) else [])
    assert encoder.finish() == by_pyav.finish()


def test_what_fits_no_frame_is_refused() -> None:
    assert load_aac()
    encoder = _aac.Encoder(1, 64_000, True)
    for shape in [(1000, 2), (1024, 1)]:
        with pytest.raises(ValueError, match="1024 ticks of two channels"):
            encoder.encode(np.zeros(shape, np.float32), 0, FULL_SCALE)
    with pytest.raises(ValueError, match="one or two channels"):
        _aac.Encoder(3, 64_000, True)
    encoder.finish()
    with pytest.raises(OSError, match="failed"):  # which ends a recording with a sentence
        encoder.encode(np.zeros((1024, 2), np.float32), 0, FULL_SCALE)
    with pytest.raises(OSError, match="does not take these settings"):
        _aac.Encoder(1, -1, True)


def test_where_another_ffmpeg_is_loaded_too_neither_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def two(name: str) -> list[str]:
        return [*mapped(name), f"/usr/lib/{name}.so.57"]

    load_aac.cache_clear()
    monkeypatch.setattr(aac_library, "mapped", two)
    try:
        assert isinstance(open_aac(64_000, mono=True), AacByPyAV)
    finally:
        load_aac.cache_clear()


def test_libraries_in_which_it_is_not_are_not_called() -> None:
    libc = mapped("libc.so")[0]
    said = subprocess.run(
        [sys.executable, "-c", NOT_THERE, libc], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.split("\n") == ["False", "False", "FFmpeg's AAC encoder has not been loaded", ""]


def test_where_ffmpeg_is_not_known_pyav_encodes(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = tone(60)
    direct = encode(sound)
    opened: list[aac_library.AacFrames] = []

    def open_and_tell(bitrate_bps: int, *, mono: bool) -> aac_library.AacFrames:
        opened.append(open_aac(bitrate_bps, mono=mono))
        return opened[-1]

    monkeypatch.setattr(aac_library, "load_aac", lambda: False)
    monkeypatch.setattr(aac, "open_aac", open_and_tell)
    assert encode(sound) == direct
    assert [type(one) for one in opened] == [AacByPyAV]
