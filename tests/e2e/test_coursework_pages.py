"""Coursework through its pages: what a teacher gives out and sets, what students hand in, and grades."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.school import School, person, running_school
from tests.e2e.test_course_pages import STUDENT, TEACHER, make_course, open_course
from tests.e2e.test_pages import assert_fits_a_phone
from tests.serving import Api

MATE = "mate@school.example"
PDF = b"%PDF-1.7\n" + b"1 0 obj << /Type /Catalog >> endobj\n" * 20


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("coursework") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", TEACHER)
    for address in (STUDENT, MATE):
        await api.person("student", address)
    return School(loop, api, teacher, "")


def attended_course(school: School) -> str:
    """A course with the student in it."""
    course = make_course(school)
    school.call("POST", f"/api/v1/courses/{course}/enroll", {"email": STUDENT})
    return course


def ask_again(page: Page) -> None:
    """As somebody does who comes back to the window."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_materials_are_dropped_replaced_and_had_and_what_is_refused_says_why(
    school: School, browser: Browser, tmp_path: Path
) -> None:
    course = attended_course(school)
    lesson = {"kind": "material", "title": "Reading"}
    school.call("POST", f"/api/v1/courses/{course}/lessons", lesson)
    teacher = person(browser, school, TEACHER, home=False)
    open_course(teacher, school, course)
    teacher.get_by_test_id("open-Reading").click()
    expect(teacher.get_by_text("No material in this lesson yet")).to_be_visible()
    refuse_and_take(teacher)
    student = person(browser, school, STUDENT, home=False)
    open_course(student, school, course, "materials")
    listed = student.get_by_test_id("materials-Reading")
    expect(listed).to_contain_text("lenses.pdf")
    expect(student.get_by_test_id("material-files")).to_have_count(0)
    replace(teacher)
    ask_again(student)
    expect(listed).to_contain_text("lenses2.pdf")
    with student.expect_download() as had:
        student.get_by_test_id("download-lenses2.pdf").click()
    assert had.value.suggested_filename == "lenses2.pdf"
    assert Path(had.value.path()).read_bytes() == PDF * 2
    assert_fits_a_phone(student)


def refuse_and_take(teacher: Page) -> None:
    """One is dropped that is not what it says, then one is chosen that is."""
    data = teacher.evaluate_handle(
        """() => { const data = new DataTransfer()
        data.items.add(new File(['no picture'], 'mirror.png', { type: 'image/png' })); return data }"""
    )
    teacher.get_by_test_id("material-files-drop").dispatch_event("drop", {"dataTransfer": data})
    refused = teacher.get_by_test_id("upload-mirror.png").get_by_test_id("upload-refused")
    expect(refused).to_contain_text("not what a name with .png says")
    expect(teacher.get_by_test_id("material-mirror")).to_have_count(0)
    assert_fits_a_phone(teacher)
    teacher.get_by_test_id("upload-cancel").click()
    expect(refused).to_have_count(0)
    choose = teacher.get_by_test_id("material-files")
    choose.set_input_files({"name": "lenses.pdf", "mimeType": "", "buffer": PDF})
    expect(teacher.get_by_test_id("materials-Reading")).to_contain_text("lenses.pdf")


def replace(teacher: Page) -> None:
    teacher.get_by_test_id("material-menu-lenses").click()
    teacher.get_by_test_id("material-versions").click()
    teacher.get_by_test_id("version-file").set_input_files(
        {"name": "lenses2.pdf", "mimeType": "", "buffer": PDF * 2}
    )
    expect(teacher.get_by_test_id("version-2")).to_contain_text("lenses2.pdf")
    expect(teacher.get_by_test_id("version-1")).to_be_visible()
    assert_fits_a_phone(teacher)
    teacher.get_by_test_id("versions-done").click()


def test_an_upload_that_is_given_up_leaves_nothing(school: School, browser: Browser) -> None:
    course = attended_course(school)
    teacher = person(browser, school, TEACHER, home=False)
    open_course(teacher, school, course, "materials")

    def hold(route: Route) -> None:
        """A network that takes the file and says nothing."""

    teacher.route(re.compile(r"/versions\?name="), hold)
    choose = teacher.get_by_test_id("material-files")
    with teacher.expect_request(re.compile(r"/versions\?name=")):  # the material is there by then
        choose.set_input_files({"name": "film.pdf", "mimeType": "", "buffer": PDF})
    expect(teacher.get_by_test_id("upload-film.pdf")).to_have_attribute("data-state", "sending")
    teacher.wait_for_function("document.querySelector('.upload-bar')")
    assert school.call("GET", f"/api/v1/courses/{course}/materials")["items"] != []
    with teacher.expect_response(lambda answer: answer.request.method == "DELETE"):
        teacher.get_by_test_id("upload-cancel").click()
    expect(teacher.get_by_test_id("upload-film.pdf")).to_have_count(0)
    assert school.call("GET", f"/api/v1/courses/{course}/materials")["items"] == []


