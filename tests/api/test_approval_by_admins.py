"""Where administrators approve new accounts, no mailbox does it in their place."""

from __future__ import annotations

from pathlib import Path

from tests.api.test_accounts_recovery import ADA, ROOMS, post
from tests.serving import PASSWORD, serving
from tests.smtp_server import Mailbox, mail_settings
from vtp.settings import AccountSettings


async def test_a_change_of_address_approves_nobody(tmp_path: Path, mailbox: Mailbox) -> None:
    by_admins = AccountSettings(approval="admin")
    async with serving(tmp_path / "data", accounts=by_admins, mail=mail_settings(mailbox)) as api:
        admin, person = await api.person("admin"), await api.newcomer(ADA)
        wish: dict[str, object] = {"new_email": "other@school.example", "password": PASSWORD}
        assert (await post(api, "change-email", wish, person)).status == 200
        token = await mailbox.token_to("other@school.example", "Confirm your new address")
        assert (await post(api, "verify-email", {"token": token})).body["email"] == "other@school.example"
        assert (await api.call("GET", ROOMS, by=person)).status == 403
        assert (await api.call("GET", ROOMS, by=await api.sign_in("other@school.example"))).status == 403
        path = f"/api/v1/users/{person.user_id}"
        assert (await api.call("PATCH", path, {"approved": True}, by=admin)).status == 200
        assert (await api.call("GET", ROOMS, by=person)).status == 200
