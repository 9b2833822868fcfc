"""The compiled inner loops of a recording: the same bytes as what they stand for gives."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
import pytest

from vtp.recording import _frames, _opus, _sound
from vtp.recording.h264 import START_CODE, split_annex_b
from vtp.recording.muxer import aac_encoder
from vtp.recording.opus_library import load_libopus

RATE = 48_000
FRAMES = 120
Sound = npt.NDArray[np.float32]


def sound(channels: int) -> Sound:
    """Rows of 20 ms, both channels side by side: syllables of noise, silence, peaks, halves to be rounded."""
    drawn = np.random.default_rng(channels)
    noise = drawn.standard_normal((FRAMES * 960, channels))
    loud = 9000 * noise * np.abs(np.sin(np.arange(len(noise)) * 2 * np.pi * 3 / RATE))[:, None]
    loud[20_000:40_000] = 0
    loud[50_000:51_000] *= 4
    halves = np.rint(np.clip(loud, -32_000, 32_000) * 2) / 2
    both = np.repeat(halves, 2 // channels, axis=1)
    return np.ascontiguousarray(both.reshape(FRAMES, -1), dtype=np.float32)


def by_pyav(frames: Sound, channels: int, bitrate_bps: int, complexity: int) -> list[bytes]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format = RATE, "s16"
    encoder.layout = "mono" if channels == 1 else "stereo"
    encoder.bit_rate, encoder.time_base = bitrate_bps, Fraction(1, RATE)
    encoder.options = {
        "application": "audio",
        "frame_duration": "20",
        "compression_level": str(complexity),
    }
    rows = np.rint(frames[:, :: 2 // channels]).astype(np.int16).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(rows, format="s16", layout=encoder.layout.name)
    frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
    return [bytes(packet) for packet in encoder.encode(frame)]


@pytest.mark.parametrize(("channels", "bitrate_bps", "complexity"), [(1, 56_000, 3), (2, 64_000, 5)])
def test_opus_is_encoded_and_decoded_as_ffmpeg_does(channels: int, bitrate_bps: int, complexity: int) -> None:
    load_libopus()
    frames = sound(channels)
    encoder = _opus.Encoder(channels, bitrate_bps, complexity)
    packets = [*encoder.encode(frames[:1]), *encoder.encode(frames[1:])]
    assert packets == by_pyav(frames, channels, bitrate_bps, complexity)
    whole, decoder = av.CodecContext.create("libopus", "r"), _opus.Decoder()
    whole.sample_rate, whole.layout = RATE, "stereo"
    for packet in packets:
        pcm = np.empty((5760, 2), np.int16)
        assert decoder.decode(packet, pcm) == 960
        heard = [
            np.frombuffer(memoryview(one.planes[0]), np.int16) for one in whole.decode(av.Packet(packet))
        ]
        assert np.array_equal(np.concatenate(heard)[:1920], pcm[:960].reshape(-1))


@pytest.mark.parametrize("packet", [b"", b"\xff", b"\xfb\x00", b"\xfc" + bytes(1400)])
def test_damaged_opus_packet_gives_nothing(packet: bytes) -> None:
    load_libopus()
    assert _opus.Decoder().decode(packet, np.empty((5760, 2), np.int16)) == 0


def test_opus_refuses_sound_of_another_shape() -> None:
    load_libopus()
    with pytest.raises(ValueError, match="20 ms"):
        _opus.Encoder(1, 56_000, 3).encode(np.zeros((2, 960), np.float32))
    with pytest.raises(ValueError, match="room"):
        _opus.Decoder().decode(b"\xf8\xff\xfe", np.empty((960, 2), np.int16))
    with pytest.raises(ValueError, match="channels"):
        _opus.Encoder(3, 56_000, 3)


def outcome(of: Callable[[bytes], bytes], data: bytes) -> bytes | str:
    try:
        return of(data)
    except ValueError as error:
        return str(error)


def pair_by_numbers(frame: bytes) -> bytes:
    """`as_pair` with a frame as one large number."""
    bits = "".join(f"{byte:08b}" for byte in frame)
    at = 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        if at > len(bits):
            raise ValueError("AAC frame is cut short")
        return int(bits[at - count : at] or "0", 2)

    def empty(size: int, width: int) -> str:
        most = (1 << width) - 1
        return "0000" + f"{most:b}" * (size // most) + f"{size % most:0{width}b}" if size else ""

    while (kind := take(3)) == 6:
        count = take(4)
        count = count if count < 15 else 14 + take(8)
        at += 8 * count
    if kind != 0:
        raise ValueError("AAC frame does not begin with a single channel")
    tag, gain, head = f"{take(4):04b}", f"{take(8):08b}", take(4)
    if head >> 1 & 3 == 2:
        size, groups = take(4), take(7)
        info, side = f"{head:04b}{size:04b}{groups:07b}", empty(size, 3) * (8 - groups.bit_count())
    else:
        size = take(6)
        if take(1):
            raise ValueError("AAC frame is predicted, which AAC-LC is not")
        info, side = f"{head:04b}{size:06b}0", empty(size, 5)
    rest = bits[at:].rstrip("0")
    if not rest.endswith("111"):
        raise ValueError("AAC frame has no end")
    pair = "001" + tag + "1" + info + "10" + gain + rest[:-3] + gain + side + "000" + "111"
    pair += "0" * (-len(pair) % 8)
    return int(pair, 2).to_bytes(len(pair) // 8, "big")


def aac_frames() -> list[bytes]:
    encoder, drawn, frames = aac_encoder(64_000, mono=True), np.random.default_rng(3), []
    for number in range(200):
        noise = drawn.standard_normal((1, 1024)) * 10 ** drawn.uniform(-5, 0)
        noise[:, : int(drawn.integers(1024)) if number % 3 else 0] = 0  # clicks, which have short blocks
        frame = av.AudioFrame.from_ndarray(noise.astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = RATE, number * 1024
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames


def test_aac_of_one_channel_becomes_that_of_two_whatever_is_in_it() -> None:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    drawn, frames = random.Random(seed), aac_frames()
    for frame in frames:
        assert _frames.as_pair(frame) == pair_by_numbers(frame)
    for _ in range(2000):
        damaged = bytearray(drawn.choice([*frames, drawn.randbytes(drawn.randrange(1, 40))]))
        for _ in range(drawn.randrange(3)):
            damaged[drawn.randrange(min(len(damaged), drawn.choice([4, 400])))] = drawn.randrange(256)
        frame = bytes(damaged[: drawn.randrange(len(damaged) + 1)] if drawn.random() < 0.3 else damaged)
        assert outcome(_frames.as_pair, frame) == outcome(pair_by_numbers, frame), frame.hex()


def prefixed_by_parts(data: bytes) -> bytes:
    if data.count(START_CODE) > 9:
        raise ValueError("H.264 access unit has too many NAL units")
    kept = [
        nal
        for nal in split_annex_b(data)
        if nal[0] & 31 not in (8, 9, 12) and (nal[0] & 31 != 7 or len(nal) < 4)
    ]
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in kept)


def test_access_units_become_samples_whatever_is_in_them() -> None:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    drawn = random.Random(seed)
    for _ in range(20_000):
        choice = drawn.choices([0, 0, 0, 1, 1, 7, 8, 9, 12, 5, 0x67, 0x41], k=drawn.randrange(60))
        data = bytes(choice)
        found = outcome(lambda one: _frames.length_prefixed(one, 9), data)
        assert found == outcome(prefixed_by_parts, data), data.hex()


KINDS = [("voip", 12_000, "20"), ("voip", 26_000, "60"), ("audio", 64_000, "20"), ("lowdelay", 64_000, "2.5")]


def sent(channels: int, application: str, bitrate_bps: int, frame_ms: str) -> list[bytes]:
    """Two seconds and more as a browser's encoder packs them."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format = RATE, "s16"
    encoder.layout = "mono" if channels == 1 else "stereo"
    encoder.bit_rate, encoder.time_base = bitrate_bps, Fraction(1, RATE)
    encoder.options = {"application": application, "frame_duration": frame_ms}
    rows = np.rint(sound(channels)[:, :: 2 // channels]).astype(np.int16).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(rows, format="s16", layout=encoder.layout.name)
    frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
    return [bytes(packet) for packet in encoder.encode(frame)]


def heard_by_pyav(packets: list[bytes]) -> npt.NDArray[np.int16]:
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE, "stereo"
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    pieces = [np.frombuffer(memoryview(one.planes[0]), np.int16, 2 * one.samples) for one in frames]
    return np.concatenate(pieces).reshape(-1, 2)


def heard(packets: list[bytes]) -> npt.NDArray[np.int16]:
    load_libopus()
    decoder, pieces = _opus.Decoder(), []
    for packet in packets:
        pcm = np.empty((5760, 2), np.int16)
        pieces.append(pcm[: decoder.decode(packet, pcm)])
    return np.concatenate(pieces)


@pytest.mark.parametrize("kind", KINDS)
def test_one_channel_is_decoded_to_the_same_sound_in_both(kind: tuple[str, int, str]) -> None:
    packets = sent(1, *kind)
    assert np.abs(heard(packets).astype(np.int32)).max() > 1000
    assert np.array_equal(heard(packets), heard_by_pyav(packets))


@pytest.mark.parametrize("kind", KINDS)
def test_sender_who_goes_on_with_two_channels_is_heard_in_both(kind: tuple[str, int, str]) -> None:
    before, after = sent(1, *kind), sent(2, "audio", 96_000, "20")
    before = before[: len(before) // 4]
    packets = [*before, *after, *before]
    ours, theirs = (of(packets).astype(np.float64) for of in (heard, heard_by_pyav))
    assert ours.shape == theirs.shape
    change = len(heard(before))
    assert np.array_equal(ours[:change], theirs[:change])
    wrong = ours - theirs
    of_sound = np.sqrt((theirs[change : change + RATE] ** 2).mean())
    assert np.sqrt((wrong[change : change + RATE // 10] ** 2).mean()) < of_sound / 100
    assert np.sqrt((wrong[change + RATE // 10 :] ** 2).mean()) < of_sound / 1000


def test_what_is_in_frames_of_sound_is_what_numpy_finds() -> None:
    drawn = np.random.default_rng(5)
    assert _sound.loudest(np.zeros((0, 2), np.float32)) == 0
    for ticks in (1, 7, 960, 1024):
        sound = (drawn.standard_normal((40, ticks, 2)) * 9000).astype(np.float32)
        sound[drawn.random(40) < 0.3] = 0
        sound[drawn.random(40) < 0.3, :, 1] = 0
        alike = drawn.random(40) < 0.4
        sound[alike, :, 1] = sound[alike, :, 0]
        sound[3], sound[4] = 0, 0
        sound[3, -1, 1], sound[4, 0, 0] = 1e-30, -0.0
        pcm = sound.reshape(-1, 2)
        assert _sound.loudest(pcm) == np.abs(pcm).max()
        assert _sound.kinds(pcm, ticks) == [
            (bool(frame.any()), bool((frame[:, 0] == frame[:, 1]).all())) for frame in sound
        ]


@pytest.mark.parametrize(("shape", "ticks"), [((10, 1), 5), ((10, 2), 3), ((10, 2), 0)])
def test_what_is_no_whole_frames_of_two_channels_is_refused(shape: tuple[int, int], ticks: int) -> None:
    with pytest.raises(ValueError, match="two channels"):
        _sound.kinds(np.zeros(shape, np.float32), ticks)
