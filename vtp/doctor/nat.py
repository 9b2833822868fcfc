"""What stands between this machine and the internet: NAT by STUN (RFC 5780 sections 4.3, 4.4)."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.names import read_server, resolve
from vtp.doctor.stun import CHANGE_ADDRESS, CHANGE_PORT, StunAnswer, StunSocket
from vtp.media.addresses import AddressKind, kind_of
from vtp.media.ice import Address

LOOKED_AT = "How the internet sees this machine"


class Mapping(enum.StrEnum):
    """Whether one local port is one outer port for everybody."""

    NONE = "no translation"
    SAME = "the same outer port for everybody"
    PER_PEER = "another outer port for each peer"
    UNKNOWN = "unknown, one server was asked"


class Filtering(enum.StrEnum):
    """Who may send to the outer port."""

    OPEN = "anybody may send to it"
    BY_ADDRESS = "only addresses that were sent to"
    BY_PORT = "only addresses and ports that were sent to"
    UNKNOWN = "unknown, the server does not tell (RFC 5780)"


@dataclass(frozen=True, slots=True)
class Nat:
    """What was found out. `mapped` is this machine as a server outside saw it."""

    server: str
    mapped: Address
    mapping: Mapping
    filtering: Filtering


async def explore(local: str, own: Sequence[str], servers: Sequence[str]) -> Nat | None:
    """Asks the servers from one port of `local`; None when none answers. `own`: addresses of this machine.

    Raises OSError when there is no socket to ask by.
    """
    socket = await StunSocket.open(local)
    try:
        answers = await _ask_all(socket, servers)
        if not answers:
            return None
        name, server, first = answers[0]
        others = [answer for _, address, answer in answers[1:] if address != server]
        if first.other is not None and first.other[0] != server[0]:
            # Before anything is sent to the other address, which opens the way for it.
            filtering = await _filtering(socket, server)
            beyond = await socket.ask((first.other[0], server[1]), retries=1)
            others = [beyond] if beyond is not None else others
        else:
            filtering = Filtering.UNKNOWN
        return Nat(name, first.mapped, _mapping(own, first, others), filtering)
    finally:
        socket.close()


async def _ask_all(socket: StunSocket, servers: Sequence[str]) -> list[tuple[str, Address, StunAnswer]]:
    async def ask(name: str) -> tuple[str, Address, StunAnswer] | None:
        try:
            addresses = await resolve(*read_server(name))
        except (OSError, ValueError):
            return None
        fitting = [one for one in addresses if (":" in one[0]) == (":" in socket.local[0])]
        answer = await socket.ask(fitting[0], retries=1) if fitting else None
        return (name, fitting[0], answer) if answer is not None else None

    found = await asyncio.gather(*map(ask, servers))
    return [one for one in found if one is not None]


async def _filtering(socket: StunSocket, server: Address) -> Filtering:
    from_another, from_another_port = await asyncio.gather(
        socket.ask(server, change=CHANGE_ADDRESS | CHANGE_PORT, retries=1),
        socket.ask(server, change=CHANGE_PORT, retries=1),
    )
    if from_another is not None:
        return Filtering.OPEN
    return Filtering.BY_ADDRESS if from_another_port is not None else Filtering.BY_PORT


def _mapping(own: Sequence[str], first: StunAnswer, others: Sequence[StunAnswer]) -> Mapping:
    if first.mapped[0] in own:
        return Mapping.NONE
    if not others:
        return Mapping.UNKNOWN
    return Mapping.SAME if all(one.mapped == first.mapped for one in others) else Mapping.PER_PEER


def judge_nat(
    nat: Nat | None, announced: Sequence[str], own: Sequence[str], ports: str, *, outsiders: bool
) -> Finding:
    """`announced`: the addresses that clients are told; `outsiders`: people come from the internet."""
    if nat is None:
        return Finding(
            Topic.ADDRESSES,
            LOOKED_AT,
            State.SKIPPED,
            "No STUN server answered, so this network has no way out by UDP, or no name server.",
            "vtp doctor --stun HOST:PORT names another STUN server; --offline asks none.",
        )
    outer = nat.mapped[0]
    if nat.mapping is Mapping.NONE or outer in own:
        return Finding(
            Topic.ADDRESSES,
            LOOKED_AT,
            State.GOOD,
            f"The internet sees this machine as {outer}, its own address.",
        )
    kind = f"{nat.mapping.value}; {nat.filtering.value}"
    behind = f"A router translates addresses: the internet sees this machine as {outer} ({kind})"
    if kind_of(outer) is not AddressKind.PUBLIC:
        return _twice(behind, outsiders)
    if outer in announced:
        return Finding(Topic.ADDRESSES, LOOKED_AT, State.GOOD, f"{behind}, which is what clients are told.")
    return Finding(
        Topic.ADDRESSES,
        LOOKED_AT,
        State.WRONG if outsiders else State.NOTE,
        f"{behind}, but clients are not told of it: people elsewhere see and hear nothing.",
        f"Forward UDP {ports} in the router to this machine and set "
        f"VTP_MEDIA__ANNOUNCED_ADDRESSES={','.join([outer, *_inner(own)])}",
    )


def _inner(own: Sequence[str]) -> list[str]:
    usable = (AddressKind.PRIVATE, AddressKind.SHARED, AddressKind.PUBLIC)
    return [address for address in own if ":" not in address and kind_of(address) in usable][:1]


def _twice(behind: str, outsiders: bool) -> Finding:
    return Finding(
        Topic.ADDRESSES,
        LOOKED_AT,
        State.WRONG if outsiders else State.NOTE,
        f"{behind}, which is no public address either: a second router, or the provider's, stands behind it.",
        "Ask the provider for a public IPv4 address, or run a TURN server elsewhere and name it with "
        "VTP_MEDIA__TURN_URLS=turn:HOST:3478 and VTP_MEDIA__TURN_SECRET",
    )
