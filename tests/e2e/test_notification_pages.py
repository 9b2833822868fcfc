"""What people are told, in the pages: the bell, the list behind it, and what of it comes by mail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.school import School, person, running_school
from tests.e2e.test_pages import assert_fits_a_phone
from tests.serving import Api

TEACHER, STUDENT = "ada@school.example", "sam@school.example"
LISTED = re.compile(r"/api/v1/notifications(\?|$)")
ASKED_MS = 60_000
"""Pages ask every 25 s: on a busy machine the next time may be a while away."""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("told") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", TEACHER)
    await api.person("student", STUDENT)
    return School(loop, api, teacher, "")


@pytest.fixture(scope="module")
def course(school: School) -> str:
    """A course with the student in it, who was told so."""
    wish: dict[str, Any] = {"code": "PHY-1", "name": "Optics", "semester": "Autumn", "year": 2026}
    made: str = school.call("POST", "/api/v1/courses", wish | {"status": "active"})["id"]
    school.call("POST", f"/api/v1/courses/{made}/enroll", {"email": STUDENT})
    return made


def announce(school: School, course: str, title: str) -> None:
    body = {"title": title, "body": "On Monday we measure."}
    school.call("POST", f"/api/v1/courses/{course}/announcements", body)


def look_again(page: Page) -> None:
    """As coming back to the window does."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def test_the_bell_counts_says_and_leads_to_what_is_read_by_following_it(
    school: School, browser: Browser, course: str
) -> None:
    page = person(browser, school, STUDENT)
    expect(page.get_by_test_id("unread-count")).to_have_text("1 unread")
    expect(page.get_by_test_id("unread-said")).to_be_empty()  # there is nothing new in it
    announce(school, course, "Bring a ruler")
    look_again(page)
    expect(page.get_by_test_id("unread-count")).to_have_text("2 unread")
    expect(page.get_by_test_id("unread-said")).to_have_text("A new notification. 2 unread.")
    page.get_by_test_id("bell").focus()
    page.keyboard.press("Enter")
    row = page.get_by_test_id("told-Bring a ruler")
    expect(row).to_contain_text("PHY-1, Optics")
    assert_fits_a_phone(page)
    row.get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/courses/{course}/announcements")
    expect(page.get_by_test_id("unread-count")).to_have_text("1 unread")
    page.go_back()
    page.get_by_test_id("show-unread").click()
    expect(page.get_by_test_id("notifications").get_by_role("listitem")).to_have_count(1)
    expect(row).to_have_count(0)


def test_without_a_word_of_the_reader_the_bell_learns_of_what_is_new(
    school: School, browser: Browser, course: str
) -> None:
    page = person(browser, school, STUDENT)
    page.get_by_test_id("bell").click()
    announce(school, course, "Bring a lens")
    expect(page.get_by_test_id("told-Bring a lens")).to_be_visible(timeout=ASKED_MS)
    expect(page.get_by_test_id("unread-said")).to_contain_text("new notification", timeout=ASKED_MS)


def test_marking_leaves_what_came_meanwhile_unread_and_one_can_be_put_back(
    school: School, browser: Browser, course: str
) -> None:
    announce(school, course, "Bring a mirror")
    page = person(browser, school, STUDENT)
    page.get_by_test_id("bell").click()
    mirror = page.get_by_test_id("told-Bring a mirror")
    expect(mirror).to_contain_text("unread")
    held: list[Route] = []
    page.route(LISTED, lambda route: held.append(route))
    announce(school, course, "Bring a prism")  # of which the page hears, and which it does not show yet
    page.get_by_test_id("read-all").click()
    while held:  # and each that comes meanwhile: without its route, a request that waits goes on by itself
        held.pop().continue_()
    page.unroute(LISTED)
    expect(page.get_by_test_id("told-Bring a prism")).to_contain_text("unread")
    expect(mirror).not_to_contain_text("unread")
    expect(page.get_by_test_id("unread-count")).to_have_text("1 unread")
    mirror.get_by_test_id("mark").click()
    expect(mirror).to_contain_text("unread")
    expect(page.get_by_test_id("unread-count")).to_have_text("2 unread")
    page.get_by_test_id("read-all").click()
    expect(page.get_by_test_id("unread-count")).to_have_count(0)
    page.get_by_test_id("show-unread").click()
    expect(page.get_by_text("You have read everything")).to_be_visible()


def test_what_comes_by_mail_is_chosen_for_each_kind(school: School, browser: Browser, course: str) -> None:
    page = person(browser, school, STUDENT)
    page.get_by_test_id("bell").click()
    page.get_by_test_id("notification-settings").click()
    page.get_by_test_id("kind-announcement").select_option("daily")
    page.get_by_test_id("digest-hour").select_option("0")
    page.get_by_test_id("digest-zone").select_option("Asia/Tokyo")
    assert_fits_a_phone(page)
    page.get_by_test_id("save-choices").click()
    expect(page.get_by_text("Your choices were saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("kind-announcement")).to_have_value("daily")
    expect(page.get_by_test_id("digest-hour")).to_have_value("0")
    expect(page.get_by_test_id("digest-zone")).to_have_value("Asia/Tokyo")


def test_who_was_told_nothing_has_an_empty_list_and_no_count(school: School, browser: Browser) -> None:
    page = person(browser, school, TEACHER)
    page.get_by_test_id("bell").click()
    expect(page.get_by_text("Nothing yet")).to_be_visible()
    expect(page.get_by_test_id("unread-count")).to_have_count(0)
    assert_fits_a_phone(page)


def test_who_sits_in_a_class_is_told_with_the_way_there(
    school: School, browser: Browser, course: str
) -> None:
    begun = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    lesson = {"kind": "live", "title": "Lab", "starts_at": begun}
    school.call("POST", f"/api/v1/courses/{course}/lessons", lesson)
    page = person(browser, school, STUDENT)
    page.get_by_test_id("home-enter-Lab").click()
    page.get_by_test_id("join-class").click()
    expect(page.get_by_test_id("class")).to_be_visible()
    announce(school, course, "Bring a compass")
    expect(page.get_by_text("Bring a compass (PHY-1, Optics)")).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Open", exact=True).last.click()
    opened.value.wait_for_url(f"**/courses/{course}/announcements")
