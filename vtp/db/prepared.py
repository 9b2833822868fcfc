"""Statements that are asked all the time: made ready once, and executed past what SQLAlchemy does anew each
time, which takes longer than most of them do. Decision 0134.

SQLAlchemy writes them, converts values in and out, and says what failed; rows are plain tuples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import JSON, Dialect, Float, Insert, Numeric, Select, Text, UpdateBase, cast
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from vtp.db.carried import carries
from vtp.db.json_text import read_json, write_json

Statement: TypeAlias = Select[*tuple[Any, ...]] | UpdateBase
Values: TypeAlias = Mapping[str, Any]
Row: TypeAlias = Sequence[Any]
Convert: TypeAlias = Callable[[Any], Any]
T = TypeVar("T")


class Looker(Protocol):
    """A database, of which one statement is asked outside of any transaction."""

    async def look(self, work: Callable[[Connection, Values], T], values: Values, /) -> T:
        """See `vtp.db.engine.Database.look`."""


Source: TypeAlias = AsyncConnection | Looker
Asked: TypeAlias = tuple[str, Sequence[Any], bool]
"""A statement with its values, or with many rows of them."""
_NONE: Values = MappingProxyType({})
_COMMIT = "COMMIT"


def _converted(column: Sequence[Any], convert: Convert | None) -> Iterable[Any]:
    """Values of many rows; one that is the same object in all of them is converted once."""
    if convert is None:
        return column
    if all(value is column[0] for value in column):
        return repeat(convert(column[0]), len(column))
    return map(convert, column)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement as one dialect has it.

    `arguments` are its values in their order, those that are given each time still empty; `given`: the place,
    the name and the conversion of these; `read`: places in a row and how what is there is read.
    """

    sql: str
    arguments: tuple[Any, ...]
    given: tuple[tuple[int, str, Convert | None], ...]
    read: tuple[tuple[int, Convert], ...]

    def fill(self, values: Values) -> list[Any]:
        """The arguments. Raises KeyError for a value that is missing."""
        filled = list(self.arguments)
        for place, name, convert in self.given:
            value = values[name]
            filled[place] = value if convert is None else convert(value)
        return filled

    def fill_many(self, places: Mapping[str, int], rows: Iterable[Row]) -> list[tuple[Any, ...]]:
        """The arguments of many rows, of which `places` says where each value is."""
        columns = list(zip(*rows, strict=True))
        count = len(columns[0]) if columns else 0
        filled: list[Iterable[Any]] = [repeat(value, count) for value in self.arguments]
        for place, name, convert in self.given:
            filled[place] = _converted(columns[places[name]], convert)
        return list(zip(*filled, strict=True))

    def lists(self, places: Mapping[str, int], rows: Iterable[Row]) -> dict[str, list[Any]]:
        """The same by name: all that many rows have for each value that is given."""
        columns = list(zip(*rows, strict=True))
        return {name: list(_converted(columns[places[name]], convert)) for _, name, convert in self.given}

    def convert(self, rows: Sequence[Any]) -> list[Row]:
        """Rows as the columns' types have them."""
        read = self.read
        if not read:
            return [tuple(row) for row in rows]
        found: list[Row] = []
        for row in rows:
            converted = list(row)
            for place, convert in read:
                value = converted[place]
                if value is not None:
                    converted[place] = convert(value)
            found.append(converted)
        return found


@dataclass(frozen=True, slots=True)
class Unread:
    """Rows as the driver has given them."""

    rows: Sequence[tuple[Any, ...]]
    _plan: _Plan

    def key(self, row: tuple[Any, ...], last: int) -> Hashable:
        """Under which what was made of the columns before the last is found again: equal where all of them
        are. JSON is text here: 1 and true are not."""
        return row[:last]

    def read(self, row: tuple[Any, ...], first: int, last: int) -> Row:
        """Columns of one of them, from the first to before the last, as their types have them."""
        found = list(row[first:last])
        for place, convert in self._plan.read:
            if first <= place < last and row[place] is not None:
                found[place - first] = convert(row[place])
        return found


