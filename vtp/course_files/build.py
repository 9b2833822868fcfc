"""The services of files of courses, built once, and their routes."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.audit import AuditLog
from vtp.course_files.exporting import CourseExports
from vtp.course_files.importing import IMPORTS_FULL, CourseImports
from vtp.course_files.routes import add_export_route, add_import_route, add_link_routes
from vtp.courses.contents import CourseContents
from vtp.db import Database
from vtp.http.routing import RouteTable
from vtp.recording.disk import Disk
from vtp.recording.grants import Grants
from vtp.settings import Settings
from vtp.storage import Store


@dataclass(frozen=True, slots=True)
class CourseFileParts:
    """Courses as files."""

    exports: CourseExports
    imports: CourseImports

    @classmethod
    def build(
        cls,
        settings: Settings,
        database: Database,
        store: Store,
        audit: AuditLog,
        contents: CourseContents,
        grants: Grants,
    ) -> CourseFileParts:
        """Makes the services, once everything that is in courses has said what that is."""
        disk = Disk(store.root, IMPORTS_FULL, settings.recording.min_free_bytes)
        most = settings.coursework.max_course_file_bytes
        return cls(
            CourseExports(database, audit, contents, store.root, grants),
            CourseImports(database, audit, contents, disk, store.root, most),
        )


def build_routes(parts: CourseFileParts) -> RouteTable:
    """Declares everything about files of courses."""
    table = RouteTable("course files", "Whole courses as files, to be taken to another server.")
    add_import_route(table, parts.imports)
    add_export_route(table, parts.exports)
    add_link_routes(table, parts.exports)
    return table
