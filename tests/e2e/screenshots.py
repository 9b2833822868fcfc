"""Pictures of every page, wide and narrow, light and dark, for eyes to judge.

    .venv/bin/python -m tests.e2e.screenshots FOLDER [NAME...]

fills a server as tests do (a course with something of everything, one whose classes were measured, people of
every role) and writes FOLDER/PAGE-WIDTH-THEME.png, each as long as its page, as teacher, student or
administrator see it, and what buttons of them open; of NAMES alone, where there are some. Which pages are in
no picture is said at the end.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Page

from tests.api.full_course import full_course
from tests.api.recording_material import add_finished, make_room
from tests.e2e.conftest import CHROMIUM, FLAGS, poll
from tests.e2e.measured_school import measured
from tests.e2e.school import School, person, running_school
from tests.one_chromium import end, running_browser
from tests.serving import Api, Person

TEACHER, STUDENT, ADMIN = "ada@school.example", "sam@school.example", "head@school.example"
NOBODY = ""
WIDTHS: Final = (1280, 400)
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
LESSON = "Refraction at a plane surface, and why a straw looks bent"
READY = """document.querySelector("h1") && !document.querySelector(".loading, .spinner")
    && [...document.images].every((one) => one.complete || one.loading === "lazy")"""
"""Nothing is looked for any more."""
ROUTES = Path(__file__).parents[2] / "web/src/App.tsx"


@dataclass(frozen=True)
class Shown:
    """Where the things are that pages show."""

    course: str
    measured: str
    recording: str
    assignment: str
    shared_work: str
    quiz: str
    pupil: str
    room: str

    def pages(self) -> Iterator[tuple[str, str, str]]:
        """Who sees which page: its name and where it is."""
        course, figures = f"/courses/{self.course}", f"/courses/{self.measured}"
        recording = f"/recordings/{self.recording}"
        for name in ("sign-in", "register", "forgot"):
            yield NOBODY, name, f"/{name}"
        for tab in (
            "",
            "people",
            "announcements",
            "schedule",
            "materials",
            "assignments",
            "quizzes",
            "grades",
        ):
            yield TEACHER, f"course-{tab or 'lessons'}", f"{course}/{tab}".rstrip("/")
        for tab in ("recordings", "settings"):
            yield TEACHER, f"course-{tab}", f"{course}/{tab}"
        yield TEACHER, "assignment", f"{course}/assignments?assignment={self.assignment}"
        yield TEACHER, "quiz", f"{course}/quizzes?quiz={self.quiz}"
        for tab in ("analytics", "attendance"):
            yield TEACHER, f"course-{tab}", f"{figures}/{tab}"
        yield TEACHER, "player", recording
        for part in ("access", "analytics"):
            yield TEACHER, f"recording-{part}", f"{recording}/{part}"
        for name in ("rooms", "recordings", "courses", "notifications", "profile", "check"):
            yield TEACHER, name, f"/{name}"
        yield TEACHER, "recordings-trash", "/recordings/trash"
        yield TEACHER, "home", "/"
        yield TEACHER, "notifications-settings", "/notifications/settings"
        for part in ("studio", "watch", "network", "class"):
            yield TEACHER, f"room-{part}", f"/rooms/{self.room}/{part}"
        yield STUDENT, "student-home", "/"
        yield STUDENT, "join", "/courses/join"
        for tab in ("", "assignments", "quizzes", "grades", "progress"):
            yield STUDENT, f"student-{tab or 'lessons'}", f"{course}/{tab}".rstrip("/")
        yield STUDENT, "student-assignment", f"{course}/assignments?assignment={self.assignment}"
        for name in ("people", "invitations", "audit", "mails", "usage", "server"):
            yield ADMIN, name, f"/{name}"
        yield ADMIN, "import", "/people/import"
        yield ADMIN, "person", f"/people/{self.pupil}"

    def opened(self) -> Iterator[tuple[str, str, str, str]]:
        """Who opens what: its name, the page, and what is pressed there."""
        course = f"/courses/{self.course}"
        quiz, work = f"quizzes?quiz={self.quiz}", f"assignments?assignment={self.assignment}"
        groups = f"assignments?assignment={self.shared_work}"
        for path, button in (
            (quiz, "extra-time"),
            (quiz, "edit-quiz"),
            (quiz, "delete-quiz"),
            ("quizzes", "new-quiz"),
            (work, "edit-assignment"),
            (groups, "assignment-groups"),
            ("assignments", "new-assignment"),
            ("", "new-section"),
            ("", "new-lesson"),
            ("people", "enrol"),
            ("people", "new-way"),
            ("schedule", "new-series"),
            ("announcements", "announce"),
            ("recordings", "file-recording"),
            ("settings", "copy-course"),
            ("settings", "delete-course"),
        ):
            yield TEACHER, f"dialog-{button}", f"{course}/{path}".rstrip("/"), button
        for button in ("create-course", "import-course", "join-by-code"):
            yield TEACHER, f"dialog-{button}", "/courses", button
        yield TEACHER, "dialog-create-room", "/rooms", "create-room"
        for button in ("invite", "invite-many"):
            yield ADMIN, f"dialog-{button}", "/invitations", button


async def fill(loop: asyncio.AbstractEventLoop, api: Api, shown: list[Shown]) -> School:
    """The school; adds what is in it to `shown`."""
    teacher = await api.person("teacher", TEACHER, full_name="Ada Lovelace")
    pupil = await api.person("student", STUDENT, full_name="Sam Okafor")
    other = await api.person("student", "mei@school.example", full_name="Mei Lin")
    await api.person("admin", ADMIN, full_name="Grace Hopper")

    async def post(path: str, body: object, by: Person = teacher) -> Any:
        answer = await api.call("POST", path, body, by=by)
        assert answer.status < 300, (path, answer)
        return answer.body

    figures = await measured(api, teacher)
    course = await full_course(api, teacher, name="Geometrical optics and waves")
    at = f"/api/v1/courses/{course.id}"
    for name, status in (("Graph theory and what it is good for elsewhere", "active"), ("Logic", "draft")):
        wish = {"code": "MAT-1", "name": name, "semester": "Autumn", "year": 2026, "status": status}
        await post("/api/v1/courses", wish)
    for one in (pupil, other):
        await post(f"{at}/enroll", {"email": one.email})
    now = datetime.now(UTC)
    begun, ends = now - timedelta(minutes=5), now + timedelta(hours=1)
    times = {"starts_at": begun.isoformat(), "ends_at": ends.isoformat()}
    await post(f"{at}/lessons", {"kind": "live", "title": "Lenses and mirrors", **times})
    room = await make_room(api, teacher)
    for title in (LESSON, "Thin lenses"):
        recording = await add_finished(api, room, teacher, title=title, duration_ms=2_400_000)
        wish = {"recording_id": recording, "lecture_title": title, "lesson_id": course.lesson}
        await post(f"{at}/recordings", wish)
    work = {"title": "Measure a focal length", "points": 10, "description": "With two candles."}
    assignment = await post(f"{at}/assignments", {**work, "due_at": (now + timedelta(days=3)).isoformat()})
    await post(f"{at}/assignments/{assignment['id']}/submissions", {"text": "f = 12 cm"}, pupil)
    together = await post(f"{at}/assignments", {**work, "title": "Build a telescope", "for_groups": True})
    await post(f"{at}/announcements", {"title": "Bring a ruler", "body": "We measure a focal length. " * 12})
    await post(f"{at}/invitations", {"kind": "code"})
    quizzes = (await api.call("GET", f"{at}/quizzes", by=teacher)).body["items"]
    shown.append(
        Shown(
            course.id,
            figures.course,
            figures.recording,
            assignment["id"],
            together["id"],
            quizzes[0]["id"],
            pupil.user_id,
            "physics",
        )
    )
    return School(loop, api, teacher, figures.recording)


def picture(page: Page, url: str, name: str, folder: Path, button: str = "") -> None:
    """Takes a page, or what a button of it opens, in every width and theme."""
    page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    page.goto(url)
    poll(page, READY)
    if button:
        page.get_by_test_id(button).click()
        poll(page, READY)
    for width, theme in product(WIDTHS, THEMES):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        path = folder / f"{name}-{width}-{theme}.png"
        page.screenshot(path=path, full_page=not button, animations="disabled")


def take_all(browser: Browser, school: School, shown: Shown, folder: Path, names: Set[str]) -> list[str]:
    """Takes every page that is named, or all; gives the routes of the application that no page is."""
    pages = {who: person(browser, school, who) for who in (NOBODY, TEACHER, STUDENT, ADMIN)}
    left = re.findall(r'path="(/[^"]*)"', ROUTES.read_text(encoding="utf-8"))
    of_pages = ((*page, "") for page in shown.pages())
    for who, name, path, button in (*of_pages, *shown.opened()):
        if not names or name in names:
            picture(pages[who], school.api.base_url + path, name, folder, button)
            print(name, flush=True)
        left = [one for one in left if not re.fullmatch(pattern_of(one), path.partition("?")[0])]
    return left


def pattern_of(route: str) -> str:
    """A route of wouter's as a regular expression: `/courses/:id/:tab?`."""
    return re.sub(r"/:\w+", "/[^/]+", re.sub(r"/:\w+\?", "(?:/[^/]+)?", route))


def main() -> int:
    """Takes the pictures into the folder that is named."""
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    folder, names, shown = Path(sys.argv[1]), set(sys.argv[2:]), list[Shown]()
    folder.mkdir(parents=True, exist_ok=True)
    devices = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    try:
        with (
            tempfile.TemporaryDirectory() as data,
            running_school(Path(data), lambda loop, api: fill(loop, api, shown)) as school,
        ):
            left = take_all(running_browser(CHROMIUM, *FLAGS, *devices), school, shown[0], folder, names)
    finally:
        end()
    print("Not in any picture:", ", ".join(left) or "nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