class Prepared:
    """A statement whose open parameters are `bindparam`s without a value, or the `columns` of an insert.

    To be made once, at import or in a bounded cache. Nothing in it may be filled in by SQLAlchemy itself
    (defaults of columns), and no list be among what is given.
    """

    def __init__(
        self,
        statement: Statement,
        columns: Sequence[str] | None = None,
        *,
        write_json: Convert | None = None,
    ) -> None:
        """`write_json`: what writes JSON in place of SQLAlchemy's."""
        self._statement = statement
        self._columns = columns
        self._write_json = write_json
        self._plans: dict[str, _Plan] = {}  # one for each dialect

    async def rows(self, source: Source, values: Values = _NONE) -> list[Row]:
        """Executes it; gives all rows, columns in the statement's order. Raises what `execute` raises."""
        if isinstance(source, AsyncConnection):
            return await source.run_sync(self.run, values)
        return await source.look(self.run, values)

    async def row(self, source: Source, values: Values = _NONE) -> Row | None:
        """The first row, or None."""
        found = await self.rows(source, values)
        return found[0] if found else None

    async def unread(self, source: Source, values: Values = _NONE) -> Unread:
        """The same rows before they are read, which costs more than to fetch them: for who has read most of
        them before."""
        if isinstance(source, AsyncConnection):
            return await source.run_sync(self._ask, values)
        return await source.look(self._ask, values)

    def run(self, connection: Connection, values: Values = _NONE) -> list[Row]:
        """The same as `rows` where SQLAlchemy runs synchronous code (`run_sync`)."""
        plan, rows = self._fetch(connection, values)
        return plan.convert(rows)

    def _ask(self, connection: Connection, values: Values) -> Unread:
        plan, rows = self._fetch(connection, values)
        return Unread([tuple(row) for row in rows], plan)

    def _fetch(self, connection: Connection, values: Values) -> tuple[_Plan, Sequence[Any]]:
        plan = self._plan(connection.dialect)
        (rows,) = _execute(connection, [(plan.sql, plan.fill(values), False)])
        return plan, rows

    def _plan(self, dialect: Dialect) -> _Plan:
        plan = self._plans.get(dialect.name)
        if plan is None:
            made = _plan(self._statement, self._columns, dialect, self._write_json)
            plan = self._plans[dialect.name] = made
        return plan


class Many:
    """A change of some rows, each of them once, past what SQLAlchemy does for each: executed once for each of
    them, on PostgreSQL once for all.

    JSON is written by `write_json`: for columns whose text no statement looks into.
    """

    def __init__(self, for_each: UpdateBase, for_all: UpdateBase, names: Mapping[str, str]) -> None:
        """`names`: of the statement's values in the order in which rows have them, each with what its
        parameter is called; of an insert these are its columns. `for_all`, which PostgreSQL alone has: with a
        list of all rows' values for each parameter, JSON as text."""
        self._places = {called: place for place, called in enumerate(names.values())}
        columns = tuple(names) if isinstance(for_each, Insert) else None
        self._for_each = Prepared(for_each, columns, write_json=write_json)
        self._for_all = Prepared(for_all)

    def asked(self, dialect: Dialect, rows: Iterable[Row]) -> Asked:
        """The statement with these rows, of which there is one at least."""
        plan = self._for_each._plan(dialect)
        if dialect.name != "postgresql":
            return plan.sql, plan.fill_many(self._places, rows), True
        lists = plan.lists(self._places, rows)
        whole = self._for_all._plan(dialect)
        return whole.sql, [lists[name] for _, name, _ in whole.given], False


Change: TypeAlias = tuple[Many, Sequence[Row]]


async def together(tx: AsyncConnection, *asked: tuple[Prepared, Values]) -> list[list[Row]]:
    """Executes several one after the other and gives the rows of each: on SQLite in one trip to the
    connection's thread. Raises what the first raises that fails; those after it are not executed."""
    return await tx.run_sync(_run_together, asked)


async def change_at_once(tx: AsyncConnection, *changes: tuple[Prepared, Values]) -> None:
    """Makes several changes of different tables, none of which looks at what another does: on PostgreSQL by
    one statement, on SQLite in one trip to the connection's thread. Raises what one of them raises."""
    await tx.run_sync(_change_at_once, changes)


async def write(tx: AsyncConnection, changes: Iterable[Change], *, last: bool = False) -> None:
    """Makes several changes one after the other, on SQLite in one trip to the connection's thread; one
    without rows is none. Raises what the first raises that fails.

    `last`: nothing comes after them in the transaction, so that SQLite's COMMIT goes with them.
    """
    some = [(many, rows) for many, rows in changes if rows]
    if some:
        await tx.run_sync(_write, some, last and not carries())


def _run_together(connection: Connection, asked: Sequence[tuple[Prepared, Values]]) -> list[list[Row]]:
    plans, filled = _filled(connection.dialect, asked)
    found = _execute(connection, filled)
    return [plan.convert(rows) for plan, rows in zip(plans, found, strict=True)]


def _change_at_once(connection: Connection, changes: Sequence[tuple[Prepared, Values]]) -> None:
    _, filled = _filled(connection.dialect, changes)
    if connection.dialect.name == "postgresql" and len(filled) > 1:
        text = _as_one(tuple((text, len(arguments)) for text, arguments, _ in filled))
        filled = [(text, [value for _, arguments, _ in filled for value in arguments], False)]
    _execute(connection, filled)


def _filled(dialect: Dialect, asked: Sequence[tuple[Prepared, Values]]) -> tuple[list[_Plan], list[Asked]]:
    plans = [prepared._plan(dialect) for prepared, _ in asked]
    return plans, [
        (plan.sql, plan.fill(values), False) for plan, (_, values) in zip(plans, asked, strict=True)
    ]


@lru_cache(maxsize=256)
def _as_one(changes: tuple[tuple[str, int], ...]) -> str:
    """Statements, each with the number of its parameters, as parts of one whose parameters are theirs in
    turn. Text that they compare with is a parameter, too, so that nothing else looks like one."""
    parts: list[str] = []
    before = 0
    for number, (text, count) in enumerate(changes):
        parts.append(f"change_{number} AS ({_counted_from(before, text)})")
        before += count
    return f"WITH {', '.join(parts)} SELECT 1"


