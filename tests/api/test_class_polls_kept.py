"""What is kept of polls: over a restart, for staff to read over HTTP, until the room is deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.api.class_people import ROOM, enter, open_class, refused
from tests.api.poll_material import PATH, ask, counts_of, stored, vote
from tests.api.socket_clients import School
from tests.serving import Api, serving
from vtp.accounts.users import find_user
from vtp.rooms.tables import polls


@asynccontextmanager
async def school_of(api: Api) -> AsyncIterator[School]:
    async with AsyncExitStack() as stack:
        yield School(api, stack)


async def email_of(api: Api, user_id: str) -> str:
    async with api.server.services.database.read() as tx:
        found = await find_user(tx, user_id)
    assert found is not None
    return found.email


async def test_open_polls_go_on_after_a_restart(tmp_path: Path, database_url: str) -> None:
    async with serving(tmp_path / "data", database_url) as api, school_of(api) as school:
        teacher, student = await open_class(school, "teacher", "student")
        student_id = student.joined["participants"][-1]["user_id"]
        named, secret = await ask(teacher), await ask(teacher, anonymous=True)
        for poll_id in (named, secret):
            await vote(student, poll_id, 0)
    async with serving(tmp_path / "data", database_url) as api, school_of(api) as school:
        rows = await stored(api)
        assert {row.user_id for row in rows} == {student_id}
        email = await email_of(api, student_id)
        student, teacher = await school.connect(await api.sign_in(email)), await enter(school, "teacher")
        mine = {one["pollId"]: one for one in (await student.join(ROOM))["state"]["polls"]}
        assert (mine[named]["voted"], mine[named]["choices"]) == (True, [0])
        assert (mine[secret]["voted"], mine[secret]["choices"]) == (True, None)
        await vote(student, named, 2)
        again = {"pollId": secret, "choices": [1]}
        assert await refused(student, "vote", again) == "vote_is_final"
        await vote(teacher, secret, 1)
        assert await counts_of(teacher, named) == ([0, 0, 1], 1)
        assert await counts_of(teacher, secret) == ([1, 1, 0], 2)


@pytest.mark.both_databases
async def test_staff_read_polls_and_votes_over_http_page_by_page(school: School) -> None:
    api = school.api
    teacher, one, other = await open_class(school, "teacher", "student", "student")
    ids = []
    for at in range(3):
        ids.append(await ask(teacher, question=f"Question {at}?"))
        await vote(one, ids[-1], 0)
        await vote(other, ids[-1], 1)
        await teacher.ok("close-poll", {"pollId": ids[-1]})
    admin, student = await api.sign_in("owner@x.example"), await api.person("student")
    first = (await api.call("GET", f"{PATH}?limit=2", by=admin)).body
    assert [item["id"] for item in first["items"]] == [ids[2], ids[1]]
    assert first["items"][0]["counts"] == [1, 1, 0] and first["items"][0]["status"] == "closed"
    rest = (await api.call("GET", f"{PATH}?limit=2&cursor={first['next_cursor']}", by=admin)).body
    assert [item["id"] for item in rest["items"]] == [ids[0]] and rest["next_cursor"] is None
    listed = await teacher.ok("get-polls", {"limit": 2})
    assert [poll["pollId"] for poll in listed["polls"]] == [ids[2], ids[1]]
    left = await teacher.ok("get-polls", {"before": listed["nextBefore"]})
    assert [poll["pollId"] for poll in left["polls"]] == [ids[0]] and left["nextBefore"] is None

    votes = (await api.call("GET", f"{PATH}/{ids[0]}/votes?limit=1", by=admin)).body
    more = await api.call("GET", f"{PATH}/{ids[0]}/votes?limit=1&cursor={votes['next_cursor']}", by=admin)
    cast = [*votes["items"], *more.body["items"]]
    assert sorted(item["choices"] for item in cast) == [[0], [1]] and more.body["next_cursor"] is None
    assert {item["user_id"] for item in cast} == {
        person["user_id"] for person in other.joined["participants"] if person["role"] == "student"
    }
    for path in (PATH, f"{PATH}/{ids[0]}/votes"):
        assert (await api.call("GET", path, by=student)).status == 403
        assert (await api.call("GET", path)).status == 401
    assert (await api.call("GET", f"{PATH}/nothing/votes", by=admin)).status == 404
    assert (await api.call("GET", f"{PATH}/{ids[0]}/votes?cursor=WzFd", by=admin)).status == 422


async def test_polls_and_votes_are_deleted_with_their_room(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await vote(student, await ask(teacher), 1)
    admin = await school.api.sign_in("owner@x.example")
    assert (
        await school.api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={ROOM}", by=admin)
    ).status == 200
    await student.pushes("room-closed")
    assert await stored(school.api) == []
    async with school.api.server.services.database.read() as tx:
        assert list(await tx.execute(select(polls))) == []
