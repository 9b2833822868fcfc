"""Courses through their pages: from a teacher's first course to what a student sees without a reload."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.api.recording_material import add_finished, make_room
from tests.e2e.school import School, person, running_school
from tests.e2e.test_pages import assert_fits_a_phone
from tests.serving import Api

TEACHER, STUDENT, LATE = "ada@school.example", "sam@school.example", "lea@school.example"
ASKED_MS = 60_000
"""Pages ask every 20 s: on a busy machine the next time may be a while away."""
LIST = f"email,role\n{LATE},student\nnobody@school.example,student\n"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("courses") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", TEACHER)
    for email in (STUDENT, LATE):
        await api.person("student", email)
    return School(loop, api, teacher, "")


def make_course(school: School, **wish: Any) -> str:
    """A course of the teacher's, by the API; its id."""
    course = {"code": "PHY-1", "name": "Optics", "semester": "Autumn", "year": 2026, "status": "active"}
    made: str = school.call("POST", "/api/v1/courses", course | wish)["id"]
    return made


def open_course(page: Page, school: School, course: str, tab: str = "") -> None:
    page.goto(f"{school.api.base_url}/courses/{course}/{tab}".rstrip("/"))


def test_a_teacher_makes_a_course_from_nothing_and_a_student_sees_all_of_it_without_a_reload(
    school: School, browser: Browser
) -> None:
    teacher = person(browser, school, TEACHER)
    teacher.get_by_role("link", name="Courses").click()
    make_one(teacher)
    schedule_weekly(teacher)
    code = make_code(teacher)
    student = person(browser, school, STUDENT)
    join_by_code(student, code)
    student.get_by_test_id("tab-announcements").click()
    expect(student.get_by_text("Nothing announced yet")).to_be_visible()
    announce(teacher)
    expect(student.get_by_role("heading", name="Bring a ruler")).to_be_visible(timeout=ASKED_MS)
    assert_fits_a_phone(student)
    look_at_home(student)


def make_one(teacher: Page) -> None:
    teacher.get_by_test_id("create-course").click()
    expect(teacher.get_by_test_id("course-name")).to_be_focused()
    for name, value in {"name": "Mechanics", "code": "PHY-101", "semester": "Autumn", "year": "1999"}.items():
        teacher.get_by_test_id(f"course-{name}").fill(value)
    # The browser's own bounds are out of the way here: what the server says is beside its field.
    teacher.get_by_test_id("course-year").evaluate("field => { field.form.noValidate = true }")
    teacher.get_by_test_id("create-course-submit").click()
    expect(teacher.get_by_test_id("course-year")).to_have_attribute("aria-invalid", "true")
    expect(teacher.get_by_test_id("course-year")).to_be_focused()
    teacher.get_by_test_id("course-year").fill("2026")
    teacher.keyboard.press("Enter")
    expect(teacher.get_by_role("heading", name="Mechanics")).to_be_visible()
    expect(teacher.get_by_test_id("course-status")).to_have_text("Draft")
    teacher.get_by_test_id("make-active").click()
    expect(teacher.get_by_test_id("course-status")).to_be_hidden()


def schedule_weekly(teacher: Page) -> None:
    teacher.get_by_test_id("tab-schedule").click()
    teacher.get_by_test_id("new-series").click()
    first = datetime.now(UTC) + timedelta(days=1)
    teacher.get_by_test_id("series-title").fill("Lecture")
    teacher.get_by_test_id("series-first").fill(f"{first:%Y-%m-%d}T08:00")
    teacher.get_by_test_id("series-end").select_option("count")
    teacher.get_by_test_id("series-count").fill("3")
    teacher.get_by_test_id("series-published").uncheck()
    assert_fits_a_phone(teacher)
    teacher.get_by_test_id("save-series").click()
    expect(teacher.get_by_test_id("series-Lecture")).to_contain_text(
        f"Every week on {first:%A}, 3 times, at 8:00 AM"
    )
    show_series(teacher)
    teacher.get_by_test_id("make-calendar").click()
    address = teacher.get_by_test_id("calendar-url").input_value()
    assert teacher.request.get(address).text().count("BEGIN:VEVENT") == 3
    teacher.get_by_test_id("tab-lessons").click()
    expect(teacher.get_by_test_id("lesson-Lecture")).to_have_count(3)
    assert_fits_a_phone(teacher)


