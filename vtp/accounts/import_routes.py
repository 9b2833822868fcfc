"""The import of people over HTTP, for administrators."""

import asyncio
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.people_csv import MAX_BYTES
from vtp.accounts.permissions import Action, require
from vtp.accounts.replies import origin_of
from vtp.accounts.user_import import ListReport, Outcome, UserImport
from vtp.http.csv_cells import TYPE
from vtp.http.form_files import FORM_TYPE, file_of_form
from vtp.http.routing import Call, RouteTable

FORM_ROOM = 10_000  # bytes of a form around its file


class ImportQuery(BaseModel):
    """How to import."""

    model_config = ConfigDict(extra="ignore")

    dry_run: Annotated[bool, Field(description="Only say what would be done.")] = False


class CellErrorReply(BaseModel):
    """What is wrong with one cell; `column` as the file calls it."""

    column: str
    detail: str


class LineReply(BaseModel):
    """What became of one line; name and role as the list says them, null where the line is wrong."""

    line: int
    email: str
    full_name: str | None
    role: str | None
    outcome: Outcome
    errors: list[CellErrorReply]


class ImportReply(BaseModel):
    """What became of the list; `ignored` names the columns that were not read."""

    dry_run: bool
    total: int
    created: int
    skipped: int
    failed: int
    ignored: list[str]
    lines: list[LineReply]

    @classmethod
    def of(cls, report: ListReport, *, dry: bool) -> "ImportReply":
        """Counts and lines."""
        reports = report.lines
        counts = {outcome: sum(one.outcome is outcome for one in reports) for outcome in Outcome}
        return cls(
            dry_run=dry,
            total=len(reports),
            created=counts[Outcome.CREATED],
            skipped=counts[Outcome.EXISTS],
            failed=counts[Outcome.INVALID],
            ignored=report.ignored,
            lines=[LineReply.model_validate(one, from_attributes=True) for one in reports],
        )


def build_routes(imports: UserImport) -> RouteTable:
    """Declares the import."""
    table = RouteTable("users")

    @table.post(
        "/api/v1/users/import",
        raw_body=(TYPE, FORM_TYPE),
        query=ImportQuery,
        max_body_bytes=MAX_BYTES + FORM_ROOM,
        reply=ImportReply,
        summary="Make accounts for a list of people",
        description="CSV with a header: email, full_name (or first_name and last_name), role, phone. Whoever "
        "has an account already is left as they are, so a list may be imported again. As it is, or as the "
        "field `file` of a form.",
        errors=(403, 409),
    )
    async def import_users(call: Call) -> ImportReply:
        require(call.principal, Action.USER_MANAGE)
        query: ImportQuery = call.query
        data = await _file_of(call)
        report = await imports.run(call.principal, data, origin_of(call), dry=query.dry_run)
        return await asyncio.to_thread(ImportReply.of, report, dry=query.dry_run)

    return table


async def _file_of(call: Call) -> bytes:
    if call.request.content_type != FORM_TYPE:
        return call.raw
    header = call.request.headers["Content-Type"]
    return await asyncio.to_thread(file_of_form, header, call.raw, "file")
