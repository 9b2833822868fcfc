"""SRTP and SRTCP against the vectors of RFC 3711, 6188 and 7714, and against pylibsrtp in both directions."""

import random
import struct
from pathlib import Path

import pylibsrtp
import pytest

from vtp._rtp_fast import (
    PROFILE_AEAD_AES_128_GCM,
    PROFILE_AEAD_AES_256_GCM,
    PROFILE_AES_CM_128_SHA1_80,
    Srtp,
    derive_srtp_key,
)

PROFILES = [PROFILE_AES_CM_128_SHA1_80, PROFILE_AEAD_AES_128_GCM, PROFILE_AEAD_AES_256_GCM]
LENGTHS = {  # key, salt, tag
    PROFILE_AES_CM_128_SHA1_80: (16, 14, 10),
    PROFILE_AEAD_AES_128_GCM: (16, 12, 16),
    PROFILE_AEAD_AES_256_GCM: (32, 12, 16),
}
LIBSRTP_PROFILES = {
    PROFILE_AES_CM_128_SHA1_80: pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    PROFILE_AEAD_AES_128_GCM: pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    PROFILE_AEAD_AES_256_GCM: pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
COUNT = 200
LONG_COUNT = 10_000
SSRC = 0xDEADBEEF
RTCP = bytes.fromhex("80c90001deadbeef")

counts = pytest.mark.parametrize("count", [COUNT, pytest.param(LONG_COUNT, marks=pytest.mark.long)])
every_profile = pytest.mark.parametrize("profile", PROFILES)


def keys(profile: int, seed: int = 1) -> tuple[bytes, bytes]:
    key_length, salt_length, _ = LENGTHS[profile]
    dice = random.Random(seed)
    return dice.randbytes(key_length), dice.randbytes(salt_length)


def pair(profile: int) -> tuple[Srtp, Srtp]:
    """A sender and its receiver."""
    key, salt = keys(profile)
    return Srtp(profile, key, salt, sender=True), Srtp(profile, key, salt, sender=False)


def libsrtp(profile: int, *, sender: bool) -> pylibsrtp.Session:
    key, salt = keys(profile)
    kind = pylibsrtp.Policy.SSRC_ANY_OUTBOUND if sender else pylibsrtp.Policy.SSRC_ANY_INBOUND
    policy = pylibsrtp.Policy(key=key + salt, ssrc_type=kind, srtp_profile=LIBSRTP_PROFILES[profile])
    policy.window_size = 1024
    return pylibsrtp.Session(policy=policy)


def rtp(sequence: int, payload: bytes = b"sound and picture", *, ssrc: int = SSRC) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, sequence & 0xFFFF, 90 * sequence & 0xFFFFFFFF, ssrc) + payload


def random_rtp(dice: random.Random, sequence: int) -> bytes:
    """A packet with random CSRCs, header extension, padding and payload."""
    csrcs = dice.randrange(16) if dice.random() < 0.3 else 0
    extended = dice.random() < 0.5
    padding = dice.randrange(1, 30) if dice.random() < 0.3 else 0
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extended else 0) | csrcs
    head = struct.pack(
        "!BBHII", first, dice.randrange(256) & 0xBF, sequence & 0xFFFF, dice.getrandbits(32), SSRC
    )
    head += dice.randbytes(4 * csrcs)
    if extended:
        words = dice.randrange(8)
        head += struct.pack("!HH", dice.choice([0xBEDE, 0x1000, 0x1234]), words) + dice.randbytes(4 * words)
    return (
        head
        + dice.randbytes(dice.randrange(1200))
        + bytes(max(padding - 1, 0))
        + bytes([padding] if padding else [])
    )


# ------------------------------------------------------------ published vectors


