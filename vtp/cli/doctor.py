"""`vtp doctor`: what a stranger needs to know when it does not connect."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from vtp.errors import StartupError

if TYPE_CHECKING:  # loaded with the command, so that help stays quick
    from vtp.doctor.finding import Finding

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a report.")] = False,
    server: Annotated[
        str,
        typer.Option(
            help="Look at this server (https://school.example) from here instead, where it does not connect."
        ),
    ] = "",
    stun: Annotated[
        list[str] | None,
        typer.Option(help="Ask this STUN server (HOST:PORT) instead of two public ones; may be given again."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody outside this network.")] = False,
    turn_secret_file: Annotated[
        Path | None,
        typer.Option(help="A file with the secret shared with the TURN server: a relay is really asked for."),
    ] = None,
) -> None:
    """Look at everything that keeps people from seeing and hearing each other, and say what cures it.

    Works with and without a running server. Exit code 1: something is wrong.
    """
    from vtp.doctor.checkup import STUN_SERVERS, Wishes, examine_here, examine_server
    from vtp.settings_loading import load_settings

    if server:
        examination = examine_server(_address(server))
    else:
        servers = () if offline else _read_servers(stun or STUN_SERVERS)
        wishes = Wishes(servers, _read_secret(turn_secret_file))
        examination = examine_here(load_settings(), wishes)
    asyncio.run(_report(examination, server, as_json=as_json))


async def _report(examination: Awaitable[list[Finding]], server: str, *, as_json: bool) -> None:
    """Prints what was found and ends the process.

    At once, because asyncio waits at its end for the threads that ask a name server or a disk that hangs.
    """
    from rich.console import Console

    from vtp.doctor import report
    from vtp.doctor.finding import is_sick

    findings = await examination
    if as_json:
        print(json.dumps(report.as_json(findings, server), indent=1, ensure_ascii=False))
    else:
        report.print_report(findings, Console(highlight=False))
    sys.stdout.flush()
    os._exit(1 if is_sick(findings) else 0)


def _read_servers(named: Sequence[str]) -> tuple[str, ...]:
    from vtp.doctor.names import read_server

    try:
        for one in named:
            read_server(one)
    except ValueError as error:
        raise StartupError(f"--stun: {error}") from error
    return tuple(named)


def _address(server: str) -> str:
    parts = urlsplit(server if "://" in server else f"https://{server}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StartupError("--server takes an address such as https://school.example.")
    return f"{parts.scheme}://{parts.netloc}"


def _read_secret(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"The secret's file {path} cannot be read; name a file with one line.") from error
