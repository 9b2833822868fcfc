"""Accounts through their pages, with real mail: from signing up to a reset password, and administration."""

from __future__ import annotations

import email
import queue
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from email import policy
from pathlib import Path

import pyotp
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.test_pages import assert_fits_a_phone, fill, person
from tests.free_ports import free_port
from tests.server_process import Running, running_server

ADMIN = {"full-name": "Ada Admin", "email": "ada@school.example", "password": "three quiet green lamps"}
STUDENT = {"full-name": "Sam Student", "email": "sam@school.example", "password": "seven slow blue trains"}
NEW_PASSWORD = "nine loud red kettles"
INVITED = "ivy@school.example"
TABLE = "email,full_name,role,Rolle\nmia@school.example,Mia Maker,student,\nnobody,No Address,student,\n"
WITH_ADMIN = "email,full_name,role\nlea@school.example,Lea Leader,admin\n"
EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 4(01|03|10|22)")
"""Chromium's own line for answers that say "no", which the pages tell in words."""
LINK = re.compile(r"https?://\S+#token=\S+")


class Mails:
    """A real SMTP server on a thread of its own, and what it was given, by address."""

    def __init__(self) -> None:
        self._arrived: queue.Queue[tuple[str, str]] = queue.Queue()
        self._kept: list[tuple[str, str]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        body = email.message_from_bytes(envelope.content, policy=policy.default).get_body()
        assert body is not None
        for address in envelope.rcpt_tos:
            self._arrived.put((address, body.get_content()))
        return "250 OK"

    def link_to(self, address: str) -> str:
        """The link of the oldest mail to an address that has one and was not asked for yet."""
        while True:
            for mail in self._kept:
                found = LINK.search(mail[1])
                if mail[0] == address and found:
                    self._kept.remove(mail)
                    return found[0]
            self._kept.append(self._arrived.get(timeout=20))


@pytest.fixture(scope="module")
def mails() -> Iterator[tuple[Mails, int]]:
    kept = Mails()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield kept, controller.port
    controller.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, mails: tuple[Mails, int]) -> Iterator[Running]:
    port = str(free_port())
    settings = {
        "VTP_HTTP__PORT": port,
        "VTP_HTTP__PUBLIC_URL": f"http://localhost:{port}",
        "VTP_MAIL__HOST": "127.0.0.1",
        "VTP_MAIL__PORT": str(mails[1]),
        "VTP_MAIL__SECURITY": "none",
        "VTP_MAIL__SENDER": "school@school.example",
    }
    with running_server(tmp_path_factory.mktemp("accounts") / "data", settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def admin(server: Running, browser: Browser) -> Page:
    """The first administrator, signed in."""
    page = person(browser).page
    page.goto(f"{server.url}/setup?token={server.setup_token}")
    fill(page, ADMIN)
    page.get_by_test_id("create-admin").click()
    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    return page


def code(secret: str, steps: int = 0) -> str:
    """The code that an app shows; each is good once, and the next is taken already."""
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


def sign_in(page: Page, password: str) -> None:
    fill(page, {"email": STUDENT["email"], "password": password})
    page.get_by_test_id("sign-in").click()


def sign_out(page: Page) -> None:
    page.get_by_test_id("person-menu").click()
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()


def open_link(page: Page, link: str) -> None:
    """As from a mail: the page opens anew, and the secret leaves the address bar."""
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("main")).to_be_visible()


def test_a_student_confirms_their_address_keeps_a_second_factor_and_recovers_a_password(
    server: Running, browser: Browser, admin: Page, mails: tuple[Mails, int]
) -> None:
    somebody = person(browser)
    page, letters = somebody.page, mails[0]
    sign_up(server, page)
    verify(page, letters.link_to(STUDENT["email"]))
    sign_in(page, STUDENT["password"])
    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    expect(page.get_by_test_id("approval-banner")).to_be_hidden()
    secret, backup = switch_on_second_factor(server, page)
    renew_in_two_tabs(server, page)
    sign_out(page)
    sign_in(page, STUDENT["password"])
    page.get_by_test_id("totp").fill("000000")
    page.get_by_test_id("send-code").click()
    expect(page.get_by_test_id("totp")).to_have_attribute("aria-invalid", "true")
    page.get_by_test_id("totp").fill(code(secret, 1))
    page.get_by_test_id("send-code").click()
    expect(page.get_by_test_id("person-menu")).to_be_visible()
    sign_out(page)
    reset_password(page, letters, backup)
    sign_in(page, NEW_PASSWORD)
    page.get_by_test_id("other-code").click()
    page.get_by_test_id("backup-code").fill(backup[1].upper().replace("-", ""))
    page.get_by_test_id("send-code").click()
    expect(page.get_by_test_id("person-menu")).to_be_visible()
    assert [line for line in somebody.complaints if not EXPECTED.match(line)] == []
    page.context.close()


