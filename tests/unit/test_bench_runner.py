"""The file of results: what stands where, for servers that were measured and for those that cannot be had."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from vtp.bench.client_sdp import OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.namespace import NamespaceError, private_network
from vtp.bench.peers import open_peer
from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.process import PeerProcessError
from vtp.bench.report import render
from vtp.bench.results import Figures
from vtp.bench.scenarios import runner
from vtp.bench.scenarios.runner import Plan
from vtp.bench.scenarios.stage import Stage
from vtp.bench.sfu import BOTH_KINDS, Leg, Unavailable, View
from vtp.errors import StartupError


@dataclass
class PaperServer:
    """Takes nobody in; notes that it was started and stopped."""

    name: str
    variant: str = ""
    cost: float = 1.0
    why_not: str = ""
    pids: list[int] = field(default_factory=list)
    lived: list[str] = field(default_factory=list)
    ended: bool = False
    prepared: bool = False

    def check(self) -> None:
        if self.ended:
            raise PeerProcessError("It ended with code -9.")

    async def prepare(self) -> str:
        self.prepared = True
        if self.why_not:
            raise Unavailable(self.why_not)
        return "1.0"

    async def start(self, driver: ClientDriver) -> None:
        self.lived.append("start")

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        raise AssertionError("nobody publishes here")

    async def subscribe(self, room: str, publisher: Leg, *, kinds: frozenset[str] = BOTH_KINDS) -> Leg:
        raise AssertionError("nobody watches here")

    async def attend(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        raise AssertionError("nobody meets here")

    async def receive(self, room: str, participant: Leg, views: Sequence[View]) -> Leg:
        raise AssertionError("nobody meets here")

    async def leave(self, leg: Leg) -> None:
        raise AssertionError("nobody leaves here")

    async def stop(self) -> None:
        self.lived.append("stop")


@dataclass(frozen=True)
class PaperScenario:
    """Costs what the server says, times the load."""

    subscribers: int
    fails: str = ""
    """The name of the server that fails."""

    def load(self) -> dict[str, Any]:
        return {"text": "nothing", "packet_bytes": [1100, 1200]}

    def describe(self) -> dict[str, Any]:
        return {"subscribers": self.subscribers}

    async def measure(self, stage: Stage) -> Figures:
        assert isinstance(stage.sfu, PaperServer)
        if stage.sfu.name == self.fails:
            async with asyncio.TaskGroup() as group:  # as scenarios do
                group.create_task(self._fail())
        return Figures(cpu_us_per_packet=stage.sfu.cost * self.subscribers, load={"cores": 0.5})

    async def _fail(self) -> None:
        raise PeerError("It fell over.")


class PaperVtp(PaperServer):
    """Stands in for vtp's own server."""

    def __init__(self, address: str, settings: Mapping[str, str]) -> None:
        super().__init__("vtp")
        self.address, self.settings = address, settings
        MADE.append(self)


MADE: list[PaperVtp] = []


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[PaperServer]]:
    """Two variants of janus and a galene that cannot be had, all of paper; vtp is too."""
    MADE.clear()
    made = {
        "janus": [PaperServer("janus", "as_shipped", 8.0), PaperServer("janus", "event_loops_2", 4.0)],
        "galene": [PaperServer("galene", why_not="The Go proxy does not answer.")],
    }
    monkeypatch.setattr(runner, "VtpServer", PaperVtp)
    monkeypatch.setattr(runner, "open_peer", lambda name: made[name] if name in made else open_peer(name))
    return made


def plan(*points: PaperScenario, peers: Sequence[str] = ()) -> Plan:
    """Two runs of each point; of one with a load of 10 without points."""
    return Plan("forward", "vtp bench forward", list(points) or [PaperScenario(10)], runs=2, peers=peers)


def test_the_last_load_stands_at_the_top_and_all_in_the_series(servers: dict[str, Any]) -> None:
    found = runner.run_plan(plan(PaperScenario(10), PaperScenario(20)))
    assert found["vtp"]["cpu_us_per_packet"] == 20
    assert found["subscribers"] == 20
    assert [(one["subscribers"], one["vtp"]["cpu_us_per_packet"]) for one in found["series"]] == [
        (10, 10),
        (20, 20),
    ]
    assert found["load"] == {"cores": 0.5}


def test_the_keys_that_scripts_read_are_there(servers: dict[str, Any]) -> None:
    found = json.loads(json.dumps(runner.run_plan(plan())))
    assert {
        "vtp",
        "peers",
        "machine",
        "packet_bytes",
        "runs",
        "series",
        "command",
        "versions",
        "scenario",
    } | {
        "load",
        "started_at",
    } <= set(found)
    assert found["packet_bytes"] == [1100, 1200]
    assert found["versions"]["vtp"] == "1.0"


