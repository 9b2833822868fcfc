"""ICE-lite in the packet path: who is answered, how large, where we send, when consent ends."""

import hmac
import os
import struct

import pytest

from tests.packet_path import PacketPath, Peer, VideoPublisher, add_viewer
from vtp import _rtp_fast as fast


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def selected(path: PacketPath, peer: Peer) -> tuple[str, int] | None:
    for entry in path.worker.transport_stats(peer.transport)["tuples"]:
        if entry["selected"]:
            return entry["address"]
    return None


def test_authenticated_check_is_answered_with_the_address_it_came_from(path: PacketPath) -> None:
    peer = path.peer()
    request = peer.check()
    answer = fast.parse_stun(peer.stun[0])
    assert answer["type"] == 0x0101
    assert answer["address"] == bytes([192, 0, 2, 1]) and answer["port"] == peer.address[1]
    fast.check_stun_integrity(peer.stun[0], peer.password.encode())
    assert len(peer.stun[0]) <= len(request)


def test_wrong_password_and_unknown_user_get_no_answer(path: PacketPath) -> None:
    peer = path.peer()
    peer.check(password="x" * 24)
    peer.check(ufrag="nobody")
    assert peer.stun == []
    counters = path.worker.counters()
    assert (counters["stun_bad_integrity"], counters["stun_unknown_user"]) == (1, 1)


def test_controlled_peer_is_told_role_conflict_and_not_connected(path: PacketPath) -> None:
    peer = path.peer()
    peer.check(controlling=False)
    assert fast.parse_stun(peer.stun[0])["error_code"] == 487
    assert path.events(fast.EVENT_ICE_CONNECTED) == []


def test_first_check_connects_and_nomination_moves_the_selection(path: PacketPath) -> None:
    peer = path.peer()
    other = ("192.0.2.9", 7)
    peer.check(nominate=False)
    assert selected(path, peer) == peer.address
    peer.check(nominate=True, address=other)
    assert selected(path, peer) == other
    kinds = [event[0] for event in path.events()]
    assert kinds == [fast.EVENT_ICE_CONNECTED, fast.EVENT_ICE_SELECTED]


def test_higher_priority_wins_among_nominated_tuples(path: PacketPath) -> None:
    peer = path.peer()
    low, high = ("192.0.2.8", 8), ("192.0.2.9", 9)
    peer.check(address=high, priority=200)
    peer.check(address=low, priority=100)
    assert selected(path, peer) == high
    path.advance(1500)
    peer.check(address=low, priority=100)
    assert selected(path, peer) == low, "the higher one was silent for over a second"


def test_ninth_address_replaces_the_longest_silent_one(path: PacketPath) -> None:
    peer = path.peer()
    for host in range(1, 10):
        peer.check(address=(f"192.0.2.{host}", 5000), nominate=False)
        path.advance(10)
    addresses = {entry["address"][0] for entry in path.worker.transport_stats(peer.transport)["tuples"]}
    assert len(addresses) == 8
    assert "192.0.2.1" not in addresses and "192.0.2.9" in addresses


def test_consent_is_lost_after_six_seconds_and_final_after_thirty(path: PacketPath) -> None:
    peer = path.peer()
    peer.check()
    path.events()
    path.advance(5_500)
    assert path.events() == []
    path.advance(1_100)
    assert path.events() == [(fast.EVENT_ICE_DISCONNECTED, peer.transport, None)]
    peer.check()
    assert path.events() == [(fast.EVENT_ICE_RECONNECTED, peer.transport, None)]
    path.advance(31_000)
    assert [event[0] for event in path.events()] == [fast.EVENT_ICE_DISCONNECTED, fast.EVENT_ICE_EXPIRED]


def test_restart_accepts_both_credentials_until_the_new_nominate(path: PacketPath) -> None:
    peer = path.peer()
    peer.check()
    old_ufrag, old_password = peer.ufrag, peer.password
    peer.ufrag, peer.password = os.urandom(4).hex(), os.urandom(12).hex()
    path.worker.set_ice(peer.transport, peer.ufrag, peer.password)
    peer.check(ufrag=old_ufrag, password=old_password)
    assert len(peer.stun) == 2
    moved = ("192.0.2.77", 77)
    peer.check(address=moved)
    assert selected(path, peer) == moved
    peer.check(ufrag=old_ufrag, password=old_password)
    assert len(peer.stun) == 2 and path.worker.counters()["stun_unknown_user"] == 1


def test_dtls_is_taken_from_validated_tuples_only_and_sixteen_at_most(path: PacketPath) -> None:
    peer = path.peer()
    hello = bytes([22]) + bytes(40)
    path.inject(hello, peer.address)
    assert path.events() == [] and path.worker.counters()["dtls_no_tuple"] == 1
    peer.check()
    path.events()
    for _ in range(20):
        path.inject(hello, peer.address)
    assert path.events() == [(fast.EVENT_DTLS, peer.transport, hello)] * 16
    assert path.worker.counters()["dtls_queue_full"] == 4
    path.inject(hello, peer.address)
    assert len(path.events()) == 1


def test_ids_are_never_used_again_and_unknown_ones_are_named(path: PacketPath) -> None:
    first = path.peer().transport
    path.worker.remove_transport(first)
    assert path.peer().transport != first
    with pytest.raises(ValueError, match=str(first)):
        path.worker.transport_stats(first)


