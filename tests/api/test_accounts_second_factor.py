"""Second factors: set up, asked for at sign-in, each code good once, backup codes, demanded by roles."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pyotp
import pytest
from argon2.low_level import Type, hash_secret_raw
from sqlalchemy import select, update

from tests.api.callers import MISSING, Endpoint, assert_statuses, everybody, of
from tests.serving import PASSWORD, UNLIMITED, Answer, Api, Person, serving
from vtp.accounts import passwords, second_factor
from vtp.accounts.backup_codes import ALPHABET, new_codes, read_code
from vtp.accounts.mail_tokens import Purpose, issue
from vtp.accounts.passwords import CODE_COST
from vtp.accounts.tables import audit_log, backup_codes, sessions, users
from vtp.accounts.totp import STEP_S, step_of
from vtp.faces import build_tables
from vtp.mail.tables import mails
from vtp.sealing import Sealer, open_sealer
from vtp.settings import AccountSettings

LOGIN, PROFILE = "/api/v1/auth/login", "/api/v1/auth/profile"
AT = "/api/v1/auth/2fa"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


STEP = int(NOW.timestamp()) // STEP_S


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes are read as at NOW, so that no step ends in the midst of a test."""
    monkeypatch.setattr(second_factor, "step_of", lambda code, secret, now: step_of(code, secret, NOW))


class App:
    """Somebody's authenticator."""

    def __init__(self, secret: str) -> None:
        self._generator = pyotp.TOTP(secret)

    def code(self, steps: int = 0) -> str:
        """The code of now, or of so many steps later."""
        return self._generator.generate_otp(STEP + steps)


async def set_up(api: Api, person: Person) -> App:
    answer = await api.call("POST", f"{AT}/setup", {"password": PASSWORD}, by=person)
    assert answer.status == 200, answer
    return App(answer.body["secret"])


async def turn_on(api: Api, person: Person) -> tuple[App, list[str]]:
    """Switches somebody's second factor on with the code before this one, so that two more are good."""
    app = await set_up(api, person)
    answer = await api.call("POST", f"{AT}/enable", {"code": app.code(-1)}, by=person)
    assert answer.status == 200, answer
    return app, answer.body["backup_codes"]


async def log_in(api: Api, person: Person, code: str | None = None, password: str = PASSWORD) -> Answer:
    wish = {"email": person.email, "password": password}
    return await api.call("POST", LOGIN, wish if code is None else {**wish, "totp": code})


async def events_of(api: Api) -> list[str]:
    async with api.server.services.database.read() as tx:
        return list((await tx.execute(select(audit_log.c.event).order_by(audit_log.c.id))).scalars())


