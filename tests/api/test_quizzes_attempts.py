"""Attempts: taken, interrupted, resumed, over in time; who sees what is right, and when."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.coursework_material import until
from tests.api.quiz_material import (
    MULTIPLE,
    NUMERIC,
    SINGLE,
    TEXT,
    add_question,
    begin,
    end,
    look,
    make_quiz,
    save,
    times_are_over,
)
from tests.serving import Api, Person
from vtp.db import Database
from vtp.ids import new_id
from vtp.quizzes.attempt_store import Attempt, add_attempt, lock_attempt
from vtp.quizzes.quiz_store import extra_minutes, find_quiz
from vtp.quizzes.results import points_of_course
from vtp.quizzes.tables import quiz_attempts, quizzes
from vtp.quizzes.timing import ends_at


def now() -> datetime:
    return datetime.now(UTC)


def choices(attempt: Any, question: str, *texts: str) -> dict[str, Any]:
    """An answer that chooses what is called so."""
    [asked] = [one for one in attempt["questions"] if one["question_id"] == question]
    return {"choices": [one["id"] for one in asked["choices"] if one["text"] in texts]}


async def pupil_in(api: Api, course: str, name: str = "pupil") -> Person:
    pupil = await api.person("student", f"{name}@school.example")
    assert (await enrol(api, course, pupil)).status == 201
    return pupil


async def test_an_attempt_is_taken_and_graded_by_the_rules(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    pupil = await pupil_in(api, course)
    asked = [await add_question(api, course, teacher, wish) for wish in (SINGLE, MULTIPLE, NUMERIC, TEXT)]
    quiz = await make_quiz(api, course, teacher, asked)
    attempt = (await begin(api, course, quiz, pupil)).body
    assert [one["question_id"] for one in attempt["questions"]] == asked and attempt["max_points"] == 7.5
    hidden = str(attempt["questions"])  # times may have such digits
    assert "Paris" not in hidden and "9.81" not in hidden and "True" not in hidden
    answers = [
        choices(attempt, asked[0], "Jupiter"),
        choices(attempt, asked[1], "2", "3", "4"),
        {"value": 9.8},
        {"text": " paris"},
    ]
    for question, answer in zip(asked, answers, strict=True):
        saved = await save(api, course, attempt, question, answer, pupil, version=0)
        assert (saved.status, saved.body["version"], saved.body["points"]) == (200, 1, None), saved
    ended = await end(api, course, attempt, pupil)
    assert [one["points"] for one in ended.body["questions"]] == [2, 1, 1, 1.5]
    assert (ended.body["points"], ended.body["ended_by"]) == (5.5, "student")
    assert ended.body["questions"][3]["solution"]["accepted"] == ["Paris"]
    assert (await end(api, course, attempt, pupil)).body == ended.body
    late = await save(api, course, attempt, asked[2], {"value": 9.81}, pupil)
    assert (late.status, late.body["code"]) == (409, "attempt_over")
    again = await begin(api, course, quiz, pupil)
    assert (again.status, again.body["code"]) == (409, "no_attempts_left")
    removed = await api.call("DELETE", f"{BASE}/{course}/questions/{asked[0]}", by=teacher)
    kept = await api.call("GET", f"{BASE}/{course}/questions/{asked[0]}", by=teacher)
    assert removed.status == 204 and kept.body["retired_at"]
    cut = {"choices": [{**one, "id": one["id"]} for one in kept.body["choices"]][:2]}
    refused = await api.call("PATCH", f"{BASE}/{course}/questions/{asked[0]}", cut, by=teacher)
    assert (refused.status, refused.body["code"]) == (409, "question_asked")
    gone = await api.call("DELETE", f"{BASE}/{course}/quizzes/{quiz}", by=teacher)
    assert (gone.status, gone.body["code"]) == (409, "quiz_attempted")


async def test_two_tabs_share_one_attempt_and_the_older_one_is_told(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    pupil, other = await pupil_in(api, course), await pupil_in(api, course, "other")
    question = await add_question(api, course, teacher, TEXT)
    quiz = await make_quiz(api, course, teacher, [question])
    tabs = await asyncio.gather(*(begin(api, course, quiz, pupil) for _ in range(4)))
    assert {tab.status for tab in tabs} == {201} and len({tab.body["id"] for tab in tabs}) == 1
    attempt = tabs[0].body
    first = await save(api, course, attempt, question, {"text": "Rome"}, pupil, version=0)
    repeated = await save(api, course, attempt, question, {"text": "Rome"}, pupil, version=0)
    assert first.body == repeated.body
    stale = await save(api, course, attempt, question, {"text": "Oslo"}, pupil, version=0)
    assert (stale.status, stale.body["code"]) == (409, "answer_changed")
    assert (await save(api, course, attempt, question, {"text": "Paris"}, pupil, version=1)).status == 200
    assert (await save(api, course, attempt, question, None, pupil)).body["answer"] is None
    for wrong in ({"value": 1}, {"text": "x", "value": 1}, {}, {"choices": ["0123456789ab"]}):
        assert (await save(api, course, attempt, question, wrong, pupil)).status == 422, wrong
    for call in (look, end):
        assert (await call(api, course, attempt, other)).status == 403
    assert (await save(api, course, attempt, question, {"text": "x"}, teacher)).status == 403
    assert (await begin(api, course, quiz, teacher)).body["code"] == "not_a_student"


async def test_what_was_saved_counts_when_nobody_ends_the_attempt(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    people = [await pupil_in(api, course, f"pupil{n}") for n in range(3)]
    question = await add_question(api, course, teacher, TEXT)
    quiz = await make_quiz(api, course, teacher, [question], time_limit_minutes=5)
    begun = [(await begin(api, course, quiz, one)).body for one in people]
    over = now() - timedelta(seconds=1)
    for attempt, pupil in zip(begun, people, strict=True):
        assert (await save(api, course, attempt, question, {"text": "Paris"}, pupil)).status == 200
        await times_are_over(api, quiz_attempts, attempt["id"], ends_at=over)
    late = await save(api, course, begun[0], question, {"text": "Rome"}, people[0])
    assert late.body["code"] == "attempt_over"
    looked = (await look(api, course, begun[0], people[0])).body
    assert (looked["ended_by"], looked["points"]) == ("time", 1.5)
    assert datetime.fromisoformat(looked["ended_at"]) == over
    assert (await end(api, course, begun[1], people[1])).body["ended_by"] == "time"
    ending = api.server.services.quizzes.ending
    assert sum(await asyncio.gather(ending.finish_due(), ending.finish_due())) == 1
    page = await api.call("GET", f"{BASE}/{course}/quizzes/{quiz}/attempts", by=teacher)
    assert [one["points"] for one in page.body["items"]] == [1.5] * 3
    mine = await api.call("GET", f"{BASE}/{course}/quizzes/{quiz}/attempts", by=people[0])
    assert [one["id"] for one in mine.body["items"]] == [begun[0]["id"]]


async def test_times_are_the_servers_and_longer_for_who_needs_it(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    pupil, slow = await pupil_in(api, course), await pupil_in(api, course, "slow")
    question = await add_question(api, course, teacher, TEXT)
    opens, closes = now() + timedelta(minutes=1), now() + timedelta(minutes=9)
    times = {"opens_at": opens.isoformat(), "closes_at": closes.isoformat(), "results": "after_closing"}
    quiz = await make_quiz(api, course, teacher, [question], time_limit_minutes=5, **times)
    at = f"{BASE}/{course}/quizzes/{quiz}"
    assert (await begin(api, course, quiz, pupil)).body["code"] == "quiz_not_open"
    await times_are_over(api, quizzes, quiz, opens_at=now())
    first, second = [(await begin(api, course, quiz, one)).body for one in (pupil, slow)]

    def minutes(attempt: Any) -> float:
        lasts = datetime.fromisoformat(attempt["ends_at"]) - datetime.fromisoformat(attempt["begun_at"])
        return lasts / timedelta(minutes=1)

    assert minutes(first) == minutes(second) == 5
    extra = await api.call("PUT", f"{at}/extra-time/{slow.user_id}", {"minutes": 10}, by=teacher)
    assert extra.body["minutes"] == 10
    assert (await api.call("GET", f"{at}/extra-time", by=teacher)).body["items"] == [extra.body]
    assert minutes((await look(api, course, second, slow)).body) == 15
    await api.call("PATCH", at, {"time_limit_minutes": 6}, by=teacher)
    assert minutes((await look(api, course, second, slow)).body) == 16
    await end(api, course, first, pupil)
    closed = {"opens_at": None, "closes_at": (now() - timedelta(minutes=1)).isoformat()}
    assert (await api.call("PATCH", at, closed, by=teacher)).status == 200
    hidden = (await look(api, course, first, pupil)).body  # somebody is at it still
    assert hidden["points"] is None and not hidden["results_shown"] and "Paris" not in str(hidden)
    assert (await save(api, course, second, question, {"text": "Paris"}, slow)).status == 200
    assert (await look(api, course, first, teacher)).body["results_shown"]
    await api.call("PUT", f"{at}/extra-time/{slow.user_id}", {"minutes": 0}, by=teacher)
    assert (await look(api, course, second, slow)).body["ended_by"] == "time"
    assert (await look(api, course, first, pupil)).body["results_shown"]
    await api.call("PATCH", at, {"results": "never"}, by=teacher)
    assert not (await look(api, course, first, pupil)).body["results_shown"]
    assert (await begin(api, course, quiz, await pupil_in(api, course, "late"))).body["code"] == "quiz_closed"


@pytest.mark.both_databases
async def test_what_is_over_stays_over_when_more_time_is_given_though_nobody_has_looked(
    api: Api, teacher: Person
) -> None:
    course = await make_course(api, teacher)
    question = await add_question(api, course, teacher, TEXT)
    quiz = await make_quiz(api, course, teacher, [question], time_limit_minutes=20)
    at = f"{BASE}/{course}/quizzes/{quiz}"
    gone, writing = await pupil_in(api, course, "gone"), await pupil_in(api, course, "writing")
    over = now() - timedelta(minutes=20)
    until = now() + timedelta(minutes=40)
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", f"{at}/extra-time/{gone.user_id}", {"minutes": 30}),
        ("PATCH", at, {"time_limit_minutes": 60}),
        ("PATCH", at, {"closes_at": until.isoformat()}),
    ]
    going = (await begin(api, course, quiz, writing)).body
    for number, (method, path, wish) in enumerate(changes, 1):
        assert (await api.call("PATCH", at, {"attempts_allowed": number}, by=teacher)).status == 200
        attempt = (await begin(api, course, quiz, gone)).body
        assert (await save(api, course, attempt, question, {"text": "Paris"}, gone)).status == 200
        await times_are_over(api, quiz_attempts, attempt["id"], ends_at=over)  # who has shut the lid
        answer = await api.call(method, path, wish, by=teacher)
        assert answer.status == 200, answer
        saved = await save(api, course, attempt, question, {"text": "Rome"}, gone)
        assert (saved.status, saved.body["code"]) == (409, "attempt_over"), wish
        seen = (await look(api, course, attempt, gone)).body
        assert (seen["ended_by"], seen["points"]) == ("time", 1.5)
        assert [datetime.fromisoformat(seen[one]) for one in ("ends_at", "ended_at")] == [over, over]
    seen = (await look(api, course, going, writing)).body
    assert datetime.fromisoformat(seen["ends_at"]) == until, "who is at it has the time"
    assert (await save(api, course, going, question, {"text": "Paris"}, writing)).status == 200


def own_clock(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The clock of quizzes from now on: what it says is the one item."""
    quizzes, clock = api.server.services.quizzes, [now()]
    for part in (quizzes.attempts, quizzes.ending):
        monkeypatch.setattr(part, "_clock", lambda: clock[0])
    return clock