def show_series(teacher: Page) -> None:
    """What was made hidden is shown by editing its series, as students see by then."""
    teacher.get_by_test_id("series-menu-Lecture").click()
    teacher.get_by_test_id("edit-series").click()
    expect(teacher.get_by_test_id("series-published")).not_to_be_checked()
    teacher.get_by_test_id("series-published").check()
    teacher.get_by_test_id("save-series").click()
    expect(teacher.get_by_test_id("series-published")).to_be_hidden()


def make_code(teacher: Page) -> str:
    teacher.get_by_test_id("tab-people").click()
    teacher.get_by_test_id("new-way").click()
    teacher.get_by_test_id("make-way").click()
    code = teacher.get_by_test_id("made-code").input_value()
    teacher.get_by_test_id("way-done").click()
    expect(teacher.get_by_test_id("way-code")).to_contain_text(code)
    assert_fits_a_phone(teacher)
    return code


def join_by_code(student: Page, code: str) -> None:
    student.get_by_role("link", name="Courses").click()
    student.get_by_test_id("join-by-code").click()
    student.get_by_test_id("course-join-code").fill(code.lower().replace("-", " "))
    student.keyboard.press("Enter")
    expect(student.get_by_test_id("course-told")).to_contain_text("Mechanics")
    student.get_by_test_id("join-course").click()
    expect(student.get_by_test_id("lesson-Lecture")).to_have_count(3)
    expect(student.get_by_test_id("tab-people")).to_be_hidden()
    expect(student.get_by_test_id("lesson-menu-Lecture")).to_have_count(0)


def announce(teacher: Page) -> None:
    teacher.get_by_test_id("tab-announcements").click()
    teacher.get_by_test_id("announce").click()
    teacher.get_by_test_id("announcement-title").fill("Bring a ruler")
    teacher.get_by_test_id("announcement-body").fill("On Monday we measure.")
    teacher.get_by_test_id("send-announcement").click()
    expect(teacher.get_by_role("heading", name="Bring a ruler")).to_be_visible()
    assert_fits_a_phone(teacher)


def look_at_home(student: Page) -> None:
    """What comes within a week, and what was announced."""
    student.get_by_role("link", name="vtp, home").click()
    expect(student.get_by_test_id("next-Lecture")).to_contain_text("Tomorrow")
    expect(student.get_by_test_id("next-Lecture").get_by_role("link", name="Join")).to_have_count(0)
    expect(student.get_by_test_id("home-new")).to_contain_text("On Monday we measure.")
    assert_fits_a_phone(student)
    student.get_by_test_id("next-Lecture").get_by_role("link", name="Mechanics").click()
    expect(student.get_by_test_id("tab-lessons")).to_be_visible()


def test_a_link_is_good_still_after_signing_in_and_leads_to_the_waiting_list_of_a_full_course(
    school: School, browser: Browser
) -> None:
    course = make_course(school, max_students=1)
    school.call("POST", f"/api/v1/courses/{course}/enroll", {"email": STUDENT})
    made = school.call("POST", f"/api/v1/courses/{course}/invitations", {"kind": "link"})
    page = person(browser, school)
    page.goto(f"{school.api.base_url}/courses/join#token={made['token']}")
    page.get_by_test_id("email").fill(LATE)
    assert made["token"] not in page.url
    page.get_by_test_id("password").fill("a rather long pass phrase")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("course-told")).to_contain_text("All places are taken")
    page.get_by_test_id("join-course").click()
    expect(page.get_by_text("You are on the waiting list", exact=True)).to_be_visible()
    assert_fits_a_phone(page)
    # The place that becomes free is theirs, which the page learns as soon as they look at it again.
    first = school.call("GET", f"/api/v1/courses/{course}/enrollments?status=active")["items"][0]
    school.call("DELETE", f"/api/v1/courses/{course}/enroll/{first['student_id']}")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_test_id("tab-lessons")).to_be_visible(timeout=ASKED_MS)


