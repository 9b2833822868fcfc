"""Changes of a link that come by themselves at their time."""

import pytest

from vtp.bench._emulator import Link

MS = 1_000_000
SEED = 11


def arrival_ns(link: Link) -> int:
    """When the next packet comes out, by asking the link; fails when nothing comes."""
    for _ in range(1000):
        at = link.next_ns()
        assert at >= 0, "nothing is under way"
        if link.pop(at) >= 0:
            return at
    raise AssertionError("the link promised a packet a thousand times")


def test_a_planned_rate_is_the_rate_from_its_time_on() -> None:
    link = Link(SEED, rate_bps=1_000_000)
    link.plan(5 * MS, rate_bps=500_000)
    link.push(0, 1, 1250)
    link.push(0, 2, 1250)
    assert (arrival_ns(link), arrival_ns(link)) == (15 * MS, 35 * MS)


def test_planned_changes_come_in_order_of_time_however_they_were_planned() -> None:
    link = Link(SEED)
    link.plan(20 * MS, delay_ms=7)
    link.plan(10 * MS, delay_ms=3)
    out = []
    for at_ms in (0, 10, 19, 30):
        link.push(at_ms * MS, at_ms, 100)
        out.append(arrival_ns(link) // MS)
    assert out == [0, 13, 22, 37]


def test_of_two_changes_at_one_time_the_later_planned_holds() -> None:
    link = Link(SEED)
    link.plan(MS, delay_ms=3)
    link.plan(MS, delay_ms=5)
    link.push(MS, 1, 100)
    assert arrival_ns(link) == 6 * MS


def test_a_cut_and_its_end_can_be_planned_together() -> None:
    link = Link(SEED, rate_bps=5_000_000, queue_ms=300)
    link.plan(1000 * MS, rate_bps=500_000)
    link.plan(2000 * MS, rate_bps=5_000_000)
    for packet_id in range(3000):  # 1 Mbit/s for 3 s
        link.push(packet_id * MS, packet_id, 125)
    waits = {}
    for packet_id in iter(lambda: link.pop(4000 * MS), -1):
        waits[packet_id] = True
    assert sum(packet_id not in waits for packet_id in range(1000)) == 0
    lost = sum(packet_id not in waits for packet_id in range(1000, 2000))
    assert lost == pytest.approx(
        500 - 300 // 2, abs=3
    )  # what 500 kbit/s leave over, less what the queue holds
    assert sum(packet_id not in waits for packet_id in range(2000, 3000)) == 0


def test_a_plan_gives_the_run_that_configure_at_the_same_times_gives() -> None:
    planned, changed = (Link(SEED, loss=0.1, delay_ms=20, jitter_ms=3, rate_bps=800_000) for _ in range(2))
    planned.plan(300 * MS, loss=0.3, rate_bps=400_000)
    outs: list[list[int]] = [[], []]
    for packet_id in range(600):
        now_ns = packet_id * MS
        if packet_id == 300:
            changed.configure(now_ns, loss=0.3, rate_bps=400_000)
        for link, out in zip((planned, changed), outs, strict=True):
            link.push(now_ns, packet_id, 90)
            out += iter(lambda link=link, now_ns=now_ns: link.pop(now_ns), -1)  # type: ignore[misc]
    assert outs[0] == outs[1]
    assert len(outs[0]) > 300


def test_a_change_for_a_time_that_is_over_is_refused() -> None:
    link = Link(SEED)
    link.push(5 * MS, 1, 100)
    with pytest.raises(ValueError, match="over"):
        link.plan(4 * MS, delay_ms=1)


def test_a_planned_figure_out_of_range_is_refused_when_it_is_planned() -> None:
    with pytest.raises(ValueError, match="loss"):
        Link(SEED).plan(1, loss=2.0)
