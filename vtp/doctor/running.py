"""The server that runs on the data folder, if one does: what it tells of itself over its control socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vtp.control import ask
from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.reachability import Door
from vtp.errors import StartupError

LIMIT_S = 3.0
REAL_TIME = "real-time priority"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """What it said. `precedences` are how its media threads are scheduled."""

    version: str
    pid: int
    http_port: int
    https_port: int
    settings: str
    open_files: int
    receive_buffer: int
    send_buffer: int
    counters: Mapping[str, int]
    doors: Sequence[Door] = field(default=(), repr=False)
    tcp_doors: Sequence[tuple[str, int]] = ()
    precedences: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class NotRunning:
    """Why there is no answer; `hangs`: a server has the folder and does not answer."""

    reason: str = ""
    hangs: bool = False


async def ask_running(data_dir: Path) -> RunningServer | NotRunning:
    """Asks it, for at most 3 s."""
    facts: dict[str, Any] = {}
    workers: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(LIMIT_S), contextlib.aclosing(ask(data_dir, "facts")) as answers:
            async for answer in answers:
                if "error" in answer or "end" in answer:
                    break
                facts |= answer.get("server", {})
                workers += [answer["worker"]] if "worker" in answer else []
    except StartupError:
        return NotRunning()
    except PermissionError:
        return NotRunning("its data folder belongs to another user")
    except OSError:
        return NotRunning()
    except TimeoutError:
        return NotRunning("it did not answer within 3 s", hangs=True)
    if not facts:
        return NotRunning("it is of another version, which does not tell", hangs=False)
    return _running(facts, workers)


def _running(facts: dict[str, Any], workers: list[dict[str, Any]]) -> RunningServer:
    doors: list[Door] = []
    tcp: list[tuple[str, int]] = []
    for worker in workers:
        for protocol, address, port in worker["candidates"]:
            if protocol == "udp":
                doors.append(Door((address, port), worker["ufrag"], worker["password"]))
            else:
                tcp.append((address, port))
    return RunningServer(
        **facts,
        doors=doors,
        tcp_doors=tcp,
        precedences=[worker["precedence"] for worker in workers],
    )


def judge_running(found: RunningServer | NotRunning, settings: str) -> list[Finding]:
    """Whether it runs, and by the settings that doctor reads."""
    shown = "Running server"
    if isinstance(found, RunningServer):
        findings = [
            Finding(
                Topic.SERVER,
                shown,
                State.GOOD,
                f"vtp {found.version} runs (process {found.pid}) and answers.",
            )
        ]
        if found.settings != settings:
            findings.append(_other_settings())
        return findings
    if found.hangs:
        return [
            Finding(
                Topic.SERVER,
                shown,
                State.WRONG,
                f"A server has the data folder, but {found.reason}.",
                "systemctl restart vtp, and journalctl -u vtp for the reason",
            )
        ]
    if found.reason:
        return [
            Finding(
                Topic.SERVER,
                shown,
                State.SKIPPED,
                f"The server was not asked: {found.reason}.",
                "sudo -u vtp env VTP_ENV=production /opt/vtp/.venv/bin/vtp doctor",
            )
        ]
    return [
        Finding(
            Topic.SERVER,
            shown,
            State.NOTE,
            "None runs on this data folder, so its ports are tried without it.",
            "systemctl start vtp (or vtp serve), then run vtp doctor again",
        )
    ]


def judge_counters(counters: Mapping[str, int]) -> Finding:
    """What the packet path has counted since the start and should not have."""
    shown = "What the server has counted"
    if counters["send_denied"]:
        return Finding(
            Topic.SERVER,
            shown,
            State.NOTE,
            f"A firewall rule of this machine forbade {counters['send_denied']:,} packets to leave.",
            "nft list ruleset (or iptables -S OUTPUT) shows the rule; let UDP from the media port leave",
        )
    if counters["pictures_rested"] or counters["reads_late"] or counters["send_dropped"]:
        return Finding(
            Topic.SERVER,
            shown,
            State.NOTE,
            f"Media threads were too slow at times: {counters['reads_late']:,} late reads, "
            f"{counters['send_dropped']:,} packets dropped, "
            f"{counters['pictures_rested']:,} pictures stopped.",
            "Give the machine more processors or VTP_MEDIA__WORKERS=2; see buffers and real time below",
        )
    return Finding(Topic.SERVER, shown, State.GOOD, "Since its start no packet was late or dropped here.")


def _other_settings() -> Finding:
    return Finding(
        Topic.SERVER,
        "Settings",
        State.WRONG,
        "The running server has other settings than this command reads, so what follows may not be about it.",
        "Run it as the server runs: set -a; . /etc/vtp.env; VTP_ENV=production vtp doctor; or restart the "
        "server",
    )
