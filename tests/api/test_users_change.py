"""Accounts as administrators make, change and list them; nobody is left without an administrator."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.serving import PASSWORD, Answer, Api, Person
from tests.smtp_server import Mailbox, text_of
from vtp.accounts.tables import audit_log, sessions, users
from vtp.mail.tables import mails

USERS = "/api/v1/users"
PROFILE = "/api/v1/auth/profile"
ADA = {"email": "Ada@School.example", "full_name": "Ada Lovelace", "role": "teacher", "phone": "+44 20 1234"}


async def change(api: Api, admin: Person, user_id: str, body: object, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.call("PATCH", f"{USERS}/{user_id}", body, by=admin, headers=sent)


async def details_of(api: Api, event: str) -> list[Any]:
    async with api.server.services.database.read() as tx:
        found = select(audit_log.c.details).where(audit_log.c.event == event).order_by(audit_log.c.id)
        return list((await tx.execute(found)).scalars())


async def test_an_account_is_made_without_a_password_and_approved(api: Api) -> None:
    admin = await api.person("admin")
    made = await api.call("POST", USERS, ADA, by=admin)
    assert made.status == 201
    assert made.headers["Location"] == f"{USERS}/{made.body['user_id']}"
    assert made.body["email"] == "ada@school.example"
    assert (made.body["role"], made.body["verified"]) == ("teacher", True)
    read = await api.call("GET", made.headers["Location"], by=admin)
    assert (read.body, read.headers["ETag"]) == (made.body, made.headers["ETag"])
    async with api.server.services.database.read() as tx:
        row = (await tx.execute(select(users).where(users.c.id == made.body["user_id"]))).one()
    assert (row.password_hash, row.approved_by) == ("", admin.user_id)
    for guess in ("", "x", PASSWORD):
        tried = {"email": "ada@school.example", "password": guess}
        assert (await api.call("POST", "/api/v1/auth/login", tried)).status in (401, 422)


async def test_an_address_has_one_account_and_a_key_makes_one(api: Api) -> None:
    admin = await api.person("admin")
    key = {"Idempotency-Key": "once"}
    first, again = [await api.call("POST", USERS, ADA, by=admin, headers=key) for _ in range(2)]
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    other = await api.call("POST", USERS, ADA, by=admin)
    assert (other.status, other.body["code"], other.pointers) == (409, "email_taken", ["/email"])


async def test_who_may_not_be_is_refused_by_field(api: Api) -> None:
    admin = await api.person("admin")
    wish = {"email": "nobody", "full_name": " ", "role": "guest", "phone": "x"}
    refused = await api.call("POST", USERS, wish, by=admin)
    assert (refused.status, sorted(refused.pointers)) == (422, ["/email", "/full_name", "/phone", "/role"])
    refused = await api.call("POST", USERS, {**ADA, "approved": True}, by=admin)
    assert refused.pointers == ["/approved"]


async def test_a_profile_is_changed_and_the_log_shows_no_whole_address(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    changes = {"full_name": "Ada King", "email": "Countess@School.example", "phone": None}
    changed = await change(api, admin, ada.user_id, changes)
    assert changed.status == 200
    assert (changed.body["full_name"], changed.body["email"]) == ("Ada King", "countess@school.example")
    assert changed.body["verified"], "an administrator who writes an address answers for it"
    assert (await api.call("GET", PROFILE, by=ada)).body["full_name"] == "Ada King"
    await api.sign_in("countess@school.example")
    (details,) = await details_of(api, "user_updated")
    assert details["fields"] == ["full_name", "email"]
    assert details["email"] == {"from": "t***@school.example", "to": "c***@school.example"}
    for name in ("full_name", "email"):
        assert (await change(api, admin, ada.user_id, {name: None})).pointers == [f"/{name}"]


async def test_who_is_told_of_what_an_administrator_did_is_to_ask_one(mailed: Api, mailbox: Mailbox) -> None:
    """A new password of theirs undoes none of it."""
    admin, ada = await mailed.person("admin"), await mailed.person("teacher")
    await change(mailed, admin, ada.user_id, {"email": "countess@school.example"})
    moved = text_of(await mailbox.next_to(ada.email, "Your address was changed"))
    async with mailed.server.services.database.transaction() as tx:
        on = {"totp_enabled_at": datetime.now(UTC), "totp_secret": "x"}
        await tx.execute(update(users).where(users.c.id == ada.user_id).values(on))
    assert (await mailed.call("POST", f"{USERS}/{ada.user_id}/reset-2fa", by=admin)).status == 204
    factor = text_of(await mailbox.next_to("countess@school.example", "asks for no code"))
    for text in (moved, factor):
        assert "An administrator has" in text and "ask an administrator why" in text
        assert "change your password" not in text and "Forgot your password" not in text


async def test_an_address_of_somebody_else_is_not_taken_over(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    refused = await change(api, admin, ada.user_id, {"email": admin.email, "full_name": "X"})
    assert (refused.status, refused.body["code"]) == (409, "email_taken")
    wishes = [change(api, admin, one.user_id, {"email": "new@school.example"}) for one in (ada, admin)]
    assert sorted(one.status for one in await asyncio.gather(*wishes)) == [200, 409]


async def test_only_the_version_that_was_seen_is_changed(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    seen = (await api.call("GET", f"{USERS}/{ada.user_id}", by=admin)).headers["ETag"]
    first = await change(api, admin, ada.user_id, {"full_name": "One"}, If_Match=seen)
    second = await change(api, admin, ada.user_id, {"full_name": "Two"}, If_Match=seen)
    assert (first.status, second.status, second.body["code"]) == (200, 412, "precondition_failed")
    third = await change(api, admin, ada.user_id, {"full_name": "Three"}, If_Match=first.headers["ETag"])
    weak = await change(api, admin, ada.user_id, {"full_name": "X"}, If_Match=f"W/{third.headers['ETag']}")
    assert (third.status, weak.status) == (200, 412)
    assert (await change(api, admin, ada.user_id, {"full_name": "Four"}, If_Match="*")).status == 200


async def test_a_change_of_role_takes_hold_with_the_next_request(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    assert (await api.call("GET", USERS, by=ada)).status == 403
    await change(api, admin, ada.user_id, {"role": "admin"})
    assert (await api.call("GET", USERS, by=ada)).status == 200
    await change(api, admin, ada.user_id, {"role": "student"})
    assert (await api.call("GET", USERS, by=ada)).status == 403
    await change(api, admin, ada.user_id, {"disabled": True})
    assert (await api.call("GET", PROFILE, by=ada)).body["code"] == "session_ended"


async def test_changing_nothing_is_no_entry_in_the_log(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    same = await change(api, admin, ada.user_id, {"full_name": "Teacher", "role": "teacher"})
    assert same.status == 200
    assert await details_of(api, "user_updated") == []


@pytest.mark.both_databases
@pytest.mark.parametrize("body", [{"role": "teacher"}, {"disabled": True}, None], ids=str)
async def test_the_last_administrator_stays_while_two_take_each_other_out(api: Api, body: object) -> None:
    one, other = await api.person("admin"), await api.person("admin", "other@school.example")
    await api.call("POST", USERS, {**ADA, "role": "admin"}, by=one)  # invited, cannot sign in yet
    method = "PATCH" if body else "DELETE"
    calls = [
        api.call(method, f"{USERS}/{whom.user_id}", body, by=by) for whom, by in ((other, one), (one, other))
    ]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status for answer in answers)[0] in (200, 204)
    assert sorted(answer.status for answer in answers)[1] in (401, 403, 409)
    left = [who for who in (one, other) if (await api.call("GET", USERS, by=who)).status == 200]
    assert len(left) == 1
    alone = await api.call(method, f"{USERS}/{left[0].user_id}", body, by=left[0])
    assert (alone.status, alone.body["code"]) == (409, "last_admin")


async def test_the_list_is_filtered_by_role_state_and_text(api: Api) -> None:
    admin = await api.person("admin")
    for role in ("teacher", "student", "viewer"):
        await api.person(role)
    gone = await api.person("student", "gone@school.example")
    await change(api, admin, gone.user_id, {"disabled": True})

    async def listed(query: str) -> list[str]:
        answer = await api.call("GET", f"{USERS}?{query}", by=admin)
        return [one["email"].partition("@")[0] for one in answer.body["items"]]

    assert await listed("role=student") == ["student", "viewer", "gone"]
    assert await listed("role=student&disabled=false") == ["student", "viewer"]
    assert await listed("disabled=true") == ["gone"]
    assert await listed("search=TEACH&pending=false") == ["teacher"]
    assert await listed("search=%25") == []
    assert (await api.call("GET", f"{USERS}?role=king", by=admin)).pointers == ["/query/role"]
    page = await api.call("GET", f"{USERS}?role=student&limit=2", by=admin)
    assert len(page.body["items"]) == 2
    rest = await api.call("GET", f"{USERS}?role=student&cursor={page.body['next_cursor']}", by=admin)
    assert [one["email"] for one in rest.body["items"]] == ["gone@school.example"]


async def test_somebodys_sessions_are_listed_and_ended_by_an_administrator(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    laptop, phone = await api.sign_in(ada.email), await api.sign_in(ada.email)
    at = f"{USERS}/{ada.user_id}/sessions"
    listed = (await api.call("GET", at, by=admin)).body["items"]
    assert len(listed) == 3 and not any(one["current"] for one in listed)
    newest = next(one for one in listed if one["session_id"] == _session_of(api, phone))
    assert (await api.call("DELETE", f"{at}/{newest['session_id']}", by=admin)).status == 204
    assert (await api.call("GET", PROFILE, by=phone)).status == 401
    assert (await api.call("GET", PROFILE, by=laptop)).status == 200
    foreign = await api.call("DELETE", f"{at}/{_session_of(api, admin)}", by=admin)
    assert foreign.status == 404
    assert (await api.call("DELETE", at, by=admin)).body == {"ended_sessions": 2}
    assert (await api.call("GET", PROFILE, by=laptop)).status == 401
    renewed = await api.call("POST", "/api/v1/auth/refresh", {"refresh_token": laptop.refresh_token})
    assert renewed.body["code"] == "session_ended"
    assert [one["reason"] for one in await details_of(api, "session_ended")] == ["ended_by_admin"] * 2


def _session_of(api: Api, person: Person) -> str:
    principal = api.server.services.accounts.authenticator.read(person.access_token)
    assert principal.session_id is not None
    return principal.session_id


async def links_to(api: Api, email: str) -> list[str]:
    """The links in mails to an address, oldest first, as an administrator reads them without SMTP."""
    services = api.server.services
    async with services.database.read() as tx:
        found = select(mails.c.body).where(mails.c.to_address == email).order_by(mails.c.id)
        bodies = list((await tx.execute(found)).scalars())
    texts = [services.accounts.mails.unseal(body) for body in bodies]
    return [link[1] for text in texts if (link := re.search(r"#token=(\S+)", text))]


async def accept(api: Api, token: str) -> Answer:
    said = {"token": token, "full_name": "Ada King", "password": PASSWORD}
    return await api.call("POST", "/api/v1/auth/accept-invitation", said)


async def test_who_was_added_gets_an_invitation_and_keeps_the_role_that_was_given_since(api: Api) -> None:
    admin = await api.person("admin")
    made = (await api.call("POST", USERS, ADA, by=admin)).body
    await change(api, admin, made["user_id"], {"role": "assistant"})
    (token,) = await links_to(api, "ada@school.example")
    accepted = await accept(api, token)
    assert accepted.status == 201
    user = accepted.body["user"]
    assert (user["user_id"], user["role"], user["full_name"]) == (made["user_id"], "assistant", "Ada King")
    assert (await accept(api, token)).status == 410
    await api.sign_in("ada@school.example")


async def test_an_invitation_moves_with_the_address(api: Api) -> None:
    admin = await api.person("admin")
    made = (await api.call("POST", USERS, ADA, by=admin)).body
    await change(api, admin, made["user_id"], {"email": "countess@school.example"})
    (old,), (new,) = [await links_to(api, f"{who}@school.example") for who in ("ada", "countess")]
    assert (await accept(api, old)).status == 410
    assert (await accept(api, new)).body["user"]["user_id"] == made["user_id"]


async def test_a_teachers_invitation_takes_over_no_account(api: Api) -> None:
    """Without SMTP the inviter is shown the link: it must not open an account above them."""
    admin, teacher = await api.person("admin"), await api.person("teacher")
    await api.call("POST", USERS, {**ADA, "role": "admin"}, by=admin)
    wish = {"email": "ada@school.example", "role": "student"}
    refused = await api.call("POST", "/api/v1/invitations", wish, by=teacher)
    assert (refused.status, refused.body["code"]) == (409, "email_taken")
    other = await api.call("POST", "/api/v1/invitations", wish, by=admin)
    assert (other.status, other.body["code"]) == (409, "role_differs")
    same = await api.call("POST", "/api/v1/invitations", {**wish, "role": "admin"}, by=admin)
    assert same.status == 201


async def test_an_administrator_has_a_link_for_a_new_password_sent(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    at = f"{USERS}/{ada.user_id}/send-password-reset"
    sent = await api.call("POST", at, by=admin)
    assert (sent.status, sent.body["message"]) == (
        200, "A link to choose a new password goes to t***@school.example.",
    )  # fmt: skip
    (token,) = await links_to(api, ada.email)
    said = {"token": token, "new_password": "quite another phrase"}
    assert (await api.call("POST", "/api/v1/auth/reset-password", said)).status == 200
    await api.sign_in(ada.email, "quite another phrase")
    assert len(await details_of(api, "password_reset_sent")) == 1
    await change(api, admin, ada.user_id, {"disabled": True})
    assert (await api.call("POST", at, by=admin)).body["code"] == "account_disabled"


async def test_who_gets_a_new_address_is_told_at_the_old_one(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    await change(api, admin, ada.user_id, {"email": "countess@school.example"})
    async with api.server.services.database.read() as tx:
        told = list(await tx.execute(select(mails.c.to_address, mails.c.kind)))
    assert told == [("teacher@school.example", "notice")]


async def test_who_becomes_an_admin_has_an_admins_sessions_from_then_on(api: Api) -> None:
    """Those that an administrator's would be over by now are over, the others end when one's would."""
    admin, ada = await api.person("admin"), await api.person("teacher")
    old, unused, fresh = [await api.sign_in(ada.email) for _ in range(3)]
    now, settings = datetime.now(UTC), api.server.services.settings.accounts
    long_ago = {"created_at": now - timedelta(seconds=settings.admin_refresh_absolute_s)}
    not_lately = {"last_seen_at": now - timedelta(seconds=settings.admin_refresh_idle_s)}
    async with api.server.services.database.transaction() as tx:
        for person, values in ((old, long_ago), (unused, not_lately)):
            wanted = sessions.c.id == await session_of(api, person)
            await tx.execute(update(sessions).where(wanted).values(**values))
    assert (await change(api, admin, ada.user_id, {"role": "admin"})).status == 200
    for person in (old, unused):
        assert (await api.call("GET", PROFILE, by=person)).body["code"] == "session_ended"
        renewed = await api.call("POST", "/api/v1/auth/refresh", {"refresh_token": person.refresh_token})
        assert renewed.status == 401
    assert (await api.call("GET", USERS, by=fresh)).status == 200
    async with api.server.services.database.read() as tx:
        found = select(sessions).where(sessions.c.id == await session_of(api, fresh))
        row = (await tx.execute(found)).one()
    assert row.expires_at == row.created_at + timedelta(seconds=settings.admin_refresh_absolute_s)
    assert row.idle_expires_at == row.last_seen_at + timedelta(seconds=settings.admin_refresh_idle_s)


async def test_a_lesser_role_lengthens_no_session(api: Api) -> None:
    admin, other = await api.person("admin"), await api.person("admin", "other@school.example")
    async with api.server.services.database.read() as tx:
        found = select(sessions).where(sessions.c.user_id == other.user_id)
        before = (await tx.execute(found)).one()
    assert (await change(api, admin, other.user_id, {"role": "teacher"})).status == 200
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(found)).one() == before


async def session_of(api: Api, person: Person) -> str:
    listed = await api.call("GET", "/api/v1/auth/sessions", by=person)
    return next(str(one["session_id"]) for one in listed.body["items"] if one["current"])
