"""Courses and what stands upon them: coursework, quizzes, analytics; what people are told of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vtp.analytics.build import AnalyticsBase, AnalyticsParts
from vtp.analytics.held_lessons import refuse_to_void
from vtp.analytics.past_store import watched_before
from vtp.building.classes import Classes
from vtp.building.foundation import Foundation
from vtp.building.recordings import Showing, Taking
from vtp.course_files.build import CourseFileParts
from vtp.courses.build import CourseBase, CourseParts
from vtp.courses.carried_recordings import RecordingsToCarry
from vtp.courses.revocations import CourseRevocations
from vtp.courses.terms import CourseFiling
from vtp.coursework.build import CourseworkBase, CourseworkParts
from vtp.coursework.file_bytes import FileBytes
from vtp.notifications.build import NotificationBase, NotificationParts
from vtp.quizzes.build import QuizParts
from vtp.recording.retention import Retention
from vtp.recording.terms import Terms


@dataclass(frozen=True, slots=True)
class Teaching:
    """Built last but for what people's own data is."""

    notifications: NotificationParts
    retention: Retention
    courses: CourseParts
    carried: RecordingsToCarry
    coursework: CourseworkParts
    quizzes: QuizParts
    course_files: CourseFileParts
    analytics: AnalyticsParts

    @property
    def upkeep(self) -> list[Callable[[], Awaitable[object]]]:
        """What is tidied, filled up and looked after from time to time."""
        return [
            self.courses.places.fill,
            self.courses.lesson_rooms.complete,
            self.courses.lesson_recordings.sweep,
            self.courses.schedules.extend,
            self.notifications.service.trim,
            self.coursework.files.sweep,
            self.carried.sweep,
            self.quizzes.ending.finish_due,
            self.analytics.rollups.trim,
            self.analytics.alerts.look,
            self.analytics.usage.roll,
            self.analytics.anonymizer.look,
        ]


def build_teaching(base: Foundation, classes: Classes, taking: Taking, showing: Showing) -> Teaching:
    """Who reads the revocations of courses is named before it returns."""
    settings, database, accounts, tasks = base.settings, base.database, base.accounts, base.tasks
    recordings = taking.recordings
    notifications = NotificationParts.build(
        NotificationBase(database, accounts.mails, accounts.links, accounts.sealer, tasks),
        settings.notifications,
    )
    notifications.start(tasks)
    kept_for = Terms(settings.recording.keep_days, CourseFiling())
    retention = Retention(
        database, recordings.trash, notifications.notifier, kept_for, settings.recording.trash_keep_days
    )
    tasks.start(retention.run(), "what recordings are kept for")
    accounts.revocations.add_reader(notifications.push.read)
    courses, carried = _build_courses(base, classes, taking, notifications)
    coursework = CourseworkParts.build(
        CourseworkBase(
            settings,
            database,
            FileBytes(taking.store, taking.jobs.remote, taking.instance),
            accounts.audit,
            tasks,
            notifications.notifier,
            courses.contents,
            showing.parts.grants,
        )
    )
    quizzes = QuizParts.build(database, accounts.audit, courses.contents, notifications.notifier)
    coursework.book.quizzes = quizzes.book
    courses.courses.when_opened(coursework.teller.opened)
    courses.courses.when_opened(quizzes.teller.opened)
    coursework.start(tasks)
    analytics = AnalyticsParts.build(
        AnalyticsBase(
            database,
            recordings,
            showing.parts.progress,
            settings.analytics,
            classes.presence,
            accounts.audit,
            tasks,
            accounts.links,
            notifications.notifier,
            classes.rooms,
            lambda: sum(room.participant_count for room in classes.live.rooms),
            courses.contents,
        )
    )
    courses.courses.watched_before = watched_before
    courses.lessons.before_move = refuse_to_void
    courses.narrowed.add_listener(showing.parts.holders.forget)
    accounts.revocations.add_reader(CourseRevocations(courses.narrowed.emit).read)
    files = CourseFileParts.build(
        settings, database, taking.store, accounts.audit, courses.contents, showing.parts.grants
    )
    return Teaching(notifications, retention, courses, carried, coursework, quizzes, files, analytics)


def _build_courses(
    base: Foundation, classes: Classes, taking: Taking, notifications: NotificationParts
) -> tuple[CourseParts, RecordingsToCarry]:
    """Courses, and the recordings that their files carry."""
    recordings = taking.recordings
    courses = CourseParts.build(
        CourseBase(
            base.database,
            base.accounts.audit,
            classes.rooms,
            classes.live,
            recordings,
            base.accounts.links,
            base.tasks,
            base.accounts.mails,
            base.settings.mail.sender,
            notifications,
        )
    )
    carried = RecordingsToCarry(
        base.database,
        taking.jobs.files,
        recordings.disk,
        base.settings.recording,
        taking.instance,
        recordings.tell_of_brought,
    )
    courses.contents.recordings = carried
    courses.start(base.tasks)
    return courses, carried
