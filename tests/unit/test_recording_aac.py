"""The AAC rendition: one channel encoded for two that are the same, and two from where they differ."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.recording_material import open_bytes
from vtp.recording._frames import as_pair
from vtp.recording.aac import FRAME_TICKS, OVERLAPPING_TICKS, STEREO_FRAMES, AacEncoder
from vtp.recording.muxer import aac_section
from vtp.recording.units import Sample

Sound = npt.NDArray[np.float32]
RATE = 48_000


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
