"""What was ended since a backup does not come back with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.api.backup_material import settings_of
from tests.serving import Api, Person, serving
from tests.smtp_server import token_in
from vtp.accounts.mail_tokens import Purpose, issue
from vtp.accounts.recovery import TTL
from vtp.backup.make import make_backup
from vtp.backup.restore import restore_backup
from vtp.backup.ways_in import Ended

A = "/api/v1/auth"
INVITED = "dora@school.example"


@dataclass(frozen=True)
class WaysIn:
    """Whatever lets somebody in when the backup is made."""

    admin: Person
    ada: Person
    invitation: str
    reset: str


async def opened(api: Api) -> WaysIn:
    admin, ada = await api.person("admin"), await api.person("teacher")
    wish = {"email": INVITED, "role": "admin", "full_name": "Dora"}
    link = (await api.call("POST", "/api/v1/invitations", wish, by=admin)).body["link"]
    parts = api.server.services.accounts
    async with api.server.services.database.transaction() as tx:
        now = parts.recovery._parts.clock()
        reset = await issue(tx, ada.user_id, Purpose.RESET_PASSWORD, ada.email, ttl=TTL, now=now)
    return WaysIn(admin, ada, token_in(link), reset)


@asynccontextmanager
async def after_restore(
    api: Api, url: str, folder: Path, *, keep_sessions: bool
) -> AsyncIterator[tuple[Api, Ended | None]]:
    await make_backup(api.server.services.settings, folder / "b.vtp", media=False)
    done = await restore_backup(
        settings_of(folder / "c", url), folder / "b.vtp", force=False, keep_sessions=keep_sessions
    )
    async with serving(folder / "c", url) as restored:
        yield restored, done.ended


async def answers(api: Api, ways: WaysIn) -> dict[str, int]:
    asked = {
        "access": await api.call("GET", f"{A}/profile", by=ways.ada),
        "refresh": await api.call("POST", f"{A}/refresh", {"refresh_token": ways.ada.refresh_token}),
        "invitation": await api.call("POST", f"{A}/check-invitation", {"token": ways.invitation}),
        "reset": await api.call("POST", f"{A}/verify-reset-token", {"token": ways.reset}),
    }
    return {name: answer.status for name, answer in asked.items()}


async def test_a_restore_ends_sessions_and_links_that_may_have_been_ended_since(
    api: Api, tmp_path: Path
) -> None:
    ways, url = await opened(api), f"sqlite:///{tmp_path / 'other.sqlite3'}"
    before = await answers(api, ways)
    assert set(before.values()) == {200}
    async with after_restore(api, url, tmp_path, keep_sessions=False) as (restored, ended):
        assert ended == Ended(sessions=2, links=1, invitations=1)
        assert await answers(restored, ways) == {
            "access": 401,
            "refresh": 401,
            "invitation": 410,
            "reset": 410,
        }
        again = await restored.sign_in(ways.admin.email)
        [invitation] = (await restored.call("GET", "/api/v1/invitations", by=again)).body["items"]
        assert invitation["revoked_at"] is not None
        waiting = (await restored.call("GET", "/api/v1/mails", by=again)).body["items"]
        assert "invitation" not in {one["kind"] for one in waiting}, "its link opens nothing"


async def test_who_moves_a_database_keeps_everybody_signed_in(api: Api, tmp_path: Path) -> None:
    ways, url = await opened(api), f"sqlite:///{tmp_path / 'other.sqlite3'}"
    async with after_restore(api, url, tmp_path, keep_sessions=True) as (restored, ended):
        assert ended is None
        assert set((await answers(restored, ways)).values()) == {200}


async def test_an_access_token_of_a_session_that_no_backup_knows_ends_with_a_restore(
    api: Api, tmp_path: Path
) -> None:
    admin, url = await api.person("admin"), f"sqlite:///{tmp_path / 'other.sqlite3'}"
    await make_backup(api.server.services.settings, tmp_path / "b.vtp", media=False)
    since = await api.sign_in(admin.email)
    settings = settings_of(tmp_path / "c", url)
    for keep, status in ((True, 200), (False, 401)):
        await restore_backup(settings, tmp_path / "b.vtp", force=True, keep_sessions=keep)
        async with serving(tmp_path / "c", url) as restored:
            assert (await restored.call("GET", f"{A}/profile", by=since)).status == status
            fresh = await restored.sign_in(admin.email)
            assert (await restored.call("GET", f"{A}/profile", by=fresh)).status == 200
            noted = await restored.call("GET", "/api/v1/audit?event=sys_backup_restored", by=fresh)
            assert [one["details"]["sessions"] for one in noted.body["items"]] == ([] if keep else [1])
