"""A benchmark's results for the terminal: a table for each point, a column for each server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from vtp.bench.results import Results

_ROWS = {
    "cpu_us_per_packet": "CPU per packet, µs",
    "cpu_user_us_per_packet": "  user",
    "cpu_system_us_per_packet": "  system",
    "media_thread_us_per_packet": "  busiest thread",
    "packets_per_s": "packets/s",
    "cores": "cores used",
    "saturation.packets_per_s_per_core": "packets/s of one core",
    "loss_pct": "loss, %",
    "outstanding_pct": "not yet come at the end, %",
    "reordered": "reordered",
    "duplicated": "duplicated",
    "streams": "streams to viewers",
    "silent_streams": "streams that brought nothing",
    "authentication_failed": "not authentic",
    "delay_ms.p50": "delay p50, ms",
    "delay_ms.p95": "delay p95, ms",
    "delay_ms.p99": "delay p99, ms",
    "first_packet_ms.p50": "POST to first packet p50, ms",
    "first_packet_ms.p95": "POST to first packet p95, ms",
    "joins": "joins",
    "failed": "failed",
    "hls.requests_per_s": "viewers' requests/s",
    "hls.mbit_per_s": "to them, Mbit/s",
    "hls.stalls": "stalls",
    "hls.stalled_viewers": "viewers who stalled",
    "hls.behind_ms.p50": "playlist behind the first p50, ms",
    "hls.behind_ms.p99": "playlist behind the first p99, ms",
    "hls.part_kb": "a part, KB",
    "hls.parts_per_s": "parts/s at saturation",
    "hls.cpu_us_per_part": "CPU per part, µs",
    "hls.part_ms.p50": "a part p50, ms",
    "hls.part_ms.p99": "a part p99, ms",
    "hls.client_cores": "load client at that: cores",
    "log.events": "events (rows of the log)",
    "log.bytes": "bytes of them and of their roll-ups",
    "log.bytes_per_event": "bytes per event",
    "log.filled_s": "filling, s",
    "intake.events_per_s": "events taken in a second",
    "intake.batches_per_s": "in so many batches",
    "intake.cpu_us_per_event": "CPU per event, µs",
    "intake.cpu_us_per_batch": "CPU per batch, µs",
    "intake.postgres_us_per_batch": "CPU of PostgreSQL per batch, µs",
    "intake.answer_ms.p50": "a batch p50, ms",
    "intake.answer_ms.p99": "a batch p99, ms",
    "intake.added_p99_ms": "delay p99 with players: more by, ms",
    "saturated_requests_per_s": "requests/s at saturation",
    "signalling": "people on Socket.IO",
    "connected_mb": "memory with them, MB",
    "quiet_delay_ms.p99": "delay p99 without that, ms",
    "quiet_loop_delay_ms.p99": "event loop late p99 before, ms",
    "quiet_loop.late_pct": "later than 5 ms, %",
    "quiet_loop.busy": "its thread: share of a processor",
    "quiet_loop.waited": "its thread: share of time waiting for one",
    "loop_delay_ms.p99": "event loop late p99, ms",
    "loop.late_pct": "later than 5 ms, %",
    "loop.busy": "its thread: share of a processor",
    "loop.waited": "its thread: share of time waiting for one",
    "logins.tried": "stolen passwords tried",
    "logins.let_in": "of them let in",
    "logins.people": "people on new devices meanwhile",
    "logins.people_let_in": "of these let in",
    "logins.people_ms.p95": "signing in there p95, ms",
    "logins.known_devices": "owners on known devices",
    "logins.known_devices_let_in": "of those let in",
    "logins.known_devices_ms.p95": "signing in there p95, ms",
    "made_ms.all.p50": "revoking p50, ms",
    "made_ms.all.max": "revoking, longest, ms",
    "refused_ms.all.p50": "then let in elsewhere p50, ms",
    "refused_ms.all.p95": "then let in elsewhere p95, ms",
    "refused_ms.all.max": "then let in elsewhere, longest, ms",
    "cut_ms.all.p50": "then disconnected p50, ms",
    "cut_ms.all.p95": "then disconnected p95, ms",
    "cut_ms.all.max": "then disconnected, longest, ms",
    "late": "later than 2 s",
    "join_cpu_ms": "CPU per join, ms",
    "rss_kb_per_subscriber": "memory per subscriber, KB",
    "cycles": "joins and leaves",
    "rss_growth_kb": "memory grown over them, KB",
    "start_ms": "start, ms",
    "rss_mb": "memory, MB",
    "rss_loaded_mb": "memory with all connected, MB",
    "cpu_share_pct": "share of a core, %",
    "cpu_pct_per_recording": "a recording adds, % of a core",
    "recording.whole_cpu_pct": "with receiving it, % of a core",
    "recording.quiet_cores": "cores used without recordings",
    "recording.added_p99_ms": "delay p99 with recordings: more by, ms",
    "stop_to_playable_ms": "Stop to playable, ms",
    "requests_per_s": "requests/s",
    "load.cores": "load client: cores",
    "load.busiest_thread": "load client: busiest thread",
    "load.cpu_us_per_packet": "load client: µs per packet",
    "load.late_bursts": "load client: late bursts",
    "load.dropped_here": "load client: dropped",
}
_READ = {"cpu_ms": "CPU, ms", "statements": "statements", "answer_kb": "KB"}
_SERVER_KEYS = {"vtp", "peers", "ratios"}


def print_results(results: Results, console: Console) -> None:
    """All points, then what they were measured with."""
    for point in results["series"]:
        _print_point(results["scenario"], point, console)
    console.print(f"{_measured(results['runs'])} Load: {results['pattern']['text']}.")
    machine = results["machine"]
    console.print(f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}; "
                  f"{results['network']}.")  # fmt: skip


def _measured(runs: Sequence[Mapping[str, Any]]) -> str:
    """How often each server was measured at each load."""
    times = max((run["run"] for run in runs), default=0)
    return f"Medians of {times} runs." if times > 1 else "One run."


def _print_point(scenario: str, point: Mapping[str, Any], console: Console) -> None:
    servers = _servers(point)
    load = ", ".join(f"{value} {key}" for key, value in point.items() if key not in _SERVER_KEYS)
    table = Table(title=f"{scenario}: {load}", title_justify="left", box=box.SIMPLE)
    table.add_column("", no_wrap=True)
    for name in servers:
        table.add_column(name, justify="right")
    for key, label in {**_ROWS, **_api_rows(point)}.items():
        values = [_find(figures, key) for figures in servers.values()]
        if any(value is not None for value in values):
            table.add_row(label, *map(_cell, values))
    console.print(table)
    for name, figures in servers.items():
        if "unavailable" in figures:
            console.print(f"{name} was not measured: {figures['unavailable']}")
        if figures.get("failed_runs"):
            console.print(f"{name} failed in {figures['failed_runs']} of the runs: {figures['failure']}")
    for name, ratio in point.get("ratios", {}).items():
        console.print(f"vtp's CPU per packet is {ratio:.3f} of {name}'s.")
    if "saturation" in point["vtp"]:
        found = point["vtp"]["saturation"]
        console.print(f"Packets/s of one core are {found['how']}: {found['limit']}")


def _servers(point: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Column title → figures."""
    found: dict[str, Mapping[str, Any]] = {"vtp": point["vtp"]}
    for name, variants in point.get("peers", {}).items():
        if "unavailable" in variants:
            found[name] = variants
        else:
            found |= {f"{name} {variant}": figures for variant, figures in variants.items()}
    return found


def _api_rows(point: Mapping[str, Any]) -> dict[str, str]:
    operations = point["vtp"].get("api", {})
    reads = point["vtp"].get("reads", {})
    rows: dict[str, str] = {}
    for name in operations:
        rows |= {f"api.{name}.{share}": f"{name} {share}, ms" for share in ("p50", "p95")}
        if name in reads:
            rows |= {f"api.{name}.max": f"{name}, longest, ms"}
            rows |= {f"reads.{name}.{key}": f"{name}: {label}" for key, label in _READ.items()}
    spent = point["vtp"].get("log", {}).get("cpu_ms", {})
    return rows | {f"log.cpu_ms.{name}": f"{name}: CPU, ms" for name in spent}


def _find(figures: Mapping[str, Any], key: str) -> Any:
    found: Any = figures
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return (
            f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"
        )
    return f"{value:,}"
