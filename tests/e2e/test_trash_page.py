"""The trash as people use it: Undo, Restore, Delete for good, Empty; and Keep, where they go by time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.api.recording_material import add_finished, make_room
from tests.e2e.school import School, person, running_school
from tests.serving import Api
from vtp.recording.store import change_recording

TEACHER = "ada@school.example"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("school") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", TEACHER)
    await api.person("student", "sam@school.example")
    room = await make_room(api, teacher)
    titles = ("Optics", "Waves", "An introduction to thermodynamics, with experiments and what came of them")
    added = [await add_finished(api, room, teacher, title=title, duration_ms=4000) for title in titles]
    async with api.server.services.database.transaction() as tx:
        for recording_id in added:
            await change_recording(tx, recording_id, file_size_bytes=680_000_000)
        soon = datetime.now(UTC) + timedelta(days=6)
        await change_recording(tx, added[0], expires_at=soon, warned_at=soon - timedelta(days=7))
    return School(loop, api, teacher, added[0])


def test_recordings_are_deleted_brought_back_and_deleted_for_good(browser: Browser, school: School) -> None:
    page = person(browser, school, TEACHER, home=False)
    page.goto(school.url)
    page.get_by_test_id("keep").click()
    expect(page.get_by_test_id("keep")).to_have_text("Kept")
    assert school.call("GET", school.path)["expires_at"] is None
    page.get_by_test_id("delete").click()
    page.get_by_test_id("confirm-delete").click()
    page.wait_for_url(f"{school.api.base_url}/recordings")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(school.url)
    expect(page.get_by_test_id("play")).to_be_visible()
    for one in school.call("GET", "/api/v1/recordings")["items"]:
        school.call("DELETE", f"/api/v1/recordings/{one['id']}")
    page.goto(school.url)
    expect(page.get_by_test_id("in-trash")).to_contain_text("It is deleted for good")
    page.get_by_test_id("restore").click()
    expect(page.get_by_test_id("play")).to_be_visible()
    school.call("DELETE", school.path)
    page.goto(f"{school.api.base_url}/recordings")
    page.get_by_test_id("to-trash").click()
    rows = page.get_by_test_id("trash").get_by_role("listitem")
    expect(rows).to_have_count(3)
    expect(page.get_by_test_id("trash-contents")).to_contain_text("3 recordings, 2.0 GB")
    first = page.get_by_test_id(f"trashed-{school.recording_id}")
    first.get_by_test_id("restore").click()
    expect(rows).to_have_count(2)
    assert school.call("GET", school.path)["status"] == "ready"
    rows.first.get_by_test_id("delete-for-good").click()
    page.get_by_test_id("confirm-for-good").locator("visible=true").click()
    expect(rows).to_have_count(1)
    page.get_by_test_id("empty-trash").click()
    page.get_by_test_id("confirm-empty").click()
    expect(page.get_by_text("The trash is empty")).to_be_visible(timeout=30_000)
    assert school.call("GET", "/api/v1/recordings/trash")["count"] == 0
    page.context.close()


def test_students_are_shown_no_way_to_the_trash(browser: Browser, school: School) -> None:
    page = person(browser, school, "sam@school.example", home=False)
    page.goto(f"{school.api.base_url}/recordings")
    expect(page.get_by_role("heading", name="Recordings")).to_be_visible()
    expect(page.get_by_test_id("to-trash")).to_be_hidden()
    page.context.close()
