"""Transports of plain RTP by `/sfu`: what is given out, what is refused, and what a player's file says."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.api.sfu.material import AUDIO, Service, peers_of, service_token, state
from tests.api.socket_clients import VIDEO
from tests.serving import serving
from vtp.settings import PlainSettings, SfuSettings

KEY = base64.b64encode(bytes(range(30))).decode()
PORTS = "28000-28999"


@asynccontextmanager
async def program(folder: Path, **plain: Any) -> AsyncIterator[Service]:
    async with serving(folder, sfu=SfuSettings(enabled=True), plain=PlainSettings(**plain)) as api:
        service = Service(api, service_token(api))
        await service.join("one", role="teacher")
        yield service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with program(tmp_path, ports=PORTS) as running:
        yield running


async def make(service: Service, direction: str = "recv", **more: Any) -> Any:
    return await service.post("/plain-transports", {"peerId": "one", "direction": direction, **more})


async def refused(service: Service, path: str, body: Any, status: int, code: str) -> None:
    before = state(service.api)
    answer = await service.call("POST", f"/rooms/{service.room}{path}", body)
    assert (answer.status, answer.body["code"]) == (status, code), answer
    assert state(service.api) == before


async def test_transport_has_one_port_or_an_even_one_and_the_next(service: Service) -> None:
    one, two = await make(service), await make(service, rtcpMux=False)
    assert "rtcpTuple" not in one and "srtpParameters" not in one
    assert 28000 <= one["tuple"]["localPort"] <= 28999 and one["tuple"]["localIp"] == "127.0.0.1"
    assert two["tuple"]["localPort"] % 2 == 0
    assert two["rtcpTuple"]["localPort"] == two["tuple"]["localPort"] + 1


async def test_port_is_free_again_when_its_transport_is_closed(service: Service) -> None:
    made = await make(service)
    await service.post(f"/transports/{made['id']}/close")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as another:
        another.bind(("127.0.0.1", made["tuple"]["localPort"]))


async def test_without_a_free_port_it_is_503_and_one_that_was_closed_serves_again(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with program(tmp_path, ports=f"{port}-{port}") as service:
            body = {"peerId": "one", "direction": "recv"}
            await refused(service, "/plain-transports", body, 503, "no_plain_ports")
            taken.close()
            made = await make(service)
            await refused(service, "/plain-transports", body, 503, "no_plain_ports")
            await service.post(f"/transports/{made['id']}/close")
            assert (await make(service))["tuple"]["localPort"] == port


async def test_server_without_ports_says_what_to_set(tmp_path: Path) -> None:
    async with program(tmp_path) as service:
        body = {"peerId": "one", "direction": "send"}
        await refused(service, "/plain-transports", body, 503, "no_plain_ports")


FAULTY_PEERS: list[tuple[Any, int, str]] = [
    ({"ip": "127.0.0.1", "port": 5004}, 403, "private_address"),
    ({"ip": "10.1.2.3", "port": 5004}, 403, "private_address"),
    ({"ip": "169.254.169.254", "port": 80}, 403, "private_address"),
    ({"ip": "224.0.0.1", "port": 5004}, 422, "faulty_address"),
    ({"ip": "encoder.example", "port": 5004}, 422, "faulty_address"),
    ({"ip": "8.8.8.8"}, 422, "faulty_parameters"),
    ({}, 409, "cannot_connect"),
    ({"ip": "2606:4700::1", "port": 5004}, 409, "cannot_connect"),
    ({"ip": "8.8.8.8", "port": 5004, "rtcpPort": 5005}, 409, "cannot_connect"),
    (
        {
            "ip": "8.8.8.8",
            "port": 5004,
            "srtpParameters": {"cryptoSuite": "AES_CM_128_HMAC_SHA1_80", "keyBase64": KEY},
        },
        409,
        "cannot_connect",
    ),
]


async def test_peer_that_cannot_be_sent_to_is_refused(service: Service) -> None:
    made = await make(service)
    for where, status, code in FAULTY_PEERS:
        await refused(service, f"/plain-transports/{made['id']}/connect", where, status, code)


FAULTY_KEYS: list[tuple[tuple[str, str] | None, int, str]] = [
    (None, 409, "cannot_connect"),
    (("AES_CM_128_HMAC_SHA1_80", "short"), 422, "faulty_key"),
    (("AES_CM_128_HMAC_SHA1_80", base64.b64encode(bytes(28)).decode()), 422, "faulty_key"),
    (("AEAD_AES_128_GCM", base64.b64encode(bytes(28)).decode()), 409, "cannot_connect"),
]


async def test_key_that_cannot_be_is_refused(service: Service) -> None:
    made = await make(service, enableSrtp=True)
    ours = (made["srtpParameters"]["cryptoSuite"], made["srtpParameters"]["keyBase64"])
    for key, status, code in [*FAULTY_KEYS, (ours, 409, "cannot_connect")]:
        where: dict[str, Any] = {"ip": "8.8.8.8", "port": 5004}
        if key is not None:
            where["srtpParameters"] = {"cryptoSuite": key[0], "keyBase64": key[1]}
        await refused(service, f"/plain-transports/{made['id']}/connect", where, status, code)


async def test_key_is_given_once_and_the_address_again(service: Service) -> None:
    made = await make(service, enableSrtp=True, srtpCryptoSuite="AEAD_AES_128_GCM")
    path = f"/plain-transports/{made['id']}/connect"

    def where(port: int, key: bytes) -> Any:
        parameters = {"cryptoSuite": "AEAD_AES_128_GCM", "keyBase64": base64.b64encode(key).decode()}
        return {"ip": "8.8.8.8", "port": port, "srtpParameters": parameters}

    key = os.urandom(28)
    await service.post(path, where(5004, key))
    assert (await service.post(path, where(5006, key)))["tuple"]["remotePort"] == 5006
    await refused(service, path, where(5008, os.urandom(28)), 409, "cannot_connect")


async def test_kinds_of_transports_do_not_take_each_others_calls(service: Service) -> None:
    plain, webrtc = await make(service), await service.transport("one", "recv")
    await refused(service, f"/transports/{plain['id']}/restart-ice", {}, 409, "wrong_transport")
    where = {"ip": "8.8.8.8", "port": 5004}
    await refused(service, f"/plain-transports/{webrtc['id']}/connect", where, 409, "wrong_transport")
    assert (await service.get(f"/transports/{plain['id']}/stats"))[0]["type"] == "plain-rtp-transport"


@pytest.mark.parametrize("encrypted", [False, True])
async def test_listener_is_not_learnt(service: Service, encrypted: bool) -> None:
    body = {"peerId": "one", "direction": "recv", "comedia": True, "enableSrtp": encrypted}
    await refused(service, "/plain-transports", body, 422, "comedia_for_receiver")


async def test_file_of_a_player_has_its_ports_codecs_and_key(service: Service) -> None:
    sending, receiving = await make(service, "send", comedia=True), await make(service, enableSrtp=True)
    answer = await service.call("GET", f"/rooms/{service.room}/peers/one/sdp")
    assert (answer.status, answer.body["code"]) == (409, "nothing_to_play")
    producer = await service.post(
        "/producers", {"peerId": "one", "transportId": sending["id"], "kind": "audio", "rtpParameters": AUDIO}
    )
    key = {"cryptoSuite": "AES_CM_128_HMAC_SHA1_80", "keyBase64": KEY}
    where = {"ip": "8.8.8.8", "port": 5004, "srtpParameters": key}
    await service.post(f"/plain-transports/{receiving['id']}/connect", where)
    wanted = {"peerId": "one", "transportId": receiving["id"], "producerId": producer["id"]}
    consumer = await service.post("/consumers", wanted)
    assert consumer["rtpParameters"]["headerExtensions"] == []
    number = consumer["rtpParameters"]["codecs"][0]["payloadType"]
    lines = (await service.get("/peers/one/sdp")).split("\r\n")
    assert f"m=audio 5004 RTP/SAVPF {number}" in lines and "c=IN IP4 8.8.8.8" in lines
    assert f"a=rtpmap:{number} opus/48000/2" in lines and "a=rtcp-mux" in lines
    ours = receiving["srtpParameters"]["keyBase64"]
    assert f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{ours}" in lines


async def test_program_shows_both_streams_of_an_encoder_until_the_last_transport_ends(
    service: Service,
) -> None:
    made = {}
    for kind, parameters in (("audio", AUDIO), ("video", VIDEO)):
        made[kind] = (await make(service, "send", comedia=True))["id"]
        body = {"peerId": "one", "transportId": made[kind], "kind": kind, "rtpParameters": parameters}
        await service.post("/producers", body)
    (live,) = service.api.server.services.live_rooms.rooms
    assert set(live.program.producers) == {"audio", "video"}
    await service.post(f"/transports/{made['audio']}/close")
    assert set(live.program.producers) == {"video"} and live.program.claim is not None
    await service.post(f"/transports/{made['video']}/close")
    assert not live.program.producers and live.program.claim is None


async def test_all_ports_are_free_when_the_peer_has_left(service: Service) -> None:
    made = [await make(service, rtcpMux=False) for _ in range(4)]
    await service.post("/peers/one/leave")
    assert len(peers_of(service.api)) == 0
    for one in made:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as another:
            another.bind(("127.0.0.1", one["rtcpTuple"]["localPort"]))
