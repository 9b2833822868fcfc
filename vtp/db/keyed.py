"""Prepared statements about rows by keys of several columns: one statement for any number of keys.

SQLite reads a whole table for `(a, b) IN (VALUES …)`, and a statement with as many parameters as keys would
be made anew for each number: keys are a list within one parameter, or one for each column, and joined.
Likewise rows that are added or changed, on PostgreSQL: what a statement costs there for each execution is a
third of what it takes to store a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    ColumnElement,
    Dialect,
    FromClause,
    String,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from vtp.db.prepared import Many, Prepared, Statement, Values
from vtp.db.statements import table_of_keys

Build: TypeAlias = Callable[[Dialect, FromClause, Sequence[ColumnElement[Any]]], Statement]
"""Makes a statement from the dialect, a table of keys, and the columns of that."""
_KEYS: Final = "keys"


class Keyed:
    """A statement that joins a table of keys with the columns `of`."""

    def __init__(self, of: Sequence[Column[Any]], build: Build) -> None:
        self._of = tuple(of)
        self._build = build
        self._prepared: dict[str, Prepared] = {}  # one for each dialect

    def asked(
        self, tx: AsyncConnection, keys: Iterable[Sequence[Any]], values: Values | None = None
    ) -> tuple[Prepared, Values]:
        """For `together`: the statement with these keys, and its other values."""
        dialect = tx.dialect
        prepared = self._prepared.get(dialect.name)
        if prepared is None:
            wanted, columns = self._wanted(dialect)
            prepared = self._prepared[dialect.name] = Prepared(self._build(dialect, wanted, columns))
        return prepared, {**self._given(dialect, list(keys)), **(values or {})}

    def _wanted(self, dialect: Dialect) -> tuple[FromClause, list[ColumnElement[Any]]]:
        if dialect.name == "postgresql":
            given = [bindparam(f"{_KEYS}_{at}", type_=ARRAY(one.type)) for at, one in enumerate(self._of)]
        else:
            given = [bindparam(_KEYS, type_=String())]
        return table_of_keys(dialect, given, len(self._of))

    def _given(self, dialect: Dialect, keys: Sequence[Sequence[Any]]) -> Values:
        if dialect.name == "postgresql":
            return {f"{_KEYS}_{at}": [key[at] for key in keys] for at in range(len(self._of))}
        return {_KEYS: json.dumps(keys)}


def locked_rows(table: Table, of: Sequence[str], names: Sequence[str], *, lock: bool = True) -> Keyed:
    """The columns `names` of those rows that have these keys, in the order of them; others wait who would
    change the rows."""
    keys, columns = [table.c[name] for name in of], [table.c[name] for name in names]

    def build(_: Dialect, wanted: FromClause, given: Sequence[ColumnElement[Any]]) -> Statement:
        same = and_(*(one == other for one, other in zip(keys, given, strict=True)))
        statement = select(*columns).join_from(wanted, table, same).order_by(*keys)
        return statement.with_for_update(of=table) if lock else statement

    return Keyed(keys, build)


def added_rows(table: Table, names: Sequence[str]) -> Many:
    """Adds rows, in their order."""
    said = {name: name for name in names}
    wanted, columns = _rows_given(table, said)
    rows = select(*columns.values()).select_from(wanted)
    return Many(insert(table), insert(table).from_select(list(names), rows), said)


def change_of_rows(table: Table, names: Sequence[str]) -> Many:
    """Sets columns of rows, each found by its primary key, which is among the values, and each given once."""
    keys = {column.name for column in table.primary_key.columns}
    said = {name: f"its_{name}" if name in keys else f"new_{name}" for name in names}
    given = {name: bindparam(called, type_=table.c[name].type) for name, called in said.items()}
    _, columns = _rows_given(table, said)
    return Many(_update(table, keys, given), _update(table, keys, columns), said)


def _update(table: Table, keys: Collection[str], given: Mapping[str, ColumnElement[Any]]) -> Update:
    which = [table.c[name] == value for name, value in given.items() if name in keys]
    values: dict[str, Any] = {name: value for name, value in given.items() if name not in keys}
    return update(table).where(*which).values(values)


def _rows_given(table: Table, said: Mapping[str, str]) -> tuple[FromClause, dict[str, ColumnElement[Any]]]:
    """PostgreSQL's table of a list for each column, and its columns by their names; `said`: what the lists
    are called."""
    types = {name: _given_as(table.c[name].type) for name in said}
    lists = [bindparam(called, type_=ARRAY(types[name])) for name, called in said.items()]
    rows = func.unnest(*lists).table_valued(*(column(name, type_) for name, type_ in types.items()))
    rows = rows.render_derived()
    return rows, {
        name: cast(rows.c[name], table.c[name].type) if isinstance(type_, Text) else rows.c[name]
        for name, type_ in types.items()
    }


def _given_as(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """JSON comes as text; text without its bound, as PostgreSQL would cut it to that, not refuse it."""
    if isinstance(type_, JSON):
        return Text()
    return String() if isinstance(type_, String) else type_
