"""NACK and RTX between two clients through an emulated link: loss is repaired, and what cannot be is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.client_pair import (
    RECEIVER_ADDRESS,
    SENDER_ADDRESS,
    Pair,
    connected_pair,
    free_addresses,
    send_frames,
)
from vtp.bench._emulator import Link
from vtp.bench.relay import Relay

LEFT, RIGHT = free_addresses(2)
SEED = 4588
FRAMES = 250


@contextlib.asynccontextmanager
async def impaired_pair(
    codec: str = "vp8", *, rtx: bool = True, **figures: Any
) -> AsyncIterator[tuple[Pair, Relay]]:
    """A pair whose packets from the sender suffer `figures` once both are connected."""
    up, down = Link(SEED, delay_ms=10), Link(SEED + 1, delay_ms=10)
    relay = await Relay.open(
        LEFT, RIGHT, RECEIVER_ADDRESS, up=up, down=down, left_peer=SENDER_ADDRESS
    )  # what the sender sends to LEFT leaves from RIGHT
    try:
        async with connected_pair(codec, via=(RIGHT, LEFT), rtx=rtx) as pair:
            up.configure(relay.now_ns(), **figures)
            yield pair, relay
    finally:
        relay.close()


async def settled(pair: Pair) -> dict[str, Any]:
    """The receiver's figures once everything was sent and nothing is waited for any more."""
    async with asyncio.timeout(60):
        while pair.sent()["units_waiting"] or pair.received()["waiting"]:  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)
    return pair.received()


@pytest.mark.parametrize("rtx", [True, False], ids=["rtx", "plain resend"])
async def test_random_loss_is_repaired_and_every_frame_is_whole(rtx: bool) -> None:
    async with impaired_pair(rtx=rtx, loss=0.05) as (pair, relay):
        await send_frames(pair, "vp8", FRAMES, size=5000)
        received = await settled(pair)
        lost_by_link = relay.up.lost
    assert lost_by_link > 30
    assert received["missing"] > 30
    assert received["lost"] == 0
    assert received["frames"] == FRAMES
    assert received["recovered"] + received["reordered"] == received["missing"]
    assert (received["recovered"] > 0) == rtx


async def test_loss_in_bursts_is_repaired_too() -> None:
    async with impaired_pair(burst_loss=(0.01, 0.15, 0.0, 0.9)) as (pair, _):
        await send_frames(pair, "vp8", FRAMES, size=5000)
        received = await settled(pair)
    assert received["missing"] > 30
    assert received["lost"] == 0
    assert received["frames"] == FRAMES


async def test_reordering_within_a_few_milliseconds_is_not_asked_for_again() -> None:
    async with impaired_pair(reorder=0.05, reorder_ms=3) as (pair, _):
        await send_frames(pair, "vp8", FRAMES, interval_ms=6, size=5000)
        received = await settled(pair)
    assert received["reordered"] > 10
    assert received["nacks"] <= received["reordered"] // 4
    assert received["frames"] == FRAMES


async def test_duplicates_are_counted_and_change_nothing() -> None:
    async with impaired_pair(duplicate=0.1) as (pair, relay):
        await send_frames(pair, "vp8", FRAMES, size=5000)
        received = await settled(pair)
        duplicated = relay.up.duplicated
        replayed = pair.driver.engine.stats(pair.receiver)["replayed"]
    assert replayed == pytest.approx(duplicated, abs=5), "a few of them were STUN or RTCP"
    assert duplicated > 50
    assert received["frames"] == FRAMES
    assert received["lost"] == received["missing"] == 0


async def test_a_dead_link_asks_for_a_key_frame_and_shows_nothing_until_it_comes() -> None:
    async with impaired_pair() as (pair, relay):
        await send_frames(pair, "vp8", 20)
        await pair.until(20)
        relay.up.configure(relay.now_ns(), loss=1.0)
        await send_frames(pair, "vp8", 20, start=20)
        await asyncio.sleep(0.3)
        relay.up.configure(relay.now_ns(), loss=0.0)
        relay.down.configure(relay.now_ns(), loss=1.0)  # nothing can be asked for again
        await send_frames(pair, "vp8", 20, start=40)
        await asyncio.sleep(1.3)
        relay.down.configure(relay.now_ns(), loss=0.0)
        await send_frames(pair, "vp8", 20, start=60)
        received = await settled(pair)
        await asyncio.sleep(0.7)
        assert pair.sent()["key_requests"] > 0
    assert received["lost"] > 0
    assert received["frames"] == 20
    assert received["frames_undecodable"] > 0


async def test_frames_that_come_over_400_ms_after_their_time_are_late_though_they_are_whole() -> None:
    async with impaired_pair() as (pair, relay):
        await send_frames(pair, "vp8", 50)
        on_time = await pair.until(50)
        assert on_time["frames_late"] == 0
        relay.up.configure(relay.now_ns(), delay_ms=600)
        await send_frames(pair, "vp8", 20, start=50)
        received = await pair.until(70)
    assert received["frames_late"] == 20


async def test_a_player_that_keeps_frames_back_freezes_less_than_one_that_does_not() -> None:
    async with impaired_pair(jitter_ms=60) as (pair, _):
        await send_frames(pair, "vp8", FRAMES, interval_ms=20)
        received = await settled(pair)
    assert received["frames"] == FRAMES
    assert received["shown_freeze_ns"] <= received["freeze_ended_ns"]
