"""A person who has left something in every table, for exports and erasures."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select, update

from tests.api.personal_analytics import of_analytics, tell_staff
from tests.api.recording_material import add_finished, make_room
from tests.serving import Api, Person
from tests.unit.picture_material import BLUE, RED, halves, png
from vtp.accounts.audit import Event, Origin
from vtp.accounts.tables import (
    account_tokens,
    audit_log,
    backup_codes,
    external_identities,
    invitations,
    oidc_flows,
    sessions,
    users,
)
from vtp.courses.tables import (
    course_announcements,
    course_enrollments,
    course_invitations,
    course_permissions,
    course_recordings,
    courses,
)
from vtp.coursework.tables import (
    assignment_group_members,
    assignment_groups,
    assignments,
    coursework_files,
    grades,
    materials,
    submissions,
)
from vtp.db import metadata
from vtp.db.tables import idempotency_keys
from vtp.http.idempotency import mark_of
from vtp.ids import new_id
from vtp.mail.tables import mails
from vtp.notifications.tables import news, notification_choices, notification_people, notifications
from vtp.quizzes.tables import (
    quiz_answers,
    quiz_attempts,
    quiz_extra_time,
    quiz_overrides,
    quiz_questions,
    quizzes,
)
from vtp.recording.tables import (
    recording_access_log,
    recording_caption_lines,
    recording_captions,
    recording_chapters,
    recording_progress,
    recording_shares,
)
from vtp.rooms.tables import (
    chat_messages,
    guest_links,
    live_sessions,
    poll_votes,
    polls,
    room_bans,
    session_participants,
)
from vtp.sealing import Sealer
from vtp.webhooks.tables import webhook_deliveries, webhooks


@dataclass(frozen=True)
class Marked:
    """Words that stand for the person wherever they are found."""

    email: str = "ada.lovelace@school.example"
    full_name: str = "Ada Zephyrine Lovelace"
    phone: str = "+44 20 7946 0958"
    agent: str = "Difference-Engine/1843"
    ip: str = "198.51.100.77"
    words: str = "the engine might compose elaborate music"

    @property
    def marks(self) -> tuple[str, ...]:
        """Network addresses are the audit log's for a month; its own test looks at them."""
        return self.email, "Lovelace", "Zephyrine", self.phone, self.words


ADA = Marked()
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Life:
    """Who left the traces, and where."""

    ada: Person
    room_id: str
    poll_id: str
    recording_id: str


async def leave_traces(api: Api, admin: Person) -> Life:
    """Makes Ada, a teacher, by the front door where there is one, and behind it where that takes long."""
    ada = await api.person("teacher", ADA.email)
    bob = await api.person("student")
    room_id = await make_room(api, ada)
    profile = {"full_name": ADA.full_name, "phone": ADA.phone}
    key = {"Idempotency-Key": "a key"}
    await api.call("PATCH", "/api/v1/auth/profile", profile, by=ada)
    picture = png(halves(300, 300, RED, BLUE))
    put = {"Content-Type": "image/png"}
    await api.call("PUT", "/api/v1/auth/profile/picture", by=ada, data=picture, headers=put)
    await api.call("POST", "/api/v1/rooms/physics/links", {"label": "Guests"}, by=ada, headers=key)
    await api.call("POST", "/api/v1/calendars", {}, by=ada)
    await api.call("PATCH", f"/api/v1/users/{ada.user_id}", {"role": "assistant"}, by=admin)
    await api.call("PATCH", f"/api/v1/users/{ada.user_id}", {"role": "teacher"}, by=admin)
    recording_id = await add_finished(api, room_id, ada)
    life = Life(ada, room_id, new_id(), recording_id)
    async with api.server.services.database.transaction() as tx:
        for table, row in _rows(life, bob, api.server.services.accounts.sealer):
            await tx.execute(insert(table).values(**row))
        await tx.execute(update(users).where(users.c.id == bob.user_id).values(approved_by=ada.user_id))
        await tx.execute(update(users).where(users.c.id == ada.user_id).values(email_verified_at=NOW))
        where_from = {"ip": ADA.ip, "user_agent": ADA.agent}
        await tx.execute(update(sessions).where(sessions.c.user_id == ada.user_id).values(**where_from))
        details = {"email": ADA.email, "name": ADA.full_name, "reason": "wrong_password"}
        audit = api.server.services.accounts.audit
        origin = Origin(ADA.ip, ADA.agent, "request")
        subject = f"user:{ada.user_id}"
        await audit.record(tx, Event.SIGNED_IN, origin, actor_id=ada.user_id, details=details)
        await audit.record(tx, Event.SIGN_IN_REFUSED, origin, subject=subject, details=details)
    await tell_staff(api, ada)
    return life


