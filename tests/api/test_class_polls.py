"""Polls over Socket.IO and HTTP: who asks, who votes, what is told to whom and what is stored."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.class_people import ROOM, enter, has_been_told, invite, open_class, refused
from tests.api.poll_material import PATH, WISH, ask, counts_of, stored, vote
from tests.api.socket_clients import School
from tests.closing import close_room
from vtp.errors import Unavailable
from vtp.rooms import poll_store
from vtp.rooms.tables import polls

KEY = "a-key-at-random-0001"
ROLES = ("teacher", "assistant", "student", "guest")


async def test_everybody_votes_and_sees_the_counts_after_the_end(school: School) -> None:
    people = await open_class(school, *ROLES)
    teacher, assistant, student, guest = people
    made = (await teacher.ok("create-poll", {**WISH, "question": "  Which?  "}))["poll"]
    poll_id = made["pollId"]
    assert (made["question"], made["status"], made["counts"]) == ("Which?", "open", [0, 0, 0])
    for client in people:
        opened = (await client.pushes("poll-opened"))["poll"]
        assert opened["options"] == WISH["options"]
        assert opened["counts"] == ([0, 0, 0] if client in (teacher, assistant) else None)
    for client, choice in zip(people, (0, 1, 1, 2), strict=True):
        await vote(client, poll_id, choice)
    await vote(student, poll_id, 2)
    assert await counts_of(assistant, poll_id) == ([1, 1, 2], 4)
    assert (await assistant.ok("close-poll", {"pollId": poll_id}))["poll"]["status"] == "closed"
    for client in people:
        ended = (await client.pushes("poll-closed"))["poll"]
        assert (ended["counts"], ended["votes"], ended["status"]) == ([1, 1, 2], 4, "closed")
    assert await refused(student, "vote", {"pollId": poll_id, "choices": [0]}) == "poll_closed"
    assert await refused(teacher, "close-poll", {"pollId": poll_id}) == "poll_closed"
    assert not has_been_told(student, "poll-changed") and not has_been_told(guest, "poll-changed")
    assert {row.full_name for row in await stored(school.api)} == {"Teacher", "Assistant", "Student", "Guest"}


async def test_staff_alone_ask_close_share_and_list(school: School) -> None:
    teacher, assistant, student, guest = await open_class(school, *ROLES)
    poll_id = await ask(assistant)
    for client in (student, guest):
        assert await refused(client, "create-poll", WISH) == "forbidden"
        assert await refused(client, "close-poll", {"pollId": poll_id}) == "forbidden"
        assert await refused(client, "share-poll", {"pollId": poll_id}) == "forbidden"
        assert await refused(client, "get-polls") == "forbidden"
    assert [one["pollId"] for one in (await teacher.ok("get-polls"))["polls"]] == [poll_id]
    assert len(teacher.joined["state"]["polls"]) == 0


async def test_live_counts_go_to_all_and_the_last_ones_always(school: School) -> None:
    teacher, *others = await open_class(school, "teacher", *["student"] * 6)
    poll_id = await ask(teacher, results="live", multiple=True)
    await asyncio.gather(*(vote(client, poll_id, 0, 2) for client in others))
    for client in (teacher, *others):
        told = 0
        while True:
            changed = await client.pushes("poll-changed")
            told += 1
            if changed["votes"] == len(others):
                assert changed["counts"] == [6, 0, 6]
                break
        assert told <= 3, "six votes at once"


async def test_hidden_results_are_staffs_until_they_share_them(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    poll_id = await ask(teacher, results="hidden")
    await vote(student, poll_id, 1)
    assert (await teacher.pushes("poll-changed"))["counts"] == [0, 1, 0]
    assert await refused(teacher, "share-poll", {"pollId": poll_id}) == "poll_open"
    await teacher.ok("close-poll", {"pollId": poll_id})
    assert (await student.pushes("poll-closed"))["poll"]["counts"] is None
    assert (await enter(school, "student")).joined["state"]["polls"] == []
    await teacher.ok("share-poll", {"pollId": poll_id})
    shared = (await student.pushes("poll-shared"))["poll"]
    assert shared["shared"] and shared["counts"] == [0, 1, 0]
    (later,) = (await enter(school, "student")).joined["state"]["polls"]
    assert (later["counts"], later["voted"], later["choices"]) == ([0, 1, 0], False, None)
    await teacher.ok("share-poll", {"pollId": poll_id})
    await student.ok("raise-hand")
    await student.pushes("hands-changed")
    assert not has_been_told(student, "poll-shared"), "it is shared already"


async def test_who_comes_later_sees_open_polls_and_what_their_account_chose(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    person = await school.api.person("student")
    first, second = await school.connect(person), await school.connect(person)
    poll_id = await ask(teacher, results="live")
    await first.join(ROOM)
    await vote(first, poll_id, 1)
    (shown,) = (await second.join(ROOM))["state"]["polls"]
    assert (shown["voted"], shown["choices"], shown["counts"]) == (True, [1], [0, 1, 0])
    await vote(second, poll_id, 2)
    assert await counts_of(teacher, poll_id) == ([0, 0, 1], 1), "one account has one vote"
    await vote(first, poll_id)
    assert await counts_of(teacher, poll_id) == ([0, 0, 0], 0), "and takes it back"
    assert await stored(school.api) == []


async def test_nothing_stored_says_what_somebody_chose_anonymously(school: School) -> None:
    teacher, student, guest = await open_class(school, "teacher", "student", "guest")
    poll_id = await ask(teacher, anonymous=True)
    await vote(student, poll_id, 0)
    await vote(guest, poll_id, 1)
    await vote(student, poll_id, 1)
    assert await counts_of(teacher, poll_id) == ([0, 2, 0], 2), "changed, while it is open"
    rows = await stored(school.api)
    assert {row.full_name for row in rows} == {"Student", "Guest"}
    assert [row.choices for row in rows] == [None, None]
    admin = await school.api.sign_in("owner@x.example")
    assert (await school.api.call("GET", f"{PATH}/{poll_id}/votes", by=admin)).status == 409
    await teacher.ok("close-poll", {"pollId": poll_id})
    await teacher.ok("share-poll", {"pollId": poll_id})
    snapshot = (await student.join(ROOM))["state"]["polls"]
    assert [(one["voted"], one["choices"]) for one in snapshot] == [(True, None)]


@pytest.mark.both_databases
async def test_votes_at_the_same_moment_and_while_closing_count_exactly(school: School) -> None:
    teacher, *others = await open_class(school, "teacher", *["student"] * 8)
    poll_id = await ask(teacher)
    votes = [
        client.call("vote", {"pollId": poll_id, "choices": [at % 3]}) for at in range(6) for client in others
    ]
    votes.insert(20, teacher.call("close-poll", {"pollId": poll_id}))
    answers = await asyncio.gather(*votes)
    assert all(one["ok"] or one["code"] == "poll_closed" for one in answers)
    counts, voted = await counts_of(teacher, poll_id)
    assert sum(counts) == voted == len(await stored(school.api))
    kept = [tuple(row.choices) for row in await stored(school.api)]
    assert [kept.count((at,)) for at in range(3)] == counts
    assert (await teacher.pushes("poll-closed"))["poll"]["counts"] == counts


async def test_a_vote_that_is_not_stored_has_changed_nothing(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    poll_id = await ask(teacher, anonymous=True)
    await vote(student, poll_id, 0)
    put_votes = poll_store.put_votes

    async def fail(*arguments: Any) -> None:
        await put_votes(*arguments)
        raise Unavailable("The database does not answer; try again in a moment.")

    with monkeypatch.context() as broken:
        broken.setattr(poll_store, "put_votes", fail)
        assert await refused(student, "vote", {"pollId": poll_id, "choices": [1]}) == "unavailable"
    with monkeypatch.context() as broken:
        broken.setattr(poll_store, "put_votes", lambda *arguments: 1 / 0)
        wish = {"pollId": poll_id, "choices": [1]}
        answers = await asyncio.gather(teacher.call("vote", wish), student.call("vote", wish))
        assert [one["ok"] for one in answers] == [False, False]
    assert await counts_of(teacher, poll_id) == ([1, 0, 0], 1)
    await vote(student, poll_id, 2)
    assert await counts_of(teacher, poll_id) == ([0, 0, 1], 1)


async def test_votes_that_wait_for_another_are_stored_together_each_with_its_own_answer(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, *others = await open_class(school, "teacher", *["student"] * 3)
    poll_id = await ask(teacher)
    put_votes, begun, go_on = poll_store.put_votes, asyncio.Event(), asyncio.Event()
    batches: list[int] = []

    async def slow(tx: Any, poll: Any, ballots: list[Any]) -> None:
        batches.append(len(ballots))
        begun.set()
        await go_on.wait()
        await put_votes(tx, poll, ballots)

    monkeypatch.setattr(poll_store, "put_votes", slow)
    first = asyncio.create_task(others[0].call("vote", {"pollId": poll_id, "choices": [0]}))
    await begun.wait()
    box = school.api.server.services.polls.of(await school.api.open_room(ROOM)).get(poll_id)
    assert box is not None
    wishes = ((others[1], [1]), (others[2], [0, 1]), (teacher, [2]))
    calls = [
        asyncio.create_task(who.call("vote", {"pollId": poll_id, "choices": choices}))
        for who, choices in wishes
    ]
    async with asyncio.timeout(20):
        while len(box.waiting) < 2:  # noqa: ASYNC110  nothing tells that a vote waits
            await asyncio.sleep(0.01)
    assert box.poll.votes == 0, "nothing counts before it is stored"
    go_on.set()
    answers = [(await one)["ok"] for one in (first, *calls)]
    assert answers == [True, True, False, True] and batches == [1, 2]
    assert await counts_of(teacher, poll_id) == ([1, 1, 1], 3)


async def test_an_open_poll_ends_with_its_class(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    poll_id = await ask(teacher)
    await vote(student, poll_id, 0)
    services = school.api.server.services
    close_room(services.live_rooms, (await services.rooms.find(ROOM)).id, "Over.")
    await student.pushes("room-closed")
    assert await refused(student, "vote", {"pollId": poll_id, "choices": [1]}) == "not_in_a_room"
    again = await enter(school, "teacher")
    assert again.joined["state"]["polls"] == []
    assert await refused(again, "close-poll", {"pollId": poll_id}) == "poll_closed"
    shared = (await again.ok("share-poll", {"pollId": poll_id}))["poll"]
    assert (shared["counts"], shared["status"]) == ([1, 0, 0], "closed")
    assert (await again.pushes("poll-shared"))["poll"] == shared
    (shown,) = (await again.join(ROOM))["state"]["polls"]
    assert shown["pollId"] == poll_id


async def test_five_polls_are_open_at_most(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    answers = await asyncio.gather(*(teacher.call("create-poll", WISH) for _ in range(7)))
    assert [one["ok"] for one in answers].count(True) == 5
    assert {one["code"] for one in answers if not one["ok"]} == {"too_many_polls"}
    first = next(one["poll"]["pollId"] for one in answers if one["ok"])
    await teacher.ok("close-poll", {"pollId": first})
    await ask(teacher)


async def test_votes_by_lost_connections_stay_and_closing_is_told_when_they_are_back(school: School) -> None:
    teacher = (await open_class(school, "teacher"))[0]
    person = await school.api.person("student")
    student = await school.connect(person, resume=True)
    await student.join(ROOM)
    poll_id = await ask(teacher, results="live")
    await student.pushes("poll-opened")
    await vote(student, poll_id, 1)
    changed = await student.pushes("poll-changed")
    student.io.eio.ws.get_extra_info("socket").shutdown(2)
    await student.gone.wait()
    await teacher.ok("close-poll", {"pollId": poll_id})
    back = await school.connect(
        person, resume=True, resume_token=student.joined["resume_token"], seq=changed["seq"]
    )
    assert (await back.pushes("poll-closed"))["poll"]["counts"] == [0, 1, 0]


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    "wrong",
    [
        {"question": ""},
        {"question": "a\nb"},
        {"question": "x" * 501},
        {"question": 7},
        {"options": ["one"]},
        {"options": ["one", "one"]},
        {"options": ["one", " one "]},
        {"options": ["one", ""]},
        {"options": ["one", "x" * 201]},
        {"options": [str(at) for at in range(11)]},
        {"options": "red"},
        {"options": [["red"], "green"]},
        {"results": "never"},
        {"multiple": "yes"},
        {"anonymous": 1},
    ],
)
async def test_malformed_polls_are_not_opened(school: School, wrong: dict[str, Any]) -> None:
    (teacher,) = await open_class(school, "teacher")
    assert await refused(teacher, "create-poll", {**WISH, **wrong}) == "invalid"
    async with school.api.server.services.database.read() as tx:
        assert list(await tx.execute(select(polls))) == []


@pytest.mark.drawn(2)
@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, "invalid"),
        ({"pollId": "nothing", "choices": [0]}, "no_such_poll"),
        ({"pollId": "\x00", "choices": [0]}, "no_such_poll"),
        ({"pollId": "01890a5d-ac96-774b-bcce-b302099a8057", "choices": [0]}, "no_such_poll"),
        ({"choices": [3]}, "invalid"),
        ({"choices": [-1]}, "invalid"),
        ({"choices": [0, 1]}, "invalid"),
        ({"choices": [True]}, "invalid"),
        ({"choices": [0.5]}, "invalid"),
        ({"choices": ["0"]}, "invalid"),
        ({"choices": [10**30]}, "invalid"),
        ({"choices": 0}, "invalid"),
        ({"choices": [0] * 1000}, "invalid"),
    ],
)
async def test_malformed_votes_change_nothing(school: School, payload: dict[str, Any], code: str) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    poll_id = await ask(teacher)
    await vote(student, poll_id, 1)
    wish = {"pollId": poll_id, **payload} if payload else {}
    assert await refused(student, "vote", wish) == code
    assert await counts_of(teacher, poll_id) == ([0, 1, 0], 1)
    for event in ("close-poll", "share-poll"):
        assert await refused(teacher, event, {"pollId": "nothing"}) == "no_such_poll"
    assert await refused(teacher, "get-polls", {"before": "nothing"}) == "invalid"
    assert await refused(teacher, "get-polls", {"limit": 0}) == "invalid"
    await student.ok("leave-room")
    assert await refused(student, "vote", {"pollId": poll_id, "choices": [0]}) == "not_in_a_room"


async def test_a_guest_who_loads_the_page_again_has_voted(school: School) -> None:
    (teacher,) = await open_class(school, "teacher")
    link, poll_id = await invite(school), await ask(teacher)
    for key, voted in ((KEY, False), (KEY, True), (KEY + "x", False), (None, False)):
        guest = await school.connect(link)
        joined = await guest.join(ROOM, full_name="Bo", **({"guest_key": key} if key else {}))
        (shown,) = joined["state"]["polls"]
        assert shown["voted"] is voted
        await vote(guest, poll_id, 1)
        await guest.ok("leave-room")
    assert await counts_of(teacher, poll_id) == ([0, 3, 0], 3)
    stranger = await school.connect(link)
    for misfit in ("short", "x" * 65, "not a key of these characters", 7):
        assert await refused(stranger, "join-room", {"room_id": ROOM, "guest_key": misfit}) == "invalid"
