"""Any link under any load, in virtual time: packets add up, none comes early, one seed is one run."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vtp.bench._emulator import Link

MS = 1_000_000
Shares = st.floats(0, 1)
Milliseconds = st.floats(0, 500)
Rates = st.one_of(st.just(0), st.floats(1, 1e9))
Losses = st.one_of(
    st.fixed_dictionaries({}, optional={"loss": Shares}),
    st.fixed_dictionaries({"burst_loss": st.tuples(Shares, Shares, Shares, Shares)}),
)
Figures = st.builds(
    lambda rest, loss: {**rest, **loss},
    st.fixed_dictionaries(
        {},
        optional={
            "delay_ms": Milliseconds,
            "jitter_ms": Milliseconds,
            "duplicate": Shares,
            "reorder": Shares,
            "reorder_ms": Milliseconds,
            "rate_bps": Rates,
            "queue_bytes": st.integers(0, 100_000),
            "queue_ms": Milliseconds,
        },
    ),
    Losses,
)
Steps = st.lists(st.tuples(st.integers(0, 20 * MS), st.integers(0, 1500)), max_size=60)
Changes = st.dictionaries(st.integers(0, 59), Figures, max_size=3)


def run(
    seed: int, figures: dict[str, Any], steps: list[tuple[int, int]], changes: dict[int, Any]
) -> list[tuple[int, int]]:
    """What came out, as (time, id), asking the link when to look; what is left after a day is given up."""
    link = Link(seed, **figures)
    out: list[tuple[int, int]] = []
    now_ns = 0

    def take(until_ns: int) -> None:
        while 0 <= (at := link.next_ns()) <= until_ns:
            if (packet_id := link.pop(max(at, 0))) >= 0:
                out.append((at, packet_id))

    for number, (wait_ns, size) in enumerate(steps):
        take(now_ns + wait_ns)
        now_ns += wait_ns
        if number in changes:
            link.configure(now_ns, **changes[number])
        queued = link.waiting_bytes
        if not link.push(now_ns, number, size):
            assert queued > 0, "an empty queue takes any packet"
        came_ns = {packet_id: at for at, packet_id in out}
        assert all(at <= now_ns for at in came_ns.values())
    take(now_ns + 86_400_000 * MS)
    gone = link.lost + link.queue_dropped
    assert link.pushed == len(steps)
    assert link.pushed + link.duplicated == link.popped + gone + link.under_way
    assert link.popped == len(out)
    return out


@given(st.integers(0, 2**64 - 1), Figures, Steps, Changes)
def test_packets_add_up_and_a_seed_is_a_run(
    seed: int, figures: dict[str, Any], steps: list[tuple[int, int]], changes: dict[int, Any]
) -> None:
    first = run(seed, figures, steps, changes)
    assert first == run(seed, figures, steps, changes)
    assert [at for at, _ in first] == sorted(at for at, _ in first)


@given(st.integers(0, 2**64 - 1), Figures.filter(lambda figures: not figures.get("reorder")), Steps)
def test_none_overtakes_and_none_is_early_unless_asked_for(
    seed: int, figures: dict[str, Any], steps: list[tuple[int, int]]
) -> None:
    out = run(seed, figures, steps, {})
    assert [packet_id for _, packet_id in out] == sorted(packet_id for _, packet_id in out)
    sent_ns, now_ns = [], 0
    for wait_ns, _ in steps:
        now_ns += wait_ns
        sent_ns.append(now_ns)
    if not figures.get("jitter_ms"):
        early_ns = 1 + figures.get("delay_ms", 0) * MS
        assert all(at >= sent_ns[packet_id] + early_ns - 2 for at, packet_id in out)
