"""The services of coursework, built once, and their routes."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.audit import AuditLog
from vtp.courses.contents import CourseContents
from vtp.coursework.assignment_news import AssignmentNews
from vtp.coursework.assignment_routes import add_assignment_routes
from vtp.coursework.assignments import Assignments
from vtp.coursework.carried_files import FilesToCarry
from vtp.coursework.contents import AssignmentContents, MaterialContents
from vtp.coursework.downloads import Downloads
from vtp.coursework.file_bytes import FileBytes
from vtp.coursework.file_types import FILE_TYPES
from vtp.coursework.files import FILES_FULL, CourseFiles
from vtp.coursework.grade_routes import add_grade_routes
from vtp.coursework.gradebook import GradeBook
from vtp.coursework.grades import Grades
from vtp.coursework.group_files import GroupFiles
from vtp.coursework.groups import Groups
from vtp.coursework.hand_in_news import HandInTeller
from vtp.coursework.material_news import MaterialNews
from vtp.coursework.material_routes import add_download_route, add_material_routes
from vtp.coursework.materials import Materials
from vtp.coursework.news import KINDS
from vtp.coursework.roster import Roster
from vtp.coursework.submission_routes import add_submission_routes
from vtp.coursework.submissions import Submissions
from vtp.coursework.telling import ReleaseTeller
from vtp.db import Database
from vtp.errors import StartupError
from vtp.http.routing import RouteTable
from vtp.notifications.notifier import Notifier
from vtp.recording.disk import Disk
from vtp.recording.grants import Grants
from vtp.settings import Settings
from vtp.tasks import Tasks


@dataclass(frozen=True, slots=True)
class CourseworkBase:
    """What coursework stands upon."""

    settings: Settings
    database: Database
    lies: FileBytes
    audit: AuditLog
    tasks: Tasks
    notifier: Notifier
    contents: CourseContents
    grants: Grants


@dataclass(frozen=True, slots=True)
class CourseworkParts:
    """Everything that people do with coursework."""

    files: CourseFiles
    materials: Materials
    assignments: Assignments
    groups: Groups
    submissions: Submissions
    grades: Grades
    book: GradeBook
    roster: Roster
    downloads: Downloads
    teller: ReleaseTeller

    @classmethod
    def build(cls, base: CourseworkBase) -> CourseworkParts:
        """Makes the services. Raises StartupError for a setting that cannot be."""
        base.notifier.kinds.add(*KINDS)
        limits = base.settings.coursework
        unknown = sorted(set(limits.file_types) - FILE_TYPES.keys())
        if unknown:
            raise StartupError(
                f"The setting coursework.file_types names {', '.join(unknown)}, which cannot be checked "
                f"by content: take some of {', '.join(sorted(FILE_TYPES))}."
            )
        disk = Disk(base.lies.store.root, FILES_FULL, base.settings.recording.min_free_bytes)
        files = CourseFiles(base.database, base.lies, limits, disk)
        materials = Materials(
            base.database, base.audit, files, limits.max_material_bytes, base.tasks, base.notifier
        )
        teller = ReleaseTeller(base.database, base.notifier, MaterialNews(), AssignmentNews())
        assignments = Assignments(base.database, base.audit, files, base.tasks, base.notifier, teller)
        submissions = Submissions(
            base.database,
            assignments,
            files,
            limits.max_submission_file_bytes,
            base.tasks,
            HandInTeller(base.database, base.notifier, base.tasks),
        )
        carried = FilesToCarry(base.database, files, limits, disk)
        grades = Grades(
            base.database,
            base.audit,
            assignments,
            files,
            limits.max_material_bytes,
            base.tasks,
            base.notifier,
            GroupFiles(files, carried, base.tasks),
        )
        base.contents.add(MaterialContents(), AssignmentContents())
        base.contents.files = carried
        checks = {
            "material_id": materials.check_file,
            "submission_id": submissions.check_file,
            "grade_id": grades.check_file,
        }
        return cls(
            files,
            materials,
            assignments,
            Groups(base.database, assignments),
            submissions,
            grades,
            GradeBook(base.database),
            Roster(base.database),
            Downloads(base.database, files, checks, base.grants),
            teller,
        )

    def start(self, tasks: Tasks) -> None:
        """Begins what goes on by itself."""
        tasks.start(self.teller.run(), "coursework that is released")


def build_routes(parts: CourseworkParts) -> RouteTable:
    """Declares everything about coursework."""
    table = RouteTable("coursework", "Materials, assignments, submissions and grades of courses.")
    add_material_routes(table, parts.materials)
    add_assignment_routes(table, parts.assignments, parts.groups)
    add_submission_routes(table, parts.submissions)
    add_grade_routes(table, parts.grades, parts.book, parts.roster)
    add_download_route(table, parts.downloads)
    return table