async def test_setting_up_gives_secret_address_and_picture(api: Api) -> None:
    person = await api.person("teacher")
    answer = await api.call("POST", f"{AT}/setup", {"password": PASSWORD}, by=person)
    assert len(answer.body["secret"]) == 32
    parsed = pyotp.parse_uri(answer.body["otpauth_uri"])
    assert (parsed.secret, parsed.name, parsed.issuer) == (answer.body["secret"], person.email, "vtp")
    assert ElementTree.fromstring(answer.body["qr_svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_setting_up_needs_the_password(api: Api) -> None:
    person = await api.person("teacher")
    for body in ({}, {"password": "wrong horse"}):
        answer = await api.call("POST", f"{AT}/setup", body, by=person)
        assert (answer.status, answer.body["code"]) == (401, "wrong_password")


async def test_a_secret_set_up_and_not_enabled_changes_nothing_at_sign_in(api: Api) -> None:
    person = await api.person("teacher")
    await set_up(api, person)
    assert (await log_in(api, person)).status == 200


async def test_enabling_needs_a_right_code(api: Api) -> None:
    person = await api.person("teacher")
    early = await api.call("POST", f"{AT}/enable", {"code": "123456"}, by=person)
    assert (early.status, early.body["code"]) == (409, "second_factor_not_set_up")
    app = await set_up(api, person)
    for code in (app.code(-3), app.code(4), "abcdef", "１２３４５６"):
        answer = await api.call("POST", f"{AT}/enable", {"code": code}, by=person)
        assert (code, answer.status, answer.body["code"]) == (code, 401, "totp_wrong")
    assert (await api.call("GET", AT, by=person)).body["enabled"] is False
    assert (await api.call("POST", f"{AT}/enable", {"code": app.code()}, by=person)).status == 200


async def test_once_on_it_is_set_up_no_second_time(api: Api) -> None:
    person = await api.person("teacher")
    app, _ = await turn_on(api, person)
    again = await api.call("POST", f"{AT}/setup", {"password": PASSWORD}, by=person)
    assert (again.status, again.body["code"]) == (409, "second_factor_on")
    enabled = await api.call("POST", f"{AT}/enable", {"code": app.code()}, by=person)
    assert (enabled.status, enabled.body["code"]) == (409, "second_factor_on")


async def test_signing_in_asks_for_the_code_after_the_right_password(api: Api) -> None:
    person = await api.person("teacher")
    app, _ = await turn_on(api, person)
    without = await log_in(api, person)
    assert (without.status, without.body["code"]) == (401, "totp_required")
    assert "access_token" not in without.body and "Set-Cookie" not in without.headers
    wrong = await log_in(api, person, app.code(5))
    assert (wrong.status, wrong.body["code"]) == (401, "totp_wrong")
    guess = await log_in(api, person, app.code(), "wrong horse")
    assert (guess.status, guess.body["code"]) == (401, "wrong_credentials")
    right = await log_in(api, person, app.code())
    assert right.status == 200
    assert right.body["user"]["totp_enabled"] is True


async def test_being_asked_for_a_code_is_no_failed_sign_in_of_the_network(tmp_path: Path) -> None:
    """Or a school whose teachers all have second factors could not sign in at the same hour."""
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_address_per_minute": 3})
    async with serving(tmp_path / "data", limits=limits) as api:
        people = [await api.person("teacher", f"teacher{n}@school.example") for n in range(5)]
        apps = [(await turn_on(api, person))[0] for person in people]
        asked = [(await log_in(api, person)).body["code"] for person in people]
        assert asked == ["totp_required"] * 5
        for person, app in zip(people, apps, strict=True):
            assert (await log_in(api, person, app.code())).status == 200
        for n in range(3):
            wrong = await log_in(api, people[n], apps[n].code(5))
            assert (wrong.status, wrong.body["code"]) == (401, "totp_wrong"), "which is a failure"
        assert (await log_in(api, people[4])).status == 429


async def test_the_code_of_this_very_moment_is_good(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await api.person("teacher")
    answer = await api.call("POST", f"{AT}/setup", {"password": PASSWORD}, by=person)
    monkeypatch.undo()
    code = pyotp.TOTP(answer.body["secret"]).now()
    assert (await api.call("POST", f"{AT}/enable", {"code": code}, by=person)).status == 200


async def test_a_code_typed_with_a_space_is_taken(api: Api) -> None:
    person = await api.person("teacher")
    app, _ = await turn_on(api, person)
    code = app.code()
    assert (await log_in(api, person, f"{code[:3]} {code[3:]}")).status == 200


async def test_a_code_is_good_once(api: Api) -> None:
    person = await api.person("teacher")
    app, _ = await turn_on(api, person)
    code = app.code()
    assert (await log_in(api, person, code)).status == 200
    replayed = await log_in(api, person, code)
    assert (replayed.status, replayed.body["code"]) == (401, "totp_wrong")
    older = await log_in(api, person, app.code(-1))
    assert (older.status, older.body["code"]) == (401, "totp_wrong")
    assert (await log_in(api, person, app.code(1))).status == 200


@pytest.mark.both_databases
async def test_of_many_who_send_one_code_at_once_one_gets_in(api: Api) -> None:
    person = await api.person("teacher")
    app, codes = await turn_on(api, person)
    for code in (app.code(), codes[0]):
        answers = await asyncio.gather(*(log_in(api, person, code) for _ in range(8)))
        assert sorted(answer.status for answer in answers) == [200] + [401] * 7


async def test_backup_codes_have_fifty_bits_and_are_each_good_once_in_any_spelling(api: Api) -> None:
    person = await api.person("teacher")
    _, codes = await turn_on(api, person)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{2}", code) for code in codes)
    assert len(set(ALPHABET)) == 32
    for typed in (codes[0], codes[1].upper(), codes[2].replace("-", ""), codes[3].replace("-", " ")):
        assert (await log_in(api, person, typed)).status == 200
        again = await log_in(api, person, typed)
        assert (again.status, again.body["code"]) == (401, "totp_wrong")
    left = await api.call("GET", f"{AT}/backup-codes", by=person)
    assert left.body["left"] == 6
    assert "authn_backup_code_used" in await events_of(api)


async def test_new_backup_codes_end_the_old_ones(api: Api) -> None:
    person = await api.person("teacher")
    app, old = await turn_on(api, person)
    answer = await api.call("POST", f"{AT}/backup-codes/regenerate", {"code": app.code()}, by=person)
    assert len(answer.body["backup_codes"]) == 10
    assert (await log_in(api, person, old[0])).status == 401
    assert (await log_in(api, person, answer.body["backup_codes"][0])).status == 200


async def test_nothing_stored_tells_secret_or_codes(api: Api) -> None:
    person = await api.person("teacher")
    answer = await api.call("POST", f"{AT}/setup", {"password": PASSWORD}, by=person)
    app = App(answer.body["secret"])
    codes = (await api.call("POST", f"{AT}/enable", {"code": app.code()}, by=person)).body["backup_codes"]
    async with api.server.services.database.read() as tx:
        stored = str((await tx.execute(select(users.c.totp_secret))).all())
        kept = str((await tx.execute(select(backup_codes))).all())
        log = str((await tx.execute(select(audit_log.c.details))).all())
    assert answer.body["secret"] not in stored + log
    for code in codes:
        assert code not in kept + log and str(read_code(code)) not in kept + log


async def test_what_is_stored_of_a_code_is_a_keyed_hash_over_argon2id(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made anew here by the primitives: with OWASP's cost, a salt of the person and the set, and the key."""
    monkeypatch.setattr(passwords, "CODE_COST", CODE_COST)  # in place of that of all other tests
    person = await api.person("teacher")
    _, codes = await turn_on(api, person)
    async with api.server.services.database.read() as tx:
        rows = (await tx.execute(select(backup_codes.c.code_hash, backup_codes.c.created_at))).all()
    key = open_sealer(tmp_path / "data" / "secrets")

    def stored_of(code: str, made_at: datetime, key: Sealer) -> str:
        salt = bytes.fromhex(key.digest("backup_salt", f"{person.user_id} {int(made_at.timestamp())}"))[:16]
        slow = hash_secret_raw(
            str(read_code(code)).encode(),
            salt,
            type=Type.ID,
            time_cost=2,
            memory_cost=19456,
            parallelism=1,
            hash_len=32,
        )
        return key.digest("backup_code", slow.hex())

    assert {row.code_hash for row in rows} == {stored_of(code, rows[0].created_at, key) for code in codes}
    assert stored_of(codes[0], rows[0].created_at, Sealer(bytes(32))) not in {row.code_hash for row in rows}


async def test_switching_off_needs_password_and_code(api: Api) -> None:
    person = await api.person("teacher")
    app, codes = await turn_on(api, person)
    off = f"{AT}/disable"
    wrong = await api.call("POST", off, {"password": "wrong horse", "code": app.code()}, by=person)
    assert (wrong.status, wrong.body["code"]) == (401, "wrong_password")
    guess = await api.call("POST", off, {"password": PASSWORD, "code": app.code(5)}, by=person)
    assert (guess.status, guess.body["code"]) == (401, "totp_wrong")
    assert (await api.call("POST", off, {"password": PASSWORD, "code": app.code()}, by=person)).status == 204
    assert (await log_in(api, person)).status == 200
    assert (await api.call("GET", AT, by=person)).body == {
        "enabled": False,
        "enabled_at": None,
        "backup_codes_left": 0,
    }
    unasked = await api.call("POST", f"{AT}/verify", {"code": codes[0]}, by=person)
    assert (unasked.status, unasked.body["code"]) == (409, "second_factor_off")


async def test_verify_says_whether_a_code_is_right_and_uses_it(api: Api) -> None:
    person = await api.person("teacher")
    app, _ = await turn_on(api, person)
    code = app.code()
    assert (await api.call("POST", f"{AT}/verify", {"code": code}, by=person)).body == {"verified": True}
    assert (await api.call("POST", f"{AT}/verify", {"code": code}, by=person)).status == 401


async def test_an_admin_resets_a_lost_second_factor(api: Api) -> None:
    person, admin = await api.person("teacher"), await api.person("admin")
    await turn_on(api, person)
    path = f"/api/v1/users/{person.user_id}/reset-2fa"
    for _ in range(2):  # the second time there is nothing to reset, and nobody is told so
        assert (await api.call("POST", path, by=admin)).status == 204
    assert (await log_in(api, person)).status == 200
    assert (await events_of(api))[-2:] == ["authn_second_factor_reset", "authn_login_success"]


async def test_what_happens_is_in_the_audit_log(api: Api) -> None:
    person = await api.person("teacher")
    app, _ = await turn_on(api, person)
    await log_in(api, person, app.code(5))
    await api.call("POST", f"{AT}/disable", {"password": PASSWORD, "code": app.code()}, by=person)
    assert (await events_of(api))[-4:] == [
        "authn_second_factor_setup",
        "authn_second_factor_on",
        "authn_login_fail",
        "authn_second_factor_off",
    ]


async def test_guessing_codes_is_delayed_and_the_right_password_does_not_help(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 5})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        app, _ = await turn_on(api, person)
        answers = await asyncio.gather(*(log_in(api, person, f"{guess:06}") for guess in range(20)))
        statuses = [answer.status for answer in answers]
        assert (statuses.count(401), statuses.count(429)) == (5, 15)  # each counts once
        right = await log_in(api, person, app.code())
        assert (right.status, right.body["code"]) == (429, "account_throttled")


async def test_guessing_elsewhere_does_not_keep_a_known_device_out(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 2})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        app, _ = await turn_on(api, person)
        device = (await log_in(api, person, app.code())).body["device_token"]
        statuses = [(await log_in(api, person, app.code(9))).status for _ in range(3)]
        assert statuses == [401, 401, 429]
        wish = {"email": person.email, "password": PASSWORD, "totp": app.code(1), "device_token": device}
        assert (await api.call("POST", LOGIN, wish)).status == 200


async def test_guessing_by_a_stolen_session_is_delayed_too(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 2})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        app, _ = await turn_on(api, person)
        calls = [("verify", {}), ("backup-codes/regenerate", {}), ("disable", {"password": PASSWORD})]
        answers = [
            await api.call("POST", f"{AT}/{path}", {"code": app.code(9), **more}, by=person)
            for path, more in calls
        ]
        assert [answer.status for answer in answers] == [401, 401, 429]
        assert (await log_in(api, person, app.code())).status == 200


async def test_a_new_password_by_mail_asks_for_the_code_too(api: Api) -> None:
    person = await api.person("teacher")
    app, _ = await turn_on(api, person)
    now, ttl = datetime.now(UTC), timedelta(hours=1)
    async with api.server.services.database.transaction() as tx:
        token = await issue(tx, person.user_id, Purpose.RESET_PASSWORD, person.email, ttl=ttl, now=now)
    wish = {"token": token, "new_password": "chalk and slate 7"}
    for more, code in (({}, "totp_required"), ({"totp": app.code(5)}, "totp_wrong")):
        answer = await api.call("POST", "/api/v1/auth/reset-password", {**wish, **more})
        assert (answer.status, answer.body["code"]) == (401, code)
    right = await api.call("POST", "/api/v1/auth/reset-password", {**wish, "totp": app.code()})
    assert right.status == 200
    assert (await log_in(api, person, app.code(1), "chalk and slate 7")).status == 200


async def test_people_are_told_by_mail_what_changed(api: Api) -> None:
    person = await api.person("teacher")
    app, codes = await turn_on(api, person)
    await log_in(api, person, codes[0])
    await api.call("POST", f"{AT}/backup-codes/regenerate", {"code": app.code()}, by=person)
    await api.call("POST", f"{AT}/disable", {"password": PASSWORD, "code": app.code(1)}, by=person)
    async with api.server.services.database.read() as tx:
        sent = (await tx.execute(select(mails.c.to_address, mails.c.subject).order_by(mails.c.id))).all()
    assert {row.to_address for row in sent} == {person.email}
    assert [row.subject for row in sent] == [
        "Signing in asks for a code",
        "A backup code was used",
        "New backup codes",
        "Signing in asks for no code",
    ]


async def test_a_missing_code_neither_counts_nor_forgets(tmp_path: Path) -> None:
    """Who knows the password must not clean the slate of wrong codes by signing in halfway."""
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 3})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        app, _ = await turn_on(api, person)
        statuses = []
        for _ in range(3):
            statuses.append((await log_in(api, person, app.code(7))).status)
            statuses.append((await log_in(api, person)).status)
        assert statuses == [401, 401, 401, 401, 401, 429]


