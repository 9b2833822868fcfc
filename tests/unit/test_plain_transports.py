"""Plain RTP in the packet path, without sockets: whose packets are taken, and where ours go."""

from __future__ import annotations

import os
import struct

import pytest

from tests.plain_path import ENCODER, PLAYER, RESTARTED, STRANGER, Path, rtp, sender_report
from vtp import _rtp_fast

KEYS = [os.urandom(16) + os.urandom(12), os.urandom(16) + os.urandom(12)]
GCM = _rtp_fast.PROFILE_AEAD_AES_128_GCM


def test_first_valid_packet_tells_where_the_encoder_is() -> None:
    path = Path()
    path.give(rtp(1))
    assert path.tuples == [ENCODER] and path.taken == 1
    assert (_rtp_fast.EVENT_TUPLE, ENCODER) in path.events()


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80",
        rtp(1)[:11],
        b"\x9f" + rtp(1)[1:],  # fifteen CSRCs that are not there
        b"\x90" + rtp(1)[1:12] + b"\xbe\xde\x00\xff",  # an extension that runs past the end
        rtp(1, payload_type=33),
        b"\x00\x01\x00\x00" + bytes(16),
        b"\x16\xfe\xfd" + bytes(20),
        sender_report(),
    ],
)
def test_nothing_is_learnt_of_a_packet_that_is_not_the_encoders(datagram: bytes) -> None:
    path = Path()
    path.give(datagram, STRANGER)
    assert path.tuples == [] and path.taken == 0
    path.give(rtp(1))
    assert path.tuples == [ENCODER]


def test_nobody_takes_the_place_of_an_encoder_that_sends() -> None:
    path = Path()
    for number in range(1, 50):
        path.give(rtp(number))
        path.give(rtp(9000 + number, ssrc=2), RESTARTED)
        path.give(rtp(7000 + number, ssrc=1), STRANGER)
        path.later(0.9)
    assert path.tuples == [ENCODER] and path.taken == 49


def test_restarted_encoder_is_followed_after_a_second_of_silence() -> None:
    path = Path()
    path.give(rtp(60_000))
    path.later(0.99)
    path.give(rtp(3, ssrc=2), RESTARTED)
    assert path.taken == 1
    path.later(0.02)
    path.give(rtp(4, ssrc=2), RESTARTED)
    assert path.tuples == [RESTARTED] and path.taken == 2
    path.give(rtp(60_001), ENCODER)
    assert path.tuples == [RESTARTED] and path.taken == 2


@pytest.mark.parametrize("address", [ENCODER, RESTARTED])
def test_encoder_that_starts_over_under_its_old_ssrc_is_heard(address: tuple[str, int]) -> None:
    path = Path()
    path.play()
    path.give(rtp(40_000))
    path.later(2)
    path.give(rtp(30_000), address)
    path.give(rtp(30_001), address)
    assert path.core.counters()["rtp_too_old"] == 0 and path.taken == 3


def test_another_host_never_follows_in_the_clear() -> None:
    path = Path()
    path.give(rtp(1))
    path.later(3600)
    path.give(rtp(2), STRANGER)
    assert path.tuples == [ENCODER] and path.taken == 1
    assert path.core.counters()["rtp_no_tuple"] == 1


def test_fixed_peer_is_the_only_one() -> None:
    path = Path(learns=False)
    path.give(rtp(1))
    assert path.taken == 0
    path.core.set_plain_peer(path.id, ENCODER)
    path.give(rtp(1))
    path.later(60)
    path.give(rtp(2), RESTARTED)
    assert path.tuples == [ENCODER] and path.taken == 1


def test_another_peer_that_is_named_has_numbers_of_its_own() -> None:
    path = Path(learns=False)
    path.core.set_plain_peer(path.id, ENCODER)
    path.play()
    path.give(rtp(40_000))
    path.core.set_plain_peer(path.id, STRANGER)
    path.give(rtp(30_000), STRANGER)
    path.give(rtp(30_001), STRANGER)
    assert path.core.counters()["rtp_too_old"] == 0 and path.taken == 3