def sign_up(server: Running, page: Page) -> None:
    page.goto(f"{server.url}/register")
    fill(page, STUDENT | {"password": "password1"})
    page.get_by_test_id("register").click()
    refused = page.get_by_test_id("password")
    expect(refused).to_have_attribute("aria-invalid", "true")
    expect(refused).to_be_focused()
    expect(page.get_by_text("among the first that anybody would try")).to_be_visible()
    fill(page, STUDENT, "password")
    expect(page.get_by_test_id("password-strength")).to_have_text("Strong")
    page.get_by_test_id("register").click()
    expect(page.get_by_test_id("check-mail")).to_contain_text("link")
    expect(page.get_by_test_id("resend")).to_be_disabled()
    assert_fits_a_phone(page)


def verify(page: Page, link: str) -> None:
    open_link(page, link)
    page.get_by_test_id("verify").click()
    expect(page.get_by_test_id("verified")).to_be_visible()
    assert "token" not in page.url
    open_link(page, link)
    page.get_by_test_id("verify").click()
    expect(page.get_by_test_id("link-over")).to_be_visible()
    page.get_by_role("link", name="Sign in").first.click()


def switch_on_second_factor(server: Running, page: Page) -> tuple[str, list[str]]:
    page.goto(f"{server.url}/profile")
    page.get_by_test_id("factor-on").click()
    page.get_by_test_id("current-password").fill("not my password")
    page.get_by_test_id("factor-continue").click()
    expect(page.get_by_test_id("current-password")).to_have_attribute("aria-invalid", "true")
    page.get_by_test_id("current-password").fill(STUDENT["password"])
    page.get_by_test_id("factor-continue").click()
    secret = (page.get_by_test_id("factor-secret").text_content() or "").replace(" ", "")
    assert page.evaluate("document.querySelector('.factor-qr').naturalWidth") > 0
    assert_fits_a_phone(page)
    page.get_by_test_id("totp").fill(code(secret))
    page.get_by_test_id("factor-enable").click()
    codes = page.get_by_test_id("backup-codes").locator("li")
    expect(codes).to_have_count(10)
    backup = codes.all_text_contents()
    assert_fits_a_phone(page)
    page.get_by_test_id("codes-saved").click()
    expect(page.get_by_test_id("codes-left")).to_have_text("10 backup codes left")
    return secret, backup


def renew_in_two_tabs(server: Running, page: Page) -> None:
    """Both tabs spend the same cookie at the same moment, and both stay signed in."""
    other = page.context.new_page()
    other.goto(f"{server.url}/profile")
    for tab in (page, other):
        tab.evaluate("setTimeout(() => location.reload(), 50)")
    for tab in (page, other):
        expect(tab.get_by_test_id("save-profile")).to_be_visible()
    expect(page.get_by_test_id("devices").locator("li")).to_have_count(1)
    other.close()


def reset_password(page: Page, letters: Mails, backup: list[str]) -> None:
    page.get_by_test_id("forgot").click()
    page.get_by_test_id("email").fill(STUDENT["email"])
    page.get_by_test_id("send-reset").click()
    expect(page.get_by_test_id("reset-sent")).to_be_visible()
    open_link(page, letters.link_to(STUDENT["email"]))
    page.get_by_test_id("new-password").fill(NEW_PASSWORD)
    assert "token" not in page.url
    page.get_by_test_id("reset-password").click()
    page.get_by_test_id("other-code").click()
    page.get_by_test_id("backup-code").fill(backup[0])
    assert_fits_a_phone(page)
    page.get_by_test_id("reset-password").click()
    expect(page.get_by_test_id("reset-done")).to_be_visible()
    page.get_by_role("link", name="Sign in").first.click()


def test_signing_out_elsewhere_long_after_sign_in_asks_for_the_password(
    server: Running, browser: Browser, admin: Page
) -> None:
    other = person(browser).page
    other.goto(f"{server.url}/profile")
    fill(other, ADMIN, "email", "password")
    other.get_by_test_id("sign-in").click()
    expect(other.get_by_test_id("devices").locator("li")).to_have_count(2)
    with closing(sqlite3.connect(server.data_dir / "vtp.sqlite3")) as database, database:
        database.execute("UPDATE sessions SET created_at = datetime(created_at, '-11 minutes')")
    other.get_by_test_id("end-others").click()
    password = other.get_by_test_id("current-password")
    password.fill("not my password")
    assert_fits_a_phone(other)
    other.get_by_test_id("prove").click()
    expect(password).to_have_attribute("aria-invalid", "true")
    password.fill(ADMIN["password"])
    other.get_by_test_id("prove").click()
    expect(other.get_by_text("1 device was signed out.")).to_be_visible()
    expect(other.get_by_test_id("devices").locator("li")).to_have_count(1)
    admin.goto(f"{server.url}/profile")
    fill(admin, ADMIN, "email", "password")
    admin.get_by_test_id("sign-in").click()
    expect(admin.get_by_test_id("save-profile")).to_be_visible()
    other.context.close()