def test_a_list_of_people_is_told_line_by_line_before_anybody_is_enrolled(
    school: School, browser: Browser, tmp_path: Path
) -> None:
    course = make_course(school)
    table = tmp_path / "people.csv"
    table.write_text(LIST)
    page = person(browser, school, TEACHER, home=False)
    open_course(page, school, course, "people")
    page.get_by_test_id("import-people").click()
    page.get_by_test_id("enrolment-file").set_input_files(table)
    page.get_by_test_id("enrolment-dry-run").click()
    expect(page.get_by_test_id("enrolment-foreseen")).to_contain_text("1 person would be enrolled")
    expect(page.locator("tr[data-outcome=no_account]")).to_contain_text("nobody@school.example")
    assert school.call("GET", f"/api/v1/courses/{course}/enrollments")["items"] == []
    assert_fits_a_phone(page)
    page.get_by_test_id("enrolment-really").click()
    expect(page.get_by_test_id("enrolment-imported")).to_contain_text("1 person was enrolled")
    page.get_by_role("link", name="To the people").click()
    expect(page.get_by_test_id(f"enrolment-{LATE}")).to_be_visible()


def test_a_course_goes_away_as_a_file_and_comes_back_as_a_draft_with_its_recordings(
    school: School, browser: Browser, tmp_path: Path
) -> None:
    course = make_course(school, name="Waves")
    school.call("POST", f"/api/v1/courses/{course}/lessons", {"kind": "recording", "title": "Ripples"})
    room = school.do(make_room(school.api, school.teacher, "waves"))
    recording = school.do(add_finished(school.api, room, school.teacher, title="Ripples, filmed"))
    school.call("POST", f"/api/v1/courses/{course}/recordings", {"recording_id": recording})
    page = person(browser, school, TEACHER, home=False)
    open_course(page, school, course, "settings")
    with page.expect_download() as plain:
        page.get_by_test_id("export-download").click()
    page.get_by_test_id("export-recordings").check()
    assert_fits_a_phone(page)
    with page.expect_download() as had:
        page.get_by_test_id("export-download").click()
    file = tmp_path / had.value.suggested_filename
    had.value.save_as(file)
    assert file.name == "PHY-1-Autumn-2026.vtp-course.zip"
    assert file.stat().st_size > 100_000 > Path(plain.value.path()).stat().st_size
    page.get_by_role("link", name="Courses").first.click()
    page.get_by_test_id("import-course").click()
    broken = tmp_path / "broken.vtp-course.zip"
    broken.write_bytes(file.read_bytes()[:-100])
    page.get_by_test_id("import-course-file").set_input_files(broken)
    expect(page.get_by_test_id("upload-refused")).to_contain_text("no file of a course")
    assert_fits_a_phone(page)
    page.get_by_test_id("upload-cancel").click()
    page.get_by_test_id("import-course-file").set_input_files(file)
    expect(page.get_by_test_id("course-imported")).to_contain_text("1 lesson, 1 recording")
    assert_fits_a_phone(page)
    page.get_by_test_id("to-imported").click()
    expect(page.get_by_test_id("course-status")).to_have_text("Draft")
    assert course not in page.url
    page.get_by_test_id("tab-recordings").click()
    expect(page.get_by_test_id("filed-Ripples, filmed")).to_be_visible()