def test_reports_may_come_from_another_port_of_the_same_host_only() -> None:
    path = Path(pair=True)
    path.give(rtp(1))
    path.give(sender_report(), ("192.0.2.7", 5005), reports=True)
    assert path.tuples == [ENCODER, ("192.0.2.7", 5005)]
    path.give(sender_report(), STRANGER, reports=True)
    assert path.tuples == [ENCODER, ("192.0.2.7", 5005)]
    assert {address for _, address in path.sent(2)} == {("192.0.2.7", 5005)}


@pytest.mark.parametrize("cut", [1, 7, 27, 30])
def test_report_that_is_cut_short_teaches_no_address(cut: int) -> None:
    path = Path(pair=True)
    path.give(rtp(1))
    path.give((sender_report() + b"\x81\xca")[:cut], ("192.0.2.7", 5005), reports=True)
    assert path.tuples == [ENCODER]


def test_player_is_sent_media_and_reports_to_its_two_ports() -> None:
    path = Path()
    viewer = path.play(pair=True)
    path.give(rtp(1))
    assert {address for _, address in path.sent(0.1)} <= {ENCODER}, "nobody has said where it is"
    path.core.set_plain_peer(viewer, PLAYER, ("192.0.2.8", 7003))
    for number in range(2, 6):
        path.give(rtp(number))
    path.give(sender_report())
    sent = path.sent(1)
    media = [datagram for datagram, address in sent if address == PLAYER]
    assert [datagram[12:] for datagram in media] == [b"sound"] * 4
    numbers = [struct.unpack("!H", datagram[2:4])[0] for datagram in media]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    assert any(address == ("192.0.2.8", 7003) and datagram[1] == 200 for datagram, address in sent)


def test_silence_of_half_a_minute_is_told_and_its_end_too() -> None:
    path = Path()
    path.give(rtp(1))
    path.sent(31)
    kinds = [kind for kind, _ in path.events()]
    assert _rtp_fast.EVENT_MEDIA_STARTED in kinds and _rtp_fast.EVENT_ICE_EXPIRED in kinds
    path.give(rtp(2))
    assert [kind for kind, _ in path.events()] == [_rtp_fast.EVENT_ICE_RECONNECTED]


def encrypted(key: bytes, sequence: int, ssrc: int = 1) -> bytes:
    session = _rtp_fast.Srtp(GCM, key[:16], key[16:], sender=True)
    return session.protect(rtp(sequence, ssrc))


def test_with_a_key_only_who_has_it_is_heard_and_may_move() -> None:
    path = Path(encrypted=True)
    path.give(encrypted(KEYS[0], 1))
    assert path.core.counters()["rtp_no_keys"] == 1
    path.core.set_srtp(path.id, GCM, KEYS[0][:16], KEYS[0][16:], KEYS[1][:16], KEYS[1][16:])
    path.give(encrypted(KEYS[1], 1), STRANGER)
    path.give(rtp(1), STRANGER)
    assert path.tuples == [] and path.core.counters()["rtp_unprotect_failed"] == 2
    path.give(encrypted(KEYS[0], 1))
    path.give(encrypted(KEYS[0], 1), STRANGER)
    assert path.tuples == [ENCODER] and path.taken == 1
    path.later(1.1)
    path.give(encrypted(KEYS[0], 1), STRANGER)
    assert path.tuples == [ENCODER], "a packet that was seen shows nothing"
    path.give(encrypted(KEYS[0], 2, ssrc=2), STRANGER)
    assert path.tuples == [STRANGER] and path.taken == 2


def test_transport_that_ends_takes_its_sockets_along() -> None:
    path = Path(pair=True)
    viewer = path.play()
    path.core.remove_transport(viewer)
    path.core.remove_transport(path.id)
    with pytest.raises(ValueError, match="no transport"):
        path.give(rtp(1))
    path.core.close()