def test_an_administrator_invites_imports_and_finds_it_all_in_the_log(
    server: Running, browser: Browser, admin: Page, mails: tuple[Mails, int], tmp_path: Path
) -> None:
    invite(server, browser, admin, mails[0])
    import_people(server, admin, tmp_path)
    mia = admin.get_by_test_id("open-mia@school.example")
    mia.click()
    expect(admin.get_by_test_id("person-page")).to_be_visible()
    admin.get_by_test_id("full-name").fill("Mia Marker")
    admin.get_by_test_id("save-person").click()
    expect(admin.get_by_role("heading", name="Mia Marker")).to_be_visible()
    assert_fits_a_phone(admin)
    erase(admin)
    look_at_the_log(server, admin)


def invite(server: Running, browser: Browser, admin: Page, letters: Mails) -> None:
    admin.goto(f"{server.url}/invitations")
    admin.get_by_test_id("invite").click()
    admin.get_by_test_id("invite-email").fill(INVITED)
    admin.get_by_test_id("invite-role").select_option("teacher")
    assert_fits_a_phone(admin)
    admin.get_by_test_id("send-invitation").click()
    expect(admin.get_by_test_id(f"invitation-{INVITED}")).to_be_visible()
    guest = person(browser).page
    guest.goto(letters.link_to(INVITED))
    expect(guest.get_by_text("Ada Admin invites you to be a teacher here.")).to_be_visible()
    assert_fits_a_phone(guest)
    fill(guest, {"full-name": "Ivy Invited", "password": "six warm grey stones"})
    guest.get_by_test_id("accept").click()
    expect(guest.get_by_test_id("create-room").first).to_be_visible()
    guest.context.close()
    admin.reload()
    expect(admin.get_by_test_id(f"invitation-{INVITED}")).to_be_hidden()


def import_people(server: Running, admin: Page, folder: Path) -> None:
    table = folder / "people.csv"
    admin.goto(f"{server.url}/people")
    admin.get_by_test_id("import").click()
    leaders = folder / "leaders.csv"
    leaders.write_text(WITH_ADMIN)
    admin.get_by_test_id("import-file").set_input_files(leaders)
    admin.get_by_test_id("dry-run").click()
    expect(admin.locator("tr[data-outcome=created]")).to_contain_text("Administrator")
    expect(admin.get_by_test_id("import-really")).to_be_disabled()
    admin.get_by_label("Make Lea Leader an administrator").check()
    expect(admin.get_by_test_id("import-really")).to_be_enabled()
    assert_fits_a_phone(admin)
    table.write_text(TABLE)
    admin.get_by_test_id("import-file").set_input_files(table)
    admin.get_by_test_id("dry-run").click()
    expect(admin.get_by_test_id("import-foreseen")).to_contain_text(
        "1 account would be made; 1 line is wrong."
    )
    expect(admin.locator("tr[data-outcome=invalid]")).to_contain_text("nobody")
    expect(admin.locator("tr[data-outcome=created]")).to_contain_text("Mia Maker")
    expect(admin.get_by_test_id("import-ignored")).to_contain_text("Rolle")
    assert_fits_a_phone(admin)
    admin.get_by_test_id("import-really").click()
    expect(admin.get_by_test_id("import-done")).to_contain_text("1 account was made")
    admin.get_by_role("link", name="To the people").click()
    expect(admin.get_by_test_id("person-mia@school.example")).to_be_visible()
    assert_fits_a_phone(admin)


def erase(admin: Page) -> None:
    admin.get_by_test_id("erase").click()
    expect(admin.get_by_test_id("confirm-erase")).to_be_disabled()
    admin.get_by_test_id("typed-email").fill("mia@school.example")
    admin.get_by_test_id("confirm-erase").click()
    expect(admin.get_by_test_id("people-page")).to_be_visible()
    expect(admin.get_by_test_id(f"person-{INVITED}")).to_be_visible()
    expect(admin.get_by_test_id("person-mia@school.example")).to_be_hidden()


def look_at_the_log(server: Running, admin: Page) -> None:
    admin.goto(f"{server.url}/audit")
    entries = admin.get_by_test_id("audit-entry")
    expect(entries.first).to_be_visible()
    admin.get_by_test_id("audit-event").select_option("invitation_accepted")
    expect(entries).to_have_count(1)
    entries.first.get_by_role("button").first.click()
    expect(entries.first).to_contain_text("Request")
    assert_fits_a_phone(admin)
    with admin.expect_download() as taken:
        admin.get_by_test_id("audit-download").click()
    assert "invitation_accepted" in Path(taken.value.path()).read_text("utf-8-sig")
    admin.goto(f"{server.url}/mails")
    expect(admin.get_by_test_id(f"mail-{INVITED}").first).to_have_attribute("data-state", "sent")
    assert_fits_a_phone(admin)


