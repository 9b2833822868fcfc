"""Files of courses without a server, for commands: the same services, with nobody to tell of anything."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from vtp.accounts.build import Accounts
from vtp.accounts.users import find_by_email
from vtp.course_files.build import CourseFileParts
from vtp.courses.audience import CourseAudience
from vtp.courses.build import contents_of_courses
from vtp.courses.carried_recordings import RecordingsToCarry
from vtp.coursework.carried_files import FilesToCarry
from vtp.coursework.contents import AssignmentContents, MaterialContents
from vtp.coursework.file_bytes import FileBytes
from vtp.coursework.files import FILES_FULL, CourseFiles
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.errors import StartupError
from vtp.http.identity import Principal
from vtp.jobs.build import build_jobs
from vtp.quizzes.contents import QuestionContents, QuizContents
from vtp.recording.disk import RECORDINGS_FULL, Disk
from vtp.recording.grants import Grants
from vtp.recording.holders import person_of
from vtp.rooms.kept import KeptRooms
from vtp.settings import Settings
from vtp.storage import Store


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[tuple[Database, CourseFileParts]]:
    """What makes and takes files of courses. Jobs find recordings that come. Raises StartupError."""
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url())
        stack.push_async_callback(database.close)
        accounts = Accounts.build(database, settings)
        stack.callback(accounts.close)
        store = await asyncio.to_thread(Store.open, settings.storage_url())
        instance = await asyncio.to_thread(instance_id, settings.data_dir)
        jobs = await build_jobs(settings, database, store, instance, CourseAudience())
        stack.push_async_callback(jobs.jobs.close)
        contents = contents_of_courses(KeptRooms(None, _nobody, _nobody, _nobody))
        contents.add(MaterialContents(), AssignmentContents(), QuestionContents(), QuizContents())
        least = settings.recording.min_free_bytes
        disk = Disk(store.root, FILES_FULL, least)
        files = CourseFiles(database, FileBytes(store, jobs.remote, instance), settings.coursework, disk)
        contents.files = FilesToCarry(database, files, settings.coursework, disk)
        contents.recordings = RecordingsToCarry(
            database,
            jobs.files,
            Disk(store.root, RECORDINGS_FULL, least),
            settings.recording,
            instance,
            _nobody,
        )
        grants = Grants(secrets.token_bytes(32))  # nobody is given any
        yield (
            database,
            CourseFileParts.build(settings, database, store, accounts.audit, contents, grants),
        )


async def account_by_email(database: Database, email: str) -> Principal:
    """Whose a course is to be. Raises StartupError."""
    async with database.read() as tx:
        found = await find_by_email(tx, email.strip().lower())
    if found is None:
        raise StartupError(f"Nobody has the address {email}: make the account first.")
    return person_of(found[0])


def _nobody(_: object) -> None:
    """Is told."""
