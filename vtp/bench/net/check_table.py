"""What `vtp bench link` prints."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from vtp.bench.net.check import CheckFigures, FlowFigures


def print_check(figures: CheckFigures, console: Console) -> None:
    """A column for each direction, then the emulator's own part."""
    load, emulator = figures["load"], figures["emulator"]
    title = (
        f"link: {load['packets_per_s']:.0f} packets/s of {load['packet_bytes']} bytes each way, "
        f"{load['mbit_per_s']:g} Mbit/s, {load['seconds']:g} s"
    )
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    table.add_column("")
    for name in ("there", "back"):
        table.add_column(name, justify="right")
    ways = (figures["there"], figures["back"])
    for label in _rows(ways[0]):
        table.add_row(label, *(_rows(way)[label] for way in ways))
    console.print(table)
    error = emulator["error_ms"]
    console.print(
        f"Emulator: packets {error['p50']} / {error['p99']} / {error['max']} ms late (p50 / p99 / max), "
        f"{emulator['cores']:.2f} cores, {emulator['cpu_us_per_packet']} µs per packet, "
        f"scheduled {emulator['scheduling']}."
    )
    if figures["void"]:
        console.print(f"This run is void. {figures['void']}")


def _rows(way: FlowFigures) -> dict[str, str]:
    rows = {
        "received, Mbit/s": f"{way['received_mbit_per_s']:.2f}",
        "lost, %": f"{way['loss_pct']:.3f}",
        "duplicated": str(way["duplicated"]),
        "reordered": str(way["reordered"]),
        "sender over 2 ms late": str(way["sent_late"]),
    }
    for name, label in (("delay_ms", "delay"), ("beyond_delay_ms", "more than the link's")):
        shares = way[name]  # type: ignore[literal-required]
        rows[f"{label} p50 / p99 / max, ms"] = " / ".join(_ms(shares[one]) for one in ("p50", "p99", "max"))
    return rows


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:.1f}"
