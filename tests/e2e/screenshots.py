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
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal

import pyotp
from playwright.sync_api import Browser, Page
from sqlalchemy import select, update

from tests.api.full_course import full_course
from tests.api.recording_material import add_finished, make_room
from tests.e2e.conftest import CHROMIUM, FLAGS, poll
from tests.e2e.measured_school import measured, rehearsed
from tests.e2e.school import School, person, running_school
from tests.one_chromium import end, running_browser
from tests.serving import PASSWORD, Api, Person
from vtp.accounts.tables import sessions

TEACHER, STUDENT, ADMIN = "ada@school.example", "sam@school.example", "head@school.example"
ROOM = "physics"
WATCHED = "ada@pupils.example"
"""A student of whom figures tell much."""
CAREFUL = "grace@school.example"
"""Who signs in with a second factor."""
NOBODY, BY_LINK = "", "a link"
WIDTHS: Final = (1280, 390)
PATIENCE_MS = 90_000
"""Machines that take pictures are busy with other things."""
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
ASKED, UNTOLD, WARNED = "dialog-still-there", "dialog-session-untold", "dialog-session-ends"
"""What a page says by itself, before a session ends."""
LESSON = "Refraction at a plane surface, and why a straw looks bent"
READY = """document.querySelector("h1")
    && !document.querySelector(".loading, .spinner, [data-phase=connecting]")
    && [...document.images].every((one) => one.complete || one.loading === "lazy")"""
"""Nothing is looked for any more."""
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
"""The page must be scrolled sideways."""
OVER = "2020-01-06T10:00"  # a moment of one's own clock
ROUTES = Path(__file__).parents[2] / "web/src/App.tsx"


