"""Reports as PDF, with the name of their course and the time by its clocks."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.analytics.report_tables import Paper, when
from vtp.courses.clocks import zone_of
from vtp.courses.door import enter
from vtp.courses.store import Course
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.http.pdf_tables import PdfDrawer, PdfTable


class ReportPdfs:
    """Raises NotFound, Forbidden, Invalid for malformed ids, and what PdfDrawer raises."""

    def __init__(self, database: Database, drawer: PdfDrawer, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._drawer = drawer
        self._clock = clock

    async def draw(self, principal: Principal, course_id: str, zone: str | None, paper: Paper) -> bytes:
        """A report on a course that the caller is in; `zone`: by whose clocks, None: by the course's."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            clocks = ZoneInfo(zone or await zone_of(tx, inside.course.id))
        return await self._drawer.draw(table_of(paper, inside.course, clocks, self._clock()))


def table_of(paper: Paper, course: Course, clocks: ZoneInfo, now: datetime) -> PdfTable:
    """What is drawn."""
    return PdfTable(
        title=paper.title,
        about=[f"{course.code} · {course.name}", *paper.lines],
        made=f"Made {when(now, clocks)} ({clocks.key})",
        columns=[column for column, _ in paper.columns],
        rows=paper.cells(clocks),
    )
