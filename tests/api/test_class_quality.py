"""How good connections are, told over Socket.IO: to whom, when it changes, and to who comes later."""

from __future__ import annotations

from tests.api.class_people import ROOM, enter, has_been_told, id_of, open_class
from tests.api.socket_clients import Client, School
from vtp.rooms.link_quality import Figures
from vtp.rooms.qualities import Qualities

LOSSES = Figures(loss_sending=0.3)


async def see(school: School, client: Client, figures: Figures, times: int) -> None:
    """What looks at somebody's connection would have found so many times."""
    live = await school.api.open_room(ROOM)
    for _ in range(times):
        live.part(Qualities).take(id_of(client), figures)


async def test_all_who_are_together_hear_of_it_once_and_newcomers_are_told(school: School) -> None:
    people = await open_class(school, "teacher", "student", "guest")
    _, student, _ = people
    await see(school, student, LOSSES, 5)
    for client in people:
        told = await client.pushes("connection-quality")
        assert {key: told[key] for key in ("peerId", "quality", "reason")} == {
            "peerId": id_of(student),
            "quality": "poor",
            "reason": "loss_sending",
        }
    later = await enter(school, "student")
    assert later.joined["state"]["connections"] == [
        {"peerId": id_of(student), "quality": "poor", "reason": "loss_sending"}
    ]
    await see(school, student, Figures(), 4)
    for client in [*people, later]:
        told = await client.pushes("connection-quality")
        assert (told["quality"], told["reason"]) == ("good", None)
        await client.ok("get-room-info")  # whose answer comes after all that was pushed before
        assert not has_been_told(client, "connection-quality")
    assert (await enter(school, "student")).joined["state"]["connections"] == []


async def test_other_groups_hear_of_it_when_they_come_back(school: School) -> None:
    teacher, student, other = await open_class(school, "teacher", "student", "student")
    groups = [
        {"name": "One", "participantIds": [id_of(student)]},
        {"name": "Two", "participantIds": []},
    ]
    await teacher.ok("open-breakouts", {"groups": groups})
    await see(school, student, LOSSES, 2)
    assert (await student.pushes("connection-quality"))["peerId"] == id_of(student)
    assert (await enter(school, "guest")).joined["state"]["connections"] == []
    await teacher.ok("close-breakouts")
    for client in (teacher, other):
        told = await client.pushes("connection-quality")
        assert (told["peerId"], told["quality"]) == (id_of(student), "poor")
        await client.ok("get-room-info")  # whose answer comes after all that was pushed before
        assert not has_been_told(client, "connection-quality"), "of those who were always good"
    await teacher.ok("open-breakouts", {"groups": groups})
    await see(school, student, Figures(), 4)
    await teacher.ok("close-breakouts")
    for client in (teacher, other):
        told = await client.pushes("connection-quality")
        assert (told["peerId"], told["quality"]) == (id_of(student), "good")
