"""Finds what lies somewhere and is in no row: the other half of looking for what rows name and is lost."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Column, select

from vtp.db import Database

_AT_A_TIME: Final = 500


async def without_row(database: Database, column: Column[str], keys: Collection[str]) -> list[str]:
    """Those of the keys that stand in no row of the column, in their order."""
    left, wanted = [], sorted(keys)
    for start in range(0, len(wanted), _AT_A_TIME):
        some = wanted[start : start + _AT_A_TIME]
        async with database.read() as tx:
            known = await tx.execute(select(column).where(column.in_(some)))
            left += sorted(set(some) - set(known.scalars()))
    return left
