"""A sender and a receiver of the compiled client, connected over loopback or through a relay."""

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tests.free_ports import free_port
from vtp.bench.client_dtls import Identity, Role
from vtp.bench.client_sdp import CODEC_NUMBERS, IceCredentials
from vtp.bench.driver import ClientDriver, Remote


def free_addresses(count: int) -> list[tuple[str, int]]:
    """UDP addresses on loopback that nobody uses, nor is given by the kernel before they are used."""
    return [("127.0.0.1", free_port(socket.SOCK_DGRAM)) for _ in range(count)]


SENDER_ADDRESS, RECEIVER_ADDRESS = free_addresses(2)
SENDER_ICE = IceCredentials("sendufrag", "sendpasswordsendpassword")
RECEIVER_ICE = IceCredentials("recvufrag", "recvpasswordrecvpassword")
SSRC, RTX_SSRC = 0x11223344, 0x55667788
EXTENSIONS = {"mid": 1, "abs-send-time": 2, "transport-cc": 3, "abs-capture-time": 4}


@dataclass
class Pair:
    """A connected sender and receiver; one stream each, number 0."""

    driver: ClientDriver
    sender: int
    receiver: int
    events: list[tuple[int, Any]]

    def received(self) -> dict[str, Any]:
        incoming: dict[str, Any] = self.driver.engine.stats(self.receiver)["incoming"][0]
        return incoming

    def sent(self) -> dict[str, Any]:
        outgoing: dict[str, Any] = self.driver.engine.stats(self.sender)["outgoing"][0]
        return outgoing

    async def until(self, wanted: int, key: str = "frames", timeout_s: float = 5.0) -> dict[str, Any]:
        """Waits for a figure of the receiver; the figures then."""
        async with asyncio.timeout(timeout_s):
            while self.received()[key] < wanted:  # noqa: ASYNC110 - the engine has no event per frame
                await asyncio.sleep(0.01)
        return self.received()


@contextlib.asynccontextmanager
async def connected_pair(
    codec: str,
    *,
    profiles: tuple[str, ...] = (),
    via: tuple[tuple[str, int], tuple[str, int]] = (SENDER_ADDRESS, RECEIVER_ADDRESS),
    rtx: bool = True,
    ring_packets: int = 2048,
) -> AsyncIterator[Pair]:
    """Sender and receiver of one stream; `via` are the addresses they are reached at (a relay's maybe)."""
    events: list[tuple[int, Any]] = []
    kind = "audio" if codec == "opus" else "video"
    clock_rate = 48000 if kind == "audio" else 90000
    async with ClientDriver(Identity(profiles)) as driver:
        fingerprints = [driver.identity.fingerprint]
        to_receiver = Remote([via[1]], RECEIVER_ICE, fingerprints, Role.CLIENT)
        to_sender = Remote([via[0]], SENDER_ICE, fingerprints, Role.SERVER)
        sender = driver.add_client(
            to_receiver, SENDER_ICE, bind=SENDER_ADDRESS, on_event=lambda *event: events.append(event)
        )
        receiver = driver.add_client(to_sender, RECEIVER_ICE, bind=RECEIVER_ADDRESS)
        rtx_payload_type = 97 if rtx else -1
        driver.engine.add_outgoing(
            sender, kind=kind, ssrc=SSRC, rtx_ssrc=RTX_SSRC if rtx else 0, codec=CODEC_NUMBERS[codec],
            payload_type=96, rtx_payload_type=rtx_payload_type, clock_rate=clock_rate, mid="0",
            extensions=EXTENSIONS, ring_packets=ring_packets,
        )  # fmt: skip
        driver.engine.add_incoming(
            receiver, kind=kind, ssrc=SSRC, rtx_ssrc=RTX_SSRC if rtx else 0,
            payloads=[(96, CODEC_NUMBERS[codec], clock_rate, rtx_payload_type)], nack=kind == "video",
            transport_cc_extension=3, capture_extension=4,
        )  # fmt: skip
        await asyncio.gather(driver.connect(sender, to_receiver), driver.connect(receiver, to_sender))
        yield Pair(driver, sender, receiver, events)


_NO_START_CODE = bytes(max(3, value) for value in range(256))


def access_unit(codec: str, rng: random.Random, key: bool, size: int) -> bytes:
    """Bytes a packetizer takes for one frame of this codec; what is in them nobody decodes here."""
    body = rng.randbytes(size).translate(_NO_START_CODE)
    if codec == "h264":
        parameters = b"\0\0\0\1\x67\x42\xe0\x1f\x8c\x8d\x40\0\0\0\1\x68\xce\x3c\x80" if key else b""
        return parameters + b"\0\0\0\1" + (b"\x65" if key else b"\x41") + body
    if codec == "vp8":
        return (b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01" if key else b"\x11\x02\x00") + body
    if codec == "av1":
        sequence = b"\x0a\x0b\x00\x00\x00\x04\x3c\xff\xbc\xff\xe0\x00\x40" if key else b""
        return b"\x12\0" + sequence + b"\x32" + _leb128(size) + body
    return body


def _leb128(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


async def send_frames(
    pair: Pair, codec: str, count: int, *, start: int = 0, interval_ms: float = 4.0, size: int = 9000
) -> int:
    """Queues `count` frames 100 ms ahead, a key frame first when `start` is 0; the engine paces them."""
    rng = random.Random(count + start)
    clock = 48 if codec == "opus" else 90
    now_ns = time.monotonic_ns() + 2_000_000
    for i in range(start, start + count):
        unit = access_unit(codec, rng, i == 0, 100 if codec == "opus" else size)
        due_ns = now_ns + int((i - start) * interval_ms * 1e6)
        await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9 - 0.1))
        assert pair.driver.engine.send_unit(
            pair.sender, 0, unit, int(i * interval_ms * clock), due_ns, key=i == 0, width=640, height=480
        )
    return count
