"""`vtp bench network`: a lesson with a real server over networks that lose, delay and change."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from vtp.bench.accounting import machine_facts, vtp_version
from vtp.bench.driver import ConnectError
from vtp.bench.net.lesson import PATTERN, LessonFigures, run_lesson
from vtp.bench.net.place import NetworkError
from vtp.bench.net.rights import take_rights
from vtp.bench.net.scenarios import SCENARIOS
from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.process import PeerProcessError
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.whip_client import RefusedError
from vtp.errors import StartupError

_COLUMNS = {
    "frames_rendered_pct": "rendered %",
    "freeze_pct": "frozen %",
    "longest_freeze_ms": "longest ms",
    "delay_p50_ms": "delay p50",
    "delay_p99_ms": "p99 ms",
    "missing": "missing",
    "lost": "lost",
}
MOST_ROWS = 10
"""Of viewers, those who saw least first."""


def network(
    scenario: Annotated[
        list[str], typer.Option("--scenario", help=f"One or several: {', '.join(SCENARIOS)}.")
    ],
    seed: Annotated[int, typer.Option(min=0, max=1 << 40, help="One seed is one run of the links.")] = 1,
    seconds: Annotated[float, typer.Option(min=2, max=600, help="Length of the lesson.")] = 20,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures there.", dir_okay=False)
    ] = None,
) -> None:
    """A lesson over bad networks: frames rendered in time, freezes, delay."""
    unknown = [name for name in scenario if name not in SCENARIOS]
    if unknown:
        raise StartupError(f"There is no scenario {unknown[0]}: use {', '.join(SCENARIOS)}.")
    take_rights()
    console = Console(markup=False)
    results: dict[str, Any] = {
        "command": shlex.join(["vtp", *sys.argv[1:]]),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine_facts(),
        "vtp": vtp_version(),
        "pattern": describe_pattern(PATTERN),
    }
    for name in scenario:
        try:
            found = run_lesson(SCENARIOS[name](), seed=seed, seconds=seconds)
        except (NetworkError, PeerError, PeerProcessError, RefusedError, ConnectError) as error:
            raise StartupError(f"{name}: {error}") from error
        results[name] = found
        _print(name, found, console)
    if json_file is not None:
        try:
            json_file.write_text(json.dumps(results, indent=2) + "\n")
        except OSError as error:
            raise StartupError(f"The figures cannot be written: {error}.") from error


def _print(name: str, figures: LessonFigures, console: Console) -> None:
    table = Table(title=f"{name}: {figures['text']}", title_justify="left", box=box.SIMPLE)
    table.add_column("viewer", justify="right")
    for label in _COLUMNS.values():
        table.add_column(label, justify="right")
    shown = sorted(figures["viewers"], key=lambda one: one["frames_rendered_pct"])[:MOST_ROWS]
    for number, seen in enumerate(shown, 1):
        table.add_row(str(number), *(_cell(dict(seen).get(key)) for key in _COLUMNS))
    console.print(table)
    for standing in figures["targets"]:
        value = "none" if standing["value"] is None else f"{standing['value']:g}"
        verdict = "met" if standing["met"] else "MISSED"
        console.print(f"{standing['figure']}: {value}, target {standing['target']}: {verdict}")
    error = figures["emulator"]["error_ms"]
    console.print(
        f"Emulator: packets {error['p50']} / {error['p99']} / {error['max']} ms late (p50 / p99 / max)."
    )
    for seen in figures["viewers"]:
        if seen.get("failure"):
            console.print(f"A viewer saw no more: {seen['failure']}")
    if figures["void"]:
        console.print(f"This run is void. {figures['void']}")


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
