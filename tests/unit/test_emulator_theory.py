"""The link emulator against theory: what Gilbert and Elliott's chain loses; bursts, queues and jitter."""

import itertools
import math
import statistics

import pytest

from vtp.bench._emulator import Link

MS = 1_000_000
SEED = 4
MANY = 200_000


def lost_runs(link: Link, count: int) -> list[int]:
    """Lengths of the runs of packets that were lost, in order."""
    runs: list[int] = []
    run = 0
    for packet_id in range(count):
        link.push(packet_id, packet_id, 100)
        if link.pop(packet_id) == packet_id:
            runs += [run] if run else []
            run = 0
        else:
            run += 1
    return runs + ([run] if run else [])


@pytest.mark.parametrize(
    ("to_bad", "to_good", "loss_good", "loss_bad"),
    [(0.01, 0.2, 0.0, 1.0), (0.05, 0.5, 0.01, 0.7), (0.3, 0.3, 0.0, 0.5), (0.002, 0.1, 0.0, 0.9)],
)
def test_a_chain_loses_the_mean_of_its_states_by_the_time_it_is_in_each(
    to_bad: float, to_good: float, loss_good: float, loss_bad: float
) -> None:
    link = Link(SEED, burst_loss=(to_bad, to_good, loss_good, loss_bad))
    lost_runs(link, MANY)
    share_bad = to_bad / (to_bad + to_good)
    expected = share_bad * loss_bad + (1 - share_bad) * loss_good
    stays = 1 - to_bad - to_good  # how long the chain remembers widens the deviation of independent draws
    deviation = math.sqrt(expected * (1 - expected) / MANY * (1 + stays) / (1 - stays))
    assert link.lost / MANY == pytest.approx(expected, abs=4 * deviation)


@pytest.mark.parametrize("to_good", [0.1, 0.25, 0.5, 1.0])
def test_bursts_of_a_state_that_loses_all_have_its_length(to_good: float) -> None:
    runs = lost_runs(Link(SEED, burst_loss=(0.01, to_good, 0.0, 1.0)), MANY)
    deviation = math.sqrt(1 - to_good) / to_good / math.sqrt(len(runs))  # of a geometric distribution's mean
    assert statistics.mean(runs) == pytest.approx(1 / to_good, abs=4 * deviation + 1e-9)


def test_random_loss_has_the_bursts_of_independent_draws() -> None:
    runs = lost_runs(Link(SEED, loss=0.25), MANY)
    assert statistics.mean(runs) == pytest.approx(1 / 0.75, rel=0.02)


@pytest.mark.parametrize(("rate_bps", "size"), [(500_000, 1200), (5_000_000, 1200), (50_000_000, 100)])
def test_a_packet_waits_for_the_bytes_before_it_over_the_rate(rate_bps: int, size: int) -> None:
    link = Link(SEED, rate_bps=rate_bps)
    for packet_id in range(100):
        link.push(0, packet_id, size)
        expected_ns = math.ceil((packet_id + 1) * size * 8e9 / rate_bps)
        assert link.waiting_bytes == (packet_id + 1) * size
        probe = Link(SEED, rate_bps=rate_bps)
        for before in range(packet_id + 1):
            probe.push(0, before, size)
        out = [
            probe.pop(expected_ns + packet_id) for _ in range(packet_id + 1)
        ]  # a nanosecond of rounding each
        assert out == list(range(packet_id + 1))


def test_a_bottleneck_under_a_steady_load_beyond_it_passes_its_rate_and_drops_the_rest() -> None:
    link = Link(SEED, rate_bps=1_000_000, queue_bytes=12_500)
    for packet_id in range(10_000):  # 2 Mbit/s for 5 s
        link.push(packet_id * MS // 2, packet_id, 125)
    passed = 0
    while link.pop(5_000 * MS) >= 0:
        passed += 1
    assert passed == pytest.approx(5_000, abs=2)
    assert link.queue_dropped == pytest.approx(10_000 - 5_000 - 100, abs=2)
    assert link.waiting_bytes <= 12_500


def test_jitter_far_shorter_than_the_time_between_packets_is_a_normal_distribution() -> None:
    link = Link(SEED, delay_ms=50, jitter_ms=2)
    delays: list[float] = []
    for packet_id in range(5_000):
        sent_ns = packet_id * 100 * MS
        link.push(sent_ns, packet_id, 100)
        delays.append((link.next_ns() - sent_ns) / MS)
        assert link.pop(link.next_ns()) == packet_id
    assert statistics.mean(delays) == pytest.approx(50, abs=0.12)
    assert statistics.stdev(delays) == pytest.approx(2, rel=0.05)
    within_one = sum(abs(delay - 50) <= 2 for delay in delays) / len(delays)
    assert within_one == pytest.approx(0.683, abs=0.03)


def test_jitter_longer_than_the_time_between_packets_still_lets_none_overtake() -> None:
    link = Link(SEED, delay_ms=30, jitter_ms=20)
    for packet_id in range(2_000):
        link.push(packet_id * MS, packet_id, 100)
    out = list(
        itertools.takewhile(lambda packet_id: packet_id >= 0, (link.pop(60_000 * MS) for _ in range(3_000)))
    )
    assert out == list(range(2_000))


def test_a_packet_held_back_comes_so_much_later_and_no_other_waits_for_it() -> None:
    link = Link(SEED, delay_ms=10, reorder=1.0, reorder_ms=4)
    link.push(0, 1, 100)
    link.configure(MS, reorder=0.0)
    link.push(MS, 2, 100)
    assert link.pop(11 * MS) == 2
    assert link.pop(14 * MS - 1) == -1
    assert link.pop(14 * MS) == 1


def test_each_twin_of_a_duplicated_packet_has_a_delay_of_its_own() -> None:
    link = Link(SEED, delay_ms=50, jitter_ms=5, duplicate=1.0)
    link.push(0, 1, 100)
    first_ns = link.next_ns()
    assert link.pop(first_ns) == 1
    assert link.next_ns() > first_ns
    assert link.pop(link.next_ns()) == 1
    assert link.under_way == 0
