"""The player's page as people use it: where they go on, chapters, captions, links for others."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.api.stream_material import BASE as STREAMS
from tests.api.stream_material import start_stream
from tests.e2e.school import School, person, running_school, until_at
from tests.serving import Api
from tests.unit.recording_material import h264_units
from vtp.jobs.making import new_job
from vtp.jobs.store import Job, State, add_job, change_own
from vtp.jobs.store import Kind as JobKind
from vtp.recording import viewers
from vtp.recording.chapter_list import Chapter, Kind
from vtp.recording.chapter_store import Happened, add_chapters
from vtp.recording.grants import PLAIN_NAME
from vtp.recording.store import change_recording

SECONDS = 40
LAST_SEGMENTS = re.compile(r"/stream/.*/seg-0001[5-9]")
CAPTIONS = """WEBVTT

00:10.000 --> 00:12.500
<v Ada>Light <i>bends</i> in glass

00:12.500 --> 00:30.000
3 &lt; 4
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("school") / "data", fill) as made:
        yield made


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", "ada@school.example")
    await api.person("student", "sam@school.example")
    room = await make_room(api, teacher)
    pictures = h264_units(30 * SECONDS)
    recording = await add_finished(api, room, teacher, video=pictures, duration_ms=SECONDS * 1000)
    async with api.server.services.database.transaction() as tx:
        await change_recording(tx, recording, width=320, height=180)
    happened = [
        Happened(Chapter(0, Kind.PRESENTER, "", "Ada"), teacher.user_id),
        Happened(Chapter(10_000, Kind.SCREEN, "", "Ada"), teacher.user_id),
        Happened(Chapter(20_000, Kind.POLL, "Clear?")),
    ]
    async with api.server.services.database.transaction() as tx:
        await add_chapters(tx, recording, happened)
    return School(loop, api, teacher, recording)


def test_a_student_goes_on_where_they_stopped_and_sees_it_in_the_list(
    browser: Browser, school: School
) -> None:
    page = person(browser, school, "sam@school.example", home=False)
    page.goto(f"{school.url}?t=5")
    until_at(page, 5, 6)
    expect(page.get_by_test_id("resumed")).to_be_hidden()
    page.get_by_test_id("play").click()
    until_at(page, 8, 20)
    with page.expect_response(lambda answer: answer.url.endswith("/analytics/events") and answer.ok):
        page.get_by_test_id("play").click()
    stopped = page.evaluate("document.querySelector('video').currentTime")
    page.goto(f"{school.api.base_url}/recordings")
    expect(page.get_by_test_id("watched")).to_contain_text("%")
    page.evaluate("localStorage.clear()")
    page.get_by_test_id(f"recording-{school.recording_id}").click()
    expect(page.get_by_test_id("resumed")).to_be_visible()
    until_at(page, stopped - 0.5, stopped + 0.5)
    page.get_by_test_id("resumed").get_by_role("button").click()
    until_at(page, 0, 0.5)
    expect(page.get_by_test_id("share")).to_be_hidden()
    page.context.close()


def test_chapters_lead_into_the_recording_and_staff_name_them(browser: Browser, school: School) -> None:
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(school.url)
    chapters = page.get_by_test_id("chapters").get_by_role("button")
    expect(chapters).to_have_text(["0:00Ada presents", "0:10Ada shares the screen", "0:20Poll: Clear?"])
    chapters.nth(1).click()
    until_at(page, 10, 10.5)
    expect(chapters.nth(1)).to_have_attribute("aria-current", "true")
    page.get_by_test_id("edit-chapters").click()
    page.get_by_test_id("chapter-title").nth(1).fill("Lenses")
    page.get_by_test_id("save-chapters").click()
    expect(chapters.nth(1)).to_have_text("0:10Lenses")
    assert school.call("GET", f"{school.path}/chapters")["own"] is True
    page.context.close()


