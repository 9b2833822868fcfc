"""Addresses confirmed, passwords forgotten and changed: by real mails, which tell nobody who is here."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.api.callers import Endpoint, assert_statuses, everybody, of
from tests.serving import FULL_WIDTH, PASSWORD, UNLIMITED, Answer, Api, Person, serving
from tests.smtp_server import Mailbox, mail_settings, smtp_server, text_of, token_in
from vtp.accounts.tables import account_tokens, audit_log
from vtp.faces import build_tables
from vtp.mail.tables import mails
from vtp.settings import AccountSettings

AUTH = "/api/v1/auth"
ROOMS, PROFILE = "/api/v1/rooms", f"{AUTH}/profile"
ADA = "ada@school.example"
NEW_PASSWORD = "another long pass phrase"
BROWSER = {"Sec-Fetch-Site": "same-origin"}

UNPROCESSABLE = of("422 422 422 422 422 422 422 422 422 422")
SIGNED_IN = of("    401 422 422 422 422 422 422 422 422 422")
ENDPOINTS = [
    *(
        Endpoint("POST", f"{AUTH}/{name}", UNPROCESSABLE, body={})
        for name in (
            "verify-email",
            "resend-verification",
            "forgot-password",
            "verify-reset-token",
            "reset-password",
        )
    ),
    Endpoint("POST", f"{AUTH}/change-password", SIGNED_IN, body={}),
    Endpoint("POST", f"{AUTH}/change-email", SIGNED_IN, body={}),
]


async def post(api: Api, call: str, body: dict[str, object], by: Person | None = None) -> Answer:
    return await api.call("POST", f"{AUTH}/{call}", body, by=by)


async def reset_token(api: Api, mailbox: Mailbox, email: str) -> str:
    assert (await post(api, "forgot-password", {"email": email})).status == 200
    return await mailbox.token_to(email, "Choose a new password")


async def settled(api: Api) -> None:
    """Until what was promised to strangers is done."""
    await api.server.services.accounts.tasks.settle()


async def expire_links(api: Api) -> None:
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(account_tokens).values(expires_at=account_tokens.c.created_at))


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    people = await everybody(api)
    await assert_statuses(api, ENDPOINTS, people)
    wish = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await api.call("POST", f"{AUTH}/change-password", wish, by=people["room"])).status == 403
    wish = {"new_email": ADA, "password": PASSWORD}
    assert (await api.call("POST", f"{AUTH}/change-email", wish, by=people["room"])).status == 403
    [table] = [table for table in build_tables(api.server.services) if table.tag == "credentials"]
    assert {(route.method, route.path) for route in table.routes} == {one.declared for one in ENDPOINTS}


async def test_who_registers_enters_rooms_once_the_mailed_link_is_followed(
    mailed: Api, mailbox: Mailbox
) -> None:
    person = await mailed.newcomer(ADA)
    assert (await mailed.call("GET", ROOMS, by=person)).status == 403
    token = await mailbox.token_to(ADA, "Confirm your address")
    verified = await post(mailed, "verify-email", {"token": token})
    assert (verified.status, verified.body["email"]) == (200, ADA)
    assert (await mailed.call("GET", ROOMS, by=person)).status == 200
    again = await post(mailed, "verify-email", {"token": token})
    assert (again.status, again.body["code"]) == (410, "link_used")


async def test_a_confirmed_address_gives_no_role_that_an_admin_has_yet_to_approve(
    mailed: Api, mailbox: Mailbox
) -> None:
    person = await mailed.newcomer(ADA, role="teacher")
    await post(mailed, "verify-email", {"token": await mailbox.token_to(ADA)})
    profile = (await mailed.call("GET", PROFILE, by=person)).body
    assert (profile["role"], profile["requested_role"], profile["verified"]) == ("student", "teacher", True)


async def test_where_admins_approve_no_link_is_sent(tmp_path: Path, mailbox: Mailbox) -> None:
    settings = AccountSettings(approval="admin")
    async with serving(tmp_path / "data", accounts=settings, mail=mail_settings(mailbox)) as api:
        person = await api.newcomer(ADA)
        await post(api, "resend-verification", {"email": ADA})
        await settled(api)
        token = await reset_token(api, mailbox, ADA)
        assert mailbox.messages == []
        await post(api, "reset-password", {"token": token, "new_password": NEW_PASSWORD})
        person = await api.sign_in(ADA, NEW_PASSWORD)
        assert (await api.call("GET", ROOMS, by=person)).status == 403


async def test_links_begin_with_the_servers_own_address_whatever_the_request_says(
    tmp_path: Path, database_url: str, mailbox: Mailbox
) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    for number, public_url in enumerate(("", "https://school.example")):
        folder, settings = tmp_path / str(number), mail_settings(mailbox)
        async with serving(folder, database_url, mail=settings, public_url=public_url) as api:
            if number == 0:
                await api.newcomer(ADA)
                await mailbox.next_to(ADA)
            asked = await api.call("POST", f"{AUTH}/forgot-password", {"email": ADA}, headers=forged)
            assert asked.status == 200
            text = text_of(await mailbox.next_to(ADA))
            own = public_url or f"http://localhost:{api.server.listening.http_port}"
            assert f"\n{own}/reset#token=" in text
            assert (await api.call("GET", "/api/v1/server")).body["public_url"] == public_url
            assert "evil" not in text


async def test_links_that_expired_or_never_were_are_refused_alike(mailed: Api, mailbox: Mailbox) -> None:
    await mailed.newcomer(ADA)
    confirming, resetting = await mailbox.token_to(ADA), await reset_token(mailed, mailbox, ADA)
    wrong = {
        "verify-email": [resetting, "x", "é" * 50],
        "verify-reset-token": [confirming, "x"],
        "reset-password": [confirming, "x"],
    }
    for expired in (False, True):
        if expired:
            await expire_links(mailed)
            wrong = {call: [confirming, resetting] for call in wrong}
        for call, tokens in wrong.items():
            for token in tokens:
                answer = await post(mailed, call, {"token": token, "new_password": NEW_PASSWORD})
                assert (call, answer.status, answer.body["code"]) == (call, 410, "link_used")


async def test_asking_for_a_link_tells_nobody_whether_there_is_an_account(
    mailed: Api, mailbox: Mailbox
) -> None:
    await mailed.newcomer(ADA)
    await mailbox.next_to(ADA)
    verified = await mailed.person("student")
    for call in ("forgot-password", "resend-verification"):
        answers = [
            await post(mailed, call, {"email": email})
            for email in (ADA, "Ada@School.example ", "nobody@school.example", verified.email)
        ]
        assert {answer.status for answer in answers} == {200}
        assert len({str(answer.body) for answer in answers}) == 1
    await settled(mailed)
    async with mailed.server.services.database.read() as tx:
        sent = (await tx.execute(select(mails.c.to_address, mails.c.kind))).all()
    assert sorted(tuple(row) for row in sent) == [
        (ADA, "reset_password"),
        (ADA, "reset_password"),
        (ADA, "verify_email"),
        (ADA, "verify_email"),
        (ADA, "verify_email"),
        (verified.email, "reset_password"),
        (verified.email, "verify_email"),
    ]


async def test_links_are_asked_for_a_few_times_only_with_an_account_or_without(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(
        update={"password_resets_per_account_per_hour": 3, "verification_mails_per_address_per_minute": 1}
    )
    async with serving(tmp_path / "data", limits=limits) as api:
        await api.newcomer(ADA)
        for email in (ADA, "nobody@school.example"):
            for call, allowed in (("forgot-password", 3), ("resend-verification", 1)):
                got = [await post(api, call, {"email": email}) for _ in range(allowed + 1)]
                assert [answer.status for answer in got] == [200] * allowed + [429]
                assert int(got[-1].headers["Retry-After"]) > 30


async def test_one_network_address_asks_for_many_links_but_not_for_all(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"recoveries_per_address_per_hour": 2})
    async with serving(tmp_path / "data", limits=limits) as api:
        got = [await post(api, "forgot-password", {"email": f"n{n}@school.example"}) for n in range(3)]
        assert [answer.status for answer in got] == [200, 200, 429]


async def test_a_forgotten_password_is_chosen_anew_and_everybody_is_signed_out(
    mailed: Api, mailbox: Mailbox
) -> None:
    person = await mailed.person("teacher")
    other = await mailed.sign_in(person.email)
    token, second = [await reset_token(mailed, mailbox, person.email) for _ in range(2)]
    looked = await post(mailed, "verify-reset-token", {"token": token})
    assert looked.body == {"valid": True, "email": "t***@school.example"}
    weak = await post(mailed, "reset-password", {"token": token, "new_password": FULL_WIDTH})
    assert (weak.status, weak.pointers) == (422, ["/new_password"])
    done = await post(mailed, "reset-password", {"token": token, "new_password": NEW_PASSWORD})
    assert done.status == 200
    assert done.body.keys() == {"message"}
    for stale in (person, other):
        assert (await mailed.call("GET", PROFILE, by=stale)).status == 401
        refused = await post(mailed, "refresh", {"refresh_token": stale.refresh_token})
        assert refused.status == 401
    for used in (token, second):
        again = await post(mailed, "reset-password", {"token": used, "new_password": NEW_PASSWORD})
        assert (again.status, again.body["code"]) == (410, "link_used")
    refused = await post(mailed, "login", {"email": person.email, "password": PASSWORD})
    assert refused.status == 401
    await mailed.sign_in(person.email, NEW_PASSWORD)
    notice = text_of(await mailbox.next_to(person.email, "Your password was changed"))
    assert "/profile" in notice
    assert "#token" not in notice


@pytest.mark.both_databases
async def test_of_two_who_use_a_link_at_once_one_sets_the_password(mailed: Api, mailbox: Mailbox) -> None:
    person = await mailed.person("student")
    token = await reset_token(mailed, mailbox, person.email)
    answers = await asyncio.gather(
        *(
            post(mailed, "reset-password", {"token": token, "password": f"{NEW_PASSWORD} {n}"})
            for n in range(3)
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 410, 410]


async def test_a_closed_account_gets_no_link_and_its_links_end(mailed: Api, mailbox: Mailbox) -> None:
    admin, person = await mailed.person("admin"), await mailed.person("student")
    token = await reset_token(mailed, mailbox, person.email)
    await mailed.call("PATCH", f"/api/v1/users/{person.user_id}", {"disabled": True}, by=admin)
    answer = await post(mailed, "reset-password", {"token": token, "new_password": NEW_PASSWORD})
    assert answer.status == 410
    assert (await post(mailed, "forgot-password", {"email": person.email})).status == 200
    await settled(mailed)
    async with mailed.server.services.database.read() as tx:
        assert len((await tx.execute(select(mails.c.id))).all()) == 1


async def test_tokens_are_in_no_log_and_only_their_hashes_are_stored(
    mailed: Api, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "vtp"):
        await mailed.newcomer(ADA)
        tokens = [await mailbox.token_to(ADA), await reset_token(mailed, mailbox, ADA)]
        await post(mailed, "verify-email", {"token": tokens[0]})
        await post(mailed, "reset-password", {"token": tokens[1], "new_password": NEW_PASSWORD})
    async with mailed.server.services.database.read() as tx:
        stored = [
            repr((await tx.execute(select(table))).all()) for table in (account_tokens, audit_log, mails)
        ]
    for token in tokens:
        assert not any(token in text for text in [*stored, caplog.text])


async def test_changing_the_password_keeps_the_session_and_ends_others(mailed: Api, mailbox: Mailbox) -> None:
    person = await mailed.person("teacher")
    other = await mailed.sign_in(person.email)
    wish: dict[str, object] = {"current_password": "wrong horse", "new_password": NEW_PASSWORD}
    wrong = await post(mailed, "change-password", wish, by=person)
    assert (wrong.status, wrong.body["code"]) == (401, "wrong_password")
    wish["current_password"] = PASSWORD
    weak = await post(mailed, "change-password", {**wish, "new_password": FULL_WIDTH}, by=person)
    assert weak.pointers == ["/new_password"]
    changed = await post(mailed, "change-password", wish, by=person)
    assert (changed.status, changed.body["ended_sessions"]) == (200, 1)
    assert (await mailed.call("GET", PROFILE, by=person)).status == 200
    assert (await mailed.call("GET", PROFILE, by=other)).status == 401
    await mailbox.next_to(person.email, "Your password was changed")
    phone = await mailed.sign_in(person.email, NEW_PASSWORD)
    back = {"current_password": NEW_PASSWORD, "new_password": PASSWORD, "end_other_sessions": False}
    assert (await post(mailed, "change-password", back, by=person)).body["ended_sessions"] == 0
    assert (await mailed.call("GET", PROFILE, by=phone)).status == 200


async def test_an_address_changes_when_the_new_one_is_confirmed(mailed: Api, mailbox: Mailbox) -> None:
    person = await mailed.person("student")
    stale = await reset_token(mailed, mailbox, person.email)
    wish: dict[str, object] = {"new_email": ADA, "password": PASSWORD}
    assert (await post(mailed, "change-email", {**wish, "password": "x"}, by=person)).status == 401
    assert (await post(mailed, "change-email", wish, by=person)).status == 200
    await mailbox.next_to(person.email, "about to change")
    assert (await mailed.call("GET", PROFILE, by=person)).body["email"] == person.email
    confirmed = await post(mailed, "verify-email", {"token": await mailbox.token_to(ADA, "new address")})
    assert (confirmed.status, confirmed.body["email"]) == (200, ADA)
    await mailbox.next_to(person.email, "Your address was changed")
    assert (await mailed.call("GET", PROFILE, by=person)).body["email"] == ADA
    assert (await post(mailed, "verify-reset-token", {"token": stale})).status == 410
    await mailed.sign_in(ADA)


async def test_an_address_that_is_taken_is_answered_alike_and_gets_no_link(
    mailed: Api, mailbox: Mailbox
) -> None:
    person, other = await mailed.person("student"), await mailed.person("teacher")
    taken = await post(mailed, "change-email", {"new_email": other.email, "password": PASSWORD}, by=person)
    free = await post(mailed, "change-email", {"new_email": ADA, "password": PASSWORD}, by=person)
    assert (free.status, free.body) == (taken.status, taken.body)
    await mailed.newcomer(ADA)
    token = await mailbox.token_to(ADA, "new address")
    late = await post(mailed, "verify-email", {"token": token})
    assert (late.status, late.body["code"]) == (409, "email_taken")
    assert "#token" not in text_of(await mailbox.next_to(other.email))


async def test_without_smtp_an_admin_hands_the_link_on(api: Api) -> None:
    admin = await api.person("admin")
    await api.newcomer(ADA)
    [mail] = (await api.call("GET", "/api/v1/mails", by=admin)).body["items"]
    read = await api.call("GET", f"/api/v1/mails/{mail['mail_id']}", by=admin)
    verified = await post(api, "verify-email", {"token": token_in(read.body["body"])})
    assert verified.status == 200


async def test_without_smtp_a_new_password_by_a_link_handed_on_confirms_no_address(api: Api) -> None:
    admin, newcomer = await api.person("admin"), await api.newcomer(ADA)
    path = f"/api/v1/users/{newcomer.user_id}/send-password-reset"
    assert (await api.call("POST", path, by=admin)).status == 200
    mails = (await api.call("GET", "/api/v1/mails", by=admin)).body["items"]
    [mail] = [one for one in mails if one["kind"] == "reset_password"]
    read = await api.call("GET", f"/api/v1/mails/{mail['mail_id']}", by=admin)
    wish: dict[str, object] = {"token": token_in(read.body["body"]), "new_password": NEW_PASSWORD}
    assert (await post(api, "reset-password", wish)).status == 200
    again = await api.sign_in(ADA, NEW_PASSWORD)
    assert (await api.call("GET", "/api/v1/auth/profile", by=again)).body["verified"] is False
    assert (await api.call("GET", "/api/v1/rooms", by=again)).status == 403


async def test_links_last_as_long_as_they_say(mailed: Api, mailbox: Mailbox) -> None:
    await mailed.newcomer(ADA)
    await mailbox.next_to(ADA)
    await reset_token(mailed, mailbox, ADA)
    async with mailed.server.services.database.read() as tx:
        rows = (await tx.execute(select(account_tokens))).mappings().all()
    terms = {row["purpose"]: row["expires_at"] - row["created_at"] for row in rows}
    assert terms == {"verify_email": timedelta(hours=24), "reset_password": timedelta(minutes=60)}


async def test_what_happened_to_passwords_is_in_the_audit_log(mailed: Api, mailbox: Mailbox) -> None:
    person = await mailed.person("student")
    token = await reset_token(mailed, mailbox, person.email)
    await post(mailed, "reset-password", {"token": token, "new_password": NEW_PASSWORD})
    async with mailed.server.services.database.read() as tx:
        statement = select(audit_log).where(audit_log.c.event == "authn_password_change")
        entry = (await tx.execute(statement)).mappings().one()
    assert (entry["actor_id"], entry["details"]["by"]) == (person.user_id, "link")


async def test_a_server_that_ends_sends_what_it_promised_after_its_next_start(
    tmp_path: Path, database_url: str
) -> None:
    async with smtp_server() as gone:
        settings = mail_settings(gone)
        gone.refusal = "451 Try again later"
        async with serving(tmp_path / "data", database_url, mail=settings) as api:
            person = await api.person("student")
            await post(api, "forgot-password", {"email": person.email})
    async with (
        smtp_server() as mailbox,
        serving(tmp_path / "data", database_url, mail=mail_settings(mailbox)) as api,
    ):
        async with api.server.services.database.transaction() as tx:
            await tx.execute(update(mails).values(next_try_at=mails.c.created_at))
        api.server.services.accounts.mails.wake()
        await mailbox.token_to(person.email)
