"""Waits after failed sign-ins hold over restarts and in other processes, and so does their lifting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.serving import PASSWORD, UNLIMITED, Answer, Api, serving
from tests.smtp_server import Mailbox, mail_settings

LOGIN = "/api/v1/auth/login"
EMAIL = "teacher@school.example"
STRICT = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 5, "sign_in_delay_s": 3000})


class Place:
    """A database and keys, at which servers are started."""

    def __init__(self, folder: Path, url: str, mailbox: Mailbox) -> None:
        self._folder, self._url, self._mailbox = folder, url, mailbox

    @asynccontextmanager
    async def server(self, name: str = "one") -> AsyncIterator[Api]:
        mail = mail_settings(self._mailbox)
        async with serving(
            self._folder / name, self._url, limits=STRICT, mail=mail, secrets_dir=self._folder / "keys"
        ) as api:
            yield api


@pytest.fixture
def place(tmp_path: Path, database_url: str, mailbox: Mailbox) -> Place:
    return Place(tmp_path, database_url, mailbox)


async def login(api: Api, password: str, email: str = EMAIL, device: str | None = None) -> Answer:
    return await api.call("POST", LOGIN, {"email": email, "password": password, "device_token": device})


async def guess(api: Api, email: str = EMAIL, device: str | None = None) -> None:
    for _ in range(5):
        assert (await login(api, "wrong horse", email, device)).status == 401


async def look(api: Api) -> None:
    """What every process does each second."""
    await api.server.services.accounts.revocations.look()


async def test_a_restart_gives_a_guesser_no_more_tries(place: Place) -> None:
    async with place.server() as api:
        await api.person("teacher")
        stolen, own = [(await login(api, PASSWORD)).body["device_token"] for _ in range(2)]
        await guess(api, device=stolen)
        await guess(api)
        await guess(api, "nobody@school.example")
    async with place.server() as api:
        waits = [await login(api, PASSWORD), await login(api, PASSWORD, device=stolen)]
        waits.append(await login(api, PASSWORD, "nobody@school.example"))
        assert [answer.status for answer in waits] == [429] * 3, "known and unknown accounts alike"
        assert all(2000 < int(answer.headers["Retry-After"]) <= 3000 for answer in waits)
        assert (await login(api, PASSWORD, device=own)).status == 200


async def test_another_process_lets_wait_who_waits_at_the_first(place: Place) -> None:
    async with place.server() as one, place.server("two") as two:
        await one.person("teacher")
        await guess(one)
        await look(two)
        assert (await login(two, PASSWORD)).status == 429


async def test_a_new_password_by_mail_lifts_the_wait_in_all_processes_and_for_good(
    place: Place, mailbox: Mailbox
) -> None:
    async with place.server() as one, place.server("two") as two:
        await one.person("teacher")
        device = (await login(one, PASSWORD)).body["device_token"]
        await guess(one)
        await guess(one, device=device)
        await look(two)
        assert (await login(two, PASSWORD, device=device)).status == 429
        await one.call("POST", "/api/v1/auth/forgot-password", {"email": EMAIL})
        wish = {
            "token": await mailbox.token_to(EMAIL, "Choose a new"),
            "new_password": "another long pass phrase",
        }
        assert (await one.call("POST", "/api/v1/auth/reset-password", wish)).status == 200
        await look(two)
        for api in (one, two):
            await look(api)
            assert (await login(api, wish["new_password"])).status == 200
            assert (await login(api, wish["new_password"], device=device)).status == 200
    async with place.server() as again:
        assert (await login(again, wish["new_password"])).status == 200
        assert (await login(again, wish["new_password"], device=device)).status == 200


async def test_guesses_after_the_lifting_make_wait_anew(place: Place, mailbox: Mailbox) -> None:
    async with place.server() as one:
        await one.person("teacher")
        await guess(one)
        await one.call("POST", "/api/v1/auth/forgot-password", {"email": EMAIL})
        wish = {
            "token": await mailbox.token_to(EMAIL, "Choose a new"),
            "new_password": "another long pass phrase",
        }
        await one.call("POST", "/api/v1/auth/reset-password", wish)
        await guess(one)
        await look(one)
        assert (await login(one, wish["new_password"])).status == 429


async def test_a_thief_of_a_session_gets_no_more_guesses_by_a_restart(place: Place) -> None:
    wish = {"current_password": "wrong horse", "new_password": "another long pass phrase"}
    path = "/api/v1/auth/change-password"
    async with place.server() as api:
        person = await api.person("teacher")
        got = [await api.call("POST", path, wish, by=person) for _ in range(5)]
        assert [answer.status for answer in got] == [401] * 5
    async with place.server() as api:
        assert (await api.call("POST", path, wish, by=person)).status == 429
        assert (await login(api, PASSWORD)).status == 200
