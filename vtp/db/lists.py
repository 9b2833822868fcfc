"""Lists of prepared statements, which have no lengths of their own: a statement is made ready for some. One
among the parameters is filled up by its last item to the next of them; of a page that much is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeVarTuple

from sqlalchemy import Column, ColumnElement, Integer, Select, bindparam, literal_column

from vtp.db.prepared import Prepared, Row, Source

Columns = TypeVarTuple("Columns")
LENGTHS: Final = (1, 10, 51, 201, 1001)
"""One, a few, and pages of lists with what is read to see whether there is more."""


def among(column: Column[Any], name: str, length: int) -> ColumnElement[bool]:
    """Whether a column is one of a list's items, for a statement that is made ready for this length."""
    return column.in_([bindparam(one, type_=column.type) for one in _names(name, length)])


def length_for(count: int) -> int:
    """The least length that is enough. Raises ValueError for more than the longest."""
    length = next((one for one in LENGTHS if one >= count), 0)
    if not length:
        raise ValueError(f"A statement is ready for {LENGTHS[-1]} items at most, not for {count}")
    return length


def first_rows(statement: Select[*Columns], length: int) -> Select[*Columns]:
    """So many of a statement's rows. The number is not among its parameters: PostgreSQL would plan each time
    anew, as it takes one that it does not know for a tenth of all rows (decision 0158)."""
    return statement.limit(literal_column(str(length), Integer()))


def filled(name: str, items: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The items as parameters, with the length that the statement is to be ready for: once, or for a longer
    list than any in some parts; not at all without items."""
    for first in range(0, len(items), LENGTHS[-1]):
        yield filled_at_once(name, items[first : first + LENGTHS[-1]])


async def rows_of_both(
    source: Source,
    ready: Callable[[int, int], Prepared],
    first: tuple[str, Sequence[Any]],
    second: tuple[str, Sequence[Any]],
) -> list[Row]:
    """What a statement about two lists finds, each with the name of its parameters: `ready` gives it for
    their lengths."""
    found: list[Row] = []
    for one, of_one in filled(*first):
        for other, of_other in filled(*second):
            found += await ready(one, other).rows(source, of_one | of_other)
    return found


def filled_at_once(name: str, items: Sequence[Any]) -> tuple[int, dict[str, Any]]:
    """The same of a list that has items, and no more than the longest. Raises ValueError for any other."""
    if not items:
        raise ValueError("A statement is ready for 1 item or more")
    length = length_for(len(items))
    values = [*items, *[items[-1]] * (length - len(items))]
    return length, dict(zip(_names(name, length), values, strict=True))


@cache
def _names(name: str, length: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number}" for number in range(length))