def test_a_course_is_copied_to_another_term_with_its_series_and_dates(
    school: School, browser: Browser
) -> None:
    course = make_course(school, name="Lenses")
    at = f"/api/v1/courses/{course}"
    weekly = {"title": "Lecture", "rule": "FREQ=WEEKLY;COUNT=10", "duration_minutes": 90}
    berlin = {"first_start": "2099-10-06T08:00", "time_zone": "Europe/Berlin"}
    school.call("POST", f"{at}/schedules", weekly | berlin)
    essay = {"title": "Essay", "due_at": "2099-10-20T21:59:00Z"}
    school.call("POST", f"{at}/assignments", essay)
    page = person(browser, school, TEACHER, home=False)
    open_course(page, school, course, "settings")
    page.get_by_test_id("copy-course").click()
    expect(page.get_by_test_id("copy-this-begins")).to_have_value("2099-10-06")
    says = page.get_by_test_id("copy-shift")
    expect(says).to_contain_text("no series and no dates")
    page.get_by_test_id("copy-new-begins").fill("2100-03-29")
    expect(says).to_contain_text("25 weeks later")
    expect(says).to_contain_text("is on Tuesday, March 30, 2100")
    expect(page.get_by_test_id("copy-zone")).to_have_value("Europe/Berlin")
    assert_fits_a_phone(page)
    page.get_by_test_id("copy-semester").fill("Spring")
    page.get_by_test_id("copy-submit").click()
    expect(page.get_by_test_id("course-status")).to_have_text("Draft")
    copy = f"/api/v1/courses/{page.url.rsplit('/', 1)[1]}"
    assert copy != at
    [series] = school.call("GET", f"{copy}/schedules")["items"]
    assert series["first_start"] == "2100-03-30T08:00"
    [made] = school.call("GET", f"{copy}/assignments")["items"]
    assert made["due_at"] == "2100-04-13T21:59:00Z", "23:59 by the clocks of Berlin"


def test_of_two_who_edit_the_same_the_second_is_told_and_chooses(school: School, browser: Browser) -> None:
    course = make_course(school)
    page = person(browser, school, TEACHER, home=False)
    open_course(page, school, course, "settings")
    page.get_by_test_id("set-description").fill("Mine")
    school.call("PATCH", f"/api/v1/courses/{course}", {"description": "Theirs"})
    page.get_by_test_id("save-course").click()
    expect(page.get_by_test_id("overtaken")).to_be_visible()
    expect(page.get_by_test_id("set-description")).to_have_value("Mine")
    page.get_by_test_id("take-theirs").click()
    expect(page.get_by_test_id("set-description")).to_have_value("Theirs")
    page.get_by_test_id("set-description").fill("Mine again")
    school.call("PATCH", f"/api/v1/courses/{course}", {"description": "Theirs again"})
    page.get_by_test_id("save-course").click()
    page.get_by_test_id("keep-mine").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert school.call("GET", f"/api/v1/courses/{course}")["description"] == "Mine again"
    assert_fits_a_phone(page)