@dataclass(frozen=True)
class Shown:
    """Where the things are that pages show."""

    course: str
    measured: str
    rehearsal: str
    recording: str
    assignment: str
    drafted: str
    shared_work: str
    quiz: str
    pupil: str
    room: str
    invitation: str
    guest: str
    shared: str
    setup: str

    def pages(self) -> Iterator[tuple[str, str, str]]:
        """Who sees which page: its name and where it is."""
        course, figures = f"/courses/{self.course}", f"/courses/{self.measured}"
        recording = f"/recordings/{self.recording}"
        for name in ("sign-in", "register", "forgot", "verify", "reset"):
            yield NOBODY, name, f"/{name}"
        yield NOBODY, "setup", self.setup
        yield NOBODY, "invitation", self.invitation
        yield BY_LINK, "guest-door", self.guest
        yield BY_LINK, "shared-player", self.shared
        yield NOBODY, "no-such-page", "/nowhere"
        for tab in (
            "",
            "people",
            "announcements",
            "schedule",
            "materials",
            "assignments",
            "quizzes",
            "questions",
            "grades",
            "import",
        ):
            yield TEACHER, f"course-{tab or 'lessons'}", f"{course}/{tab}".rstrip("/")
        for tab in ("recordings", "settings"):
            yield TEACHER, f"course-{tab}", f"{course}/{tab}"
        yield TEACHER, "assignment", f"{course}/assignments?assignment={self.assignment}"
        yield (
            TEACHER,
            "grading",
            f"{course}/assignments?assignment={self.assignment}&student={self.pupil}",
        )
        yield TEACHER, "quiz", f"{course}/quizzes?quiz={self.quiz}"
        for tab in ("analytics", "attendance"):
            yield TEACHER, f"course-{tab}", f"{figures}/{tab}"
        yield TEACHER, "course-attendance-rehearsal", f"{figures}/attendance?lesson={self.rehearsal}"
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
        for tab in (
            "",
            "materials",
            "assignments",
            "quizzes",
            "grades",
            "schedule",
            "recordings",
            "progress",
        ):
            yield STUDENT, f"student-{tab or 'lessons'}", f"{course}/{tab}".rstrip("/")
        yield STUDENT, "student-assignment", f"{course}/assignments?assignment={self.assignment}"
        yield STUDENT, "student-draft", f"{course}/assignments?assignment={self.drafted}"
        yield STUDENT, "student-quiz", f"{course}/quizzes?quiz={self.quiz}"
        for name in ("rooms", "courses", "notifications"):
            yield STUDENT, f"student-{name}", f"/{name}"
        yield WATCHED, "student-figures", f"{figures}/progress"
        yield WATCHED, "student-player", recording
        for name in ("people", "invitations", "audit", "mails", "usage", "server"):
            yield ADMIN, name, f"/{name}"
        yield ADMIN, "import", "/people/import"
        yield ADMIN, "person", f"/people/{self.pupil}"

    def opened(self) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """Who opens what: its name, the page, and what is pressed there, by its test's id or its label; after
        an = what is written into it.
        """
        signs_in = (f"email={CAREFUL}", f"password={PASSWORD}", "sign-in")
        yield NOBODY, "sign-in-factor", "/sign-in", signs_in
        yield NOBODY, "sign-in-backup", "/sign-in", (*signs_in, "other-code")
        yield NOBODY, "sign-in-wrong", "/sign-in", (signs_in[0], "password=not my password", "sign-in")
        confirms = ("factor-on", f"current-password={PASSWORD}", "factor-continue")
        yield TEACHER, "dialog-factor-secret", "/profile", confirms
        course = f"/courses/{self.course}"
        quiz, work = f"quizzes?quiz={self.quiz}", f"assignments?assignment={self.assignment}"
        groups = f"assignments?assignment={self.shared_work}"
        for path, *presses in (
            (quiz, "extra-time"),
            (quiz, "edit-quiz"),
            (quiz, "delete-quiz"),
            ("quizzes", "new-quiz"),
            ("questions", "new-question"),
            (work, "edit-assignment"),
            (work, "delete-assignment"),
            (groups, "assignment-groups"),
            ("assignments", "new-assignment"),
            ("", "new-section"),
            ("", "new-lesson"),
            ("", "More for Lenses and mirrors", "edit-lesson"),
            ("", "More for Lenses and mirrors", "lesson-people"),
            ("", "More for Lenses and mirrors", "cancel-lesson"),
            ("", "More for the section Lenses", "delete-section"),
            ("materials", "material-menu-Notes", "edit-material"),
            ("materials", "material-menu-Notes", "material-versions"),
            ("materials", "material-menu-Notes", "delete-material"),
            ("people", "enrol"),
            ("people", "new-way"),
            ("people", "new-way", "make-way"),
            ("people", f"more-{STUDENT}", "unenrol"),
            ("people", "Take the role from Mei Lin"),
            ("schedule", "new-series"),
            ("schedule", "series-menu-Lecture", "edit-series"),
            ("schedule", "series-menu-Lecture", "delete-series"),
            ("announcements", "announce"),
            ("announcements", "announcement-menu-Welcome", "take-back"),
            ("recordings", "file-recording"),
            ("settings", "copy-course"),
            ("settings", "delete-course"),
        ):
            name = presses[-1].replace(" ", "-").lower()
            yield TEACHER, f"dialog-{name}", f"{course}/{path}".rstrip("/"), tuple(presses)
        yield TEACHER, "dialog-quiz-closes-now", f"{course}/{quiz}", ("edit-quiz", f"quiz-closes={OVER}")
        figures, recording = f"/courses/{self.measured}", f"/recordings/{self.recording}"
        for who, path, *presses in (
            (TEACHER, "/courses", "create-course"),
            (TEACHER, "/courses", "import-course"),
            (TEACHER, "/courses", "join-by-code"),
            (TEACHER, "/rooms", "create-room"),
            (TEACHER, "/rooms", "More for Physics", "room-space-menu"),
            (TEACHER, "/rooms", "More for Physics", "room-term-menu"),
            (TEACHER, "/rooms", "More for Physics", "delete-room"),
            (TEACHER, f"{figures}/attendance", "Correct Ben"),
            (TEACHER, recording, "share"),
            (TEACHER, recording, "download"),
            (TEACHER, recording, "manage-captions"),
            (TEACHER, recording, "edit-chapters"),
            (TEACHER, recording, "delete"),
            (TEACHER, "/profile", "change-email"),
            (TEACHER, "/profile", "change-password"),
            (TEACHER, "/profile", "factor-on"),
            (TEACHER, "/profile", "export-own"),
            (TEACHER, "/profile", "delete-account"),
            (STUDENT, course, "leave-course"),
            (ADMIN, "/invitations", "invite"),
            (ADMIN, "/invitations", "invite-many"),
            (ADMIN, "/people", "add-person"),
            (ADMIN, f"/people/{self.pupil}", "close-account"),
            (ADMIN, f"/people/{self.pupil}", "erase"),
            (ADMIN, "/mails", "read-mail"),
        ):
            yield who, f"dialog-{presses[-1].replace(' ', '-').lower()}", path, tuple(presses)
        yield STUDENT, "quiz-taking", f"{course}/{quiz}", ("begin-quiz",)
        yield STUDENT, "quiz-finish", f"{course}/{quiz}", ("go-on", "finish-quiz")
        at = f"/rooms/{self.room}/class"
        for panel in ("people", "chat", "polls", "breakouts"):
            yield TEACHER, f"class-{panel}", at, ("join-class", f"panel-{panel}")
        for panel in ("devices", "live", "room", "captions", "keys"):
            yield TEACHER, f"class-{panel}", at, ("join-class", "class-menu", f"menu-{panel}")
        yield TEACHER, "class-leave", at, ("join-class", "leave-class")
        yield TEACHER, "class-network", f"/rooms/{self.room}/network", ("network-person",)
        yield TEACHER, "studio-live", f"/rooms/{self.room}/studio", ("go-live", "record")
        yield STUDENT, "watch-live", f"/rooms/{self.room}/watch", ()