async def without_password(api: Api, person: Person) -> None:
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(users).where(users.c.id == person.user_id).values(password_hash=""))


async def test_who_has_no_password_sets_up_shortly_after_signing_in(api: Api) -> None:
    person = await api.person("teacher")
    await without_password(api, person)
    assert (await api.call("GET", PROFILE, by=person)).body["has_password"] is False
    assert (await api.call("POST", f"{AT}/setup", {}, by=person)).status == 200
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(sessions).values(created_at=datetime.now(UTC) - timedelta(minutes=11)))
    late = await api.call("POST", f"{AT}/setup", {}, by=person)
    assert (late.status, late.body["code"]) == (401, "reauth_required")


@pytest.mark.parametrize("password", ["", " ", PASSWORD])
async def test_nobody_signs_in_by_password_where_there_is_none(api: Api, password: str) -> None:
    person = await api.person("teacher")
    await without_password(api, person)
    assert (await log_in(api, person, password=password)).status in (401, 422)


async def test_a_role_that_demands_it_leads_nowhere_without(tmp_path: Path, database_url: str) -> None:
    accounts = AccountSettings(require_second_factor_for=["teacher"])
    async with serving(tmp_path / "data", database_url, accounts=accounts) as api:
        student = await api.person("student")
        await api.person("teacher")
        teacher = await api.sign_in("teacher@school.example")
        for path in ("/api/v1/rooms", "/api/v1/auth/sessions"):
            refused = await api.call("GET", path, by=teacher)
            assert (refused.status, refused.body["code"]) == (403, "second_factor_required")
        assert (await api.call("GET", "/api/v1/rooms", by=student)).status == 200
        assert (await api.call("GET", PROFILE, by=teacher)).status == 200
        principal = api.server.services.accounts.authenticator.read(teacher.access_token)
        assert principal.lacks_second_factor
        app, _ = await turn_on(api, teacher)
        assert (await api.call("GET", "/api/v1/rooms", by=teacher)).status == 200
        again = await log_in(api, teacher, app.code())
        assert (await api.call("GET", "/api/v1/rooms", by=again.body["access_token"])).status == 200


