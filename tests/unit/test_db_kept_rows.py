"""What is made of rows once: found again for equal rows alone, whoever has changed them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update

from vtp.db import Database
from vtp.db.kept_rows import MOST_OF_A_ROW, Kept, KeptRows
from vtp.db.prepared import Prepared
from vtp.db.tables import idempotency_keys

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_c = idempotency_keys.c
FIND = Prepared(select(_c.key, _c.created_at, _c.headers, _c.route).order_by(_c.key))


async def add(database: Database, key: str, **more: Any) -> None:
    row = {"key": key, "principal": "p", "route": "r", "body_hash": "h", "created_at": NOON}
    async with database.transaction() as tx:
        await tx.execute(insert(idempotency_keys), row | {"headers": None} | more)


async def change(database: Database, **values: Any) -> None:
    async with database.transaction() as tx:
        await tx.execute(update(idempotency_keys).values(**values))


def kept_rows(most: int = 10) -> KeptRows[tuple[Any, ...]]:
    """Of the first three columns."""
    return KeptRows(tuple, 3, most)


async def page(database: Database, kept: KeptRows[tuple[Any, ...]]) -> list[Kept[tuple[Any, ...]]]:
    found = await FIND.unread(database)
    return [kept.of(found, row) for row in found.rows]


async def test_an_equal_row_is_the_same_object_and_one_that_was_changed_another(database: Database) -> None:
    rows = kept_rows()
    await add(database, "a", headers={"Location": "/é"})
    await add(database, "b")
    before = await page(database, rows)
    assert [one.value for one in before] == [("a", NOON, {"Location": "/é"}), ("b", NOON, None)]
    assert all(one is two for one, two in zip(before, await page(database, rows), strict=True))
    await change(database, created_at=NOON.replace(hour=13))
    assert [one.value[1].hour for one in await page(database, rows)] == [13, 13]


async def test_what_is_not_among_its_columns_is_not_asked(database: Database) -> None:
    rows = kept_rows()
    await add(database, "a")
    (before,) = await page(database, rows)
    await change(database, route="s")
    assert await page(database, rows) == [before]


async def test_values_that_are_equal_and_written_differently_are_told_apart(database: Database) -> None:
    rows = kept_rows()
    await add(database, "a", headers={"x": 1})
    for value in (True, 1.0, "1", None, 1):
        await change(database, headers={"x": value})
        (found,) = await page(database, rows)
        assert repr(found.value[2]["x"]) == repr(value)


async def test_only_the_last_rows_are_kept(database: Database) -> None:
    rows = kept_rows(most=2)
    for key in "abc":
        await add(database, key)
    first = await page(database, rows)
    assert [one.value[0] for one in first] == ["a", "b", "c"]
    assert not any(one is two for one, two in zip(first, await page(database, rows), strict=True))


def test_what_is_made_of_a_row_is_made_once_for_each_that_it_comes_from() -> None:
    kept, asked = Kept("row"), list[int]()

    def make(number: int) -> str:
        asked.append(number)
        return f"{kept.value} {number}"

    def ask(number: int) -> str:
        return kept.once(("for", number), lambda: make(number))

    assert [ask(number) for number in (1, 2, 1, 2)] == ["row 1", "row 2", "row 1", "row 2"]
    assert asked == [1, 2]
    for number in range(10 * MOST_OF_A_ROW):
        assert ask(number) == f"row {number}"
    assert len(kept._made) <= MOST_OF_A_ROW
