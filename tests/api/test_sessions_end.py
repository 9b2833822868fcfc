"""Who ends sessions has signed in a moment ago, or says the password once more (OWASP ASVS 5.0, 7.5.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.serving import PASSWORD, Api, Person
from vtp.accounts.tables import audit_log, sessions, users
from vtp.accounts.users import NO_PASSWORD

SESSIONS = "/api/v1/auth/sessions"
PROFILE = "/api/v1/auth/profile"
LONG_AGO = datetime.now(UTC) - timedelta(minutes=11)


async def store(api: Api, statement: object) -> None:
    async with api.server.services.database.transaction() as tx:
        await tx.execute(statement)  # type: ignore[call-overload]


async def signed_in_long_ago(api: Api) -> tuple[Person, str, str]:
    """Somebody on two devices: the first, its session's id, and the other's access token."""
    person = await api.person("student")
    other = (await api.sign_in(person.email)).access_token
    await store(api, update(sessions).values(created_at=LONG_AGO))
    listed = (await api.call("GET", SESSIONS, by=other)).body["items"]
    [own] = [one["session_id"] for one in listed if not one["current"]]
    return person, own, other


@pytest.mark.parametrize("one", [True, False])
async def test_long_after_sign_in_sessions_are_ended_by_the_password_alone(api: Api, one: bool) -> None:
    person, ended, other = await signed_in_long_ago(api)
    path = f"{SESSIONS}/{ended}" if one else SESSIONS
    for body in (None, {}, {"password": "not my password"}):
        answer = await api.call("DELETE", path, body, by=other)
        assert (answer.status, answer.body["code"]) == (401, "wrong_password"), body
    assert (await api.call("GET", PROFILE, by=person)).status == 200
    answer = await api.call("DELETE", path, {"password": PASSWORD}, by=other)
    assert answer.status == (204 if one else 200), answer
    assert (await api.call("GET", PROFILE, by=person)).status == 401
    assert (await api.call("GET", PROFILE, by=other)).status == 200


async def test_who_has_just_signed_in_ends_sessions_without(api: Api) -> None:
    person, ended, _ = await signed_in_long_ago(api)
    fresh = (await api.sign_in(person.email)).access_token
    assert (await api.call("DELETE", f"{SESSIONS}/{ended}", by=fresh)).status == 204
    assert (await api.call("DELETE", SESSIONS, by=fresh)).body["ended_sessions"] == 1


async def test_a_password_that_is_missing_is_no_guess(api: Api) -> None:
    _, ended, other = await signed_in_long_ago(api)
    for _ in range(8):
        answer = await api.call("DELETE", f"{SESSIONS}/{ended}", by=other)
        assert (answer.status, answer.body["code"]) == (401, "wrong_password")
        assert answer.body["detail"] == "Say your password once more, then repeat this."
    async with api.server.services.database.read() as tx:
        refused = select(audit_log.c.id).where(audit_log.c.details["reason"].as_string() == "wrong_password")
        assert (await tx.execute(refused)).all() == []
    assert (await api.call("DELETE", f"{SESSIONS}/{ended}", {"password": PASSWORD}, by=other)).status == 204


async def test_who_has_no_password_signs_in_once_more_before(api: Api) -> None:
    person, ended, other = await signed_in_long_ago(api)
    await store(api, update(users).where(users.c.id == person.user_id).values(password_hash=NO_PASSWORD))
    answer = await api.call("DELETE", f"{SESSIONS}/{ended}", by=other)
    assert (answer.status, answer.body["code"]) == (401, "reauth_required")