def test_who_leaves_a_page_open_is_asked_and_then_signed_out(tmp_path: Path, browser: Browser) -> None:
    settings = {"VTP_ACCOUNTS__ADMIN_REFRESH_IDLE_S": "20"}
    with running_server(tmp_path / "data", settings=settings) as running:
        page = person(browser).page
        page.goto(f"{running.url}/setup?token={running.setup_token}")
        fill(page, ADMIN)
        page.get_by_test_id("create-admin").click()
        other = page.context.new_page()
        other.goto(running.url)
        questions = [tab.get_by_role("heading", name="Are you still there?") for tab in (page, other)]
        for question in questions:
            expect(question).to_be_visible(timeout=25_000)
        page.keyboard.press("Escape")
        for question in questions:
            expect(question).to_be_hidden()
        expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
        for question in questions:
            expect(question).to_be_visible(timeout=25_000)
        for tab in (page, other):
            expect(tab.get_by_test_id("sign-in")).to_be_visible(timeout=20_000)
        for question in questions:
            expect(question).to_be_hidden()


def test_who_answers_is_told_of_the_end_that_nothing_moves_once_it_comes_first(
    tmp_path: Path, browser: Browser
) -> None:
    # Asked 24 s after the last use: the first answer is the last that moves anything, half a minute early.
    settings = {"VTP_ACCOUNTS__ADMIN_REFRESH_IDLE_S": "32", "VTP_ACCOUNTS__ADMIN_REFRESH_ABSOLUTE_S": "54"}
    with running_server(tmp_path / "data", settings=settings) as running:
        page = person(browser).page
        page.goto(f"{running.url}/setup?token={running.setup_token}")
        fill(page, ADMIN)
        page.get_by_test_id("create-admin").click()
        expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
        other = page.context.new_page()
        other.goto(running.url)
        page.goto(f"{running.url}/profile")
        written = page.get_by_test_id("full-name")
        written.fill("Ada Adm")
        told = [tab.get_by_role("heading", name="Your session ends soon") for tab in (page, other)]
        answers_the_question_while_it_is_over(page, other, told[0])
        expect(told[1]).to_be_visible()
        assert_reads_out(page, re.compile(r"^It ends at \d.* also while you use it\. Save what"))
        close = page.locator("dialog[open] .dialog-actions button")
        expect(close).to_be_enabled()
        page.keyboard.type("no key presses it")
        page.keyboard.press("Enter")
        expect(told[0]).to_be_visible()
        page.keyboard.press("Escape")
        for heading in told:
            expect(heading).to_be_hidden()
        expect(written).to_be_focused()
        page.keyboard.type("in")
        expect(written).to_have_value("Ada Admin")
        later = page.context.new_page()
        later.goto(f"{running.url}/profile")
        expect(later.get_by_test_id("save-profile")).to_be_visible()
        page.keyboard.type("istrator")
        for tab in (page, other, later):
            expect(tab.get_by_role("dialog")).to_be_hidden()
        for tab in (page, other, later):
            expect(tab.get_by_test_id("sign-in")).to_be_visible(timeout=65_000)
        page.context.close()


def answers_the_question_while_it_is_over(page: Page, other: Page, told: Locator) -> None:
    """It is asked in both tabs. On the way to its button the pointer renews the session, and the answer to
    that comes while the button is held down: what is there then is not pressed."""
    questions = [tab.get_by_role("heading", name="Are you still there?") for tab in (page, other)]
    for question in questions:
        expect(question).to_be_visible(timeout=45_000)
    assert_reads_out(page, re.compile(r"^Nobody has used these pages .* your session ends at \d"))
    box = page.get_by_role("button", name="Stay signed in").bounding_box()
    assert box is not None

    def presses_first(route: Route) -> None:
        page.mouse.down()
        route.continue_()

    page.route("**/api/v1/auth/refresh", presses_first, times=1)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for question in questions:
        expect(question).to_be_hidden()
    expect(told).to_be_visible()
    page.mouse.up()
    expect(told).to_be_visible()


def assert_reads_out(page: Page, words: re.Pattern[str]) -> None:
    """The dialog's words have the focus, and are told again when they change."""
    shown = page.get_by_role("dialog").get_by_text(words)
    expect(shown).to_be_focused()
    expect(shown).to_have_attribute("aria-live", "assertive")
    expect(shown).to_be_in_viewport()
    assert_fits_a_phone(page)
