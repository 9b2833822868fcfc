"""Signing in by a provider as people do it: from the sign-in page to npm's oidc-provider, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Playwright, Request, Route, expect

from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.test_pages import Person, assert_fits_a_phone, fill, person
from tests.free_ports import free_port
from tests.oidc.real_provider import CLIENT_SECRET, real_provider
from tests.server_process import Running, running_server

pytestmark = pytest.mark.e2e
TITLE = "Account of the Goethe-Gymnasium in Weimar"
ADMIN = {"full-name": "Ada Admin", "email": "ada@school.example", "password": "three quiet green lamps"}
EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 40[01]")
"""Chromium's own line for "not signed in", and for a page of the provider's that is over by then."""


@dataclass(frozen=True)
class School:
    """A server, and the provider of its people."""

    server: Running
    issuer: str

    @property
    def url(self) -> str:
        """Where its pages are."""
        return self.server.url


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    port = free_port()
    with real_provider(f"http://localhost:{port}/api/v1/auth/oidc/school/callback") as issuer:
        provider = {
            "name": "school",
            "title": TITLE,
            "issuer": issuer,
            "client_id": "vtp",
            "client_secret": CLIENT_SECRET,
            "create_accounts": True,
        }
        settings = {
            "VTP_HTTP__PORT": str(port),
            "VTP_HTTP__PUBLIC_URL": f"http://localhost:{port}",
            "VTP_OIDC__PROVIDERS": json.dumps([provider]),
        }
        with running_server(tmp_path_factory.mktemp("school") / "data", settings=settings) as server:
            yield School(server, issuer)


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium that keeps the pages one goes back to, as people's do and Playwright's does not."""
    launched = playwright.chromium.launch(
        executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield launched
    launched.close()


@pytest.fixture
def somebody(browser: Browser) -> Iterator[Person]:
    """With a browser of their own; its console has nothing to say in the end."""
    found = person(browser)
    found.page.context.route(re.compile(r"https://fonts\."), _without_fonts)
    yield found
    found.page.context.close()
    assert [line for line in found.complaints if not EXPECTED.match(line)] == []


def _without_fonts(route: Route) -> None:
    """The provider's pages ask for some of a host that is not of this test."""
    route.fulfill(status=200, content_type="text/css", body="")


def sign_in_at_the_provider(page: Page, login: str) -> None:
    """What its pages ask for: who it is, and whether this server may know."""
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def take_provider(page: Page) -> None:
    page.get_by_test_id("provider-school").click()


def sign_out(page: Page) -> None:
    page.get_by_test_id("person-menu").click()
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("provider-school")).to_be_visible()


def signed_in_as(page: Page, name: str) -> None:
    expect(page.get_by_test_id("person-menu")).to_have_accessible_name(f"Account of {name}")


def go_back_to(page: Page, address: str) -> None:
    """Presses Back, past the provider's own pages, until the address is there."""
    for _ in range(4):
        page.wait_for_load_state()  # until then the browser may be putting another process behind the page
        page.go_back(wait_until="commit")
        if page.url == address:
            return
    raise AssertionError(f"{address} is none of the last pages")


def test_who_is_new_gets_an_account_and_is_known_the_next_time(school: School, somebody: Person) -> None:
    page = somebody.page
    page.goto(f"{school.url}/recordings")
    assert_fits_a_phone(page)
    take_provider(page)
    sign_in_at_the_provider(page, "grace")
    signed_in_as(page, "The person grace")
    assert page.url == f"{school.url}/recordings"
    page.goto(f"{school.url}/profile")
    expect(page.get_by_text("None: you sign in through a provider")).to_be_visible()
    expect(page.get_by_role("button", name=f"Take off {TITLE}")).to_be_disabled()
    assert_fits_a_phone(page)
    sign_out(page)
    take_provider(page)  # who knows them still, and asks nothing
    signed_in_as(page, "The person grace")
    assert page.url == f"{school.url}/profile"


def test_back_leads_signed_in_people_on_and_signed_out_ones_to_no_page_of_theirs(
    school: School, somebody: Person
) -> None:
    page = somebody.page
    page.goto(f"{school.url}/sign-in")
    take_provider(page)
    sign_in_at_the_provider(page, "henry")
    signed_in_as(page, "The person henry")
    go_back_to(page, f"{school.url}/sign-in")
    expect(page).to_have_url(f"{school.url}/")
    signed_in_as(page, "The person henry")
    page.goto(f"{school.url}/profile")
    expect(page.get_by_test_id("save-profile")).to_be_visible()
    page.goto(f"{school.url}/recordings")
    sign_out(page)
    go_back_to(page, f"{school.url}/profile")
    expect(page.get_by_test_id("provider-school")).to_be_visible()
    expect(page.get_by_test_id("save-profile")).to_be_hidden()