def told_of_turns(monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[None]:
    """Gets one item for each call that waits for its turn to write to SQLite from now on."""
    queued, wait = asyncio.Queue[None](), Database._wait_for_turn

    async def tell_and_wait(of: Database, stack: AsyncExitStack) -> None:
        queued.put_nowait(None)
        await wait(of, stack)

    monkeypatch.setattr(Database, "_wait_for_turn", tell_and_wait)
    return queued


@pytest.mark.both_databases
async def test_an_answer_that_came_in_time_is_saved_though_it_waited(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = await make_course(api, teacher)
    pupil = await pupil_in(api, course)
    question = await add_question(api, course, teacher, TEXT)
    quiz = await make_quiz(api, course, teacher, [question], time_limit_minutes=5)
    attempt = (await begin(api, course, quiz, pupil)).body
    services, clock = api.server.services, own_clock(api, monkeypatch)
    async with services.database.transaction() as tx:
        await lock_attempt(tx, attempt["id"])
        queued = told_of_turns(monkeypatch)
        saving = asyncio.create_task(save(api, course, attempt, question, {"text": "Paris"}, pupil))
        if tx.dialect.name == "postgresql":
            await until(partial(waits_or_done, services.database, saving))
        else:
            await queued.get()
        clock[0] += timedelta(minutes=5, seconds=1)
    saved = await saving
    assert saved.status == 200, saved
    assert (await save(api, course, attempt, question, {"text": "Rome"}, pupil)).body[
        "code"
    ] == "attempt_over"
    assert (await end(api, course, attempt, pupil)).body["points"] == 1.5


@pytest.mark.sqlite_alone  # whose calls take their turns in the order in which they came
@pytest.mark.parametrize("before_it", ["begin", "points"])
async def test_who_came_before_an_answer_in_time_does_not_end_its_attempt_though_both_waited(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch, before_it: str
) -> None:
    course = await make_course(api, teacher)
    pupil = await pupil_in(api, course)
    question = await add_question(api, course, teacher, TEXT)
    quiz = await make_quiz(api, course, teacher, [question], time_limit_minutes=5)
    attempt = (await begin(api, course, quiz, pupil)).body
    services, clock = api.server.services, own_clock(api, monkeypatch)
    path = f"{BASE}/{course}/quizzes/{quiz}/attempts/{attempt['id']}/points/{question}"
    async with services.database.transaction():
        queued = told_of_turns(monkeypatch)
        first = asyncio.create_task(
            begin(api, course, quiz, pupil)
            if before_it == "begin"
            else api.call("PUT", path, {"points": 1, "reason": "Nearly."}, by=teacher)
        )
        await queued.get()
        saving = asyncio.create_task(save(api, course, attempt, question, {"text": "Paris"}, pupil))
        await queued.get()
        clock[0] += timedelta(minutes=5, seconds=1)
    answer, saved = await first, await saving
    if before_it == "begin":
        assert answer.body["id"] == attempt["id"]
    else:
        assert answer.body["code"] == "attempt_running"
    assert saved.status == 200, saved
    assert (await end(api, course, attempt, pupil)).body["points"] == 1.5


async def test_questions_are_drawn_and_shuffled_for_each_attempt_and_stay_so(
    api: Api, teacher: Person
) -> None:
    course = await make_course(api, teacher)
    pupil = await pupil_in(api, course)
    named = await add_question(api, course, teacher, NUMERIC, tags=["pool"])
    pool = {await add_question(api, course, teacher, text=f"{n}", tags=["pool"]) for n in range(8)}
    parts = [{"question_id": named}, {"tag": "pool", "count": 4}]
    quiz = await make_quiz(
        api, course, teacher, [], parts=parts, shuffle_questions=True, attempts_allowed=None
    )
    orders, sets = set(), set()
    for _ in range(8):
        attempt = (await begin(api, course, quiz, pupil)).body
        assert (await look(api, course, attempt, pupil)).body["questions"] == attempt["questions"]
        ids = [one["question_id"] for one in attempt["questions"]]
        assert len(set(ids)) == 5 and named in ids and set(ids) - {named} <= pool
        sets.add(frozenset(ids))
        orders |= {
            tuple(choice["text"] for choice in one["choices"])
            for one in attempt["questions"]
            if one["choices"]
        }
        await end(api, course, attempt, pupil)
    assert len(sets) > 1 and len(orders) > 1


@pytest.mark.both_databases
@pytest.mark.parametrize("minutes", [10, 0])
async def test_more_time_and_none_more_counts_in_an_attempt_that_is_begun_at_the_same_moment(
    api: Api, teacher: Person, minutes: int
) -> None:
    course = await make_course(api, teacher)
    pupil = await pupil_in(api, course)
    question = await add_question(api, course, teacher, TEXT)
    quiz = await make_quiz(api, course, teacher, [question], time_limit_minutes=5)
    path = f"{BASE}/{course}/quizzes/{quiz}/extra-time/{pupil.user_id}"
    assert (await api.call("PUT", path, {"minutes": 5}, by=teacher)).status == 200
    database = api.server.services.database
    async with database.transaction() as tx:  # as who begins does
        locked = await find_quiz(tx, course, quiz, lock=True)
        assert locked is not None
        then, extra = now(), (await extra_minutes(tx, quiz, [pupil.user_id]))[pupil.user_id]
        giving = asyncio.create_task(api.call("PUT", path, {"minutes": minutes}, by=teacher))
        if tx.dialect.name == "postgresql":
            await until(partial(waits_or_done, database, giving))
        until_when = ends_at(locked, then, extra)
        begun = Attempt(new_id(), quiz, pupil.user_id, 1, "0", then, until_when, None, None, None, 1.5)
        await add_attempt(tx, begun, {question: []})
    assert (await giving).status == 200
    seen = (await look(api, course, {"quiz_id": quiz, "id": begun.id}, pupil)).body
    assert datetime.fromisoformat(seen["ends_at"]) - then == timedelta(minutes=5 + minutes)


async def waits_or_done(database: Database, task: asyncio.Task[Any]) -> bool:
    here = "datname = current_database() AND wait_event_type = 'Lock'"
    async with database.read() as tx:
        found = await tx.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {here}"))
        return task.done() or bool(found.scalar_one())


async def test_graders_correct_a_question_and_give_points_with_a_reason(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher, name="x")
    pupil = await pupil_in(api, course)
    await api.call("PATCH", "/api/v1/auth/profile", {"full_name": "=cmd|' /C calc'!A0"}, by=pupil)
    text, number = [await add_question(api, course, teacher, wish) for wish in (TEXT, NUMERIC)]
    quiz = await make_quiz(api, course, teacher, [text, number], title="@quiz", attempts_allowed=2)
    at = f"{BASE}/{course}/quizzes/{quiz}"
    attempt = (await begin(api, course, quiz, pupil)).body
    await save(api, course, attempt, text, {"text": "Lutetia"}, pupil)
    by_hand = f"{at}/attempts/{attempt['id']}/points/{number}"
    wish = {"points": 0.5, "reason": "nearly"}
    assert (await api.call("PUT", by_hand, wish, by=teacher)).body["code"] == "attempt_running"
    assert (await end(api, course, attempt, pupil)).body["points"] == 0
    await api.call(
        "PATCH", f"{BASE}/{course}/questions/{text}", {"accepted": ["Paris", "Lutetia"]}, by=teacher
    )
    assert (await api.call("POST", f"{at}/regrade", by=teacher)).body == {"attempts": 1, "changed": 1}
    assert (await api.call("POST", f"{at}/regrade", by=teacher)).body == {"attempts": 1, "changed": 0}
    given = await api.call("PUT", by_hand, wish, by=teacher)
    assert given.body["points"] == 2 and given.body["overrides"][0]["reason"] == "nearly"
    await api.call("POST", f"{at}/regrade", by=teacher)
    seen = (await look(api, course, attempt, pupil)).body
    assert seen["points"] == 2 and seen["overrides"][0]["given_by"] == teacher.user_id
    back = await api.call("PUT", by_hand, {"points": None, "reason": "no"}, by=teacher)
    assert back.body["points"] == 1.5 and len(back.body["overrides"]) == 2
    assert (await api.call("PUT", by_hand, {"points": 1, "reason": ""}, by=teacher)).status == 422
    most = await api.call("PUT", by_hand, {"points": 1.01, "reason": "bonus"}, by=teacher)
    assert (most.status, most.pointers) == (422, ["/points"]), "of one that gives 1"
    assert (await look(api, course, attempt, pupil)).body["points"] == 1.5
    second = (await begin(api, course, quiz, pupil)).body
    await end(api, course, second, pupil)
    for counts, worth in (("best", 1.5), ("last", 0), ("average", 0.75)):
        await api.call("PATCH", at, {"counts": counts}, by=teacher)
        async with api.server.services.database.read() as tx:
            [column] = await points_of_course(tx, course)
        assert column.points == {pupil.user_id: worth}
    file = await api.call("GET", f"{BASE}/{course}/quiz-results/export", by=teacher)
    text_of = file.body.decode("utf-8-sig") if isinstance(file.body, bytes) else str(file.body)
    assert "'=cmd|" in text_of and "'@quiz" in text_of and "0.75" in text_of
    await api.call("PATCH", f"{BASE}/{course}", {"status": "archived"}, by=teacher)
    for method, path, body in (("PUT", by_hand, wish), ("POST", f"{at}/regrade", None)):
        refused = await api.call(method, path, body, by=teacher)
        assert (refused.status, refused.body["code"]) == (409, "course_archived"), path
    assert (await look(api, course, attempt, teacher)).body["points"] == 1.5


@pytest.mark.both_databases
async def test_twenty_students_who_end_in_the_last_second_are_counted_once_and_rightly(
    api: Api, teacher: Person
) -> None:
    course = await make_course(api, teacher)
    question = await add_question(api, course, teacher, NUMERIC)
    quiz = await make_quiz(api, course, teacher, [question], time_limit_minutes=5)
    people = [await pupil_in(api, course, f"pupil{n}") for n in range(20)]
    begun = [(await begin(api, course, quiz, one)).body for one in people]
    until = now() + timedelta(seconds=1)
    for attempt in begun:
        await times_are_over(api, quiz_attempts, attempt["id"], ends_at=until)

    async def at_the_last(n: int) -> list[bool]:
        """Answers alternately right and wrong until the time is over; half of them end by themselves."""
        right: list[bool] = []
        while (saved := await save(api, course, begun[n], question, _value(right), people[n])).status == 200:
            right.append(not right or not right[-1])
            if n % 2 and len(right) > n // 4:
                await end(api, course, begun[n], people[n])
        assert saved.body["code"] == "attempt_over", saved
        return right

    ending = api.server.services.quizzes.ending
    said = await asyncio.gather(*(at_the_last(n) for n in range(20)))
    await asyncio.gather(ending.finish_due(), ending.finish_due(), look(api, course, begun[0], teacher))
    async with api.server.services.database.read() as tx:
        rows = {row.id: row for row in await tx.execute(select(quiz_attempts))}
    for attempt, right in zip(begun, said, strict=True):
        row = rows[attempt["id"]]
        assert row.points == (1.0 if right and right[-1] else 0.0), (right, row)
        assert row.ended_at == until if row.ended_by == "time" else row.ended_at < until
    assert {row.ended_by for row in rows.values()} >= {"time"}


def _value(right: list[bool]) -> dict[str, float]:
    """The right answer first, and after a wrong one."""
    return {"value": 0.0 if right and right[-1] else 9.81}


async def test_staff_are_told_of_all_attempts_and_read_them_to_the_last(api: Api) -> None:
    teacher = await api.person("teacher")
    course = await make_course(api, teacher)
    pupil, idle = await student(api, "pupil"), await student(api, "idle")
    for one in (pupil, idle):
        assert (await enrol(api, course, one)).status == 201
    quiz = await make_quiz(api, course, teacher, [await add_question(api, course, teacher)])
    assert (await begin(api, course, quiz, idle)).status == 201
    many, then = 5_100, now()
    async with api.server.services.database.transaction() as tx:
        own = {"quiz_id": quiz, "user_id": pupil.user_id, "seed": "0", "ended_by": "student"}
        times = {"begun_at": then, "ends_at": None, "ended_at": then, "points": 1.0, "max_points": 2.0}
        await tx.execute(
            insert(quiz_attempts), [{"id": new_id(), "number": n, **own, **times} for n in range(1, many + 1)]
        )
    at = f"{BASE}/{course}/quizzes/{quiz}/attempts"
    seen, cursor, counts = set[str](), "", []
    while True:
        page = (await api.call("GET", f"{at}?limit=200{cursor}", by=teacher)).body
        seen |= {one["id"] for one in page["items"]}
        counts.append(page["counts"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == many + 1
    assert counts[0] == {"people": 2, "attempts": many + 1, "ended": many}
    assert set(map(str, counts[1:])) == {"None"}
    assert (await api.call("GET", at, by=idle)).body["counts"] is None


async def test_first_page_of_the_bank_has_all_its_tags(api: Api) -> None:
    teacher = await api.person("teacher")
    course = await make_course(api, teacher)
    for tags in (["algebra"], ["geometry", "algebra"], []):
        await add_question(api, course, teacher, tags=tags)
    at = f"{BASE}/{course}/questions"
    first = (await api.call("GET", f"{at}?limit=1&tag=algebra", by=teacher)).body
    assert (first["tags"], first["items"][0]["tags"]) == (["algebra", "geometry"], ["algebra", "geometry"])
    more = (await api.call("GET", f"{at}?limit=1&tag=algebra&cursor={first['next_cursor']}", by=teacher)).body
    assert (more["tags"], more["items"][0]["tags"], more["next_cursor"]) == (None, ["algebra"], None)
