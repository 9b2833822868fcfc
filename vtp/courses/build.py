"""The services of courses, built once, and their routes."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.audit import AuditLog
from vtp.courses.announcement_routes import add_announcement_routes
from vtp.courses.announcements import Announcements
from vtp.courses.calendar_routes import add_calendar_routes
from vtp.courses.calendars import Calendars
from vtp.courses.contents import CourseContents
from vtp.courses.copying import CourseCopies
from vtp.courses.enrolment import Enrolments
from vtp.courses.enrolment_import import EnrolmentImport
from vtp.courses.enrolment_news import EnrolmentNews
from vtp.courses.enrolment_routes import add_enrolment_routes, add_import_route, add_own_routes
from vtp.courses.invitations import CourseInvitations
from vtp.courses.joining_routes import add_invitation_routes, add_joining_routes, add_permission_routes
from vtp.courses.lesson_mails import LessonMails
from vtp.courses.lesson_people import LessonAttendance
from vtp.courses.lesson_recordings import LessonRecordings
from vtp.courses.lesson_releases import LessonReleases
from vtp.courses.lesson_rooms import LessonRooms
from vtp.courses.lesson_routes import add_live_lesson_routes
from vtp.courses.lesson_teller import LessonTeller
from vtp.courses.lesson_watch import LessonWatch
from vtp.courses.lessons import Lessons
from vtp.courses.news import KINDS
from vtp.courses.outline_contents import AnnouncementContents, LessonContents, SectionContents
from vtp.courses.outline_routes import add_lesson_routes, add_section_routes
from vtp.courses.permissions import CoursePermissions
from vtp.courses.places import Places
from vtp.courses.quota import CourseQuotas
from vtp.courses.quota_routes import add_quota_routes
from vtp.courses.recording_contents import CaptionContents, RecordingContents
from vtp.courses.recording_routes import add_recording_routes
from vtp.courses.recordings import CourseRecordings
from vtp.courses.routes import add_course_routes
from vtp.courses.schedule_routes import add_schedule_routes
from vtp.courses.schedules import Schedules
from vtp.courses.sections import Sections
from vtp.courses.series_contents import SeriesContents
from vtp.courses.service import Courses
from vtp.courses.term_routes import add_term_routes
from vtp.courses.terms import CourseTerms
from vtp.db import Database
from vtp.http.routing import RouteTable
from vtp.mail.links import Links
from vtp.mail.outbox import Outbox
from vtp.media.events import Emitter
from vtp.notifications.build import NotificationParts
from vtp.recording.service import Recordings
from vtp.rooms.kept import KeptRooms
from vtp.rooms.live import LiveRooms
from vtp.rooms.service import RoomService
from vtp.tasks import Tasks


@dataclass(frozen=True, slots=True)
class CourseBase:
    """What courses stand upon."""

    database: Database
    audit: AuditLog
    rooms: RoomService
    live_rooms: LiveRooms
    recordings: Recordings
    links: Links
    tasks: Tasks
    outbox: Outbox
    mail_sender: str
    notifications: NotificationParts


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
    terms: CourseTerms
    schedules: Schedules
    calendars: Calendars
    attendance: LessonAttendance
    lesson_rooms: LessonRooms
    lesson_watch: LessonWatch
    lesson_recordings: LessonRecordings
    lesson_releases: LessonReleases
    contents: CourseContents
    narrowed: Emitter[str]
    """Tells of each course of which somebody may see less than before."""

    @classmethod
    def build(cls, base: CourseBase) -> CourseParts:
        """Makes the services over one database, and has them hear of rooms and recordings."""
        database, audit, recordings = base.database, base.audit, base.recordings
        narrowed: Emitter[str] = Emitter()
        notifier, kept = base.notifications.notifier, base.rooms.kept
        notifier.kinds.add(*KINDS)
        filed = CourseRecordings(database, recordings, audit)
        watch = LessonWatch(database, base.live_rooms, recordings, base.tasks, notifier)
        unsubscribing = base.notifications.unsubscribing
        mails = LessonMails(base.outbox, base.links, base.mail_sender, unsubscribing)
        teller = LessonTeller(notifier, mails)
        news = EnrolmentNews(notifier, teller)
        enrolments = Enrolments(database, audit, narrowed.emit, news)
        lessons = Lessons(database, audit, kept, teller, watch.look_soon)
        told = LessonRecordings(database, base.tasks, notifier)
        recordings.add_listener(told.recording_changed)
        recordings.catalogue.add_access_listener(told.access_changed)
        narrowed.add_listener(watch.look_soon)
        contents = contents_of_courses(kept)
        ends = (filed.hide_all, lessons.tell_of_end)
        return cls(
            Courses(database, audit, ends, kept, narrowed.emit, news, lessons),
            CourseCopies(database, audit, contents),
            Sections(database, audit, teller),
            lessons,
            enrolments,
            EnrolmentImport(database, audit, news),
            CourseInvitations(database, enrolments, audit, base.links),
            CoursePermissions(database, audit, narrowed.emit, news),
            Announcements(database, audit, notifier),
            Places(database, news),
            filed,
            CourseQuotas(database, audit),
            CourseTerms(database, audit, recordings.terms.general_days),
            Schedules(database, audit, kept, teller, watch.look_soon),
            Calendars(database, base.links),
            LessonAttendance(database, lessons, base.live_rooms),
            LessonRooms(database, kept),
            watch,
            told,
            LessonReleases(database, teller),
            contents,
            narrowed,
        )

    def start(self, tasks: Tasks) -> None:
        """Begins what goes on by itself."""
        tasks.start(self.lesson_watch.run(), "lessons that are on")
        tasks.start(self.lesson_releases.run(), "lessons that are released")


def contents_of_courses(rooms: KeptRooms) -> CourseContents:
    """What is in courses; what stands above them adds its own."""
    return CourseContents(
        SectionContents(),
        SeriesContents(),
        LessonContents(rooms),
        AnnouncementContents(),
        RecordingContents(rooms),
        CaptionContents(),
    )


def build_routes(parts: CourseParts) -> RouteTable:
    """Declares everything about courses."""
    table = RouteTable("courses", "Courses: what is in them, who takes part, how one joins.")
    add_own_routes(table, parts.enrolments)
    add_joining_routes(table, parts.invitations)
    add_course_routes(table, parts.courses, parts.copies)
    add_section_routes(table, parts.sections)
    add_lesson_routes(table, parts.lessons)
    add_live_lesson_routes(table, parts.attendance)
    add_schedule_routes(table, parts.schedules)
    add_calendar_routes(table, parts.calendars)
    add_enrolment_routes(table, parts.enrolments, parts.invitations)
    add_import_route(table, parts.imports)
    add_invitation_routes(table, parts.invitations)
    add_permission_routes(table, parts.permissions)
    add_announcement_routes(table, parts.announcements)
    add_recording_routes(table, parts.recordings)
    add_quota_routes(table, parts.quotas)
    add_term_routes(table, parts.terms)
    return table
