"""Packets of one voice that are decoded in one call: the same sound, bit for bit, as one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
import pytest

from vtp.recording import opus
from vtp.recording.mixer import FRAME_TICKS, Mixer
from vtp.recording.opus_decoder import OpusDecoder
from vtp.recording.units import Sample

RATE = 48_000
Heard = npt.NDArray[np.int16]

# Options of the encoder: application, bit/s, milliseconds of a frame, loudness.
KINDS = {
    "SILK": ("voip", 12_000, "20", 3000),
    "SILK of 60 ms": ("voip", 12_000, "60", 3000),
    "hybrid": ("voip", 26_000, "20", 3000),
    "CELT": ("audio", 64_000, "20", 3000),
    "CELT of 10 ms": ("lowdelay", 64_000, "10", 3000),
    "CELT of 2.5 ms": ("lowdelay", 96_000, "2.5", 3000),
    "large": ("audio", 256_000, "20", 3000),
}


CLIPPING = ("audio", 64_000, "20", 60_000)


def spoken(random: np.random.Generator, how: tuple[str, int, str, int], packets: int) -> list[bytes]:
    """Noise with syllables, as that kind of encoder sends it."""
    application, bitrate, length, loudness = how
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.time_base, encoder.bit_rate = Fraction(1, RATE), bitrate
    encoder.options = {"application": application, "frame_duration": length}
    ticks = round(float(length) * 48)
    noise = np.convolve(random.standard_normal(ticks * packets), np.hanning(16), mode="same")
    loud = loudness * noise * np.abs(np.sin(np.arange(len(noise)) * 2 * np.pi * 3 / RATE))
    frame = av.AudioFrame.from_ndarray(
        np.clip(loud, -32_768, 32_767).astype(np.int16)[None, :], format="s16", layout="mono"
    )
    frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
    return [bytes(packet) for packet in encoder.encode(frame)]


def placed(random: np.random.Generator, packets: Sequence[bytes]) -> list[Sample]:
    """One after another, some stretched by a few ticks."""
    samples, end = [], 0
    for packet in packets:
        ticks = opus.packet_ticks(packet) + int(random.choice([0, 0, 0, -4, -1, 3, 4]))
        samples.append(Sample(packet, end, ticks, True))
        end += ticks
    return samples


def in_runs(random: np.random.Generator, samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    rest = list(samples)
    while rest:
        count = int(random.integers(1, 15))
        yield rest[:count]
        rest = rest[count:]


def decoded(runs: Iterator[Sequence[Sample]]) -> Heard:
    decoder = OpusDecoder()
    return np.concatenate([decoder.decode(run) for run in runs])


@pytest.mark.parametrize("kind", KINDS)
def test_packets_that_are_decoded_together_sound_as_one_by_one(kind: str) -> None:
    random = np.random.default_rng(7)
    samples = placed(random, spoken(random, KINDS[kind], 60))
    alone = decoded(iter([sample] for sample in samples))
    assert len(alone) == samples[-1].end
    assert np.abs(alone.astype(np.int32)).max() > 1000
    assert np.array_equal(decoded(in_runs(random, samples)), alone)


def test_sound_that_is_too_loud_is_not_heard_to_have_been_decoded_together() -> None:
    """libopus rounds off the peaks of a call's sound, so it is not the same bit for bit."""
    random = np.random.default_rng(7)
    samples = placed(random, spoken(random, CLIPPING, 60))
    alone = decoded(iter([sample] for sample in samples)).astype(np.float64)
    assert np.abs(alone).max() >= 32_767
    wrong = decoded(in_runs(random, samples)) - alone
    assert 20 * np.log10(wrong.std() / alone.std()) < -30


def test_sender_who_changes_between_kinds_is_decoded_as_one_by_one() -> None:
    seed = int(np.random.default_rng().integers(1 << 31))
    print(f"seed {seed}")
    random = np.random.default_rng(seed)
    sent = {kind: spoken(random, KINDS[kind], 120) for kind in KINDS}
    packets: list[bytes] = []
    for _ in range(12):
        kind = str(random.choice(list(KINDS)))
        at = int(random.integers(0, 100))
        packets += sent[kind][at : at + int(random.integers(1, 12))]
    samples = placed(random, packets)
    alone = decoded(iter([sample] for sample in samples)).astype(np.float64)
    wrong = decoded(in_runs(random, samples)) - alone
    # Where one kind breaks off into another, for some of the seeds, it is too loud for a moment.
    is_clipped = np.abs(alone).max() >= 32_767
    assert not wrong.any() or (is_clipped and 20 * np.log10(wrong.std() / alone.std()) < -30)


def test_damaged_packet_takes_no_time_from_those_around_it() -> None:
    random = np.random.default_rng(3)
    packets = spoken(random, KINDS["CELT"], 30)
    packets[8] = packets[8][:1] + bytes(1400)  # no frame is so long
    packets[20] = bytes([packets[20][0] | 3, 0x03]) + packets[20][1:]  # three frames, of no whole length
    samples = [Sample(packet, number * 960, 960, True) for number, packet in enumerate(packets)]
    heard = decoded(iter([samples]))
    assert len(heard) == 30 * 960
    assert not heard[8 * 960 : 9 * 960].any()
    good = decoded(iter([sample] for sample in samples))
    assert np.array_equal(heard, good)


def test_mix_is_the_same_in_whatever_turns_it_is_taken() -> None:
    random = np.random.default_rng(11)
    said = {name: placed(random, spoken(random, KINDS["CELT"], 100)) for name in ("ann", "bob", "cay")}

    def mixed(places: int, turns: Sequence[int]) -> npt.NDArray[np.float32]:
        mixer = Mixer(0, places)
        for name, samples in said.items():
            for number, sample in enumerate(samples):
                if name == "ann" or number % 30 < 20:  # the others have pauses
                    mixer.add(name, sample.data, sample.time)
        got = [mixer.mix(end * FRAME_TICKS) for end in np.cumsum(turns)]
        return np.concatenate([one for one in got if one is not None])

    one_by_one = mixed(8, [1] * 90)
    assert np.abs(one_by_one).max() > 3000
    in_few = mixed(8, [7, 6, 6, 12, 1, 2, 56])
    assert np.allclose(in_few, one_by_one, rtol=0, atol=0.01), "but for how the limiter's gain is rounded"
    chosen = mixed(2, [7, 6, 6, 12, 1, 2, 56])
    assert not np.array_equal(chosen, one_by_one)
    assert np.allclose(chosen, mixed(2, [1] * 90), atol=0.01), "but for how the limiter's gain is rounded"