async def fill(loop: asyncio.AbstractEventLoop, api: Api, shown: list[Shown]) -> School:
    """The school; adds what is in it to `shown`."""
    teacher = await api.person("teacher", TEACHER, full_name="Ada Lovelace")
    pupil = await api.person("student", STUDENT, full_name="Sam Okafor")
    other = await api.person("student", "mei@school.example", full_name="Mei Lin")
    head = await api.person("admin", ADMIN, full_name="Grace Hopper")

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
    await post(f"{at}/permissions", {"user_id": other.user_id, "role": "assistant"})
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
    submissions = f"{at}/assignments/{assignment['id']}/submissions"
    draft = await post(submissions, {"text": "f = 12 cm"}, pupil)
    await post(f"{submissions}/{draft['id']}/hand-in", {}, pupil)
    drawn = await post(f"{at}/assignments", {**work, "title": "Draw the path of light through a prism"})
    await post(f"{at}/assignments/{drawn['id']}/submissions", {"text": "First by the normal"}, pupil)
    together = await post(f"{at}/assignments", {**work, "title": "Build a telescope", "for_groups": True})
    await post(f"{at}/announcements", {"title": "Bring a ruler", "body": "We measure a focal length. " * 12})
    await post(f"{at}/invitations", {"kind": "code"})
    wish = {"email": "new@school.example", "full_name": "Noor Haddad", "role": "student"}
    invitation = (await post("/api/v1/invitations", wish, head))["link"]
    guest = (await post(f"/api/v1/rooms/{ROOM}/links", {}))["token"]
    shared = (await post(f"/api/v1/recordings/{figures.recording}/share", {"title": "Parents"}))["token"]
    careful = await api.person("student", CAREFUL, full_name="Grace Murray")
    secret = (await post("/api/v1/auth/2fa/setup", {"password": PASSWORD}, careful))["secret"]
    await post("/api/v1/auth/2fa/enable", {"code": pyotp.TOTP(secret).now()}, careful)
    quizzes = (await api.call("GET", f"{at}/quizzes", by=teacher)).body["items"]
    shown.append(
        Shown(
            course.id,
            figures.course,
            await rehearsed(api, figures),
            figures.recording,
            assignment["id"],
            drawn["id"],
            together["id"],
            quizzes[0]["id"],
            pupil.user_id,
            ROOM,
            invitation[invitation.index("/invitation") :],
            f"/rooms/{ROOM}/class#guest={guest}",
            f"/recordings/{figures.recording}#share={shared}",
            f"/setup?token={api.server.setup_token}",
        )
    )
    return School(loop, api, teacher, figures.recording)


