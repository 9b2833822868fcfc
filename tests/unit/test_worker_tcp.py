"""Peers over TCP: frames, whose a connection is, how long it may stay."""

import os
import random
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.packet_path import PacketPath, Peer
from tests.tcp_line import Line, LinePath, check_of, framed, publish_sound, sound
from vtp import _rtp_fast as fast


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


@pytest.fixture
def line(path: PacketPath) -> Line:
    return Line(path)


@pytest.fixture
def peer(path: PacketPath, line: Line) -> Peer:
    return LinePath(path, line).peer().connect()


def test_check_over_tcp_is_answered_in_a_frame_and_selects_the_connection(
    path: PacketPath, line: Line
) -> None:
    peer = LinePath(path, line).peer()
    request = peer.check()
    assert [fast.parse_stun(one)["transaction"] for one in peer.stun] == [
        fast.parse_stun(request)["transaction"]
    ]
    [entry] = path.worker.transport_stats(peer.transport)["tuples"]
    assert entry == {"address": line.address, "protocol": "tcp", "nominated": True, "selected": True}
    assert path.events(fast.EVENT_ICE_CONNECTED) == [(fast.EVENT_ICE_CONNECTED, peer.transport, line.address)]


def test_frames_split_at_every_byte_arrive_whole(path: PacketPath, line: Line) -> None:
    peer = LinePath(path, line).peer().connect()
    publish_sound(path, peer)
    data = framed(check_of(peer), *(peer.sender.protect(sound(n).pack()) for n in range(3)))
    for at in range(len(data)):
        line.send(data[at : at + 1])
    assert path.worker.counters()["rtp_received"] == 3
    assert path.worker.counters()["stun_requests"] == 2
    assert line.is_open


def test_one_read_with_several_frames_and_a_part_of_the_next(path: PacketPath, line: Line) -> None:
    peer = LinePath(path, line).peer().connect()
    publish_sound(path, peer)
    data = framed(*(peer.sender.protect(sound(n).pack()) for n in range(5)))
    line.send(data[:-7])
    assert path.worker.counters()["rtp_received"] == 4
    line.send(data[-7:])
    assert path.worker.counters()["rtp_received"] == 5


def test_empty_frame_is_passed_over(path: PacketPath, line: Line, peer: Peer) -> None:
    publish_sound(path, peer)
    line.send(framed(b"", peer.sender.protect(sound(0).pack())))
    assert path.worker.counters()["empty_datagrams"] == 1
    assert path.worker.counters()["rtp_received"] == 1
    assert line.is_open


@pytest.mark.parametrize(("length", "stays"), [(2048, True), (2049, False), (65_535, False)])
def test_frame_larger_than_any_packet_ends_the_connection(
    path: PacketPath, line: Line, peer: Peer, length: int, stays: bool
) -> None:
    line.send(struct.pack("!H", length))
    assert line.is_open is stays
    assert path.worker.counters()["tcp_malformed"] == (0 if stays else 1)


def test_largest_frame_is_taken(path: PacketPath, line: Line, peer: Peer) -> None:
    line.send(framed(bytes([255]) * 2048))
    assert path.worker.counters()["unknown_datagrams"] == 1
    assert line.is_open


