"""Single steps of the packet path in compiled loops, so that calls from Python are not what is measured.

Run with `make bench`. A video packet has 1,150 bytes of payload.
"""

from typing import Any

import pytest

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast

Benchmark = Any
PAYLOAD = 1_150
LOOP = 1_000
ROUNDS = 50
PROFILES = {
    "gcm128": (fast.PROFILE_AEAD_AES_128_GCM, 16, 12),
    "gcm256": (fast.PROFILE_AEAD_AES_256_GCM, 32, 12),
    "cm-sha1": (fast.PROFILE_AES_CM_128_SHA1_80, 16, 14),
}
PACKET = Rtp(96, 1, 1, 1, vp8_payload(False, 1, PAYLOAD), extensions={4: b"0", 5: b"\0\1"})
PAYLOADS = {
    "vp8": (fast.CODEC_VP8, vp8_payload(False, 1, PAYLOAD)),
    "vp9": (fast.CODEC_VP9, b"\xea\x80\x01\x20\x01" + bytes(PAYLOAD)),
    "h264": (fast.CODEC_H264, b"\x7c\x81" + bytes(PAYLOAD)),
    "av1": (fast.CODEC_AV1, b"\x10\x32" + bytes(PAYLOAD)),
}


def test_parse_a_header(benchmark: Benchmark) -> None:
    """With two header extensions, as viewers get them."""
    benchmark.extra_info["operations"] = LOOP
    benchmark.pedantic(fast.repeat_parse_rtp, (PACKET.pack(), LOOP), rounds=ROUNDS, warmup_rounds=2)


@pytest.mark.parametrize("codec", PAYLOADS)
def test_read_a_payload_descriptor(benchmark: Benchmark, codec: str) -> None:
    """Layers, picture ids, key frame or not."""
    benchmark.extra_info["operations"] = LOOP
    arguments = (*PAYLOADS[codec], LOOP)
    benchmark.pedantic(fast.repeat_inspect_payload, arguments, rounds=ROUNDS, warmup_rounds=2)


def _session(profile: str, portable: bool, *, sender: bool) -> fast.Srtp:
    number, key, salt = PROFILES[profile]
    return fast.Srtp(number, bytes(range(key)), bytes(range(salt)), sender=sender, portable=portable)


@pytest.mark.parametrize("portable", [False, True], ids=["best", "libcrypto"])
@pytest.mark.parametrize("profile", PROFILES)
def test_protect_a_packet(benchmark: Benchmark, profile: str, portable: bool) -> None:
    session = _session(profile, portable, sender=True)
    if portable != session.is_portable:
        pytest.skip("one and the same with this profile on this machine")
    packets = iter([Rtp(96, i * LOOP, 1, 1, PACKET.payload).pack() for i in range(ROUNDS + 2)])
    benchmark.extra_info["operations"] = LOOP
    benchmark.pedantic(
        fast.repeat_protect,
        setup=lambda: ((session, next(packets), LOOP), {}),
        rounds=ROUNDS,
        warmup_rounds=2,
    )


@pytest.mark.parametrize("portable", [False, True], ids=["best", "libcrypto"])
@pytest.mark.parametrize("profile", PROFILES)
def test_unprotect_a_packet(benchmark: Benchmark, profile: str, portable: bool) -> None:
    """Authentication, the replay window, decryption."""
    sender, receiver = (_session(profile, portable, sender=sender) for sender in (True, False))
    if portable != receiver.is_portable:
        pytest.skip("one and the same with this profile on this machine")
    protected = [
        sender.protect(Rtp(96, i & 0xFFFF, 1, 1, PACKET.payload).pack()) for i in range((ROUNDS + 2) * LOOP)
    ]
    batches = iter([protected[i : i + LOOP] for i in range(0, len(protected), LOOP)])
    benchmark.extra_info["operations"] = LOOP
    benchmark.pedantic(
        fast.repeat_unprotect, setup=lambda: ((receiver, next(batches)), {}), rounds=ROUNDS, warmup_rounds=2
    )


def _watched() -> tuple[PacketPath, int, int]:
    """A lecture whose viewer has been sent a frame: path, consumer, the packet's number there."""
    path = PacketPath()
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, consumer = add_viewer(path, publisher.producer)
    path.advance(100)
    publisher.frame(size=PAYLOAD)
    return path, consumer, viewer.rtp[-1].sequence


def test_rewrite_a_header_for_a_viewer(benchmark: Benchmark) -> None:
    """Number, time, SSRC, MID, abs-send-time, transport-wide number, VP8 picture ids; no copy, no cipher."""
    path, consumer, _ = _watched()
    benchmark.extra_info["operations"] = LOOP
    benchmark.pedantic(fast.repeat_rewrite, (path.worker, consumer, LOOP), rounds=ROUNDS, warmup_rounds=2)


@pytest.mark.parametrize("resend", [False, True], ids=["looked up", "resent"])
def test_answer_a_nack(benchmark: Benchmark, resend: bool) -> None:
    """Looked up and refused within a round trip, or rebuilt from the ring and protected as RTX."""
    path, consumer, sequence = _watched()
    assert fast.repeat_answer_nack(path.worker, consumer, sequence, 5, resend=resend) == (5 if resend else 1)
    benchmark.extra_info["operations"] = LOOP
    benchmark.pedantic(
        fast.repeat_answer_nack,
        (path.worker, consumer, sequence, LOOP),
        {"resend": resend},
        rounds=ROUNDS,
        warmup_rounds=2,
    )
