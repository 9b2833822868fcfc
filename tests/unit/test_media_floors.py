"""Floors of a router: who is on one, and that none is left behind."""

from __future__ import annotations

import asyncio

from tests.unit.live_room import open_room, person
from tests.unit.test_rooms_speakers import Class
from vtp import _rtp_fast
from vtp.media.floors import Floors
from vtp.media.producer import Producer
from vtp.media.worker import MediaWorker


def rests(*producers: Producer) -> list[bool]:
    return [one.stats()["resting"] for one in producers]


async def test_all_are_heard_after_the_end_of_their_floor_alone() -> None:
    async with open_room() as live:
        room = Class(live)
        one, other = room.microphone(person()), room.microphone(person())
        floors = Floors(live.router.worker, 1)
        floors.put(one, "a")
        floors.put(other, "b")
        assert rests(one, other) == [True, True], "nobody has sent anything"
        floors.remove("a")
        assert rests(one, other) == [False, True]
        floors.close()
        assert rests(one, other) == [False, False]


async def test_without_places_nobody_is_put_on_a_floor() -> None:
    async with open_room() as live:
        mic = Class(live).microphone(person())
        Floors(live.router.worker, 0).put(mic, "")
        assert rests(mic) == [False]


async def test_closed_producer_and_one_of_another_worker_are_left_alone() -> None:
    async with open_room() as live:
        room = Class(live)
        gone, mic = room.microphone(person()), room.microphone(person())
        gone.close()
        Floors(live.router.worker, 1).put(gone, "")
        other = MediaWorker(_rtp_fast.Worker([], threaded=False), asyncio.get_running_loop(), threaded=False)
        Floors(other, 1).put(mic, "")
        other.close()
        assert rests(mic) == [False]


async def test_floors_end_after_their_worker() -> None:
    async with open_room() as live:
        worker = MediaWorker(_rtp_fast.Worker([], threaded=False), asyncio.get_running_loop(), threaded=False)
        floors = Floors(worker, 1)
        floors._floors["a"] = worker.core.add_floor(1)
        worker.close()
        floors.close()
        assert live.router.floors is not floors
