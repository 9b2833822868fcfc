"""Long lists as CSV that is sent while it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime

from aiohttp import web

from vtp.http.csv_cells import write_rows

_UTF8_MARK = b"\xef\xbb\xbf"  # what spreadsheets know UTF-8 by


async def stream_csv(
    request: web.Request,
    stem: str,
    columns: Sequence[str],
    pages: AsyncIterator[Iterable[Sequence[object]]],
) -> web.StreamResponse:
    """Page by page: nobody's memory holds a log of years. The file is called `stem`, with the time."""
    name = f"{stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    await response.write(_UTF8_MARK + write_rows([columns]))
    async for rows in pages:
        await response.write(write_rows(rows))
    await response.write_eof()
    return response
