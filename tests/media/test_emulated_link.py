"""The link emulator with real devices and sockets: packets meet what the model says, and are reported."""

import itertools
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.emulated import PORT, arrives, datagrams, emulated_networks, flood
from vtp.bench._emulator import Flood
from vtp.bench._emulator import Link as Model
from vtp.bench.net import Direction, Link, Network
from vtp.bench.net.report import LIMIT_MS

__all__ = ["emulated_networks"]
SEED = 8


def round_trip_ms(link: Link, family: int) -> float:
    """The median of 15."""
    there, back = link.a.addresses[family], link.b.addresses[family]
    times = []
    with datagrams(link.a, address=there) as near, datagrams(link.b, address=back) as far:
        for _ in range(15):
            begun_s = time.monotonic()
            near.sendto(b"ping", (back, PORT))
            data, peer = far.recvfrom(100)
            far.sendto(data, peer)
            assert near.recvfrom(100)[0] == b"ping"
            times.append(1000 * (time.monotonic() - begun_s))
    return sorted(times)[len(times) // 2]


@pytest.mark.parametrize("family", [0, 1], ids=["IPv4", "IPv6"])
def test_a_packet_takes_the_delay_of_each_direction(family: int) -> None:
    with Link(SEED, there=Direction(delay_ms=30), back=Direction(delay_ms=12)) as link:
        assert 42 <= round_trip_ms(link, family) < 70


@pytest.mark.parametrize(
    "direction", [Direction(loss=0.1), Direction(burst_loss=(0.02, 0.2, 0.0, 0.9))], ids=["random", "bursts"]
)
def test_exactly_those_packets_are_lost_that_the_seed_says(direction: Direction) -> None:
    with Link(SEED, there=direction) as link:
        lost = flood(link.a, link.b, 2_000, 4_000).missing()
    model = Model(SEED * 1000, **direction.figures())
    expected = []
    for number in range(2_000):
        model.push(number, number, 1200)
        if model.pop(number) < 0:
            expected.append(number)
    assert lost == expected
    assert 120 < len(lost) < 280


AT_ONCE = 1e6
"""Packets a second, so all that there are: a sender that a busy machine kept waiting would make pauses."""


def mbit_per_s(passed: Flood) -> float:
    """Of packets of 1,200 bytes, from the first's arrival to the last's."""
    return 8e-6 * 1200 * (passed.received - 1) / ((passed.last_ns - passed.first_ns) / 1e9)


def test_a_bottleneck_passes_its_rate() -> None:
    with Link(SEED, there=Direction(rate_bps=4e6)) as link:
        passed = flood(link.a, link.b, 200, AT_ONCE)
    assert passed.received == 200
    assert passed.reordered == passed.duplicated == 0
    assert mbit_per_s(passed) == pytest.approx(4, rel=0.05)


def test_the_queue_before_a_bottleneck_lasts_as_long_as_it_says_and_drops_newcomers() -> None:
    with Link(SEED, there=Direction(rate_bps=4e6, queue_ms=200)) as link:
        passed = flood(link.a, link.b, 300, AT_ONCE)
        report = link.report()
    assert 83 <= passed.received < 120
    assert not set(passed.missing()) & set(range(83))
    assert 190 < passed.delays()["max_us"] / 1000 < 260
    assert report["nodes"][0]["up"]["queue_dropped"] == 300 - passed.received


def test_a_rate_that_is_planned_comes_by_itself() -> None:
    wide = Direction(rate_bps=1e6, plan={2.0: {"rate_bps": 0}})
    with Link(SEED, there=wide) as link:
        passed = flood(link.a, link.b, 400, AT_ONCE)  # 3.8 s of the narrow link
    assert passed.received == 400
    assert 0.5 < (passed.last_ns - passed.first_ns) / 1e9 < 2.5


def test_reordering_and_duplicates_come_where_they_are_asked_for_and_not_with_jitter() -> None:
    jittery = Direction(delay_ms=20, jitter_ms=5)
    shuffled = Direction(delay_ms=20, reorder=0.05, reorder_ms=8, duplicate=0.05)
    with Link(SEED, there=jittery, back=shuffled) as link:
        there, back = flood(link.a, link.b, 1_000, 1_000), flood(link.b, link.a, 1_000, 1_000)
    assert there.reordered == there.duplicated == 0
    assert there.delays()["max_us"] - there.delays()["min_us"] > 10_000
    assert back.reordered == pytest.approx(50, abs=30)
    assert back.duplicated == pytest.approx(50, abs=30)
    assert not back.missing()


def test_fifty_megabits_each_way_pass_whole_and_every_packet_is_in_the_report() -> None:
    with Link(SEED, there=Direction(delay_ms=10), back=Direction(delay_ms=10)) as link:
        found = []
        ways = [(link.a, link.b, PORT), (link.b, link.a, PORT + 1)]
        threads = [
            threading.Thread(
                target=lambda way=way: found.append(flood(way[0], way[1], 5_208, 5_208.3, port=way[2]))
            )
            for way in ways
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report = link.report()
    assert [one.received for one in found] == [5_208, 5_208]
    assert report["error_ms"]["packets"] == 2 * 5_208
    late_ms = [node["error_ms"]["p99"] or 0 for node in report["nodes"]]
    print(f"written {report['error_ms']} ms late, {report['cores']:.2f} cores, void: {report['void']}")
    assert (report["void"] is not None) == (max(late_ms) > LIMIT_MS), "void says why, and only then"


def test_a_cut_link_lets_nothing_through_and_loses_what_is_under_way() -> None:
    with Link(SEED, there=Direction(delay_ms=100)) as link:
        with datagrams(link.a) as near, datagrams(link.b) as far:
            to = (link.b.address, PORT)
            near.sendto(b"under way", to)
            link.cut()
            assert not arrives(near, far, to, within_s=0.3)
            link.restore()
            assert arrives(near, far, to)
        assert link.report()["nodes"][0]["counts"]["cut"] == 2, "what was under way, and what came then"
        assert link.report()["nodes"][1]["counts"]["written"] == 1


def test_viewers_with_a_link_each_have_figures_of_their_own() -> None:
    with Network(SEED) as network:
        server = network.add("server", "10.66.0.1/24")
        near = network.add("near", "10.66.1.2/24", up=Direction(delay_ms=5))
        far = network.add("far", "10.66.2.2/24", up=Direction(delay_ms=60, loss=1.0))
        with datagrams(server) as sink, datagrams(near) as one, datagrams(far) as other:
            assert arrives(one, sink, (server.address, PORT))
            assert not arrives(other, sink, (server.address, PORT), within_s=0.3)
            far.change(up={"loss": 0.0})
            begun_s = time.monotonic()
            assert arrives(other, sink, (server.address, PORT))
            assert 0.06 <= time.monotonic() - begun_s < 1


def test_clients_of_one_node_share_its_bottleneck() -> None:
    floods: list[Flood] = []
    with Link(SEED, back=Direction(rate_bps=2e6)) as link:
        threads = [
            threading.Thread(
                target=lambda port=port: floods.append(
                    flood(link.b, link.a, 100, AT_ONCE, port=port, quiet_s=2.0)
                )
            )
            for port in (PORT, PORT + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    took_s = (max(one.last_ns for one in floods) - min(one.first_ns for one in floods)) / 1e9
    assert [one.received for one in floods] == [100, 100]
    assert took_s > 0.9, "200 packets take 0.96 s together, the 100 of each by itself half of that"


def test_links_with_the_same_addresses_do_not_know_of_each_other() -> None:
    with (
        Link(SEED) as one,
        Link(SEED) as other,
        datagrams(one.a) as sender,
        datagrams(one.b) as ours,
        datagrams(other.b) as theirs,
    ):
        assert arrives(sender, ours, (one.b.address, PORT))
        theirs.settimeout(0.1)
        with pytest.raises(TimeoutError):
            theirs.recvfrom(100)


def test_nothing_is_left_behind() -> None:
    before = (threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))
    with Link(SEED) as link:
        program = link.b.place.start(["sleep", "1000"])
        assert Path(f"/proc/{program.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    assert program.wait(5) == -9, "the program ended with its place"
    assert (threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))) == before


def test_a_program_can_be_started_in_a_namespace_from_a_shell() -> None:
    with Link(SEED) as link:
        command = [*link.b.place.enter_command, "ip", "-brief", "address"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "10.66.0.2/24" in shown
    assert "fd66::2/64" in shown


def test_the_seed_of_a_link_is_not_that_of_its_neighbour() -> None:
    with Network(SEED) as network:
        nodes = [network.add(f"n{i}", f"10.66.{i}.2/24", up=Direction(loss=0.5)) for i in range(3)]
        lost = [flood(one, nodes[0], 64, 4_000).missing() for one in nodes[1:]]
    assert all(one != other for one, other in itertools.pairwise(lost))