def test_dtls_goes_both_ways_in_frames(path: PacketPath, line: Line, peer: Peer) -> None:
    hello = bytes([22, 254, 253]) + bytes(60)
    line.send(framed(hello))
    assert (fast.EVENT_DTLS, peer.transport, hello) in path.events()
    assert path.worker.send_dtls(peer.transport, b"\x16 our flight")
    assert line.take() == [b"\x16 our flight"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_chunks_of_random_frames_arrive_as_they_were(data: st.DataObject) -> None:
    path = PacketPath()
    line = Line(path)
    peer = LinePath(path, line).peer().connect()
    packets = data.draw(st.lists(st.binary(max_size=300).map(lambda b: b"\xff" + b), max_size=20))
    rest = framed(*packets)
    before = path.worker.counters()["bytes_received"]
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        line.send(rest[:size])
        rest = rest[size:]
    assert path.worker.counters()["unknown_datagrams"] == len(packets)
    assert path.worker.counters()["bytes_received"] - before == sum(map(len, packets))
    del peer


@settings(max_examples=100, deadline=None)
@given(chunks=st.lists(st.binary(max_size=3000), max_size=8), known=st.booleans())
def test_random_bytes_end_a_connection_and_nothing_else(chunks: list[bytes], known: bool) -> None:
    path = PacketPath()
    line = Line(path)
    other = LinePath(path, Line(path, ("198.51.100.9", 1)))
    bystander = other.peer().connect()
    if known:
        LinePath(path, line).peer().connect()
    for chunk in chunks:
        if line.is_open:
            line.send(chunk)
    bystander.check()
    assert len(bystander.stun) == 2


@pytest.mark.parametrize("first", ["media", "forged", "stranger", "dtls", "empty"])
def test_first_frame_that_is_no_authenticated_check_ends_the_connection(
    path: PacketPath, line: Line, first: str
) -> None:
    peer = path.peer()
    stranger = fast.write_stun_request(os.urandom(12), b"nobody:peer", b"x" * 24, use_candidate=True)
    frames = {
        "media": peer.sender.protect(sound(0).pack()),
        "forged": check_of(peer, "another password, also long"),
        "stranger": stranger,
        "dtls": bytes([22, 254, 253]) + bytes(60),
        "empty": b"",
    }
    line.send(framed(frames[first], check_of(peer)))
    assert not line.is_open
    assert path.worker.counters()["tcp_unchecked"] == 1
    assert path.worker.transport_stats(peer.transport)["tuples"] == []


def test_peer_in_the_wrong_role_gets_its_answer_before_the_connection_ends(path: PacketPath) -> None:
    line = Line(path)
    peer = path.peer()
    request = fast.write_stun_request(
        os.urandom(12), f"{peer.ufrag}:peer".encode(), peer.password.encode(), controlling=False
    )
    line.send(framed(request))
    assert path.worker.counters()["stun_role_conflict"] == 1
    assert not line.is_open


def test_connection_without_a_check_ends_after_five_seconds(path: PacketPath, line: Line) -> None:
    line.send(b"\x00")
    path.advance(4_900)
    assert line.is_open
    path.advance(700)
    assert not line.is_open
    assert path.worker.counters()["tcp_unchecked"] == 1
    assert path.worker.counters()["tcp_connections"] == 0


def test_checked_connection_stays(path: PacketPath, line: Line, peer: Peer) -> None:
    path.advance(20_000)
    assert line.is_open


def test_connections_of_one_address_are_limited() -> None:
    path = PacketPath(tcp_connections_per_address=3)
    lines = [Line(path, ("198.51.100.7", 50_000 + n)) for n in range(4)]
    assert [one.is_open for one in lines] == [True, True, True, False]
    assert Line(path, ("198.51.100.8", 50_000)).is_open
    assert path.worker.counters()["tcp_refused"] == 1
    lines[0].close()
    assert Line(path, ("198.51.100.7", 50_009)).is_open


def test_one_ipv6_network_counts_as_one_address() -> None:
    path = PacketPath(tcp_connections_per_address=2)
    lines = [Line(path, (f"2001:db8:0:1::{n}", 50_000)) for n in range(3)]
    assert [one.is_open for one in lines] == [True, True, False]
    assert Line(path, ("2001:db8:0:2::1", 50_000)).is_open


def test_full_table_lets_strangers_go_before_those_who_were_checked() -> None:
    path = PacketPath(tcp_connections=3)
    lines = [Line(path, ("198.51.100.7", 50_000 + n)) for n in range(3)]
    LinePath(path, lines[0]).peer().connect()
    newcomer = Line(path, ("198.51.100.9", 50_000))
    assert [one.is_open for one in lines] == [True, False, True]
    assert newcomer.is_open
    for one in (lines[2], newcomer):
        LinePath(path, one).peer().connect()
    assert not Line(path, ("198.51.100.10", 50_000)).is_open
    assert path.worker.counters()["tcp_connections"] == 3


def test_end_of_the_transport_ends_its_connection(path: PacketPath, line: Line, peer: Peer) -> None:
    path.worker.remove_transport(peer.transport)
    assert not line.is_open


def test_end_of_the_connection_leaves_the_transport_to_its_other_address(
    path: PacketPath, line: Line, peer: Peer
) -> None:
    path.inject(check_of(peer), ("192.0.2.9", 7))
    path.events()
    line.close()
    assert not line.is_open
    [entry] = path.worker.transport_stats(peer.transport)["tuples"]
    assert (entry["address"], entry["protocol"], entry["selected"]) == (("192.0.2.9", 7), "udp", True)
    assert (fast.EVENT_ICE_SELECTED, peer.transport, ("192.0.2.9", 7)) in path.events()


def test_end_of_the_only_connection_leaves_the_transport_waiting_for_another(
    path: PacketPath, line: Line, peer: Peer
) -> None:
    line.close()
    assert path.worker.transport_stats(peer.transport)["tuples"] == []
    assert not path.worker.send_dtls(peer.transport, b"\x16")
    again = Line(path, ("198.51.100.7", 50_001))
    again.send(framed(check_of(peer)))
    assert path.worker.send_dtls(peer.transport, b"\x16")
    assert again.take()[-1] == b"\x16"


def test_place_of_an_ended_connection_tells_the_next_one_nothing(
    path: PacketPath, line: Line, peer: Peer
) -> None:
    line.send(b"\x00\x10half a fra")
    line.close()
    again = Line(path, line.address)
    assert again.socket == line.socket
    stranger = path.peer()
    again.send(framed(check_of(stranger)))
    assert path.worker.transport_stats(peer.transport)["tuples"] == []
    [entry] = path.worker.transport_stats(stranger.transport)["tuples"]
    assert entry["selected"]


def quickest_s(path: PacketPath) -> float:
    """Of some times that connections are taken and end."""
    times = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(100):
            path.worker.close_tcp(path.worker.open_tcp(("198.51.100.1", 60_000), path.now_ns))
        times.append(time.perf_counter() - start)
    return min(times)


def test_taking_a_connection_does_not_look_at_the_others() -> None:
    """Looking at 30,000 of them would take about 100 times as long."""
    alone, among = (PacketPath(tcp_connections=32_000, tcp_connections_per_address=32_000) for _ in range(2))
    for i in range(30_000):
        assert among.worker.open_tcp((f"203.{i % 7}.{i >> 8}.{i & 255}", 1_000), among.now_ns)
    assert quickest_s(among) < 10 * quickest_s(alone)


def test_table_stays_true_whoever_comes_and_goes() -> None:
    """Against a model: who is open, how many of each host, who is oldest when there is no room."""
    dice = random.Random(5)
    path = PacketPath(tcp_connections=70, tcp_connections_per_address=9)
    hosts = [*(f"198.51.100.{i}" for i in range(12)), *(f"2001:db8:0:{i}::1" for i in range(12))]
    opened: dict[int, str] = {}
    for step in range(4_000):
        if opened and dice.random() < 0.45:
            gone = dice.choice(list(opened))
            path.worker.close_tcp(gone)
            del opened[gone]
        else:
            host = dice.choice(hosts)
            found = path.worker.open_tcp((host, 1_000 + step), path.now_ns)
            few = list(opened.values()).count(host) < 9
            assert bool(found) is few
            if found and len(opened) == 70:
                del opened[next(iter(opened))]
            if found:
                assert found not in opened
                opened[found] = host
        assert path.worker.counters()["tcp_connections"] == len(opened)
    path.advance(6_000)
    assert path.worker.counters()["tcp_connections"] == 0
    assert all(path.worker.open_tcp((host, 1_000), path.now_ns) for host in hosts for _ in range(2))
    path.worker.close()
