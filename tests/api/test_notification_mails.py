"""Notifications by mail: at once, once a day, not at all; ended by whoever has the mail."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.notification_material import NOTIFICATIONS, kinds, told
from tests.serving import Answer, Api, Person
from tests.smtp_server import Mailbox
from vtp.mail.tables import mails
from vtp.notifications.choice_store import DigestTime, set_digest_time
from vtp.notifications.moments import day_and_time
from vtp.notifications.news import News
from vtp.notifications.store import these
from vtp.notifications.tables import notifications

ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def head(mailed: Api) -> Person:
    return await mailed.person("teacher")


@pytest.fixture
async def pupil(mailed: Api) -> Person:
    return await mailed.person("student")


@pytest.fixture
async def course(mailed: Api, head: Person, pupil: Person) -> str:
    made = await make_course(mailed, head)
    assert (await enrol(mailed, made, pupil)).status == 201
    return made


async def announce(api: Api, course: str, by: Person, title: str, body: str = "") -> None:
    made = await api.call("POST", f"{BASE}/{course}/announcements", {"title": title, "body": body}, by=by)
    assert made.status == 201, made


async def choose(api: Api, who: Person, **wish: Any) -> Any:
    answer = await api.call("PATCH", f"{NOTIFICATIONS}/settings", wish, by=who)
    assert answer.status == 200, answer
    return answer.body


def header(message: EmailMessage, name: str) -> str:
    """As it stands in the mail, before any program has decoded it."""
    return next(str(value) for key, value in message.raw_items() if key == name)


def stop_at(api: Api, message: EmailMessage) -> str:
    """The path of one click, out of the header."""
    found = re.fullmatch(r"<(http\S+)>", header(message, "List-Unsubscribe").strip())
    assert found, header(message, "List-Unsubscribe")
    assert header(message, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    return found[1][found[1].index("/api/") :]


async def click(api: Api, path: str) -> Answer:
    return await api.call("POST", path, data=ONE_CLICK, headers=FORM)


def text_in(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def tomorrow(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = api.server.services.notifications.mailer
    monkeypatch.setattr(mailer, "_clock", lambda: datetime.now(UTC) + timedelta(days=1, minutes=2))


async def count_of(api: Api, kind: str) -> int:
    async with api.server.services.database.read() as tx:
        found = select(func.count()).select_from(mails).where(mails.c.kind == kind)
        return int((await tx.execute(found)).scalar_one())


async def test_a_mail_of_who_may_need_help_has_the_name_in_its_text_and_not_in_its_subject(
    mailed: Api, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, head: Person, pupil: Person, course: str
) -> None:
    await choose(mailed, head, kinds={"student_may_need_help": "at_once"})
    alerts = mailed.server.services.analytics.alerts
    monkeypatch.setattr(alerts, "_clock", lambda: datetime.now(UTC) + timedelta(days=8))
    await alerts.look_at(course)
    mail = await mailbox.next_to(head.email, "need help")
    [title] = [one["title"] for one in await told(mailed, head) if one["kind"] == "student_may_need_help"]
    assert str(mail["Subject"]) == "PHY-101: Students who may need help"
    assert title in text_in(mail) and title.endswith(" may need help")


async def test_an_announcement_comes_at_once_and_one_click_ends_that(
    mailed: Api, mailbox: Mailbox, head: Person, pupil: Person, course: str
) -> None:
    await announce(mailed, course, head, "Exam", "On Monday.\nBring paper.")
    mail = await mailbox.next_to(pupil.email, "Exam")
    assert str(mail["Subject"]) == "PHY-101: Exam"
    text = text_in(mail)
    assert "PHY-101, Mechanics" in text
    assert "On Monday.\nBring paper." in text
    assert f"/courses/{course}" in text
    path = stop_at(mailed, mail)
    assert path in text, "for people, too"
    shown = await mailed.call("GET", path)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    await announce(mailed, course, head, "Still")
    await mailbox.next_to(pupil.email, "Still")
    for _ in range(2):
        assert (await click(mailed, path)).status == 200
    await announce(mailed, course, head, "No more")
    last = {"kinds": {"announcement": "at_once"}}
    await choose(mailed, pupil, **last)
    await announce(mailed, course, head, "Again")
    await mailbox.next_to(pupil.email, "Again")
    assert not [one for one in mailbox.messages if "No more" in str(one["Subject"])]
    assert [one["title"] for one in await told(mailed, pupil)] == ["Again", "No more", "Still", "Exam"]


async def test_times_are_told_by_the_clocks_of_who_reads_them(
    mailed: Api, mailbox: Mailbox, head: Person, pupil: Person, course: str
) -> None:
    await choose(mailed, pupil, time_zone="Asia/Tokyo")
    wish = {"title": "Essay", "points": 10, "due_at": "2199-07-02T22:30:00Z"}
    made = await mailed.call("POST", f"{BASE}/{course}/assignments", wish, by=head)
    assert made.status == 201, made
    written = "It is due on 2 July 2199 at 22:30 UTC."
    there = "It is due on 3 July 2199 at 07:30 (Asia/Tokyo)."
    assert there in (await mailbox.next_to(pupil.email, "Essay")).get_content().replace("\n", " ")
    own = f"By my clock: {day_and_time(datetime(2199, 1, 1, tzinfo=UTC), 'UTC')}"
    await announce(mailed, course, head, "Essays", own)
    for zone, time in (("", written), ("?time_zone=Asia/Tokyo", there), ("?time_zone=Mars", written)):
        answer = await mailed.call("GET", f"{NOTIFICATIONS}{zone}", by=pupil)
        for one in answer.body["items"]:
            path = f"{NOTIFICATIONS}/{one['id']}{zone}"
            marked = await mailed.call("PATCH", path, {"read": True}, by=pupil)
            assert marked.body["text"] == one["text"], "the same text where one is marked"
        texts = {one["kind"]: one["text"] for one in answer.body["items"]}
        assert time in texts["assignment_added"]
        assert texts["announcement"] == own, "what somebody has written stays"
    at = f"{BASE}/{course}/assignments/{made.body['id']}"
    earlier = await mailed.call("PATCH", at, {"due_at": "2199-06-02T22:30:00Z"}, by=head)
    assert earlier.status == 200, earlier
    await mailbox.next_to(pupil.email, "Essays")
    said = (await mailbox.next_to(pupil.email, "Essay")).get_content().replace("\n", " ")
    assert "has another date: it is due on 3 June 2199 at 07:30 (Asia/Tokyo)." in said


async def test_a_time_zone_that_is_not_known_here_any_more_holds_up_no_mails(
    mailed: Api, mailbox: Mailbox, head: Person, pupil: Person, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await student(mailed, "other")
    assert (await enrol(mailed, course, other)).status == 201
    await choose(mailed, pupil, kinds={"announcement": "daily"})
    async with mailed.server.services.database.transaction() as tx:
        await set_digest_time(tx, pupil.user_id, DigestTime("US/Gone", 5))
    await announce(mailed, course, head, "News")
    await mailbox.next_to(other.email, "News")
    wish = {"title": "Essay", "points": 10, "due_at": "2199-07-02T22:30:00Z"}
    made = await mailed.call("POST", f"{BASE}/{course}/assignments", wish, by=head)
    assert made.status == 201, made
    for who in (pupil, other):
        mail = await mailbox.next_to(who.email, "Essay")
        assert "It is due on 2 July 2199 at 22:30 UTC." in mail.get_content().replace("\n", " ")
    tomorrow(mailed, monkeypatch)
    await mailed.server.services.notifications.mailer.write_digests()
    assert "News" in text_in(await mailbox.next_to(pupil.email, "piece of news"))


async def test_an_address_that_was_changed_ends_nothing(
    mailed: Api, mailbox: Mailbox, head: Person, pupil: Person, course: str
) -> None:
    await announce(mailed, course, head, "Exam")
    path = stop_at(mailed, await mailbox.next_to(pupil.email, "Exam"))
    other = await student(mailed, "other")
    for wrong in (
        path.replace(pupil.user_id, other.user_id),
        path.replace(".announcement.", ".digest."),
        path[:-1] + ("0" if path[-1] != "0" else "1"),
        path[: path.rindex("/") + 1] + "x",
    ):
        for method in ("GET", "POST"):
            answer = await mailed.call(method, wrong)
            assert (answer.status, answer.body["code"]) == (404, "no_such_mail"), wrong
            assert "unsubscribe/[token]" in answer.body["instance"], "no log has it"
    assert (await mailed.call("POST", path, {"x": 1})).status == 415


@pytest.mark.both_databases
async def test_the_mail_of_the_day_has_all_of_it_once_however_many_write_it(
    mailed: Api,
    mailbox: Mailbox,
    head: Person,
    pupil: Person,
    course: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mailer = mailed.server.services.notifications.mailer
    chosen = await choose(
        mailed, pupil, kinds={"announcement": "daily"}, time_zone="Asia/Kathmandu", digest_hour=5
    )
    assert (chosen["time_zone"], chosen["digest_hour"], chosen["mails"]) == ("Asia/Kathmandu", 5, True)
    assert {one["kind"]: one["mail"] for one in chosen["kinds"]}["announcement"] == "daily"
    for number in range(3):
        await announce(mailed, course, head, f"News {number}")
    assert await mailer.write_digests() == 0, "its hour has not come"
    tomorrow(mailed, monkeypatch)
    await asyncio.gather(*(mailer.write_digests() for _ in range(4)))
    mail = await mailbox.next_to(pupil.email, "3 pieces of news")
    text = text_in(mail)
    assert [text.index(f"News {number}") for number in range(3)] == sorted(
        text.index(f"News {number}") for number in range(3)
    )
    assert text.count("PHY-101, Mechanics") == 1
    assert "/notifications\n" in text, "to all that one was told"
    assert await count_of(mailed, "digest") == 1
    path = stop_at(mailed, mail)
    monkeypatch.undo()
    await announce(mailed, course, head, "Waits")
    assert (await click(mailed, path)).status == 200
    tomorrow(mailed, monkeypatch)
    await mailer.write_digests()
    assert await count_of(mailed, "digest") == 1, "what waited is dropped, too"
    settings = (await mailed.call("GET", f"{NOTIFICATIONS}/settings", by=pupil)).body
    assert "daily" not in {one["mail"] for one in settings["kinds"]}
    assert await count_of(mailed, "news") == 0


async def test_lessons_go_into_calendars_unless_somebody_wants_them_otherwise(
    mailed: Api,
    mailbox: Mailbox,
    head: Person,
    pupil: Person,
    course: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = await student(mailed, "other")
    await enrol(mailed, course, other)
    await choose(mailed, other, kinds={"lesson_scheduled": "daily"})

    async def lesson(title: str) -> dict[str, Any]:
        start = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        wish = {"kind": "live", "title": title, "starts_at": start}
        made = await mailed.call("POST", f"{BASE}/{course}/lessons", wish, by=head)
        assert made.status == 201, made
        return dict(made.body)

    made = await lesson("Lenses")
    mail = await mailbox.next_to(pupil.email, "Lenses")
    assert mail.get_content_type() == "multipart/mixed"
    assert (await click(mailed, stop_at(mailed, mail))).status == 200
    cancelled = {"cancelled": True}
    changed = await mailed.call("PATCH", f"{BASE}/{course}/lessons/{made['id']}", cancelled, by=head)
    assert changed.status == 200
    await mailbox.next_to(other.email, "does not take place")
    await lesson("Mirrors")
    await mailbox.next_to(head.email, "Mirrors")
    tomorrow(mailed, monkeypatch)
    await mailed.server.services.notifications.mailer.write_digests()
    text = text_in(await mailbox.next_to(other.email, "2 pieces of news"))
    assert "New live lesson: Lenses" in text
    assert "New live lesson: Mirrors" in text
    assert not [one for one in mailbox.messages if str(one["To"]) == pupil.email], (
        "one click is for all three"
    )
    assert await kinds(mailed, pupil) == ["lesson_scheduled", "lesson_cancelled", "lesson_scheduled"]


@pytest.mark.both_databases
async def test_mails_are_written_once_by_however_many(mailed: Api, mailbox: Mailbox, head: Person) -> None:
    services, people = mailed.server.services, []
    for number in range(3):
        people.append(await student(mailed, f"pupil{number}"))
    mailer, notifier = services.notifications.mailer, services.notifications.notifier
    for number in range(40):
        async with services.database.transaction() as tx:
            to = these([one.user_id for one in people])
            await notifier.tell(tx, News("place_free", f"Place {number}"), to)
    await asyncio.gather(*(mailer.once() for _ in range(4)))
    await mailbox.wait_for(lambda: len(mailbox.messages) == 120)  # the server's own mailer may write some
    assert await count_of(mailed, "news") == 120
    subjects = [(str(one["To"]), str(one["Subject"])) for one in mailbox.messages]
    assert len(set(subjects)) == 120


async def test_who_may_not_sign_in_any_more_gets_no_mail(
    mailed: Api, mailbox: Mailbox, head: Person, pupil: Person, course: str
) -> None:
    admin, other = await mailed.person("admin"), await student(mailed, "other")
    await enrol(mailed, course, other)
    gone = await mailed.call("PATCH", f"/api/v1/users/{pupil.user_id}", {"disabled": True}, by=admin)
    assert gone.status == 200
    await announce(mailed, course, head, "Exam")
    await mailbox.next_to(other.email, "Exam")
    assert await count_of(mailed, "news") == 1


async def test_without_a_mail_server_nothing_waits_for_one(api: Api, teacher: Person) -> None:
    course, pupil = await make_course(api, teacher), await student(api, "pupil")
    await enrol(api, course, pupil)
    await announce(api, course, teacher, "Exam")
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(select(notifications.c.mail))).scalars().all() == [None]
    settings = (await api.call("GET", f"{NOTIFICATIONS}/settings", by=pupil)).body
    assert settings["mails"] is False
    assert await kinds(api, pupil) == ["announcement"]


async def test_choices_that_there_are_not_are_refused(api: Api, teacher: Person) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"kinds": {"weather": "daily"}}, "/kinds/weather"),
        ({"kinds": {"announcement": "weekly"}}, "/kinds/announcement"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"digest_hour": 24}, "/digest_hour"),
    ]
    for wish, pointer in wrong:
        answer = await api.call("PATCH", f"{NOTIFICATIONS}/settings", wish, by=teacher)
        assert answer.status == 422, answer
        assert any(one.startswith(pointer) for one in answer.pointers), answer.pointers
    kept = await choose(api, teacher, digest_hour=0)
    assert (kept["time_zone"], kept["digest_hour"]) == ("UTC", 0)
    assert (await choose(api, teacher, kinds={"removed": "none"}))["digest_hour"] == 0
    back = await choose(api, teacher, kinds={"removed": None})
    assert {one["kind"]: one["mail"] for one in back["kinds"]}["removed"] == "daily"
