"""Who has no password shows their provider who they are before what matters (OWASP ASVS 5.0, 7.5.1)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import aiohttp
import pytest
from sqlalchemy import Table, select, update

from tests.oidc.browser import PUBLIC_URL, REDIRECT_URI, Browser, error_in
from tests.oidc.hostile_provider import Change, HostileProvider, hostile_provider
from tests.oidc.real_provider import CLIENT_SECRET, answer_pages, known_browser, real_provider
from tests.serving import PASSWORD, Answer, Api, serving
from vtp.accounts.tables import oidc_flows, sessions, users
from vtp.settings import OidcProvider, OidcSettings

SESSIONS = "/api/v1/auth/sessions"
SET_UP = "/api/v1/auth/2fa/setup"
MATTERS: tuple[tuple[str, dict[str, str] | None], ...] = (
    (SET_UP, {}),
    ("/api/v1/auth/export", None),
    ("/api/v1/auth/change-password", {"new_password": "nine loud red kettles"}),
    ("/api/v1/auth/change-email", {"new_email": "new@school.example"}),
    ("/api/v1/auth/identities/any/unlink", {}),
    ("/api/v1/auth/oidc/school/link", {}),
)


@asynccontextmanager
async def school_by(
    issuer: str, folder: Path, database_url: str = "", secret: str = ""
) -> AsyncIterator[Api]:
    wish = {"name": "school", "issuer": issuer, "client_id": "vtp", "create_accounts": True}
    oidc = OidcSettings(providers=[OidcProvider.model_validate(wish | {"client_secret": secret})])
    async with serving(folder / "data", database_url, oidc=oidc, public_url=PUBLIC_URL) as running:
        yield running


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_provider(REDIRECT_URI) as address:
        yield address


@pytest.fixture
async def api(issuer: str, tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    async with school_by(issuer, tmp_path, database_url, CLIENT_SECRET) as running:
        yield running


@pytest.fixture
async def known() -> AsyncIterator[aiohttp.ClientSession]:
    async with known_browser() as browser:
        yield browser


@pytest.fixture
async def provider() -> AsyncIterator[HostileProvider]:
    async with hostile_provider() as running:
        yield running


@pytest.fixture
async def hostile(provider: HostileProvider, tmp_path: Path) -> AsyncIterator[Api]:
    async with school_by(provider.issuer, tmp_path) as running:
        yield running


def asked_at(said: object) -> Change:
    """What the ID token says of when the person was asked."""
    return lambda claims: claims.update(auth_time=said)


async def token_of(browser: Browser) -> str:
    renewed = await browser.call("POST", "/api/v1/auth/refresh", {})
    assert renewed.status == 200, renewed
    return str(renewed.body["access_token"])


def code_of(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.body.get("code") if answer.status >= 400 else None


async def enter(api: Api, known: aiohttp.ClientSession, *, anew: bool = False) -> tuple[str, list[str]]:
    """Signs in as Ada in a browser of hers; gives the access token, and what the provider asked for."""
    browser = Browser(api)
    back, asked = await answer_pages(known, await browser.start(anew=anew), "ada")
    assert await browser.come_back(back) == "/rooms/physics"
    return await token_of(browser), asked


async def test_a_browser_that_the_provider_knows_shows_nothing(
    api: Api, known: aiohttp.ClientSession
) -> None:
    await enter(api, known)
    token, asked = await enter(api, known)
    assert asked == []  # whoever sits there is let in
    for path, body in MATTERS:
        assert code_of(await api.call("POST", path, body, by=token)) == (401, "reauth_required"), path
    ended = await api.call("DELETE", SESSIONS, by=token)
    assert code_of(ended) == (401, "reauth_required")


async def assert_too_old(api: Api, token: str, table: Table) -> None:
    """What is stored there shows nothing any more ten minutes later."""
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(table).values(created_at=datetime.now(UTC) - timedelta(minutes=10)))
    assert code_of(await api.call("POST", SET_UP, {}, by=token)) == (401, "reauth_required")


async def test_who_was_asked_anew_has_shown_it_for_ten_minutes(
    api: Api, known: aiohttp.ClientSession
) -> None:
    before, _ = await enter(api, known)
    token, asked = await enter(api, known, anew=True)
    assert asked == ["login"]
    assert code_of(await api.call("POST", SET_UP, {}, by=before)) == (401, "reauth_required")
    assert (await api.call("POST", SET_UP, {}, by=token)).status == 200
    assert (await api.call("DELETE", SESSIONS, by=token)).body["ended_sessions"] == 1
    await assert_too_old(api, token, oidc_flows)


async def test_a_session_that_is_older_than_that_shows_nothing(
    api: Api, known: aiohttp.ClientSession
) -> None:
    token, _ = await enter(api, known, anew=True)
    await assert_too_old(api, token, sessions)


async def test_a_request_from_which_the_browser_took_the_question_signs_nobody_in(
    api: Api, known: aiohttp.ClientSession
) -> None:
    await enter(api, known)
    browser = Browser(api)
    parts = urlsplit(await browser.start(anew=True))
    query = dict(parse_qsl(parts.query))
    assert (query.pop("prompt"), query.pop("max_age")) == ("login", "600")
    back, asked = await answer_pages(known, urlunsplit(parts._replace(query=urlencode(query))), "ada")
    assert asked == []
    page = await browser.come_back(back)
    assert error_in(page) == "not_asked_anew"
    assert parse_qs(urlsplit(page).query)["next"] == ["/rooms/physics"]
    assert (await browser.person()).status == 401


async def test_signing_in_as_always_asks_nobody_anew(api: Api) -> None:
    query = parse_qs(urlsplit(await Browser(api).start()).query)
    assert not {"prompt", "max_age"} & query.keys()


NOT_SAID: tuple[object, ...] = (None, True, "now", -1, 0, float("inf"), 10**400, [])


async def test_a_provider_that_does_not_say_when_it_was_has_asked_nobody(
    hostile: Api, provider: HostileProvider
) -> None:
    now = int(time.time())
    for said in (*NOT_SAID, now - 601, now + 90):
        provider.change = asked_at(said)
        browser = Browser(hostile)
        page = await browser.come_back(provider.authorize(await browser.start(anew=True)))
        assert (said, error_in(page)) == (said, "not_asked_anew")
        assert (await browser.person()).status == 401
    provider.change = asked_at(now - 590)
    browser = Browser(hostile)
    page = await browser.come_back(provider.authorize(await browser.start(anew=True)))
    assert page == "/rooms/physics"


async def test_what_a_provider_says_unasked_counts_from_when_it_was(
    hostile: Api, provider: HostileProvider
) -> None:
    """Many tell it of each sign-in: nobody is to go there twice who came from there just now."""
    for said, status in ((int(time.time()) - 590, 200), (time.time() - 601, 401), ("now", 401), (None, 401)):
        provider.change = asked_at(said)
        browser = Browser(hostile)
        assert await browser.come_back(provider.authorize(await browser.start())) == "/rooms/physics"
        answer = await hostile.call("POST", SET_UP, {}, by=await token_of(browser))
        assert (said, answer.status) == (said, status)
        async with hostile.server.services.database.read() as tx:
            kept = (await tx.execute(select(oidc_flows.c.created_at))).scalars().all()
        assert all(datetime.now(UTC) - at >= timedelta(seconds=590) for at in kept)


async def test_userinfo_does_not_say_when_it_was(hostile: Api, provider: HostileProvider) -> None:
    def without_address(claims: dict[str, object]) -> None:
        del claims["email"]

    provider.change = without_address
    provider.userinfo = {
        "sub": "mallory",
        "email": "mallory@school.example",
        "email_verified": True,
        "auth_time": int(time.time()),
    }
    browser = Browser(hostile)
    page = await browser.come_back(provider.authorize(await browser.start(anew=True)))
    assert error_in(page) == "not_asked_anew"


async def test_who_has_a_password_too_says_it_after_a_sign_in_by_the_provider(
    hostile: Api, provider: HostileProvider
) -> None:
    person = await hostile.person("teacher", "mallory@school.example")
    async with hostile.server.services.database.transaction() as tx:
        await tx.execute(update(users).values(email_verified_at=datetime.now(UTC)))
    browser = Browser(hostile)
    assert await browser.come_back(provider.authorize(await browser.start())) == "/rooms/physics"
    token = await token_of(browser)
    assert (await browser.person()).body["user_id"] == person.user_id
    link = "/api/v1/auth/oidc/school/link"
    assert code_of(await hostile.call("POST", link, {}, by=token)) == (401, "wrong_password")
    assert code_of(await hostile.call("DELETE", SESSIONS, by=token)) == (401, "wrong_password")
    assert (await hostile.call("POST", link, {"password": PASSWORD}, by=token)).status == 200
    proof = {"password": PASSWORD}
    assert (await hostile.call("DELETE", SESSIONS, proof, by=token)).status == 200


async def test_a_provider_that_shows_an_error_for_the_question_is_not_asked_it(
    hostile: Api, provider: HostileProvider
) -> None:
    provider.metadata_more = {"prompt_values_supported": ["none", "consent", "select_account"]}
    query = parse_qs(urlsplit(await Browser(hostile).start(anew=True)).query)
    assert query["max_age"] == ["600"] and "prompt" not in query


@pytest.mark.parametrize("said", [None, "no login", 7, {"login": True}])
async def test_a_list_that_is_none_counts_as_not_said(
    hostile: Api, provider: HostileProvider, said: object
) -> None:
    names = ("prompt_values_supported", "token_endpoint_auth_methods_supported")
    provider.metadata_more = dict.fromkeys(names, said)
    browser = Browser(hostile)
    location = await browser.start(anew=True)
    assert parse_qs(urlsplit(location).query)["prompt"] == ["login"]
    provider.change = asked_at(int(time.time()))
    assert await browser.come_back(provider.authorize(location)) == "/rooms/physics"


async def test_who_was_to_be_asked_anew_still_is_after_a_sign_in_that_failed(
    hostile: Api, provider: HostileProvider
) -> None:
    for anew in (True, False):
        browser = Browser(hostile)
        state = parse_qs(urlsplit(await browser.start(anew=anew)).query)["state"][0]
        page = await browser.come_back(f"{REDIRECT_URI}?error=access_denied&state={state}")
        query = parse_qs(urlsplit(page).query)
        assert (query["error"], query["next"]) == (["denied"], ["/rooms/physics"])
        assert query.get("anew") == (["true"] if anew else None)
    browser = Browser(hostile)  # but not of one that does not say that it has asked
    page = await browser.come_back(provider.authorize(await browser.start(anew=True)))
    assert error_in(page) == "not_asked_anew" and "anew" not in parse_qs(urlsplit(page).query)


async def test_who_was_to_be_asked_anew_still_is_where_the_provider_was_away(
    hostile: Api, provider: HostileProvider
) -> None:
    provider.metadata_more = {"issuer": "https://another.example"}
    page = await Browser(hostile).start("/profile", anew=True)
    query = parse_qs(urlsplit(page).query)
    assert query == {"error": ["provider_unavailable"], "next": ["/profile"], "anew": ["true"]}
