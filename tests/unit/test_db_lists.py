"""Lists among parameters: of any length, each item there, no more asked than is needed."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from vtp.db import Database
from vtp.db.lists import LENGTHS, among, filled, filled_at_once, first_rows, length_for
from vtp.db.prepared import Prepared

numbers = Table("numbers", MetaData(), Column("n", Integer, primary_key=True))


@pytest.mark.both_databases
async def test_all_of_a_list_are_found_and_none_besides_whatever_its_length(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run_sync(numbers.metadata.create_all)
        await tx.execute(insert(numbers), [{"n": n} for n in range(2 * LENGTHS[-1] + 10)])
        for count in (0, 1, 2, 10, 11, LENGTHS[-1], LENGTHS[-1] + 1, 2 * LENGTHS[-1] + 3):
            found: list[int] = []
            for length, values in filled("n", range(5, 5 + count)):
                statement = Prepared(select(numbers.c.n).where(among(numbers.c.n, "n", length)))
                found += [row[0] for row in await statement.rows(tx, values)]
            assert sorted(found) == list(range(5, 5 + count))


@pytest.mark.both_databases
async def test_a_page_is_read_with_the_next_length(database: Database) -> None:
    assert [length_for(count) for count in (0, 1, 2, 51, 52)] == [1, 1, 10, 51, 201]
    async with database.transaction() as tx:
        await tx.run_sync(numbers.metadata.create_all)
        await tx.execute(insert(numbers), [{"n": n} for n in range(LENGTHS[1] + 3)])
        page = Prepared(first_rows(select(numbers.c.n).order_by(numbers.c.n), LENGTHS[1]))
        assert [row[0] for row in await page.rows(tx)] == list(range(LENGTHS[1]))


def test_a_list_that_fits_no_statement_is_refused_where_one_is_to_have_all() -> None:
    assert filled_at_once("n", [7, 8]) == (LENGTHS[1], {f"n_{at}": 7 if at == 0 else 8 for at in range(10)})
    for count in (0, LENGTHS[-1] + 1):
        with pytest.raises(ValueError, match="ready for"):
            filled_at_once("n", range(count))
