"""Breakout rooms: what each role may, and that nothing else changes anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.breakout_class import Class, breakouts, divided_class, groups
from tests.api.socket_clients import School
from vtp.rooms.breakouts import Breakouts


@pytest.fixture
async def lesson(school: School) -> Class:
    return await divided_class(school)


@pytest.mark.parametrize("role", ["teacher", "assistant", "student", "guest"])
async def test_what_each_role_may(lesson: Class, role: str) -> None:
    owner, ada = await lesson.enter("teacher"), await lesson.enter()
    one = await (lesson.guest("Zoe") if role == "guest" else lesson.enter(role))
    is_staff = role in ("teacher", "assistant")

    async def asked(event: str, payload: Any = None) -> str:
        return "ok" if (answer := await one.client.call(event, payload))["ok"] else str(answer["code"])

    staff_only = "ok" if is_staff else "forbidden"
    assert await asked("open-breakouts", groups([ada], [])) == staff_only
    if not is_staff:
        await owner.client.ok("open-breakouts", groups([ada], []))
    first, second = (group.id for group in breakouts(lesson))
    assert await asked("assign-breakout", {"participantId": ada.id, "groupId": second}) == staff_only
    assert lesson.live.groups.group_of(ada.id) == (second if is_staff else first)
    above = {"participantId": owner.id, "groupId": second}
    expected = {"teacher": "ok", "assistant": "above_your_role"}
    assert await asked("assign-breakout", above) == expected.get(role, "forbidden")
    assert await asked("join-breakout", {"groupId": first}) == ("ok" if is_staff else "breakouts_assigned")
    assert await asked("join-breakout") == ("ok" if is_staff else "breakouts_assigned")
    assert await asked("broadcast-breakouts", {"text": "Hello"}) == staff_only
    assert await asked("close-breakouts", {"inS": 600}) == staff_only
    assert await asked("close-breakouts") == staff_only
    if not is_staff:
        await owner.client.ok("close-breakouts")
    await owner.client.ok("open-breakouts", {**groups([], []), "choose": True})
    first, second = (group.id for group in breakouts(lesson))
    assert await asked("join-breakout", {"groupId": second}) == "ok"
    assert lesson.live.groups.group_of(one.id) == second
    assert await asked("join-breakout") == "ok"


CALLS: list[tuple[str, Any]] = [
    ("open-breakouts", {"groups": [{"name": "Group"}]}),
    ("join-breakout", {}),
    ("assign-breakout", {"participantId": "somebody", "groupId": "group"}),
    ("broadcast-breakouts", {"text": "Hello"}),
    ("close-breakouts", {}),
]


async def test_nothing_is_done_before_and_after_being_in_the_room(lesson: Class) -> None:
    stranger = await lesson.school.connect(await lesson.school.api.person("teacher"))
    before = [(await stranger.call(*one))["code"] for one in CALLS]
    await stranger.join("algebra")
    await stranger.ok("leave-room")
    after = [(await stranger.call(*one))["code"] for one in CALLS]
    assert before == after == ["not_in_a_room"] * len(CALLS)
    assert breakouts(lesson) == []


LINE = "x" * 100


MALFORMED: list[tuple[str, Any]] = [
    ("open-breakouts", {}),
    ("open-breakouts", {"groups": []}),
    ("open-breakouts", {"groups": {}}),
    ("open-breakouts", {"groups": ["Group"]}),
    ("open-breakouts", {"groups": [{"participantIds": []}]}),
    ("open-breakouts", {"groups": [{"name": ""}]}),
    ("open-breakouts", {"groups": [{"name": "  "}]}),
    ("open-breakouts", {"groups": [{"name": "two\nlines"}]}),
    ("open-breakouts", {"groups": [{"name": f"{LINE}x"}]}),
    ("open-breakouts", {"groups": [{"name": 7}]}),
    ("open-breakouts", {"groups": [{"name": LINE}] * 51}),
    ("open-breakouts", {"groups": [{"name": LINE, "participantIds": "somebody"}]}),
    ("open-breakouts", {"groups": [{"name": LINE, "participantIds": [7]}]}),
    ("open-breakouts", {"groups": [{"name": LINE, "participantIds": ["x" * 65]}]}),
    ("open-breakouts", {"groups": [{"name": LINE, "participantIds": ["nobody"]}]}),
    ("open-breakouts", {"groups": [{"name": LINE}], "durationS": 9}),
    ("open-breakouts", {"groups": [{"name": LINE}], "durationS": 4 * 3600 + 1}),
    ("open-breakouts", {"groups": [{"name": LINE}], "durationS": 60.5}),
    ("open-breakouts", {"groups": [{"name": LINE}], "durationS": "60"}),
    ("open-breakouts", {"groups": [{"name": LINE}], "choose": "yes"}),
    ("join-breakout", {"groupId": 7}),
    ("join-breakout", {"groupId": ""}),
    ("join-breakout", {"groupId": "nowhere"}),
    ("assign-breakout", {}),
    ("assign-breakout", {"groupId": "nowhere"}),
    ("assign-breakout", {"participantId": 7}),
    ("assign-breakout", {"participantId": "nobody"}),
    ("broadcast-breakouts", {}),
    ("broadcast-breakouts", {"text": ""}),
    ("broadcast-breakouts", {"text": " \n "}),
    ("broadcast-breakouts", {"text": "x" * 1001}),
    ("broadcast-breakouts", {"text": "bell\u0007"}),
    ("broadcast-breakouts", {"text": ["Hello"]}),
    ("close-breakouts", {"inS": -1}),
    ("close-breakouts", {"inS": 4 * 3600 + 1}),
    ("close-breakouts", {"inS": "1"}),
    ("close-breakouts", {"inS": True}),
]
OPENING = sum(event == "open-breakouts" for event, _ in MALFORMED)


async def test_malformed_calls_change_nothing(lesson: Class) -> None:
    teacher, ada = await lesson.enter("teacher"), await lesson.enter()
    for event, payload in MALFORMED[:OPENING]:
        code = await teacher.refused(event, payload)
        assert code in ("invalid", "no_such_participant"), (event, payload)
        assert breakouts(lesson) == []
    await teacher.client.ok("open-breakouts", {**groups([ada]), "choose": True})
    (group,) = breakouts(lesson)
    await teacher.forget()
    for event, payload in MALFORMED[OPENING:]:
        code = await teacher.refused(event, payload)
        assert code in ("invalid", "no_such_participant", "no_such_breakout"), (event, payload)
    assert breakouts(lesson) == [group] and lesson.live.part(Breakouts).ends_at is None
    assert lesson.live.groups.group_of(ada.id) == group.id and lesson.live.groups.is_in_main(teacher.id)
    assert await teacher.names() == []