def _counted_from(before: int, text: str) -> str:
    """A statement whose parameters come after so many others."""
    return re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + before}", text)


def _write(connection: Connection, changes: Sequence[Change], last: bool) -> None:
    asked = [many.asked(connection.dialect, rows) for many, rows in changes]
    _execute(connection, asked, _COMMIT if last else "")


def _execute(connection: Connection, statements: Sequence[Asked], ending: str = "") -> list[Sequence[Any]]:
    """The rows of each, past what SQLAlchemy does for one, but for who listens and what a fault is called.
    `ending`: of the transaction, where that can go with them; SQLAlchemy's own finds it done."""
    dialect = connection.dialect
    cursor: Any = None
    sql = ""
    found: list[Sequence[Any]] = []
    try:
        cursor = connection.connection.cursor()
        _renew(dialect, cursor)
        for sql, arguments, many in statements:
            for hear in connection.dispatch.before_cursor_execute:  # who counts statements counts these, too
                hear(connection, cursor, sql, arguments, None, many)
        if hasattr(cursor, "execute_prepared"):
            sql = ";\n".join(text for text, _, _ in statements)
            found = cursor.execute_prepared(statements, ending)
        else:
            for sql, arguments, many in statements:
                if many:
                    cursor.executemany(sql, arguments)
                    found.append([])
                else:
                    cursor.execute(sql, arguments)
                    found.append(cursor.fetchall())
        cursor.close()
    except BaseException as error:  # noqa: BLE001  raised again, as SQLAlchemy says it
        if isinstance(error, _stale(dialect)):
            dialect._invalidate_schema_cache()  # type: ignore[attr-defined]
        wrapped = sql if isinstance(error, dialect.loaded_dbapi.Error) else None
        connection._handle_dbapi_exception(error, wrapped, None, cursor, None)
    return found


def _renew(dialect: Dialect, cursor: Any) -> None:
    """What asyncpg has prepared before the schema changed is prepared again, as SQLAlchemy's own contexts of
    execution have it."""
    changed_at = getattr(dialect, "_invalidate_schema_cache_asof", None)
    if changed_at is not None:
        cursor._invalidate_schema_cache_asof = changed_at


def _stale(dialect: Dialect) -> tuple[type[BaseException], ...]:
    """By what asyncpg says that it has."""
    names = ("InvalidCachedStatementError", "InternalServerError")
    known = dialect.loaded_dbapi if hasattr(dialect, "_invalidate_schema_cache") else None
    return tuple(getattr(known, name) for name in names if hasattr(known, name))


def _plan(
    statement: Statement, columns: Sequence[str] | None, dialect: Dialect, write_json: Convert | None
) -> _Plan:
    types = [column.type for column in statement.exported_columns]
    reads = [_reader(one, dialect) for one in types]
    if dialect.name == "postgresql" and isinstance(statement, Select):
        statement = _with_json_as_text(statement)
        reads = [read_json if isinstance(one, JSON) else read for one, read in zip(types, reads, strict=True)]
    compiled: Any = statement.compile(
        dialect=dialect, column_keys=list(columns) if columns is not None else None
    )
    if compiled.insert_prefetch or compiled.update_prefetch:
        raise ValueError("A prepared statement has columns that are filled in by themselves: name them, too")
    open_ = {name: bind.key for name, bind in compiled.binds.items() if bind.required}
    # With the lists that are part of it written out.
    whole = compiled.construct_expanded_state(dict.fromkeys(open_.values()), escape_names=False)
    converts = {**compiled._bind_processors, **whole.processors}
    if write_json is not None:
        json = (name for name, bind in compiled.binds.items() if isinstance(bind.type, JSON))
        converts |= dict.fromkeys(json, write_json)
    arguments: list[Any] = []
    given: list[tuple[int, str, Convert | None]] = []
    for place, name in enumerate(whole.positiontup or ()):
        value, convert = whole.parameters[name], converts.get(name)
        if name in open_:
            given.append((place, open_[name], convert))
        elif convert is not None:
            value = convert(value)
        arguments.append(value)
    read = tuple((place, convert) for place, convert in enumerate(reads) if convert is not None)
    return _Plan(whole.statement, tuple(arguments), tuple(given), read)


def _with_json_as_text(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """SQLAlchemy has asyncpg decode JSON as it comes, by a call of Python for each, also of rows that are
    known by what they say (`Unread`): a tenth of a list of recordings."""
    columns = list(statement.selected_columns)
    if not any(isinstance(one.type, JSON) for one in columns):
        return statement
    texts = (cast(one, Text) if isinstance(one.type, JSON) else one for one in columns)
    return statement.with_only_columns(*texts, maintain_column_froms=True)


def _reader(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(type_, Numeric | Float):  # drivers give floats and Decimals as they are
        return None
    return type_.dialect_impl(dialect).result_processor(dialect, None)
