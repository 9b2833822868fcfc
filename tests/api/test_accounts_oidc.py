"""Signing in by a real OpenID provider: npm's oidc-provider, its pages driven as a browser would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pyotp
import pytest
from sqlalchemy import func, select, update

from tests.api.callers import Endpoint, assert_statuses, everybody, of
from tests.oidc.browser import AT, PUBLIC_URL, REDIRECT_URI, Browser, error_in
from tests.oidc.real_provider import CLIENT_SECRET, go_through, real_provider
from tests.serving import PASSWORD, Api, Person, serving
from vtp.accounts.claims import SYSTEM
from vtp.accounts.oidc.provider import Provider
from vtp.accounts.tables import audit_log, external_identities, oidc_flows, sessions, users
from vtp.faces import build_tables
from vtp.mail.tables import mails
from vtp.settings import OidcProvider, OidcSettings

TEACHER = "teacher@school.example"
IDENTITIES = "/api/v1/auth/identities"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_provider(REDIRECT_URI) as address:
        yield address


def settings_of(issuer: str, **more: object) -> OidcSettings:
    wish = {
        "name": "school",
        "title": "School account",
        "issuer": issuer,
        "client_id": "vtp",
        "client_secret": CLIENT_SECRET,
        "create_accounts": True,
        **more,
    }
    return OidcSettings(providers=[OidcProvider.model_validate(wish)])


@asynccontextmanager
async def school_by(issuer: str, folder: Path, database_url: str = "", **more: object) -> AsyncIterator[Api]:
    oidc = settings_of(issuer, **more)
    async with serving(folder / "data", database_url, oidc=oidc, public_url=PUBLIC_URL) as api:
        yield api


@pytest.fixture
async def api(issuer: str, tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    async with school_by(issuer, tmp_path, database_url) as running:
        yield running


@pytest.fixture
async def local(issuer: str, tmp_path: Path) -> AsyncIterator[Api]:
    """On SQLite alone, where no database is asked anything of interest."""
    async with school_by(issuer, tmp_path) as running:
        yield running


async def sign_in(
    api: Api, login: str, browser: Browser | None = None, *, anew: bool = False
) -> tuple[Browser, str]:
    """The whole way; gives the browser and where it ends up."""
    browser = browser or Browser(api)
    back = await go_through(await browser.start(anew=anew), login)
    return browser, await browser.come_back(back)


async def count(api: Api, table: object) -> int:
    async with api.server.services.database.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())  # type: ignore[arg-type]


async def verify(api: Api, person: Person) -> None:
    async with api.server.services.database.transaction() as tx:
        change = update(users).where(users.c.id == person.user_id).values(email_verified_at=datetime.now(UTC))
        await tx.execute(change)


async def test_who_comes_the_first_time_gets_an_account_and_finds_it_the_next_time(api: Api) -> None:
    browser, page = await sign_in(api, "ada")
    assert page == "/rooms/physics"
    profile = (await browser.person()).body
    assert (profile["email"], profile["full_name"]) == ("ada@school.example", "The person ada")
    assert (profile["role"], profile["verified"], profile["has_password"]) == ("student", True, False)
    again, _ = await sign_in(api, "ada")
    assert (await again.person()).body["user_id"] == profile["user_id"]
    other, _ = await sign_in(api, "grace")
    assert (await other.person()).body["user_id"] != profile["user_id"]
    assert await count(api, oidc_flows) == 0


async def test_the_providers_are_listed_without_their_secrets(local: Api) -> None:
    answer = await local.call("GET", "/api/v1/auth/oidc")
    assert answer.body == {"providers": [{"name": "school", "title": "School account"}]}


async def test_the_request_has_challenge_state_and_nonce_of_its_own(local: Api) -> None:
    browser = Browser(local)
    first, second = [parse_qs(urlsplit(await browser.start()).query) for _ in range(2)]
    assert first["code_challenge_method"] == ["S256"] and first["response_type"] == ["code"]
    assert first["redirect_uri"] == [REDIRECT_URI]
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name] and len(first[name][0]) >= 43
    async with local.server.services.database.read() as tx:
        stored = str((await tx.execute(select(oidc_flows))).all())
    assert first["state"][0] not in stored and browser.cookies["vtp_oidc"] not in stored


async def test_two_tabs_of_one_browser_sign_in_each(local: Api) -> None:
    browser = Browser(local)
    ways = [await browser.start(f"/tab-{tab}") for tab in (1, 2)]
    backs = [await go_through(way, "ada") for way in ways]
    assert [await browser.come_back(back) for back in backs] == ["/tab-1", "/tab-2"]


async def test_an_answer_is_good_once(api: Api) -> None:
    browser = Browser(api)
    back = await go_through(await browser.start(), "ada")
    assert await browser.come_back(back) == "/rooms/physics"
    assert error_in(await browser.come_back(back)) == "flow_expired"


async def test_an_answer_with_another_state_is_refused(local: Api) -> None:
    browser = Browser(local)
    back = await go_through(await browser.start(), "ada")
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert error_in(await browser.come_back(back.replace(state, "x" * 43))) == "flow_expired"
    assert (await browser.person()).status == 401


async def test_starts_are_limited_by_network_where_ipv6_has_addresses_without_end(
    issuer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtp.accounts.oidc.sign_in.STARTS_PER_ADDRESS_PER_MINUTE", 3)
    behind = {"trusted_proxies": ["127.0.0.1"], "public_url": PUBLIC_URL}
    async with serving(tmp_path / "proxied", oidc=settings_of(issuer), **behind) as api:  # type: ignore[arg-type]
        path = f"{AT}/start?return_to=/rooms/physics"
        seen = []
        for n in range(5):
            forwarded = {"X-Forwarded-For": f"2001:db8:1:2::{n + 1}"}
            answer = await api.call("GET", path, headers=forwarded)
            query = parse_qs(urlsplit(answer.headers["Location"]).query)
            seen.append(query.get("error") == ["too_many"])
        assert seen == [False, False, False, True, True]
        other = await api.call("GET", path, headers={"X-Forwarded-For": "2001:db8:1:3::1"})
        assert "too_many" not in other.headers["Location"]


async def test_another_browser_cannot_end_a_sign_in(api: Api) -> None:
    """Login CSRF: who sends others the address that ends their own sign-in does not sign them in."""
    victim, attacker = Browser(api), Browser(api)
    back = await go_through(await attacker.start(), "mallory")
    assert error_in(await victim.come_back(back)) == "flow_expired"
    await victim.start()
    assert error_in(await victim.come_back(back)) == "flow_expired"
    assert (await victim.person()).status == 401
    assert await attacker.come_back(back) == "/rooms/physics"


async def test_a_sign_in_that_took_too_long_is_refused_and_its_row_goes(api: Api) -> None:
    browser = Browser(api)
    back = await go_through(await browser.start(), "ada")
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(oidc_flows).values(created_at=datetime.now(UTC) - timedelta(minutes=11)))
    assert error_in(await browser.come_back(back)) == "flow_expired"
    await browser.start()
    assert await count(api, oidc_flows) == 1


async def test_who_says_no_at_the_provider_comes_back_unsigned(local: Api) -> None:
    browser = Browser(local)
    back = await go_through(await browser.start(), "ada", consent=False)
    page = await browser.come_back(back)
    assert error_in(page) == "denied"
    assert parse_qs(urlsplit(page).query)["next"] == ["/rooms/physics"]  # for another way in
    assert await count(local, users) == 0


async def test_an_answer_that_names_no_issuer_is_refused_where_the_provider_names_it(local: Api) -> None:
    for odd in ("", "&iss=https://evil.example"):
        browser = Browser(local)
        back = await go_through(await browser.start(), "ada")
        assert error_in(await browser.come_back(back.partition("&iss=")[0] + odd)) == "invalid_token"


async def test_an_address_that_the_provider_has_not_verified_makes_no_account(local: Api) -> None:
    _, page = await sign_in(local, "unverified-ada")
    assert error_in(page) == "email_not_verified"
    assert await count(local, users) == 0


async def test_a_provider_that_names_no_address_makes_no_account(local: Api) -> None:
    assert error_in((await sign_in(local, "nameless"))[1]) == "no_email"


async def test_a_verified_account_of_the_same_address_is_found(api: Api) -> None:
    person = await api.person("teacher", "ada@school.example")
    await verify(api, person)
    browser, _ = await sign_in(api, "ada")
    profile = (await browser.person()).body
    assert (profile["user_id"], profile["role"]) == (person.user_id, "teacher")


async def test_who_registered_somebodys_address_does_not_share_their_account(api: Api) -> None:
    """Pre-hijacking: the account was made by whoever knew the address, and waits for its owner."""
    squatter = await api.newcomer("ada@school.example")
    browser, page = await sign_in(api, "ada")
    assert error_in(page) == "account_exists"
    assert (await browser.person()).status == 401
    assert await count(api, external_identities) == 0
    assert (await api.call("GET", "/api/v1/auth/profile", by=squatter)).body["verified"] is False


async def test_an_administrators_account_is_never_taken_by_its_address(local: Api) -> None:
    person = await local.person("admin", "ada@school.example")
    await verify(local, person)
    assert error_in((await sign_in(local, "ada"))[1]) == "account_exists"


async def test_an_account_that_an_admin_made_and_nobody_has_used_is_found(api: Api) -> None:
    person = await api.person("teacher", "ada@school.example")
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(users).values(password_hash=""))
    browser, _ = await sign_in(api, "ada")
    assert (await browser.person()).body["user_id"] == person.user_id


async def test_an_address_given_to_somebody_else_does_not_give_the_account_too(api: Api, issuer: str) -> None:
    await sign_in(api, "ada")
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(external_identities).values(subject="the ada of last year"))
    assert error_in((await sign_in(api, "ada"))[1]) == "account_exists"


async def test_a_closed_account_stays_closed(local: Api) -> None:
    await sign_in(local, "ada")
    async with local.server.services.database.transaction() as tx:
        await tx.execute(update(users).values(disabled_at=datetime.now(UTC)))
    assert error_in((await sign_in(local, "ada"))[1]) == "account_disabled"


async def test_linking_is_asked_for_while_signed_in_and_signs_in_from_then_on(api: Api) -> None:
    person = await api.person("teacher", "somebody@else.example")
    browser = Browser(api)
    begun = await browser.call("POST", f"{AT}/link", {"return_to": "/profile?tab=1"}, by=person)
    assert begun.status == 200, begun
    page = await browser.come_back(await go_through(begun.body["location"], "ada"))
    assert page == "/profile?tab=1&linked=school"
    listed = (await api.call("GET", IDENTITIES, by=person)).body["items"]
    assert [(one["provider"], one["email"]) for one in listed] == [("school", "ada@school.example")]
    other, _ = await sign_in(api, "ada")
    assert (await other.person()).body["user_id"] == person.user_id
    async with api.server.services.database.read() as tx:
        told = (await tx.execute(select(mails.c.to_address, mails.c.subject))).all()
    assert told == [("somebody@else.example", "A new way to sign in")]


async def test_linking_ends_with_the_session_in_which_it_began(api: Api) -> None:
    """Another device stays signed in, which changes nothing."""
    await api.person("teacher")
    here, elsewhere = await api.sign_in(TEACHER), await api.sign_in(TEACHER)
    browser = Browser(api)
    begun = await browser.call("POST", f"{AT}/link", {}, by=here)
    back = await go_through(begun.body["location"], "ada")
    assert (await api.call("POST", "/api/v1/auth/logout", {}, by=here)).status == 200
    page = await browser.come_back(back)
    assert error_in(page) == "flow_expired"
    assert (await api.call("GET", IDENTITIES, by=elsewhere)).body["items"] == []
    assert await count(api, external_identities) == 0


async def test_a_session_that_ends_while_the_provider_is_asked_links_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, browser = await api.person("teacher"), Browser(api)
    begun = await browser.call("POST", f"{AT}/link", {}, by=person)
    back = await go_through(begun.body["location"], "ada")
    ask = Provider.claims

    async def signing_out_meanwhile(*said: Any) -> Any:
        assert (await api.call("POST", "/api/v1/auth/logout", {}, by=person)).status == 200
        return await ask(*said)

    monkeypatch.setattr(Provider, "claims", signing_out_meanwhile)
    assert (await browser.come_back(back)) == "/profile?error=flow_expired"
    assert await count(api, external_identities) == 0


async def test_linking_asks_for_the_password_when_signing_in_is_long_ago(api: Api) -> None:
    person = await api.person("teacher")
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(sessions).values(created_at=datetime.now(UTC) - timedelta(minutes=11)))
    for body, code in ((None, "wrong_password"), ({"password": "wrong horse"}, "wrong_password")):
        answer = await api.call("POST", f"{AT}/link", body, by=person)
        assert (answer.status, answer.body["code"]) == (401, code)
    assert (await api.call("POST", f"{AT}/link", {"password": PASSWORD}, by=person)).status == 200


async def test_an_identity_belongs_to_one_account(api: Api) -> None:
    await sign_in(api, "ada")
    person = await api.person("teacher")
    browser = Browser(api)
    begun = await browser.call("POST", f"{AT}/link", {}, by=person)
    page = await browser.come_back(await go_through(begun.body["location"], "ada"))
    assert page == "/profile?error=identity_taken"
    assert (await api.call("GET", IDENTITIES, by=person)).body["items"] == []


async def test_unlinking_leaves_a_way_to_sign_in(api: Api) -> None:
    browser, _ = await sign_in(api, "ada", anew=True)
    token = (await browser.call("POST", "/api/v1/auth/refresh", {})).body["access_token"]
    [linked] = (await api.call("GET", IDENTITIES, by=token)).body["items"]
    path = f"{IDENTITIES}/{linked['identity_id']}/unlink"
    last = await api.call("POST", path, by=token)
    assert (last.status, last.body["code"]) == (409, "last_sign_in")
    async with api.server.services.database.transaction() as tx:
        hashed = await api.server.services.accounts.service.hash_new(PASSWORD, claim=SYSTEM)
        await tx.execute(update(users).values(password_hash=hashed))
    other, proof = await api.person("teacher"), {"password": PASSWORD}
    assert (await api.call("POST", path, proof, by=other)).status == 404
    for body in (None, {}, {"password": "another one"}):
        refused = await api.call("POST", path, body, by=token)
        assert (refused.status, refused.body["code"]) == (401, "wrong_password"), body
    assert (await api.call("POST", path, proof, by=token)).status == 204
    assert (await api.call("GET", IDENTITIES, by=token)).body["items"] == []


async def test_the_second_factor_of_an_account_is_asked_for_here_too(api: Api) -> None:
    browser, _ = await sign_in(api, "ada", anew=True)
    token = (await browser.call("POST", "/api/v1/auth/refresh", {})).body["access_token"]
    at = "/api/v1/auth/2fa"
    secret = (await api.call("POST", f"{at}/setup", {}, by=token)).body["secret"]
    enabled = await api.call("POST", f"{at}/enable", {"code": pyotp.TOTP(secret).now()}, by=token)
    [code, second, *_] = enabled.body["backup_codes"]
    browser, page = await sign_in(api, "ada", anew=True)
    assert (await browser.person()).status == 401
    assert urlsplit(page).path == "/sign-in"
    query = parse_qs(urlsplit(page).query)
    assert query["return_to"] == ["/rooms/physics"]
    wish = {"second_factor": query["second_factor"][0], "code": code}
    confirm = "/api/v1/auth/oidc/second-factor"
    stranger = await Browser(api).call("POST", confirm, wish)
    assert (stranger.status, stranger.body["code"]) == (410, "flow_expired")
    wrong = await browser.call("POST", confirm, {**wish, "code": "0000-0000-00"})
    assert (wrong.status, wrong.body["code"]) == (401, "totp_wrong")
    right = await browser.call("POST", confirm, wish)
    assert (right.status, right.body["user"]["email"]) == (200, "ada@school.example")
    shown = await api.call("POST", "/api/v1/auth/export", by=right.body["access_token"])
    assert shown.status == 200, shown  # the provider's word for who they are is not lost by the way
    assert (await browser.person()).status == 200
    again = await browser.call("POST", confirm, {**wish, "code": second})
    assert (again.status, again.body["code"]) == (410, "flow_expired")


async def test_what_happens_is_in_the_audit_log(api: Api) -> None:
    await sign_in(api, "ada")
    await sign_in(api, "unverified-ada")
    async with api.server.services.database.read() as tx:
        made = audit_log.c.event != "signing_key_made"  # at the first start, by nobody
        rows = (await tx.execute(select(audit_log).where(made).order_by(audit_log.c.id))).all()
    assert [row.event for row in rows] == [
        "user_created",
        "authn_identity_linked",
        "authn_login_success",
        "authn_login_fail",
    ]
    assert rows[-1].details == {"reason": "email_not_verified", "provider": "school"}


async def test_without_create_accounts_strangers_stay_outside(issuer: str, tmp_path: Path) -> None:
    async with school_by(issuer, tmp_path, create_accounts=False) as api:
        assert error_in((await sign_in(api, "ada"))[1]) == "no_account"
        assert await count(api, users) == 0


async def test_only_addresses_of_the_allowed_domains_come_in(issuer: str, tmp_path: Path) -> None:
    async with school_by(issuer, tmp_path, allowed_domains=["else.example"]) as api:
        assert error_in((await sign_in(api, "ada"))[1]) == "domain_not_allowed"
    async with school_by(issuer, tmp_path / "2", allowed_domains=["School.example"]) as api:
        assert (await sign_in(api, "ada"))[1] == "/rooms/physics"
        assert error_in((await sign_in(api, "unverified-ada"))[1]) == "domain_not_allowed"


async def test_a_claim_gives_the_role(issuer: str, tmp_path: Path) -> None:
    roles = {"staff": "teacher", "help": "assistant"}
    async with school_by(issuer, tmp_path, role_claim="groups", role_map=roles) as api:
        for login, role in (("ada", "student"), ("help-staff-eva", "teacher"), ("help-bo", "assistant")):
            browser, _ = await sign_in(api, login)
            assert (await browser.person()).body["role"] == role


async def test_a_wrong_client_secret_is_told_as_such(issuer: str, tmp_path: Path) -> None:
    async with school_by(issuer, tmp_path, client_secret="wrong") as api:
        assert error_in((await sign_in(api, "ada"))[1]) == "provider_refused"


async def test_a_provider_that_is_down_leads_back_to_the_sign_in_page(tmp_path: Path) -> None:
    with real_provider(REDIRECT_URI) as gone:
        pass
    async with school_by(gone, tmp_path) as api:
        browser = Browser(api)
        assert error_in(await browser.start()) == "provider_unavailable"
        person = await api.person("teacher")
        linking = await browser.call("POST", f"{AT}/link", {}, by=person)
        assert (linking.status, linking.body["code"]) == (409, "provider_unavailable")


async def test_a_provider_that_goes_down_meanwhile_is_told_as_such(tmp_path: Path) -> None:
    with ExitStack() as provider:
        issuer = provider.enter_context(real_provider(REDIRECT_URI))
        async with school_by(issuer, tmp_path) as api:
            browser = Browser(api)
            back = await go_through(await browser.start(), "ada")
            provider.close()
            assert error_in(await browser.come_back(back)) == "provider_unavailable"


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/ /evil.example",
    "/ä",
    "evil",
    "",
    "/" + "a" * 600,
]


async def test_nobody_is_sent_elsewhere_after_signing_in(local: Api) -> None:
    person = await local.person("teacher")
    for path in ELSEWHERE:
        answer = await local.call("GET", f"{AT}/start?return_to={quote(path)}")
        assert (path, answer.status) == (path, 422)
        linking = await local.call("POST", f"{AT}/link", {"return_to": path}, by=person)
        assert (path, linking.status) == (path, 422)


async def test_a_provider_that_there_is_not_is_not_found(local: Api) -> None:
    for path in ("start", "callback"):
        assert (await local.call("GET", f"/api/v1/auth/oidc/other/{path}")).status == 404


#                         nobody new stu view ass tea own adm room elsewhere
EVERYBODY = of("          200 200 200 200 200 200 200 200 200 200")
MOVED = of("              302 302 302 302 302 302 302 302 302 302")
OWN = of("                401 200 200 200 200 200 200 200 403 403")
VERIFIED = of("           401 403 200 200 200 200 200 200 403 403")
UNPROCESSABLE = of("      422 422 422 422 422 422 422 422 422 422")
ENDPOINTS = [
    Endpoint("GET", "/api/v1/auth/oidc", EVERYBODY),
    Endpoint("GET", f"{AT}/start", MOVED, "/api/v1/auth/oidc/{name}/start"),
    Endpoint("GET", f"{AT}/callback", MOVED, "/api/v1/auth/oidc/{name}/callback"),
    Endpoint("POST", "/api/v1/auth/oidc/second-factor", UNPROCESSABLE, body={}),
    Endpoint("POST", f"{AT}/link", VERIFIED, "/api/v1/auth/oidc/{name}/link", body={}),
    Endpoint("GET", IDENTITIES, OWN),
    Endpoint(
        "POST",
        f"{IDENTITIES}/none/unlink",
        of("401 404 404 404 404 404 404 404 403 403"),
        IDENTITIES + "/{identity_id}/unlink",
        body={"password": PASSWORD},
    ),
]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    await assert_statuses(api, ENDPOINTS, await everybody(api))


async def test_the_table_covers_every_endpoint(local: Api) -> None:
    [table] = [table for table in build_tables(local.server.services) if table.tag == "sign-in by provider"]
    declared = {(route.method, route.path) for route in table.routes}
    assert declared == {endpoint.declared for endpoint in ENDPOINTS}