def test_a_provider_is_linked_in_the_profile_signs_in_and_is_taken_off(
    school: School, somebody: Person
) -> None:
    page = somebody.page
    page.goto(f"{school.url}/setup?token={school.server.setup_token}")
    fill(page, ADMIN)
    page.get_by_test_id("create-admin").click()
    signed_in_as(page, "Ada Admin")
    page.goto(f"{school.url}/profile")
    page.get_by_test_id("link-school").click()
    sign_in_at_the_provider(page, "ada")
    expect(page.get_by_text("Linked: you can sign in through it from now on.")).to_be_visible()
    assert page.url == f"{school.url}/profile"
    take_off = page.get_by_role("button", name=f"Take off {TITLE}")
    expect(take_off).to_be_enabled()
    assert_fits_a_phone(page)
    sign_out(page)
    take_provider(page)
    signed_in_as(page, "Ada Admin")
    take_off.click()
    page.get_by_test_id("current-password").fill(ADMIN["password"])
    page.get_by_test_id("prove").click()
    expect(page.get_by_test_id("link-school")).to_be_visible()
    sign_out(page)
    take_provider(page)
    expect(page.get_by_test_id("sign-in-error")).to_contain_text("Sign in with its password, then link")
    expect(page.get_by_test_id("person-menu")).to_be_hidden()


def test_who_says_no_at_the_provider_reads_so_and_may_go_on_with_a_password_or_try_again(
    school: School, somebody: Person
) -> None:
    page = somebody.page
    page.goto(f"{school.url}/recordings")
    expect(page.get_by_test_id("provider-school")).to_be_visible()
    asked = page.url
    take_provider(page)
    page.get_by_role("link", name="Cancel").click()
    refusal = page.get_by_test_id("sign-in-error")
    expect(refusal).to_have_text(
        "The sign-in was not allowed at your provider. Try again, or take your password."
    )
    expect(page.get_by_test_id("email")).to_be_visible()
    assert_fits_a_phone(page)
    refused = page.url
    take_provider(page)
    page.get_by_role("link", name="Cancel").click()
    expect(refusal).to_be_visible()
    go_back_to(page, asked)
    expect(page.get_by_test_id("provider-school")).to_be_visible()
    expect(refusal).to_be_hidden()
    page.goto(refused)
    take_provider(page)
    sign_in_at_the_provider(page, "ivy")
    signed_in_as(page, "The person ivy")
    assert page.url == f"{school.url}/recordings"  # where they were going from the first


def test_what_does_not_hold_is_told_in_words_and_signs_nobody_in(school: School, somebody: Person) -> None:
    page = somebody.page
    answers: list[str] = []

    def note(request: Request) -> None:
        if "/callback?" in request.url:
            answers.append(request.url)

    page.on("request", note)
    page.goto(f"{school.url}/sign-in")
    take_provider(page)
    sign_in_at_the_provider(page, "unverified-jim")
    refusal = page.get_by_test_id("sign-in-error")
    expect(refusal).to_contain_text("Your provider has not confirmed your address.")
    page.goto(answers[0])  # the same answer once more, as from a history
    expect(refusal).to_contain_text("That took too long, or began in another browser.")
    page.goto(f"{school.url}/sign-in?error=something-else")
    expect(refusal).to_contain_text("The sign-in through your provider did not work.")
    expect(page.get_by_test_id("person-menu")).to_be_hidden()


def test_who_has_no_password_is_asked_by_the_provider_before_a_second_factor(
    school: School, somebody: Person
) -> None:
    page = somebody.page
    page.goto(f"{school.url}/profile")
    take_provider(page)
    sign_in_at_the_provider(page, "kim")
    signed_in_as(page, "The person kim")
    page.get_by_test_id("factor-on").click()
    page.get_by_test_id("factor-continue").click()
    page.get_by_test_id("sign-in-again").click()
    take_provider(page)  # which knows them, and asks all the same
    page.locator("input[name=login]").fill("kim")
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    signed_in_as(page, "The person kim")
    assert page.url == f"{school.url}/profile"
    page.get_by_test_id("factor-on").click()
    page.get_by_test_id("factor-continue").click()
    expect(page.get_by_test_id("factor-secret")).to_be_visible()
