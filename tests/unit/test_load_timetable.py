"""When the packets of the benchmark's load leave, and how large they are."""

from itertools import pairwise

import pytest

from vtp.bench._client import timetable

MS = 1_000_000
LECTURE = {
    "units_per_s": 25, "packets_per_unit": 10, "burst_packets": 3, "burst_interval_ns": 5 * MS,
    "smallest": 1100, "largest": 1200,
}  # fmt: skip


def test_a_frame_leaves_in_bursts_of_three_five_milliseconds_apart() -> None:
    frame = timetable(10, **LECTURE)
    assert [due_ns // MS for due_ns, *_ in frame] == [0, 0, 0, 5, 5, 5, 10, 10, 10, 15]
    assert [left for *_, left in frame] == [3, 2, 1, 3, 2, 1, 3, 2, 1, 1]


def test_a_second_has_25_frames_of_10_packets_evenly_in_time() -> None:
    packets = timetable(2500, **LECTURE)
    firsts = [due_ns for due_ns, *_ in packets[::10]]
    assert {after - before for before, after in pairwise(firsts)} == {40 * MS}
    assert packets[-1][1] == 249


@pytest.mark.parametrize("rate", [25, 30, 7])
def test_the_rate_is_kept_exactly_over_an_hour(rate: int) -> None:
    packets = timetable(
        rate * 3600 + 1,
        units_per_s=rate, packets_per_unit=1, burst_packets=1, burst_interval_ns=0, smallest=100, largest=100,
    )  # fmt: skip
    assert packets[-1][0] == 3600 * 1000 * MS


def test_sizes_are_spread_evenly_over_the_range_in_an_order_that_changes() -> None:
    packets = timetable(1000, **LECTURE)
    frames = [tuple(size for _, _, size, _ in packets[at : at + 10]) for at in range(0, 1000, 10)]
    assert {tuple(sorted(frame)) for frame in frames} == {
        (1100, 1111, 1122, 1133, 1144, 1155, 1166, 1177, 1188, 1200)
    }
    assert len(set(frames)) > 90


def test_one_seed_is_one_order() -> None:
    assert timetable(100, **LECTURE, seed=5) == timetable(100, **LECTURE, seed=5)
    assert timetable(100, **LECTURE, seed=5) != timetable(100, **LECTURE, seed=6)


def test_sound_is_one_packet_every_twentieth_millisecond() -> None:
    packets = timetable(
        50,
        units_per_s=50, packets_per_unit=1, burst_packets=1, burst_interval_ns=0, smallest=100, largest=100,
    )  # fmt: skip
    assert packets == [(i * 20 * MS, i, 100, 1) for i in range(50)]
