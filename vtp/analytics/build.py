"""The services of analytics, built once, and their routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtp.accounts.audit import AuditLog
from vtp.analytics.alert_routes import add_alert_routes
from vtp.analytics.alerts import Alerts
from vtp.analytics.anonymizer import Anonymizer
from vtp.analytics.attendance_routes import add_attendance_routes
from vtp.analytics.attendances import Attendances
from vtp.analytics.completion import completion_of
from vtp.analytics.contents import RulesContents
from vtp.analytics.credit_store import keep_credits
from vtp.analytics.export_routes import add_export_routes
from vtp.analytics.exports import Exports
from vtp.analytics.intake import Intake
from vtp.analytics.lectures import Lectures
from vtp.analytics.live_class import LiveClasses
from vtp.analytics.live_routes import add_live_routes
from vtp.analytics.lrs_push import LrsPush
from vtp.analytics.paths import Doubled
from vtp.analytics.presence import Presence
from vtp.analytics.report_pdfs import ReportPdfs
from vtp.analytics.report_routes import Kept, add_report_routes
from vtp.analytics.reports import Reports
from vtp.analytics.rollups import Rollups
from vtp.analytics.routes import add_intake_routes, add_lecture_routes
from vtp.analytics.usage import Usage
from vtp.analytics.usage_routes import add_usage_routes
from vtp.analytics.viewer_routes import add_viewer_routes
from vtp.analytics.viewers import Viewers
from vtp.courses.contents import CourseContents
from vtp.db import Database
from vtp.http.pdf_tables import PdfDrawer
from vtp.http.routing import RouteTable
from vtp.mail.links import Links
from vtp.notifications.notifier import Notifier
from vtp.recording.progress import WatchProgress
from vtp.recording.service import Recordings
from vtp.rooms.service import RoomService
from vtp.settings import AnalyticsSettings
from vtp.tasks import Tasks


@dataclass(frozen=True, slots=True)
class AnalyticsBase:
    """What analytics stand upon."""

    database: Database
    recordings: Recordings
    progress: WatchProgress
    settings: AnalyticsSettings
    presence: Presence
    audit: AuditLog
    tasks: Tasks
    links: Links
    notifier: Notifier
    rooms: RoomService
    participants: Callable[[], int]
    contents: CourseContents


@dataclass(frozen=True, slots=True)
class AnalyticsParts:
    """Everything that is measured."""

    rollups: Rollups
    intake: Intake
    lectures: Lectures
    presence: Presence
    attendances: Attendances
    reports: Reports
    report_pdfs: ReportPdfs
    exports: Exports
    alerts: Alerts
    push: LrsPush
    usage: Usage
    viewers: Viewers
    live: LiveClasses
    anonymizer: Anonymizer

    @classmethod
    def build(cls, base: AnalyticsBase) -> AnalyticsParts:
        """Makes the services, and has them told of what is watched."""
        rollups = Rollups(base.database, base.settings.keep_days)
        base.progress.add_teller(rollups.watched)
        base.progress.asked = completion_of
        base.recordings.catalogue.before_leaving(keep_credits)
        base.contents.add(RulesContents())
        attendances = Attendances(base.database, base.audit)

        def count(room_id: str) -> None:
            base.tasks.start(attendances.count(room_id=room_id), "attendance of a class that has ended")

        base.presence.add_end_listener(count)
        usage = Usage(base.database, base.settings.usage_keep_days, base.participants)
        base.tasks.start(usage.watch(), "how busy the server is")
        push = LrsPush(base.database, base.settings, lambda: base.links.base)
        base.tasks.start(push.run(), "statements to a record store")
        return cls(
            rollups,
            Intake(base.database, base.recordings, rollups),
            Lectures(base.database, base.recordings, rollups, base.settings.at_least),
            base.presence,
            attendances,
            Reports(base.database, attendances, base.settings.at_least),
            ReportPdfs(base.database, PdfDrawer()),
            Exports(base.database, base.audit, lambda: base.links.base),
            Alerts(base.database, attendances, base.notifier),
            push,
            usage,
            Viewers(base.database, base.recordings),
            LiveClasses(base.database, base.rooms),
            Anonymizer(
                base.database,
                attendances,
                rollups,
                base.settings.anonymize_after_days,
                usage.is_counted,
                base.notifier.take_back,
                lrs_url=base.settings.lrs_url,
            ),
        )


def build_routes(parts: AnalyticsParts) -> RouteTable:
    """Declares everything about analytics."""
    table = RouteTable("analytics", "Who watched what, who was there.")
    both = Doubled(table)
    add_intake_routes(both, parts.intake)
    add_lecture_routes(both, table, parts.lectures)
    add_viewer_routes(both, parts.viewers)
    add_live_routes(both, parts.live)
    add_attendance_routes(both, parts.attendances, parts.report_pdfs)
    add_report_routes(both, parts.reports, parts.report_pdfs, _kept(parts))
    add_export_routes(both, parts.exports)
    add_alert_routes(both, parts.alerts)
    add_usage_routes(both, parts.usage, parts.anonymizer)
    return table


def _kept(parts: AnalyticsParts) -> Kept:
    return Kept(parts.rollups.keep_days, parts.anonymizer.after_days, parts.push.is_on)