def picture(page: Page, url: str, name: str, folder: Path, presses: Sequence[str] = ()) -> None:
    """Takes a page, or what buttons of it open, in every width and theme."""
    page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    page.goto(url)
    poll(page, READY)
    for press in presses:
        what, _, words = press.partition("=")
        found = page.locator(f'[data-testid="{what}"], [aria-label="{what}"]').first
        found.fill(words) if words else found.click()
        poll(page, READY)
    take(page, name, folder, whole=not presses)


def take(page: Page, name: str, folder: Path, *, whole: bool) -> None:
    """Takes what is shown in every width and theme; the whole page, or what is in the window."""
    for width, theme in product(WIDTHS, THEMES):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        path = folder / f"{name}-{width}-{theme}.png"
        page.screenshot(path=path, full_page=whole, animations="disabled")
        if page.evaluate(WIDER):
            print(f"{path.name} scrolls sideways")


def take_all(browser: Browser, school: School, shown: Shown, folder: Path, names: Set[str]) -> list[str]:
    """Takes every page that is named, or all; gives the routes of the application that no page is."""
    pages = {who: person(browser, school, who) for who in (TEACHER, STUDENT, ADMIN, WATCHED)}
    pages |= {who: person(browser, school) for who in (NOBODY, BY_LINK)}
    for page in pages.values():
        page.set_default_timeout(PATIENCE_MS)
    left = re.findall(r'path="(/[^"]*)"', ROUTES.read_text(encoding="utf-8"))
    of_pages = ((*page, ()) for page in shown.pages())
    is_in = False
    for who, name, path, presses in (*of_pages, *shown.opened()):
        if not names or name in names:
            if not is_in and (is_in := name.startswith("class-")):
                comes_in(person(browser, school, STUDENT), f"{school.api.base_url}/rooms/{shown.room}/class")
            picture(pages[who], school.api.base_url + path, name, folder, presses)
            print(name, flush=True)
        left = [one for one in left if not re.fullmatch(pattern_of(one), re.split("[?#]", path)[0])]
    for name in (ASKED, UNTOLD, WARNED):
        if not names or name in names:
            session_ends(person(browser, school, home=False), school, name, folder)
            print(name, flush=True)
    return left


def session_ends(page: Page, school: School, name: str, folder: Path) -> None:
    """What a page says four minutes before its session ends: for want of use (`ASKED`), also where the server
    cannot be told of any (`UNTOLD`), or in any case."""
    page.clock.install()
    page.goto(f"{school.api.base_url}/profile")
    page.get_by_test_id("email").fill(ADMIN)
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    poll(page, READY)
    minutes = 12 * 60 - 4 if name == WARNED else 26
    school.do(put_back(school, timedelta(minutes=minutes), used=name == WARNED))
    if name == WARNED:
        page.reload()
    else:
        page.clock.fast_forward(minutes * 60_000)
    page.locator("dialog[open]").wait_for()
    if name == UNTOLD:
        page.context.set_offline(True)
        page.keyboard.press("Shift")
        page.get_by_role("heading", name="Your session could not be renewed").wait_for()
    page.locator("dialog[open] .dialog-actions button:not([aria-disabled])").wait_for()
    take(page, name, folder, whole=False)


async def put_back(school: School, age: timedelta, *, used: bool) -> None:
    """Has the newest session begun so long ago, or, where it is not `used`, been used last."""
    async with school.api.server.services.database.transaction() as tx:
        row = (await tx.execute(select(sessions).order_by(sessions.c.id.desc()).limit(1))).one()
        columns = ("created_at", "expires_at") if used else ("last_seen_at", "idle_expires_at")
        earlier = {column: getattr(row, column) - age for column in columns}
        await tx.execute(update(sessions).where(sessions.c.id == row.id).values(earlier))


def comes_in(page: Page, url: str) -> None:
    """Somebody is in the class from now on."""
    page.goto(url)
    page.get_by_test_id("join-class").click()
    page.get_by_test_id("leave-class").wait_for()


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
