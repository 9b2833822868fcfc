"""Inviting many people through the page, on a server that sends no mail: the links are shown once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.school import School, person, running_school
from tests.serving import Api

ADMIN = "ada@school.example"
PHONE: dict[str, Any] = {"viewport": {"width": 400, "height": 860}}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("invitations") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    return School(loop, api, await api.person("admin", ADMIN), "")


def test_links_are_kept_when_the_dialog_is_closed_while_people_are_invited(
    school: School, browser: Browser
) -> None:
    page = person(browser, school, ADMIN, **PHONE)
    held = hold_third(page)
    page.goto(f"{school.api.base_url}/invitations")
    page.get_by_test_id("invite-many").click()
    page.get_by_test_id("invite-list").fill("; ".join(f"p{number}@x.example" for number in range(5)))
    page.get_by_test_id("invite-all").click()
    expect(page.get_by_role("status").get_by_text("2 of 5")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")  # which Chromium does not ask about
    [third] = held
    third.continue_()
    links = page.get_by_test_id("invite-links")
    expect(links).to_have_value(
        re.compile(r"^p0@x.example\thttp\S+\np1@x.example\thttp\S+\np2@x.example\thttp\S+$")
    )
    expect(page.get_by_text("p4@x.example: It was stopped before.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("invited-all")).to_be_hidden()
    page.get_by_test_id("invite-many").click()
    expect(page.get_by_test_id("invite-list")).to_be_visible()
    page.context.close()


def hold_third(page: Page) -> list[Route]:
    """Lets two invitations through and keeps the next for who looks here; what comes after goes through."""
    held: list[Route] = []
    count = 0

    def take(route: Route) -> None:
        nonlocal count
        count += route.request.method == "POST"
        if route.request.method == "POST" and count == 3:
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/invitations*", take)
    return held
