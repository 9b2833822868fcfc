"""What an emulated network says of itself after a run: what packets met, and whether the run counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from vtp.bench.load_figures import Delays

LIMIT_MS = 2.0
"""A run whose packets were written later than this (p99, by any port) measured the machine, not the link."""


class ErrorFigures(TypedDict):
    """How far behind the model packets were written, milliseconds."""

    packets: int
    p50: float | None
    p99: float | None
    max: float | None


class NodeFigures(TypedDict):
    """One node's access link."""

    name: str
    error_ms: ErrorFigures
    up: dict[str, int]
    down: dict[str, int]
    counts: dict[str, int]


class NetworkFigures(TypedDict):
    """The whole emulator."""

    void: str | None
    """Why the run does not count; None when it does."""
    seed: int
    seconds: float
    scheduling: str
    cores: float
    """Of the emulator's thread."""
    cpu_us_per_packet: float | None
    error_ms: ErrorFigures
    nodes: list[NodeFigures]


def error_figures(error: Delays) -> ErrorFigures:
    """Percentiles of how late a port was, or several."""
    return ErrorFigures(
        packets=error.count,
        p50=error.percentile_ms(0.5),
        p99=error.percentile_ms(0.99),
        max=error.largest_us / 1000 if error.count else None,
    )


def delays(histogram: Mapping[str, Any]) -> Delays:
    """The compiled side's counts."""
    return Delays(histogram["count"], histogram["min_us"], histogram["max_us"], histogram["buckets"])


def node_figures(name: str, port: Mapping[str, Any], dropped: int) -> NodeFigures:
    """`dropped` is what the kernel threw away before the emulator could read it."""
    counts = {key: value for key, value in port.items() if isinstance(value, int)}
    return NodeFigures(
        name=name,
        error_ms=error_figures(delays(port["error"])),
        up=dict(port["up"]),
        down=dict(port["down"]),
        counts={**counts, "dropped_before": dropped},
    )


def why_void(nodes: list[NodeFigures]) -> str | None:
    """A sentence, or None when the emulator kept to its model."""
    for node in nodes:
        late_ms = node["error_ms"]["p99"]
        if late_ms is not None and late_ms > LIMIT_MS:
            return (
                f"Packets to {node['name']} were written {late_ms:g} ms late (p99), over {LIMIT_MS:g} ms: "
                "run it on a machine with less to do."
            )
        lost = node["counts"]["dropped_before"] + node["counts"]["no_room"]
        if lost:
            return (
                f"{lost} packets from {node['name']} were lost before the emulator had them: it was too slow."
            )
        if node["counts"]["write_failed"]:
            return (
                f"{node['counts']['write_failed']} packets could not be written to {node['name']}'s device."
            )
    return None
