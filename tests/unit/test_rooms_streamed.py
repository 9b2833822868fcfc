"""That a room is streamed, which everybody in it is told."""

from __future__ import annotations

from tests.unit.live_room import open_room
from vtp.rooms.live import RoomEvent, StreamSwitched


async def test_a_stream_that_begins_before_the_last_one_has_ended_keeps_the_room_streamed() -> None:
    async with open_room() as live:
        told: list[tuple[type[RoomEvent], bool]] = []
        live.add_listener(lambda event: told.append((type(event), live.streamed)))
        end_first = live.hold_stream()
        end_second = live.hold_stream()
        end_first()
        assert live.streamed
        end_second()
        assert told == [(StreamSwitched, True), (StreamSwitched, False)]
