"""Reports of courses over HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from vtp.analytics.attendance_schemas import ReportQuery
from vtp.analytics.network_schemas import NetworkQuery, NetworkReply, NetworkRow
from vtp.analytics.paths import Doubled
from vtp.analytics.report_answers import FILES, in_its_format
from vtp.analytics.report_pdfs import ReportPdfs
from vtp.analytics.report_schemas import (
    CourseReply,
    EngagementReply,
    LecturePerformance,
    PerformanceReply,
    StudentEngagement,
)
from vtp.analytics.report_tables import engagement_paper, network_paper, performance_paper
from vtp.analytics.reports import Reports
from vtp.http.routing import Access, Call


@dataclass(frozen=True, slots=True)
class Kept:
    """For how many days: what players said; whose figures are, after there was nobody in their course.
    `is_pushed`: what players say is kept by a learning record store, too."""

    log_days: int
    names_days: int
    is_pushed: bool


def add_report_routes(table: Doubled, reports: Reports, pdfs: ReportPdfs, kept: Kept) -> None:
    """Declares how a course goes, who takes part, and how its recordings are watched."""

    @table.get(
        "/course/{course_id}",
        reply=CourseReply,
        access=Access.VERIFIED,
        summary="Read how a course goes",
        description="Its students are told averages once there are as many as `analytics.at_least` says, in "
        "steps and a day old at most, and what is known of themselves.",
        errors=(403, 404),
    )
    async def get_course_analytics(call: Call) -> CourseReply:
        course_id = call.path["course_id"]
        found, told = await reports.course(call.principal, course_id)
        reply = CourseReply.of(course_id.lower(), found, told=told, asking=call.principal.user_id)
        reply.averages_from, reply.log_kept_days = reports.at_least, kept.log_days
        reply.anonymized_after_days = kept.names_days
        reply.is_pushed = kept.is_pushed
        return reply

    @table.get(
        "/reports/engagement",
        query=ReportQuery,
        reply=EngagementReply,
        reply_types=FILES,
        access=Access.VERIFIED,
        summary="Read who takes part in a course, and who may need help",
        errors=(403, 404),
    )
    async def get_engagement_report(call: Call) -> EngagementReply | web.StreamResponse:
        query: ReportQuery = call.query
        figures = await reports.of_students(call.principal, query.course_id)
        found = EngagementReply.of(query.course_id, figures)
        rows = StudentEngagement, found.student_engagement
        return await in_its_format(call, pdfs, "engagement", found, rows, engagement_paper)

    @table.get(
        "/reports/performance",
        query=ReportQuery,
        reply=PerformanceReply,
        reply_types=FILES,
        access=Access.VERIFIED,
        summary="Read how the recordings of a course are watched",
        errors=(403, 404),
    )
    async def get_performance_report(call: Call) -> PerformanceReply | web.StreamResponse:
        query: ReportQuery = call.query
        figures = await reports.of_students(call.principal, query.course_id)
        found = PerformanceReply.of(query.course_id, figures)
        rows = LecturePerformance, found.lectures
        return await in_its_format(call, pdfs, "performance", found, rows, performance_paper)

    @table.get(
        "/reports/network",
        query=NetworkQuery,
        reply=NetworkReply,
        reply_types=FILES,
        access=Access.VERIFIED,
        summary="Read who had trouble with their connection in the classes of a course, and why",
        errors=(403, 404),
    )
    async def get_network_report(call: Call) -> NetworkReply | web.StreamResponse:
        query: NetworkQuery = call.query
        network = await reports.network(call.principal, query.course_id)
        whole = query.connections or query.format != "json"
        found = NetworkReply.of(query.course_id, network, connections=whole)
        rows = NetworkRow, found.connections
        return await in_its_format(call, pdfs, "network", found, rows, network_paper)