def test_a_student_hands_in_a_file_and_sees_the_grade_without_a_reload(
    school: School, browser: Browser
) -> None:
    course = attended_course(school)
    teacher, student = person(browser, school, TEACHER), person(browser, school, STUDENT)
    set_assignment(teacher, school, course)
    hand_in(student, school, course)
    grade_and_release(teacher)
    ask_again(student)
    expect(student.get_by_test_id("own-points")).to_have_text("8.5 of 10 points")
    expect(student.get_by_test_id("grade")).to_contain_text("Mind the signs.")
    with student.expect_download() as had:
        student.get_by_test_id("download-remarks.pdf").click()
    assert Path(had.value.path()).read_bytes() == PDF
    assert_fits_a_phone(student)


def test_a_typo_that_is_mended_in_feedback_leaves_points_that_are_not_the_rubrics_sum(
    school: School, browser: Browser
) -> None:
    course = attended_course(school)
    (pupil,) = school.call("GET", f"/api/v1/courses/{course}/enrollments")["items"]
    rubric = [{"id": title.lower(), "title": title, "points": 50} for title in ("Reasoning", "Style")]
    wish = {"title": "Refraction", "points": 100, "rubric": rubric}
    made = school.call("POST", f"/api/v1/courses/{course}/assignments", wish)
    at = f"/api/v1/courses/{course}/assignments/{made['id']}/grades/{pupil['student_id']}"
    reasoning = {"id": "reasoning", "points": 40, "comment": "Clear."}
    given = {"points": 85, "scores": [reasoning], "feedback": "Mind the sings.", "released": True}
    before = school.call("PATCH", at, given)
    teacher = person(browser, school, TEACHER, home=False)
    open_course(teacher, school, course, f"assignments?assignment={made['id']}&student={pupil['student_id']}")
    total = teacher.get_by_test_id("grade-total")
    expect(total).to_have_text("85 of 100 points. The rubric gives 40.")
    teacher.get_by_test_id("grade-feedback").fill("Mind the signs.")
    save_grade(teacher)
    after = school.call("GET", at)
    assert {**after, "version": 0} == {**before, "feedback": "Mind the signs.", "version": 0}
    teacher.get_by_test_id("score-Style").fill("50")
    expect(total).to_have_text("85 of 100 points. The rubric gives 90.")
    teacher.get_by_test_id("grade-points").fill("")
    expect(total).to_have_text("90 of 100 points.")
    assert_fits_a_phone(teacher)
    save_grade(teacher)
    expect(total).to_have_text("90 of 100 points.")
    after = school.call("GET", at)
    assert (after["points"], [one["points"] for one in after["scores"]]) == (90, [40, 50])
    assert after["scores"][0] == reasoning


def test_everybody_of_a_group_has_the_file_that_was_sent_with_the_grade_of_one(
    school: School, browser: Browser
) -> None:
    course = attended_course(school)
    school.call("POST", f"/api/v1/courses/{course}/enroll", {"email": MATE})
    members = school.call("GET", f"/api/v1/courses/{course}/enrollments")["items"]
    one, other = (member["student_id"] for member in members)
    made = school.call(
        "POST", f"/api/v1/courses/{course}/assignments", {"title": "Refraction", "for_groups": True}
    )
    at = f"/api/v1/courses/{course}/assignments/{made['id']}"
    school.call("PUT", f"{at}/groups", {"groups": [{"name": "Reds", "members": [one, other]}]})
    teacher = person(browser, school, TEACHER, home=False)
    open_course(teacher, school, course, f"assignments?assignment={made['id']}&student={one}")
    teacher.get_by_test_id("grade-points").fill("7")
    teacher.get_by_test_id("grade-feedback").fill("See the PDF.")
    teacher.get_by_test_id("feedback-files").set_input_files(
        {"name": "remarks.pdf", "mimeType": "", "buffer": PDF}
    )
    expect(teacher.get_by_test_id("download-remarks.pdf")).to_be_visible()
    teacher.get_by_test_id("for-group").check()
    save_grade(teacher)
    theirs = school.call("GET", f"{at}/grades/{other}")
    assert (theirs["points"], theirs["feedback"], theirs["released"]) == (7, "See the PDF.", True)
    assert [file["name"] for file in theirs["files"]] == ["remarks.pdf"]


def save_grade(teacher: Page) -> None:
    """Saves a grade that is released, and waits until the page shows what is stored."""
    with teacher.expect_response(lambda answer: answer.request.method == "PATCH"):
        teacher.get_by_test_id("save-and-release").click()
    expect(teacher.get_by_text("The student sees the grade now.").first).to_be_visible()