def test_captions_are_added_by_staff_and_shown_above_the_controls(
    browser: Browser, school: School, tmp_path: Path
) -> None:
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(f"{school.url}?t=10.5")
    until_at(page, 10, 11)
    expect(page.get_by_test_id("captions")).to_be_hidden()
    wrong, right = tmp_path / "wrong.vtt", tmp_path / "right.vtt"
    wrong.write_text(CAPTIONS.replace("10.000", "10,000"))
    right.write_text(CAPTIONS)
    page.get_by_test_id("manage-captions").click()
    page.get_by_test_id("caption-file").set_input_files(wrong)
    page.get_by_test_id("add-captions").click()
    expect(page.get_by_role("dialog").get_by_text("line 3")).to_be_visible()
    page.get_by_test_id("caption-file").set_input_files(right)
    page.get_by_test_id("add-captions").click()
    expect(page.get_by_role("dialog").get_by_text("2 lines")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    words = page.get_by_test_id("caption-text")
    expect(words).to_have_text("Light bends in glass")
    expect(words.locator("i")).to_have_text("bends")
    page.keyboard.press("ArrowRight")
    expect(words).to_have_text("3 < 4")
    page.get_by_test_id("captions").click()
    page.get_by_test_id("captions-off").click()
    expect(words).to_be_hidden()
    page.get_by_test_id("manage-captions").click()
    page.get_by_role("button", name="Delete the captions in English").click()
    expect(page.get_by_test_id("captions-deleted")).to_be_visible()
    assert school.call("GET", f"{school.path}/captions")["items"] == []
    page.get_by_role("button", name="Undo: bring back the captions in English").click()
    expect(page.get_by_role("dialog").get_by_text("2 lines")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(words).to_have_text("3 < 4")
    page.context.close()


def test_a_full_stream_is_said_and_tried_again_as_soon_as_the_server_has_said(
    browser: Browser, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "RETRY_AFTER_S", 2.0)
    sam = school.do(school.api.sign_in("sam@school.example"))
    stream = school.do(
        start_stream(school.api, school.teacher, room_id="", recording_id=school.recording_id, max_viewers=1)
    )
    cookie = school.do(grant_of(school.api, school.recording_id, sam))
    path = f"{school.path}/stream/video/playlist.m3u8"
    assert school.do(fetch(school.api, path, Cookie=cookie)).status == 200
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(f"{school.url}?t=5")
    problem = page.get_by_test_id("play-problem")
    expect(problem).to_contain_text("The stream has 1 viewer, as many as it may have")
    expect(problem).to_contain_text("It is tried again in")
    expect(problem).not_to_contain_text("connection")
    school.call("POST", f"{STREAMS}/{stream['stream_id']}/stop")
    until_at(page, 5, 6)
    expect(problem).to_be_hidden()
    page.context.close()


def test_a_grant_that_has_ended_amid_watching_is_renewed_unseen(browser: Browser, school: School) -> None:
    page = person(browser, school, "sam@school.example", home=False)
    ahead: list[Route] = []
    page.route(LAST_SEGMENTS, lambda route: ahead.append(route))  # a player loads ahead all that there is
    page.goto(f"{school.url}?t=2")
    until_at(page, 2, 2.5)
    with page.expect_response(lambda answer: "/stream/" in answer.url and answer.status == 401):
        page.context.clear_cookies(name=PLAIN_NAME)
        page.unroute(LAST_SEGMENTS)
        for route in ahead:
            route.continue_()
        page.evaluate("document.querySelector('video').currentTime = 37")
    page.get_by_test_id("play").click()
    until_at(page, 37.5, SECONDS)
    expect(page.get_by_test_id("play-problem")).to_be_hidden()
    page.context.close()


def test_a_link_opens_the_player_without_an_account_until_it_is_ended(
    browser: Browser, school: School
) -> None:
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(school.url)
    page.get_by_test_id("share").click()
    page.get_by_test_id("share-title").fill("Parents")
    page.get_by_test_id("make-share").click()
    link = page.get_by_test_id("share-url").input_value()
    assert link.startswith(f"{school.url}#share=")
    guest = person(browser, school)
    guest.goto(link.replace("#", "?t=5#"))
    until_at(guest, 5, 6)
    assert guest.url == f"{school.url}?t=5", "the token leaves the address"
    expect(guest.get_by_test_id("chapters")).to_be_visible()
    expect(guest.get_by_test_id("download")).to_be_hidden()
    guest.reload()
    until_at(guest, 5, 6)
    page.get_by_test_id("end-share").click()
    expect(page.get_by_test_id("shares")).to_be_hidden()
    guest.reload()
    expect(guest.get_by_text("This link is not good any more")).to_be_visible()
    guest.context.close()
    page.keyboard.press("Escape")
    page.get_by_test_id("who-watched").click()
    log = page.get_by_test_id("access").get_by_role("listitem")
    expect(log.filter(has_text="By the link “Parents”")).to_have_count(1)
    page.get_by_test_id("access-action").select_option("shared")
    expect(log).to_have_count(1)
    expect(log).to_contain_text("Made a linkTeacher“Parents”")
    with page.expect_download() as table:
        page.get_by_test_id("access-download").click()
    assert table.value.path().read_text("utf-8-sig").count("\n") == 2, "the heading, and the link"
    page.get_by_test_id("access-who").fill("nobody")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    page.goto(school.url)
    page.get_by_test_id("share").click()
    page.get_by_test_id("visibility").select_option("public")
    poll_published(school, "public")
    anybody = person(browser, school)
    anybody.goto(school.url)
    until_at(anybody, 0, 1)
    school.call("PATCH", school.path, {"visibility": "members"})
    anybody.reload()
    anybody.wait_for_url(f"{school.api.base_url}/sign-in?next=/recordings/{school.recording_id}")
    anybody.context.close()
    page.context.close()


def poll_published(school: School, visibility: str) -> None:
    for _ in range(100):
        if school.call("GET", school.path)["visibility"] == visibility:
            return
    raise AssertionError(f"it never became {visibility}")


def test_the_player_s_keys_and_a_window_of_its_own(browser: Browser, school: School) -> None:
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(school.url)
    until_at(page, 0, 1)
    page.keyboard.press("5")
    until_at(page, SECONDS / 2 - 0.5, SECONDS / 2 + 0.5)
    page.keyboard.press(">")
    assert page.evaluate("document.querySelector('video').playbackRate") == 1.25
    page.keyboard.press("<")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Picture in picture")
    page.context.close()


def test_pointing_at_the_line_of_time_shows_what_is_to_be_seen_there(
    browser: Browser, school: School
) -> None:
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(school.url)
    until_at(page, 0, 1)
    line = page.get_by_test_id("position")
    box = line.bounding_box()
    assert box is not None
    with page.expect_response(lambda answer: "/storyboard/sheet-" in answer.url) as sheet:
        line.hover(position={"x": box["width"] * 0.8, "y": box["height"] / 2})
    assert sheet.value.status == 200
    preview = page.get_by_test_id("preview")
    expect(preview).to_have_css("background-position", "-960px 0px")  # the seventh of one each 5 s
    expect(preview.locator("xpath=..")).to_contain_text("0:3")
    page.mouse.move(0, 0)
    expect(preview).to_have_count(0)
    page.context.close()


def test_a_teacher_sees_what_recordings_take_of_what_an_administrator_lets_them(
    browser: Browser, school: School
) -> None:
    async def take_much() -> None:
        await school.api.person("admin", "root@school.example")
        async with school.api.server.services.database.transaction() as tx:
            await change_recording(tx, school.recording_id, file_size_bytes=9_500_000)

    school.do(take_much())
    admin = person(browser, school, "root@school.example", home=False)
    admin.goto(f"{school.api.base_url}/rooms")
    admin.get_by_role("button", name="More for Physics").click()
    admin.get_by_test_id("room-space-menu").click()
    expect(admin.get_by_test_id("room-space")).to_contain_text("take 9.5 MB; there is no limit")
    expect(admin.get_by_test_id("space-way")).to_have_value("usual")
    admin.get_by_test_id("space-way").select_option("own")
    admin.get_by_test_id("space-gigabytes").fill("0.01")
    admin.get_by_test_id("save-space").click()
    expect(admin.get_by_text("Space for “Physics” was set.")).to_be_visible()
    admin.get_by_role("button", name="More for Physics").click()
    admin.get_by_test_id("room-space-menu").click()
    expect(admin.get_by_test_id("space-way")).to_have_value("own")
    expect(admin.get_by_test_id("space-gigabytes")).to_have_value("0.01")
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(f"{school.api.base_url}/recordings")
    usage = page.get_by_test_id("usage")
    expect(usage).to_contain_text("Physics")
    expect(usage).to_contain_text("9.5 MB of 10 MB")
    expect(usage).to_contain_text("then they end")
    page.goto(f"{school.api.base_url}/rooms")
    page.get_by_role("button", name="More for Physics").click()
    page.get_by_test_id("room-space-menu").click()
    expect(page.get_by_test_id("room-space")).to_contain_text("take 9.5 MB of 10 MB")
    expect(page.get_by_test_id("save-space")).to_have_count(0)
    student = person(browser, school, "sam@school.example", home=False)
    student.goto(f"{school.api.base_url}/recordings")
    expect(student.get_by_test_id("recordings")).to_be_visible()
    expect(student.get_by_test_id("usage")).to_be_hidden()


def test_a_teacher_sees_how_long_an_administrator_has_recordings_kept(
    browser: Browser, school: School
) -> None:
    school.do(school.api.person("admin", "keeper@school.example"))
    admin, teacher = (person(browser, school, f"{name}@school.example") for name in ("keeper", "ada"))

    def opened(page: Page) -> None:
        page.goto(f"{school.api.base_url}/rooms")
        page.get_by_role("button", name="More for Physics").click()
        page.get_by_test_id("room-term-menu").click()

    opened(admin)
    expect(admin.get_by_test_id("term")).to_contain_text("They are kept for ever.")
    admin.get_by_test_id("term-way").select_option("own")
    admin.get_by_test_id("term-days").fill("30")
    admin.get_by_test_id("save-term").click()
    expect(admin.get_by_test_id("term")).to_contain_text("into the trash 30 days after")
    opened(teacher)
    expect(teacher.get_by_test_id("term")).to_contain_text("into the trash 30 days after")
    expect(teacher.get_by_test_id("save-term")).to_have_count(0)
    opened(admin)
    expect(admin.get_by_test_id("term-days")).to_have_value("30")
    admin.get_by_test_id("term-way").select_option("usual")
    admin.get_by_test_id("save-term").click()
    expect(admin.get_by_test_id("term")).to_contain_text("They are kept for ever.")


def test_what_is_done_with_a_recording_is_told_ended_and_begun_again(
    browser: Browser, school: School
) -> None:
    """The rows are as the job process writes them; there is none here, which would be through at once."""
    now, reason = datetime.now(UTC), "The object store is away."
    upload = replace(new_job(school.recording_id, JobKind.UPLOAD, now), state=State.FAILED, last_error=reason)
    ladder = replace(new_job(school.recording_id, JobKind.LADDER, now), state=State.RUNNING, progress=0.437)

    async def write() -> None:
        async with school.api.server.services.database.transaction() as tx:
            assert await add_job(tx, upload) and await add_job(tx, ladder)

    async def become(job: Job, before: State, state: State, progress: float) -> None:
        async with school.api.server.services.database.transaction() as tx:
            assert await change_own(tx, job, {"state": state, "progress": progress}, before)

    school.do(write())
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(f"{school.api.base_url}/recordings")
    row = page.get_by_role("listitem").filter(has=page.get_by_test_id(f"recording-{school.recording_id}"))
    expect(row.get_by_test_id("job-upload")).to_contain_text(f"Failed{reason}")
    expect(row.get_by_test_id("job-ladder")).to_contain_text("43 %")
    page.goto(school.url)
    upload_line, ladder_line = page.get_by_test_id("job-upload"), page.get_by_test_id("job-ladder")
    ladder_line.get_by_test_id("job-cancel").click()
    expect(ladder_line).to_contain_text("Not made")
    ladder_line.get_by_role("button", name="Make other qualities").click()
    expect(ladder_line).to_contain_text("Waits for its turn")
    school.do(become(ladder, State.QUEUED, State.RUNNING, 0.5))
    expect(ladder_line).to_contain_text("50 %")  # without loading the page again
    school.do(become(ladder, State.RUNNING, State.DONE, 1))
    expect(page.get_by_text("has its other qualities now.")).to_be_visible()
    expect(ladder_line).to_be_hidden()
    upload_line.get_by_role("button", name="Try again").click()
    expect(upload_line).to_have_attribute("data-state", "queued")
    school.do(become(upload, State.QUEUED, State.DONE, 1))
    expect(upload_line).to_be_hidden()
    student = person(browser, school, "sam@school.example")
    with student.expect_response(lambda answer: "/progress" in answer.url):
        student.goto(school.url)
    expect(student.get_by_test_id("jobs")).to_be_hidden()
    for one in (page, student):
        one.context.close()


def test_a_part_of_a_recording_is_taken_along(browser: Browser, school: School, tmp_path: Path) -> None:
    page = person(browser, school, "ada@school.example", accept_downloads=True, home=False)
    page.goto(f"{school.url}?t=12")
    until_at(page, 12, 12.5)
    page.get_by_test_id("download").click()
    expect(page.get_by_test_id("download-whole")).to_have_attribute("href", f"{school.path}/download")
    page.get_by_test_id("download-part").check()
    page.get_by_test_id("clip-from-now").click()
    expect(page.get_by_test_id("clip-from")).to_have_value("0:12")
    page.get_by_test_id("clip-to").fill("0:10")
    page.get_by_test_id("download-clip").click()
    expect(page.get_by_test_id("clip-to")).to_be_focused()
    expect(page.get_by_text("The end must be later than the beginning.")).to_be_visible()
    page.get_by_test_id("clip-to").fill("0:20")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    with av.open(file) as container:
        assert container.duration is not None and 8 <= container.duration / 1e6 < 10
    assert "0.00.12-0.00.20" in file.name
    page.get_by_test_id("download").click()
    page.get_by_test_id("download-part").check()
    page.get_by_test_id("clip-from-now").click()
    expect(page.get_by_test_id("clip-to")).to_have_value("0:40")
    with (
        page.expect_request(lambda asked: "/download-url" in asked.url) as link,
        page.expect_download() as rest,
    ):
        page.get_by_test_id("download-clip").click()
    assert "?from=12" in link.value.url and "to=" not in link.value.url, (
        "what is shown ends with a whole second"
    )
    rest.value.save_as(file)
    with av.open(file) as container:
        assert container.duration is not None and container.duration / 1e6 >= SECONDS - 12
    page.context.close()


def test_the_list_shows_pictures_of_recordings(browser: Browser, school: School) -> None:
    page = person(browser, school, "ada@school.example", home=False)
    page.goto(f"{school.api.base_url}/recordings")
    row = page.get_by_test_id(f"recording-{school.recording_id}")
    picture = row.locator("img")
    expect(picture).to_have_js_property("naturalWidth", 160)
    box = row.get_by_test_id("thumbnail").bounding_box()
    assert box is not None and (box["width"], box["height"]) == (96, 54)
    assert not [one for one in page.context.cookies() if school.recording_id in one.get("path", "")]
    page.context.close()
