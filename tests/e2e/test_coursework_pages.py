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

PDF = b"%PDF-1.7\n" + b"1 0 obj << /Type /Catalog >> endobj\n" * 20


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("coursework") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", TEACHER)
    await api.person("student", STUDENT)
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
    teacher = person(browser, school, TEACHER)
    open_course(teacher, school, course)
    teacher.get_by_test_id("open-Reading").click()
    expect(teacher.get_by_text("No material in this lesson yet")).to_be_visible()
    refuse_and_take(teacher)
    student = person(browser, school, STUDENT)
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
    teacher = person(browser, school, TEACHER)
    open_course(teacher, school, course, "materials")

    def hold(route: Route) -> None:
        """A network that takes the file and says nothing."""

    teacher.route(re.compile(r"/versions\?name="), hold)
    choose = teacher.get_by_test_id("material-files")
    choose.set_input_files({"name": "film.pdf", "mimeType": "", "buffer": PDF})
    expect(teacher.get_by_test_id("upload-film.pdf")).to_have_attribute("data-state", "sending")
    teacher.wait_for_function("document.querySelector('.upload-bar')")
    assert school.call("GET", f"/api/v1/courses/{course}/materials")["items"] != []
    with teacher.expect_response(lambda answer: answer.request.method == "DELETE"):
        teacher.get_by_test_id("upload-cancel").click()
    expect(teacher.get_by_test_id("upload-film.pdf")).to_have_count(0)
    assert school.call("GET", f"/api/v1/courses/{course}/materials")["items"] == []
