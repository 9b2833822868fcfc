"""Registering, the first administrator, and approval: who may do what from when on."""

import asyncio

import pytest
from sqlalchemy import select, update

from tests.serving import FULL_WIDTH, PASSWORD, Api
from vtp.accounts.tables import audit_log, setup_tokens, users
from vtp.accounts.users import count_admins

ADA = {
    "email": "Ada@School.Example",
    "password": PASSWORD,
    "full_name": "  Ada Lovelace ",
    "phone": "+44 20 7946",
}
REGISTER = "/api/v1/auth/register"


async def test_a_new_account_is_answered_with_the_older_contracts_fields(api: Api) -> None:
    answer = await api.call("POST", REGISTER, ADA)
    assert answer.status == 201
    assert answer.body.keys() == {"user_id", "email", "full_name", "role", "message"}
    assert answer.body["email"] == "ada@school.example"
    assert answer.body["full_name"] == "Ada Lovelace"
    assert answer.body["role"] == "student"


PRIVILEGED = ["teacher", "admin", "assistant", "instructor", "ta"]


async def test_asking_for_rights_gives_a_student_who_waits(api: Api) -> None:
    for role in PRIVILEGED:
        email = f"{role}@school.example"
        answer = await api.call("POST", REGISTER, {**ADA, "email": email, "role": role})
        assert (answer.status, answer.body["role"]) == (201, "student")
        assert "approv" in answer.body["message"]
        profile = await api.call("GET", "/api/v1/auth/profile", by=await api.sign_in(email))
        assert profile.body["role"] == "student"
        assert profile.body["requested_role"] in ("teacher", "admin", "assistant")


async def test_a_viewer_registers_as_a_student_who_only_watches(api: Api) -> None:
    assert (await api.call("POST", REGISTER, {**ADA, "role": "observer"})).body["role"] == "student"
    profile = await api.call("GET", "/api/v1/auth/profile", by=await api.sign_in("ada@school.example"))
    assert profile.body["watch_only"] is True


async def test_an_address_has_one_account_whatever_its_capitals(api: Api) -> None:
    await api.call("POST", REGISTER, ADA)
    answer = await api.call("POST", REGISTER, {**ADA, "email": "ADA@school.example"})
    assert (answer.status, answer.body["code"]) == (409, "email_taken")


