"""The range of ports for plain RTP: which of them the server can give out."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence

from vtp.doctor import ports
from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.ports import Holder

_SETTING = "VTP_PLAIN__PORTS"
_ADDRESS = "VTP_PLAIN__HOST"


def examine(host: str, numbers: range, server_pid: int) -> Finding:
    """`server_pid`: the running server's, 0 without one."""
    refusals = {number: ports.why_not_bindable("udp", host, number) for number in numbers}
    taken = [number for number, refusal in refusals.items() if refusal == errno.EADDRINUSE]
    others = [refusal for refusal in refusals.values() if refusal not in (0, errno.EADDRINUSE)]
    holders = {number: ports.holders_of("udp", number) for number in taken}
    return judge(host, numbers, holders, others, server_pid)


def judge(
    host: str,
    numbers: range,
    holders: Mapping[int, Sequence[Holder]],
    refusals: Sequence[int],
    server_pid: int,
) -> Finding:
    """`holders` of the ports that are open; `refusals`: the error numbers of those that cannot be opened."""
    if refusals:
        return _unusable(host, numbers, refusals[0])
    foreign = [known for known in holders.values() if not _is_servers(known, server_pid)]
    if not foreign:
        own = f"; {len(holders)} of them are in use by the server" if holders else ""
        return _finding(numbers, State.GOOD, f"All {len(numbers)} can be given out{own}.")
    seen = {(one.name, one.pid) for known in foreign for one in known if one.pid}
    names = [f"{name} (process {pid})" for name, pid in sorted(seen)]
    whose = ", ".join(names) or "other programs"
    cure = f"Stop that program, or choose other ports with {_SETTING}"
    if len(foreign) == len(numbers):
        return _finding(numbers, State.WRONG, f"All are in use by {whose}: there is no plain RTP.", cure)
    said = f"{len(foreign)} of {len(numbers)} are in use by {whose}; the server passes them over."
    return _finding(numbers, State.NOTE, said, cure)


def _is_servers(known: Sequence[Holder], server_pid: int) -> bool:
    """Also where its owner shows to others only: see `judge_port`."""
    hidden = list(known) == [Holder(0, "")]
    return bool(server_pid) and (hidden or any(one.pid == server_pid for one in known))


def _unusable(host: str, numbers: range, refusal: int) -> Finding:
    if refusal in (errno.EACCES, errno.EPERM):
        said = "Ports below 1024 need rights that this user has not."
        return _finding(numbers, State.WRONG, said, f"Choose ports above 1023 with {_SETTING}")
    said = f"They cannot be opened on {host}: that is no address of this machine."
    return _finding(numbers, State.WRONG, said, f"Correct {_ADDRESS}")


def _finding(numbers: range, state: State, meaning: str, cure: str = "") -> Finding:
    shown = f"UDP ports {numbers[0]} to {numbers[-1]} for plain RTP"
    return Finding(Topic.PORTS, shown, state, meaning, cure)
