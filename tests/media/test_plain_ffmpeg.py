"""FFmpeg sends plain RTP into a room and plays what a room sends it, in processes of its own.

The pictures are FFmpeg's test card: what comes out has its size, and sound comes out beside it.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.api.sfu.material import Service, service_token
from tests.serving import serving
from vtp.settings import PlainSettings, SfuSettings

LIMIT_S = 60
WIDTH, HEIGHT = 320, 240
SUITE = "AES_CM_128_HMAC_SHA1_80"
SOURCES = ["-re", "-f", "lavfi", "-i", f"testsrc=size={WIDTH}x{HEIGHT}:rate=15", "-re", "-f", "lavfi"]
SOUND = ["-i", "sine=frequency=440:sample_rate=48000"]
ENCODERS = {
    "VP8": ["libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "15"],
    "H264": ["libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline", "-g", "15"],
}
H264 = {"packetization-mode": 1, "profile-level-id": "42e01f", "level-asymmetry-allowed": 1}


def video(codec: str) -> dict[str, Any]:
    told = {"mimeType": f"video/{codec}", "payloadType": 96, "clockRate": 90000}
    return {"codecs": [told | ({"parameters": H264} if codec == "H264" else {})], "rtcp": {"cname": "card"}}


AUDIO = {
    "codecs": [{"mimeType": "audio/opus", "payloadType": 97, "clockRate": 48000, "channels": 2}],
    "rtcp": {"cname": "card"},
}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """A program that calls a server which gives out ports for plain RTP, on loopback."""
    plain = PlainSettings(ports="21000-29999", allow_private_addresses=True)
    async with serving(tmp_path / "data", sfu=SfuSettings(enabled=True), plain=plain) as api:
        yield Service(api, service_token(api))


@asynccontextmanager
async def ffmpeg(*arguments: str) -> AsyncIterator[Process]:
    command = ["-hide_banner", "-loglevel", "warning", "-nostdin", *arguments]
    process = await asyncio.create_subprocess_exec("ffmpeg", *command, stdout=PIPE, stderr=PIPE)
    errors = asyncio.create_task(process.stderr.read()) if process.stderr is not None else None
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if errors is not None:
            print((await errors).decode())


async def plain(service: Service, peer: str, direction: str, key: str = "", **more: Any) -> Any:
    if key:
        more |= {"enableSrtp": True, "srtpCryptoSuite": SUITE}
    return await service.post("/plain-transports", {"peerId": peer, "direction": direction, **more})


async def connect(service: Service, made: Any, key: str = "", **where: Any) -> Any:
    if key:
        where["srtpParameters"] = {"cryptoSuite": SUITE, "keyBase64": key}
    return await service.post(f"/plain-transports/{made['id']}/connect", where)


def output(made: Any, kind: list[str], payload_type: int, key: str) -> list[str]:
    """FFmpeg's words for sending one stream to a transport."""
    port = made["tuple"]["localPort"]
    url = f"{'srtp' if key else 'rtp'}://127.0.0.1:{port}?pkt_size=1200&rtcpport={port}"
    secret = ["-srtp_out_suite", SUITE, "-srtp_out_params", key] if key else []
    return [*kind, "-payload_type", str(payload_type), "-f", "rtp", *secret, url]


async def receive_card(service: Service, codec: str, key: str = "") -> tuple[list[str], list[str]]:
    """Has a peer `card` that will send; FFmpeg's arguments, and the producers' ids, picture first."""
    await service.join("card", role="teacher")
    arguments = [*SOURCES, *SOUND]
    made_of: list[str] = []
    for kind, parameters, encoder, number in (
        ("video", video(codec), ["-map", "0:v", "-pix_fmt", "yuv420p", "-c:v", *ENCODERS[codec]], 96),
        ("audio", AUDIO, ["-map", "1:a", "-c:a", "libopus", "-ac", "2"], 97),
    ):
        transport = await plain(service, "card", "send", key, comedia=True)
        if key:
            await connect(service, transport, key)
        body = {"peerId": "card", "transportId": transport["id"], "kind": kind, "rtpParameters": parameters}
        made_of.append((await service.post("/producers", body))["id"])
        arguments += output(transport, encoder, number, key)
    return arguments, made_of


def free_ports() -> list[int]:
    """Two even ports, each with the next one free too."""
    with ExitStack() as held:
        found: list[int] = []
        for port in range(31000 + os.getpid() % 500 * 2, 40000, 2):
            pair = [held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2)]
            try:
                for offset, one in enumerate(pair):
                    one.bind(("127.0.0.1", port + offset))
            except OSError:
                continue
            found.append(port)
            if len(found) == 2:
                break
        return found


async def show(service: Service, producers: list[str], folder: Path, key: str = "", mux: bool = False) -> str:
    """Has a peer `wall` that is sent them; the file that its player opens."""
    await service.join("wall")
    for producer, port in zip(producers, free_ports(), strict=True):
        transport = await plain(service, "wall", "recv", key, rtcpMux=mux)
        await connect(service, transport, key, ip="127.0.0.1", port=port)
        body = {"peerId": "wall", "transportId": transport["id"], "producerId": producer}
        await service.post("/consumers", body)
    path = folder / "wall.sdp"
    path.write_text(await service.get("/peers/wall/sdp"))
    return str(path)


def player(sdp: str) -> list[str]:
    return [
        *("-protocol_whitelist", "file,udp,rtp,srtp,crypto", "-sdp_flags", "rtcp_to_source", "-i", sdp),
        *("-map", "0:v", "-frames:v", "20", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"),
        *("-map", "0:a", "-t", "1", "-f", "null", "-"),
    ]


@pytest.mark.drawn(2)
@pytest.mark.parametrize(
    ("codec", "encrypted", "mux"),
    [("VP8", False, False), ("H264", False, False), ("VP8", True, False), ("H264", False, True)],
)
async def test_ffmpeg_sends_a_card_and_another_ffmpeg_plays_it(
    service: Service, tmp_path: Path, codec: str, encrypted: bool, mux: bool
) -> None:
    key = base64.b64encode(os.urandom(30)).decode() if encrypted else ""
    async with asyncio.timeout(LIMIT_S):
        sending, producers = await receive_card(service, codec, key)
        sdp = await show(service, producers, tmp_path, key, mux)
        print(Path(sdp).read_text())
        async with ffmpeg(*player(sdp)) as playing, ffmpeg(*sending):
            assert playing.stdout is not None
            pictures = await playing.stdout.read()
            assert await playing.wait() == 0
    assert len(pictures) == 20 * WIDTH * HEIGHT
    assert len(set(pictures[:WIDTH])) > 3, "the test card has bars of different brightness"
    (figures,) = await service.get(f"/producers/{producers[0]}/stats")
    assert (figures["frameWidth"], figures["frameHeight"]) == (WIDTH, HEIGHT)


@pytest.mark.long
async def test_encoder_that_is_started_again_is_played_on(service: Service, tmp_path: Path) -> None:
    """The second FFmpeg has other ports and SSRCs; the player goes on with the same ones of ours."""
    size = WIDTH * HEIGHT
    async with asyncio.timeout(LIMIT_S):
        sending, producers = await receive_card(service, "VP8")
        sdp = await show(service, producers, tmp_path)
        async with ffmpeg(*player(sdp)) as playing:
            assert playing.stdout is not None
            async with ffmpeg(*sending):
                await playing.stdout.readexactly(5 * size)
            async with ffmpeg(*sending):
                await playing.stdout.readexactly(15 * size)
    stats = await service.get(f"/producers/{producers[0]}/stats")
    assert stats[0]["keyFrameCount"] >= 2
