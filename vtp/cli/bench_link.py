"""`vtp bench link`: what the link emulator does to a flood of packets, and how late it was itself."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vtp.bench.accounting import machine_facts, vtp_version
from vtp.bench.net.check import Check, run_check
from vtp.bench.net.check_table import print_check
from vtp.bench.net.direction import Direction
from vtp.bench.net.place import NetworkError
from vtp.bench.net.rights import take_rights
from vtp.errors import StartupError


def link(
    seed: Annotated[int, typer.Option(min=0, max=1 << 40, help="One seed is one run.")] = 1,
    delay: Annotated[float, typer.Option(min=0, help="Milliseconds each way.")] = 25,
    jitter: Annotated[
        float, typer.Option(min=0, help="Its normal deviation, milliseconds; the order is kept.")
    ] = 0,
    loss: Annotated[float, typer.Option(min=0, max=1, help="Probability for each packet alone.")] = 0,
    burst_loss: Annotated[
        str, typer.Option(help="Instead, Gilbert and Elliott's: GOOD_TO_BAD,BAD_TO_GOOD,LOSS_GOOD,LOSS_BAD")
    ] = "",
    rate: Annotated[float, typer.Option(min=0, help="Mbit/s of a bottleneck; 0: none.")] = 0,
    queue: Annotated[
        float, typer.Option(min=0, help="Milliseconds that its drop-tail queue holds; 0: any.")
    ] = 0,
    reorder: Annotated[float, typer.Option(min=0, max=1, help="Probability of being overtaken.")] = 0,
    duplicate: Annotated[float, typer.Option(min=0, max=1, help="Probability of coming twice.")] = 0,
    load: Annotated[float, typer.Option(min=0.01, help="Mbit/s that are sent each way.")] = 50,
    packet_bytes: Annotated[
        int, typer.Option(min=60, max=1500, help="Of a packet, IP header included.")
    ] = 1200,
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="How long it is flooded.")] = 5,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures there.", dir_okay=False)
    ] = None,
) -> None:
    """The link emulator itself: throughput, delays, and how late its packets were."""
    take_rights()
    try:
        direction = Direction(
            delay_ms=delay,
            jitter_ms=jitter,
            loss=loss,
            burst_loss=chain(burst_loss),
            duplicate=duplicate,
            reorder=reorder,
            rate_bps=rate * 1e6,
            queue_ms=queue or None,
        )
        figures = run_check(Check(seed, direction, direction, load * 1e6, packet_bytes, seconds))
    except (NetworkError, ValueError) as error:
        raise StartupError(str(error)) from error
    if json_file is not None:
        facts = {
            "command": shlex.join(["vtp", *sys.argv[1:]]),
            "machine": machine_facts(),
            "vtp": vtp_version(),
        }
        try:
            json_file.write_text(json.dumps({**figures, **facts}, indent=2) + "\n")
        except OSError as error:
            raise StartupError(f"The figures cannot be written: {error}.") from error
    print_check(figures, Console(markup=False))


def chain(text: str) -> tuple[float, float, float, float] | None:
    """Gilbert and Elliott's four probabilities; None for no text. Raises ValueError."""
    if not text:
        return None
    try:
        to_bad, to_good, loss_good, loss_bad = map(float, text.split(","))
    except ValueError as error:
        raise ValueError("--burst-loss takes four probabilities, such as 0.01,0.2,0,1.") from error
    return to_bad, to_good, loss_good, loss_bad
