"""Searches for words in columns by statements that are made once: the words are a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam, func, or_

_ESCAPE = "\\"


def contains_words(columns: Iterable[ColumnElement[Any]], parameter: str) -> ColumnElement[bool]:
    """Whether one of these columns has the words that `pattern_of` makes this parameter's value of, whatever
    the case: the database lowers both sides."""
    pattern = func.lower(bindparam(parameter, type_=String()))
    return or_(*(func.lower(column).like(pattern, escape=_ESCAPE) for column in columns))


def pattern_of(words: str) -> str:
    """The value of that parameter; what LIKE gives a meaning stands for itself."""
    for sign in (_ESCAPE, "%", "_"):
        words = words.replace(sign, _ESCAPE + sign)
    return f"%{words}%"