def _rows(life: Life, bob: Person, sealer: Sealer) -> list[tuple[Table, dict[str, Any]]]:
    ada, room = life.ada.user_id, life.room_id
    soon = NOW + timedelta(days=9000)
    times = {"created_at": NOW, "expires_at": soon}
    session, first = new_id(), new_id()
    me = {
        "from_person": f"user:{ada}",
        "from_participant_id": "p1",
        "from_name": ADA.full_name,
        "from_role": "teacher",
    }
    him = {
        "from_person": f"user:{bob.user_id}",
        "from_participant_id": "p2",
        "from_name": "Bob",
        "from_role": "student",
    }
    to_me = {
        "to_person": f"user:{ada}",
        "to_participant_id": "p1",
        "to_name": ADA.full_name,
        "to_role": "teacher",
    }
    chat = {"room_id": room, "group_id": "", "sent_at": NOW, "cleared": False}
    poll = {
        "id": life.poll_id,
        "room_id": room,
        "question": "Which?",
        "options": ["a", "b"],
        "multiple": False,
        "anonymous": False,
        "results": "after",
        "counts": [0, 1],
        "votes": 1,
        "created_by": ada,
        "created_by_name": ADA.full_name,
        "created_at": NOW,
        "closed_at": NOW,
    }
    hook = {
        "id": new_id(),
        "url": "https://hooks.example/",
        "description": "",
        "events": ["*"],
        "room_id": room,
        "active": False,
        "secret": "s",
        "created_by": ada,
        "created_at": NOW,
        "updated_at": NOW,
        "disabled_reason": "",
    }
    person = {"user_id": ada, "full_name": ADA.full_name, "role": "teacher"}
    delivery = {
        "id": new_id(),
        "webhook_id": hook["id"],
        "event_id": new_id(),
        "type": "participant.joined",
        "body": json.dumps({"data": {"participant": person}}, separators=(",", ":")),
        "created_at": NOW,
        "tries": 1,
        "status": "delivered",
        "answer": "",
    }
    invited = {"role": "student", "watch_only": False, **times}
    ban = {"room_id": room, "reason": "", "created_at": NOW}
    return [
        (
            account_tokens,
            {"token_hash": "t", "user_id": ada, "purpose": "reset_password", "email": ADA.email, **times},
        ),
        (
            invitations,
            {"id": new_id(), "token_hash": "i", "email": ADA.email, "full_name": ADA.full_name, **invited},
        ),
        (
            invitations,
            {
                "id": new_id(),
                "token_hash": "j",
                "email": "x@y.example",
                "full_name": "",
                "created_by": ada,
                **invited,
            },
        ),
        (backup_codes, {"user_id": ada, "code_hash": "h", "created_at": NOW}),
        (
            external_identities,
            {
                "issuer": "https://id.example",
                "subject": "lovelace",
                "user_id": ada,
                "email": ADA.email,
                "created_at": NOW,
            },
        ),
        (
            oidc_flows,
            {
                "state_hash": "s",
                "provider": "p",
                "nonce": "n",
                "code_verifier": "c",
                "browser_hash": "b",
                "return_to": "/",
                "user_id": ada,
                "created_at": NOW,
            },
        ),
        (
            mails,
            {
                "id": new_id(),
                "kind": "notice",
                "user_id": ada,
                "to_address": "old.lovelace@school.example",
                "subject": "Hello",
                "body": "sealed",
                "attempts": 0,
                **times,
            },
        ),
        (
            mails,
            {
                "id": new_id(),
                "kind": "invitation",
                "to_address": ADA.email,
                "subject": "Hello",
                "attempts": 0,
                **times,
            },
        ),
        (
            guest_links,
            {
                "id": new_id(),
                "room_id": room,
                "label": "",
                "full_name": "Guest",
                "publish": True,
                "watch": True,
                "created_by": ada,
                **times,
            },
        ),
        (
            chat_messages,
            {
                "id": first,
                "text": ADA.words,
                "folded": ADA.words,
                "client_key": f"user:{ada}/1",
                **me,
                **chat,
            },
        ),
        (
            chat_messages,
            {"id": new_id(), "text": "I agree", "folded": "i agree", "reply_to": first, **him, **chat},
        ),
        (
            chat_messages,
            {"id": new_id(), "text": "Just for you", "folded": "just for you", **him, **to_me, **chat},
        ),
        (room_bans, {"id": new_id(), "user_id": ada, "full_name": ADA.full_name, **ban}),
        (room_bans, {"id": new_id(), "user_id": bob.user_id, "full_name": "Bob", "banned_by": ada, **ban}),
        (live_sessions, {"id": session, "room_id": room, "started_at": NOW}),
        (
            session_participants,
            {"id": session, "live_session_id": session, "is_producer": True, "joined_at": NOW, **person},
        ),
        (polls, poll),
        (
            poll_votes,
            {
                "poll_id": life.poll_id,
                "voter_key": f"u:{ada}",
                "user_id": ada,
                "full_name": ADA.full_name,
                "choices": [1],
            },
        ),
        *_of_recordings(life),
        *_of_courses(life, bob, session),
        *_of_news(ada, bob),
        (webhooks, hook),
        (webhook_deliveries, delivery),
        (
            idempotency_keys,
            {
                "key": "k",
                "principal": f"user:{bob.user_id}",
                "route": "POST /",
                "body_hash": "",
                "status": 201,
                "response": json.dumps(person),
                "people": mark_of(sealer, ada),
                "created_at": NOW,
            },
        ),
    ]


