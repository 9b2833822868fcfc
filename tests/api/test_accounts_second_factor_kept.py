"""Waits after wrong codes hold over restarts and in other processes; what nobody looked at begins none."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.api.test_accounts_lockout_kept import Place, look, place  # noqa: F401
from tests.api.test_accounts_second_factor import AT, LOGIN, log_in, standing_clock, turn_on  # noqa: F401
from tests.serving import PASSWORD, UNLIMITED, Answer, Api, Person, serving
from vtp.accounts import hash_turns
from vtp.accounts.audit import Origin
from vtp.accounts.backup_codes import BackupCodes, new_codes
from vtp.accounts.claims import SYSTEM
from vtp.accounts.passwords import Passwords
from vtp.errors import Unavailable
from vtp.sealing import Sealer
from vtp.settings import AccountSettings

WRONG = "000000"


async def verify(api: Api, person: Person, code: str) -> Answer:
    return await api.call("POST", f"{AT}/verify", {"code": code}, by=person)


async def guess(api: Api, person: Person) -> None:
    for _ in range(5):
        assert (await verify(api, person, WRONG)).status == 401


async def test_a_restart_gives_a_guesser_of_codes_no_more_tries(place: Place) -> None:  # noqa: F811
    async with place.server() as api:
        person = await api.person("teacher")
        app, _ = await turn_on(api, person)
        await guess(api, person)
    async with place.server() as api:
        waits = await verify(api, person, app.code())
        assert (waits.status, waits.body["code"]) == (429, "account_throttled")
        assert 2000 < int(waits.headers["Retry-After"]) <= 3000
        assert (await log_in(api, person, app.code())).status == 200, "counted apart from sign-ins"


async def test_wrong_codes_at_sign_in_wait_after_a_restart_though_a_new_password_came_by_mail(
    place: Place,  # noqa: F811
) -> None:
    """Who has the mailbox must not win five tries with each new password."""
    async with place.server() as api:
        person = await api.person("teacher")
        app, _ = await turn_on(api, person)
        for _ in range(5):
            assert (await log_in(api, person, WRONG)).status == 401
    async with place.server() as api:
        api.server.services.accounts.service.lockout.lift(person.user_id, person.email)
        right = await log_in(api, person, app.code())
        assert (right.status, right.body["code"]) == (429, "account_throttled")
        assert "codes" in right.body["detail"]


async def test_another_process_lets_wait_who_guessed_at_the_first_until_an_admin_resets_it(
    place: Place,  # noqa: F811
) -> None:
    async with place.server() as one, place.server("two") as two:
        person, admin = await one.person("teacher"), await one.person("admin")
        app, _ = await turn_on(one, person)
        await guess(one, person)
        await look(two)
        assert (await verify(two, person, app.code())).status == 429
        assert (await one.call("POST", f"/api/v1/users/{person.user_id}/reset-2fa", by=admin)).status == 204
        for api in (one, two):
            await look(api)
            assert (await verify(api, person, app.code())).body["code"] == "second_factor_off"


async def test_an_admins_reset_ends_waits_after_wrong_codes_at_sign_in_on_all_devices(
    place: Place,  # noqa: F811
) -> None:
    async with place.server() as one, place.server("two") as two:
        person, admin = await one.person("teacher"), await one.person("admin")
        app, _ = await turn_on(one, person)
        wish = {"email": person.email, "password": PASSWORD}
        device = (await log_in(one, person, app.code())).body["device_token"]
        known = {**wish, "device_token": device}
        for who in (wish, known):
            got = [await one.call("POST", LOGIN, {**who, "totp": WRONG}) for _ in range(6)]
            assert [answer.status for answer in got] == [401] * 5 + [429]
            assert "codes" in got[-1].body["detail"], "no wait of passwords"
        await look(two)
        assert (await one.call("POST", f"/api/v1/users/{person.user_id}/reset-2fa", by=admin)).status == 204
        signed_in = await one.call("POST", LOGIN, wish)
        assert signed_in.status == 200
        again, _ = await turn_on(one, replace(person, access_token=signed_in.body["access_token"]))
        for api in (one, two):
            await look(api)
        answers = [
            await api.call("POST", LOGIN, {**who, "totp": again.code(step)})
            for api, who, step in ((one, known, 0), (two, wish, 1))
        ]
        assert [answer.status for answer in answers] == [200, 200]


async def test_codes_that_an_overloaded_server_did_not_look_at_are_not_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_turns, "MOST_WAIT_S", 0.01)
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 1})
    async with serving(tmp_path / "data", limits=limits, accounts=AccountSettings(hash_threads=1)) as api:
        person = await api.person("teacher")
        app, codes = await turn_on(api, person)
        passwords = api.server.services.accounts.passwords
        async with passwords.turn(SYSTEM), passwords.turn(SYSTEM), passwords.turn(SYSTEM):
            for code in codes[:3]:
                assert (await verify(api, person, code)).status == 503
        assert (await verify(api, person, app.code())).status == 200
        assert (await verify(api, person, codes[0])).status == 200, "nor were they used up"


async def test_tries_made_at_once_do_not_get_around_the_wait(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 2})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        await turn_on(api, person)
        answers = await asyncio.gather(*(verify(api, person, code) for code in new_codes()))
        statuses = [answer.status for answer in answers]
        assert statuses.count(401) <= 2 and set(statuses) == {401, 429}


async def test_a_backup_code_whose_sender_has_left_costs_no_hash() -> None:
    passwords = Passwords(AccountSettings(hash_threads=1))
    codes, gone = BackupCodes(passwords, Sealer(b"k" * 32)), Origin(is_gone=lambda: True)
    try:
        with pytest.raises(Unavailable):
            await codes.hash("ada", new_codes()[0], datetime.now(UTC), gone)
        assert passwords.numbers()["dropped"] == 1
    finally:
        passwords.close()
