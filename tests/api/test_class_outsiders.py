"""What those learn of a class by HTTP who are not in it: who waits, who is banned, who was sent away."""

from __future__ import annotations

from typing import Any

from tests.api.class_people import ROOM, id_of, invite, open_class
from tests.api.socket_clients import Client, School
from tests.api.test_class_lobby import knock, someone
from tests.serving import Person

STATS, ALL_STATS = "/api/v1/signalling/room/stats?room_id=" + ROOM, "/api/v1/signalling/rooms/stats"


async def stats(school: School, who: Person | str) -> list[dict[str, Any]]:
    """What both endpoints say of the room; a link's token opens one of them."""
    one = await school.api.call("GET", STATS, by=who)
    assert one.status == 200, one
    if isinstance(who, str):
        return [one.body]
    (listed,) = (await school.api.call("GET", ALL_STATS, by=who)).body["rooms"]
    return [one.body, listed]


async def sees(school: School, who: Person | str) -> bool:
    """Whether they are told who is there; otherwise they are told no more than how many."""
    told = await stats(school, who)
    hidden = [one["participants"] == [] and one["producer_count"] is None for one in told]
    assert all(one["participant_count"] > 0 for one in told)
    assert set(hidden) in ({True}, {False})
    return not hidden[0]


async def come(school: School, who: Person | str) -> Client:
    client = await school.connect(who)
    await client.join(ROOM)
    return client


async def test_who_waits_in_the_lobby_is_told_of_nobody(school: School) -> None:
    (teacher,) = await open_class(school, "teacher", lobby=True)
    who, staff = await someone(school), await someone(school, "assistant")
    waits = await knock(school, who)
    assert not await sees(school, who)
    assert await sees(school, staff)
    await teacher.ok("admit", {"participantId": id_of(waits)})
    await waits.pushes("admitted")
    assert await sees(school, who)
    await teacher.ok("remove", {"participantId": id_of(waits)})
    await waits.pushes("kicked")
    assert not await sees(school, who)


async def test_a_locked_class_is_shown_to_who_is_in_it(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    inside, outside = await someone(school), await someone(school)
    await come(school, inside)
    assert await sees(school, outside)  # who may come in at once
    await teacher.ok("change-settings", {"settings": {"locked": True}})
    assert not await sees(school, outside)
    assert await sees(school, inside)


async def test_the_banned_are_told_of_nobody(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    who, link = await someone(school), await invite(school)
    for one in (who, link):
        client = await come(school, one)
        assert await sees(school, one)
        await teacher.ok("remove", {"participantId": id_of(client), "ban": True})
        await client.pushes("kicked")
        assert not await sees(school, one)