def test_peers_stand_under_their_variants_with_the_ratio(
    servers: dict[str, Any], private_network_or_skip: None
) -> None:
    found = runner.run_plan(plan(peers=["janus"]))
    assert {name: one["cpu_us_per_packet"] for name, one in found["peers"]["janus"].items()} == {
        "as_shipped": 80,
        "event_loops_2": 40,
    }
    assert found["ratios"] == {"janus/as_shipped": 0.125, "janus/event_loops_2": 0.25}


def test_a_peer_that_cannot_be_had_is_said_so_and_the_others_are_measured(
    servers: dict[str, Any], private_network_or_skip: None
) -> None:
    found = runner.run_plan(plan(peers=["galene", "janus"]))
    assert found["peers"]["galene"] == {"unavailable": "The Go proxy does not answer."}
    assert "as_shipped" in found["peers"]["janus"]


def test_every_run_is_kept_and_servers_take_turns(
    servers: dict[str, Any], private_network_or_skip: None
) -> None:
    runs = runner.run_plan(plan(peers=["janus"]))["runs"]
    turns = [(one["run"], one["server"], one["variant"]) for one in runs]
    names = [("vtp", ""), ("janus", "as_shipped"), ("janus", "event_loops_2")]
    assert turns == [(run, *name) for run in (1, 2) for name in names]


def test_a_server_is_started_anew_for_each_run_and_stopped(servers: dict[str, Any]) -> None:
    runner.run_plan(plan())
    assert MADE[0].lived == ["start", "stop"] * 2


def test_a_server_that_fails_ends_the_benchmark_with_its_sentence_and_is_stopped(
    servers: dict[str, Any],
) -> None:
    with pytest.raises(StartupError, match=r"^It fell over\.$"):
        runner.run_plan(plan(PaperScenario(10, fails="vtp")))
    assert MADE[0].lived == ["start", "stop"]


def test_a_peer_that_fails_is_said_so_and_stopped_and_the_others_are_measured(
    servers: dict[str, Any], private_network_or_skip: None
) -> None:
    found = runner.run_plan(plan(PaperScenario(10, fails="janus"), peers=["janus"]))
    assert found["peers"]["janus"]["as_shipped"] == {"unavailable": "A run failed. It fell over."}
    assert found["ratios"] == {}
    assert found["vtp"]["cpu_us_per_packet"] == 10
    assert servers["janus"][0].lived == ["start", "stop"] * 2


def test_a_peer_that_ends_while_it_is_measured_has_no_figures(
    servers: dict[str, Any], private_network_or_skip: None
) -> None:
    servers["janus"][0].ended = True
    found = runner.run_plan(plan(peers=["janus"]))["peers"]["janus"]
    assert found["as_shipped"] == {"unavailable": "A run failed. It ended with code -9."}
    assert found["event_loops_2"]["cpu_us_per_packet"] == 40


def test_a_peer_whose_runs_failed_in_part_says_so(
    servers: dict[str, Any], private_network_or_skip: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = servers["janus"][0]
    monkeypatch.setattr(first, "check", lambda: setattr(first, "check", _fall))
    found = runner.run_plan(plan(peers=["janus"]))
    shipped = found["peers"]["janus"]["as_shipped"]
    assert (shipped["cpu_us_per_packet"], shipped["failed_runs"]) == (80, 1)
    assert shipped["failure"] == "A run failed. It fell."
    assert "failed_runs" not in found["peers"]["janus"]["event_loops_2"]
    assert "10 subscribers failed in 1 of the runs: A run failed. It fell." in render([found])


def _fall() -> None:
    raise PeerProcessError("It fell.")


def test_a_peer_that_is_none_is_refused_before_anything_is_installed_or_started(
    servers: dict[str, Any], private_network_or_skip: None
) -> None:
    with pytest.raises(StartupError, match="choose from"):
        runner.run_plan(plan(peers=["janus", "mediasoup"]))
    assert MADE == []
    assert not servers["janus"][0].prepared


def test_without_a_network_of_their_own_peers_are_not_even_installed(
    servers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise NamespaceError("Not permitted.")

    monkeypatch.setattr(runner, "private_network", refuse)
    with pytest.raises(StartupError, match=r"only run in a private network\. Not permitted\."):
        runner.run_plan(plan(peers=["janus"]))
    assert not servers["janus"][0].prepared


@pytest.fixture
def private_network_or_skip() -> None:
    """Peers are only run in a namespace."""
    try:
        with private_network():
            pass
    except NamespaceError as error:
        pytest.skip(str(error))
