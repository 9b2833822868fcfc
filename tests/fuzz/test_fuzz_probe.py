"""Anything at a probe: what it counts stays possible, and only authentic packets begin a stream."""

import contextlib
import random

import pytest

from tests.probed import MS, Renumbered

counts = pytest.mark.parametrize("count", [3_000, pytest.param(300_000, marks=pytest.mark.long)])


def mutated(packet: bytes, rng: random.Random) -> bytes:
    changed = bytearray(packet)
    for _ in range(rng.randrange(1, 4)):
        changed[rng.randrange(len(changed) if rng.random() < 0.5 else 24)] = rng.randrange(256)
    return bytes(changed[: rng.randrange(1, len(changed))] if rng.random() < 0.3 else changed)


@counts
@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_packets_among_real_ones_break_no_count(count: int, seed: int) -> None:
    rng = random.Random(seed)
    path = Renumbered(authenticate_every=1)
    forged = 0
    for n in range(count):
        path.send(n)
        packet = path.packet(n)
        if rng.random() < 0.9:
            path.deliver(packet, n)
        for _ in range(rng.randrange(3)):
            forged += 1
            with contextlib.suppress(ValueError):  # no RTP, or of no stream here
                path.deliver(mutated(packet, rng), n)
        if rng.random() < 0.02:
            path.resend(max(0, n - rng.randrange(50)))
        path.probe.poll(path.sent_ns(n) + rng.randrange(20) * MS)
        found = path.figures()
        assert 0 <= found["packets"] <= n + 1 + forged, f"seed {seed}"
        assert found["lost"] >= 0 and found["delay"]["count"] <= found["packets"]
        assert found["resynchronized"] == 0


@counts
def test_nothing_forged_begins_a_stream(count: int) -> None:
    rng = random.Random(7)
    path = Renumbered()
    path.send(0)
    packet = path.packet(0)
    for _ in range(count):
        with contextlib.suppress(ValueError):
            forged = mutated(packet, rng)
            if forged != packet:
                path.deliver(forged, 0)
    found = path.figures()
    assert (found["packets"], found["authenticated"]) == (0, 0)