THIEF = ("203.0.113.66", 666)


def test_check_replayed_from_another_address_is_neither_answered_nor_booked(path: PacketPath) -> None:
    peer = path.peer()
    request = peer.check()
    path.advance(2_000)
    path.inject(request, THIEF)
    assert selected(path, peer) == peer.address
    assert len(path.worker.transport_stats(peer.transport)["tuples"]) == 1
    assert path.worker.counters()["stun_replayed"] == 1


def test_check_repeated_from_its_own_address_is_answered_again(path: PacketPath) -> None:
    peer = path.peer()
    request = peer.check()
    path.inject(request, peer.address)
    assert len(peer.stun) == 2


def test_what_is_not_authentic_keeps_no_address_alive(path: PacketPath) -> None:
    peer = path.peer().connect()
    peer.check(address=THIEF, priority=2)
    assert selected(path, peer) == THIEF
    for _ in range(12):
        path.advance(100)
        path.inject(b"\x80\x60" + bytes(60), THIEF)
        path.inject(b"\x16" + bytes(60), THIEF)
    peer.check(priority=1)
    assert selected(path, peer) == peer.address


def test_address_that_another_peer_uses_now_cannot_be_claimed(path: PacketPath) -> None:
    victim, thief = path.peer().connect(), path.peer()
    thief.check(address=victim.address)
    assert selected(path, victim) == victim.address and selected(path, thief) is None
    path.advance(1_500)
    thief.check(address=victim.address)
    assert selected(path, thief) == victim.address, (
        "its owner has been silent: a client came back from its port"
    )


def test_second_restart_before_the_first_was_used_keeps_what_the_peer_uses(path: PacketPath) -> None:
    peer = path.peer()
    peer.check()
    for _ in range(2):
        ufrag, password = os.urandom(4).hex(), os.urandom(12).hex()
        path.worker.set_ice(peer.transport, ufrag, password)
    peer.check()
    assert len(peer.stun) == 2
    peer.ufrag, peer.password = ufrag, password
    peer.check()
    assert len(peer.stun) == 3


def test_events_of_ice_survive_a_flood_of_dtls(path: PacketPath) -> None:
    peers = [path.peer() for _ in range(70)]
    for peer in peers:
        peer.check()
    path.events()
    for peer in peers:
        for _ in range(16):
            path.inject(bytes([22]) + bytes(40), peer.address)
    path.advance(6_600)
    kinds = [event[0] for event in path.events()]
    assert kinds.count(fast.EVENT_ICE_DISCONNECTED) == 70
    assert kinds.count(fast.EVENT_DTLS) == 1024 - 256


def test_loss_of_consent_is_told_later_when_the_event_queue_was_full(path: PacketPath) -> None:
    peers = [path.peer() for _ in range(1_100)]
    for peer in peers:
        peer.check()
        path.events()
    path.advance(31_000)
    expired: set[int] = set()
    for _ in range(4):
        expired |= {event[1] for event in path.events(fast.EVENT_ICE_EXPIRED)}
        path.advance(600)
    assert expired == {peer.transport for peer in peers}


def test_peer_that_moves_to_and_fro_takes_one_place_among_the_events(path: PacketPath) -> None:
    peer = path.peer()
    peer.check()
    path.events()
    for priority in range(2, 40):
        peer.check(address=("192.0.2.50", 1000 + priority % 3), priority=priority)
    assert path.events() == [(fast.EVENT_ICE_SELECTED, peer.transport, ("192.0.2.50", 1000 + 39 % 3))]


def test_check_that_demands_an_unknown_attribute_is_told_so_and_not_booked(path: PacketPath) -> None:
    peer = path.peer()
    request = with_attribute(peer.check(nominate=False), 0x7ABC, peer.password.encode())
    path.inject(request, THIEF)
    assert path.worker.counters()["stun_unknown_attribute"] == 1
    assert len(path.worker.transport_stats(peer.transport)["tuples"]) == 1


def with_attribute(request: bytes, kind: int, password: bytes) -> bytes:
    """The check with a new transaction, one more attribute and a right MESSAGE-INTEGRITY."""
    username = request[20 : 20 + 4 + (int.from_bytes(request[22:24], "big") + 3) // 4 * 4]
    attributes = username + kind.to_bytes(2, "big") + (4).to_bytes(2, "big") + bytes(4)
    head = request[:2] + (len(attributes) + 24).to_bytes(2, "big") + request[4:8] + os.urandom(12)
    digest = hmac.new(password, head + attributes, "sha1").digest()
    return head + attributes + b"\x00\x08\x00\x14" + digest


def test_viewer_that_moves_gets_its_media_there_within_a_second(path: PacketPath) -> None:
    """Both pairs are nominated at one priority; the old one falls silent, feedback comes over the new."""
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    old, viewer.address = viewer.address, ("192.0.2.200", 2000)
    viewer.check()
    assert selected(path, viewer) == old
    for _ in range(12):
        path.advance(100)
        viewer.send_rtcp(struct.pack("!BBHII20x", 0x81, 201, 7, 1, 5555))
    assert selected(path, viewer) == viewer.address
    before = len(viewer.rtp)
    publisher.frame()
    assert len(viewer.rtp) == before + 1
