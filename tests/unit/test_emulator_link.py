"""The link emulator: delay, jitter, loss in bursts, reordering, duplication, a changing bottleneck."""

import itertools

import pytest

from vtp.bench._emulator import Link

MS = 1_000_000
SEED = 20


def arrivals(link: Link, until_ms: float, step_ms: float = 0.1) -> list[tuple[float, int]]:
    """What comes out, as (milliseconds, packet id), looking every `step_ms`."""
    out: list[tuple[float, int]] = []
    for step in range(int(until_ms / step_ms) + 1):
        now_ms = step * step_ms
        while (packet_id := link.pop(int(now_ms * MS))) >= 0:
            out.append((now_ms, packet_id))
    return out


def send(link: Link, count: int, every_ms: float = 1.0, size: int = 1200, first: int = 0) -> list[int]:
    """Pushes and pops in step, a packet every `every_ms`; gives the ids that came out, in order."""
    out: list[int] = []
    for i in range(count):
        now_ns = int(i * every_ms * MS)
        link.push(now_ns, first + i, size)
        out += drain(link, now_ns)
    return out + drain(link, int((count * every_ms + 10_000) * MS))


def drain(link: Link, now_ns: int) -> list[int]:
    out: list[int] = []
    while (packet_id := link.pop(now_ns)) >= 0:
        out.append(packet_id)
    return out


def longest_run_missing(received: list[int], count: int) -> int:
    longest = run = 0
    present = set(received)
    for i in range(count):
        run = 0 if i in present else run + 1
        longest = max(longest, run)
    return longest


def test_a_link_without_figures_gives_packets_back_at_once() -> None:
    link = Link(SEED)
    assert link.push(5, 7, 100)
    assert link.pop(5) == 7
    assert link.pop(5) == -1


def test_delay_is_waited_for_to_the_nanosecond() -> None:
    link = Link(SEED, delay_ms=25)
    link.push(1000, 1, 100)
    assert link.next_ns() == 1000 + 25 * MS
    assert link.pop(1000 + 25 * MS - 1) == -1
    assert link.pop(1000 + 25 * MS) == 1


def test_nothing_under_way_has_no_next_time() -> None:
    assert Link(SEED, delay_ms=5).next_ns() == -1


def test_jitter_spreads_arrivals_and_keeps_their_order() -> None:
    link = Link(SEED, delay_ms=50, jitter_ms=8)
    for i in range(200):
        link.push(i * 20 * MS, i, 1200)
    seen = arrivals(link, 5000)
    assert [packet_id for _, packet_id in seen] == list(range(200))
    delays = [at - 20 * packet_id for at, packet_id in seen]
    assert max(delays) - min(delays) > 20
    assert 46 < sum(delays) / len(delays) < 54


def test_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    runs = [send(Link(seed, loss=0.3, reorder=0.1, jitter_ms=5, delay_ms=20), 500) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.5, 1.0])
def test_random_loss_takes_its_share(loss: float) -> None:
    link = Link(SEED, loss=loss)
    received = send(link, 20_000, every_ms=0.1)
    assert link.lost == 20_000 - len(received)
    assert link.lost / 20_000 == pytest.approx(loss, abs=0.01)


def test_burst_loss_comes_in_longer_runs_than_random_loss_of_the_same_share() -> None:
    bursty, random = Link(SEED, burst_loss=(0.01, 0.2, 0.0, 1.0)), Link(SEED, loss=0.01 / 0.21)
    from_bursty, from_random = (send(link, 20_000, every_ms=0.1) for link in (bursty, random))
    assert len(from_bursty) == pytest.approx(len(from_random), rel=0.02)
    assert longest_run_missing(from_bursty, 20_000) > 3 * longest_run_missing(from_random, 20_000)


def test_reordered_packets_are_overtaken_and_not_lost() -> None:
    link = Link(SEED, delay_ms=10, reorder=0.05, reorder_ms=6)
    received = send(link, 1000, every_ms=2)
    assert sorted(received) == list(range(1000))
    overtaken = sum(later < earlier for earlier, later in itertools.pairwise(received))
    assert overtaken > 20
    assert link.reordered == pytest.approx(50, abs=20)


def test_duplicates_give_the_same_id_twice() -> None:
    link = Link(SEED, duplicate=0.1)
    received = send(link, 2000)
    assert len(received) == 2000 + link.duplicated
    assert link.duplicated == pytest.approx(200, abs=45)
    assert set(received) == set(range(2000))


