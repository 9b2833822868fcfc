"""Invitations that would let somebody into what is not theirs, or outlive the right to send them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from tests.api.test_invitations import ADA, INVITATIONS, accept, invite
from tests.oidc.browser import PUBLIC_URL, Browser, error_in
from tests.oidc.hostile_provider import HostileProvider, hostile_provider
from tests.serving import Api, serving
from tests.smtp_server import token_in
from vtp.accounts.tables import users
from vtp.accounts.users import NO_PASSWORD
from vtp.ids import new_id
from vtp.settings import OidcProvider, OidcSettings

MALLORY = "mallory@school.example"


@pytest.fixture
async def provider() -> AsyncIterator[HostileProvider]:
    async with hostile_provider() as running:
        yield running


@pytest.fixture
async def by_provider(provider: HostileProvider, tmp_path: Path) -> AsyncIterator[Api]:
    wish = {"name": "school", "issuer": provider.issuer, "client_id": "vtp", "create_accounts": True}
    oidc = OidcSettings(providers=[OidcProvider.model_validate(wish)])
    async with serving(tmp_path / "data", oidc=oidc, public_url=PUBLIC_URL) as running:
        yield running


async def sign_in(api: Api, provider: HostileProvider) -> tuple[Browser, str]:
    browser = Browser(api)
    return browser, await browser.come_back(provider.authorize(await browser.start()))


@pytest.mark.parametrize("role", ["teacher", "admin"])
async def test_an_invitation_opens_no_account_that_came_by_a_provider_meanwhile(
    by_provider: Api, provider: HostileProvider, role: str
) -> None:
    inviter = await by_provider.person(role)
    token = token_in((await invite(by_provider, inviter, email=MALLORY)).body["link"])
    _, page = await sign_in(by_provider, provider)
    assert page == "/rooms/physics"
    assert (await accept(by_provider, token)).status in (409, 410)


async def test_who_accepts_a_link_from_the_inviters_hand_keeps_no_account_of_the_addresss_owner(
    by_provider: Api, provider: HostileProvider
) -> None:
    """Without SMTP the inviter sees the link: accepted by them, it proves nothing of the mailbox."""
    inviter = await by_provider.person("teacher")
    token = token_in((await invite(by_provider, inviter, email=MALLORY)).body["link"])
    assert (await accept(by_provider, token)).status == 201
    _, page = await sign_in(by_provider, provider)
    assert error_in(page) == "account_exists"


async def test_a_teachers_invitation_opens_no_account_that_waits(api: Api) -> None:
    """As when an admin makes the account at the same moment, on a database that reads committed."""
    teacher = await api.person("teacher")
    token = token_in((await invite(api, teacher)).body["link"])
    async with api.server.services.database.transaction() as tx:
        then = (await tx.execute(select(users.c.created_at))).scalar_one()
        values = {"id": new_id(), "email": ADA, "full_name": "A. L.", "role": "admin", "watch_only": False}
        waiting = {**values, "password_hash": NO_PASSWORD, "created_at": then, "updated_at": then}
        await tx.execute(insert(users).values(**waiting))
    assert (await accept(api, token)).status == 410


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "teacher"}])
async def test_invitations_end_with_the_right_to_send_them(api: Api, change: dict[str, object]) -> None:
    leaving, admin = await api.person("admin", "leaving@school.example"), await api.person("admin")
    token = token_in((await invite(api, leaving, "admin")).body["link"])
    changed = await api.call("PATCH", f"/api/v1/users/{leaving.user_id}", change, by=admin)
    assert changed.status == 200
    assert (await accept(api, token)).status == 410


async def test_invitations_of_who_was_erased_are_void(api: Api) -> None:
    leaving, admin = await api.person("admin", "leaving@school.example"), await api.person("admin")
    token = token_in((await invite(api, leaving, "admin")).body["link"])
    assert (await api.call("DELETE", f"/api/v1/users/{leaving.user_id}", by=admin)).status == 204
    assert (await accept(api, token)).status == 410


async def test_teachers_end_no_invitation_to_what_they_cannot_give(api: Api) -> None:
    admin, teacher = await api.person("admin"), await api.person("teacher")
    token = token_in((await invite(api, admin, "teacher")).body["link"])
    refused = await invite(api, teacher)
    assert (refused.status, refused.body["code"]) == (409, "invited_already")
    assert (await api.call("GET", INVITATIONS, by=teacher)).body["items"] == []
    assert (await accept(api, token)).body["user"]["role"] == "teacher"
