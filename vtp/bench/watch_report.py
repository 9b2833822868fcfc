"""What `vtp watch` prints: a row for each client and a total, as a table or as JSON."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from vtp.bench.watcher import Viewing, merged_percentile_ms

_SUMMED = (
    "packets", "bytes", "lost", "missing", "recovered", "reordered", "duplicates", "late", "nacks", "plis",
)  # fmt: skip
_LEFT_OUT = {
    "delay", "relative_delay", "first_frame_ns", "first_live_frame_ns", "last_frame_ns", "sender_ntp",
    "sender_timestamp", "mark", "switches",
}  # fmt: skip


def report(viewings: Sequence[Viewing]) -> dict[str, Any]:
    """`clients` in the order they joined, and `total` over all of them."""
    return {
        "clients": [_client_row(number, viewing) for number, viewing in enumerate(viewings)],
        "total": _total(viewings),
    }


def _client_row(number: int, viewing: Viewing) -> dict[str, Any]:
    row: dict[str, Any] = {"client": number, **_figures([viewing])}
    row["joined_ms"] = round(viewing.joined_ms, 1)
    row["failure"] = viewing.failure
    row["streams"] = [_stream_row(stream, viewing) for stream in viewing.streams]
    return row


def _stream_row(stream: dict[str, Any], viewing: Viewing) -> dict[str, Any]:
    kept = {key: value for key, value in stream.items() if key not in _LEFT_OUT}
    return {**kept, **_delay([stream]), "first_frame_ms": _first_frame_ms(stream, viewing)}


def _total(viewings: Sequence[Viewing]) -> dict[str, Any]:
    firsts = [first for viewing in viewings if (first := _client_first_ms(viewing)) is not None]
    return {
        "clients": len(viewings),
        "failed": sum(bool(viewing.failure) for viewing in viewings),
        "without_media": sum(not _shown(viewing) for viewing in viewings),
        **_figures(viewings),
        "first_frame_ms_worst": max(firsts, default=None),
    }


def _figures(viewings: Sequence[Viewing]) -> dict[str, Any]:
    """Sums over all streams; frames, delay and freezes of video where there is video, else of audio."""
    streams = [stream for viewing in viewings for stream in viewing.streams]
    main = [stream for viewing in viewings for stream in _shown(viewing)]
    first = next((f for f in map(_client_first_ms, viewings) if f is not None), None)
    figures: dict[str, Any] = {key: sum(stream[key] for stream in streams) for key in _SUMMED}
    figures["lost"] += sum(stream["waiting"] for stream in streams)
    figures["frames"] = sum(stream["frames"] for stream in main)
    figures["frames_broken"] = sum(stream["frames_broken"] + stream["frames_undecodable"] for stream in main)
    figures["freezes"] = sum(stream["freezes"] for stream in main)
    figures["freeze_ms"] = round(sum(stream["freeze_ns"] for stream in main) / 1e6, 1)
    figures["duplicates"] += sum(viewing.client.get("replayed", 0) for viewing in viewings)
    figures["unprotect_failed"] = sum(viewing.client.get("unprotect_failed", 0) for viewing in viewings)
    return {**figures, **_delay(main), "first_frame_ms": first}


def _shown(viewing: Viewing) -> list[dict[str, Any]]:
    """The streams whose frames count: video when any came, else audio."""
    started = [stream for stream in viewing.streams if stream["packets"]]
    return [stream for stream in started if stream["kind"] == "video"] or started


def _delay(streams: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One-way delay where a common clock made it measurable, else delay above the fastest frame."""
    one_way = [stream["delay"] for stream in streams if stream["delay"]["count"]]
    chosen = one_way or [stream["relative_delay"] for stream in streams]
    return {
        "delay_p50_ms": merged_percentile_ms(chosen, 0.5),
        "delay_p99_ms": merged_percentile_ms(chosen, 0.99),
        "delay_max_ms": max((h["max_us"] / 1000 for h in chosen if h["count"]), default=None),
        "delay_source": "one-way" if one_way else "above the fastest frame",
    }


def _first_frame_ms(stream: dict[str, Any], viewing: Viewing) -> float | None:
    first_ns = stream["first_frame_ns"]
    return round((first_ns - viewing.started_ns) / 1e6, 1) if first_ns else None


def _client_first_ms(viewing: Viewing) -> float | None:
    shown = [_first_frame_ms(stream, viewing) for stream in _shown(viewing)]
    return min((first for first in shown if first is not None), default=None)


_COLUMNS = {
    "client": "client", "frames": "frames", "packets": "packets", "lost": "lost", "recovered": "again",
    "delay_p50_ms": "p50 ms", "delay_p99_ms": "p99 ms", "freeze_ms": "frozen ms",
    "first_frame_ms": "first ms",
}  # fmt: skip


def print_report(found: dict[str, Any], console: Console) -> None:
    """The same for people: a table, what its delays are, and who failed why."""
    table = Table(box=box.SIMPLE, padding=0, pad_edge=False, collapse_padding=True)
    for title in _COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=True)
    for row in [*found["clients"], {**found["total"], "client": "total"}]:
        table.add_row(*(_cell(row.get(key)) for key in _COLUMNS))
    console.print(table)
    console.print(f"Delays are {found['total']['delay_source']}; again: recovered by retransmission.")
    reasons: dict[str, int] = {}
    for row in found["clients"]:
        if row["failure"]:
            reasons[row["failure"]] = reasons.get(row["failure"], 0) + 1
    for reason, count in reasons.items():
        console.print(f"{count} of {len(found['clients'])} clients failed: {reason}")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
