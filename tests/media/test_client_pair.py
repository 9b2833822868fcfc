"""Two of the compiled clients against each other over loopback: ICE, DTLS, SRTP, and media one way."""

import asyncio
import contextlib
import time

import pytest

from tests.client_pair import (
    RECEIVER_ADDRESS,
    RECEIVER_ICE,
    SENDER_ADDRESS,
    SENDER_ICE,
    connected_pair,
    free_addresses,
    send_frames,
)
from vtp.bench import _client
from vtp.bench.client_dtls import Fingerprint, Role
from vtp.bench.client_sdp import CODEC_NUMBERS
from vtp.bench.driver import ClientDriver, ConnectError, Remote


@pytest.mark.parametrize("codec", ["h264", "vp8", "vp9", "av1", "opus"])
async def test_every_frame_of_a_codec_arrives_whole(codec: str) -> None:
    async with connected_pair(codec) as pair:
        await send_frames(pair, codec, 60)
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
        await send_frames(pair, "vp8", 20)
        assert (await pair.until(20))["lost"] == 0


async def test_frames_carry_their_capture_time_so_delay_is_measured_one_way() -> None:
    async with connected_pair("h264") as pair:
        await send_frames(pair, "h264", 30, interval_ms=10)
        delay = (await pair.until(30))["delay"]
    assert delay["count"] == 30
    assert 0 <= delay["min_us"] < 50_000


async def test_a_gap_in_the_frames_is_a_freeze() -> None:
    async with connected_pair("vp8") as pair:
        await send_frames(pair, "vp8", 20, interval_ms=10)
        await pair.until(20)
        await asyncio.sleep(0.4)
        assert pair.received()["freezes"] == 1, "a freeze that still lasts counts"
        await send_frames(pair, "vp8", 5, start=20, interval_ms=10)
        received = await pair.until(25)
    assert received["freezes"] == 1
    assert 350e6 < received["freeze_ns"] < 700e6
    assert received["shown_freezes"] == 1
    assert 350e6 < received["shown_longest_freeze_ns"] < 700e6


async def test_sender_reports_tie_timestamps_to_real_time() -> None:
    async with connected_pair("opus") as pair:
        await send_frames(pair, "opus", 50, interval_ms=20)
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
        (nobody,) = free_addresses(1)
        remote = Remote([nobody], RECEIVER_ICE, [], Role.CLIENT)
        client = driver.add_client(remote, SENDER_ICE)
        with pytest.raises(ConnectError, match=f"{nobody[0]}:{nobody[1]}"):
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
