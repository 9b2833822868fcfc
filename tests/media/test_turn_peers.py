"""Whom the coturn of docs/operators.md relays to: vtp's address, and no other (OWASP ASVS 5.0, V17.1)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aioice import stun, turn

from tests.coturn import SECRET, Coturn, running_coturn
from vtp.doctor.relay import time_limited_credentials

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operators.md"
FORBIDDEN, OTHER_FAMILY = 403, 443


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    lines = re.findall(
        r"^((?:denied-peer-ip|allowed-peer-ip)=\S+|no-multicast-peers)$", PAGE.read_text(), re.M
    )
    assert len(lines) == 4
    options = [f"--{line}" for line in lines]
    with running_coturn(tmp_path_factory.mktemp("coturn"), options=options) as running:
        yield running


async def bind(coturn: Coturn, peer: str) -> int:
    """The error code of asking for a channel to this peer; 0: it was given."""
    user, password = time_limited_credentials(SECRET, time.time())
    transport, _ = await turn.create_turn_endpoint(
        asyncio.DatagramProtocol, (coturn.address, coturn.port), username=user, password=password, lifetime=60
    )
    inner = vars(transport)["_TurnTransport__inner_protocol"]
    try:
        await inner.channel_bind(0x4000, (peer, 40000))
    except stun.TransactionFailed as error:
        return error.response.error_code or -1
    finally:
        transport.close()
    return 0


async def test_the_documented_relay_relays_to_vtp(coturn: Coturn) -> None:
    assert await bind(coturn, "203.0.113.7") == 0


@pytest.mark.parametrize(
    "peer",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "198.51.100.7", "::1", "fe80::1", "fd00::1", "2001:db8::1"),
    ],
)
async def test_the_documented_relay_relays_to_nobody_else(coturn: Coturn, peer: str) -> None:
    assert await bind(coturn, peer) in (FORBIDDEN, OTHER_FAMILY)