def test_who_writes_beside_others_of_their_group_is_told_before_anything_is_lost(
    school: School, browser: Browser
) -> None:
    course = attended_course(school)
    school.call("POST", f"/api/v1/courses/{course}/enroll", {"email": MATE})
    members = school.call("GET", f"/api/v1/courses/{course}/enrollments")["items"]
    wish = {"title": "Refraction", "for_groups": True}
    made = school.call("POST", f"/api/v1/courses/{course}/assignments", wish)
    at = f"/api/v1/courses/{course}/assignments/{made['id']}"
    group = {"name": "Reds", "members": [one["student_id"] for one in members]}
    sam, mate = (person(browser, school, address) for address in (STUDENT, MATE))
    for page in (sam, mate):
        open_course(page, school, course, "assignments")
        page.get_by_test_id("assignment-Refraction").get_by_role("link").click()
        expect(page.get_by_test_id("own-group")).to_contain_text("once your teacher has put you into one")
        expect(page.get_by_test_id("begin-work")).to_have_count(0)
    school.call("PUT", f"{at}/groups", {"groups": [group]})
    ask_again(sam)
    sam.get_by_test_id("begin-work").click()
    write(sam, "Intro")
    ask_again(mate)
    expect(mate.get_by_test_id("work-text")).to_have_value("Intro")
    write(mate, "Intro, and three pages")
    sam.get_by_test_id("work-text").fill("Intro.")
    sam.get_by_test_id("hand-in").click()
    expect(sam.get_by_test_id("overtaken")).to_be_visible()
    expect(sam.get_by_test_id("work-text")).to_have_value("Intro.")
    sam.get_by_test_id("take-theirs").click()
    expect(sam.get_by_test_id("work-text")).to_have_value("Intro, and three pages")
    sam.get_by_test_id("hand-in").click()
    expect(sam.get_by_test_id("attempt-1")).to_contain_text("Intro, and three pages")


def write(page: Page, text: str) -> None:
    """Types it, and leaves the field."""
    page.get_by_test_id("work-text").fill(text)
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_test_id("work-text").blur()


def set_assignment(teacher: Page, school: School, course: str) -> None:
    open_course(teacher, school, course, "assignments")
    teacher.get_by_test_id("new-assignment").click()
    teacher.get_by_test_id("assignment-title").fill("Refraction")
    teacher.get_by_test_id("assignment-due").fill("2099-05-01T08:00")
    teacher.get_by_test_id("add-criterion").click()
    teacher.get_by_test_id("criterion-0").fill("Reasoning")
    assert_fits_a_phone(teacher)
    teacher.get_by_test_id("save-assignment").click()
    expect(teacher.get_by_test_id("assignment-Refraction")).to_contain_text("10 points")


def hand_in(student: Page, school: School, course: str) -> None:
    open_course(student, school, course, "assignments")
    row = student.get_by_test_id("assignment-Refraction")
    expect(row).to_contain_text("Not handed in yet")
    row.get_by_role("link").click()
    student.get_by_test_id("begin-work").click()
    student.get_by_test_id("work-text").fill("By Snell's law.")
    student.get_by_test_id("work-files").set_input_files({"name": "work.pdf", "mimeType": "", "buffer": PDF})
    expect(student.get_by_test_id("download-work.pdf")).to_be_visible()
    assert_fits_a_phone(student)
    student.get_by_test_id("hand-in").click()
    expect(student.get_by_test_id("work-status")).to_have_text("Handed in")
    expect(student.get_by_test_id("attempt-1")).to_contain_text("By Snell's law.")


def grade_and_release(teacher: Page) -> None:
    teacher.get_by_test_id("assignment-Refraction").get_by_role("link").click()
    teacher.get_by_test_id("roster").get_by_role("link").click()
    expect(teacher.get_by_test_id("attempt-1")).to_contain_text("work.pdf")
    teacher.get_by_test_id("score-Reasoning").fill("8.5")
    teacher.get_by_test_id("grade-feedback").fill("Mind the signs.")
    teacher.get_by_test_id("feedback-files").set_input_files(
        {"name": "remarks.pdf", "mimeType": "", "buffer": PDF}
    )
    expect(teacher.get_by_test_id("download-remarks.pdf")).to_be_visible()
    teacher.get_by_test_id("save-draft").click()
    expect(teacher.get_by_test_id("grade-state")).to_have_text("Draft")
    assert_fits_a_phone(teacher)
    teacher.get_by_role("link", name="All students").click()
    teacher.get_by_test_id("release-all").click()
    expect(teacher.get_by_test_id("roster")).to_contain_text("Released")
    assert_fits_a_phone(teacher)
