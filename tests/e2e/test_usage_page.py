"""How much the server is used, as administrators see it: charts, their tables, and recordings by course."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import insert

from tests.api.course_material import make_course
from tests.api.recording_material import add_finished, make_room
from tests.e2e.school import School, person, running_school
from tests.e2e.test_pages import assert_fits_a_phone
from tests.serving import Api
from vtp.accounts.service import utc_now
from vtp.analytics.usage import midnight, name_of
from vtp.analytics.usage_tables import server_load, usage_days
from vtp.ids import new_id

ADMIN, TEACHER = "ada@school.example", "theo@school.example"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("usage") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    """A school of which a month is counted, with two courses that have a recording."""
    admin = await api.person("admin", ADMIN)
    teacher = await api.person("teacher", TEACHER)
    recording = ""
    for code, name in (
        ("PHY-101", "Optics"),
        ("GRA-2", "Graph theory and its many uses in all the sciences"),
    ):
        course = await make_course(api, teacher, code=code, name=name)
        room = await make_room(api, teacher, code.lower())
        recording = await add_finished(api, room, teacher, title=name, duration_ms=3_000_000)
        filed = {"recording_id": recording}
        await api.call("POST", f"/api/v1/courses/{course}/recordings", filed, by=teacher)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(insert(usage_days), [_day(back) for back in range(1, 40)])
        await tx.execute(insert(server_load), [_hour(back) for back in range(1, 14 * 24)])
    return School(loop, api, admin, recording)


def _day(back: int) -> dict[str, Any]:
    at = midnight(utc_now()) - timedelta(days=back)
    people = 0 if at.weekday() > 4 else 180 + 9 * (back % 7)
    return {
        "day": name_of(at),
        "people": people,
        "classes": people // 20,
        "participant_ms": people * 95 * 60_000,
        "most_at_once": people // 3,
        "recordings": people // 30,
        "recording_ms": people // 30 * 3_000_000,
        "recording_bytes": people * 21_000_000,
    }


def _hour(back: int) -> dict[str, Any]:
    at = utc_now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=back)
    busy = max(0.02, math.sin((at.hour - 7) / 10 * math.pi)) if 7 <= at.hour <= 17 else 0.02
    figures = {"readings": 120, "cpu_sum": 120 * busy * 0.6, "cpu_most": busy * 1.4, "load_most": busy * 0.9}
    more = {"memory_most_bytes": 240_000_000, "participants_most": int(busy * 70)}
    return {"hour": at, "process_id": new_id(), **figures, **more}


def test_an_administrator_sees_days_load_and_courses(school: School, browser: Browser) -> None:
    page = person(browser, school, ADMIN, home=False)
    page.goto(f"{school.api.base_url}/usage")
    for name in ("people", "classes", "hours", "recordings", "load"):
        expect(page.get_by_test_id(f"usage-{name}").get_by_role("slider")).to_have_attribute(
            "data-drawn", "true"
        )
    people = page.get_by_test_id("usage-people")
    expect(people).to_contain_text("Most on")
    people.get_by_role("button", name="People as a table").click()
    expect(people.get_by_role("row")).to_have_count(31)
    slider = people.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "2")
    page.get_by_label("Of which days").select_option("7")
    expect(people.get_by_role("row")).to_have_count(8)
    courses = page.get_by_test_id("usage-courses").get_by_role("row")
    expect(courses).to_have_count(3)
    expect(courses.filter(has_text="Optics")).to_contain_text("PHY-101")
    assert_fits_a_phone(page)


def test_others_are_told_that_it_is_not_for_them(school: School, browser: Browser) -> None:
    page = person(browser, school, TEACHER, home=False)
    page.goto(f"{school.api.base_url}/usage")
    expect(page.get_by_test_id("people-forbidden")).to_be_visible()
