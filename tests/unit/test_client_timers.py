"""The client engine's timers: whoever is due first has its turn, whatever was moved or removed before."""

import random

import pytest

from vtp.bench._client import TimerBench


@pytest.mark.parametrize("seed", range(5))
def test_the_earliest_client_is_next_after_any_history(seed: int) -> None:
    rng = random.Random(seed)
    timers = TimerBench(200)
    due: dict[int, int] = {}
    for client in range(200):
        due[client] = rng.randrange(10_000)
        timers.add(client, due[client])
    for _ in range(3000):
        client = rng.choice(list(due))
        if rng.random() < 0.05 and len(due) > 1:
            timers.remove(client)
            del due[client]
        else:
            due[client] = rng.randrange(10_000)
            timers.set(client, due[client])
        assert due[timers.next()] == min(due.values()), f"seed {seed}"


def test_without_clients_nobody_is_due() -> None:
    timers = TimerBench(1)
    assert timers.next() == -1
    timers.add(0, 5)
    timers.remove(0)
    assert timers.next() == -1
