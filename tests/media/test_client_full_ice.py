"""The compiled client and aiortc, a full ICE peer: whoever offers, in both DTLS roles, media flows."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription

from tests.client_pair import free_addresses
from tests.ice_peer import OURS, Address
from vtp.bench.client_answer import write_answer
from vtp.bench.client_dtls import Role
from vtp.bench.client_sdp import Answer, OfferedCodec, OfferedMedia, parse_answer, write_offer
from vtp.bench.driver import ClientDriver, Remote


@pytest.fixture
async def peer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RTCPeerConnection]:
    """Sends silence in Opus, on loopback, which aioice leaves out otherwise."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: ["127.0.0.1"])
    connection = RTCPeerConnection()
    connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
    yield connection
    await connection.close()


def with_candidate(description: str, address: Address) -> str:
    candidate = f"a=candidate:1 1 udp 2130706431 {address[0]} {address[1]} typ host"
    return f"{description}{candidate}\r\na=end-of-candidates\r\n"


def add(
    driver: ClientDriver, found: Answer, bind: Address, *, controlling: bool, role: Role
) -> tuple[int, Remote]:
    remote = Remote(found.candidates, found.ice, found.fingerprints, role, controlling=controlling)
    client = driver.add_client(remote, OURS, bind=bind)
    (line,) = found.media
    driver.engine.add_incoming(
        client,
        kind="audio",
        ssrc=line.ssrc,
        rtx_ssrc=0,
        payloads=[(c.payload_type, c.number, c.clock_rate, -1) for c in line.codecs],
        nack=False,
    )
    return client, remote


async def receives(driver: ClientDriver, client: int, packets: int = 10) -> None:
    async with asyncio.timeout(40):
        while driver.engine.stats(client)["incoming"][0]["packets"] < packets:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("trickled", [False, True], ids=["candidates in the offer", "candidates later"])
async def test_media_of_a_peer_that_offers(peer: RTCPeerConnection, role: Role, trickled: bool) -> None:
    (ours,) = free_addresses(1)
    async with ClientDriver() as driver:
        await peer.setLocalDescription(await peer.createOffer())
        offer = parse_answer(peer.localDescription.sdp)
        answer = write_answer(peer.localDescription.sdp, OURS, driver.identity.fingerprint, role=role)
        first = dataclasses.replace(offer, candidates=[] if trickled else offer.candidates)
        client, remote = add(driver, first, ours, controlling=False, role=role)
        await peer.setRemoteDescription(RTCSessionDescription(with_candidate(answer, ours), "answer"))
        for candidate in offer.candidates if trickled else []:
            driver.add_candidate(client, *candidate)
        await driver.connect(client, remote)
        await receives(driver, client)


@pytest.mark.parametrize("peers_setup", ["active", "passive"])
async def test_media_of_a_peer_that_answers(peer: RTCPeerConnection, peers_setup: str) -> None:
    (ours,) = free_addresses(1)
    opus = OfferedCodec("opus", 111, 48_000, "minptime=10;useinbandfec=1", channels=2)
    async with ClientDriver() as driver:
        offer = write_offer([OfferedMedia("audio", "0", [opus])], OURS, driver.identity.fingerprint, "us")
        setup = "passive" if peers_setup == "active" else "active"
        offer = with_candidate(offer.replace("a=setup:actpass", f"a=setup:{setup}"), ours)
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = parse_answer(peer.localDescription.sdp)
        assert answer.role is (Role.SERVER if peers_setup == "active" else Role.CLIENT)
        client, remote = add(driver, answer, ours, controlling=True, role=answer.role)
        await driver.connect(client, remote)
        await receives(driver, client)
