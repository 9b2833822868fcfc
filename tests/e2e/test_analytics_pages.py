"""What is measured, as teachers and students see it: charts that everybody can read, sheets, alerts."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.measured_school import Measured, measured
from tests.e2e.school import School, person, running_school
from tests.e2e.test_pages import assert_fits_a_phone
from tests.serving import Api

TEACHER = "ada@school.example"
made: list[Measured] = []


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("measured") / "data", fill) as running:
        yield running


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", TEACHER)
    made.append(await measured(api, teacher))
    return School(loop, api, teacher, made[-1].recording)


@pytest.fixture(scope="module")
def teacher(browser: Browser, school: School) -> Iterator[Page]:
    page = person(browser, school, TEACHER, accept_downloads=True)
    yield page
    page.context.close()


def open_tab(page: Page, school: School, tab: str) -> None:
    page.goto(f"{school.api.base_url}/courses/{made[-1].course}/{tab}")


def drawn(page: Page, chart: str) -> Locator:
    """The plot of a chart, once it is there."""
    plot = page.get_by_test_id(chart).get_by_role("slider")
    expect(plot).to_have_attribute("data-drawn", "true")
    return plot


def saved(page: Page, click: Locator, folder: Path) -> Path:
    with page.expect_download() as download:
        click.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_a_chart_is_read_by_keys_as_a_table_and_as_files(
    school: School, teacher: Page, tmp_path: Path
) -> None:
    teacher.goto(f"{school.url}/analytics")
    plot = drawn(teacher, "heat")
    plot.focus()
    expect(plot).to_have_attribute("aria-valuetext", "No point chosen")
    teacher.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuetext", "0:00: Times played 5, People 5")
    teacher.keyboard.press("End")
    expect(plot).to_have_attribute("aria-valuetext", "0:39: Times played 2, People 2")
    expect(plot).to_have_attribute("aria-valuenow", "40")
    chart = teacher.get_by_test_id("heat")
    chart.get_by_role("button", name="as a table").click()
    table = chart.get_by_role("region", name="as a table")
    expect(table.get_by_role("row")).to_have_count(41)
    expect(table.get_by_role("row").nth(13)).to_have_text("0:1274")
    save = chart.get_by_role("button", name="Save “How often")
    save.click()
    rows = rows_of(saved(teacher, teacher.get_by_role("menuitem", name="Data (CSV)"), tmp_path))
    assert rows[12] == {"Part from": "0:12", "Times played": "7", "People": "4"}
    save.click()
    picture = saved(teacher, teacher.get_by_role("menuitem", name="Picture (PNG)"), tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    plot.focus()
    teacher.keyboard.press("Home")
    for _ in range(5):
        teacher.keyboard.press("ArrowRight")
    teacher.keyboard.press("Enter")
    teacher.wait_for_url(f"{school.url}?t=5")


def test_a_recordings_figures_say_who_watched_what(school: School, teacher: Page, tmp_path: Path) -> None:
    teacher.goto(school.url)
    teacher.get_by_test_id("analytics").click()
    figures = teacher.get_by_test_id("lecture-figures")
    expect(figures).to_contain_text("Viewers5")
    expect(figures).to_contain_text("Completed40 %")
    viewers = teacher.get_by_test_id("viewers")
    viewers.get_by_role("button", name="Watched").click()
    expect(viewers.get_by_role("rowheader")).to_have_text(["Eva", "Dan", "Cat", "Ben", "Ada"])
    expect(viewers.get_by_role("columnheader", name="Watched")).to_have_attribute("aria-sort", "ascending")
    rows = rows_of(saved(teacher, teacher.get_by_test_id("save-viewers"), tmp_path))
    assert {row["name"]: row["total_watch_time_seconds"] for row in rows}["Ada"] == "60"


def test_a_teacher_sees_how_a_course_goes_and_closes_an_alert(
    school: School, teacher: Page, tmp_path: Path
) -> None:
    open_tab(teacher, school, "")
    teacher.get_by_test_id("tab-analytics").click()
    expect(teacher.get_by_test_id("course-figures")).to_contain_text("of 2 classes held")
    plot = drawn(teacher, "attendance-chart")
    plot.focus()
    teacher.keyboard.press("Home")
    expect(plot).to_have_attribute(
        "aria-valuetext", re.compile("Levers, .*: Present 3, Late.* 1, Absent.* 2")
    )
    drawn(teacher, "watch-time-chart")
    drawn(teacher, "completion-chart")
    table = teacher.get_by_test_id("engagement")
    row = table.get_by_role("row", name=re.compile("^Ada"))
    expect(row).to_contain_text("14 min")  # talk of two classes, beside the score that is made of it
    table.get_by_role("button", name="Activity").click()
    table.get_by_role("button", name="Activity").click()
    expect(table.get_by_role("rowheader").first).to_have_text("Ada")
    rows = rows_of(saved(teacher, teacher.get_by_test_id("save-engagement"), tmp_path))
    assert {row["student_name"]: row["messages"] for row in rows}["Ada"] == "6"
    assert len(rows_of(saved(teacher, teacher.get_by_test_id("save-performance"), tmp_path))) == 1
    network = teacher.get_by_test_id("network")
    expect(network.get_by_role("row", name=re.compile("^Cat"))).to_contain_text("Loss of what they send")
    expect(network.get_by_role("rowheader").first).to_have_text("Cat")
    printed = saved(teacher, teacher.get_by_test_id("save-network-pdf"), tmp_path)
    assert printed.suffix == ".pdf" and printed.read_bytes().startswith(b"%PDF-")
    xapi = json.loads(saved(teacher, teacher.get_by_test_id("save-xapi"), tmp_path).read_text())
    assert len({one["actor"]["account"]["name"] for one in xapi}) > 1
    alert = teacher.get_by_test_id("alert-Fay").first
    expect(alert).to_contain_text("Nothing was seen of them in this course for 30 days.")
    alert.get_by_role("button", name="Dismiss").click()
    teacher.get_by_test_id("alert-note").fill("She has been ill.")
    teacher.keyboard.press("Enter")
    expect(teacher.get_by_test_id("alert-Fay")).to_be_hidden()
    teacher.get_by_test_id("alert-status").select_option("dismissed")
    expect(teacher.get_by_test_id("alert-Fay")).to_contain_text("She has been ill.")


def test_a_sheet_is_corrected_with_a_reason_and_taken_away(
    school: School, teacher: Page, tmp_path: Path
) -> None:
    open_tab(teacher, school, "analytics")
    plot = drawn(teacher, "attendance-chart")
    plot.focus()
    teacher.keyboard.press("Home")
    teacher.keyboard.press("Enter")
    expect(teacher.get_by_role("heading", name="Levers")).to_be_visible()
    sheet = teacher.get_by_test_id("sheet")
    dan = sheet.get_by_role("row", name=re.compile("^Dan"))
    expect(dan).to_contain_text("Absent")
    dan.get_by_role("button", name="Correct Dan").click()
    teacher.get_by_test_id("correct-submit").click()
    expect(teacher.get_by_test_id("correct-reason")).to_be_focused()  # it is asked for
    teacher.keyboard.type("A letter came.")
    teacher.keyboard.press("Enter")
    expect(dan).to_contain_text("Excused")
    expect(dan).to_contain_text("by hand")
    rows = rows_of(saved(teacher, teacher.get_by_test_id("save-sheet"), tmp_path))
    assert {row["name"]: row["status"] for row in rows}["Dan"] == "excused"
    teacher.get_by_test_id("choose-class").select_option(made[-1].lessons[1])
    expect(teacher.get_by_role("heading", name="Light and lenses")).to_be_visible()


def test_the_pages_fit_a_phone(school: School, browser: Browser) -> None:
    phone = person(browser, school, TEACHER, viewport={"width": 400, "height": 800})
    for path in (f"/recordings/{school.recording_id}/analytics", f"/courses/{made[-1].course}/analytics"):
        phone.goto(school.api.base_url + path)
        expect(phone.locator("[data-drawn=true]").first).to_be_visible()
        assert_fits_a_phone(phone)
    phone.context.close()


def test_a_student_sees_what_is_known_of_them_and_no_one_else(
    school: School, browser: Browser, tmp_path: Path
) -> None:
    page = person(browser, school, "cat@pupils.example", home=False)
    open_tab(page, school, "")
    page.get_by_test_id("tab-progress").click()
    figures = page.get_by_test_id("own-figures")
    expect(figures).to_contain_text("2 of 2 classes; class average")  # of six, who are enough
    expect(figures).to_contain_text("Watched55 %")
    plot = drawn(page, "own-recordings")
    plot.focus()
    page.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuetext", "Lenses: Watched 55 %")
    expect(page.get_by_test_id("own-classes").get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_test_id("collected")).to_contain_text("forgotten after 400 days")
    caliper = json.loads(saved(page, page.get_by_test_id("save-caliper"), tmp_path).read_text())
    assert len({one["actor"]["id"] for one in caliper}) == 1
    expect(page.get_by_test_id("tab-analytics")).to_be_hidden()
    page.goto(f"{school.url}/analytics")
    expect(page.get_by_text("These figures are not for you")).to_be_visible()
    page.context.close()


def test_another_rule_of_attendance_counts_in_classes_that_were_held(school: School, teacher: Page) -> None:
    open_tab(teacher, school, f"attendance?lesson={made[-1].lessons[0]}")
    status = teacher.get_by_test_id("sheet").get_by_role("row", name=re.compile("^Ben"))
    expect(status).to_contain_text("Late")
    teacher.get_by_test_id("to-rules").click()
    expect(teacher.get_by_role("heading", name="What counts as attended")).to_be_focused()
    teacher.get_by_test_id("rule-late").fill("80")
    teacher.keyboard.press("Enter")
    expect(teacher.get_by_test_id("rule-late")).to_be_focused()  # it is above that of "present"
    expect(teacher.get_by_text("Not more than for “present”, which is 75 %.")).to_be_visible()
    other = {"present_ratio": 0.5, "late_after_minutes": 90}
    path = f"/api/v1/analytics/courses/{made[-1].course}/attendance-rules"
    school.call("PUT", path, other)
    teacher.get_by_test_id("rule-late").fill("30")
    teacher.get_by_test_id("save-rules").click()
    teacher.get_by_test_id("take-theirs").click()
    expect(teacher.get_by_test_id("rule-minutes")).to_have_value("90")
    teacher.get_by_test_id("rule-late").fill("30")
    teacher.get_by_test_id("save-rules").click()
    expect(teacher.get_by_text("All classes and recordings count by this now.")).to_be_visible()
    open_tab(teacher, school, f"attendance?lesson={made[-1].lessons[0]}")
    expect(status).to_contain_text("Present")
