"""Who speaks, over Socket.IO: everybody is told of those whom they hear, and who comes later finds it."""

from __future__ import annotations

import pytest

from tests.api.class_people import ROOM, enter, has_been_told, id_of, open_class, send
from tests.api.socket_clients import School
from tests.unit.live_room import person
from tests.unit.test_rooms_speakers import microphone
from vtp.media.worker import Heard
from vtp.rooms.speakers import Speakers

SPEECH = bytes([28] * 10)


async def speak(school: School, producer_id: str, ms: int = 1_200) -> None:
    """Has the packet path tell that a microphone was loud for a while."""
    live = await school.api.open_room(ROOM)
    producer = live.router.producers[producer_id]
    for _ in range(ms // 200):
        live.part(Speakers).receive({producer.worker: Heard(10, {producer.handle: SPEECH})})


async def test_everybody_is_told_who_speaks_and_how_loud(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    assert student.joined["state"]["speaker"] == {"peerId": None, "producerId": None}
    await teacher.ok("create-transport", {"direction": "send"})
    mic = await send(teacher, "audio")
    await speak(school, mic)
    for client in (teacher, student):
        told = await client.pushes("active-speaker")
        assert (told["peerId"], told["producerId"]) == (id_of(teacher), mic)
        (volume,) = (await client.pushes("audio-levels"))["volumes"]
        assert volume == {"producerId": mic, "peerId": id_of(teacher), "volume": -28}
    later = await enter(school, "student")
    assert later.joined["state"]["speaker"] == {"peerId": id_of(teacher), "producerId": mic}


async def test_microphone_that_was_there_before_anybody_came_is_looked_at(school: School) -> None:
    await school.room(await school.api.person("admin", "owner@x.example"), ROOM)
    live = await school.api.open_room(ROOM)
    guest = person()
    mic = microphone(live, guest)
    student = await enter(school, "student")
    await speak(school, mic.id)
    assert (await student.pushes("active-speaker"))["producerId"] == mic.id


async def test_packets_of_a_microphone_are_looked_at_by_themselves(school: School) -> None:
    (student,) = await open_class(school, "student")
    live = await school.api.open_room(ROOM)
    mic = microphone(live, person())
    heard = {mic.handle: SPEECH}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(mic.worker, "listen", lambda: Heard(10, heard))
        told = await student.pushes("active-speaker")
    assert told["producerId"] == mic.id


async def test_what_does_not_change_is_not_pushed_again(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await teacher.ok("create-transport", {"direction": "send"})
    mic = await send(teacher, "audio")
    producer = (await school.api.open_room(ROOM)).router.producers[mic]
    with pytest.MonkeyPatch.context() as patched:
        # The server's own looks, as many as there are until the end of this, hear the same.
        patched.setattr(producer.worker, "listen", lambda: Heard(10, {producer.handle: SPEECH}))
        await speak(school, mic, 6_000)
        await student.pushes("active-speaker")
        await student.pushes("audio-levels")
        await teacher.ok("raise-hand")
        await student.pushes("hands-changed")
        assert not has_been_told(student, "active-speaker")
        assert not has_been_told(student, "audio-levels")


async def test_other_groups_hear_nothing_of_it_and_who_moves_is_told_of_the_new_one(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await teacher.ok("create-transport", {"direction": "send"})
    mic = await send(teacher, "audio")
    groups = [{"name": "One", "participantIds": [id_of(student)]}]
    await teacher.ok("open-breakouts", {"groups": groups})
    await speak(school, mic)
    await teacher.pushes("active-speaker")
    assert not has_been_told(student, "active-speaker")
    await teacher.ok("close-breakouts")
    assert (await student.pushes("active-speaker"))["peerId"] == id_of(teacher)
    await teacher.ok("leave-room")
    assert (await student.pushes("active-speaker"))["peerId"] is None
