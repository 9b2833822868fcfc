"""Raised hands over Socket.IO: everybody their own, staff all; who comes later sees them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.class_people import enter, id_of, open_class, refused
from tests.api.socket_clients import Client, School

ROLES = ("teacher", "assistant", "student", "guest")


async def up(client: Client) -> list[str]:
    """Whose hands are up, after the next change that somebody is told."""
    return [one["participantId"] for one in (await client.pushes("hands-changed"))["hands"]]


async def test_everybody_raises_a_hand_and_all_see_the_order(school: School) -> None:
    people = await open_class(school, *ROLES)
    raised: list[str] = []
    for client in people:
        await client.ok("raise-hand")
        raised.append(id_of(client))
        for other in people:
            assert await up(other) == raised
    later = await enter(school, "student")
    assert [one["participantId"] for one in later.joined["state"]["hands"]] == raised
    await people[1].ok("lower-hand")
    assert await up(later) == [raised[0], *raised[2:]]


async def test_staff_lower_the_hands_of_others_and_nobody_else(school: School) -> None:
    teacher, assistant, student, guest = await open_class(school, *ROLES)
    for client in (teacher, student, guest):
        await client.ok("raise-hand")
    for client in (student, guest):
        assert await refused(client, "lower-hand", {"participantId": id_of(teacher)}) == "forbidden"
        assert await refused(client, "lower-all-hands") == "forbidden"
    await student.ok("lower-hand", {"participantId": id_of(student)})
    await assistant.ok("lower-hand", {"participantId": id_of(teacher)})
    assert [await up(guest) for _ in range(5)][-1] == [id_of(guest)]
    await teacher.ok("lower-all-hands")
    assert await up(guest) == []


async def test_the_hand_of_who_leaves_goes_down(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await student.ok("raise-hand")
    assert await up(teacher) == [id_of(student)]
    await student.ok("leave-room")
    assert await up(teacher) == []
    assert await refused(student, "raise-hand") == "not_in_a_room"
    assert await refused(teacher, "lower-hand", {"participantId": id_of(student)}) == "no_such_participant"


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize("whose", [7, [], {}, "", "x" * 65, "nobody"])
async def test_malformed_calls_lower_no_hand(school: School, whose: Any) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await student.ok("raise-hand")
    await teacher.ok("raise-hand")
    code = await refused(teacher, "lower-hand", {"participantId": whose})
    assert code == ("no_such_participant" if whose == "nobody" else "invalid")
    later = await enter(school, "student")
    assert len(later.joined["state"]["hands"]) == 2
