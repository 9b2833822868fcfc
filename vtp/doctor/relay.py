"""Ways around a network that blocks UDP: TCP to the media port, and a TURN server that relays."""

from __future__ import annotations

import asyncio
import base64
import hmac
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aioice import stun, turn

from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.names import read_server, resolve
from vtp.doctor.probes import one_line
from vtp.media.addresses import AddressKind, kind_of
from vtp.media.ice import Address

CREDENTIAL_S = 300
ALLOCATION_S = 60
TURNS_PORT = 5349
LIMIT_S = 4.0


def time_limited_credentials(secret: str, now_s: float) -> tuple[str, str]:
    """User name and password that coturn's `use-auth-secret` takes (draft-uberti-behave-turn-rest-00)."""
    user = f"{int(now_s) + CREDENTIAL_S}:vtp-doctor"
    digest = hmac.digest(secret.encode(), user.encode(), "sha1")
    return user, base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class RelayTried:
    """What came of asking one TURN server for an allocation."""

    url: str
    relayed: Address | None = None
    refused: int = 0
    failure: str = ""


async def try_relay(url: str, secret: str, clock: Callable[[], float] = time.time) -> RelayTried:
    """A real allocation, ended at once; without `secret` only whether the server asks for credentials."""
    user, password = time_limited_credentials(secret, clock()) if secret else (None, None)
    tls = url.startswith("turns:")
    by_tcp = tls or "transport=tcp" in url
    try:
        host, port = read_server(url, TURNS_PORT if tls else 3478)
        address = (await resolve(host, port, socket.SOCK_STREAM if by_tcp else socket.SOCK_DGRAM))[0]
        async with asyncio.timeout(LIMIT_S):
            transport, _ = await turn.create_turn_endpoint(
                asyncio.DatagramProtocol,
                (host, port) if tls else address,
                username=user,
                password=password,
                lifetime=ALLOCATION_S,
                ssl=tls,
                transport="tcp" if by_tcp else "udp",
            )
    except stun.TransactionFailed as error:
        return RelayTried(url, refused=error.response.error_code or 0, failure=str(error))
    except TimeoutError:
        return RelayTried(url, failure="it does not answer")
    except (OSError, ValueError, stun.TransactionError) as error:
        return RelayTried(url, failure=one_line(error))
    relayed = transport.get_extra_info("sockname")
    transport.close()
    return RelayTried(url, (str(relayed[0]), int(relayed[1])))


def judge_relay(tried: RelayTried, *, has_secret: bool) -> Finding:
    """One TURN server."""
    shown = f"TURN server {tried.url}"
    if tried.relayed is not None:
        if kind_of(tried.relayed[0]) is AddressKind.PUBLIC:
            return Finding(
                Topic.RELAY, shown, State.GOOD, f"It gave a relay at {tried.relayed[0]}, and took it back."
            )
        return Finding(
            Topic.RELAY,
            shown,
            State.NOTE,
            f"It gave a relay, but at {tried.relayed[0]}, which is no public address: it helps in this "
            f"network only.",
            "Set external-ip in /etc/turnserver.conf to its public address",
        )
    if tried.refused == 401 and not has_secret:
        return Finding(
            Topic.RELAY,
            shown,
            State.SKIPPED,
            "It answers and asks for a password; no relay was tried, because the secret that it shares is "
            "not known here.",
            "vtp doctor --turn-secret-file FILE (coturn's static-auth-secret)",
        )
    if tried.refused in (401, 403):
        return Finding(
            Topic.RELAY,
            shown,
            State.WRONG,
            "It refuses credentials made from the shared secret.",
            "Write use-auth-secret, realm and the same static-auth-secret in /etc/turnserver.conf, and "
            "restart coturn",
        )
    return Finding(
        Topic.RELAY,
        shown,
        State.WRONG,
        f"It gives no relay ({tried.failure}): people whose network blocks the media port cannot take part.",
        "Start it, open its port, or correct VTP_MEDIA__TURN_URLS",
    )


def judge_no_relay() -> Finding:
    """No TURN server is named."""
    return Finding(
        Topic.RELAY,
        "TURN server",
        State.NOTE,
        "None is named: people in networks that block the media port (some schools and offices) cannot take "
        "part.",
        "apt-get install coturn on a machine with a public address, then "
        "VTP_MEDIA__TURN_URLS=turn:HOST:3478 and VTP_MEDIA__TURN_SECRET",
    )


async def try_tcp(doors: Sequence[Address]) -> dict[Address, bool]:
    """Whether a TCP connection to each candidate is taken."""

    async def connects(address: Address) -> bool:
        try:
            async with asyncio.timeout(LIMIT_S):
                _, writer = await asyncio.open_connection(*address)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    return dict(zip(doors, await asyncio.gather(*map(connects, doors)), strict=True))


def judge_tcp(tried: dict[Address, bool]) -> Finding:
    """ICE over TCP, by the candidates that clients are told."""
    if not tried:
        return Finding(
            Topic.RELAY,
            "Media over TCP",
            State.NOTE,
            "This server offers none, so where UDP is blocked only a TURN server helps.",
        )
    shown = "Media over TCP to " + ", ".join(f"{host}:{port}" for host, port in tried)
    if any(tried.values()):
        return Finding(Topic.RELAY, shown, State.GOOD, "Who has no UDP can take part by TCP.")
    port = next(iter(tried))[1]
    return Finding(
        Topic.RELAY,
        shown,
        State.WRONG,
        "Clients are told of it and no connection is taken.",
        f"Open TCP {port} in the firewall and forward it in the router",
    )
