"""Reactions over Socket.IO: one emoji, to all who are together, not too many."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.class_people import ROOM, has_been_told, id_of, open_class, refused
from tests.api.socket_clients import School

ROLES = ("teacher", "assistant", "student", "guest")


async def test_everybody_reacts_and_all_see_it(school: School) -> None:
    people = await open_class(school, *ROLES)
    for client, reaction in zip(people, ("👍", "🎉", "🇨🇭", "👩🏽‍🔬"), strict=True):
        await client.ok("react", {"reaction": reaction})
        for other in people:
            told = await other.pushes("reaction")
            assert (told["peerId"], told["reaction"]) == (id_of(client), reaction)


async def test_five_in_five_seconds_are_each_ones_own(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    for _ in range(5):
        await student.ok("react", {"reaction": "👍"})
    assert await refused(student, "react", {"reaction": "👍"}) == "rate_limited"
    await teacher.ok("react", {"reaction": "👏"})
    heard = [(await teacher.pushes("reaction"))["reaction"] for _ in range(6)]
    assert heard == [*["👍"] * 5, "👏"]


async def test_reactions_stay_in_ones_group(school: School) -> None:
    teacher, student, other = await open_class(school, "teacher", "student", "student")
    live = await school.api.open_room(ROOM)
    for client in (student, other):
        live.groups.move(id_of(client), "group")
    await student.ok("react", {"reaction": "👍"})
    assert (await other.pushes("reaction"))["peerId"] == id_of(student)
    await teacher.ok("raise-hand")
    await teacher.pushes("hands-changed")
    assert not has_been_told(teacher, "reaction")


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    "reaction", ["", "👍👍", "hello", "<b>", 7, None, ["👍"], {"a": "👍"}, "👍" * 100_000]
)
async def test_what_is_no_emoji_reaches_nobody(school: School, reaction: Any) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    assert await refused(student, "react", {"reaction": reaction}) in ("invalid", "too_large")
    await student.ok("react", {"reaction": "🙂"})
    assert (await teacher.pushes("reaction"))["reaction"] == "🙂", "nothing came before"
    await student.ok("leave-room")
    assert await refused(student, "react", {"reaction": "🙂"}) == "not_in_a_room"
