"""Tables as PDF, each drawn by a short process of its own: it takes seconds of a processor, and what draws
takes memory that the server gets back."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from vtp.errors import TooLarge, Unavailable

TYPE: Final = "application/pdf"
DRAWER: Final = "vtp.http.pdf_drawing"
NO_FONTS: Final = 3
LIMIT_S: Final = 120.0
WAITING: Final = 8
"""Who comes when so many wait is told to come later."""
MAX_ROWS: Final = 2000


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is a share of the page, against those of the other columns."""

    title: str
    width: float = 1.0
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class PdfTable:
    """A title, lines about it, when it was made, and rows of texts."""

    title: str
    about: Sequence[str]
    made: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


class PdfDrawer:
    """Draws one at a time; a server has one of these."""

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)
        self._waiting = 0

    async def draw(self, table: PdfTable) -> bytes:
        """The file. Raises TooLarge for more rows than anybody prints, Unavailable where too many wait, there
        are no fonts, or it takes too long."""
        if len(table.rows) > MAX_ROWS:
            raise TooLarge(
                f"This report has {len(table.rows)} rows, and a PDF at most {MAX_ROWS}: take it as CSV.",
                code="too_many_rows",
            )
        if self._waiting >= WAITING:
            raise Unavailable("Many reports are being drawn. Ask again in a minute.", retry_after_s=60)
        self._waiting += 1
        try:
            async with self._one:
                return await _draw(table)
        finally:
            self._waiting -= 1


async def _draw(table: PdfTable) -> bytes:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", DRAWER, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment()
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            drawn, said = await process.communicate(json.dumps(asdict(table)).encode())
    except TimeoutError:
        raise Unavailable("The report took too long to draw: take it as CSV.", code="pdf_too_slow") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == NO_FONTS:
        raise Unavailable(
            "The server has no fonts to draw with: its administrator installs the package fonts-dejavu-core.",
            retry_after_s=3600,
            code="no_fonts",
        )
    if process.returncode != 0:
        raise RuntimeError(f"Drawing a PDF failed: {said.decode(errors='replace')[-2000:]}")
    return drawn


def _environment() -> dict[str, str]:
    """Without the server's settings, in which there are secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VTP_")}


def answer_pdf(stem: str, drawn: bytes) -> web.Response:
    """The file as an answer, called `stem` with the time."""
    name = f"{stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}.pdf"
    headers = {
        "Content-Type": TYPE,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=drawn, headers=headers)
