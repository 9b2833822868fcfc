"""Waits after failed sign-ins, which lock nobody out of their own devices; and notices of sign-ins."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.serving import PASSWORD, UNLIMITED, Answer, Api, serving
from tests.smtp_server import Mailbox, mail_settings, text_of
from vtp.accounts.devices import MOST_PER_BROWSER
from vtp.accounts.tables import audit_log
from vtp.mail.tables import mails
from vtp.settings import AccountSettings

LOGIN, REFRESH = "/api/v1/auth/login", "/api/v1/auth/refresh"
PROFILE, SESSIONS = "/api/v1/auth/profile", "/api/v1/auth/sessions"
CHANGE = "/api/v1/auth/change-password"
EMAIL = "teacher@school.example"
BROWSER = {"Sec-Fetch-Site": "same-origin"}
STRICT = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 5})


@pytest.fixture
async def strict(tmp_path: Path, mailbox: Mailbox) -> AsyncIterator[Api]:
    """A server whose accounts wait after five failures; what counts is in memory, whatever the database."""
    async with serving(tmp_path / "data", limits=STRICT, mail=mail_settings(mailbox)) as api:
        yield api


async def login(
    api: Api,
    password: str = PASSWORD,
    *,
    email: str = EMAIL,
    token: str | None = None,
    cookie: str = "",
    agent: str = "",
) -> Answer:
    headers = {"User-Agent": agent} if agent else {}
    if cookie:
        headers |= BROWSER | {"Cookie": cookie}
    wish = {"email": email, "password": password, "device_token": token}
    return await api.call("POST", LOGIN, wish, headers=headers)


async def guess(api: Api, times: int = 5, *, email: str = EMAIL) -> None:
    for _ in range(times):
        await login(api, "wrong horse", email=email)


def device_cookie(answer: Answer) -> str:
    """The cookie of a device, as the browser sends it back."""
    found = [header for header in cookies(answer) if "vtp_device=" in header]
    return found[0].partition(";")[0]


def cookies(answer: Answer) -> list[str]:
    headers = answer.headers
    return [value for name, value in headers.items() if name == "Set-Cookie"]


async def test_guesses_from_elsewhere_do_not_delay_a_device_that_was_here_before(strict: Api) -> None:
    await strict.person("teacher")
    token = (await login(strict)).body["device_token"]
    browser = device_cookie(await login(strict, cookie="other=1"))
    await guess(strict, 8)
    stranger = await login(strict)
    assert (stranger.status, stranger.body["code"]) == (429, "account_throttled")
    assert "by mail" not in stranger.body["detail"], "where no mail is sent an administrator hands links on"
    assert int(stranger.headers["Retry-After"]) >= 29
    assert (await login(strict, token=token)).status == 200
    assert (await login(strict, cookie=browser)).status == 200


async def test_guesses_on_a_device_delay_that_device_alone(strict: Api) -> None:
    await strict.person("teacher")
    stolen = (await login(strict)).body["device_token"]
    other = (await login(strict)).body["device_token"]
    for _ in range(5):
        assert (await login(strict, "wrong horse", token=stolen)).status == 401
    assert (await login(strict, token=stolen)).status == 429
    assert (await login(strict, token=other)).status == 200
    assert (await login(strict)).status == 200


async def test_a_device_of_another_account_and_forged_tokens_are_strangers(strict: Api) -> None:
    await strict.person("teacher")
    await strict.person("student", "eve@school.example")
    foreign = (await login(strict, email="eve@school.example")).body["device_token"]
    own = (await login(strict)).body["device_token"]
    await guess(strict)
    for token in (foreign, own[:-1] + ("0" if own[-1] != "0" else "1"), "x", "x.y", ".", "é.é"):
        assert (token, (await login(strict, token=token)).status) == (token, 429)


async def test_accounts_that_do_not_exist_wait_alike(strict: Api) -> None:
    await strict.person("teacher")
    waits = []
    for email in (EMAIL, "nobody@school.example"):
        await guess(strict, email=email)
        refused = await login(strict, email=email)
        waits.append((refused.status, refused.body["code"], refused.body["detail"]))
    assert waits[0] == waits[1]


async def test_a_session_goes_on_while_somebody_guesses(strict: Api) -> None:
    person = await strict.person("teacher")
    await guess(strict, 8)
    assert (await strict.call("GET", PROFILE, by=person)).status == 200
    renewed = await strict.call("POST", REFRESH, {"refresh_token": person.refresh_token})
    assert renewed.status == 200


async def test_a_new_password_by_mail_lifts_the_wait(strict: Api, mailbox: Mailbox) -> None:
    await strict.person("teacher")
    await guess(strict)
    assert (await login(strict)).status == 429
    await strict.call("POST", "/api/v1/auth/forgot-password", {"email": EMAIL})
    wish = {
        "token": await mailbox.token_to(EMAIL, "Choose a new"),
        "new_password": "another long pass phrase",
    }
    done = await strict.call("POST", "/api/v1/auth/reset-password", wish)
    assert (await login(strict, wish["new_password"])).status == 200
    await guess(strict)
    assert (await login(strict, wish["new_password"])).status == 429
    assert (await login(strict, wish["new_password"], cookie=device_cookie(done))).status == 200


async def choose_anew(api: Api, mailbox: Mailbox, password: str, cookie: str = "") -> Answer:
    await api.call("POST", "/api/v1/auth/forgot-password", {"email": EMAIL})
    wish = {"token": await mailbox.token_to(EMAIL, "Choose a new"), "new_password": password}
    headers = BROWSER | {"Cookie": cookie} if cookie else {}
    done = await api.call("POST", "/api/v1/auth/reset-password", wish, headers=headers)
    assert done.status == 200, done
    return done


async def test_a_new_password_by_mail_lifts_the_waits_of_all_own_devices(
    strict: Api, mailbox: Mailbox
) -> None:
    person = await strict.person("teacher")
    browser = device_cookie(await login(strict, cookie="other=1"))
    phone = (await login(strict)).body["device_token"]
    for _ in range(5):
        await login(strict, "wrong horse", cookie=browser)
        await login(strict, "wrong horse", token=phone)
        await strict.call("POST", CHANGE, {"current_password": "x", "new_password": "y"}, by=person)
    told = [await login(strict, cookie=browser), await login(strict, token=phone)]
    assert [answer.status for answer in told] == [429, 429]
    assert all("on this device" in answer.body["detail"] for answer in told)
    await choose_anew(strict, mailbox, "another long pass phrase", browser)
    signed_in = await login(strict, "another long pass phrase", cookie=browser)
    assert signed_in.status == 200
    assert (await login(strict, "another long pass phrase", token=phone)).status == 200
    wish = {"current_password": "another long pass phrase", "new_password": "and one more phrase"}
    changed = await strict.call("POST", CHANGE, wish, by=signed_in.body["access_token"])
    assert changed.status == 200, "nor does confirming it wait"


async def test_a_device_guesses_no_more_for_what_others_do(strict: Api, mailbox: Mailbox) -> None:
    """Neither another's new password nor a sign-in on another device ends its wait; after the owner's new
    password it has five tries, and then waits again."""
    await strict.person("teacher")
    await strict.person("student", "eve@school.example")
    stolen, own = [(await login(strict)).body["device_token"] for _ in range(2)]
    for _ in range(5):
        await login(strict, "wrong horse", token=stolen)
    await strict.call("POST", "/api/v1/auth/forgot-password", {"email": "eve@school.example"})
    wish = {
        "token": await mailbox.token_to("eve@school.example", "Choose a new"),
        "new_password": "another long pass phrase",
    }
    assert (await strict.call("POST", "/api/v1/auth/reset-password", wish)).status == 200
    assert (await login(strict, token=own)).status == 200
    assert (await login(strict)).status == 200
    assert (await login(strict, token=stolen)).status == 429
    await choose_anew(strict, mailbox, "another long pass phrase")
    got = [(await login(strict, "wrong horse", token=stolen)).status for _ in range(6)]
    assert got == [401] * 5 + [429]


async def test_who_is_signed_in_is_told_how_the_wait_ends(strict: Api) -> None:
    person = await strict.person("teacher")
    wish = {"current_password": "wrong horse", "new_password": "another long pass phrase"}
    got = [await strict.call("POST", CHANGE, wish, by=person) for _ in range(6)]
    assert got[-1].status == 429
    assert "wrong passwords" in got[-1].body["detail"]
    assert "devices" not in got[-1].body["detail"]


async def test_a_thief_of_a_session_guesses_five_passwords_and_locks_nobody_out(strict: Api) -> None:
    person = await strict.person("teacher")
    wish = {"current_password": "wrong horse", "new_password": "another long pass phrase"}
    got = [await strict.call("POST", CHANGE, wish, by=person) for _ in range(6)]
    assert [answer.status for answer in got] == [401] * 5 + [429]
    assert (await login(strict)).status == 200


async def test_one_browser_is_known_to_the_accounts_that_used_it_last(api: Api) -> None:
    people = [f"n{number}@school.example" for number in range(MOST_PER_BROWSER + 2)]
    cookie = "other=1"
    for email in people:
        await api.person("student", email)
        cookie = device_cookie(await login(api, email=email, cookie=cookie))
    tokens = cookie.partition("=")[2].split("~")
    devices = api.server.services.accounts.devices
    assert len(tokens) == MOST_PER_BROWSER
    known = [email for email in people if devices.recognize(email, tokens)]
    assert known == people[2:]
    again = device_cookie(await login(api, email=people[5], cookie=cookie)).partition("=")[2].split("~")
    assert sorted(again) == sorted(tokens)
    assert devices.recognize(people[5], again[:1])


async def test_the_cookie_of_a_device_is_out_of_the_reach_of_scripts(tmp_path: Path) -> None:
    proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    async with serving(tmp_path / "data", trusted_proxies=["127.0.0.1/32"]) as api:
        await api.person("teacher")
        wish = {"email": EMAIL, "password": PASSWORD, "cookie": True}
        answer = await api.call("POST", LOGIN, wish, headers=BROWSER | proxy)
        [header] = [one for one in cookies(answer) if "vtp_device=" in one]
        assert header.startswith("__Secure-vtp_device=")
        flags = {"Path=/api/v1/auth", "HttpOnly", "SameSite=Strict", "Secure", "Max-Age=34560000"}
        assert flags <= set(header.split("; "))
        assert answer.body["device_token"] is None


ODD_COOKIES = [
    'vtp_device="a\\012Set-Cookie: evil=1"',
    'vtp_device="x; Domain=evil.example"',
    "vtp_device=" + "x" * 4000,
    "vtp_device=~~~",
    "vtp_device=" + "~".join(["x.y"] * 500),
]


async def test_nothing_odd_goes_from_a_cookie_back_into_one(api: Api) -> None:
    await api.person("teacher")
    for odd in ODD_COOKIES:
        answer = await login(api, cookie=odd)
        assert answer.status == 200
        assert re.fullmatch(r"vtp_device=[\w-]{22}\.[0-9a-f]{64}", device_cookie(answer), re.ASCII)


async def test_that_an_account_waits_is_in_the_audit_log(strict: Api) -> None:
    person = await strict.person("teacher")
    await guess(strict)
    async with strict.server.services.database.read() as tx:
        statement = select(audit_log).where(audit_log.c.event == "authn_login_lock")
        entry = (await tx.execute(statement)).mappings().one()
    assert entry["subject"] == f"user:{person.user_id}"
    assert (entry["details"]["known_device"], entry["details"]["failures"]) == (False, 5)
    assert person.email not in str(entry["details"])


async def notices(api: Api) -> list[str]:
    async with api.server.services.database.read() as tx:
        statement = select(mails.c.subject).where(mails.c.kind == "notice").order_by(mails.c.id)
        return list((await tx.execute(statement)).scalars())


async def test_people_are_told_of_a_sign_in_on_a_new_device(mailed: Api, mailbox: Mailbox) -> None:
    await mailed.newcomer(EMAIL)
    assert await notices(mailed) == []
    first = await login(mailed, agent="Phone <script>")
    notice = text_of(await mailbox.next_to(EMAIL, "A new device signed in"))
    assert "Device: Phone <script>" in notice
    assert "Network address: 127.0.0.1" in notice
    await login(mailed, agent="Phone <script>")
    await login(mailed, agent="Phone, updated", token=first.body["device_token"])
    assert len(await notices(mailed)) == 1


async def test_nobody_is_told_of_new_devices_where_that_is_off(tmp_path: Path, mailbox: Mailbox) -> None:
    settings = AccountSettings(notify_of_new_devices=False)
    async with serving(tmp_path / "data", accounts=settings, mail=mail_settings(mailbox)) as api:
        await api.newcomer(EMAIL)
        await login(api, agent="Phone")
        assert await notices(api) == []


async def test_of_a_stolen_refresh_token_both_are_signed_out_and_the_person_is_told(
    mailed: Api, mailbox: Mailbox
) -> None:
    person = await mailed.person("teacher")
    other = await mailed.sign_in(person.email)
    owner = (await mailed.call("POST", REFRESH, {"refresh_token": person.refresh_token})).body
    thief = (await mailed.call("POST", REFRESH, {"refresh_token": owner["refresh_token"]})).body
    reused = await mailed.call("POST", REFRESH, {"refresh_token": person.refresh_token})
    assert (reused.status, reused.body["code"]) == (401, "refresh_token_reused")
    for token in (person.access_token, owner["access_token"], thief["access_token"]):
        assert (await mailed.call("GET", PROFILE, by=token)).status == 401
    for token in (owner["refresh_token"], thief["refresh_token"]):
        assert (await mailed.call("POST", REFRESH, {"refresh_token": token})).status == 401
    assert (await mailed.call("GET", PROFILE, by=other)).status == 200
    await mailbox.next_to(person.email, "A session was ended")
    async with mailed.server.services.database.read() as tx:
        statement = select(audit_log.c.actor_id).where(audit_log.c.event == "authn_token_reuse")
        assert (await tx.execute(statement)).scalars().all() == [person.user_id]


@pytest.mark.both_databases
async def test_two_tabs_that_renew_at_the_same_moment_stay_signed_in(api: Api) -> None:
    await api.person("teacher")
    wish = {"email": EMAIL, "password": PASSWORD, "cookie": True}
    answer = await api.call("POST", LOGIN, wish, headers=BROWSER)
    jar = {"Cookie": cookies(answer)[0].partition(";")[0]}
    for _ in range(4):
        tabs = await asyncio.gather(*(api.call("POST", REFRESH, headers=BROWSER | jar) for _ in range(2)))
        assert [tab.status for tab in tabs] == [200, 200]
        held = {cookies(tab)[0].partition(";")[0] for tab in tabs}
        assert len(held) == 1
        jar = {"Cookie": held.pop()}
        for tab in tabs:
            assert (await api.call("GET", PROFILE, by=tab.body["access_token"])).status == 200
    assert "authn_token_reuse" not in await events(api)


async def events(api: Api) -> list[str]:
    async with api.server.services.database.read() as tx:
        return list((await tx.execute(select(audit_log.c.event))).scalars())


async def test_signing_out_everywhere_else_takes_hold_at_once(api: Api) -> None:
    person = await api.person("teacher")
    others = [await api.sign_in(person.email) for _ in range(2)]
    answer = await api.call("DELETE", SESSIONS, by=person)
    assert (answer.status, answer.body) == (200, {"ended_sessions": 2})
    for other in others:
        assert (await api.call("GET", PROFILE, by=other)).status == 401
    assert (await api.call("GET", PROFILE, by=person)).status == 200
    assert (await events(api)).count("session_ended") == 2
    assert (await api.call("DELETE", SESSIONS, by=person)).body == {"ended_sessions": 0}


async def test_nobody_writes_an_address_that_counts_on_somebodys_confirming(strict: Api) -> None:
    person = await strict.person("teacher")
    for email in (f"{person.user_id}\nconfirms", f"c {person.user_id}", person.user_id):
        await guess(strict, 6, email=email)
    wish = {"current_password": PASSWORD, "new_password": "another long pass phrase"}
    changed = await strict.call("POST", CHANGE, wish, by=person)
    assert changed.status == 200
