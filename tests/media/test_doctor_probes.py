"""`vtp doctor`'s probes against real things: coturn, TLS servers, ports, disks; and what hangs or breaks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.coturn import SECRET, Coturn, running_coturn
from tests.serving import serving
from vtp.db import Database
from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.machine import can_segment, find_codecs, read_clock
from vtp.doctor.nat import Filtering, Mapping, explore
from vtp.doctor.ports import Port, holders_of, judge_port, why_not_bindable
from vtp.doctor.probes import Probe, run_probes
from vtp.doctor.reachability import Door, Reach, knock, try_without_server
from vtp.doctor.relay import judge_relay, try_relay, try_tcp
from vtp.doctor.storage import judge_database, judge_folder, try_database, try_folder
from vtp.doctor.stun import CHANGE_ADDRESS, CHANGE_PORT, StunAnswer, StunSocket
from vtp.doctor.web import ask_for_check


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with running_coturn(tmp_path_factory.mktemp("coturn")) as running:
        yield running


# STUN and TURN


async def test_a_stun_server_with_two_addresses_tells_that_there_is_no_nat(coturn: Coturn) -> None:
    found = await explore("127.0.0.1", ["127.0.0.1"], [coturn.stun])
    assert found is not None
    assert found.mapped[0] == "127.0.0.1"
    assert (found.mapping, found.filtering) == (Mapping.NONE, Filtering.OPEN)


async def test_servers_that_do_not_answer_give_nothing_in_time() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        begun_s = time.monotonic()
        servers = [f"127.0.0.1:{port}", "no.such.name.invalid", "no:server"]
        assert await explore("127.0.0.1", [], servers) is None
        assert time.monotonic() - begun_s < 10


class Scripted:
    """The outer side of a NAT in place of the socket: `answers` by (server, what is to change)."""

    def __init__(self, answers: dict[tuple[str, int], StunAnswer]) -> None:
        self.answers = answers
        self.local = ("0.0.0.0", 50000)
        self.opened = False

    async def ask(self, server: tuple[str, int], *, change: int = 0, retries: int = 0) -> StunAnswer | None:
        if change == CHANGE_ADDRESS | CHANGE_PORT and self.opened:
            return seen_as(1)  # who was sent to may send, whatever the NAT
        self.opened = self.opened or server[0] == "192.0.2.2"
        return self.answers.get((server[0], change))

    def close(self) -> None:
        pass


def seen_as(port: int, other: str = "") -> StunAnswer:
    return StunAnswer(("9.9.9.9", port), (other, 3479) if other else None, 1.0)


OTHER = seen_as(1, "192.0.2.2")


@pytest.mark.parametrize(
    ("answers", "mapping", "filtering"),
    [
        (
            {
                ("192.0.2.1", 0): OTHER,
                ("192.0.2.2", 0): seen_as(1),
                ("192.0.2.1", 6): seen_as(1),
            },
            Mapping.SAME,
            Filtering.OPEN,
        ),
        (
            {
                ("192.0.2.1", 0): OTHER,
                ("192.0.2.2", 0): seen_as(2),
                ("192.0.2.1", 2): seen_as(1),
            },
            Mapping.PER_PEER,
            Filtering.BY_ADDRESS,
        ),
        (
            {("192.0.2.1", 0): OTHER, ("192.0.2.2", 0): seen_as(1)},
            Mapping.SAME,
            Filtering.BY_PORT,
        ),
        ({("192.0.2.1", 0): seen_as(1), ("192.0.2.9", 0): seen_as(7)}, Mapping.PER_PEER, Filtering.UNKNOWN),
        ({("192.0.2.1", 0): seen_as(1), ("192.0.2.9", 0): seen_as(1)}, Mapping.SAME, Filtering.UNKNOWN),
        ({("192.0.2.1", 0): seen_as(1)}, Mapping.UNKNOWN, Filtering.UNKNOWN),
    ],
)
async def test_the_kind_of_nat_is_told_by_what_servers_see(
    answers: dict[tuple[str, int], StunAnswer],
    mapping: Mapping,
    filtering: Filtering,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def opened(local: str) -> Scripted:
        return Scripted(answers)

    monkeypatch.setattr(StunSocket, "open", opened)
    found = await explore("0.0.0.0", ["192.168.1.4"], ["192.0.2.1", "192.0.2.9"])
    assert found is not None
    assert (found.mapping, found.filtering) == (mapping, filtering)


async def test_a_relay_is_given_for_time_limited_credentials(coturn: Coturn) -> None:
    tried = await try_relay(coturn.turn, SECRET)
    assert tried.relayed is not None, tried
    assert tried.relayed[0] == "127.0.0.1"


async def test_a_relay_over_tcp_is_given_too(coturn: Coturn) -> None:
    tried = await try_relay(f"{coturn.turn}?transport=tcp", SECRET)
    assert tried.relayed is not None, tried


async def test_a_wrong_secret_is_refused_and_told(coturn: Coturn) -> None:
    tried = await try_relay(coturn.turn, "another secret")
    assert judge_relay(tried, has_secret=True).state is State.WRONG


async def test_credentials_that_are_over_are_refused(coturn: Coturn) -> None:
    tried = await try_relay(coturn.turn, SECRET, clock=lambda: time.time() - 86_400)
    assert tried.relayed is None


async def test_without_a_secret_a_turn_server_is_found_to_ask_for_one(coturn: Coturn) -> None:
    found = judge_relay(await try_relay(coturn.turn, ""), has_secret=False)
    assert found.state is State.SKIPPED
    assert "--turn-secret-file" in found.cure


async def test_a_turn_server_that_is_not_there_is_wrong() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"turn:127.0.0.1:{taken.getsockname()[1]}?transport=tcp"
        assert judge_relay(await try_relay(url, SECRET), has_secret=True).state is State.WRONG


async def test_tcp_candidates_are_connected_to() -> None:
    with socket.socket() as open_port, socket.socket() as closed_port:
        open_port.bind(("127.0.0.1", 0))
        open_port.listen()
        closed_port.bind(("127.0.0.1", 0))
        taken, refused = open_port.getsockname(), closed_port.getsockname()
        assert await try_tcp([taken, refused]) == {taken: True, refused: False}


# The media port


async def test_the_media_port_of_a_running_server_answers_authentic_checks_only(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as server:
        check = await ask_for_check(server.base_url)
        candidate, ice = check["ice_candidates"][0], check["ice_parameters"]
        address = (candidate["address"], candidate["port"])
        good = Door(address, ice["usernameFragment"], ice["password"])
        forged = Door(address, ice["usernameFragment"], "another password altogether")
        tried = await knock([good, forged], retries=1)
        assert [one.reach for one in tried] == [Reach.ANSWERED, Reach.SILENT]


async def test_without_a_server_the_port_is_bound_and_heard_at() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    heard, lost = await try_without_server(["127.0.0.1"], port, ["127.0.0.1", "127.0.0.9"])
    assert (heard.reach, lost.reach) == (Reach.ANSWERED, Reach.SILENT)


# Ports


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_an_occupied_port_is_found_with_its_program(protocol: str) -> None:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if protocol == "tcp":
            taken.listen()
        port = Port(protocol, "127.0.0.1", taken.getsockname()[1], "media.udp_port")
        holders = holders_of(protocol, port.number)
        assert [one.pid for one in holders] == [os.getpid()]
        found = judge_port(port, holders, 0, why_not_bindable(protocol, port.host, port.number))
    assert found.state is State.WRONG
    assert str(os.getpid()) in found.meaning
    assert why_not_bindable(protocol, port.host, port.number) == 0


# Disk and database


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True)
    if made.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_found_and_nothing_is_left_on_it(small_disk: Path) -> None:
    with contextlib.suppress(OSError), (small_disk / "large").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    [found] = judge_folder(try_folder(small_disk), 0)
    assert found.state is State.WRONG
    assert "free on its disk" in found.meaning
    assert [one.name for one in small_disk.iterdir()] == ["large"]


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = judge_folder(try_folder(tmp_path / "a" / "data"), 1000)
    assert [one.state for one in found] == [State.NOTE]
    assert list(tmp_path.iterdir()) == []


def test_a_good_folder_is_left_as_it_was(tmp_path: Path) -> None:
    assert judge_folder(try_folder(tmp_path), 1000)[0].state is State.GOOD
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_is_up_to_date_is_good(database: Database, database_url: str) -> None:
    assert judge_database(await try_database(database_url), server_runs=True).state is State.GOOD


async def test_an_empty_database_is_filled_at_the_next_start(empty_database_url: str) -> None:
    tried = await try_database(empty_database_url)
    assert tried.absent or tried.pending
    assert judge_database(tried, server_runs=False).state is State.NOTE
    assert (await try_database(empty_database_url)) == tried  # asking changes nothing


async def test_a_database_that_is_away_is_wrong_and_its_password_is_not_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://vtp:hidden-word@127.0.0.1:{taken.getsockname()[1]}/vtp"
        found = judge_database(await try_database(url), server_runs=False)
    assert found.state is State.WRONG
    assert "hidden-word" not in repr(found)


# The machine


def test_this_machine_is_looked_at_for_real() -> None:
    assert isinstance(can_segment(), bool)
    assert all(find_codecs().values())
    assert read_clock() in (True, False)


# Running them


async def test_a_probe_that_hangs_is_given_up_and_others_go_on() -> None:
    async def hang() -> list[Finding]:
        await asyncio.Event().wait()
        return []

    async def good() -> list[Finding]:
        return [Finding(Topic.WEB, "good", State.GOOD, "Fine.")]

    found = await run_probes([Probe(Topic.WEB, "hanging", hang, 0.05), Probe(Topic.WEB, "good", good)])
    assert [(one.looked_at, one.state) for one in found] == [("hanging", State.SKIPPED), ("good", State.GOOD)]
    assert "longer than 0.05 s" in found[0].meaning


async def test_a_probe_that_breaks_is_a_finding() -> None:
    async def broken() -> list[Finding]:
        raise FileNotFoundError(2, "No such file", "/proc/nothing")

    [found] = await run_probes([Probe(Topic.MACHINE, "broken", broken)])
    assert found.state is State.SKIPPED
    assert "No such file" in found.meaning


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    program = """
import asyncio, threading
from vtp.doctor.probes import in_thread
async def main():
    try:
        async with asyncio.timeout(0.1):
            await in_thread(threading.Event().wait)
    except TimeoutError:
        print("given up")
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert (ended.stdout, ended.returncode) == ("given up\n", 0)
