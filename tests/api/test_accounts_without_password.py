"""Accounts that sign in by a provider alone set a password and change the address soon after sign-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from tests.serving import PASSWORD, Api, Person
from vtp.accounts.tables import sessions, users
from vtp.accounts.users import NO_PASSWORD

CHANGE = "/api/v1/auth/change-password"
LONG_AGO = datetime.now(UTC) - timedelta(minutes=11)


async def without_password(api: Api) -> Person:
    person = await api.person("student")
    await store(api, update(users).where(users.c.id == person.user_id).values(password_hash=NO_PASSWORD))
    return person


async def store(api: Api, statement: object) -> None:
    async with api.server.services.database.transaction() as tx:
        await tx.execute(statement)  # type: ignore[call-overload]


async def test_a_first_password_needs_none_before_it_shortly_after_sign_in(api: Api) -> None:
    person = await without_password(api)
    new = {"new_password": "nine loud red kettles"}
    answer = await api.call("POST", CHANGE, new, by=person)
    assert answer.status == 200, answer
    await api.sign_in(person.email, new["new_password"])
    again = await api.call("POST", CHANGE, {"new_password": PASSWORD}, by=person)
    assert (again.status, again.body["code"]) == (401, "wrong_password")


async def test_long_after_sign_in_one_must_sign_in_once_more(api: Api) -> None:
    person = await without_password(api)
    await store(api, update(sessions).values(created_at=LONG_AGO))
    for path, body in (
        (CHANGE, {"new_password": "nine loud red kettles"}),
        ("/api/v1/auth/change-email", {"new_email": "new@school.example"}),
        ("/api/v1/auth/export", None),
        ("/api/v1/auth/identities/any/unlink", {}),
    ):
        answer = await api.call("POST", path, body, by=person)
        assert (answer.status, answer.body["code"]) == (401, "reauth_required"), path


async def test_another_address_needs_no_password_that_there_is_not(api: Api) -> None:
    person = await without_password(api)
    answer = await api.call(
        "POST", "/api/v1/auth/change-email", {"new_email": "new@school.example"}, by=person
    )
    assert answer.status == 200, answer
