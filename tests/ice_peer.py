"""Sockets of a full ICE agent on loopback, driven by hand."""

import asyncio
import secrets
import socket

from vtp._rtp_fast import parse_stun, write_stun_error, write_stun_request, write_stun_success
from vtp.bench.client_sdp import IceCredentials

PEER, OURS = IceCredentials("peer", "p" * 24), IceCredentials("ours", "o" * 24)
Address = tuple[str, int]
REQUEST, SUCCESS = 0x0001, 0x0101


class FullPeer:
    """`index` says which of its sockets, that is candidates, is meant."""

    def __init__(self, count: int) -> None:
        self.sockets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(count)]
        for one in self.sockets:
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)

    @property
    def candidates(self) -> list[Address]:
        return [one.getsockname() for one in self.sockets]

    async def receive(self, index: int = 0) -> tuple[bytes, Address]:
        async with asyncio.timeout(20):
            return await asyncio.get_running_loop().sock_recvfrom(self.sockets[index], 2000)

    async def receive_check(self, index: int = 0) -> tuple[bytes, Address]:
        """The next check; answers are passed over."""
        while True:
            data, address = await self.receive(index)
            if parse_stun(data)["type"] == REQUEST:
                return data, address

    async def receive_success(self, index: int = 0) -> bytes:
        """The transaction of the next success; checks are passed over."""
        while True:
            message = parse_stun((await self.receive(index))[0])
            if message["type"] == SUCCESS:
                return message["transaction"]

    def check(
        self,
        to: Address,
        index: int = 0,
        *,
        password: str = OURS.password,
        controlling: bool = False,
        tie_breaker: int = 0,
        nominate: bool = False,
    ) -> bytes:
        """Sends a check; its transaction."""
        transaction = secrets.token_bytes(12)
        check = write_stun_request(
            transaction,
            b"ours:peer",
            password.encode(),
            controlling=controlling or nominate,
            tie_breaker=tie_breaker,
            use_candidate=nominate,
        )
        self.sockets[index].sendto(check, to)
        return transaction

    def answer(self, check: bytes, to: Address, index: int = 0) -> None:
        success = write_stun_success(check, socket.inet_aton(to[0]), to[1], PEER.password.encode())
        self.sockets[index].sendto(success, to)

    def refuse(self, check: bytes, to: Address) -> None:
        """Says that both of us have the same role."""
        self.sockets[0].sendto(write_stun_error(check, 487, PEER.password.encode()), to)

    def close(self) -> None:
        for one in self.sockets:
            one.close()