@pytest.mark.parametrize(
    "label, expected",
    [
        (0, "c61e7a93744f39ee10734afe3ff7a087"),
        (2, "30cbbc08863d8c85d49db34a9ae1"),
        (1, "cebe321f6ff7716b6fd4ab49af256a156d38baa4"),
    ],
)
def test_key_derivation_gives_the_keys_of_rfc_3711_appendix_b3(label: int, expected: str) -> None:
    key = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de4139")
    salt = bytes.fromhex("0ec675ad498afeebb6960b3aabe6")
    assert derive_srtp_key(key, salt, label, len(expected) // 2).hex() == expected


@pytest.mark.parametrize(
    "label, expected",
    [
        (0, "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"),
        (2, "fa31791685ca444a9e07c6c64e93"),
        (1, "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"),
    ],
)
def test_256_bit_key_derivation_gives_the_keys_of_rfc_6188(label: int, expected: str) -> None:
    key = bytes.fromhex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6")
    salt = bytes.fromhex("3b04803de51ee7c96423ab5b78d2")
    assert derive_srtp_key(key, salt, label, len(expected) // 2).hex() == expected


def test_aes_cm_gives_the_keystream_of_rfc_3711_appendix_b2() -> None:
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    salt = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfd")
    session = Srtp(PROFILE_AES_CM_128_SHA1_80, key, salt, sender=True, session_keys=True)
    protected = session.protect(rtp(0, bytes(48), ssrc=0))
    assert protected[12:60].hex() == (
        "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0"
    )


GCM_SALT = bytes.fromhex("517569642070726f2071756f")
GCM_RTP = bytes.fromhex("8040f17b8041f8d35501a0b2") + b"Gallia est omnis divisa in partes tres"
GCM_RTCP = bytes.fromhex(
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
)
GCM_VECTORS = [  # profile, SRTP (RFC 7714 sections 16.1.1, 16.2.1), SRTCP of index 0x5d4 (17.1, 17.2)
    (
        PROFILE_AEAD_AES_128_GCM,
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
        "899d7f27beb16a9152cf765ee4390cce",
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b"
        "c84aa45896cf4d2fc5abf87245d9eade800005d4",
    ),
    (
        PROFILE_AEAD_AES_256_GCM,
        "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
        "7aa3db36dfffd6b0f9bb7878d7a76c13",
        "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad"
        "1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
    ),
]


def gcm_session(profile: int, *, sender: bool, portable: bool = False) -> Srtp:
    key = bytes(range(LENGTHS[profile][0]))
    return Srtp(profile, key, GCM_SALT, sender=sender, session_keys=True, portable=portable)


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("profile, srtp, srtcp", GCM_VECTORS)
def test_gcm_gives_and_takes_the_packets_of_rfc_7714(
    profile: int, srtp: str, srtcp: str, portable: bool
) -> None:
    assert gcm_session(profile, sender=True, portable=portable).protect(GCM_RTP).hex() == srtp
    receiver = gcm_session(profile, sender=False, portable=portable)
    assert receiver.unprotect(bytes.fromhex(srtp)) == GCM_RTP
    assert receiver.unprotect_rtcp(bytes.fromhex(srtcp)) == GCM_RTCP


@pytest.mark.parametrize("profile, srtp, srtcp", GCM_VECTORS)
def test_the_1492nd_srtcp_packet_is_that_of_rfc_7714(profile: int, srtp: str, srtcp: str) -> None:
    sender = gcm_session(profile, sender=True)
    protected = b""
    for _ in range(0x5D4):
        protected = sender.protect_rtcp(GCM_RTCP)
    assert protected.hex() == srtcp


def test_the_gcm_iv_is_that_of_rfc_7714_section_16() -> None:
    session = gcm_session(PROFILE_AEAD_AES_128_GCM, sender=True)
    assert session.rtp_iv(0x5501A0B2, 0xF17B).hex() == "51753c6580c2726f20718414"


def test_tagged_but_unencrypted_srtcp_of_rfc_7714_section_17_3_is_refused() -> None:
    tagged = GCM_RTCP + bytes.fromhex("841dd9683dd78ec92ae58790125f62b3000005d4")
    with pytest.raises(ValueError, match="not encrypted"):
        gcm_session(PROFILE_AEAD_AES_128_GCM, sender=False).unprotect_rtcp(tagged)


# ------------------------------------------------------------ against libsrtp


@every_profile
@counts
def test_random_rtp_of_ours_is_read_by_libsrtp_and_equals_its_own(profile: int, count: int) -> None:
    key, salt = keys(profile)
    ours, theirs = Srtp(profile, key, salt, sender=True), libsrtp(profile, sender=True)
    reader, dice = libsrtp(profile, sender=False), random.Random(count)
    for sequence in range(65535 - count // 2, 65535 + count // 2):
        packet = random_rtp(dice, sequence)
        protected = ours.protect(packet)
        assert protected == theirs.protect(packet)
        assert reader.unprotect(protected) == packet


@every_profile
@counts
def test_random_rtp_of_libsrtp_is_read_out_of_order_across_the_roll_over(profile: int, count: int) -> None:
    key, salt = keys(profile)
    theirs, ours = libsrtp(profile, sender=True), Srtp(profile, key, salt, sender=False)
    dice = random.Random(count)
    packets = [random_rtp(dice, sequence) for sequence in range(65535 - count // 2, 65535 + count // 2)]
    protected = [(theirs.protect(packet), packet) for packet in packets]
    late = sorted(range(1, count), key=lambda i: i + dice.randrange(50))
    for i in [0, *late]:
        assert ours.unprotect(protected[i][0]) == protected[i][1]
    assert ours.rollover_counter(SSRC) == 1


@every_profile
@counts
def test_random_rtcp_goes_both_ways(profile: int, count: int) -> None:
    sender, receiver = pair(profile)
    their_sender, their_receiver = libsrtp(profile, sender=True), libsrtp(profile, sender=False)
    dice = random.Random(count)
    for _ in range(count):
        words = dice.randrange(1, 60)
        head = struct.pack("!BBHI", 0x80 | dice.randrange(32), dice.randrange(200, 208), words, SSRC)
        packet = head + dice.randbytes(4 * (words - 1))
        assert their_receiver.unprotect_rtcp(sender.protect_rtcp(packet)) == packet
        assert receiver.unprotect_rtcp(their_sender.protect_rtcp(packet)) == packet


# ------------------------------------------------------------ one library against the other


@pytest.mark.parametrize("profile", [PROFILE_AEAD_AES_128_GCM, PROFILE_AEAD_AES_256_GCM])
def test_every_length_is_encrypted_alike_by_both_gcm_libraries(profile: int) -> None:
    key, salt = keys(profile)
    wide, portable = (Srtp(profile, key, salt, sender=True, portable=choice) for choice in (False, True))
    readers = [Srtp(profile, key, salt, sender=False, portable=choice) for choice in (False, True)]
    assert portable.is_portable
    dice = random.Random(7)
    for length in range(1460):
        packet = rtp(length, dice.randbytes(length))
        protected = wide.protect(packet)
        assert protected == portable.protect(packet), length
        assert [reader.unprotect(protected) for reader in readers] == [packet, packet]


def test_a_machine_with_the_fast_library_uses_it() -> None:
    key, salt = keys(PROFILE_AEAD_AES_128_GCM)
    session = Srtp(PROFILE_AEAD_AES_128_GCM, key, salt, sender=True)
    flags = Path("/proc/cpuinfo").read_text()
    found = Path("/usr/include/intel-ipsec-mb.h").exists() and "pclmulqdq" in flags and " aes" in flags
    assert session.is_portable is not found


# ------------------------------------------------------------ index, replay, forgery


@every_profile
def test_the_tag_is_all_that_is_added(profile: int) -> None:
    sender, _ = pair(profile)
    tag = LENGTHS[profile][2]
    assert len(sender.protect(rtp(1))) == len(rtp(1)) + tag
    assert len(sender.protect_rtcp(RTCP)) == len(RTCP) + tag + 4


@every_profile
def test_a_packet_without_payload_survives(profile: int) -> None:
    sender, receiver = pair(profile)
    assert receiver.unprotect(sender.protect(rtp(1, b""))) == rtp(1, b"")


@every_profile
def test_a_resend_from_before_the_roll_over_is_protected_as_first_sent(profile: int) -> None:
    sender, receiver = pair(profile)
    receiver.unprotect(sender.protect(rtp(65534)))
    first = sender.protect(rtp(65535))
    receiver.unprotect(sender.protect(rtp(65536)))
    assert sender.protect(rtp(65535)) == first
    assert receiver.unprotect(first) == rtp(65535)


@every_profile
def test_a_replayed_packet_is_refused(profile: int) -> None:
    sender, receiver = pair(profile)
    protected = [sender.protect(rtp(sequence)) for sequence in range(1100)]
    for packet in protected:
        receiver.unprotect(packet)
    for packet in protected[1100 - 1024 :]:
        with pytest.raises(ValueError, match="received before"):
            receiver.unprotect(packet)
    with pytest.raises(ValueError, match="older than the replay window"):
        receiver.unprotect(protected[1100 - 1025])


@every_profile
def test_a_replayed_srtcp_packet_is_refused(profile: int) -> None:
    sender, receiver = pair(profile)
    one, two = sender.protect_rtcp(RTCP), sender.protect_rtcp(RTCP)
    assert one != two
    receiver.unprotect_rtcp(two)
    receiver.unprotect_rtcp(one)
    for packet in (one, two):
        with pytest.raises(ValueError, match="received before"):
            receiver.unprotect_rtcp(packet)


@every_profile
def test_a_packet_may_come_1023_packets_late_but_only_once(profile: int) -> None:
    sender, receiver = pair(profile)
    late = sender.protect(rtp(10))
    receiver.unprotect(sender.protect(rtp(9)))
    receiver.unprotect(sender.protect(rtp(10 + 1023)))
    assert receiver.unprotect(late) == rtp(10)
    with pytest.raises(ValueError, match="received before"):
        receiver.unprotect(late)


@every_profile
def test_a_place_in_the_window_is_free_again_for_the_packet_1024_later(profile: int) -> None:
    sender, receiver = pair(profile)
    for sequence in range(1100):
        receiver.unprotect(sender.protect(rtp(sequence)))
    late = [sender.protect(rtp(sequence)) for sequence in range(1100, 1110)]
    receiver.unprotect(sender.protect(rtp(1110)))
    for packet, sequence in zip(late, range(1100, 1110), strict=True):
        assert receiver.unprotect(packet) == rtp(sequence)


@every_profile
def test_a_jump_longer_than_the_window_forgets_no_replay(profile: int) -> None:
    sender, receiver = pair(profile)
    old = sender.protect(rtp(5))
    receiver.unprotect(old)
    receiver.unprotect(sender.protect(rtp(5 + 2048)))
    receiver.unprotect(sender.protect(rtp(5 + 2047)))
    with pytest.raises(ValueError, match="older"):
        receiver.unprotect(old)


@every_profile
def test_each_changed_byte_is_noticed(profile: int) -> None:
    sender, receiver = pair(profile)
    protected, control = sender.protect(rtp(7)), sender.protect_rtcp(RTCP + bytes(20))
    for i in range(len(protected)):
        with pytest.raises(ValueError):
            receiver.unprotect(protected[:i] + bytes([protected[i] ^ 1]) + protected[i + 1 :])
    for i in range(len(control)):
        with pytest.raises(ValueError):
            receiver.unprotect_rtcp(control[:i] + bytes([control[i] ^ 1]) + control[i + 1 :])
    assert receiver.stream_count == 0
    assert receiver.unprotect(protected) == rtp(7)
    assert receiver.unprotect_rtcp(control) == RTCP + bytes(20)


@every_profile
def test_a_forged_packet_moves_neither_counter_nor_window(profile: int) -> None:
    sender, receiver = pair(profile)
    receiver.unprotect(sender.protect(rtp(65000)))
    for sequence in (3, 20_000, 65_500):  # would roll over, would roll far, would jump
        with pytest.raises(ValueError, match="forged"):
            receiver.unprotect(rtp(sequence, bytes(60)))
    assert receiver.rollover_counter(SSRC) == 0
    for sequence in (65001, 64500):
        assert receiver.unprotect(sender.protect(rtp(sequence))) == rtp(sequence)


@every_profile
def test_the_roll_over_counter_goes_up_once_per_wrap(profile: int) -> None:
    sender, receiver = pair(profile)
    for sequence in range(0, 5 * 65536, 16000):
        assert receiver.unprotect(sender.protect(rtp(sequence))) == rtp(sequence)
    assert receiver.rollover_counter(SSRC) == sender.rollover_counter(SSRC) == 4


@every_profile
def test_the_first_packet_seen_may_follow_the_first_roll_over(profile: int) -> None:
    sender, receiver = pair(profile)
    lost = [sender.protect(rtp(sequence & 0xFFFF)) for sequence in range(65_530, 65_540)]
    first = sender.protect(rtp(4))
    assert receiver.unprotect(first) == rtp(4)
    assert receiver.unprotect(lost[3]) == rtp(65_533), "and one from before it is still read"
    with pytest.raises(ValueError, match=r"again|replay|before"):
        receiver.unprotect(first)


@every_profile
def test_a_stranger_makes_no_stream_and_the_65th_ssrc_is_refused(profile: int) -> None:
    sender, receiver = pair(profile)
    for ssrc in range(1, 65):
        receiver.unprotect(sender.protect(rtp(1, ssrc=ssrc)))
    assert receiver.stream_count == 64
    with pytest.raises(ValueError, match="SSRCs"):
        receiver.unprotect(sender.protect(rtp(1, ssrc=65)))
    assert receiver.unprotect(sender.protect(rtp(2, ssrc=64))) == rtp(2, ssrc=64)


@every_profile
def test_unencrypted_srtcp_is_refused_even_with_a_right_tag(profile: int) -> None:
    sender, receiver = pair(profile)
    protected = bytearray(sender.protect_rtcp(RTCP))
    at = len(RTCP) if profile == PROFILE_AES_CM_128_SHA1_80 else -4
    protected[at] &= 0x7F
    with pytest.raises(ValueError, match="not encrypted"):
        receiver.unprotect_rtcp(bytes(protected))


@every_profile
def test_no_iv_repeats_over_a_fuzzed_run(profile: int) -> None:
    key, salt = keys(profile)
    session, dice = Srtp(profile, key, salt, sender=True), random.Random(3)
    ivs = {
        session.rtp_iv(ssrc, index)
        for ssrc in (dice.getrandbits(32) for _ in range(20))
        for index in range(65536 * 3 - 100, 65536 * 3 + 100)
    }
    assert len(ivs) == 20 * 200


@pytest.mark.parametrize(
    "profile, key_length, salt_length",
    [(0, 16, 14), (2, 16, 14), (1, 16, 12), (1, 32, 14), (7, 32, 12), (7, 16, 14), (8, 16, 12)],
)
def test_a_wrong_profile_or_length_is_refused(profile: int, key_length: int, salt_length: int) -> None:
    with pytest.raises(ValueError, match="profile"):
        Srtp(profile, bytes(key_length), bytes(salt_length), sender=True)


@every_profile
def test_a_session_has_one_direction(profile: int) -> None:
    sender, receiver = pair(profile)
    with pytest.raises(ValueError, match="only protects"):
        sender.unprotect(sender.protect(rtp(1)))
    with pytest.raises(ValueError, match="only unprotects"):
        receiver.protect_rtcp(RTCP)


@every_profile
@pytest.mark.parametrize("length", range(24))
def test_short_packets_are_refused(profile: int, length: int) -> None:
    _, receiver = pair(profile)
    with pytest.raises(ValueError):
        receiver.unprotect(rtp(1, bytes(24))[:length])
    with pytest.raises(ValueError):
        receiver.unprotect_rtcp((RTCP + bytes(24))[:length])