def test_lessons_are_put_in_order_by_keyboard_and_a_live_one_leads_to_its_door(
    school: School, browser: Browser
) -> None:
    course = make_course(school)
    section = school.call("POST", f"/api/v1/courses/{course}/sections", {"title": "Statics"})["id"]
    now = datetime.now(UTC)
    live = {"kind": "live", "starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=1)).isoformat()}
    school.call("POST", f"/api/v1/courses/{course}/lessons", {"title": "Levers", **live})
    page = person(browser, school, TEACHER, home=False)
    open_course(page, school, course)
    menu = page.get_by_test_id("lesson-menu-Levers")
    expect(menu).to_be_visible()
    height = page.locator(".toasts").evaluate("box => box.getBoundingClientRect().height")
    assert height == 0, "where nothing is said, nothing covers the page"
    menu.focus()
    page.keyboard.press("Enter")
    for _ in range(10):  # the menu's items, until the one that moves it down
        if page.get_by_test_id("lesson-down").evaluate("item => item === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    within = page.get_by_test_id("section-Statics").get_by_test_id("lesson-menu-Levers")
    expect(within).to_be_focused()
    assert school.call("GET", f"/api/v1/courses/{course}/lessons")["items"][0]["section_id"] == section
    say_at_the_foot(page, within)
    page.get_by_test_id("enter-Levers").click()
    page.wait_for_url(re.compile("/rooms/.*/class"))
    expect(page.get_by_role("heading", name="Levers")).to_be_visible()


def test_lessons_are_found_by_words_and_what_is_filed_is_not_offered_again(
    school: School, browser: Browser
) -> None:
    course = make_course(school, name="Sound")
    at = f"/api/v1/courses/{course}"
    for title in ("Vibrations", *(f"Tones {number}" for number in range(9))):
        school.call("POST", f"{at}/lessons", {"kind": "material", "title": title})
    page = person(browser, school, TEACHER, home=False)
    open_course(page, school, course)
    expect(page.get_by_test_id("lesson-Vibrations")).to_be_visible()
    expect(page.get_by_test_id("lesson-search")).to_have_count(0)
    section = school.call("POST", f"{at}/sections", {"title": "Strings"})["id"]
    wish = {"kind": "material", "title": "Guitars", "section_id": section}
    school.call("POST", f"{at}/lessons", wish)
    page.reload()
    page.get_by_test_id("lesson-search").fill("string")
    expect(page.get_by_test_id("lesson-Guitars")).to_be_visible()
    expect(page.get_by_test_id("lesson-Vibrations")).to_be_hidden()
    assert_fits_a_phone(page)
    page.get_by_test_id("lesson-search").fill("trumpets")
    expect(page.get_by_text("No lesson matches")).to_be_visible()
    page.get_by_test_id("lesson-search").fill("")
    expect(page.get_by_test_id("lesson-Vibrations")).to_be_visible()
    room = school.do(make_room(school.api, school.teacher, "sound"))
    filed, other = (
        school.do(add_finished(school.api, room, school.teacher, title=title))
        for title in ("Filed before", "Never filed")
    )
    school.call("POST", f"{at}/recordings", {"recording_id": filed})
    open_course(page, school, course, "recordings")
    page.get_by_test_id("file-recording").click()
    which = page.get_by_test_id("file-which")
    expect(which.locator(f"option[value='{other}']")).to_have_count(1)
    expect(which.locator(f"option[value='{filed}']")).to_have_count(0)
    page.get_by_test_id("file-search").fill("Filed before")
    expect(page.get_by_text("filed here already")).to_be_visible()
    expect(page.get_by_test_id("file-submit")).to_be_disabled()
    page.context.close()


def live_words(page: Page) -> list[str]:
    """What stands in the live regions that the browser tells screen readers of."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def words(node: Any) -> str:
        name = node.get("name", {}).get("value", "") if not node["ignored"] else ""
        return " ".join([name, *(words(by_id[one]) for one in node.get("childIds", ()) if one in by_id)])

    is_live = (node for node in nodes if not node["ignored"] and node["role"]["value"] == "status")
    return [words(node) for node in is_live]


def say_at_the_foot(page: Page, last: Locator) -> None:
    """What is said is at the foot, above a dialog that opens then, read out there, and within reach."""
    last.click()
    page.get_by_test_id("lesson-down").click()
    toast = page.get_by_test_id("toast").filter(has_text="at the end already")
    toast.hover()  # it stays as long as somebody points at it
    page.get_by_test_id("new-lesson").press("Enter")
    expect(page.get_by_test_id("lesson-title")).to_be_visible()
    toast.hover()
    found = toast.evaluate(
        """async card => {
          const dialog = card.closest("dialog");
          await Promise.all(dialog.getAnimations({ subtree: true }).map((one) => one.finished));
          const { left, bottom, width, height } = card.getBoundingClientRect();
          const above = document.elementFromPoint(left + width / 2, bottom - height / 2);
          return [card.contains(above), innerHeight - bottom];
        }"""
    )
    assert found == [True, 16]
    assert any("at the end already" in words for words in live_words(page)), "a dialog makes the page inert"
    for _ in range(60):  # each part of a date is one
        page.keyboard.press("Tab")
        if toast.get_by_label("Dismiss").evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(toast).to_have_count(0)
    expect(page.get_by_test_id("lesson-title")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("lesson-title")).to_be_hidden()
