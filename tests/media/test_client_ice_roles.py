"""The client's ICE role towards a full peer (RFC 8445): who offers nominates, who answers is nominated to."""

import asyncio
import secrets
import socket
from collections.abc import Iterator

import pytest

from vtp._rtp_fast import parse_stun, write_stun_request, write_stun_success
from vtp.bench import _client
from vtp.bench.client_dtls import Role
from vtp.bench.client_sdp import IceCredentials
from vtp.bench.driver import ClientDriver, Remote

PEER, OURS = IceCredentials("peer", "p" * 24), IceCredentials("ours", "o" * 24)
Address = tuple[str, int]


class FullPeer:
    """Sockets of a full ICE agent, driven by hand."""

    def __init__(self, count: int) -> None:
        self.sockets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(count)]
        for one in self.sockets:
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)

    @property
    def candidates(self) -> list[Address]:
        return [one.getsockname() for one in self.sockets]

    async def receive(self, index: int = 0) -> tuple[bytes, Address]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5):
            data, address = await loop.sock_recvfrom(self.sockets[index], 2000)
        return data, address

    def answer(self, check: bytes, to: Address, index: int = 0) -> None:
        success = write_stun_success(check, socket.inet_aton(to[0]), to[1], PEER.password.encode())
        self.sockets[index].sendto(success, to)

    def nominate(self, to: Address, index: int = 0) -> None:
        check = write_stun_request(
            secrets.token_bytes(12), b"ours:peer", OURS.password.encode(), use_candidate=True
        )
        self.sockets[index].sendto(check, to)

    def close(self) -> None:
        for one in self.sockets:
            one.close()


@pytest.fixture
def peer() -> Iterator[FullPeer]:
    made = FullPeer(2)
    yield made
    made.close()


def remote(candidates: list[Address], *, controlling: bool) -> Remote:
    return Remote(candidates, PEER, [], Role.CLIENT, controlling=controlling)


async def test_who_offered_controls_and_nominates_with_each_check(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        driver.add_client(remote(peer.candidates[:1], controlling=True), OURS)
        check = parse_stun((await peer.receive())[0])
    assert check["use_candidate"] and check["controlling"] and not check["controlled"]


async def test_who_answered_is_controlled_and_nominates_nothing(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        driver.add_client(remote(peer.candidates[:1], controlling=False), OURS)
        check = parse_stun((await peer.receive())[0])
    assert check["controlled"] and not check["controlling"] and not check["use_candidate"]


async def test_a_controlled_client_moves_to_the_candidate_that_is_nominated(peer: FullPeer) -> None:
    connected = asyncio.Event()
    async with ClientDriver() as driver:
        client = driver.add_client(
            remote(peer.candidates, controlling=False),
            OURS,
            on_event=lambda kind, _: connected.set() if kind == _client.EVENT_CONNECTED else None,
        )
        check, ours = await peer.receive(0)
        peer.answer(check, ours, 0)
        async with asyncio.timeout(5):
            await connected.wait()
        peer.nominate(ours, 1)
        await peer.receive(1)  # the first check
        while parse_stun((await peer.receive(1))[0])["type"] == 1:
            pass  # until our nomination is answered
        driver.engine.send_dtls(client, b"\x16 to whom it concerns")
        assert (await peer.receive(1))[0].startswith(b"\x16")
