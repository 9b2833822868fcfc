"""The product as a person uses it, through its pages only, from the printed link to the end of a class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.e2e.conftest import CAMERA_FPS, poll
from tests.server_process import Running, running_server

ADMIN = {"full-name": "Ada Teacher", "email": "ada@school.example", "password": "three quiet green lamps"}
STUDENT = {"full-name": "Sam Student", "email": "sam@school.example", "password": "seven slow blue trains"}
NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 800}
PLAYED_FRAMES = CAMERA_FPS
EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 40[13]")
"""Chromium's own line for an answer that says "not signed in" or "not approved yet"."""


@dataclass
class Person:
    """Somebody at a browser of their own; `complaints` are what its console says is wrong."""

    page: Page
    complaints: list[str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server as it is on its first day: no accounts, nothing open."""
    with running_server(tmp_path_factory.mktemp("school") / "data", on_nothing=True) as running:
        yield running


def person(browser: Browser, *, still: bool = False) -> Person:
    """`still` is who wants nothing to move: what breathes has a page drawn sixty times a second."""
    motion: Literal["reduce", "no-preference"] = "reduce" if still else "no-preference"
    page = browser.new_context(viewport=WIDE, reduced_motion=motion).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.extend(failure_of(request)))
    return Person(page, complaints)


def failure_of(request: Request) -> list[str]:
    """A request that got no answer, but for those that a page gave up because it was left."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"{request.url}: {request.failure}"]


def fill(page: Page, values: dict[str, str], *names: str) -> None:
    for name in names or values:
        page.get_by_test_id(name).fill(values[name])


def assert_fits_a_phone(page: Page) -> None:
    """Nothing sticks out to the side of a window 360 px wide."""
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    try:
        wide = page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? [] :
            [...document.querySelectorAll('body *')]
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
            .map((element) => `${element.tagName}.${element.className}`)"""
        )
        assert wide == [], (page.url, wide)
    finally:
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def wait_for_pictures(page: Page, test_id: str) -> None:
    """Until the video has shown a second of pictures."""
    query = f"document.querySelector('[data-testid={test_id}]')?.getVideoPlaybackQuality().totalVideoFrames"
    poll(page, f"{query} >= {PLAYED_FRAMES}")


def approve(server: Running, admin: Page, email: str) -> None:
    """What an admin does with a new account, beside the class that goes on in another tab."""
    page = admin.context.new_page()
    page.goto(f"{server.url}/people")
    expect(page.get_by_test_id("people-waiting")).to_contain_text("1")
    assert_fits_a_phone(page)
    page.get_by_test_id(f"approve-{email}").click()
    expect(page.get_by_test_id(f"person-{email}")).to_have_attribute("data-state", "approved")
    expect(page.get_by_test_id("people-waiting")).to_be_hidden()
    page.close()


def test_a_school_s_first_class_from_the_printed_link_to_the_recording(
    server: Running, browser: Browser
) -> None:
    teacher, student = person(browser, still=True), person(browser, still=True)
    make_first_admin(server, teacher.page)
    create_room(teacher.page)
    go_live_and_record(teacher.page)
    register_and_wait(server, student.page)
    approve(server, teacher.page, STUDENT["email"])
    watch(student.page)
    end_class(teacher.page)
    expect(student.page.get_by_test_id("waiting")).to_be_visible()
    play_recording(server, teacher)
    sign_out(server, student.page)
    sign_out(server, teacher.page)
    sign_in(teacher.page)
    for somebody in (teacher, student):
        assert [line for line in somebody.complaints if not EXPECTED.match(line)] == []


def make_first_admin(server: Running, page: Page) -> None:
    first = page.goto(f"{server.url}/setup?token={server.setup_token}")
    assert first and "script-src 'self'" in first.headers["content-security-policy"]
    page.get_by_test_id("create-admin").wait_for()
    assert_fits_a_phone(page)
    assert server.setup_token not in page.url
    fill(page, ADMIN)
    page.get_by_test_id("create-admin").click()
    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()


def create_room(page: Page) -> None:
    assert_fits_a_phone(page)
    page.get_by_test_id("create-room").click()
    page.get_by_test_id("room-name").fill("Algebra II")
    assert_fits_a_phone(page)
    page.get_by_test_id("create-room-submit").click()
    page.wait_for_url("**/rooms/algebra-ii/studio")


def go_live_and_record(page: Page) -> None:
    expect(page.get_by_test_id("go-live")).to_be_enabled()
    page.get_by_test_id("go-live").click()
    expect(page.get_by_test_id("stage")).to_have_attribute("data-phase", "connected")
    page.get_by_test_id("record").click()
    expect(page.get_by_test_id("recording-state")).to_be_visible()
    assert_fits_a_phone(page)


def register_and_wait(server: Running, page: Page) -> None:
    page.goto(server.url)
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert_fits_a_phone(page)
    page.get_by_role("link", name="Register").click()
    expect(page.get_by_test_id("register")).to_be_visible()
    assert_fits_a_phone(page)
    fill(page, STUDENT)
    page.get_by_test_id("register").click()
    expect(page.get_by_text(re.compile("approv")).first).to_be_visible()
    page.goto(f"{server.url}/rooms/algebra-ii/watch")
    expect(page.get_by_text("waiting for approval")).to_be_visible()
    assert_fits_a_phone(page)


def watch(page: Page) -> None:
    """The page that said "waiting for approval" has opened by itself."""
    expect(page.get_by_test_id("screen")).to_have_attribute("data-playing", "true")
    wait_for_pictures(page, "program")
    expect(page.get_by_test_id("recording-notice")).to_be_visible()
    assert_fits_a_phone(page)


def end_class(page: Page) -> None:
    page.get_by_test_id("record").click()
    expect(page.get_by_test_id("recording-state")).to_be_hidden()
    page.get_by_test_id("end-live").click()
    expect(page.get_by_test_id("live-state")).to_contain_text("Off air")


def play_recording(server: Running, teacher: Person) -> None:
    page = teacher.page
    page.get_by_role("link", name="Recordings").click()
    row = page.get_by_test_id("recordings").get_by_role("link")
    expect(row).to_have_count(1)
    assert_fits_a_phone(page)
    teacher.complaints.clear()
    row.click()
    page.get_by_test_id("play").click()
    wait_for_pictures(page, "video")
    poll(page, "document.querySelector('video').currentTime > 1.5")
    assert teacher.complaints == []
    assert_fits_a_phone(page)
    page.goto(f"{server.url}/profile")
    expect(page.get_by_test_id("save-profile")).to_be_visible()
    assert_fits_a_phone(page)


def sign_out(server: Running, page: Page) -> None:
    page.goto(server.url)
    page.get_by_test_id("person-menu").click()
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    page.goto(f"{server.url}/recordings")
    expect(page.get_by_test_id("sign-in")).to_be_visible()


def sign_in(page: Page) -> None:
    fill(page, ADMIN, "email", "password")
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("recordings")).to_be_visible()
