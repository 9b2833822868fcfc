"""Runs a scenario: every server, several times, each time started anew, and gives the file of results."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

import uvloop

from vtp.bench.accounting import machine_facts
from vtp.bench.driver import ConnectError
from vtp.bench.namespace import NamespaceError, private_network
from vtp.bench.peers import open_peer
from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.process import PeerProcessError
from vtp.bench.results import Figures, Point, RawRun, Results, median_figures
from vtp.bench.scenarios.stage import Stage, opened
from vtp.bench.sfu import Sfu, Unavailable
from vtp.bench.vtp_server import VtpServer
from vtp.bench.whip_client import RefusedError
from vtp.errors import StartupError

LOOPBACK = "127.0.0.1"
_IN_NAMESPACE = "a network namespace of its own; packets take the kernel's loopback path, MTU 65536"
_ON_LOOPBACK = "this machine's loopback interface, MTU 65536"
SERVER_ERRORS = (PeerError, PeerProcessError, RefusedError, ConnectError)


class Scenario(Protocol):
    """One point of a benchmark: a load, and how it is measured."""

    def load(self) -> dict[str, Any]:
        """What is sent: "text", a sentence, and figures where there are some (`pattern`)."""

    def describe(self) -> dict[str, Any]:
        """What tells this point from the others."""

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""


@runtime_checkable
class WithSettings(Protocol):
    """A point whose vtp is run with settings of its own, and with what these name."""

    def settings(self) -> AbstractAsyncContextManager[Mapping[str, str]]:
        """VTP_* variables, good as long as the block runs. Raises Unavailable where that cannot be had."""


@dataclass(frozen=True)
class Plan:
    """How often, and against whom."""

    name: str
    command: str
    points: Sequence[Scenario]
    runs: int = 3
    peers: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of vtp, as VTP_* variables."""
    tell: Callable[[str], None] = lambda _: None
    """Hears what is going on, in a line."""


@dataclass
class Contest:
    """The servers that take part, their versions, and who cannot."""

    servers: list[Sfu] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)


def run_plan(plan: Plan) -> Results:
    """Everything, from fetching peers to medians. Raises StartupError with a sentence; Ctrl-C ends all."""
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    _allow_many_sockets()
    _check_network(plan)
    contest = asyncio.run(_prepare(plan))
    with _network(plan) as (address, network):
        vtp: Sfu = VtpServer(address, plan.settings)
        contest.versions["vtp"] = asyncio.run(vtp.prepare())
        contest.servers.insert(0, vtp)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:  # at little cost to the server
                runs = loop.run(_measure(plan, contest))
        except (*SERVER_ERRORS, ExceptionGroup) as error:
            raise StartupError(str(server_error(error))) from error
    results = collect(plan, contest, runs)
    results["started_at"] = started_at
    results["network"] = network
    return results


def server_error(error: Exception) -> Exception:
    """The first error of a group, or of groups within; raises the whole when a server is not at fault."""
    first = error
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    if not isinstance(first, SERVER_ERRORS):
        raise error
    return first


def _allow_many_sockets() -> None:
    """Each client is a socket: lets the process, and what it starts, have as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _prepare(plan: Plan) -> Contest:
    """Fetches what peers need, outside of the namespace."""
    contest = Contest()
    try:
        peers = {name: open_peer(name) for name in plan.peers}
    except ValueError as error:
        raise StartupError(str(error)) from error
    for name, variants in peers.items():
        plan.tell(f"Getting {name} ready")
        try:
            for peer in variants:
                contest.versions[name] = await peer.prepare()
        except Unavailable as error:
            contest.unavailable[name] = str(error)
            continue
        contest.servers += variants
    return contest


def _check_network(plan: Plan) -> None:
    """Before peers are installed or built: raises StartupError where none could be run."""
    if plan.peers:
        with _network(plan):
            pass


@contextlib.contextmanager
def _network(plan: Plan) -> Iterator[tuple[str, str]]:
    """The address to measure on and its description; loopback without peers or a namespace."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(private_network()), _IN_NAMESPACE
        except NamespaceError as error:
            if plan.peers:
                raise StartupError(f"Peers are only run in a private network. {error}") from error
            found = LOOPBACK, _ON_LOOPBACK
        yield found


