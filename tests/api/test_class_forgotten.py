"""What a class remembers of who has left: nothing that grows with their number, while the room stays open."""

from __future__ import annotations

import gc
from collections import Counter
from typing import Any

from tests.api.class_people import ROOM, id_of, invite, open_class, send
from tests.api.socket_clients import Client, School
from tests.api.test_class_lobby import media
from tests.serving import Person
from vtp.ids import new_id
from vtp.rooms.participants import Participant
from vtp.signalling.audience import Audience
from vtp.signalling.members import Member
from vtp.signalling.peers import Peer
from vtp.signalling.seats import Seat, Stay

KINDS = (Audience, Member, Participant, Peer, Seat, Stay)


async def come(school: School, who: Person | str, name: str = "") -> Client:
    client = await school.connect(who)
    await client.join(ROOM, full_name=name)
    return client


async def hold_a_class(school: School, teacher: Person, student: Person, link: str) -> None:
    """Three come, do everything that leaves a trace, and go; a room that is sent to stays open."""
    staff = await come(school, teacher)
    await staff.ok("change-settings", {"settings": {"lobby": True}})
    door = await school.connect(link)
    await door.join(ROOM, full_name=new_id())
    await staff.ok("deny", {"all": True})
    await staff.ok("change-settings", {"settings": {"lobby": False}})
    pupil, guest = await come(school, student), await come(school, link, "Ada")
    for one in (pupil, guest):
        await one.ok("raise-hand")
        await one.ok("send-chat", {"text": "Hello"})
        await one.ok("react", {"reaction": "👍"})
        await one.ok("create-transport", {"direction": "send"})
        producer = await send(one)
    await staff.ok("pin", {"producerId": producer})
    await staff.ok("set-presenter", {"participantId": id_of(guest)})
    poll = {"question": "?", "options": ["a", "b"], "results": "live", "anonymous": True}
    named = {"pollId": (await staff.ok("create-poll", poll))["poll"]["pollId"]}
    for one in (pupil, guest):
        await one.ok("vote", {**named, "choices": [0]})
    await staff.ok("close-poll", named)
    groups = [{"name": "One", "participantIds": [id_of(pupil), id_of(guest)]}]
    await staff.ok("open-breakouts", {"groups": groups, "durationS": 600})
    await staff.ok("close-breakouts")
    await staff.ok("remove", {"participantId": id_of(guest)})
    for one in (pupil, staff):
        await one.ok("leave-room")
    for one in (door, guest, pupil, staff):
        await one.io.disconnect()


def alive() -> Counter[str]:
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, KINDS))


async def test_who_comes_and_goes_leaves_nothing_in_a_room_that_stays_open(school: School) -> None:
    await open_class(school)
    teacher, student = await school.api.person("teacher"), await school.api.person("student")
    link, encoder = await invite(school), await invite(school, watch=False)
    assert (await media(school, "whip", encoder)).status == 201
    live = await school.api.open_room(ROOM)
    producers = list(live.router.producers.values())
    heard_of: list[Any] = [*producers, live.people, live.groups, live, live.program]

    def listeners() -> list[int]:
        return [len(one._emitter._listeners) for one in heard_of]

    gc.freeze()  # what other tests have left is looked through by none of these collections
    await hold_a_class(school, teacher, student, link)
    before, heard = alive(), listeners()
    for _ in range(5):
        await hold_a_class(school, teacher, student, link)
    assert listeners() == heard
    assert alive() == before
