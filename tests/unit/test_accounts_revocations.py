"""What other processes revoke, read from the database: all of it, once, and also after an outage."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.authenticator import Changes, Concerns
from vtp.accounts.keyring import FILE, Keyring, SigningKey, open_keyring
from vtp.accounts.keys_watch import KeysWatch
from vtp.accounts.revocations import OVERLAP, AccountRevocations, Revocations
from vtp.accounts.sessions import Sessions
from vtp.accounts.tables import audit_log
from vtp.accounts.tables import sessions as session_rows
from vtp.accounts.tables import users as user_rows
from vtp.accounts.tokens import AccessClaims, Rights, Tokens, room_claims
from vtp.accounts.users import NewUser, User, add_user, change_user
from vtp.db import Database
from vtp.db.outage import ASK_AGAIN_S, Outage
from vtp.errors import NotSignedIn, Unavailable
from vtp.http.identity import Principal, Role
from vtp.ids import first_id_at
from vtp.settings import AccountSettings

TTL = timedelta(minutes=15)


class OtherProcess:
    """One that knows only what the database says."""

    def __init__(self, database: Database) -> None:
        self.now = datetime.now(UTC)
        self.changes = Changes(TTL)
        self.told: list[Concerns] = []
        self.changes.add_listener(self.told.append)
        self.sessions = Sessions(AccountSettings(), b"k" * 32)
        self.revocations = Revocations(database, TTL, clock=lambda: self.now)
        self.tokens = Tokens(Keyring((SigningKey("key", b"k" * 32, self.now),), b"r" * 32))
        self.revocations.add_reader(AccountRevocations(self.sessions, self.changes, self.tokens).read)

    async def look_after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        await self.revocations.look()


async def person(database: Database) -> User:
    async with database.transaction() as tx:
        user = await add_user(
            tx, NewUser("a@school.example", "hash", "Ada", Role.TEACHER, approved=True), datetime.now(UTC)
        )
    assert user is not None
    return user


async def a_session(database: Database, other: OtherProcess, user: User) -> str:
    async with database.transaction() as tx:
        session, _ = await other.sessions.begin(tx, user.id, user.role, Origin(), datetime.now(UTC))
    return session.id


async def end(database: Database, session_id: str, at: datetime) -> None:
    async with database.transaction() as tx:
        ended = update(session_rows).where(session_rows.c.id == session_id)
        await tx.execute(ended.values(revoked_at=at))


def someone(user_id: str, session_id: str) -> Principal:
    return Principal(user_id, "", "Ada", Role.TEACHER, True, None, None, None, "token", session_id)


async def test_a_session_ended_elsewhere_is_told_once(database: Database) -> None:
    other = OtherProcess(database)
    session_id = await a_session(database, other, await person(database))
    await other.look_after(0)
    assert not other.changes.has_ended(session_id) and other.told == []
    await end(database, session_id, other.now)
    await other.look_after(1)
    await other.look_after(1)
    assert other.changes.has_ended(session_id)
    assert [concerns(someone("x", session_id)) for concerns in other.told] == [True]


async def test_what_becomes_visible_long_after_its_stamp_is_still_seen(database: Database) -> None:
    other = OtherProcess(database)
    session_id = await a_session(database, other, await person(database))
    await other.look_after(0)
    stamped = other.now
    await other.look_after(OVERLAP.total_seconds() - 5)
    await end(database, session_id, stamped)  # its transaction has taken so long, or its clock is late
    await other.look_after(1)
    assert other.changes.has_ended(session_id)


async def test_after_a_long_outage_readers_of_links_miss_nothing(database: Database) -> None:
    other = OtherProcess(database)
    asked: dict[str, datetime] = {}

    async def links(tx: object, since: datetime, now: datetime) -> None:
        asked["links"] = since

    async def accounts(tx: object, since: datetime, now: datetime) -> None:
        asked["accounts"] = since

    other.revocations.add_reader(links, outlasts_memory=True)
    other.revocations.add_reader(accounts)
    await other.look_after(0)
    seen = other.now
    await other.look_after(3600)
    assert asked == {"links": seen - OVERLAP, "accounts": other.now - TTL}


async def test_after_an_outage_it_reads_from_where_it_was(database: Database) -> None:
    other = OtherProcess(database)
    session_id = await a_session(database, other, await person(database))
    await other.look_after(0)
    await end(database, session_id, other.now + timedelta(seconds=1))
    await other.look_after(600)
    assert other.changes.has_ended(session_id)


@pytest.mark.parametrize(
    "changes", [{"role": "student"}, {"disabled_at": datetime.now(UTC)}, {"watch_only": True}]
)
async def test_rights_changed_elsewhere_hold_and_are_told_once(
    database: Database, changes: dict[str, object]
) -> None:
    other = OtherProcess(database)
    user = await person(database)
    await other.look_after(0)
    async with database.transaction() as tx:
        changed = await change_user(tx, user.id, changes)
    assert changed is not None
    await other.look_after(1)
    await other.look_after(1)
    assert other.changes._rights[user.id][1] == changed.rights != user.rights
    assert len(other.told) == 1


async def test_a_name_is_no_right(database: Database) -> None:
    other = OtherProcess(database)
    user = await person(database)
    async with database.transaction() as tx:
        await change_user(tx, user.id, {"full_name": "Ada L."})
    await other.look_after(1)
    assert other.told == []


async def test_who_was_erased_elsewhere_may_do_nothing(database: Database) -> None:
    other = OtherProcess(database)
    user = await person(database)
    async with database.transaction() as tx:
        await tx.execute(delete(user_rows).where(user_rows.c.id == user.id))
        await AuditLog(database).record(tx, Event.USER_DELETED, Origin(), subject=f"user:{user.id}")
    await other.look_after(1)
    assert other.changes._rights[user.id][1].disabled
    assert len(other.told) == 1


async def test_a_start_recalls_the_rights_changed_before_it(database: Database) -> None:
    """Tokens made before the change may still be about."""
    user = await person(database)
    async with database.transaction() as tx:
        await change_user(tx, user.id, {"role": "student"})
    started = OtherProcess(database)
    await started.look_after(TTL.total_seconds() - 30)
    assert started.changes._rights[user.id][1].role is Role.STUDENT


async def test_keys_renewed_by_another_process_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtp.accounts.keys_watch.LOOK_EVERY_S", 0.01)
    now = datetime.now(UTC)
    ours = Tokens(open_keyring(tmp_path, now - timedelta(days=100)))
    watch = asyncio.create_task(KeysWatch(ours, tmp_path).run())
    renewed = open_keyring(tmp_path, now, rotate=True)
    theirs = Tokens(renewed)
    claims = room_claims("room", publish=False, watch=True, full_name="", now=now, ttl=TTL)
    token = theirs.sign_room(claims, now)
    async with asyncio.timeout(20):
        while True:
            try:
                ours.read(token, now)
                break
            except NotSignedIn:
                await asyncio.sleep(0.01)  # a file is watched by looking
    (tmp_path / FILE).write_text("damaged")  # the keys in use stay
    await asyncio.sleep(0.05)
    assert not watch.done()
    ours.read(token, now)
    watch.cancel()
    await asyncio.wait([watch])


def test_while_a_database_is_away_one_asks_and_the_others_are_told() -> None:
    now_s = 100.0
    outage = Outage(lambda: now_s)
    outage.check()
    outage.begin()
    for _ in range(3):
        with pytest.raises(Unavailable, match="does not answer") as caught:
            outage.check()
        assert caught.value.retry_after_s > 0
    now_s += ASK_AGAIN_S
    outage.check()  # this one asks
    with pytest.raises(Unavailable):
        outage.check()
    outage.end()
    outage.check()
    outage.check()


def access_token(tokens: Tokens, made_at: datetime) -> str:
    """One of a session that no database knows."""
    token_id = first_id_at(int(made_at.timestamp() * 1000))
    rights = Rights(Role.TEACHER, True, False)
    claims = AccessClaims("ada", "a@school.example", "Ada", "session", rights, token_id, made_at + TTL)
    return tokens.sign_access(claims, made_at)


async def test_a_restore_ends_access_tokens_that_were_made_before_it(database: Database) -> None:
    other = OtherProcess(database)
    now = datetime.now(UTC)
    room = other.tokens.sign_room(
        room_claims("room", publish=True, watch=True, full_name="", now=now, ttl=TTL), now
    )
    before = access_token(other.tokens, other.now)
    other.tokens.read(before, now)
    await AuditLog(database).note(Event.BACKUP_RESTORED, Origin(), subject="backup")
    await other.look_after(1)
    with pytest.raises(NotSignedIn) as caught:
        other.tokens.read(before, now)
    assert caught.value.code == "session_ended"
    other.tokens.read(room, now)
    other.tokens.read(access_token(other.tokens, other.now), now)


async def test_a_restore_by_a_clock_that_was_ahead_ends_nothing_that_is_made_after_it_is_known(
    database: Database,
) -> None:
    other = OtherProcess(database)
    before = access_token(other.tokens, other.now)
    entry = {"id": first_id_at(int((other.now + TTL).timestamp() * 1000)), "at": other.now + TTL}
    entry |= {"event": "sys_backup_restored", "subject": "backup"}
    async with database.transaction() as tx:
        await tx.execute(insert(audit_log).values(entry))
    await other.look_after(0.5)
    with pytest.raises(NotSignedIn):
        other.tokens.read(before, other.now)
    after = access_token(other.tokens, other.now + timedelta(milliseconds=1))
    await other.look_after(1)
    other.tokens.read(after, other.now)
