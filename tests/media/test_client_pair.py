"""Two of the compiled clients against each other over loopback: ICE, DTLS, SRTP, and media one way."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from vtp.bench import _client
from vtp.bench.client_dtls import Fingerprint, Identity, Role
from vtp.bench.client_sdp import CODEC_NUMBERS, IceCredentials
from vtp.bench.driver import ClientDriver, ConnectError, Remote

SENDER_ADDRESS = ("127.0.0.1", 46101)
RECEIVER_ADDRESS = ("127.0.0.1", 46102)
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
    """Sender and receiver of one stream; `via` are the addresses they are reached at (a relay's, or theirs)."""
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


def access_unit(codec: str, rng: random.Random, key: bool, size: int) -> bytes:
    """Bytes a packetizer takes for one frame of this codec; what is in them nobody decodes here."""
    body = bytes(rng.randrange(3, 256) for _ in range(size))
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


def send_frames(
    pair: Pair, codec: str, count: int, *, start: int = 0, interval_ms: float = 4.0, size: int = 9000
) -> int:
    """Queues `count` frames ahead of time, a key frame first when `start` is 0; the engine paces them."""
    rng = random.Random(count + start)
    clock = 48 if codec == "opus" else 90
    now_ns = time.monotonic_ns() + 2_000_000
    for i in range(start, start + count):
        unit = access_unit(codec, rng, i == 0, 100 if codec == "opus" else size)
        due_ns = now_ns + int((i - start) * interval_ms * 1e6)
        assert pair.driver.engine.send_unit(
            pair.sender, 0, unit, int(i * interval_ms * clock), due_ns, key=i == 0, width=640, height=480
        )
    return count


@pytest.mark.parametrize("codec", ["h264", "vp8", "vp9", "av1", "opus"])
async def test_every_frame_of_a_codec_arrives_whole(codec: str) -> None:
    async with connected_pair(codec) as pair:
        send_frames(pair, codec, 60)
        received = await pair.until(60)
    assert received["frames"] == 60
    assert received["frames_broken"] == received["frames_undecodable"] == 0
    assert received["missing"] == received["lost"] == received["duplicates"] == received["reordered"] == 0
    assert received["codec"] == CODEC_NUMBERS[codec]
    assert received["key_frames"] == (60 if codec == "opus" else 1)


@pytest.mark.parametrize(
    "profile", ["SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM", "SRTP_AES128_CM_SHA1_80"]
)
async def test_media_passes_under_every_srtp_profile(profile: str) -> None:
    async with connected_pair("vp8", profiles=(profile,)) as pair:
        send_frames(pair, "vp8", 20)
        assert (await pair.until(20))["lost"] == 0


async def test_frames_carry_their_capture_time_so_delay_is_measured_one_way() -> None:
    async with connected_pair("h264") as pair:
        send_frames(pair, "h264", 30, interval_ms=10)
        delay = (await pair.until(30))["delay"]
    assert delay["count"] == 30
    assert 0 <= delay["min_us"] < 50_000


async def test_a_gap_in_the_frames_is_a_freeze() -> None:
    async with connected_pair("vp8") as pair:
        send_frames(pair, "vp8", 20, interval_ms=10)
        await pair.until(20)
        await asyncio.sleep(0.4)
        assert pair.received()["freezes"] == 1, "a freeze that still lasts counts"
        send_frames(pair, "vp8", 5, start=20, interval_ms=10)
        received = await pair.until(25)
    assert received["freezes"] == 1
    assert 350e6 < received["freeze_ns"] < 700e6


async def test_sender_reports_tie_timestamps_to_real_time() -> None:
    async with connected_pair("opus") as pair:
        send_frames(pair, "opus", 50, interval_ms=20)
        received = await pair.until(1, key="sender_reports")
    ntp_s = received["sender_ntp"] / 2**32 - 2208988800
    assert abs(ntp_s - time.time()) < 2


async def test_a_unit_that_is_not_of_the_codec_is_refused() -> None:
    async with connected_pair("h264") as pair:
        with pytest.raises(ValueError, match="not of the stream's codec"):
            pair.driver.engine.send_unit(pair.sender, 0, b"no start code in here", 0, 0)


async def test_a_pacer_a_whole_ring_behind_drops_units_and_says_so() -> None:
    async with connected_pair("vp8", ring_packets=64) as pair:
        later_ns = time.monotonic_ns() + 60_000_000_000
        taken = [pair.driver.engine.send_unit(pair.sender, 0, bytes(9000), i, later_ns) for i in range(12)]
        assert taken[:7] == [True] * 7
        assert not taken[-1]
        assert pair.sent()["units_dropped"] == taken.count(False)


async def test_a_peer_with_another_certificate_is_refused() -> None:
    async with ClientDriver() as driver:
        wrong = Remote(
            [RECEIVER_ADDRESS], RECEIVER_ICE, [Fingerprint("sha-256", "00:" * 31 + "00")], Role.CLIENT
        )
        right = Remote([SENDER_ADDRESS], SENDER_ICE, [driver.identity.fingerprint], Role.SERVER)
        one = driver.add_client(wrong, SENDER_ICE, bind=SENDER_ADDRESS)
        other = driver.add_client(right, RECEIVER_ICE, bind=RECEIVER_ADDRESS)
        accepted = asyncio.create_task(driver.connect(other, right, timeout_s=2))
        with pytest.raises(ConnectError, match="certificate"):
            await driver.connect(one, wrong)
        accepted.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectError):
            await accepted


async def test_nobody_answering_is_told_with_the_addresses_tried() -> None:
    async with ClientDriver() as driver:
        remote = Remote([("127.0.0.1", 46103)], RECEIVER_ICE, [], Role.CLIENT)
        client = driver.add_client(remote, SENDER_ICE)
        with pytest.raises(ConnectError, match=r"127\.0\.0\.1:46103"):
            await driver.connect(client, remote, timeout_s=0.3)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not-an-address"):
        _client.Engine().add_client(
            [("not-an-address", 1)],
            local_ufrag="a",
            local_password="b",
            remote_ufrag="c",
            remote_password="d",
        )
