"""A socket that asks STUN servers, and our own media port, and waits for their answers (RFC 8489)."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any, Self, cast

from aioice import stun

from vtp.media.ice import Address

CHANGE_ADDRESS, CHANGE_PORT = 4, 2  # RFC 5780 section 7.2


@dataclass(frozen=True, slots=True)
class StunAnswer:
    """What a server says: as whom it saw us, where its other address is (RFC 5780), and how long it took."""

    mapped: Address
    other: Address | None
    rtt_ms: float


class StunSocket(asyncio.DatagramProtocol):
    """One UDP socket; all that is asked through it leaves from the same local port."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[bytes, stun.Transaction] = {}
        self.local: Address = ("", 0)

    @classmethod
    async def open(cls, local: str) -> Self:
        """A socket on this local address and a free port. Raises OSError."""
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in local else socket.AF_INET
        transport, protocol = await loop.create_datagram_endpoint(cls, local_addr=(local, 0), family=family)
        host, port = transport.get_extra_info("sockname")[:2]
        protocol.local = (str(host), int(port))
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Called by the loop: an answer to one of our questions, or something that is dropped."""
        try:
            message = stun.parse_message(data)
        except ValueError:
            return
        transaction = self._waiting.get(message.transaction_id)
        if transaction is not None:
            transaction.response_received(message, (addr[0], addr[1]))

    def send_stun(self, message: stun.Message, addr: Address) -> None:
        """Called by the transaction, for each try."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(bytes(message), addr)

    async def ask(
        self, server: Address, *, change: int = 0, check: tuple[str, str] | None = None, retries: int = 2
    ) -> StunAnswer | None:
        """One binding request; None when nothing comes back.

        `change` asks the server to answer from its other address or port. `check` is the user fragment and
        password of an ICE side: the request is a connectivity check, and only its authentic answer counts.
        """
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        if change:
            request.attributes["CHANGE-REQUEST"] = change
        key: bytes | None = None
        if check is not None:
            key = check[1].encode()
            request.attributes["USERNAME"] = f"{check[0]}:doctor"
            request.attributes["PRIORITY"] = 1
            request.attributes["ICE-CONTROLLING"] = 1
            request.add_message_integrity(key)
        transaction = stun.Transaction(request, server, self, retransmissions=retries, integrity_key=key)
        self._waiting[request.transaction_id] = transaction
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        try:
            message, _ = await transaction.run()
        except (stun.TransactionError, OSError):
            return None
        finally:
            del self._waiting[request.transaction_id]
        return _answer(message, 1000 * (loop.time() - begun_s))

    def close(self) -> None:
        """Ends it."""
        if self._transport is not None:
            self._transport.close()


def _answer(message: stun.Message, rtt_ms: float) -> StunAnswer | None:
    said = message.attributes
    mapped = said.get("XOR-MAPPED-ADDRESS") or said.get("MAPPED-ADDRESS")
    other = said.get("OTHER-ADDRESS") or said.get("CHANGED-ADDRESS")
    return StunAnswer(mapped, other, rtt_ms) if mapped is not None else None
