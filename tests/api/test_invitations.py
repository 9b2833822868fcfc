"""Invitations: who may invite whom, and what a link is good for."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from tests.api.callers import MISSING, Endpoint, assert_statuses, everybody, of
from tests.serving import FULL_WIDTH, PASSWORD, Answer, Api, Person
from tests.smtp_server import Mailbox, text_of, token_in
from vtp.accounts.tables import audit_log, invitations, users
from vtp.accounts.users import NO_PASSWORD
from vtp.faces import build_tables
from vtp.ids import new_id

INVITATIONS = "/api/v1/invitations"
CHECK, ACCEPT = "/api/v1/auth/check-invitation", "/api/v1/auth/accept-invitation"
ADA = "ada@school.example"

#                   nobody new stu view ass tea own adm room elsewhere
STAFF = of("        401 403 403 403 403 200 200 200 403 403")
MISSING_ONE = of("  401 403 403 403 403 404 404 404 403 403")
UNPROCESSABLE = of("422 422 422 422 422 422 422 422 422 422")
ENDPOINTS = [
    Endpoint(
        "POST",
        INVITATIONS,
        of("401 403 403 403 403 201 201 201 403 403"),
        body={"email": ADA, "role": "assistant"},
    ),
    Endpoint("GET", INVITATIONS, STAFF),
    Endpoint("DELETE", f"{INVITATIONS}/{MISSING}", MISSING_ONE, INVITATIONS + "/{invitation_id}"),
    Endpoint("POST", f"{INVITATIONS}/{MISSING}/resend", MISSING_ONE, INVITATIONS + "/{invitation_id}/resend"),
    Endpoint("POST", CHECK, UNPROCESSABLE, body={}),
    Endpoint("POST", ACCEPT, UNPROCESSABLE, body={}),
]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    await assert_statuses(api, ENDPOINTS, await everybody(api))
    [table] = [table for table in build_tables(api.server.services) if table.tag == "invitations"]
    assert {(route.method, route.path) for route in table.routes} == {one.declared for one in ENDPOINTS}


async def invite(api: Api, by: Person, role: str = "student", email: str = ADA) -> Answer:
    return await api.call("POST", INVITATIONS, {"email": email, "role": role, "full_name": "Ada"}, by=by)


async def accept(api: Api, token: str, **changes: object) -> Answer:
    wish = {"token": token, "full_name": "Ada Lovelace", "password": PASSWORD, "phone": "030 12345"}
    return await api.call("POST", ACCEPT, wish | changes)


async def test_who_is_invited_makes_an_account_that_may_enter_at_once(mailed: Api, mailbox: Mailbox) -> None:
    teacher = await mailed.person("teacher")
    made = await invite(mailed, teacher, "assistant")
    assert (made.status, made.body["role"], made.body["link"]) == (201, "assistant", None)
    letter = text_of(await mailbox.next_to(ADA, "You are invited"))
    assert "Teacher invites you here as assistant" in letter
    token = token_in(letter)
    told = (await mailed.call("POST", CHECK, {"token": token})).body
    assert told == {"email": ADA, "full_name": "Ada", "role": "assistant", "invited_by": "Teacher"}
    weak = await accept(mailed, token, password=FULL_WIDTH)
    assert weak.status == 422
    accepted = await accept(mailed, token)
    assert accepted.status == 201
    user = accepted.body["user"]
    assert (user["email"], user["role"], user["verified"]) == (ADA, "assistant", True)
    assert (user["full_name"], user["phone"]) == ("Ada Lovelace", "030 12345")
    assert (await mailed.call("GET", "/api/v1/rooms", by=accepted.body["access_token"])).status == 200
    await mailed.sign_in(ADA)
    for path, body in ((CHECK, {"token": token}), (ACCEPT, None)):
        again = await (mailed.call("POST", path, body) if body else accept(mailed, token))
        assert (again.status, again.body["code"]) == (410, "link_used")


async def test_teachers_invite_no_teachers_and_no_admins(api: Api) -> None:
    teacher, admin = await api.person("teacher"), await api.person("admin")
    for role in ("teacher", "admin", "instructor"):
        assert (role, (await invite(api, teacher, role)).status) == (role, 403)
        assert (role, (await invite(api, admin, role)).status) == (role, 201)
    for role in ("student", "assistant", "ta", "viewer"):
        made = await invite(api, teacher, role, "grace@school.example")
        assert (role, made.status) == (role, 201)


async def test_without_smtp_the_link_is_told_to_who_invites(api: Api) -> None:
    made = await invite(api, await api.person("teacher"))
    base = f"http://localhost:{api.server.listening.http_port}/invitation#token="
    assert made.body["link"].startswith(base)
    assert (await accept(api, token_in(made.body["link"]))).status == 201


@pytest.mark.both_databases
async def test_of_two_who_accept_at_once_one_makes_the_account(api: Api) -> None:
    token = token_in((await invite(api, await api.person("admin"), "teacher")).body["link"])
    answers = await asyncio.gather(*(accept(api, token) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [201, 410, 410]


async def test_links_taken_back_sent_again_expired_or_followed_by_others_are_void(api: Api) -> None:
    admin = await api.person("admin")
    first = await invite(api, admin)
    second = await invite(api, admin)
    third = await api.call("POST", f"{INVITATIONS}/{second.body['invitation_id']}/resend", by=admin)
    for void in (first, second):
        assert (await accept(api, token_in(void.body["link"]))).status == 410
    path = f"{INVITATIONS}/{third.body['invitation_id']}"
    assert (await api.call("DELETE", path, by=admin)).status == 204
    assert (await accept(api, token_in(third.body["link"]))).status == 410
    assert (await api.call("DELETE", path, by=admin)).status == 410
    assert (await api.call("POST", f"{path}/resend", by=admin)).status == 410
    fourth = await invite(api, admin)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(invitations).values(expires_at=invitations.c.created_at))
    assert (await accept(api, token_in(fourth.body["link"]))).status == 410


async def test_teachers_see_and_take_back_their_own_invitations_only(api: Api) -> None:
    teacher, admin = await api.person("teacher"), await api.person("admin")
    mine = (await invite(api, teacher, email="one@school.example")).body["invitation_id"]
    theirs = (await invite(api, admin, email="two@school.example")).body["invitation_id"]
    seen = (await api.call("GET", INVITATIONS, by=teacher)).body["items"]
    assert [item["invitation_id"] for item in seen] == [mine]
    assert seen[0]["link"] is None
    first = (await api.call("GET", f"{INVITATIONS}?limit=1", by=admin)).body
    rest = (await api.call("GET", f"{INVITATIONS}?limit=1&cursor={first['next_cursor']}", by=admin)).body
    assert [item["invitation_id"] for item in first["items"] + rest["items"]] == [theirs, mine]
    assert (await api.call("DELETE", f"{INVITATIONS}/{theirs}", by=teacher)).status == 403
    assert (await api.call("POST", f"{INVITATIONS}/{theirs}/resend", by=teacher)).status == 403
    assert (await api.call("DELETE", f"{INVITATIONS}/{mine}", by=admin)).status == 204


async def test_an_address_with_an_account_is_not_invited(api: Api) -> None:
    admin, student = await api.person("admin"), await api.person("student")
    refused = await invite(api, admin, email=student.email)
    assert (refused.status, refused.body["code"]) == (409, "email_taken")
    token = token_in((await invite(api, admin)).body["link"])
    await api.newcomer(ADA)
    assert (await accept(api, token)).status == 409


async def test_an_account_that_waits_for_its_person_gets_its_password(api: Api) -> None:
    admin = await api.person("admin")
    async with api.server.services.database.transaction() as tx:
        then = (await tx.execute(select(users.c.created_at))).scalar_one()
        values = {"id": new_id(), "email": ADA, "full_name": "A. L.", "role": "teacher", "watch_only": False}
        waiting = {**values, "password_hash": NO_PASSWORD, "created_at": then, "updated_at": then}
        await tx.execute(insert(users).values(**waiting))
    refused = await api.call("POST", "/api/v1/auth/login", {"email": ADA, "password": "x"})
    assert refused.status == 401
    for role in ("student", "admin"):
        other = await invite(api, admin, role)
        assert (other.status, other.body["code"], other.pointers) == (409, "role_differs", ["/role"])
        assert "as teacher" in other.body["detail"]
    sent = await invite(api, admin, "teacher")
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(users).where(users.c.id == values["id"]).values(role="assistant"))
    again = await api.call("POST", f"{INVITATIONS}/{sent.body['invitation_id']}/resend", by=admin)
    assert (again.status, again.body["role"]) == (200, "assistant"), "as what the account is by now"
    listed = await api.call("GET", INVITATIONS, by=admin)
    assert [one["role"] for one in listed.body["items"]] == ["assistant"]
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(users).where(users.c.id == values["id"]).values(role="teacher"))
    token = token_in((await invite(api, admin, "teacher")).body["link"])
    looked = await api.call("POST", CHECK, {"token": token})
    assert looked.body["role"] == "teacher"
    accepted = await accept(api, token)
    assert accepted.body["user"]["user_id"] == values["id"]
    assert (accepted.body["user"]["role"], accepted.body["user"]["verified"]) == ("teacher", True)
    await api.sign_in(ADA)


async def test_a_link_says_what_the_account_that_waits_is_by_now(api: Api) -> None:
    admin = await api.person("admin")
    new = {"email": ADA, "full_name": "Ada", "role": "student"}
    made = (await api.call("POST", "/api/v1/users", new, by=admin)).body["user_id"]
    token = token_in((await invite(api, admin, "student")).body["link"])
    change = {"role": "teacher"}
    assert (await api.call("PATCH", f"/api/v1/users/{made}", change, by=admin)).status == 200
    assert (await api.call("POST", CHECK, {"token": token})).body["role"] == "teacher"
    assert (await accept(api, token)).body["user"]["role"] == "teacher"


async def test_every_withdrawal_is_in_the_audit_log(api: Api) -> None:
    """By hand, by the next invitation of the same address, and with the address of who has yet to choose a
    password."""
    admin = await api.person("admin")
    first, second = [(await invite(api, admin)).body["invitation_id"] for _ in range(2)]
    assert (await api.call("DELETE", f"{INVITATIONS}/{second}", by=admin)).status == 204
    new = {"email": "new@school.example", "full_name": "New"}
    made = (await api.call("POST", "/api/v1/users", new, by=admin)).body["user_id"]
    async with api.server.services.database.read() as tx:
        of_new = select(invitations.c.id).where(invitations.c.email == new["email"])
        third = (await tx.execute(of_new)).scalar_one()
    body = {"email": "newer@school.example"}
    assert (await api.call("PATCH", f"/api/v1/users/{made}", body, by=admin)).status == 200
    log = await api.call("GET", "/api/v1/audit?event=invitation_revoked", by=admin)
    assert [(one["subject"], one["actor_id"]) for one in reversed(log.body["items"])] == [
        (f"invitation:{one}", admin.user_id) for one in (first, second, third)
    ]


async def test_an_invitation_is_good_for_a_week_and_its_token_stored_as_a_hash(api: Api) -> None:
    made = await invite(api, await api.person("admin"))
    token = token_in(made.body["link"])
    await accept(api, token)
    async with api.server.services.database.read() as tx:
        row = (await tx.execute(select(invitations))).mappings().one()
        entries = (await tx.execute(select(audit_log).order_by(audit_log.c.id))).mappings().all()
    assert row["expires_at"] - row["created_at"] == timedelta(days=7)
    assert token not in repr(dict(row)) + repr([dict(entry) for entry in entries])
    names = [entry["event"] for entry in entries]
    assert {"invitation_created", "invitation_accepted", "user_created"} <= set(names)
