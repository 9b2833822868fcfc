"""ICE and DTLS of the client over a bad link: datagrams are lost, late, doubled, and it still connects."""

import pytest

from tests.client_pair import RECEIVER_ADDRESS, SENDER_ADDRESS, connected_pair, free_addresses, send_frames
from vtp.bench._emulator import Link
from vtp.bench.relay import Relay

LEFT, RIGHT = free_addresses(2)


@pytest.mark.parametrize(
    "figures",
    [
        {"delay_ms": 100.0},
        {"loss": 0.2, "delay_ms": 5.0},
        {"duplicate": 0.5, "reorder": 0.3, "reorder_ms": 20.0},
    ],
    ids=["slow", "lossy", "doubled and reordered"],
)
async def test_the_handshake_ends_on_a_bad_link(figures: dict[str, float]) -> None:
    up, down = Link(3, **figures), Link(4, **figures)  # type: ignore[arg-type]
    relay = await Relay.open(LEFT, RIGHT, RECEIVER_ADDRESS, up=up, down=down, left_peer=SENDER_ADDRESS)
    try:
        async with connected_pair("opus", via=(RIGHT, LEFT)) as pair:
            up.configure(relay.now_ns(), loss=0.0)
            await send_frames(pair, "opus", 20, interval_ms=10)
            assert (await pair.until(18))["frames"] >= 18
    finally:
        relay.close()