def _of_recordings(life: Life) -> list[tuple[Table, dict[str, Any]]]:
    ada, of_it = life.ada.user_id, {"recording_id": life.recording_id}
    own = {"id": new_id(), **of_it}
    watched = {
        "pieces": [[0, 1000]],
        "watched_ms": 1000,
        "watch_time_ms": 1000,
        "position_ms": 1000,
        "sittings": {"session": [1, 0]},
        "reached": [],
        "started_at": NOW,
        "updated_at": NOW,
    }
    captions = {"language": "en", "label": "", "is_typed": True, "text": "", "cues": 1}
    return [
        (
            recording_shares,
            {
                "title": "Parents",
                "download": False,
                "created_by": ada,
                "created_at": NOW,
                "expires_at": NOW + timedelta(days=9000),
                **own,
            },
        ),
        (recording_progress, {"user_id": ada, **of_it, **watched}),
        (
            recording_access_log,
            {
                "at": NOW,
                "action": "opened",
                "user_id": ada,
                "ip_address": ADA.ip,
                "user_agent": ADA.agent,
                **own,
            },
        ),
        (recording_captions, {"written_by": ada, "created_at": NOW, "updated_at": NOW, **of_it, **captions}),
        (
            recording_caption_lines,
            {"language": "en", "start_ms": 0, "text": "Good morning", "written_by": ada, **own},
        ),
        (
            recording_chapters,
            {
                "start_ms": 0,
                "kind": "presenter",
                "title": "",
                "person_id": ada,
                "person_name": ADA.full_name,
                **own,
            },
        ),
    ]


def _of_courses(life: Life, bob: Person, participation: str) -> list[tuple[Table, dict[str, Any]]]:
    ada = life.ada.user_id
    course, given = {"course_id": new_id()}, {"role": "assistant", "watch_only": False, "word": "ta"}
    made = {"id": new_id(), **course, "created_at": NOW}
    himself = {"id": new_id(), "user_id": bob.user_id, "added_by": ada}
    enrolled = {**course, "role": "student", "status": "active", "source": "staff", "created_at": NOW}
    return [
        (
            courses,
            {
                "id": course["course_id"],
                "code": "M1",
                "name": "Mathematics",
                "description": "",
                "instructor_id": ada,
                "department": "",
                "semester": "fall",
                "year": 2026,
                "status": "active",
                "listed": True,
                "self_enrolment": True,
                "waiting_list": True,
                "version": 1,
                "created_at": NOW,
                "updated_at": NOW,
            },
        ),
        (course_enrollments, {"id": new_id(), "user_id": ada, **enrolled}),
        (course_enrollments, {**enrolled, **himself}),
        (course_permissions, {"user_id": ada, "granted_at": NOW, **course, **given}),
        (
            course_permissions,
            {"user_id": bob.user_id, "granted_by": ada, "granted_at": NOW, **course, **given},
        ),
        (
            course_invitations,
            {"kind": "code", "code": "AAAAAAAA", "label": "", "role": "student", "uses": 0, **made}
            | {"created_by": ada},
        ),
        (
            course_recordings,
            {"recording_id": life.recording_id, "lecture_title": "", "sequence_order": 0, **course}
            | {"added_by": ada, "added_at": NOW},
        ),
        *_of_coursework(life, bob, course["course_id"]),
        (
            course_announcements,
            {**made, "id": new_id(), "author_id": ada, "title": "Hello", "body": "", "updated_at": NOW},
        ),
        *_of_quizzes(ada, bob.user_id, str(course["course_id"])),
        *of_analytics(ada, bob.user_id, life.recording_id, course["course_id"], participation, NOW),
    ]


