"""Signing in, renewing, signing out: tokens, cookies, delays, and what a thief of tokens gets."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import insert, select, update

from tests.serving import PASSWORD, UNLIMITED, Answer, Api, raw_status, serving
from vtp.accounts.sessions import MOST_AT_ONCE
from vtp.accounts.tables import refresh_tokens, sessions, users
from vtp.errors import Unavailable
from vtp.ids import new_id

LOGIN, REFRESH, LOGOUT = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/logout"
PROFILE, SESSIONS = "/api/v1/auth/profile", "/api/v1/auth/sessions"
BROWSER = {"Sec-Fetch-Site": "same-origin"}


async def renew(api: Api, token: str, unused: timedelta = timedelta()) -> Answer:
    wish: dict[str, object] = {"refresh_token": token}
    if unused:
        wish["unused_s"] = int(unused.total_seconds())
    return await api.call("POST", REFRESH, wish)


async def test_signing_in_gives_what_the_older_contract_says(api: Api) -> None:
    await api.person("teacher")
    answer = await api.call("POST", LOGIN, {"email": " Teacher@School.example ", "password": PASSWORD})
    assert answer.status == 200
    assert answer.body["token_type"] == "Bearer"
    assert answer.body["expires_in"] == 900
    assert {"access_token", "refresh_token", "user"} <= answer.body.keys()
    assert {"user_id", "email", "full_name", "phone", "role"} <= answer.body["user"].keys()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


WRONG_PAIRS = [
    {"email": "teacher@school.example", "password": "wrong horse"},
    {"email": "nobody@school.example", "password": PASSWORD},
    {"email": "no address at all", "password": PASSWORD},
    {"email": "teacher@school.example' OR 1=1 --", "password": PASSWORD},
    {"email": "teacher@school.example", "password": PASSWORD + " "},
    {"email": "teacher@school.example", "password": PASSWORD.upper()},
]


async def test_every_wrong_pair_is_answered_alike(api: Api) -> None:
    await api.person("teacher")
    for wish in WRONG_PAIRS:
        answer = await api.call("POST", LOGIN, wish)
        assert (wish, answer.status, answer.body["code"]) == (wish, 401, "wrong_credentials")
        assert answer.body["detail"] == "The email address or the password is wrong."


async def test_a_weaker_hash_is_made_again_at_sign_in(tmp_path: Path, database_url: str) -> None:
    async with serving(tmp_path / "data", database_url, cheap_hashes=False) as api:
        person = await api.person("teacher")
        weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
        database = api.server.services.database
        async with database.transaction() as tx:
            await tx.execute(update(users).values(password_hash=weak))
        await api.sign_in(person.email)
        async with database.read() as tx:
            stored = (await tx.execute(select(users.c.password_hash))).scalar_one()
        assert "m=19456,t=2,p=1" in stored
        await api.sign_in(person.email)


async def test_after_five_failures_even_the_right_password_waits(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 5})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        wrong = {"email": person.email, "password": "wrong horse"}
        statuses = [(await api.call("POST", LOGIN, wrong)).status for _ in range(6)]
        assert statuses == [401] * 5 + [429]
        answer = await api.call("POST", LOGIN, {"email": person.email, "password": PASSWORD})
        assert (answer.status, answer.body["code"]) == (429, "account_throttled")
        assert 25 <= int(answer.headers["Retry-After"]) <= 30
        other = await api.person("student")
        assert other.access_token


async def test_guesses_made_at_once_do_not_get_around_the_wait(tmp_path: Path) -> None:
    """Of many guesses in flight together, the right one among them must not come through after the fifth."""
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 5})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        guesses = ["wrong horse"] * 30 + [PASSWORD]
        answers = await asyncio.gather(
            *(api.call("POST", LOGIN, {"email": person.email, "password": guess}) for guess in guesses)
        )
        statuses = [answer.status for answer in answers]
        assert statuses.count(401) == 5
        assert statuses[-1] == 429


async def test_who_renews_as_often_as_one_may_does_not_hide_that_a_token_was_stolen(tmp_path: Path) -> None:
    limits = UNLIMITED.model_copy(update={"refreshes_per_account_per_5_minutes": 3})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        thief = person.refresh_token
        for _ in range(3):
            thief = (await renew(api, thief)).body["refresh_token"]
        assert (await renew(api, thief)).status == 429
        assert (await renew(api, person.refresh_token)).body["code"] == "refresh_token_reused"
        assert (await renew(api, thief)).status == 401


async def test_many_devices_sign_in_at_once(api: Api) -> None:
    person = await api.person("teacher")
    people = await asyncio.gather(*(api.sign_in(person.email) for _ in range(12)))
    assert len({one.refresh_token for one in people}) == 12
    listing = await api.call("GET", SESSIONS, by=person)
    assert len(listing.body["items"]) == 13


async def test_renewing_gives_a_new_pair_that_works(api: Api) -> None:
    person = await api.person("teacher")
    answer = await renew(api, person.refresh_token)
    assert answer.status == 200
    assert answer.body["refresh_token"] not in (None, person.refresh_token)
    assert answer.body["expires_in"] == 900
    assert (await api.call("GET", PROFILE, by=answer.body["access_token"])).status == 200
    assert (await renew(api, answer.body["refresh_token"])).status == 200


async def test_within_the_grace_the_same_successor_is_given_again(api: Api) -> None:
    person = await api.person("teacher")
    answers = await asyncio.gather(*(renew(api, person.refresh_token) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["refresh_token"] for answer in answers}) == 1


async def test_a_token_older_than_the_parent_ends_the_session(api: Api) -> None:
    person = await api.person("teacher")
    second = (await renew(api, person.refresh_token)).body
    third = (await renew(api, second["refresh_token"])).body
    answer = await renew(api, person.refresh_token)
    assert (answer.status, answer.body["code"]) == (401, "refresh_token_reused")
    assert (await renew(api, third["refresh_token"])).status == 401
    for token in (person.access_token, second["access_token"], third["access_token"]):
        assert (await api.call("GET", PROFILE, by=token)).status == 401


async def test_after_the_grace_even_the_parent_ends_the_session(api: Api) -> None:
    person = await api.person("teacher")
    second = (await renew(api, person.refresh_token)).body
    async with api.server.services.database.transaction() as tx:
        used = (
            await tx.execute(select(refresh_tokens.c.used_at).where(refresh_tokens.c.used_at.is_not(None)))
        ).scalar_one()
        earlier = used - timedelta(seconds=11)
        await tx.execute(
            update(refresh_tokens).where(refresh_tokens.c.used_at.is_not(None)).values(used_at=earlier)
        )
    assert (await renew(api, person.refresh_token)).body["code"] == "refresh_token_reused"
    assert (await renew(api, second["refresh_token"])).body["code"] == "session_ended"


async def test_other_sessions_outlive_one_that_was_stolen(api: Api) -> None:
    person = await api.person("teacher")
    other = await api.sign_in(person.email)
    second = (await renew(api, person.refresh_token)).body
    await renew(api, second["refresh_token"])
    await renew(api, person.refresh_token)
    assert (await api.call("GET", PROFILE, by=other)).status == 200


@pytest.mark.parametrize("column", ["idle_expires_at", "expires_at"])
async def test_a_session_runs_out(api: Api, column: str) -> None:
    person = await api.person("teacher")
    async with api.server.services.database.transaction() as tx:
        began = (await tx.execute(select(sessions.c.created_at))).scalar_one()
        await tx.execute(update(sessions).values({column: began}))
    answer = await renew(api, person.refresh_token)
    assert (answer.status, answer.body["code"]) == (401, "session_ended")


async def times_of(api: Api) -> Any:
    async with api.server.services.database.read() as tx:
        return (await tx.execute(select(sessions))).one()


async def aged(api: Api, age: timedelta) -> None:
    """Puts all that is known of the one session so far back."""
    row = await times_of(api)
    columns = ("created_at", "last_seen_at", "idle_expires_at", "expires_at")
    earlier = {column: getattr(row, column) - age for column in columns}
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(sessions).values(earlier))


async def test_an_admins_session_ends_though_a_page_renews_it_that_nobody_uses(api: Api) -> None:
    person = await api.person("admin")
    token, step = person.refresh_token, timedelta(minutes=12)
    for unused in (step, 2 * step):
        await aged(api, step)
        answer = await renew(api, token, unused)
        assert answer.status == 200
        left_s = (timedelta(minutes=30) - unused).total_seconds()
        assert left_s - 60 < answer.body["session_ends_in"] <= left_s
        assert answer.body["expires_in"] == min(900, answer.body["session_ends_in"]), "no token outlives it"
        token = answer.body["refresh_token"]
    await aged(api, step)
    answer = await renew(api, token, 3 * step)
    assert (answer.status, answer.body["code"]) == (401, "session_ended")


async def test_use_that_one_page_tells_of_counts_whatever_others_say(api: Api) -> None:
    person = await api.person("admin")
    await aged(api, timedelta(minutes=25))
    used = await renew(api, person.refresh_token)
    seen_at = (await times_of(api)).last_seen_at
    idle = await renew(api, used.body["refresh_token"], timedelta(minutes=25))
    assert idle.body["session_ends_in"] > 29 * 60
    row = await times_of(api)
    assert row.last_seen_at == seen_at, "when it was used, and not when it was renewed"
    assert row.idle_expires_at == seen_at + timedelta(minutes=30)
    await aged(api, timedelta(minutes=29))
    assert (await renew(api, idle.body["refresh_token"], timedelta(minutes=1))).body["session_ends_in"] > 1600


async def test_use_that_is_told_with_a_renewal_made_again_counts(api: Api) -> None:
    person = await api.person("admin")
    await aged(api, timedelta(minutes=29))
    first = await renew(api, person.refresh_token, timedelta(minutes=29))
    assert first.body["session_ends_in"] <= 60
    again = await renew(api, person.refresh_token)
    assert (again.status, again.body["refresh_token"]) == (200, first.body["refresh_token"])
    assert again.body["session_ends_in"] > 29 * 60
    row = await times_of(api)
    assert row.idle_expires_at == row.last_seen_at + timedelta(minutes=30)
    later = await renew(api, person.refresh_token, timedelta(minutes=29))
    assert later.body["session_ends_in"] > 29 * 60, "what was told stays told"


async def test_a_term_that_was_made_shorter_ends_what_nobody_has_used_for_so_long(api: Api) -> None:
    person = await api.person("admin")
    async with api.server.services.database.transaction() as tx:
        reckoned = (await tx.execute(select(sessions.c.idle_expires_at))).scalar_one()
        await tx.execute(update(sessions).values(idle_expires_at=reckoned + timedelta(hours=3)))
    await aged(api, timedelta(hours=1))
    answer = await renew(api, person.refresh_token, timedelta(hours=1))
    assert (answer.status, answer.body["code"]) == (401, "session_ended")
    assert (await renew(api, person.refresh_token)).status == 401


async def test_a_page_is_told_when_its_session_ends_however_it_is_used(api: Api) -> None:
    person = await api.person("admin")
    await aged(api, timedelta(minutes=20))
    wish = {"unused_s": 20 * 60}
    cookie = {"Cookie": f"vtp_refresh={person.refresh_token}"}
    answer = await api.call("POST", REFRESH, wish, headers=BROWSER | cookie)
    left_s = 12 * 3600 - 20 * 60
    assert left_s - 60 < answer.body["session_lasts"] <= left_s
    assert f"Max-Age={answer.body['session_lasts']}" in answer.headers["Set-Cookie"]


async def test_others_are_signed_in_for_two_weeks_without_use(api: Api) -> None:
    person = await api.person("teacher")
    await aged(api, timedelta(days=13))
    renewed = await renew(api, person.refresh_token, timedelta(days=13))
    assert (renewed.status, renewed.body["expires_in"]) == (200, 900)
    await aged(api, timedelta(days=1, hours=1))
    ended = await renew(api, renewed.body["refresh_token"], timedelta(days=14, hours=1))
    assert (ended.status, ended.body["code"]) == (401, "session_ended")


async def test_a_time_without_use_that_cannot_be_is_refused(api: Api) -> None:
    person = await api.person("admin")
    for unused_s in (-1, 10**9, "1", 0.5, True):
        wish = {"refresh_token": person.refresh_token, "unused_s": unused_s}
        answer = await api.call("POST", "/api/v1/auth/refresh", wish)
        assert (answer.status, answer.pointers) == (422, ["/unused_s"])


async def test_renewing_never_extends_the_end_of_a_session(api: Api) -> None:
    person = await api.person("admin")
    database = api.server.services.database
    async with database.read() as tx:
        before = (await tx.execute(select(sessions.c.expires_at, sessions.c.created_at))).one()
    await renew(api, person.refresh_token)
    async with database.read() as tx:
        after = (await tx.execute(select(sessions.c.expires_at))).scalar_one()
    assert after == before.expires_at == before.created_at + timedelta(hours=12)


UNKNOWN_TOKENS = ["x", "é" * 100, "' OR 1=1 --", "x" * 512]


async def test_a_page_asks_whether_there_is_a_session_and_none_is_no_error(api: Api) -> None:
    asked = await api.call("POST", "/api/v1/auth/refresh", {"if_any": True})
    assert (asked.status, asked.body) == (204, "")
    plain = await api.call("POST", "/api/v1/auth/refresh", {})
    assert (plain.status, plain.body["code"]) == (401, "no_refresh_token")
    wrong = await api.call("POST", "/api/v1/auth/refresh", {"if_any": True, "refresh_token": "none such"})
    assert wrong.status == 401


async def test_an_unknown_refresh_token_is_refused(api: Api) -> None:
    for token in UNKNOWN_TOKENS:
        assert (token, (await renew(api, token)).status) == (token, 401)


async def test_only_hashes_of_refresh_tokens_are_stored(api: Api) -> None:
    person = await api.person("teacher")
    second = (await renew(api, person.refresh_token)).body["refresh_token"]
    async with api.server.services.database.read() as tx:
        rows = (await tx.execute(select(refresh_tokens))).all()
    assert len(rows) == 2
    assert person.refresh_token not in repr(rows)
    assert second not in repr(rows)


async def test_signing_out_ends_the_session_at_once(api: Api) -> None:
    person = await api.person("teacher")
    assert (await api.call("POST", LOGOUT, by=person)).status == 200
    assert (await api.call("GET", PROFILE, by=person)).status == 401
    assert (await renew(api, person.refresh_token)).status == 401
    assert (await api.call("POST", LOGOUT, by=person)).status == 200


async def test_signing_out_by_refresh_token_works_when_the_access_token_has_expired(api: Api) -> None:
    person = await api.person("teacher")
    await api.call("POST", LOGOUT, {"refresh_token": person.refresh_token})
    assert (await api.call("GET", PROFILE, by=person)).status == 401


async def test_sessions_that_are_long_over_are_deleted_while_the_server_runs(api: Api) -> None:
    person = await api.person("teacher")
    kept = await api.sign_in(person.email)
    await api.call("POST", LOGOUT, by=person)
    services = api.server.services
    async with services.database.transaction() as tx:
        ended = sessions.c.revoked_at.is_not(None)
        when = (await tx.execute(select(sessions.c.revoked_at).where(ended))).scalar_one()
        await tx.execute(update(sessions).where(ended).values(revoked_at=when - timedelta(days=8)))
    await services.personal.upkeep.once()
    async with services.database.read() as tx:
        assert len((await tx.execute(select(sessions.c.id))).all()) == 1
        assert len((await tx.execute(select(refresh_tokens.c.token_hash))).all()) == 1
    assert (await api.call("GET", PROFILE, by=kept)).status == 200


async def test_one_part_of_upkeep_that_fails_keeps_no_other_from_its_work(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep, came = api.server.services.personal.upkeep, []
    purge = upkeep._erasure.purge

    async def fails() -> None:
        raise ZeroDivisionError

    async def is_away() -> None:
        raise Unavailable("The database does not answer.")

    async def works() -> None:
        came.append("trim")

    async def purges() -> int:
        came.append("purge")
        return await purge()

    monkeypatch.setattr(upkeep._erasure, "purge", purges)
    upkeep._trims = (fails, is_away, works)
    with pytest.raises(Unavailable):
        await upkeep.once()
    assert came == ["trim", "purge"]
    upkeep._trims = (fails, works)
    await upkeep.once()
    assert came == ["trim", "purge"] * 2


async def test_a_restart_remembers_who_was_signed_out(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        person, other = await api.person("teacher"), await api.person("student")
        await api.call("POST", LOGOUT, by=person)
    async with serving(tmp_path / "data") as api:
        assert (await api.call("GET", PROFILE, by=person)).status == 401
        assert (await api.call("GET", PROFILE, by=other)).status == 200


async def test_a_browser_gets_a_cookie_that_scripts_cannot_read(api: Api) -> None:
    await api.person("teacher")
    wish = {"email": "teacher@school.example", "password": PASSWORD, "cookie": True}
    answer = await api.call("POST", LOGIN, wish, headers=BROWSER)
    assert answer.body["refresh_token"] is None
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("vtp_refresh=")
    assert {"Path=/api/v1/auth", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


async def test_behind_tls_the_cookie_is_secure(tmp_path: Path) -> None:
    proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    async with serving(tmp_path / "data", trusted_proxies=["127.0.0.1/32"]) as api:
        await api.person("teacher")
        wish = {"email": "teacher@school.example", "password": PASSWORD, "cookie": True}
        cookie = (await api.call("POST", LOGIN, wish, headers=BROWSER | proxy)).headers["Set-Cookie"]
        assert cookie.startswith("__Host-vtp_refresh=")
        assert {"Secure", "Path=/", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        token = cookie.partition("=")[2].partition(";")[0]
        plain = {"Cookie": f"vtp_refresh={token}"}
        assert (await api.call("POST", REFRESH, headers=BROWSER | proxy | plain)).status == 401
        secure = {"Cookie": f"__Host-vtp_refresh={token}"}
        assert (await api.call("POST", REFRESH, headers=BROWSER | proxy | secure)).status == 200


async def cookie_of(api: Api) -> dict[str, str]:
    await api.person("teacher")
    wish = {"email": "teacher@school.example", "password": PASSWORD, "cookie": True}
    answer = await api.call("POST", LOGIN, wish, headers=BROWSER)
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


async def test_the_cookie_renews_and_signs_out(api: Api) -> None:
    cookie = await cookie_of(api)
    renewed = await api.call("POST", REFRESH, headers=BROWSER | cookie)
    assert renewed.status == 200
    assert renewed.body["refresh_token"] is None
    cookie = {"Cookie": renewed.headers["Set-Cookie"].partition(";")[0]}
    token = renewed.body["access_token"]
    assert (await api.call("GET", PROFILE, by=token)).status == 200
    answer = await api.call("POST", LOGOUT, headers=BROWSER | cookie)
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert (await api.call("GET", PROFILE, by=token)).status == 401


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {},
]


async def test_a_foreign_page_cannot_use_the_cookie(api: Api) -> None:
    cookie = await cookie_of(api)
    for headers in FOREIGN:
        assert (await api.call("POST", REFRESH, headers=headers | cookie)).status == 403
        assert (await api.call("POST", LOGOUT, headers=headers | cookie)).status == 403
    assert (await api.call("POST", REFRESH, headers=BROWSER | cookie)).status == 200


async def test_a_cookie_alone_opens_nothing_else(api: Api) -> None:
    cookie = await cookie_of(api)
    assert (await api.call("GET", PROFILE, headers=BROWSER | cookie)).status == 401


async def test_sessions_are_listed_and_ended_one_by_one(api: Api) -> None:
    person = await api.person("teacher")
    phone = await api.sign_in(person.email)
    listing = (await api.call("GET", SESSIONS, by=person)).body["items"]
    assert [item["current"] for item in listing].count(True) == 1
    others = [item for item in listing if not item["current"]]
    assert len(others) == 1
    path = f"{SESSIONS}/{others[0]['session_id']}"
    assert (await api.call("DELETE", path, by=person)).status == 204
    assert (await api.call("GET", PROFILE, by=phone)).status == 401
    assert len((await api.call("GET", SESSIONS, by=person)).body["items"]) == 1


async def test_nobody_ends_another_ones_session(api: Api) -> None:
    teacher, student = await api.person("teacher"), await api.person("student")
    listing = (await api.call("GET", SESSIONS, by=teacher)).body["items"]
    path = f"{SESSIONS}/{listing[0]['session_id']}"
    assert (await api.call("DELETE", path, by=student)).status == 403
    assert (await api.call("DELETE", f"{SESSIONS}/nonsense", by=student)).status == 422
    missing = f"{SESSIONS}/01890a5d-ac96-774b-bcce-b302099a8057"
    assert (await api.call("DELETE", missing, by=student)).status == 404
    assert (await api.call("GET", PROFILE, by=teacher)).status == 200


async def test_people_change_their_name_and_nothing_of_their_rights(api: Api) -> None:
    person = await api.person("student")
    answer = await api.call("PATCH", PROFILE, {"full_name": "Ada King", "phone": "030 12345"}, by=person)
    assert (answer.body["full_name"], answer.body["phone"]) == ("Ada King", "030 12345")
    assert (await api.call("PATCH", PROFILE, {"phone": None}, by=person)).body["phone"] is None
    assert (await api.call("PATCH", PROFILE, {}, by=person)).body["full_name"] == "Ada King"
    for change in ({"role": "admin"}, {"email": "x@y.z"}, {"full_name": None}, {"full_name": ""}):
        assert (await api.call("PATCH", PROFILE, change, by=person)).status == 422


ODD_HEADERS = ["Bearer", "Bearer ", "Basic YTpi", "Bearer x", "Bearer a.b.c", "bearer " + "x" * 5000]


async def test_an_odd_authorization_header_is_not_signed_in(api: Api) -> None:
    for header in ODD_HEADERS:
        answer = await api.call("GET", PROFILE, headers={"Authorization": header})
        assert (header, answer.status) == (header, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_bytes_in_place_of_a_token_are_a_token_that_nobody_has(api: Api) -> None:
    cookie = b"Sec-Fetch-Site: same-origin\r\nCookie: vtp_refresh=\xff\xfe\r\nContent-Length: 0"
    assert await raw_status(api, f"POST {REFRESH}", cookie) == 401
    assert await raw_status(api, f"POST {LOGOUT}", cookie) == 200
    assert await raw_status(api, f"GET {PROFILE}", b"Authorization: Bearer \xff.\xfe.\xfd") == 401


async def test_signing_in_beyond_a_hundred_devices_ends_the_oldest_and_tells_it(api: Api) -> None:
    ada, admin = await api.person("student"), await api.person("admin")
    services = api.server.services
    async with services.database.transaction() as tx:
        own = (await tx.execute(select(sessions).where(sessions.c.user_id == ada.user_id))).mappings().one()
        more = [{**own, "id": new_id()} for _ in range(MOST_AT_ONCE - 1)]
        await tx.execute(insert(sessions), more)
    assert (await api.call("GET", PROFILE, by=ada)).status == 200
    signed_in = await api.call("POST", LOGIN, {"email": ada.email, "password": PASSWORD})
    assert signed_in.status == 200
    assert (await api.call("GET", PROFILE, by=ada)).status == 401, "hers was the oldest"
    newest = replace(ada, access_token=signed_in.body["access_token"])
    first = (await api.call("GET", f"{SESSIONS}?limit=60", by=newest)).body
    rest = (await api.call("GET", f"{SESSIONS}?limit=60&cursor={first['next_cursor']}", by=newest)).body
    shown = [one["session_id"] for one in (*first["items"], *rest["items"])]
    assert rest["next_cursor"] is None
    assert len(shown) == len(set(shown)) == MOST_AT_ONCE and own["id"] not in shown
    log = await api.call("GET", "/api/v1/audit?event=session_ended", by=admin)
    [ended] = log.body["items"]
    assert ended["subject"] == f"session:{own['id']}" and ended["details"]["reason"] == "too_many"
