"""The audit log as administrators read it, and how long it is kept."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import insert, select, text

from tests.serving import PASSWORD, Api, Person, serving
from vtp.accounts.audit import Event
from vtp.accounts.audit_counts import EACH
from vtp.accounts.audit_trail import AuditFilter, _page
from vtp.accounts.tables import audit_log
from vtp.db.urls import Dialect
from vtp.ids import first_id_at, new_id
from vtp.settings import OidcProvider, OidcSettings

AUDIT = "/api/v1/audit"
LONG_AGO = datetime(2020, 1, 2, tzinfo=UTC)


async def read(api: Api, by: Person, query: str = "") -> list[dict[str, Any]]:
    answer = await api.call("GET", f"{AUDIT}?{query}", by=by)
    assert answer.status == 200, answer
    return list(answer.body["items"])


async def add_entries(api: Api, at: datetime, count: int, **values: object) -> None:
    """Entries of a time gone by, a second apart."""
    rows = [
        {
            "id": first_id_at(int((at + timedelta(seconds=number)).timestamp() * 1000)),
            "at": at + timedelta(seconds=number),
            "event": "room_created",
            **values,
        }
        for number in range(count)
    ]
    async with api.server.services.database.transaction() as tx:
        await tx.execute(insert(audit_log), rows)


async def test_entries_say_who_did_what_to_whom_from_where(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    agent = {"User-Agent": "a browser\u202e", "X-Request-ID": "request-7"}
    body = {"role": "assistant"}
    await api.call("PATCH", f"/api/v1/users/{ada.user_id}", body, by=admin, headers=agent)
    entry = (await read(api, admin))[0]
    assert (entry["event"], entry["actor_id"], entry["actor_name"]) == (
        "privilege_permissions_changed", admin.user_id, "Admin",
    )  # fmt: skip
    assert (entry["subject"], entry["ip"], entry["request_id"]) == (
        f"user:{ada.user_id}", "127.0.0.1", "request-7",
    )  # fmt: skip
    assert entry["user_agent"] == "a browser?"
    assert (entry["details"]["from"]["role"], entry["details"]["to"]["role"]) == ("teacher", "assistant")


async def test_the_log_is_filtered_and_paged_newest_first(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    await add_entries(api, LONG_AGO, 5, actor_id=ada.user_id, subject="room:1")
    assert len(await read(api, admin, "event=room_created")) == 5
    assert len(await read(api, admin, f"actor_id={ada.user_id}&event=room_created")) == 5
    assert len(await read(api, admin, "subject=room:1")) == 5
    assert await read(api, admin, "subject=room:2") == []
    assert await read(api, admin, "event=" + quote("x' OR 1=1 --")) == []
    since, until = LONG_AGO + timedelta(seconds=1), LONG_AGO + timedelta(seconds=3)
    span = f"since={quote(since.isoformat())}&until={quote(until.isoformat())}"
    times = [datetime.fromisoformat(one["at"]) for one in await read(api, admin, span)]
    assert times == [since + timedelta(seconds=1), since]
    first = await api.call("GET", f"{AUDIT}?subject=room:1&limit=3", by=admin)
    second = await api.call("GET", f"{AUDIT}?subject=room:1&cursor={first.body['next_cursor']}", by=admin)
    ids = [one["id"] for page in (first, second) for one in page.body["items"]]
    assert len(ids) == 5 and ids == sorted(ids, reverse=True)
    assert second.body["next_cursor"] is None
    for query in ("actor_id=x", "since=2020-01-01T00:00:00", "until=x", "cursor=x", "limit=0"):
        assert (await api.call("GET", f"{AUDIT}?{query}", by=admin)).status == 422, query


async def test_names_of_events_are_those_that_are_written(api: Api) -> None:
    admin = await api.person("admin")
    names = (await api.call("GET", f"{AUDIT}/events", by=admin)).body["items"]
    assert names == sorted(event.value for event in Event)
    assert {one["event"] for one in await read(api, admin)} <= set(names)


async def test_the_export_is_a_csv_that_runs_nothing_and_is_itself_noted(api: Api) -> None:
    admin = await api.person("admin", "boss@school.example")
    await add_entries(api, LONG_AGO, 1, user_agent="=cmd|' /C calc'!A0", details={"reason": "logout"})
    await add_entries(api, LONG_AGO + timedelta(days=1), 1200, subject="many")
    answer = await api.call("GET", f"{AUDIT}/export?event=room_created&limit=1", by=admin)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-')
    rows = list(csv.DictReader(io.StringIO(answer.body.lstrip("\ufeff"), newline="")))
    assert len(rows) == 1201, "an export has no pages"
    assert rows[-1]["user_agent"] == "'=cmd|' /C calc'!A0"
    assert rows[-1]["details"] == '{"reason": "logout"}'
    noted = (await read(api, admin))[0]
    assert (noted["event"], noted["details"]) == ("audit_log_exported", {"event": "room_created"})
    assert (await api.call("HEAD", f"{AUDIT}/export", by=admin)).status == 200


async def test_signing_in_refusals_and_administration_are_all_in_the_log(api: Api) -> None:
    """OWASP ASVS 5.0, 16.3.1 to 16.3.3."""
    admin, ada = await api.person("admin"), await api.person("teacher")
    wish = {"email": "new@school.example", "full_name": "New"}
    made = await api.call("POST", "/api/v1/users", wish, by=admin)
    at = f"/api/v1/users/{made.body['user_id']}"
    await api.sign_in(ada.email)
    for password in ("wrong one", PASSWORD):
        await api.call("POST", "/api/v1/auth/login", {"email": "nobody@school.example", "password": password})
    await api.call("GET", "/api/v1/users", by=ada)
    await api.call("PATCH", at, {"full_name": "Newer", "disabled": True}, by=admin)
    await api.call("GET", f"{at}/export", by=admin)
    await api.call("GET", f"{AUDIT}/export", by=admin)
    csv_type = {"Content-Type": "text/csv"}
    await api.call("POST", "/api/v1/users/import", by=admin, data=b"email,name\n", headers=csv_type)
    await api.call("DELETE", f"/api/v1/users/{ada.user_id}/sessions", by=admin)
    await api.call("DELETE", at, by=admin)
    seen = {one["event"] for one in await read(api, admin, "limit=200")}
    assert seen >= {
        "signing_key_made",
        "user_created",
        "authn_login_success",
        "authn_login_fail",
        "authz_fail",
        "user_updated",
        "privilege_permissions_changed",
        "personal_data_exported",
        "audit_log_exported",
        "users_imported",
        "session_ended",
        "user_deleted",
    }
    async with api.server.services.database.read() as tx:
        stored = str((await tx.execute(select(audit_log.c.details, audit_log.c.subject))).all())
    assert "@school.example" not in stored and PASSWORD not in stored


FOREIGN = {"Sec-Fetch-Site": "cross-site"}


async def refusals(api: Api, by: Person, event: str = "authz_fail") -> list[dict[str, Any]]:
    return await read(api, by, f"event={event}&limit=200")


async def test_of_many_refusals_of_a_stranger_few_are_stored_and_the_rest_counted(api: Api) -> None:
    admin = await api.person("admin")
    for _ in range(EACH + 30):
        answer = await api.call("POST", "/api/v1/auth/login", {}, headers=FOREIGN)
        assert (answer.status, answer.body["code"]) == (403, "cross_site_request")
    assert len(await refusals(api, admin)) == EACH
    await api.server.services.accounts.audit.sum_up()
    last, *rest = await refusals(api, admin)
    assert last["details"] == {"left_out": 30} and len(rest) == EACH
    await api.server.services.accounts.audit.sum_up()
    assert len(await refusals(api, admin)) == EACH + 1, "nothing is counted twice"


async def test_what_one_account_is_refused_is_bounded_and_hides_nobody_elses(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("student")
    bob = await api.person("student", "bob@school.example")
    for _ in range(EACH + 5):
        assert (await api.call("GET", "/api/v1/users", by=ada)).status == 403
    assert (await api.call("GET", "/api/v1/users", by=bob)).status == 403
    stored = [one["actor_id"] for one in await refusals(api, admin)]
    assert (stored.count(ada.user_id), stored.count(bob.user_id)) == (EACH, 1)


async def test_answers_of_providers_that_nobody_asked_for_fill_no_log(tmp_path: Path) -> None:
    provider = OidcProvider(name="school", issuer="http://127.0.0.1:9", client_id="vtp")
    async with serving(tmp_path / "data", oidc=OidcSettings(providers=[provider])) as api:
        admin = await api.person("admin")
        for _ in range(EACH + 5):
            answer = await api.call("GET", "/api/v1/auth/oidc/school/callback?state=x")
            assert answer.status == 302
        assert len(await refusals(api, admin, "authn_login_fail")) == EACH


async def test_old_entries_go_a_little_at_a_time_and_that_is_noted(api: Api) -> None:
    admin = await api.person("admin")
    await add_entries(api, LONG_AGO, 2500)
    trail = api.server.services.accounts.trail
    assert await trail.trim(LONG_AGO + timedelta(seconds=2400)) == 2400
    assert len(await read(api, admin, "event=room_created&limit=200")) == 100
    assert (await read(api, admin))[0]["details"]["entries"] == 2400
    assert await trail.trim(LONG_AGO) == 0
    assert len(await read(api, admin, "event=audit_log_trimmed")) == 1


async def test_every_way_through_the_log_is_along_an_index(api: Api) -> None:
    """EXPLAIN of the very statements, over a log with something in it."""
    database = api.server.services.database
    async with database.transaction() as tx:
        for part in range(20):
            at = LONG_AGO + timedelta(days=part)
            rows = [
                {
                    "id": new_id(),
                    "at": at,
                    "event": f"e{n % 40}",
                    "actor_id": f"a{n % 90}",
                    "subject": f"s{n}",
                }
                for n in range(500)
            ]
            await tx.execute(insert(audit_log), rows)
        await tx.execute(text("ANALYZE"))
    since = datetime.now(UTC)
    for wanted in (
        AuditFilter(),
        AuditFilter(event="e1"),
        AuditFilter(actor_id="a1"),
        AuditFilter(subject="s1"),
        AuditFilter(since=since, until=since + timedelta(hours=1)),
    ):
        plan = await _plan(api, wanted)
        assert "audit_log USING" in plan or "on audit_log" in plan, plan
        assert (
            "SCAN audit_log" not in plan.replace("SCAN audit_log USING INDEX", "")
            and "Seq Scan on audit_log" not in plan
        )
        assert "TEMP B-TREE" not in plan, plan


async def _plan(api: Api, wanted: AuditFilter) -> str:
    database = api.server.services.database
    explain = "EXPLAIN QUERY PLAN " if database.url.dialect is Dialect.SQLITE else "EXPLAIN "
    seen: list[str] = []
    async with database.read() as tx:
        engine = tx.sync_connection

        class Spy:
            async def execute(self, statement: Any) -> Any:
                compiled = statement.compile(engine, compile_kwargs={"literal_binds": True})
                seen.extend(
                    str(row) for row in await tx.execute(text(explain + str(compiled).replace(":", "\\:")))
                )
                return []

        await _page(Spy(), wanted, 50, new_id())  # type: ignore[arg-type]
    return "\n".join(seen)
