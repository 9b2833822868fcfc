"""Quizzes, the grade book, groups and what a home says of them, through their pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from tests.e2e.school import School, person, running_school
from tests.e2e.test_course_pages import LATE, STUDENT, TEACHER, make_course, open_course
from tests.e2e.test_pages import assert_fits_a_phone
from tests.serving import Api, Person
from vtp.quizzes.tables import quiz_attempts

TOLD_MS = 20_000
"""What is told is pushed: well before a page asks by itself, every 30 s."""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("quizzes") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", TEACHER)
    PUPILS.update({email: await api.person("student", email) for email in (STUDENT, LATE)})
    return School(loop, api, teacher, "")


PUPILS: dict[str, Person] = {}


def attended(school: School, *emails: str, **wish: Any) -> str:
    course = make_course(school, **wish)
    for email in emails or (STUDENT,):
        school.call("POST", f"/api/v1/courses/{course}/enroll", {"email": email})
    return course


def by(school: School, who: Person, method: str, path: str, body: object = None) -> Any:
    """A call that somebody else than the teacher makes."""
    answer = school.do(school.api.call(method, path, body, by=who))
    assert answer.status < 300, answer
    return answer.body


def test_a_quiz_is_made_of_a_bank_taken_over_a_reload_and_graded_anew(
    school: School, browser: Browser
) -> None:
    course = attended(school)
    teacher, student = person(browser, school, TEACHER), person(browser, school, STUDENT)
    fill_the_bank(teacher, school, course)
    make_a_quiz(teacher)
    open_course(student, school, course, "quizzes")
    student.get_by_test_id("quiz-Test").get_by_role("link").click()
    take_it(student)
    see_it_in_the_books(student, teacher)
    correct_and_grade_anew(teacher, course)
    give_time_and_points(teacher)
    student.reload()
    expect(student.get_by_test_id("reached-points")).to_have_text("4 of 5 points")
    expect(student.get_by_test_id("attempt-result")).to_contain_text("by hand: Half of it was guessed")
    assert_fits_a_phone(student)


def fill_the_bank(teacher: Page, school: School, course: str) -> None:
    open_course(teacher, school, course, "quizzes")
    teacher.get_by_test_id("question-bank").click()
    teacher.get_by_test_id("new-question").click()
    teacher.get_by_test_id("question-text").fill("Which are prime?")
    teacher.get_by_test_id("question-kind").select_option("multiple")
    for index, (text, right) in enumerate([("2", True), ("3", False), ("4", False)]):
        teacher.get_by_test_id(f"choice-{index}").fill(text)
        teacher.get_by_test_id(f"choice-right-{index}").set_checked(right)
    teacher.get_by_test_id("question-points").fill("2")
    assert_fits_a_phone(teacher)
    teacher.get_by_test_id("save-question").click()
    expect(teacher.get_by_test_id("question-Which are prime?")).to_contain_text("2 points")
    teacher.get_by_test_id("new-question").click()
    teacher.get_by_test_id("question-text").fill("g in m/s²?")
    teacher.get_by_test_id("question-kind").select_option("numeric")
    teacher.get_by_test_id("question-value").fill("much")
    teacher.get_by_test_id("save-question").click()
    expect(teacher.get_by_test_id("question-value")).to_have_attribute("aria-invalid", "true")
    teacher.get_by_test_id("question-value").fill("9,81")
    teacher.get_by_test_id("question-tolerance").fill("0.05")
    teacher.get_by_test_id("save-question").click()
    expect(teacher.get_by_test_id("questions").get_by_role("listitem")).to_have_count(2)
    teacher.get_by_test_id("new-question").click()
    teacher.get_by_test_id("question-text").fill("The capital of France?")
    teacher.get_by_test_id("question-kind").select_option("text")
    teacher.get_by_test_id("question-accepted").fill("Paris\nLutetia")
    teacher.get_by_test_id("question-points").fill("2")
    teacher.get_by_test_id("question-tags").fill("capitals, easy")
    teacher.get_by_test_id("save-question").click()
    expect(teacher.get_by_test_id("question-The capital of France?")).to_contain_text("capitals")
    assert_fits_a_phone(teacher)


def make_a_quiz(teacher: Page) -> None:
    teacher.get_by_test_id("tab-quizzes").click()
    teacher.get_by_test_id("new-quiz").click()
    teacher.get_by_test_id("quiz-title").fill("Test")
    for label in ("Which are prime?", "g in m/s²?"):
        teacher.get_by_test_id("find-question").fill(label.split()[0])
        teacher.get_by_role("button", name=f"Add: {label}").click()
    teacher.get_by_test_id("draw-tag").select_option("capitals")
    teacher.get_by_test_id("draw-count").fill("1")
    teacher.get_by_test_id("add-drawn").click()
    teacher.get_by_test_id("quiz-minutes").fill("30")
    teacher.get_by_test_id("quiz-results").select_option("at_once")
    teacher.get_by_test_id("quiz-published").check()
    assert_fits_a_phone(teacher)
    teacher.get_by_test_id("save-quiz").click()
    expect(teacher.get_by_test_id("quiz-Test")).to_contain_text("3 questions")


def take_it(student: Page) -> None:
    student.get_by_test_id("begin-quiz").click()
    expect(student.get_by_test_id("time-left")).to_contain_text("29:")
    for choice in ("2", "3"):
        student.get_by_test_id(f"answer-{choice}").check()
    gravity = student.get_by_test_id("answer-to-g in m/s²?")
    for text in ("1,00", "1,000"):
        gravity.fill(text)
        expect(student.get_by_test_id("kept")).to_have_text("All saved")
    expect(student.get_by_text("Is this 1000 or 1.000?")).to_be_visible()
    student.reload()
    expect(gravity).to_have_value("")
    gravity.fill("9,8")
    expect(student.get_by_text("Read as 9.8.")).to_be_visible()
    expect(student.get_by_test_id("kept")).to_have_text("All saved")
    assert_fits_a_phone(student)
    student.reload()
    expect(student.get_by_test_id("answer-2")).to_be_checked()
    expect(student.get_by_test_id("answer-4")).not_to_be_checked()
    expect(student.get_by_test_id("answer-to-g in m/s²?")).to_have_value("9.8")
    cut_off(student)
    student.get_by_test_id("finish-quiz").click()
    student.get_by_test_id("confirm-finish").click()
    expect(student.get_by_test_id("reached-points")).to_have_text("3 of 5 points")
    assert_fits_a_phone(student)


def cut_off(student: Page) -> None:
    """An answer that is given while the network is away is saved when it is back."""
    student.route("**/answers/*", lambda route: route.abort())
    student.get_by_test_id("answer-to-The capital of France?").fill("paris")
    expect(student.get_by_test_id("quiz-troubled")).to_be_visible()
    student.unroute("**/answers/*")
    expect(student.get_by_test_id("kept")).to_have_text("All saved")


def see_it_in_the_books(student: Page, teacher: Page) -> None:
    student.get_by_test_id("tab-grades").click()
    expect(student.get_by_test_id("grade-Test")).to_contain_text("3 of 5 points")
    expect(student.get_by_test_id("reached")).to_contain_text("60 %")
    assert_fits_a_phone(student)
    teacher.get_by_test_id("tab-grades").click()
    book = teacher.get_by_test_id("grade-book")
    expect(book.get_by_role("columnheader", name="Test")).to_contain_text("quiz, of 5")
    expect(book.get_by_test_id("book-Student").get_by_role("link")).to_have_text("3taken")
    assert_fits_a_phone(teacher)
    book.get_by_role("link", name="Test", exact=True).click()
    expect(teacher.get_by_test_id("result-Student-1")).to_contain_text("3 of 5 points")
    student.get_by_test_id("grade-Test").get_by_role("link").click()
    student.get_by_test_id("attempt-1").get_by_role("link").click()
    expect(student.get_by_test_id("reached-points")).to_have_text("3 of 5 points")


def correct_and_grade_anew(teacher: Page, course: str) -> None:
    teacher.goto(teacher.url.split("/courses/")[0] + f"/courses/{course}/questions")
    teacher.get_by_test_id("question-Which are prime?").get_by_test_id("question-menu").click()
    teacher.get_by_test_id("edit-question").click()
    teacher.get_by_test_id("choice-right-1").check()
    teacher.get_by_test_id("save-question").click()
    expect(teacher.get_by_test_id("save-question")).to_have_count(0)
    teacher.get_by_test_id("tab-quizzes").click()
    teacher.get_by_test_id("quiz-Test").get_by_role("link").click()
    result = teacher.get_by_test_id("result-Student-1")
    expect(result).to_contain_text("3 of 5 points")
    teacher.get_by_test_id("regrade").click()
    expect(teacher.get_by_text("1 attempt was graded anew: 1 is worth something else now.")).to_be_visible()
    expect(result).to_contain_text("5 of 5 points")
    assert_fits_a_phone(teacher)


def give_time_and_points(teacher: Page) -> None:
    teacher.get_by_test_id("extra-time").click()
    teacher.get_by_test_id("extra-minutes").fill("10")
    teacher.get_by_test_id("give-time").click()
    expect(teacher.get_by_test_id("extra-times")).to_contain_text("Student, 10 minutes more")
    teacher.get_by_role("button", name="Done").click()
    teacher.get_by_test_id("result-Student-1").get_by_role("link").click()
    primes = teacher.locator(".quiz-question", has_text="Which are prime?")
    primes.get_by_test_id("give-points").click()
    teacher.get_by_test_id("points-by-hand").fill("1")
    teacher.get_by_test_id("points-reason").fill("Half of it was guessed")
    teacher.get_by_test_id("save-points").click()
    expect(teacher.get_by_test_id("reached-points")).to_have_text("4 of 5 points")
    assert_fits_a_phone(teacher)


def test_an_attempt_ends_by_itself_and_shows_no_result_before_the_quiz_has_closed(
    school: School, browser: Browser
) -> None:
    course = attended(school)
    question = {"kind": "text", "text": "Say something", "accepted": ["x"]}
    asked = school.call("POST", f"/api/v1/courses/{course}/questions", question)["id"]
    closes = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    wish = {"title": "Short", "published": True, "closes_at": closes, "parts": [{"question_id": asked}]}
    quiz = school.call("POST", f"/api/v1/courses/{course}/quizzes", wish | {"time_limit_minutes": 5})["id"]
    endless = wish | {"title": "Practice", "closes_at": None, "results": "at_once"}
    school.call("POST", f"/api/v1/courses/{course}/quizzes", endless)
    student = person(browser, school, STUDENT)
    expect(student.get_by_test_id("due-Short")).to_contain_text("closes tomorrow")
    expect(student.get_by_test_id("home-open").get_by_test_id("due-Practice")).to_be_visible()
    expect(student.get_by_test_id("home-due").get_by_test_id("due-Practice")).to_have_count(0)
    assert_fits_a_phone(student)
    student.get_by_test_id("due-Short").get_by_role("link").click()
    student.get_by_test_id("begin-quiz").click()
    expect(student.get_by_test_id("taking")).to_be_visible()
    school.do(end_soon(school, quiz))
    student.reload()
    # Typed in the last seconds: it is sent before the time is over.
    student.get_by_test_id("answer-to-Say something").fill("x")
    expect(student.get_by_test_id("no-results")).to_contain_text("closed for everybody")
    expect(student.get_by_test_id("attempt-result")).to_contain_text("when the time was over")
    expect(student.get_by_test_id("reached-points")).to_have_count(0)
    attempts = school.call("GET", f"/api/v1/courses/{course}/quizzes/{quiz}/attempts")["items"]
    assert [(one["ended_by"], one["points"]) for one in attempts] == [("time", 1)]


def test_a_closing_time_that_is_over_is_asked_about_before_it_ends_attempts(
    school: School, browser: Browser
) -> None:
    course = attended(school)
    asked = school.call(
        "POST", f"/api/v1/courses/{course}/questions", {"kind": "text", "text": "Say it", "accepted": ["x"]}
    )["id"]
    wish = {"title": "Test", "published": True, "results": "at_once", "parts": [{"question_id": asked}]}
    path = f"/api/v1/courses/{course}/quizzes"
    quiz = school.call("POST", path, wish)["id"]
    teacher = person(browser, school, TEACHER)
    teacher.goto(f"{school.api.base_url}/courses/{course}/quizzes?quiz={quiz}")
    teacher.get_by_test_id("edit-quiz").click()
    closes = teacher.get_by_test_id("quiz-closes")
    closes.fill("2199-01-01T08:00")
    expect(closes).to_have_value("2199-01-01T08:00")
    expect(teacher.get_by_test_id("quiz-closes-now")).to_have_count(0)
    closes.fill("2020-01-01T08:00")
    teacher.get_by_test_id("save-quiz").click()
    expect(teacher.get_by_test_id("quiz-closes-now")).to_be_focused()
    assert school.call("GET", f"{path}/{quiz}")["closes_at"] is None
    teacher.get_by_test_id("quiz-closes-now").check()
    assert_fits_a_phone(teacher)
    teacher.get_by_test_id("save-quiz").click()
    expect(teacher.get_by_test_id("quiz-closes")).to_have_count(0)
    assert school.call("GET", f"{path}/{quiz}")["closes_at"].startswith("2020-01-01T")


async def end_soon(school: School, quiz: str) -> None:
    """Nobody waits for five minutes."""
    ends = datetime.now(UTC) + timedelta(seconds=8)
    async with school.api.server.services.database.transaction() as tx:
        await tx.execute(update(quiz_attempts).where(quiz_attempts.c.quiz_id == quiz).values(ends_at=ends))


def test_a_home_and_the_grade_book_say_what_is_due_to_be_graded_and_reached(
    school: School, browser: Browser
) -> None:
    course = attended(school, STUDENT, LATE, name="Waves")
    path = f"/api/v1/courses/{course}/assignments"
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    late = {"title": "Overdue essay", "due_at": yesterday, "late_policy": "accept", "points": 10}
    at = f"{path}/{school.call('POST', path, late)['id']}"
    student, teacher = person(browser, school, STUDENT), person(browser, school, TEACHER)
    expect(student.get_by_test_id("due-Overdue essay")).to_have_attribute("data-state", "overdue")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    school.call("POST", path, {"title": "New essay", "due_at": tomorrow})
    expect(student.get_by_test_id("due-New essay")).to_be_visible(timeout=TOLD_MS)
    expect(student.get_by_test_id("due-New essay")).to_have_attribute("data-state", "due")
    assert_fits_a_phone(student)
    pupil = PUPILS[STUDENT]
    draft = by(school, pupil, "POST", f"{at}/submissions", {"text": "Late, but here."})["id"]
    by(school, pupil, "POST", f"{at}/submissions/{draft}/hand-in")
    teacher.reload()
    expect(teacher.get_by_test_id("to-grade-Overdue essay")).to_contain_text("1 student waits")
    assert_fits_a_phone(teacher)
    open_course(teacher, school, course, "grades")
    expect(teacher.get_by_test_id("grade-book")).to_contain_text("late")
    open_course(student, school, course, "grades")
    expect(student.get_by_test_id("grade-Overdue essay")).to_contain_text("Not graded yet")
    grade = {"points": 7.5, "released": True}
    school.call("PATCH", f"{at}/grades/{pupil.user_id}", grade)
    expect(student.get_by_test_id("grade-Overdue essay")).to_contain_text("7.5 of 10 points", timeout=TOLD_MS)
    expect(student.get_by_test_id("reached")).to_contain_text("75 %")
    assert_fits_a_phone(student)
    school.call("PATCH", f"{at}/grades/{PUPILS[LATE].user_id}", {"points": 3})
    teacher.reload()
    expect(teacher.get_by_test_id("grade-book")).to_contain_text("7.5")
    expect(teacher.get_by_test_id("grade-book")).to_contain_text("3 (draft)")
    assert_fits_a_phone(teacher)
    with teacher.expect_download() as had:
        teacher.get_by_test_id("export-grades").click()
    assert "7.5" in Path(had.value.path()).read_text()


def test_groups_are_made_filled_renamed_and_taken_away(school: School, browser: Browser) -> None:
    course = attended(school, STUDENT, LATE, name="Teams")
    teacher = person(browser, school, TEACHER, home=False)
    open_course(teacher, school, course, "assignments")
    teacher.get_by_test_id("new-assignment").click()
    teacher.get_by_test_id("assignment-title").fill("Together")
    teacher.get_by_test_id("assignment-groups").check()
    teacher.get_by_test_id("save-assignment").click()
    teacher.get_by_test_id("assignment-Together").get_by_role("link").click()
    teacher.get_by_test_id("assignment-groups").click()
    expect(teacher.get_by_test_id("in-no-group")).to_contain_text("2 students are in no group")
    teacher.get_by_test_id("group-size").fill("1")
    teacher.get_by_test_id("deal-groups").click()
    expect(teacher.get_by_test_id("in-no-group")).to_have_text("Everybody is in a group.")
    teacher.get_by_test_id("group-name-Group 1").fill("Newton")
    assert_fits_a_phone(teacher)
    teacher.get_by_test_id("save-groups").click()
    expect(teacher.get_by_text("The groups are saved.")).to_be_visible()
    teacher.get_by_role("button", name="Take away: Group 2").click()
    teacher.get_by_test_id("add-to-Newton").select_option(index=1)
    teacher.get_by_test_id("save-groups").click()
    expect(teacher.get_by_test_id("members-Newton").get_by_role("listitem")).to_have_count(2)
    expect(teacher.get_by_test_id("save-groups")).to_be_disabled()
    student = person(browser, school, STUDENT, home=False)
    open_course(student, school, course, "assignments")
    student.get_by_test_id("assignment-Together").get_by_role("link").click()
    expect(student.get_by_test_id("own-group")).to_contain_text("Your group is “Newton”")
    assert_fits_a_phone(student)
