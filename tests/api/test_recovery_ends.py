"""What a new password ends besides sessions: the ways back in that a thief has begun."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select

from tests.api.test_accounts_recovery import ADA, NEW_PASSWORD, post, reset_token
from tests.serving import PASSWORD, Api
from tests.smtp_server import Mailbox
from vtp.accounts.tables import oidc_flows

THIEF = "thief@elsewhere.example"


@pytest.mark.parametrize("way", ["reset", "change"])
async def test_a_new_password_voids_an_address_that_waits_for_its_confirmation(
    mailed: Api, mailbox: Mailbox, way: str
) -> None:
    """The unexpired email change of Sudhodanan and Paverd, Pre-hijacked Accounts (2022)."""
    person = await mailed.newcomer(ADA)  # by somebody who is not Ada
    asked = await post(mailed, "change-email", {"new_email": THIEF, "password": PASSWORD}, person)
    assert asked.status == 200
    link = await mailbox.token_to(THIEF, "Confirm your new address")
    async with mailed.server.services.database.transaction() as tx:
        flow = {"provider": "school", "nonce": "", "code_verifier": "", "return_to": "/"}
        of = {"state_hash": "s", "browser_hash": "b", "user_id": person.user_id}
        await tx.execute(insert(oidc_flows).values(**flow, **of, created_at=datetime.now(UTC)))
    if way == "reset":
        token = await reset_token(mailed, mailbox, ADA)
        done = await post(mailed, "reset-password", {"token": token, "new_password": NEW_PASSWORD})
    else:
        wish: dict[str, object] = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        done = await post(mailed, "change-password", wish, person)
    assert done.status == 200
    assert (await post(mailed, "verify-email", {"token": link})).status == 410
    await mailed.sign_in(ADA, NEW_PASSWORD)
    async with mailed.server.services.database.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(oidc_flows))).scalar_one() == 0
