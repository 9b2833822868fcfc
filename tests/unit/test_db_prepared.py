"""Prepared statements: what they answer and what becomes of faults, on both databases."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Integer, bindparam, func, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.statements import hearing
from vtp.accounts.tables import audit_log
from vtp.db import Database
from vtp.db.carried import carrying
from vtp.db.keyed import added_rows, change_of_rows, locked_rows
from vtp.db.prepared import Prepared, change_at_once, together, write
from vtp.db.tables import idempotency_keys
from vtp.db.urls import Dialect
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.recording.tables import recordings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_c = idempotency_keys.c
NAMES = ("key", "principal", "route", "body_hash", "created_at", "headers")
ADD = Prepared(insert(idempotency_keys), NAMES)
STATEMENT = (
    select(_c.key, _c.created_at, _c.headers, func.count().over())
    .where(_c.route.in_(("r", "s")), _c.created_at >= bindparam("since"), _c.principal != "nobody")
    .order_by(_c.key)
    .limit(bindparam("most", type_=Integer()))
)
FIND = Prepared(STATEMENT)


def row(key: str, **more: Any) -> dict[str, Any]:
    made = {"key": key, "principal": "p", "route": "r", "body_hash": "h", "created_at": NOON, "headers": None}
    return made | more


async def test_rows_are_those_that_sqlalchemy_gives(database: Database) -> None:
    """Times, JSON, lists that are part of the statement, values in their places."""
    later = (NOON + timedelta(minutes=1)).astimezone(timezone(timedelta(hours=2)))
    async with database.transaction() as tx:
        await ADD.rows(tx, row("a", headers={"Location": "/é"}))
        await ADD.rows(tx, row("b", created_at=later, route="s"))
        await ADD.rows(tx, row("c", created_at=NOON - timedelta(days=1)))
        await ADD.rows(tx, row("d", route="t"))
    wanted = {"since": NOON, "most": 5}
    async with database.read() as tx:
        known = [tuple(one) for one in await tx.execute(STATEMENT, wanted)]
        found = await FIND.rows(tx, wanted)
    assert [tuple(one) for one in found] == known
    assert known == [("a", NOON, {"Location": "/é"}, 2), ("b", later, None, 2)]
    assert [tuple(one) for one in await FIND.rows(database, wanted | {"most": 1})] == known[:1]
    assert await FIND.row(database, {"since": later + timedelta(days=1), "most": 1}) is None


async def test_a_look_sees_what_is_committed_and_nothing_else(database: Database) -> None:
    wanted = {"since": NOON, "most": 5}
    async with database.transaction() as tx:
        await ADD.rows(tx, row("a"))
        assert await FIND.rows(database, wanted) == []
        assert len(await FIND.rows(tx, wanted)) == 1
    assert len(await FIND.rows(database, wanted)) == 1


async def test_a_transaction_that_fails_takes_back_what_was_prepared(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await ADD.rows(tx, row("a"))
            await ADD.rows(tx, row("a"))
    assert await FIND.rows(database, {"since": NOON, "most": 5}) == []


async def test_a_value_that_is_missing_is_said_and_costs_no_connection(database: Database) -> None:
    for _ in range(12):  # more than there are connections
        with pytest.raises(KeyError):
            await FIND.rows(database, {"since": NOON})
    assert await FIND.rows(database, {"since": NOON, "most": 5}) == []


async def test_a_wrong_statement_is_no_outage(database: Database) -> None:
    lost = Prepared(select(text("1")).select_from(text("nowhere")))
    for _ in range(12):
        with pytest.raises((DBAPIError, Unavailable)):
            await lost.rows(database)
    assert await FIND.rows(database, {"since": NOON, "most": 5}) == []


async def test_a_change_is_made_and_gives_no_rows(database: Database) -> None:
    changed = Prepared(update(idempotency_keys).values(route="x").where(_c.key == bindparam("which")))
    async with database.transaction() as tx:
        await ADD.rows(tx, row("a"))
        assert await changed.rows(tx, {"which": "a"}) == []
    async with database.read() as tx:
        assert (await tx.execute(select(_c.route))).scalars().all() == ["x"]


async def test_several_are_executed_one_after_the_other_and_each_gives_its_rows(database: Database) -> None:
    wanted = {"since": NOON, "most": 5}
    async with database.transaction() as tx:
        found = await together(
            tx, (FIND, wanted), (ADD, row("a")), (FIND, wanted), (ADD, row("b")), (FIND, wanted)
        )
    assert [[one[0] for one in rows] for rows in found] == [[], [], ["a"], [], ["a", "b"]]
    assert found[2][0][1] == NOON


async def test_of_several_none_is_executed_after_one_that_fails(database: Database) -> None:
    with hearing() as heard, pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await together(tx, (ADD, row("a")), (ADD, row("a")), (ADD, row("b")))
    assert len(heard.texts()) == 3
    assert await FIND.rows(database, {"since": NOON, "most": 5}) == []
    async with database.transaction() as tx:
        await together(tx, (ADD, row("a")), (ADD, row("b")))
    assert len(await FIND.rows(database, {"since": NOON, "most": 5})) == 2


async def test_who_counts_statements_hears_of_prepared_ones(database: Database) -> None:
    with hearing() as heard:
        await FIND.rows(database, {"since": NOON, "most": 5})
    assert [one.split("\n")[0].split(" ")[0] for one in heard.texts()] == ["SELECT"]


async def test_fractions_are_read_as_they_are_stored(database: Database) -> None:
    rates = (recordings.c.frame_rate, recordings.c.id)
    async with database.read() as tx:
        assert await Prepared(select(*rates)).rows(tx) == []
    half = Prepared(select(literal(0.5), func.max(recordings.c.frame_rate)))
    assert [tuple(one) for one in await half.rows(database)] == [(0.5, None)]


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    found = Prepared(select(audit_log.c.id).where(audit_log.c.at >= bindparam("since")))
    with pytest.raises(ValueError, match="zone"):
        await found.rows(database, {"since": NOON.replace(tzinfo=None)})


async def test_a_schema_that_another_server_changes_costs_one_answer_at_most(
    database: Database, database_url: str
) -> None:
    """As of any statement: what the driver has prepared before is prepared again."""
    who = Prepared(select(audit_log.c.id, audit_log.c.event).where(audit_log.c.id == bindparam("id")))
    assert await who.rows(database, {"id": "x"}) == []
    if database_url.startswith("postgresql"):
        other = Database.connect(database_url)
        async with other.transaction() as tx:
            await tx.execute(text("ALTER TABLE audit_log ALTER COLUMN event TYPE VARCHAR(4000)"))
        await other.close()
        with pytest.raises(DBAPIError, match="InvalidCachedStatementError"):
            await who.rows(database, {"id": "x"})
    assert await who.rows(database, {"id": "x"}) == []


ADD_MANY = added_rows(idempotency_keys, NAMES)
BY_KEY = ("key", "principal", "route")
ROWS = locked_rows(idempotency_keys, BY_KEY, NAMES)
CHANGE = change_of_rows(idempotency_keys, (*BY_KEY, "created_at", "headers"))


async def stored(database: Database) -> list[tuple[Any, ...]]:
    async with database.read() as tx:
        found = await tx.execute(select(*(_c[name] for name in NAMES)).order_by(_c.key))
        return [tuple(one) for one in found]


async def test_many_rows_are_stored_as_one_is(database: Database) -> None:
    later, zone = NOON + timedelta(minutes=1), timezone(timedelta(hours=2))
    first = ("a", "p", "r", "h", NOON, {"Location": "/é"})
    second = ("b", "p", "r", "h", later.astimezone(zone), None)
    async with database.transaction() as tx:
        await write(tx, [(ADD_MANY, [first, second])])
        await tx.execute(insert(idempotency_keys).values(dict(zip(NAMES, ("c", *first[1:]), strict=True))))
    assert await stored(database) == [first, ("b", "p", "r", "h", later, None), ("c", *first[1:])]


async def test_what_is_too_long_for_its_column_is_refused_and_not_cut(database: Database) -> None:
    if database.url.dialect is Dialect.SQLITE:  # which has no such bounds
        return
    long = "r" * (_c.route.type.length + 1)  # type: ignore[attr-defined]
    for row_ in (("a", "p", long, "h", NOON, None), ("a", "p", "r", "h", NOON, {"n": long})):
        with pytest.raises(DBAPIError) if long in row_ else nullcontext():
            async with database.transaction() as tx:
                await write(tx, [(ADD_MANY, [row_])])
    assert await stored(database) == [("a", "p", "r", "h", NOON, {"n": long})]


async def test_rows_are_found_by_keys_of_several_columns_and_changed_by_them(database: Database) -> None:
    later = NOON + timedelta(minutes=1)
    rows: list[tuple[Any, ...]] = [
        (key, principal, "r", "h", NOON, {"n": key}) for key in "abc" for principal in "pq"
    ]
    wanted = [("c", "q", "r"), ("a", "p", "r"), ("a", "nobody", "r"), ("b", "p", "s")]
    async with database.transaction() as tx:
        await write(tx, [(ADD_MANY, rows)])
        [found] = await together(tx, ROWS.asked(tx, wanted))
        assert [tuple(one) for one in found] == [rows[0], rows[5]]
        changes = [(*rows[0][:3], later, {"n": 1}), (*rows[5][:3], NOON, {"n": "ü"})]
        await write(tx, [(CHANGE, changes), (ADD_MANY, [])], last=True)
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {one[:3]: one for one in rows}
    expected[rows[0][:3]] = (*rows[0][:4], later, {"n": 1})
    expected[rows[5][:3]] = (*rows[5][:5], {"n": "ü"})
    assert {one[:3]: one for one in await stored(database)} == expected


async def test_changes_are_made_all_or_none(database: Database) -> None:
    row_ = ("a", "p", "r", "h", NOON, None)
    for last in (False, True):
        with pytest.raises(IntegrityError):
            async with database.transaction() as tx:
                await write(tx, [(ADD_MANY, [("b", *row_[1:])]), (ADD_MANY, [row_, row_])], last=last)
        assert await stored(database) == []
    async with database.transaction() as tx:  # the connection is as good as before
        await write(tx, [(ADD_MANY, [row_])], last=True)
    assert await stored(database) == [row_]


async def test_what_a_transaction_carries_is_stored_with_its_last_changes_or_not_at_all(
    database: Database,
) -> None:
    row_ = ("a", "p", "r", "h", NOON, None)

    async def refuse(_: Any) -> None:
        raise KeyError

    with carrying(refuse), pytest.raises(KeyError):
        async with database.transaction() as tx:
            await write(tx, [(ADD_MANY, [row_])], last=True)
    assert await stored(database) == []


async def test_changes_of_several_tables_at_once_are_those_one_by_one(database: Database) -> None:
    """With parameters of each in their places, more than nine of them; a fault of one takes back all."""
    entry = {
        "id": new_id(),
        "at": NOON,
        "event": "e$1",
        "actor_id": None,
        "subject": "s",
        "ip": "",
        "user_agent": "$2",
    }
    entry |= {"request_id": "", "details": {"$1": ["é", None]}}
    add_entry = Prepared(insert(audit_log), audit_log.c.keys())
    rename = Prepared(update(idempotency_keys).where(_c.key == bindparam("of")).values(route=bindparam("to")))
    async with database.transaction() as tx:
        await ADD.rows(tx, row("a"))
    async with database.transaction() as tx:
        await change_at_once(tx, (rename, {"of": "a", "to": "s"}), (add_entry, entry))
    async with database.read() as tx:
        (found,) = await tx.execute(select(audit_log))
        assert found._asdict() == entry
        assert (await tx.execute(select(_c.route))).scalars().all() == ["s"]
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await change_at_once(tx, (rename, {"of": "a", "to": "t"}), (add_entry, entry))
    async with database.read() as tx:
        assert (await tx.execute(select(_c.route))).scalars().all() == ["s"]