@pytest.mark.both_databases
async def test_of_registrations_at_once_one_makes_the_account(api: Api) -> None:
    answers = await asyncio.gather(*(api.call("POST", REGISTER, ADA) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409, 409]


async def test_a_repeated_registration_with_its_key_is_answered_again(api: Api) -> None:
    first, second = [
        await api.call("POST", REGISTER, ADA, headers={"Idempotency-Key": "one"}) for _ in range(2)
    ]
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body


MISFITS: list[tuple[dict[str, object], str]] = [
    ({"email": "ada"}, "/email"),
    ({"email": "a@b@c"}, "/email"),
    ({"email": "ada @school.example"}, "/email"),
    ({"email": "x" * 300 + "@school.example"}, "/email"),
    ({"email": "ada@school.example\nBcc: x"}, "/email"),
    ({"email": 5}, "/email"),
    ({"email": None}, "/email"),
    ({"password": "short"}, "/password"),
    ({"password": "password123"}, "/password"),
    ({"password": FULL_WIDTH}, "/password"),  # `password1` in full width, which is what is hashed
    ({"password": "x" * 5000}, "/password"),
    ({"password": ["a", "list"]}, "/password"),
    ({"full_name": ""}, "/full_name"),
    ({"full_name": "   "}, "/full_name"),
    ({"full_name": "A\nB"}, "/full_name"),
    ({"full_name": "A\u202eB"}, "/full_name"),
    ({"full_name": "x" * 201}, "/full_name"),
    ({"phone": "call me"}, "/phone"),
    ({"role": "king"}, "/role"),
    ({"role": "guest"}, "/role"),
    ({"role": {"is": "admin"}}, "/role"),
]


async def test_a_field_that_does_not_fit_is_named(api: Api) -> None:
    for change, pointer in MISFITS:
        answer = await api.call("POST", REGISTER, {**ADA, **change})
        assert (change, answer.status) == (change, 422)
        assert (change, answer.pointers) == (change, [pointer])


async def test_all_faults_are_told_at_once(api: Api) -> None:
    answer = await api.call("POST", REGISTER, {"email": "x", "phone": "x", "role": "x"})
    assert answer.status == 422
    assert set(answer.pointers) == {"/email", "/phone", "/role", "/password", "/full_name"}


ODD_BODIES = [
    (b"", 422),
    (b"{", 400),
    (b"[]", 422),
    (b"null", 422),
    (b"5", 422),
    (b"[" * 50_000, 400),
    (b"[" * 100_000, 413),
    (b"\xff\xfe", 400),
    (
        b'{"email": "a@b.c\\u0000", "password": "' + PASSWORD.encode() + b'", "full_name": "x\\u0000"}',
        422,
    ),
    (b'{"email": "\\ud800@b.c", "password": "' + PASSWORD.encode() + b'", "full_name": "\\ud800"}', 400),
    (b'{"a": "' + b"x" * 2_000_000 + b'"}', 413),
]


async def test_odd_bodies_are_refused_and_never_a_fault_of_ours(api: Api) -> None:
    for data, status in ODD_BODIES:
        answer = await api.call("POST", REGISTER, data=data)
        assert (data[:50], answer.status) == (data[:50], status)
        assert answer.body["status"] == status


async def test_names_of_all_scripts_are_kept(api: Api) -> None:
    for number, name in enumerate(["محمد", "क्षत्रिय", "李小龍", "Zoë 👩‍🏫", "می‌خواهم"]):
        wish = {"email": f"n{number}@school.example", "password": PASSWORD, "full_name": name}
        assert (await api.call("POST", REGISTER, wish)).body["full_name"] == name


async def test_the_setup_link_makes_one_admin_who_is_signed_in(api: Api) -> None:
    token = api.server.setup_token
    wish = {"token": token, "email": "root@school.example", "password": PASSWORD, "full_name": "Root"}
    answers = await asyncio.gather(
        *(api.call("POST", "/api/v1/auth/setup", {**wish, "email": f"r{n}@school.example"}) for n in range(4))
    )
    assert sorted(answer.status for answer in answers) == [201, 410, 410, 410]
    made = next(answer for answer in answers if answer.status == 201)
    listing = await api.call("GET", "/api/v1/users", by=made.body["access_token"])
    assert [user["role"] for user in listing.body["items"]] == ["admin"]


async def test_a_wrong_or_old_setup_link_is_refused(api: Api) -> None:
    wish = {"email": "root@school.example", "password": PASSWORD, "full_name": "Root"}
    assert (await api.call("POST", "/api/v1/auth/setup", {**wish, "token": "guess"})).status == 410
    database = api.server.services.database
    async with database.transaction() as tx:
        created = (await tx.execute(select(setup_tokens.c.created_at))).scalar_one()
        await tx.execute(update(setup_tokens).values(expires_at=created))
    token = api.server.setup_token
    assert (await api.call("POST", "/api/v1/auth/setup", {**wish, "token": token})).status == 410
    async with database.read() as tx:
        assert await count_admins(tx) == 0


async def test_a_weak_password_does_not_use_the_setup_link_up(api: Api) -> None:
    wish = {"token": api.server.setup_token, "email": "root@school.example", "full_name": "Root"}
    assert (await api.call("POST", "/api/v1/auth/setup", {**wish, "password": FULL_WIDTH})).status == 422
    assert (await api.call("POST", "/api/v1/auth/setup", {**wish, "password": PASSWORD})).status == 201


async def test_there_is_no_setup_link_once_there_is_an_admin(api: Api) -> None:
    await api.person("admin")
    assert await api.server.services.accounts.administration.open_setup() is None


async def test_approval_takes_hold_of_the_token_somebody_already_has(api: Api) -> None:
    admin, newcomer = await api.person("admin"), await api.newcomer(role="teacher")
    before = await api.call("GET", "/api/v1/rooms", by=newcomer)
    assert (before.status, before.body["code"]) == (403, "account_not_verified")
    approved = await api.call("PATCH", f"/api/v1/users/{newcomer.user_id}", {"approved": True}, by=admin)
    assert (approved.status, approved.body["role"], approved.body["verified"]) == (200, "teacher", True)
    assert (await api.call("GET", "/api/v1/rooms", by=newcomer)).status == 200


async def test_approving_who_asked_to_be_admin_needs_saying_so(api: Api) -> None:
    admin, newcomer = await api.person("admin"), await api.newcomer(role="admin")
    path = f"/api/v1/users/{newcomer.user_id}"
    assert (await api.call("PATCH", path, {"approved": True}, by=admin)).body["role"] == "student"
    assert (await api.call("PATCH", path, {"role": "admin"}, by=admin)).body["role"] == "admin"


async def test_losing_rights_takes_hold_at_once(api: Api) -> None:
    admin, teacher = await api.person("admin"), await api.person("teacher")
    path = f"/api/v1/users/{teacher.user_id}"
    wish = {"room_name": "Physics"}
    assert (await api.call("POST", "/api/v1/signalling/room/create", wish, by=teacher)).status == 201
    await api.call("PATCH", path, {"role": "student"}, by=admin)
    assert (await api.call("POST", "/api/v1/signalling/room/create", wish, by=teacher)).status == 403
    await api.call("PATCH", path, {"disabled": True}, by=admin)
    assert (await api.call("GET", "/api/v1/auth/profile", by=teacher)).status == 401
    refused = await api.call("POST", "/api/v1/auth/refresh", {"refresh_token": teacher.refresh_token})
    assert refused.status == 401
    login = await api.call("POST", "/api/v1/auth/login", {"email": teacher.email, "password": PASSWORD})
    assert (login.status, login.body["code"]) == (403, "account_disabled")
    await api.call("PATCH", path, {"disabled": False}, by=admin)
    await api.sign_in(teacher.email)


async def test_the_last_admin_stays(api: Api) -> None:
    admin = await api.person("admin")
    path = f"/api/v1/users/{admin.user_id}"
    for change in ({"role": "teacher"}, {"disabled": True}):
        answer = await api.call("PATCH", path, change, by=admin)
        assert (answer.status, answer.body["code"]) == (409, "last_admin")
    await api.person("admin", "second@school.example")
    assert (await api.call("PATCH", path, {"role": "teacher"}, by=admin)).status == 200


@pytest.mark.both_databases
async def test_of_two_admins_who_demote_each_other_at_once_one_stays(api: Api) -> None:
    one, other = await api.person("admin"), await api.person("admin", "second@school.example")
    answers = await asyncio.gather(
        api.call("PATCH", f"/api/v1/users/{other.user_id}", {"role": "student"}, by=one),
        api.call("PATCH", f"/api/v1/users/{one.user_id}", {"role": "student"}, by=other),
    )
    assert sorted(answer.status for answer in answers) in ([200, 403], [200, 409])
    async with api.server.services.database.read() as tx:
        assert await count_admins(tx) == 1


@pytest.mark.both_databases
async def test_accounts_are_listed_in_pages_and_searched(api: Api) -> None:
    admin = await api.person("admin")
    for number in range(5):
        await api.newcomer(f"n{number}@school.example")
    first = await api.call("GET", "/api/v1/users?limit=4", by=admin)
    assert len(first.body["items"]) == 4
    assert 'rel="next"' in first.headers["Link"]
    rest = await api.call("GET", f"/api/v1/users?limit=4&cursor={first.body['next_cursor']}", by=admin)
    assert [user["email"] for user in rest.body["items"]] == ["n3@school.example", "n4@school.example"]
    assert rest.body["next_cursor"] is None
    pending = await api.call("GET", "/api/v1/users?pending=true", by=admin)
    assert len(pending.body["items"]) == 5
    closed = pending.body["items"][0]["user_id"]
    await api.call("PATCH", f"/api/v1/users/{closed}", {"disabled": True}, by=admin)
    pending = await api.call("GET", "/api/v1/users?pending=true", by=admin)
    assert closed not in [user["user_id"] for user in pending.body["items"]]
    others = await api.call("GET", "/api/v1/users?pending=false", by=admin)
    assert closed in [user["user_id"] for user in others.body["items"]]
    found = await api.call("GET", "/api/v1/users?search=N3%40", by=admin)
    assert [user["email"] for user in found.body["items"]] == ["n3@school.example"]
    assert (await api.call("GET", "/api/v1/users?search=%25", by=admin)).body["items"] == []


ODD_QUERIES = ["cursor=x", "cursor=IjEi", "limit=0", "limit=x", "pending=maybe"]


async def test_an_odd_query_is_refused(api: Api) -> None:
    admin = await api.person("admin")
    for query in ODD_QUERIES:
        status = (await api.call("GET", f"/api/v1/users?{query}", by=admin)).status
        assert (query, status) == (query, 422)


OTHERS = [("x", 422), ("01890a5d-ac96-774b-bcce-b302099a8057", 404), ("%00", 422)]


async def test_other_accounts_are_told_apart_by_status(api: Api) -> None:
    admin = await api.person("admin")
    for user_id, status in OTHERS:
        path = f"/api/v1/users/{user_id}"
        assert (await api.call("GET", path, by=admin)).status == status
        assert (await api.call("PATCH", path, {"approved": True}, by=admin)).status == status


async def test_who_was_refused_what_is_in_the_audit_log(api: Api) -> None:
    student = await api.person("student")
    await api.call("POST", "/api/v1/signalling/room/create", {"room_name": "x"}, by=student)
    async with api.server.services.database.read() as tx:
        statement = select(audit_log).where(audit_log.c.event == "authz_fail")
        refusal = (await tx.execute(statement)).mappings().one()
    assert (refusal["actor_id"], refusal["subject"]) == (student.user_id, "/api/v1/signalling/room/create")
    assert refusal["details"]["code"] == "forbidden"


async def test_rights_and_refusals_are_in_the_audit_log_and_no_secret_is(api: Api) -> None:
    admin, newcomer = await api.person("admin"), await api.newcomer(role="teacher")
    await api.call("PATCH", f"/api/v1/users/{newcomer.user_id}", {"approved": True}, by=admin)
    await api.call("POST", "/api/v1/auth/login", {"email": newcomer.email, "password": "wrong horse"})
    async with api.server.services.database.read() as tx:
        rows = (await tx.execute(select(audit_log).order_by(audit_log.c.id))).mappings().all()
        hashes = (await tx.execute(select(users.c.password_hash))).scalars().all()
    made, *rows = rows  # the key of the first start, which nobody asked for
    assert made["event"] == "signing_key_made"
    events = [row["event"] for row in rows]
    assert events == [
        "user_created",
        "authn_login_success",
        "user_created",
        "authn_login_success",
        "privilege_permissions_changed",
        "authn_login_fail",
    ]
    change = rows[4]
    assert (change["actor_id"], change["subject"]) == (admin.user_id, f"user:{newcomer.user_id}")
    assert (change["details"]["from"]["role"], change["details"]["to"]["role"]) == ("student", "teacher")
    assert rows[5]["ip"] == "127.0.0.1"
    text = repr([dict(row) for row in rows])
    secrets = [PASSWORD, "wrong horse", newcomer.access_token, newcomer.refresh_token, *hashes]
    assert not any(secret in text for secret in secrets)