def _of_quizzes(ada: str, bob: str, course_id: str) -> list[tuple[Table, dict[str, Any]]]:
    """Ada takes a quiz; she has given Bob points by hand."""
    quiz, question, hers, his = (new_id() for _ in range(4))
    made = {"course_id": course_id, "created_at": NOW, "updated_at": NOW}
    asked = {"kind": "text", "text": "What does it compose?", "points": 1, "feedback": ""}
    attempt = {"quiz_id": quiz, "number": 1, "seed": "0", "begun_at": NOW, "ended_at": NOW, "max_points": 1}
    given = {"question_id": question, "points": 1, "created_at": NOW}
    answer = {"position": 0, "choice_order": [], "version": 1, "answer": {"text": ADA.words}}
    return [
        (quiz_questions, {"id": question, "solution": {"accepted": ["music"]}, **asked, **made}),
        (
            quizzes,
            {"id": quiz, "title": "Engines", "description": "", "published": True, "results": "at_once"}
            | {"counts": "best", "partial_credit": True, "shuffle_questions": True, "shuffle_choices": True}
            | made,
        ),
        (quiz_attempts, {"id": hers, "user_id": ada, "points": 1, **attempt}),
        (quiz_attempts, {"id": his, "user_id": bob, "points": 1, **attempt}),
        (quiz_answers, {"attempt_id": hers, "question_id": question, **answer}),
        (quiz_overrides, {"id": new_id(), "attempt_id": hers, "reason": ADA.words, **given}),
        (quiz_overrides, {"id": new_id(), "attempt_id": his, "reason": "kind", "given_by": ada, **given}),
        (quiz_extra_time, {"quiz_id": quiz, "user_id": ada, "minutes": 10, "updated_at": NOW}),
    ]


def _of_news(ada: str, bob: Person) -> list[tuple[Table, dict[str, Any]]]:
    what = {
        "id": new_id(),
        "kind": "announcement",
        "title": "Exam",
        "text": "",
        "link": "",
        "context": "",
        "at": NOW,
    }
    theirs = ({"user_id": one, "news_id": what["id"], "read_at": NOW} for one in (ada, bob.user_id))
    return [
        (news, what),
        *((notifications, row) for row in theirs),
        (notification_choices, {"user_id": ada, "kind": "announcement", "mail": "daily"}),
        (notification_people, {"user_id": ada, "time_zone": "Europe/London", "digest_hour": 6}),
    ]


def _of_coursework(life: Life, bob: Person, course_id: str) -> list[tuple[Table, dict[str, Any]]]:
    ada = life.ada.user_id
    material = {"id": new_id(), "course_id": course_id, "title": "Notes", "description": ""}
    times = {"created_at": NOW, "updated_at": NOW}
    file = {
        "id": new_id(),
        "course_id": course_id,
        "uploaded_by": ada,
        "version": 1,
        "state": "kept",
        "name": "notes.pdf",
        "media_type": "application/pdf",
        "size_bytes": 9,
        "sha256": "",
        "created_at": NOW,
    }
    return [
        (materials, {**material, "published": True, "versions": 1, "created_by": ada, **times}),
        (coursework_files, {**file, "material_id": material["id"]}),
        *_of_assignments(life, bob, course_id),
    ]


def _of_assignments(life: Life, bob: Person, course_id: str) -> list[tuple[Table, dict[str, Any]]]:
    ada, times = life.ada.user_id, {"created_at": NOW, "updated_at": NOW}
    late = {"late_policy": "accept", "late_percent": 0, "centipoints": 100, "rubric": []}
    work = {"id": new_id(), "course_id": course_id, "title": "Essay", "description": ""}
    of_it = {"assignment_id": work["id"]}
    group = {"id": new_id(), "name": "Reds", **of_it}
    own = {"id": new_id(), "owner": ada, "user_id": ada, "attempt": 1, "text": ADA.words, **of_it, **times}
    ours = {**own, "id": new_id(), "owner": group["id"], "group_id": group["id"], "text": "We think"}
    grade = {"id": new_id(), "user_id": ada, "scores": [], "feedback": ADA.words, "version": 1, **of_it}
    given = {**grade, "id": new_id(), "user_id": bob.user_id, "graded_by": ada, "feedback": "Well done"}
    return [
        (assignments, {**work, "published": True, "for_groups": True, "created_by": ada, **late, **times}),
        (assignment_groups, group),
        (assignment_group_members, {"group_id": group["id"], "user_id": ada, **of_it}),
        (submissions, own),
        (submissions, ours),
        (grades, {**grade, **times}),
        (grades, {**given, **times}),
    ]


async def everything(api: Api) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by the table's name."""
    for file in Path("vtp").glob("*/tables.py"):
        __import__(f"vtp.{file.parent.name}.tables")
    async with api.server.services.database.read() as tx:
        return {
            table.name: [dict(row) for row in (await tx.execute(select(table))).mappings()]
            for table in metadata.sorted_tables
        }


def zipped(body: bytes) -> tuple[dict[str, Any], list[str]]:
    """What an export says, and the names of its files."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return json.loads(archive.read("data.json")), sorted(archive.namelist())


__all__ = ["ADA", "Life", "audit_log", "everything", "leave_traces", "zipped"]
