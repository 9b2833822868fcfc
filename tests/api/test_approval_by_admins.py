"""What administrators decide of who may enter, no mailbox decides in their place."""

from __future__ import annotations

from pathlib import Path

from tests.api.test_accounts_recovery import ADA, ROOMS, post
from tests.serving import PASSWORD, Api, serving
from tests.smtp_server import Mailbox, mail_settings, token_in
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


async def test_approval_that_is_taken_back_shuts_out_until_it_is_given_again(
    mailed: Api, mailbox: Mailbox
) -> None:
    """Also who had let themselves in by their address, and confirms another one."""
    admin, person = await mailed.person("admin"), await mailed.newcomer(ADA)
    token = await mailbox.token_to(ADA, "Confirm your address")
    await post(mailed, "verify-email", {"token": token})
    assert (await mailed.call("GET", ROOMS, by=person)).status == 200
    path = f"/api/v1/users/{person.user_id}"
    taken = await mailed.call("PATCH", path, {"approved": False}, by=admin)
    assert (taken.status, taken.body["verified"], taken.body["approval_withdrawn"]) == (200, False, True)
    refused = await mailed.call("GET", ROOMS, by=person)
    assert (refused.status, refused.body["code"]) == (403, "account_not_verified")
    wish: dict[str, object] = {"new_email": "other@school.example", "password": PASSWORD}
    assert (await post(mailed, "change-email", wish, person)).status == 200
    token = await mailbox.token_to("other@school.example", "Confirm your new address")
    assert (await post(mailed, "verify-email", {"token": token})).status == 200
    again = await mailed.sign_in("other@school.example")
    assert (await mailed.call("GET", ROOMS, by=again)).status == 403
    waiting = (await mailed.call("GET", "/api/v1/users?pending=true", by=admin)).body["items"]
    assert [one["user_id"] for one in waiting] == [person.user_id]
    log = await mailed.call("GET", "/api/v1/audit?event=privilege_permissions_changed", by=admin)
    assert log.body["items"][0]["details"]["to"]["approval_withdrawn"] is True
    given = await mailed.call("PATCH", path, {"approved": True}, by=admin)
    assert (given.body["verified"], given.body["approval_withdrawn"]) == (True, False)
    assert (await mailed.call("GET", ROOMS, by=again)).status == 200


async def test_an_administrator_whose_approval_is_taken_back_reads_no_list_of_others_any_more(
    api: Api,
) -> None:
    admin, other = await api.person("admin"), await api.person("admin", ADA)
    await api.call(
        "POST", "/api/v1/invitations", {"email": "new@school.example", "role": "student"}, by=admin
    )
    lists = ("/api/v1/invitations", "/api/v1/webhooks", "/api/v1/recordings?status=deleted")
    for path in lists:
        assert (await api.call("GET", path, by=other)).status == 200, path
    taken = {"approved": False}
    assert (await api.call("PATCH", f"/api/v1/users/{other.user_id}", taken, by=admin)).status == 200
    for path in lists:
        refused = await api.call("GET", path, by=other)
        assert (refused.status, refused.body["code"]) == (403, "account_not_verified"), path


async def test_an_earlier_invitation_does_not_give_back_what_was_taken(api: Api) -> None:
    admin = await api.person("admin")
    made = await api.call("POST", "/api/v1/users", {"email": ADA, "full_name": "Ada"}, by=admin)
    invited = await api.call("POST", "/api/v1/invitations", {"email": ADA, "role": "student"}, by=admin)
    path = f"/api/v1/users/{made.body['user_id']}"
    assert (await api.call("PATCH", path, {"approved": False}, by=admin)).status == 200
    said = {"token": token_in(invited.body["link"]), "full_name": "Ada", "password": PASSWORD}
    accepted = await api.call("POST", "/api/v1/auth/accept-invitation", said)
    assert (accepted.status, accepted.body["user"]["verified"]) == (201, False)
    assert (await api.call("GET", ROOMS, by=accepted.body["access_token"])).status == 403


async def test_the_last_administrator_is_not_shut_out(api: Api) -> None:
    admin, other = await api.person("admin"), await api.person("admin", ADA)
    path = f"/api/v1/users/{admin.user_id}"
    assert (
        await api.call("PATCH", f"/api/v1/users/{other.user_id}", {"approved": False}, by=admin)
    ).status == 200
    refused = await api.call("PATCH", path, {"approved": False}, by=admin)
    assert (refused.status, refused.body["code"]) == (409, "last_admin")
    assert (await api.call("PATCH", path, {"role": "teacher"}, by=admin)).status == 409
    assert (await api.call("GET", "/api/v1/users", by=admin)).status == 200
