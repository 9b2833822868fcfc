"""How long the recordings of a course are kept, over HTTP."""

from __future__ import annotations

from vtp.accounts.replies import origin_of
from vtp.courses.routes import COURSE
from vtp.courses.terms import CourseTerms
from vtp.http.routing import Access, Call, RouteTable
from vtp.recording.term_routes import SetTerm, TermReply

TERM = COURSE + "/recording-retention"


def add_term_routes(table: RouteTable, terms: CourseTerms) -> None:
    """Declares them."""

    @table.get(
        TERM,
        reply=TermReply,
        access=Access.VERIFIED,
        summary="Read how long the recordings of a course are kept",
        errors=(403, 404),
    )
    async def get_course_retention(call: Call) -> TermReply:
        return TermReply.of(await terms.get(call.principal, call.path["id"]))

    @table.put(
        TERM,
        body=SetTerm,
        reply=TermReply,
        access=Access.VERIFIED,
        summary="Set how long the recordings of a course are kept",
        description="Of administrators. What would go within a week is told, and goes a week later. One that "
        "is filed in several courses is kept for the longest of their times.",
        errors=(403, 404),
    )
    async def set_course_retention(call: Call) -> TermReply:
        days = call.body.days
        return TermReply.of(await terms.set(call.principal, call.path["id"], days, origin_of(call)))