async def _measure(plan: Plan, contest: Contest) -> list[RawRun]:
    """Run by run in turn, so that what else the machine does falls on all servers alike."""
    runs: list[RawRun] = []
    for point in plan.points:
        for number in range(1, plan.runs + 1):
            for sfu in contest.servers:
                what = " ".join(f"{key} {value}" for key, value in point.describe().items())
                plan.tell(
                    f"{plan.name} {what}: run {number} of {plan.runs}, {sfu.name} {sfu.variant}".strip()
                )
                figures = await _one_run(sfu, point)
                runs.append(RawRun(
                    server=sfu.name, variant=sfu.variant, run=number, point=point.describe(), figures=figures
                ))  # fmt: skip
    return runs


async def _one_run(sfu: Sfu, point: Scenario) -> Figures:
    """A peer that gives way is reported as such; vtp's own failure ends the benchmark."""
    try:
        async with contextlib.AsyncExitStack() as stack:
            if isinstance(sfu, VtpServer) and isinstance(point, WithSettings):
                sfu.more_settings = dict(await stack.enter_async_context(point.settings()))
            stage = await stack.enter_async_context(opened(sfu))
            return await _measured(sfu, point, stage)
    except Unavailable as error:
        return Figures(unavailable=str(error))
    except (*SERVER_ERRORS, ExceptionGroup) as error:
        if isinstance(sfu, VtpServer):
            raise
        return Figures(unavailable=f"A run failed. {server_error(error)}")


async def _measured(sfu: Sfu, point: Scenario, stage: Stage) -> Figures:
    """Figures of a server that is still there: one that has ended lost nothing more, and cost nothing."""
    try:
        figures = await point.measure(stage)
    except Exception:
        sfu.check()  # says more than what came of its end
        raise
    sfu.check()
    return figures


def collect(plan: Plan, contest: Contest, runs: list[RawRun]) -> Results:
    series = [_point(scenario.describe(), contest, runs) for scenario in plan.points]
    pattern = plan.points[-1].load()
    results = Results(
        scenario=plan.name,
        command=plan.command,
        machine=machine_facts(),
        versions=contest.versions,
        packet_bytes=pattern.get("packet_bytes", []),
        pattern=pattern,
        settings=dict(plan.settings),
        series=series,
        runs=runs,
    )
    results.update(series[-1])  # type: ignore[typeddict-item]
    if "load" in series[-1]["vtp"]:
        results["load"] = series[-1]["vtp"]["load"]
    return results


def _point(described: dict[str, Any], contest: Contest, runs: list[RawRun]) -> Point:
    ours = [run for run in runs if run["point"] == described]
    peers: dict[str, Any] = {name: {"unavailable": why} for name, why in contest.unavailable.items()}
    point: dict[str, Any] = {**described, "vtp": _medians(ours, "vtp", ""), "peers": peers, "ratios": {}}
    for peer in contest.servers[1:]:
        figures = _medians(ours, peer.name, peer.variant)
        variant = peer.variant or "as_shipped"
        peers.setdefault(peer.name, {})[variant] = figures
        theirs, ours_us = figures.get("cpu_us_per_packet"), point["vtp"].get("cpu_us_per_packet")
        climbed = "saturation" in figures or "saturation" in point["vtp"]  # each to a load of its own
        if theirs and ours_us and not climbed:
            point["ratios"][f"{peer.name}/{variant}"] = round(ours_us / theirs, 4)
    return point  # type: ignore[return-value]


def _medians(runs: Sequence[RawRun], server: str, variant: str) -> dict[str, Any]:
    """Over the runs that succeeded, with the number of the others; why none did, otherwise."""
    all_of_it = [run["figures"] for run in runs if (run["server"], run["variant"]) == (server, variant)]
    measured = [figures for figures in all_of_it if "unavailable" not in figures]
    found = median_figures(measured or all_of_it)
    failed = [figures["unavailable"] for figures in all_of_it if "unavailable" in figures]
    return found | {"failed_runs": len(failed), "failure": failed[-1]} if failed and measured else found
