"""Who only says that an address is theirs is told nothing that was sent to it, and takes nothing away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.personal_material import zipped
from tests.serving import PASSWORD, Api, Person, serving
from tests.smtp_server import Mailbox, mail_settings, smtp_server

A = "/api/v1/auth"
INVITATIONS = "/api/v1/invitations"
DORA, HOME = "dora@school.example", "dora@home.example"
PROOF = {"password": PASSWORD}


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with smtp_server() as running:
        yield running


@pytest.fixture
async def mailing(box: Mailbox, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", mail=mail_settings(box)) as running:
        yield running


async def invited(api: Api, box: Mailbox, admin: Person) -> str:
    """The token of an invitation of Dora."""
    wish = {"email": DORA, "role": "teacher", "full_name": "Dora Sent"}
    assert (await api.call("POST", INVITATIONS, wish, by=admin)).status == 201
    return await box.token_to(DORA)


async def sent(api: Api, admin: Person) -> list[str]:
    """The states of all invitations, as administrators see them."""
    items = (await api.call("GET", INVITATIONS, by=admin)).body["items"]
    return ["accepted" if one["accepted_at"] else "revoked" if one["revoked_at"] else "open" for one in items]


async def export_of(api: Api, person: Person) -> dict[str, Any]:
    answer = await api.call("POST", f"{A}/export", PROOF, by=person)
    assert answer.status == 200
    return zipped(answer.body)[0]


async def erase_own(api: Api, person: Person) -> None:
    assert (await api.call("POST", f"{A}/delete-account", PROOF, by=person)).status == 200


async def test_a_stranger_with_an_invited_address_neither_reads_nor_ends_its_invitation(
    mailing: Api, box: Mailbox
) -> None:
    admin = await mailing.person("admin")
    token = await invited(mailing, box, admin)
    stranger = await mailing.newcomer(DORA)
    data = await export_of(mailing, stranger)
    assert data["invitations_received"] == []
    assert "Dora Sent" not in str(data) and "invitation" not in {one["kind"] for one in data["mails"]}
    await erase_own(mailing, stranger)
    assert await sent(mailing, admin) == ["open"]
    accepted = {"token": token, "full_name": "Dora", "password": PASSWORD}
    assert (await mailing.call("POST", f"{A}/accept-invitation", accepted)).status == 201


async def test_who_registers_the_address_that_somebody_had_before_gets_nothing_of_theirs(
    mailing: Api, box: Mailbox
) -> None:
    admin = await mailing.person("admin")
    wish = {"token": await invited(mailing, box, admin), "full_name": "Dora", "password": PASSWORD}
    assert (await mailing.call("POST", f"{A}/accept-invitation", wish)).status == 201
    dora = await mailing.sign_in(DORA)
    moved = await mailing.call("POST", f"{A}/change-email", {"new_email": HOME, **PROOF}, by=dora)
    assert moved.status == 200, moved
    confirmed = {"token": await box.token_to(HOME)}
    assert (await mailing.call("POST", f"{A}/verify-email", confirmed)).status == 200
    before = await export_of(mailing, await mailing.sign_in(HOME))
    bert = await mailing.newcomer(DORA)
    data = await export_of(mailing, bert)
    assert data["invitations_received"] == []
    assert {one["kind"] for one in data["mails"]} == {"verify_email"}
    assert {one["purpose"] for one in data["links_sent_by_mail"]} == {"verify_email"}
    await erase_own(mailing, bert)
    after = await export_of(mailing, await mailing.sign_in(HOME))
    assert {one["id"] for one in before["mails"]} <= {one["id"] for one in after["mails"]}
    assert after["invitations_received"] == before["invitations_received"] != []


async def test_who_confirmed_the_address_is_told_of_what_was_sent_to_it(mailing: Api, box: Mailbox) -> None:
    admin = await mailing.person("admin")
    await invited(mailing, box, admin)
    dora = await mailing.newcomer(DORA)
    confirmed = {"token": await box.token_to(DORA, "Confirm")}
    assert (await mailing.call("POST", f"{A}/verify-email", confirmed)).status == 200
    data = await export_of(mailing, dora)
    assert [one["full_name"] for one in data["invitations_received"]] == ["Dora Sent"]
    await erase_own(mailing, dora)
    assert await sent(mailing, admin) == []


async def test_an_account_that_waits_for_its_password_is_erased_with_its_invitation(api: Api) -> None:
    admin = await api.person("admin")
    made = await api.call(
        "POST", "/api/v1/users", {"email": DORA, "full_name": "Dora", "role": "student"}, by=admin
    )
    assert made.status == 201, made
    assert await sent(api, admin) == ["open"]
    assert (await api.call("DELETE", f"/api/v1/users/{made.body['user_id']}", by=admin)).status == 204
    assert await sent(api, admin) == []
