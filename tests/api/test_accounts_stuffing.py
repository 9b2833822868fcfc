"""Stolen passwords tried from many addresses: few are looked at, and people go on signing in."""

from __future__ import annotations

import asyncio
import collections
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from multidict import CIMultiDictProxy

from tests.serving import PASSWORD, Answer, Api, serving
from vtp.settings import LimitSettings

ACCOUNTS, ADDRESSES, TRIES = 4, 20, 160
LOGIN = "/api/v1/auth/login"
LIMITS = LimitSettings(sign_in_delay_s=3600)
"""The first wait outlasts the test, however slow the machine."""


@pytest.fixture
async def api(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Api]:
    """With the limits that servers have, behind a proxy: limits are counted in memory, not in a database."""
    file = tmp_path / "vtp.sqlite3"
    shutil.copy(migrated_sqlite, file)
    url, proxies = f"sqlite:///{file}", ["127.0.0.0/8"]
    async with serving(tmp_path / "data", url, limits=LIMITS, trusted_proxies=proxies) as running:
        yield running


async def login(api: Api, email: str, password: str, address: str, cookie: str = "") -> Answer:
    headers = {"X-Forwarded-For": address, "Sec-Fetch-Site": "same-origin"} | (
        {"Cookie": cookie} if cookie else {}
    )
    return await api.call("POST", LOGIN, {"email": email, "password": password}, headers=headers)


def device_of(signed_in: Answer) -> str:
    """The cookies that a browser holds afterwards."""
    given = cast("CIMultiDictProxy[str]", signed_in.headers).getall("Set-Cookie")
    return "; ".join(morsel.partition(";")[0] for morsel in given)


async def stuff(api: Api) -> collections.Counter[int]:
    """All tries at once."""
    tries = [
        login(
            api,
            f"victim{number % ACCOUNTS}@school.example",
            f"stolen {number}",
            f"198.18.0.{number % 20 + 1}",
        )
        for number in range(TRIES)
    ]
    answers = await asyncio.gather(*tries)
    for answer in answers:
        assert answer.status in (401, 429, 503), answer
        assert answer.status == 401 or int(answer.headers["Retry-After"]) >= 1
    return collections.Counter(answer.status for answer in answers)


async def test_guesses_from_anywhere_are_few_and_keep_nobody_out(api: Api) -> None:
    for number in range(ACCOUNTS):
        await api.person("student", f"victim{number}@school.example")
    await api.person("student", "other@school.example")
    device = device_of(await login(api, "victim0@school.example", PASSWORD, "203.0.113.7"))
    answered = await stuff(api)
    assert answered[401] <= ACCOUNTS * LIMITS.sign_in_failures_per_account
    assert answered[429] >= TRIES - answered[401] - answered[503]
    right = await login(api, "victim0@school.example", PASSWORD, "198.18.0.1")
    assert (right.status, right.body["code"]) == (429, "account_throttled"), "a right guess tells nothing"
    assert (await login(api, "other@school.example", PASSWORD, "203.0.113.7")).status == 200
    assert (await login(api, "victim0@school.example", PASSWORD, "203.0.113.7", device)).status == 200


async def test_failures_of_one_address_are_bounded_and_keep_nobody_out_who_is_known(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    """One pupil's guesses are a whole school's address: known devices, links and who is signed in go on."""
    shutil.copy(migrated_sqlite, tmp_path / "vtp.sqlite3")
    limits = LimitSettings(sign_in_failures_per_address_per_minute=10)
    url = f"sqlite:///{tmp_path / 'vtp.sqlite3'}"
    async with serving(tmp_path / "data", url, limits=limits, trusted_proxies=["127.0.0.0/8"]) as api:
        student = await api.person("student")
        await api.person("teacher")
        school = "198.18.0.1"
        device = device_of(await login(api, student.email, PASSWORD, school))
        here = {"X-Forwarded-For": school}
        invited = await invite(api, "new@school.example")
        tried = [await login(api, f"nobody{n}@school.example", "x", school) for n in range(11)]
        assert [answer.status for answer in tried] == [401] * 10 + [429]
        assert (await login(api, student.email, PASSWORD, "203.0.113.7")).status == 200
        for strange in ("", device):  # which is another account's
            assert (await login(api, "teacher@school.example", PASSWORD, school, strange)).status == 429
        assert (await login(api, student.email, PASSWORD, school, device)).status == 200

        setup = {"password": PASSWORD}
        answer = await api.call("POST", "/api/v1/auth/2fa/setup", setup, by=student, headers=here)
        assert answer.status == 200, answer
        for _ in range(12):
            junk = await api.call("POST", "/api/v1/auth/check-invitation", {"token": "x" * 43}, headers=here)
        assert (junk.status, junk.body["code"]) == (429, "rate_limited"), junk
        look = await api.call("POST", "/api/v1/auth/check-invitation", {"token": invited}, headers=here)
        assert look.status == 200, "what nobody can guess is not refused for others' guesses"


async def invite(api: Api, email: str) -> str:
    """The token of an invitation's link."""
    admin = await api.person("admin")
    wish = {"email": email, "full_name": "New Comer", "role": "student"}
    answer = await api.call("POST", "/api/v1/invitations", wish, by=admin)
    assert answer.status == 201, answer
    link: str = answer.body["link"]
    return link.rpartition("=")[2]


async def test_wrong_codes_of_one_account_do_not_close_others_of_its_network(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "vtp.sqlite3")
    limits = LimitSettings(sign_in_failures_per_address_per_minute=3, sign_in_failures_per_account=0)
    url = f"sqlite:///{tmp_path / 'vtp.sqlite3'}"
    async with serving(tmp_path / "data", url, limits=limits) as api:
        eve, mei = await api.person("student"), await api.person("student", "mei@school.example")
        path = "/api/v1/auth/2fa/setup"
        wrong = [await api.call("POST", path, {"password": "not mine at all"}, by=eve) for _ in range(4)]
        assert [answer.status for answer in wrong] == [401, 401, 401, 429]
        assert (await api.call("POST", path, {"password": PASSWORD}, by=mei)).status == 200
