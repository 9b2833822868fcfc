"""Rules of courses that need no database: roles, codes, lists of people, places, copies."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.serving import principal_of
from vtp.courses.codes import ALPHABET, LENGTH, as_stored, new_code, shown
from vtp.courses.enrolment_csv import ListedStudent, read_students
from vtp.courses.enrolment_import import Outcome, Room, plan
from vtp.courses.invitation_store import CourseInvitation, Kind
from vtp.courses.outline_store import Lesson, LessonKind, Section
from vtp.courses.roles import EnrolmentStatus, Member, as_in_course, parse_course_role
from vtp.errors import Invalid, TooLarge
from vtp.http.identity import Role

ADA, BOB = "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECTION = Section("s", "c", "Lenses", "", 0, True, None, NOW, NOW)
LESSON = Lesson("l", "c", "s", LessonKind.LIVE, "One", "", 0, True, None, NOW, NOW + HOUR, "r", NOW, NOW)
ACTIVE, WAITING = EnrolmentStatus.ACTIVE, EnrolmentStatus.WAITING


@pytest.mark.parametrize(
    ("account", "owner", "member", "role"),
    [
        (Role.ADMIN, BOB, Member(), Role.ADMIN),
        (Role.STUDENT, ADA, Member(Role.STUDENT, ACTIVE), Role.TEACHER),
        (Role.TEACHER, BOB, Member(), Role.GUEST),
        (Role.TEACHER, None, Member(), Role.GUEST),
        (Role.TEACHER, BOB, Member(Role.STUDENT, ACTIVE), Role.STUDENT),
        (Role.STUDENT, BOB, Member(Role.ASSISTANT, ACTIVE), Role.ASSISTANT),
        (Role.STUDENT, BOB, Member(Role.STUDENT, WAITING), Role.GUEST),
        (Role.STUDENT, BOB, Member(Role.STUDENT, WAITING, Role.TEACHER), Role.TEACHER),
        (Role.STUDENT, BOB, Member(Role.TEACHER, ACTIVE, Role.STUDENT), Role.STUDENT),
        (Role.STUDENT, BOB, Member(permission=Role.ADMIN), Role.ADMIN),
    ],
)
def test_the_role_in_a_course_is_what_somebody_is_there(
    account: Role, owner: str | None, member: Member, role: Role
) -> None:
    assert as_in_course(principal_of(account, "Ada", ADA), owner, member).role is role


def test_who_has_no_account_is_nobody_in_a_course_that_is_nobodys() -> None:
    assert as_in_course(principal_of(Role.TEACHER, "Guest"), None, Member()).role is Role.GUEST


def test_roles_are_read_in_older_words_and_no_others() -> None:
    words = {"instructor": "teacher", "TA ": "assistant", "admin": "admin", "student": "student"}
    assert {word: parse_course_role(word) for word in words} == {
        word: (Role(role), False) for word, role in words.items()
    }
    assert parse_course_role("viewer") == parse_course_role("observer") == (Role.STUDENT, True)
    for word in ("guest", "", "king"):
        with pytest.raises(ValueError, match="no such role"):
            parse_course_role(word)


def test_a_code_is_read_however_it_is_typed_and_nothing_else_is_one() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert len(code) == LENGTH and set(code) <= set(ALPHABET)
        for typed in (code, shown(code), shown(code).lower(), f" {code[:3]} {code[3:]} ", ".".join(code)):
            assert as_stored(typed) == code
    for typed in ("", "ABCD-EFG", "ABCD-EFGHJ", "OOOO-0000", "äbcd-efgh", "\x00" * 8, "١٢٣٤٥٦٧٨"):
        assert as_stored(typed) is None, typed


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "good"),
        ({"max_uses": 2, "uses": 1}, "good"),
        ({"max_uses": 2, "uses": 2}, "used_up"),
        ({"expires_at": NOW}, "expired"),
        ({"expires_at": NOW + HOUR}, "good"),
        ({"expires_at": NOW, "revoked_at": NOW}, "revoked"),
    ],
)
def test_an_invitation_says_how_it_stands(changes: dict[str, object], status: str) -> None:
    made = CourseInvitation("i", "c", Kind.CODE, "A", "", Role.STUDENT, None, 0, None, NOW, None)
    assert replace(made, **changes).status_at(NOW) == status  # type: ignore[arg-type]


@pytest.mark.parametrize(("ours", "sections"), list(itertools.product(range(3), range(4))))
def test_a_lesson_is_seen_when_it_and_its_section_are_released(ours: int, sections: int) -> None:
    def at(state: int) -> dict[str, object]:
        released = {"published": True, "release_at": NOW}
        return [released, released | {"release_at": NOW + HOUR}, released | {"published": False}][state]

    lesson = replace(LESSON, **at(ours))  # type: ignore[arg-type]
    section = replace(SECTION, **at(sections)) if sections < 3 else None  # type: ignore[arg-type]
    assert lesson.is_released_at(NOW, section) is (ours == 0 and sections in (0, 3))


def test_lists_name_people_by_address_or_id_and_say_what_is_wrong_with_a_line() -> None:
    data = (
        f"User ID,Mail,Rolle\n,Ada@School.example,\n{ADA.upper()},,TA\n,,teacher\n,x,viewer\n{ADA},,\n1,,\n"
    )
    lines = read_students(data.encode())
    assert [(one.number, one.name, one.role) for one in lines[:2]] == [
        (2, "ada@school.example", Role.STUDENT),
        (3, ADA, Role.ASSISTANT),
    ]
    assert [(one.number, [e.column for e in one.errors]) for one in lines[2:]] == [
        (4, [""]),
        (5, ["Mail", "Rolle"]),
        (6, [""]),
        (7, ["User ID"]),
    ]
    for wrong in (b"", b"name\nAda\n", b"email,mail\n", b'email\n"ada', b"\xff\xfee"):
        with pytest.raises(Invalid):
            read_students(wrong)
    with pytest.raises(TooLarge):
        read_students(b"email\n" + b"a\n" * 10_001)


@pytest.mark.parametrize("seed", range(30))
def test_no_list_gives_more_places_than_there_are(seed: int) -> None:
    """Whatever is in it: as many students get a place as come and fit; the rest wait, or are refused."""
    draw = random.Random(seed)
    accounts = {f"p{n}": f"id{n}" for n in range(30)}
    names = [*accounts, "nobody", "stranger"]
    roles = [None, Role.STUDENT, Role.STUDENT, Role.STUDENT, Role.ASSISTANT]
    lines = [ListedStudent(n, draw.choice(names), draw.choice(roles)) for n in range(draw.randrange(60))]
    there = {f"id{n}" for n in range(draw.randrange(10))}
    left = draw.choice([None, 0, 1, 5, 40])
    waiting_list = draw.random() < 0.5
    reports = plan(lines, accounts, Room(set(there), left, waiting_list), lambda role: True)
    assert [one.line for one in reports] == [one.number for one in lines]
    by = {outcome: [one for one in reports if one.outcome is outcome] for outcome in Outcome}
    placed = [one for one in by[Outcome.ENROLLED] if one.role is Role.STUDENT]
    late = by[Outcome.WAITING] + by[Outcome.FULL]
    assert left is None or len(placed) <= left
    assert not late or len(placed) == left, "nobody waits while there is a place"
    assert not by[Outcome.FULL if waiting_list else Outcome.WAITING]
    assert all(one.role is Role.STUDENT for one in late)
    taken = [one.user_id for one in by[Outcome.ENROLLED] + by[Outcome.WAITING]]
    assert len(taken) == len(set(taken)) and not there & set(taken)
    assert {one.name for one in by[Outcome.NO_ACCOUNT]} <= {"nobody", "stranger"}
    refused = plan(lines, accounts, Room(set(), None, True), lambda role: role is Role.STUDENT)
    assert not [one for one in refused if one.role is Role.ASSISTANT and one.outcome is Outcome.ENROLLED]
