"""Ports: free, the server's, or somebody else's, and whose (proc(5))."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vtp.doctor.finding import Finding, State, Topic

_LISTENING = "0A"
_TABLES = {"tcp": ("/proc/net/tcp", "/proc/net/tcp6"), "udp": ("/proc/net/udp", "/proc/net/udp6")}


@dataclass(frozen=True, slots=True)
class Holder:
    """A process with a port open; `pid` 0 when it belongs to another user and cannot be seen."""

    pid: int
    name: str


def holders_of(protocol: str, port: int, proc: Path = Path("/proc")) -> list[Holder]:
    """Who has the port open, on any address."""
    inodes = set()
    for table in _TABLES[protocol]:
        inodes |= _inodes(proc / Path(table).relative_to("/proc"), port, listening=protocol == "tcp")
    if not inodes:
        return []
    found = {holder.pid: holder for holder in _owners(inodes, proc)}
    return list(found.values()) or [Holder(0, "")]


def _inodes(table: Path, port: int, *, listening: bool) -> set[str]:
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return set()
    rows = [line.split() for line in lines]
    wanted = f":{port:04X}"
    return {row[9] for row in rows if row[1].endswith(wanted) and (not listening or row[3] == _LISTENING)}


def _owners(inodes: set[str], proc: Path) -> list[Holder]:
    names = {f"socket:[{inode}]" for inode in inodes}
    found: list[Holder] = []
    for process in proc.iterdir():
        if process.name.isdigit() and _has_open(process / "fd", names):
            found.append(Holder(int(process.name), _name_of(process)))
    return found


def _has_open(folder: Path, names: set[str]) -> bool:
    try:
        return any(str(link.readlink()) in names for link in folder.iterdir())
    except OSError:
        return False


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


def why_not_bindable(protocol: str, host: str, port: int) -> int:
    """The error number of binding the port here and now; 0 when it can be bound."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if protocol == "tcp":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((host, port))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


@dataclass(frozen=True, slots=True)
class Port:
    """A port that the server needs: `setting` chooses it, `host` is where it listens."""

    protocol: str
    host: str
    number: int
    setting: str

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.protocol.upper()} port {self.number}"


def judge_port(port: Port, holders: Sequence[Holder], server_pid: int, refusal: int) -> Finding:
    """`server_pid`: the running server's, 0 without one; `refusal`: why it cannot be bound, 0 when it can."""
    variable = f"VTP_{port.setting.upper().replace('.', '__')}"
    if server_pid and any(one.pid == server_pid for one in holders):
        return Finding(Topic.PORTS, port.shown, State.GOOD, "The running server has it open.")
    if server_pid and holders == [Holder(0, "")]:
        return Finding(
            Topic.PORTS,
            port.shown,
            State.GOOD,
            "It is open; whose it is shows to root and the server's user only.",
        )
    if holders or refusal == errno.EADDRINUSE:
        whose = (
            ", ".join(f"{one.name} (process {one.pid})" for one in holders if one.pid) or "another program"
        )
        return Finding(
            Topic.PORTS,
            port.shown,
            State.WRONG,
            f"It is in use by {whose}, so vtp cannot have it.",
            f"Stop that program, or choose another port with {variable}",
        )
    return _judge_free(port, server_pid, refusal, variable)


def _judge_free(port: Port, server_pid: int, refusal: int, variable: str) -> Finding:
    if server_pid:
        return Finding(
            Topic.PORTS,
            port.shown,
            State.WRONG,
            "The server runs, but this port is not open: it was started with other settings.",
            "Restart the server, or run vtp doctor with the server's settings",
        )
    if refusal in (errno.EACCES, errno.EPERM):
        return Finding(
            Topic.PORTS,
            port.shown,
            State.WRONG,
            "Ports below 1024 need rights that this user has not.",
            f"Choose one above 1023 with {variable}, and let a proxy have 443",
        )
    if refusal:
        return Finding(
            Topic.PORTS,
            port.shown,
            State.WRONG,
            f"It cannot be opened on {port.host}: that is no address of this machine.",
            "Correct VTP_HTTP__HOST or VTP_MEDIA__HOST",
        )
    return Finding(Topic.PORTS, port.shown, State.GOOD, "It is free.")