def test_a_bottleneck_spaces_packets_by_its_rate() -> None:
    link = Link(SEED, rate_bps=1_000_000)
    for i in range(5):
        link.push(0, i, 1250)
    assert [(round(at), packet_id) for at, packet_id in arrivals(link, 100)] == [
        (10, 0), (20, 1), (30, 2), (40, 3), (50, 4),
    ]  # fmt: skip


def test_a_full_queue_drops_the_newcomer() -> None:
    link = Link(SEED, rate_bps=1_000_000, queue_bytes=3000)
    assert [link.push(0, i, 1000) for i in range(5)] == [True, True, True, False, False]
    assert link.queue_dropped == 2
    assert link.waiting_bytes == 3000
    assert [packet_id for _, packet_id in arrivals(link, 100)] == [0, 1, 2]


def test_a_queue_bounded_by_time_holds_that_much_at_the_rate() -> None:
    link = Link(SEED, rate_bps=800_000, queue_ms=300)
    taken = sum(link.push(0, i, 1000) for i in range(100))
    assert taken == 30
    assert max(at for at, _ in arrivals(link, 1000)) == pytest.approx(300, abs=0.2)


def test_an_empty_queue_takes_a_packet_larger_than_its_bound() -> None:
    link = Link(SEED, rate_bps=100_000, queue_ms=1)
    assert link.push(0, 1, 1200)
    assert link.pop(96 * MS) == 1


def test_a_rate_changed_while_a_packet_is_being_sent_counts_from_then_on() -> None:
    link = Link(SEED, rate_bps=1_000_000)
    link.push(0, 1, 1250)
    link.push(0, 2, 1250)
    link.configure(5 * MS, rate_bps=500_000)
    assert [(round(at, 1), packet_id) for at, packet_id in arrivals(link, 100)] == [(15.0, 1), (35.0, 2)]


def test_a_bottleneck_taken_away_lets_the_queue_go_at_once_and_in_order() -> None:
    link = Link(SEED, rate_bps=10_000)
    for i in range(4):
        link.push(0, i, 1250)
    link.configure(MS, rate_bps=0)
    link.push(MS, 4, 1250)
    assert drain(link, MS) == [0, 1, 2, 3, 4]


def test_loss_can_be_switched_on_and_off_while_it_runs() -> None:
    link = Link(SEED)
    link.push(0, 1, 10)
    link.configure(1, loss=1.0)
    link.push(1, 2, 10)
    link.configure(2, loss=0.0)
    link.push(2, 3, 10)
    assert drain(link, 3) == [1, 3]


def test_bursty_loss_is_over_once_plain_loss_is_set() -> None:
    link = Link(SEED, burst_loss=(1.0, 0.0, 0.0, 1.0))
    link.push(0, 1, 10)
    link.configure(1, loss=0.0)
    link.push(1, 2, 10)
    assert drain(link, 2) == [2]


def test_counters_add_up() -> None:
    link = Link(
        SEED, loss=0.1, duplicate=0.1, reorder=0.1, jitter_ms=3, delay_ms=9, rate_bps=5e6, queue_ms=20
    )
    received = send(link, 5000, every_ms=1.5)
    assert link.pushed == 5000
    assert link.queue_dropped + link.lost + len(received) - link.duplicated == 5000
    assert link.popped == len(received)


def test_many_packets_in_flight_come_out_by_time() -> None:
    link = Link(SEED, delay_ms=1000, jitter_ms=100, reorder=0.5, reorder_ms=300)
    for i in range(5000):
        link.push(i * 1000, i, 100)
    times = [at for at, _ in arrivals(link, 2500, step_ms=1)]
    assert len(times) == 5000
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("figure", "value"),
    [("loss", 1.5), ("loss", -0.1), ("delay_ms", -1), ("rate_bps", -5), ("burst_loss", (0.1, 0.1, 2.0, 0.0))],
)
def test_a_figure_out_of_range_is_refused_with_its_name(figure: str, value: object) -> None:
    with pytest.raises(ValueError, match=figure):
        Link(SEED, **{figure: value})  # type: ignore[arg-type]


def test_both_kinds_of_loss_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        Link(SEED, loss=0.1, burst_loss=(0.1, 0.1, 0.0, 1.0))


def test_a_negative_packet_id_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Link(SEED).push(0, -1, 100)
