"""The services of courses, built once, and their routes."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.audit import AuditLog
from vtp.courses.announcement_routes import add_announcement_routes
from vtp.courses.announcements import Announcements
from vtp.courses.copying import CourseCopies
from vtp.courses.enrolment import Enrolments
from vtp.courses.enrolment_import import EnrolmentImport
from vtp.courses.enrolment_routes import add_enrolment_routes, add_import_route, add_own_routes
from vtp.courses.invitations import CourseInvitations
from vtp.courses.joining_routes import add_invitation_routes, add_joining_routes, add_permission_routes
from vtp.courses.lessons import Lessons
from vtp.courses.outline_routes import add_lesson_routes, add_section_routes
from vtp.courses.permissions import CoursePermissions
from vtp.courses.places import Places
from vtp.courses.quota import CourseQuotas
from vtp.courses.quota_routes import add_quota_routes
from vtp.courses.recording_routes import add_recording_routes
from vtp.courses.recordings import CourseRecordings
from vtp.courses.routes import add_course_routes
from vtp.courses.sections import Sections
from vtp.courses.service import Courses
from vtp.db import Database
from vtp.http.routing import RouteTable
from vtp.mail.links import Links
from vtp.media.events import Emitter
from vtp.recording.service import Recordings


@dataclass(frozen=True, slots=True)
class CourseParts:
    """Everything that people do with courses."""

    courses: Courses
    copies: CourseCopies
    sections: Sections
    lessons: Lessons
    enrolments: Enrolments
    imports: EnrolmentImport
    invitations: CourseInvitations
    permissions: CoursePermissions
    announcements: Announcements
    places: Places
    recordings: CourseRecordings
    quotas: CourseQuotas
    narrowed: Emitter[str]
    """Tells of each course of which somebody may see less than before."""

    @classmethod
    def build(cls, database: Database, recordings: Recordings, audit: AuditLog, links: Links) -> CourseParts:
        """Makes the services over one database."""
        narrowed: Emitter[str] = Emitter()
        enrolments = Enrolments(database, audit, narrowed.emit)
        filed = CourseRecordings(database, recordings, audit)
        return cls(
            Courses(database, audit, filed.hide_all, narrowed.emit),
            CourseCopies(database, audit),
            Sections(database, audit),
            Lessons(database, audit),
            enrolments,
            EnrolmentImport(database, audit),
            CourseInvitations(database, enrolments, audit, links),
            CoursePermissions(database, audit, narrowed.emit),
            Announcements(database, audit),
            Places(database),
            filed,
            CourseQuotas(database, audit),
            narrowed,
        )


def build_routes(parts: CourseParts) -> RouteTable:
    """Declares everything about courses."""
    table = RouteTable("courses", "Courses: what is in them, who takes part, how one joins.")
    add_own_routes(table, parts.enrolments)
    add_joining_routes(table, parts.invitations)
    add_course_routes(table, parts.courses, parts.copies)
    add_section_routes(table, parts.sections)
    add_lesson_routes(table, parts.lessons)
    add_enrolment_routes(table, parts.enrolments, parts.invitations)
    add_import_route(table, parts.imports)
    add_invitation_routes(table, parts.invitations)
    add_permission_routes(table, parts.permissions)
    add_announcement_routes(table, parts.announcements)
    add_recording_routes(table, parts.recordings)
    add_quota_routes(table, parts.quotas)
    return table
