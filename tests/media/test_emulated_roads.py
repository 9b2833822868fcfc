"""What a node of an emulated network can meet: firewalls, a NAT that forgets, another network."""

import socket

import pytest

from tests.emulated import PORT, WAIT_S, arrives, datagrams, echo_once, emulated_networks
from vtp.bench.net import Direction, Link, Network

__all__ = ["emulated_networks"]
SEED = 17
OUTSIDE = ("203.0.113.5", "2001:db8::5")
BOTH = pytest.mark.parametrize("family", [0, 1], ids=["IPv4", "IPv6"])


def asks_by_tcp(link: Link, family: int, port: int = PORT) -> bool:
    """Whether a whole conversation by TCP with b comes about, from a."""
    to = (link.b.addresses[family], port)
    server = echo_once(link.b.place, to)
    try:
        with link.a.place.call(socket.create_connection, to, timeout=1.0) as stream:
            stream.sendall(b"x" * 20_000)
            heard = 0
            while heard < 20_000:
                heard += len(stream.recv(65_536))
            return True
    except TimeoutError:
        return False
    finally:
        server.join()


def test_blocked_udp_stops_datagrams_and_lets_tcp_through() -> None:
    with Link(SEED) as link, datagrams(link.a) as near, datagrams(link.b) as far:
        link.a.block("udp")
        assert not arrives(near, far, (link.b.address, PORT), within_s=0.2)
        assert not arrives(far, near, (link.a.address, PORT), within_s=0.2)
        assert asks_by_tcp(link, 0)
        link.a.unblock()
        assert arrives(near, far, (link.b.address, PORT))


def test_a_blocked_port_is_one_of_the_far_side_only() -> None:
    with Link(SEED) as link, datagrams(link.a) as near, datagrams(link.b) as far:
        link.a.block("udp", PORT + 1)
        assert arrives(near, far, (link.b.address, PORT))
        link.a.block("any", PORT)
        assert not arrives(near, far, (link.b.address, PORT), within_s=0.2)
        with datagrams(link.a, PORT + 2) as other:
            assert not arrives(far, other, (link.a.address, PORT + 2), within_s=0.2), (
                "answers of that port too"
            )


@BOTH
def test_behind_a_nat_the_peer_sees_its_address_and_answers_come_back(family: int) -> None:
    with Link(SEED) as link:
        link.a.hide(*OUTSIDE)
        inside, server = link.a.addresses[family], link.b.addresses[family]
        with datagrams(link.a, address=inside) as near, datagrams(link.b, address=server) as far:
            near.sendto(b"hello", (server, PORT))
            data, peer = far.recvfrom(100)
            assert (data, peer[0]) == (b"hello", OUTSIDE[family])
            assert peer[1] != PORT
            far.sendto(b"you too", peer)
            assert near.recvfrom(100)[0] == b"you too"
        assert asks_by_tcp(link, family, PORT + 1)


@BOTH
def test_a_rebinding_gives_new_ports_and_the_old_ones_lead_nowhere(family: int) -> None:
    with Link(SEED) as link:
        link.a.hide(*OUTSIDE)
        inside, server = link.a.addresses[family], link.b.addresses[family]
        with datagrams(link.a, address=inside) as near, datagrams(link.b, address=server) as far:
            near.sendto(b"1", (server, PORT))
            before = far.recvfrom(100)[1]
            link.a.rebind()
            assert not arrives(far, near, before[:2], within_s=0.2), "nobody has told the server"
            near.sendto(b"2", (server, PORT))
            after = far.recvfrom(100)[1]
            assert after[0] == before[0]
            assert after[1] != before[1]
            assert arrives(far, near, after[:2])
            assert not arrives(far, near, before[:2], within_s=0.2)


def test_a_rebinding_to_another_address_is_seen_by_the_server() -> None:
    with Link(SEED) as link, datagrams(link.a) as near, datagrams(link.b) as far:
        link.a.hide(OUTSIDE[0])
        near.sendto(b"1", (link.b.address, PORT))
        assert far.recvfrom(100)[1][0] == OUTSIDE[0]
        link.a.rebind("198.51.100.9")
        near.sendto(b"2", (link.b.address, PORT))
        peer = far.recvfrom(100)[1]
        assert peer[0] == "198.51.100.9"
        assert arrives(far, near, peer)


def test_a_nat_lets_nobody_in_who_was_not_asked() -> None:
    with Link(SEED) as link, datagrams(link.a) as near, datagrams(link.b) as far:
        link.a.hide(OUTSIDE[0])
        assert not arrives(far, near, (OUTSIDE[0], PORT), within_s=0.2)
        assert not arrives(far, near, (link.a.address, PORT), within_s=0.2), (
            "what is behind it has no address"
        )
        assert link.report()["nodes"][1]["counts"]["unrouted"] == 1


def test_a_datagram_that_comes_twice_through_a_nat_is_right_both_times() -> None:
    with Link(SEED, back=Direction(duplicate=1.0)) as link:
        link.b.change(up={"duplicate": 1.0})
        link.a.hide(OUTSIDE[0])
        with datagrams(link.a) as near, datagrams(link.b) as far:
            near.sendto(b"hello", (link.b.address, PORT))
            far.sendto(b"four times", far.recvfrom(100)[1])
            assert [near.recvfrom(100)[0] for _ in range(4)] == [b"four times"] * 4


def test_a_node_that_moves_is_found_at_its_new_address_and_sends_from_it() -> None:
    with Network(SEED) as network:
        server = network.add("server", "10.66.0.1/24")
        phone = network.add("phone", "10.66.1.2/24", "fd66:1::2/64")
        with datagrams(server) as sink, datagrams(phone, address="0.0.0.0") as free:
            to = (server.address, PORT)
            free.sendto(b"wifi", to)
            assert sink.recvfrom(100)[1][0] == "10.66.1.2"
            phone.move("10.99.7.3/16")
            assert not arrives(sink, free, ("10.66.1.2", PORT), within_s=0.2)
            free.sendto(b"mobile", to)
            assert sink.recvfrom(100)[1][0] == "10.99.7.3"
            assert arrives(sink, free, ("10.99.7.3", PORT))


def test_an_address_that_nobody_has_gets_no_answer_and_is_counted() -> None:
    with Link(SEED) as link, datagrams(link.a) as near:
        near.sendto(b"anybody", ("10.66.0.77", PORT))
        near.settimeout(0.1)
        with pytest.raises(TimeoutError):
            near.recvfrom(100)
        assert link.report()["nodes"][0]["counts"]["unrouted"] == 1


def test_tcp_goes_on_through_loss_and_a_narrow_queue() -> None:
    hard = Direction(delay_ms=10, loss=0.02, rate_bps=5e6, queue_ms=50)
    with Link(SEED, there=hard, back=hard) as link:
        server = echo_once(link.b.place, (link.b.address, PORT))
        with link.a.place.call(socket.create_connection, (link.b.address, PORT), timeout=WAIT_S) as stream:
            stream.sendall(b"x" * 50_000)
            heard = 0
            while heard < 50_000:
                heard += len(stream.recv(65_536))
        server.join()
    assert heard == 50_000
