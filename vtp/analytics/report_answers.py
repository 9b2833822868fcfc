"""Reports as they are asked for: JSON, CSV for spreadsheets, PDF to print."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel

from vtp.analytics.attendance_schemas import ReportQuery
from vtp.analytics.report_pdfs import ReportPdfs
from vtp.analytics.report_tables import Paper
from vtp.http.csv_answer import stream_csv
from vtp.http.csv_cells import TYPE
from vtp.http.pdf_tables import TYPE as PDF_TYPE
from vtp.http.pdf_tables import answer_pdf
from vtp.http.routing import Call

FILES = (TYPE, PDF_TYPE)
T = TypeVar("T")


async def as_csv(
    call: Call, stem: str, model: type[BaseModel], rows: Sequence[BaseModel]
) -> web.StreamResponse:
    """A list of replies as a file: a column for each field; what is several is in one cell, with commas."""
    columns = list(model.model_fields)

    async def pages() -> AsyncIterator[Iterable[Sequence[object]]]:
        for start in range(0, len(rows), 500):
            dumped = (one.model_dump(mode="json") for one in rows[start : start + 500])
            yield [[_cell(row[name]) for name in columns] for row in dumped]

    return await stream_csv(call.request, stem, columns, pages())


def _cell(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


async def in_its_format(
    call: Call,
    pdfs: ReportPdfs,
    stem: str,
    found: T,
    rows: tuple[type[BaseModel], Sequence[BaseModel]],
    paper: Callable[[T], Paper],
) -> T | web.StreamResponse:
    """A report as the caller asks for it: JSON, its rows as CSV, or drawn as PDF."""
    if call.query.format == "csv":
        return await as_csv(call, stem, *rows)
    if call.query.format == "pdf":
        return await as_pdf(call, pdfs, stem, paper(found))
    return found


async def as_pdf(call: Call, pdfs: ReportPdfs, stem: str, paper: Paper) -> web.Response:
    """A report as a file to print."""
    query: ReportQuery = call.query
    return answer_pdf(stem, await pdfs.draw(call.principal, query.course_id, query.time_zone, paper))
