"""Whether the media port answers at the addresses that clients are told: real connectivity checks to oneself.

With a running server its own transport answers (the check of a browser, authenticated both ways). Without one
the port is bound here for a moment and hears a nonce.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
from collections.abc import Sequence
from dataclasses import dataclass

from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.stun import StunSocket
from vtp.local_routes import has_route
from vtp.media.addresses import AddressKind, kind_of
from vtp.media.ice import Address

NONCE_TRIES = 3
NONCE_WAIT_S = 0.7


@dataclass(frozen=True, slots=True)
class Door:
    """One address that clients are told, and the credentials of a transport behind it."""

    address: Address
    ufrag: str = ""
    password: str = ""


class Reach(enum.Enum):
    """What came of a check."""

    ANSWERED = "answered"
    SILENT = "silent"
    NO_ROUTE = "no route"


@dataclass(frozen=True, slots=True)
class Tried:
    """A door and what came of knocking."""

    address: Address
    reach: Reach
    rtt_ms: float = 0.0


async def knock(doors: Sequence[Door], retries: int = 2) -> list[Tried]:
    """Sends each door a connectivity check; all at once."""
    return list(await asyncio.gather(*(_knock(door, retries) for door in doors)))


async def _knock(door: Door, retries: int) -> Tried:
    if not has_route(door.address):
        return Tried(door.address, Reach.NO_ROUTE)
    asking = await StunSocket.open("::" if ":" in door.address[0] else "0.0.0.0")
    try:
        answer = await asking.ask(door.address, check=(door.ufrag, door.password), retries=retries)
    finally:
        asking.close()
    if answer is None:
        return Tried(door.address, Reach.SILENT)
    return Tried(door.address, Reach.ANSWERED, answer.rtt_ms)


class _Ear(asyncio.DatagramProtocol):
    """Hears nonces; `heard` is shared by all ears."""

    def __init__(self, heard: dict[bytes, asyncio.Event]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Called by the loop."""
        if data in self._heard:
            self._heard[data].set()


async def try_without_server(bound: Sequence[str], port: int, announced: Sequence[str]) -> list[Tried]:
    """Binds the media port on the addresses that the server would, and sends to those that clients are told.

    Raises OSError when the port cannot be bound.
    """
    loop = asyncio.get_running_loop()
    heard: dict[bytes, asyncio.Event] = {}
    ears: list[asyncio.DatagramTransport] = []
    try:
        for address in bound:
            ears.append((await loop.create_datagram_endpoint(lambda: _Ear(heard), (address, port)))[0])
        return list(await asyncio.gather(*(_send_nonce((one, port), heard) for one in announced)))
    finally:
        for ear in ears:
            ear.close()


async def _send_nonce(to: Address, heard: dict[bytes, asyncio.Event]) -> Tried:
    if not has_route(to):
        return Tried(to, Reach.NO_ROUTE)
    nonce = os.urandom(16)
    event = heard[nonce] = asyncio.Event()
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    local = "::" if ":" in to[0] else "0.0.0.0"
    sender, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (local, 0))
    try:
        for _ in range(NONCE_TRIES):
            sender.sendto(nonce, to)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NONCE_WAIT_S):
                    await event.wait()
                    return Tried(to, Reach.ANSWERED, 1000 * (loop.time() - begun_s))
        return Tried(to, Reach.SILENT)
    finally:
        sender.close()


def judge_reach(tried: Tried, *, own: Sequence[str], mapped: str, from_here: bool = True) -> Finding:
    """One address. `own`: this machine's; `mapped`: as the internet sees it ("" when that is not known).

    `from_here`: tried on the server's machine; else from elsewhere, by `--server`.
    """
    host, port = tried.address
    shown = f"UDP {port} at {host}"
    if tried.reach is Reach.ANSWERED:
        more = "" if not from_here or host not in own else _inside_only(host)
        return Finding(
            Topic.MEDIA,
            shown,
            State.GOOD,
            f"The media port answered there within {tried.rtt_ms:.0f} ms.{more}",
        )
    if not from_here:
        return _silent_from_elsewhere(shown, tried)
    if host in own:
        return Finding(
            Topic.MEDIA,
            shown,
            State.WRONG,
            "The media port does not answer at this machine's own address: a firewall on this machine drops "
            "it, or "
            "the server hangs.",
            f"nft list ruleset (or iptables -S, ufw status) shows the firewall; allow it with: ufw allow "
            f"{port}/udp",
        )
    if host == mapped:
        return Finding(
            Topic.MEDIA,
            shown,
            State.NOTE,
            "This is the address by which the internet sees this network, and it does not answer from "
            "within: many "
            "routers do not lead back inside, so this cannot be told from here.",
            "Run from another network: vtp doctor --server https://<this server>, or open its page /check "
            "there",
        )
    why = f"the internet sees this network as {mapped}" if mapped else "nothing answers there"
    return Finding(
        Topic.MEDIA,
        shown,
        State.WRONG,
        f"Clients are told this address, but {why}: whoever tries it sees and hears nothing.",
        _cure_of_announced(mapped, port),
    )


def _inside_only(host: str) -> str:
    inside = kind_of(host) is not AddressKind.PUBLIC
    return (
        ""
        if inside
        else " That was tried from this machine; a firewall before it shows from elsewhere only (/check)."
    )


def _silent_from_elsewhere(shown: str, tried: Tried) -> Finding:
    port = tried.address[1]
    kind = kind_of(tried.address[0])
    if kind is not AddressKind.PUBLIC:
        return Finding(
            Topic.MEDIA,
            shown,
            State.NOTE,
            "This address does not answer from here, as is natural for one of an inner network.",
        )
    return Finding(
        Topic.MEDIA,
        shown,
        State.WRONG,
        "The server tells clients to send there, and nothing comes back: people see and hear nothing.",
        f"Open UDP {port} in the server's firewall and in the cloud's, and forward it in the router",
    )


def _cure_of_announced(mapped: str, port: int) -> str:
    if mapped:
        return f"Set VTP_MEDIA__ANNOUNCED_ADDRESSES={mapped} and forward UDP {port} in the router"
    return (
        f"Correct VTP_MEDIA__ANNOUNCED_ADDRESSES, or forward UDP {port} from that address to this machine; "
        f"if its router "
        "does not lead back inside, run vtp doctor --server from another network instead"
    )


def judge_all_from_elsewhere(tried: Sequence[Tried]) -> list[Finding]:
    """The whole of what was tried by `--server`: wrong when no address at all answers."""
    if tried and not any(one.reach is Reach.ANSWERED for one in tried):
        port = tried[0].address[1]
        return [
            Finding(
                Topic.MEDIA,
                "Sound and pictures from here",
                State.WRONG,
                "The server's page opens from here, but its media port answers at none of its addresses: a "
                "class would "
                "stay silent and dark.",
                f"Open UDP {port} towards the server, and see there: vtp doctor",
            )
        ]
    return []
