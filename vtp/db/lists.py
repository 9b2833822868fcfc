"""Lists among the parameters of prepared statements, which have no lengths of their own: a statement is made
ready for some, and a list is filled up by its last item to the next of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, bindparam

LENGTHS: Final = (1, 10, 51, 201, 1001)
"""One, a few, and pages of lists with what is read to see whether there is more."""


def among(column: Column[Any], name: str, length: int) -> ColumnElement[bool]:
    """Whether a column is one of a list's items, for a statement that is made ready for this length."""
    return column.in_([bindparam(one, type_=column.type) for one in _names(name, length)])


def filled(name: str, items: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The items as parameters, with the length that the statement is to be ready for: once, or for a longer
    list than any in some parts; not at all without items."""
    for first in range(0, len(items), LENGTHS[-1]):
        some = items[first : first + LENGTHS[-1]]
        length = next(one for one in LENGTHS if one >= len(some))
        values = [*some, *[some[-1]] * (length - len(some))]
        yield length, dict(zip(_names(name, length), values, strict=True))


def _names(name: str, length: int) -> list[str]:
    return [f"{name}_{number}" for number in range(length)]