async def test_switching_it_off_takes_the_rights_of_tokens_already_made(tmp_path: Path) -> None:
    accounts = AccountSettings(require_second_factor_for=["teacher"])
    async with serving(tmp_path / "data", accounts=accounts) as api:
        teacher = await api.person("teacher")
        app, _ = await turn_on(api, teacher)
        fresh = (await log_in(api, teacher, app.code())).body["access_token"]
        assert (await api.call("GET", "/api/v1/rooms", by=fresh)).status == 200
        await api.call("POST", f"{AT}/disable", {"password": PASSWORD, "code": app.code(1)}, by=teacher)
        assert (await api.call("GET", "/api/v1/rooms", by=fresh)).status == 403


#                         nobody new stu view ass tea own adm room elsewhere
OWN = of("                401 200 200 200 200 200 200 200 403 403")
OFF = of("                401 409 409 409 409 409 409 409 403 403")
OFF_VERIFIED = of("       401 403 409 409 409 409 409 409 403 403")
VERIFIED = of("           401 403 200 200 200 200 200 200 403 403")
ENDPOINTS = [
    Endpoint("GET", AT, OWN),
    Endpoint("POST", f"{AT}/enable", OFF_VERIFIED, body={"code": "123456"}),
    Endpoint("POST", f"{AT}/verify", OFF, body={"code": "123456"}),
    Endpoint("POST", f"{AT}/disable", OFF, body={"password": PASSWORD, "code": "123456"}),
    Endpoint("GET", f"{AT}/backup-codes", OWN),
    Endpoint("POST", f"{AT}/backup-codes/regenerate", OFF, body={"code": "123456"}),
    Endpoint(
        "POST",
        f"/api/v1/users/{MISSING}/reset-2fa",
        of("401 403 403 403 403 403 403 404 403 403"),
        "/api/v1/users/{user_id}/reset-2fa",
    ),
    Endpoint("POST", f"{AT}/setup", VERIFIED, body={"password": PASSWORD}),
]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    await assert_statuses(api, ENDPOINTS, await everybody(api))


async def test_the_table_covers_every_endpoint(api: Api) -> None:
    [table] = [table for table in build_tables(api.server.services) if table.tag == "second factor"]
    declared = {(route.method, route.path) for route in table.routes}
    assert declared == {endpoint.declared for endpoint in ENDPOINTS}


def test_a_code_is_good_one_step_early_and_one_step_late() -> None:
    secret = pyotp.random_base32()
    for away, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = pyotp.TOTP(secret).generate_otp(STEP + away)
        assert step_of(code, secret, NOW) == (STEP + away if good else None)


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    """RFC 6238, appendix B, the last six of the eight digits; the secret is "12345678901234567890"."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert step_of(code, secret, datetime.fromtimestamp(at, UTC)) == at // STEP_S


def test_letters_that_look_like_digits_are_read_as_these() -> None:
    assert read_code("OIL0-abcd-ef") == "0110abcdef"
    assert [read_code(text) for text in ("", "123456", "abcd-efgh-u!", "a" * 11)] == [None] * 4
    assert all(read_code(code) for code in new_codes())
