"""One address has one account, however its domain is spelt; none is taken that a header reads otherwise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.serving import PASSWORD, Answer, Api, Person
from tests.smtp_server import Mailbox

STRASSE, DNS, OTHER = "ada@Straße.example", "Ada@xn--strae-oqa.example", "ada@strasse.example"
ENCODED = "=?utf-8?q?ada=40evil.example?=@school.example"
NAMED = {"full_name": "Ada"}

Way = Callable[[Api, Person, str], Awaitable[Answer]]


async def register(api: Api, _: Person, email: str) -> Answer:
    wish = {"email": email, "password": PASSWORD, **NAMED}
    return await api.call("POST", "/api/v1/auth/register", wish)


async def add(api: Api, admin: Person, email: str) -> Answer:
    return await api.call("POST", "/api/v1/users", {"email": email, **NAMED}, by=admin)


async def invite(api: Api, admin: Person, email: str) -> Answer:
    return await api.call("POST", "/api/v1/invitations", {"email": email, "role": "student"}, by=admin)


async def change_other(api: Api, admin: Person, email: str) -> Answer:
    return await api.call("PATCH", f"/api/v1/users/{admin.user_id}", {"email": email}, by=admin)


async def change_own(api: Api, admin: Person, email: str) -> Answer:
    wish = {"new_email": email, "password": PASSWORD}
    return await api.call("POST", "/api/v1/auth/change-email", wish, by=admin)


WAYS: dict[str, list[Way]] = {"email": [register, add, invite, change_other], "new_email": [change_own]}


@pytest.mark.parametrize(
    "email", [ENCODED, "ada@evil.example\r\nBcc: eve@evil.example", "a%b@school.example"]
)
async def test_no_way_takes_an_address_that_others_read_otherwise(api: Api, email: str) -> None:
    admin = await api.person("admin")
    for field, ways in WAYS.items():
        for way in ways:
            refused = await way(api, admin, email)
            assert (refused.status, refused.pointers) == (422, [f"/{field}"]), way
    report = await api.call(
        "POST",
        "/api/v1/users/import?dry_run=true",
        by=admin,
        data=f'email,full_name\n"{email}",Ada\n'.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert report.status in (200, 422), report
    assert "write an email address" in str(report.body)


async def test_one_address_is_one_account_in_every_spelling(api: Api) -> None:
    admin = await api.person("admin")
    assert (await register(api, admin, STRASSE)).status == 201
    for way in (register, add, invite, change_other):
        taken = await way(api, admin, DNS)
        assert (taken.status, taken.body["code"]) == (409, "email_taken"), way
    for spelling in (STRASSE, DNS):
        assert (await api.sign_in(spelling)).email == "ada@straße.example"
    assert (await register(api, admin, OTHER)).status == 201, "another domain, and so another person"
    assert (await api.sign_in(OTHER)).email == "ada@strasse.example"


async def test_mails_go_to_the_domain_that_was_meant(mailed: Api, mailbox: Mailbox) -> None:
    """By IDNA 2003 they would go to strasse.example, whoever has that."""
    await register(mailed, await mailed.person("admin"), STRASSE)
    message = await mailbox.next_to("ada@xn--strae-oqa.example", "Confirm your address")
    assert mailbox.recipients == ["ada@xn--strae-oqa.example"], message
