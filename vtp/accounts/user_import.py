"""Makes accounts for a list of people: some at a time, each with its invitation, and tells of every line.

Who has an account already is left as they are, so the same list may be imported again after a failure.
"""

import asyncio
import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.people_csv import Line, PeopleList, read_people
from vtp.accounts.permissions import Action, parse_role, require
from vtp.accounts.user_administration import NewAccount, UserAdministration
from vtp.accounts.users import known_addresses
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict
from vtp.http.csv_tables import CellError
from vtp.http.identity import Principal

CHUNK: Final = 50  # people in one transaction: others write in between


class Outcome(enum.StrEnum):
    """What became of a line, or would have in a dry run."""

    CREATED = "created"
    EXISTS = "exists"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class LineReport:
    """What is told of a line; name and role where it is a person's."""

    line: int
    email: str
    outcome: Outcome
    errors: tuple[CellError, ...] = ()
    full_name: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class ListReport:
    """What is told of a list: its lines, and the columns of it that were not read."""

    lines: list[LineReport]
    ignored: list[str]


class UserImport:
    """One import at a time: two of the same list would only wait for each other."""

    def __init__(self, database: Database, users: UserAdministration, audit: AuditLog) -> None:
        self._database = database
        self._users = users
        self._audit = audit
        self._running = asyncio.Lock()

    async def run(self, principal: Principal, data: bytes, origin: Origin, *, dry: bool) -> ListReport:
        """Imports, or with `dry` only says what it would do.

        Raises Forbidden, Invalid for a file that is no list of people, TooLarge, Conflict beside another.
        """
        require(principal, Action.USER_MANAGE)
        if self._running.locked():
            raise Conflict("Another import is running: repeat when it has ended.", code="import_running")
        async with self._running:
            people: PeopleList = await asyncio.to_thread(read_people, data)
            lines = people.lines
            reports: dict[int, LineReport] = {}
            for chunk in _chunks(lines):
                for report in await self._import(principal, chunk, origin, dry=dry):
                    reports[report.line] = report
            told = [reports[line.number] for line in lines]
            if not dry:
                await self._note(principal, told, origin)
            return ListReport(told, people.ignored)

    @done_over
    async def _import(
        self, principal: Principal, lines: Sequence[Line], origin: Origin, *, dry: bool
    ) -> list[LineReport]:
        wanted = [line.email for line in lines if line.person is not None]
        if dry:
            async with self._database.read() as tx:
                known = await known_addresses(tx, wanted)
            return [_report(line, known) for line in lines]
        async with self._database.transaction() as tx:
            known = await known_addresses(tx, wanted)
            return [await self._import_line(tx, principal, line, known, origin) for line in lines]

    async def _import_line(
        self, tx: AsyncConnection, principal: Principal, line: Line, known: set[str], origin: Origin
    ) -> LineReport:
        report = _report(line, known)
        if line.person is None or report.outcome is not Outcome.CREATED:
            return report
        person = line.person
        new = NewAccount(person.email, person.full_name, person.role, person.phone)
        try:
            await self._users.add_within(tx, principal, new, origin)
        except Conflict:  # they registered just now
            return replace(report, outcome=Outcome.EXISTS)
        return report

    async def _note(self, principal: Principal, reports: Sequence[LineReport], origin: Origin) -> None:
        details = {outcome.value: sum(one.outcome is outcome for one in reports) for outcome in Outcome}
        await self._audit.note(
            Event.USERS_IMPORTED, origin, actor_id=principal.user_id, subject="users", details=details
        )


def _report(line: Line, known: set[str]) -> LineReport:
    if line.person is None:
        return LineReport(line.number, line.email, Outcome.INVALID, line.errors)
    outcome = Outcome.EXISTS if line.email in known else Outcome.CREATED
    role, watch_only = parse_role(line.person.role)
    word = "viewer" if watch_only else role.value
    return LineReport(line.number, line.email, outcome, full_name=line.person.full_name, role=word)


def _chunks(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for start in range(0, len(lines), CHUNK):
        yield lines[start : start + CHUNK]
