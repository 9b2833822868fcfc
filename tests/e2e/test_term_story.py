"""One course from nothing to a grade, through the pages alone: a teacher's and two students'.

The first student's page is opened once. Each step of the teacher's is seen in it without a reload: it follows
links within the application, and a mark in its window is there at the end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.classes.class_pages import frames, tile_of
from tests.e2e.conftest import poll
from tests.e2e.school import School, person, running_school, until_at
from tests.serving import Api

ADA, SAM, MEI = "ada@school.example", "sam@school.example", "mei@school.example"
NAMES = {ADA: "Ada Lovelace", SAM: "Sam Okafor", MEI: "Mei Lin"}
TOLD_MS = 10_000
"""Within this a step arrives, on a busy machine too: pages that are told nothing ask every 20 s, which would
be too late for most of the steps."""
TAKEN_S = 3
"""So much of the class is recorded at least."""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("term") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", ADA, full_name=NAMES[ADA])
    for email in (SAM, MEI):
        await api.person("student", email, full_name=NAMES[email])
    return School(loop, api, teacher, "")


@dataclass
class Watched:
    """A page that nobody reloads."""

    page: Page
    loads: int = 0

    @classmethod
    def of(cls, page: Page) -> Watched:
        made = cls(page)
        page.evaluate("window.neverReloaded = 'since the first step'")
        page.on("domcontentloaded", made._loaded)
        return made

    def _loaded(self, _: Page) -> None:
        self.loads += 1

    def sees(self, what: Locator, text: str | re.Pattern[str] = "") -> None:
        """A step has arrived, in the page that it was."""
        expect(what).to_be_visible(timeout=TOLD_MS)
        if text:
            expect(what).to_contain_text(text, timeout=TOLD_MS)
        assert self.page.evaluate("window.neverReloaded") == "since the first step"
        assert self.loads == 0


def test_a_course_goes_from_nothing_to_a_grade_and_a_student_sees_each_step_without_a_reload(
    school: School, browser: Browser
) -> None:
    # Else what breathes has three pages of a class drawn all the time.
    still: dict[str, Any] = {"reduced_motion": "reduce"}
    ada = person(browser, school, ADA, timezone_id="UTC", **still)
    make_course(ada)
    schedule_weekly(ada)
    code = make_code(ada)
    sam = Watched.of(person(browser, school, SAM, **still))
    mei = person(browser, school, MEI, **still)
    for page in (sam.page, mei):
        join_by_code(page, code)
    hold_the_lesson(ada, sam, mei)
    publish_and_watch(ada, sam)
    set_assignment(ada, sam)
    hand_in(ada, sam)
    grade(ada, sam)


def make_course(ada: Page) -> None:
    ada.get_by_role("link", name="Courses").click()
    ada.get_by_test_id("create-course").click()
    for name, value in {"name": "Mechanics", "code": "PHY-101", "semester": "Autumn"}.items():
        ada.get_by_test_id(f"course-{name}").fill(value)
    ada.get_by_test_id("create-course-submit").click()
    ada.get_by_test_id("make-active").click()
    expect(ada.get_by_test_id("course-status")).to_be_hidden()
    ada.get_by_test_id("tab-settings").click()
    ada.get_by_label("Recording", exact=True).select_option("automatic")
    ada.get_by_test_id("save-course").click()
    expect(ada.get_by_text("Saved.")).to_be_visible()


def schedule_weekly(ada: Page) -> None:
    """The first of three classes has begun just now."""
    ada.get_by_test_id("tab-schedule").click()
    ada.get_by_test_id("new-series").click()
    ada.get_by_test_id("series-title").fill("Lecture")
    ada.get_by_test_id("series-first").fill(f"{datetime.now(UTC):%Y-%m-%dT%H:%M}")
    ada.get_by_test_id("series-end").select_option("count")
    ada.get_by_test_id("series-count").fill("3")
    ada.get_by_test_id("save-series").click()
    expect(ada.get_by_test_id("series-Lecture")).to_contain_text("3 times")


def make_code(ada: Page) -> str:
    ada.get_by_test_id("tab-people").click()
    ada.get_by_test_id("new-way").click()
    ada.get_by_test_id("make-way").click()
    code = ada.get_by_test_id("made-code").input_value()
    ada.get_by_test_id("way-done").click()
    return code


def join_by_code(page: Page, code: str) -> None:
    page.get_by_role("link", name="Courses").click()
    page.get_by_test_id("join-by-code").click()
    page.get_by_test_id("course-join-code").fill(code)
    page.keyboard.press("Enter")
    page.get_by_test_id("join-course").click()
    expect(page.get_by_test_id("lesson-Lecture")).to_have_count(3)


def hold_the_lesson(ada: Page, sam: Watched, mei: Page) -> None:
    ada.get_by_test_id("tab-people").click()
    for email in (SAM, MEI):
        expect(ada.get_by_test_id(f"enrolment-{email}")).to_be_visible()
    ada.get_by_test_id("tab-lessons").click()
    come_in(ada, ada.get_by_test_id("enter-Lecture"))
    sam.sees(sam.page.get_by_test_id("unread-count"))
    sam.page.get_by_test_id("bell").click()
    come_in(sam.page, told(sam.page, "Now: Lecture"))
    come_in(mei, mei.get_by_test_id("enter-Lecture"))
    for page, name in ((sam.page, NAMES[ADA]), (sam.page, NAMES[MEI]), (ada, NAMES[SAM]), (mei, NAMES[ADA])):
        expect(tile_of(page, name)).to_have_attribute("data-picture", "true")
        poll(page, f"{frames(page, name)} > 5")
    expect(ada.get_by_test_id("record")).to_have_attribute("data-recording", "true")
    poll(sam.page, f"{frames(sam.page, NAMES[ADA])} > {TAKEN_S * 10}")
    ada.get_by_test_id("leave-class").click()
    ada.get_by_test_id("end-for-all").click()
    sam.sees(sam.page.get_by_test_id("outcome"), "The class has ended")
    expect(ada.get_by_test_id("outcome")).to_contain_text("The class has ended")


def come_in(page: Page, way: Locator) -> None:
    way.click()
    page.get_by_test_id("join-class").click()
    expect(page.get_by_test_id("class")).to_be_visible()


def told(page: Page, title: str) -> Locator:
    """The link of a notification."""
    return page.get_by_test_id(f"told-{title}").get_by_role("link")


def publish_and_watch(ada: Page, sam: Watched) -> None:
    """It is filed under its lesson by itself; staff look at it first."""
    for page in (ada, sam.page):
        page.get_by_test_id("outcome").get_by_role("link", name="To the course").click()
    lesson = sam.page.get_by_test_id("lesson-Lecture").first
    expect(lesson).to_be_visible()
    expect(ada.get_by_test_id("lesson-Lecture").first).to_contain_text("Watch", timeout=TOLD_MS)
    expect(lesson.get_by_role("link", name="Watch")).to_have_count(0)
    ada.get_by_test_id("tab-recordings").click()
    row = ada.get_by_test_id("course-recordings").get_by_role("listitem")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Lecture")
    row.get_by_role("button").click()
    ada.get_by_test_id("publish").click()
    watch = lesson.get_by_role("link", name="Watch")
    sam.sees(watch)
    watch.click()
    sam.page.get_by_test_id("play").click()
    until_at(sam.page, 1, 120)
    poll(sam.page, "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 5")


def set_assignment(ada: Page, sam: Watched) -> None:
    to_course(sam.page, "assignments")
    expect(sam.page.get_by_test_id("assignment-Levers")).to_have_count(0)
    ada.get_by_test_id("tab-assignments").click()
    ada.get_by_test_id("new-assignment").click()
    ada.get_by_test_id("assignment-title").fill("Levers")
    due = datetime.now(UTC) + timedelta(days=7)
    ada.get_by_test_id("assignment-due").fill(f"{due:%Y-%m-%dT%H:%M}")
    ada.get_by_test_id("save-assignment").click()
    sam.sees(sam.page.get_by_test_id("assignment-Levers"), "Not handed in yet")


def to_course(page: Page, tab: str) -> None:
    page.get_by_role("link", name="Courses").click()
    page.get_by_role("link", name="Mechanics").click()
    page.get_by_test_id(f"tab-{tab}").click()


def hand_in(ada: Page, sam: Watched) -> None:
    page = sam.page
    page.get_by_test_id("assignment-Levers").get_by_role("link").click()
    page.get_by_test_id("begin-work").click()
    page.get_by_test_id("work-text").fill("Give me a place to stand.")
    page.get_by_test_id("hand-in").click()
    expect(page.get_by_test_id("work-status")).to_have_text("Handed in")
    ada.get_by_test_id("assignment-Levers").get_by_role("link").click()
    expect(ada.get_by_test_id(f"work-of-{NAMES[SAM]}")).to_contain_text("Handed in")


def grade(ada: Page, sam: Watched) -> None:
    ada.get_by_test_id(f"work-of-{NAMES[SAM]}").get_by_role("link").click()
    expect(ada.get_by_test_id("attempt-1")).to_contain_text("Give me a place to stand.")
    ada.get_by_test_id("grade-points").fill("90")
    ada.get_by_test_id("grade-feedback").fill("And a lever.")
    ada.get_by_test_id("save-and-release").click()
    sam.sees(sam.page.get_by_test_id("own-points"), "90 of 100 points")
    sam.sees(sam.page.get_by_test_id("grade"), "And a lever.")
    sam.page.get_by_test_id("tab-grades").click()
    sam.sees(sam.page.get_by_text("Levers"))
