"""Figures of many viewers merged into one: counts, windows, percentiles, loss."""

import pytest

from vtp.bench.load import Delays, Lecture, ProbeFigures, merge


def test_counts_add_up_and_the_window_spans_all_probes() -> None:
    merged = merge(
        [
            ProbeFigures(packets=10, lost=1, started_ns=5, ended_ns=100, first_packet_ns=7),
            ProbeFigures(packets=20, recovered=2, started_ns=3, ended_ns=90, first_packet_ns=0),
        ]
    )
    assert (merged.probes, merged.packets, merged.lost, merged.recovered) == (2, 30, 1, 2)
    assert (merged.started_ns, merged.ended_ns, merged.first_packet_ns) == (3, 100, 7)


def test_nothing_is_not_merged() -> None:
    with pytest.raises(ValueError, match="no figures"):
        merge([])


def test_percentiles_come_from_all_packets_not_from_averages_of_probes() -> None:
    many = ProbeFigures(delay=Delays(98, 100, 100, {100: 98}))
    few = ProbeFigures(delay=Delays(2, 9000, 9000, {9000: 2}))
    delay = merge([many, few]).delay
    assert delay.percentile_ms(0.5) == 0.1
    assert delay.percentile_ms(0.99) == 9.0
    assert (delay.count, delay.smallest_us, delay.largest_us) == (100, 100, 9000)


def test_without_packets_there_is_no_percentile() -> None:
    assert Delays().percentile_ms(0.5) is None
    assert (Delays() + Delays(1, 5, 5, {5: 1})).smallest_us == 5


def test_a_repaired_loss_counts_as_loss() -> None:
    figures = ProbeFigures(packets=98, lost=1, recovered=2, skipped=1)
    assert figures.expected == 100
    assert figures.loss_pct == pytest.approx(4.0)


def test_a_lecture_has_300_packets_a_second_in_the_default() -> None:
    assert Lecture().packets_per_s == 300
    assert Lecture(audio=False).packets_per_s == 250


@pytest.mark.parametrize(
    "pattern",
    [
        {"packet_bytes": (1100, 1201)},
        {"packet_bytes": (1200, 1100)},
        {"burst_packets": 1},  # ten bursts 5 ms apart do not fit 40 ms
        {"frames_per_s": 0},
    ],
)
def test_a_pattern_that_cannot_be_sent_is_refused(pattern: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"packets|Packets"):
        Lecture(**pattern)  # type: ignore[arg-type]
