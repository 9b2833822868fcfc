"""What a player tells comes to exactly what was watched: with seeking, leaving, and a bad network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.api.recording_material import add_finished, make_room
from tests.e2e.conftest import poll
from tests.e2e.school import School, person, running_school, until_at
from tests.serving import Api, Person
from tests.unit.recording_material import h264_units
from tests.unit.test_analytics_xapi import validate
from vtp.analytics.exports import log_of
from vtp.analytics.playback import Logged
from vtp.analytics.xapi import EXTENSION, Source, statements
from vtp.ids import new_id

SECONDS, FPS = 60, 10
STUDENTS = (
    "sam@school.example",
    "lea@school.example",
    "tom@school.example",
    "mia@school.example",
    "eva@school.example",
)
PLAYED = (
    "(video => [...Array(video.played.length).keys()].map(i => [video.played.start(i), video.played.end(i)]))"
)
"""What the browser itself says that it has played."""
REMEMBER = f"""
window.addEventListener("pagehide", () => {{
  const video = document.querySelector("video");
  if (video) localStorage.setItem("seen", JSON.stringify({PLAYED}(video)));
}});
"""
AT_ANOTHER_SPEED = """async (video, rate) => {
  const paused = new Promise(done => video.addEventListener("pause", done, { once: true }));
  video.pause();
  await paused;
  video.playbackRate = rate;
  const at = video.currentTime;
  await video.play();
  return at;
}"""
"""Pauses for it: else it is told of while the video goes on."""
EVENTS = "**/api/v1/analytics/events"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with running_school(tmp_path_factory.mktemp("watching") / "data", fill) as made:
        yield made


students: dict[str, Person] = {}


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    teacher = await api.person("teacher", "ada@school.example")
    for email in STUDENTS:
        students[email] = await api.person("student", email)
    room = await make_room(api, teacher)
    pictures = h264_units(FPS * SECONDS, fps=FPS, gop=2 * FPS)
    recording = await add_finished(api, room, teacher, video=pictures, duration_ms=SECONDS * 1000)
    return School(loop, api, teacher, recording)


def opened(browser: Browser, school: School, email: str) -> Page:
    page = person(browser, school, email, home=False)
    page.add_init_script(REMEMBER)
    page.goto(f"{school.url}?t=5")
    until_at(page, 5, 6)
    page.get_by_test_id("play").click()
    return page


def left(page: Page, school: School) -> list[list[float]]:
    """Leaves the page as people do; gives what the browser had played by then."""
    page.goto(f"{school.api.base_url}/rooms")
    seen: list[list[float]] = page.evaluate("JSON.parse(localStorage.getItem('seen'))")
    return seen


def metrics(school: School, email: str) -> dict[str, Any]:
    user = students[email]
    path = f"/api/v1/analytics/metrics/{user.user_id}/{school.recording_id}"
    answer = school.do(school.api.call("GET", path, by=user))
    assert answer.status == 200, answer
    return dict(answer.body)


def assert_told(page: Page, school: School, email: str, seen: list[list[float]]) -> dict[str, Any]:
    """Until nothing waits in the browser any more; then the server says what the browser does."""
    poll(page, "!Object.keys(localStorage).some(key => key.startsWith('vtp.events.'))", 30)
    found = metrics(school, email)
    watched = sum(end - start for start, end in seen)
    assert found["total_watch_time_seconds"] == pytest.approx(watched, abs=0.06), (seen, found["segments"])
    assert found["watched_seconds"] == pytest.approx(watched, abs=0.06), (seen, found["segments"])
    return found


def stated(school: School, email: str) -> list[tuple[str, datetime, dict[str, Any]]]:
    """The statements of it: what, when, and with which result."""

    async def read() -> list[tuple[str, str, Logged]]:
        async with school.api.server.services.database.read() as tx:
            return await log_of(tx, school.recording_id, students[email].user_id)

    source = Source("https://school.example", new_id(), school.recording_id, "Optics", SECONDS * 1000)
    found = list(statements(source, school.do(read())))
    for one in found:
        validate(one)
    return [
        (
            one["verb"]["display"]["en"],
            datetime.fromisoformat(one["timestamp"]),
            {
                name.removeprefix(EXTENSION): value
                for name, value in one.get("result", {}).get("extensions", {}).items()
            },
        )
        for one in found
    ]


def test_ten_seconds_a_jump_and_leaving_are_told_to_the_moment(browser: Browser, school: School) -> None:
    email = STUDENTS[0]
    page = opened(browser, school, email)
    until_at(page, 15, 20)
    page.evaluate("document.querySelector('video').currentTime = 40")
    until_at(page, 42, 50)
    seen = left(page, school)
    found = assert_told(page, school, email, seen)
    assert [round(start) for start, _ in found["segments"]] == [5, 40]
    [session] = found["sessions"]
    assert (session["seek_count"], session["pause_count"]) == (1, 0)
    assert session["quality_selected"] is not None
    told = stated(school, email)
    [(_, jumped_at, jump)] = [one for one in told if one[0] == "seeked"]
    first, second = seen
    assert jump == {"time-from": pytest.approx(first[1], abs=0.06), "time-to": 40}
    verb, ended_at, end = told[-1]
    assert verb == "terminated" and end["time"] == pytest.approx(second[1], abs=0.06)
    said = [[float(at) for at in one.split("[.]")] for one in end["played-segments"].split("[,]")]
    assert said == [pytest.approx(one, abs=0.06) for one in seen]
    assert (ended_at - jumped_at).total_seconds() == pytest.approx(second[1] - 40, abs=1.5)
    page.context.close()


def test_nothing_is_lost_and_nothing_counts_twice_while_answers_and_the_server_stay_away(
    browser: Browser, school: School
) -> None:
    email = STUDENTS[1]
    page = opened(browser, school, email)
    until_at(page, 8, 12)

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(EVENTS, lose_the_answer)
    page.get_by_test_id("play").click()
    page.get_by_test_id("play").click()
    until_at(page, 10, 20)
    page.route(EVENTS, lambda route: route.abort())
    before = page.evaluate("document.querySelector('video').currentTime")
    until_at(page, before + 6, before + 20)
    page.get_by_test_id("play").click()
    page.unroute_all()
    seen = page.evaluate(f"{PLAYED}(document.querySelector('video'))")
    found = assert_told(page, school, email, seen)
    [session] = found["sessions"]
    assert (session["pause_count"], session["resume_count"]) == (2, 1)
    page.context.close()


def test_what_was_watched_before_the_page_was_closed_without_a_network_is_told_by_the_next(
    browser: Browser, school: School
) -> None:
    email = STUDENTS[2]
    page = opened(browser, school, email)
    until_at(page, 6, 12)
    page.route(EVENTS, lambda route: route.abort())
    until_at(page, 9, 14)
    seen = left(page, school)
    waiting = page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('vtp.events.')).length")
    assert waiting == 1
    page.unroute_all()
    page.goto(f"{school.api.base_url}/recordings")
    assert_told(page, school, email, seen)
    page.context.close()


def test_a_moment_at_five_times_the_speed_costs_nothing_else(browser: Browser, school: School) -> None:
    email = STUDENTS[4]
    page = opened(browser, school, email)
    until_at(page, 6, 12)
    answers: list[int] = []
    page.on("response", lambda one: answers.append(one.status) if "/analytics/events" in one.url else None)
    page.route(EVENTS, lambda route: route.abort())
    video = page.locator("video")
    faster_s = video.evaluate(AT_ANOTHER_SPEED, 5)
    until_at(page, faster_s + 6, faster_s + 30)
    slower_s = video.evaluate(AT_ANOTHER_SPEED, 1)
    until_at(page, slower_s + 4, slower_s + 20)
    page.get_by_test_id("play").click()
    stopped_s = video.evaluate("of => of.currentTime")
    page.unroute_all()
    poll(page, "!Object.keys(localStorage).some(key => key.startsWith('vtp.events.'))", 30)
    found = metrics(school, email)
    counted = [place for segment in found["segments"] for place in segment]
    assert counted == pytest.approx([5, faster_s, slower_s, stopped_s], abs=0.5), found
    assert set(answers) == {200}
    page.context.close()


def test_signing_out_tells_the_last_and_leaves_nothing_in_the_browser(
    browser: Browser, school: School
) -> None:
    email = STUDENTS[3]
    page = opened(browser, school, email)
    until_at(page, 7, 14)
    page.route(EVENTS, lambda route: route.abort())
    page.get_by_test_id("play").click()
    seen = page.evaluate(f"{PLAYED}(document.querySelector('video'))")
    page.unroute_all()
    page.get_by_test_id("person-menu").click()
    page.get_by_test_id("sign-out").click()
    page.get_by_test_id("sign-in").wait_for()
    assert_told(page, school, email, seen)
    page.context.close()


def test_who_came_by_a_link_tells_nothing(browser: Browser, school: School) -> None:
    link = school.call("POST", f"{school.path}/share", {"title": "Parents"})["url"]
    page = person(browser, school)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(link)
    until_at(page, 0, 1)
    page.get_by_test_id("play").click()
    until_at(page, 1, 30)
    page.get_by_test_id("play").click()
    page.goto(f"{school.api.base_url}/health")
    assert not [url for url in asked if "analytics" in url or "/progress" in url]
    page.context.close()
