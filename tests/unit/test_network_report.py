"""When a run over an emulated network counts, and when it is void with a reason."""

from typing import Any

from vtp.bench.load_figures import Delays
from vtp.bench.net.report import LIMIT_MS, NodeFigures, error_figures, node_figures, why_void


def port(late_us: dict[int, int], **counts: int) -> dict[str, Any]:
    """What the mover says of a port whose packets were written so late, as {microseconds: packets}."""
    error = {
        "count": sum(late_us.values()),
        "min_us": min(late_us),
        "max_us": max(late_us),
        "buckets": late_us,
    }
    return {
        "error": error,
        "up": {"pushed": 7},
        "down": {"pushed": 8},
        "no_room": 0,
        "write_failed": 0,
        **counts,
    }


def node(late_us: dict[int, int], dropped: int = 0, **counts: int) -> NodeFigures:
    return node_figures("viewer", port(late_us, **counts), dropped)


def test_a_run_whose_packets_are_on_time_counts() -> None:
    assert why_void([node({20: 900, 1_900: 100})]) is None


def test_a_few_late_packets_do_not_make_a_run_void_but_one_in_a_hundred_does() -> None:
    assert why_void([node({20: 995, 9_000: 5})]) is None
    reason = why_void([node({20: 980, 9_000: 20})])
    assert reason is not None
    assert "viewer" in reason
    assert "9 ms late" in reason


def test_one_late_port_among_punctual_ones_is_enough() -> None:
    many, few = node({20: 100_000}), node({round(1_000 * LIMIT_MS) + 100: 10})
    assert why_void([many, few]) is not None


def test_packets_that_the_emulator_never_saw_make_a_run_void() -> None:
    assert "3 packets" in (why_void([node({20: 10}, dropped=3)]) or "")
    assert "4 packets" in (why_void([node({20: 10}, no_room=4)]) or "")
    assert "5 packets" in (why_void([node({20: 10}, write_failed=5)]) or "")


def test_percentiles_come_from_counts_and_the_largest_is_exact() -> None:
    assert error_figures(Delays(100, 1, 7_777, {10: 98, 500: 1, 7_740: 1})) == {
        "packets": 100, "p50": 0.01, "p99": 0.5, "max": 7.777,
    }  # fmt: skip


def test_a_port_that_nothing_was_written_to_has_no_percentiles_and_is_not_void() -> None:
    idle = node_figures(
        "idle",
        {
            "error": {"count": 0, "min_us": 0, "max_us": 0, "buckets": {}},
            "up": {},
            "down": {},
            "no_room": 0,
            "write_failed": 0,
        },
        0,
    )
    assert idle["error_ms"] == {"packets": 0, "p50": None, "p99": None, "max": None}
    assert why_void([idle]) is None
