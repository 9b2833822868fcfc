"""`vtp admin anonymize`: makes figures nobody's now, beside a running server or without one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from vtp.counted import counted
from vtp.errors import StartupError, VtpError
from vtp.settings import SHORTEST_BY_NAME_DAYS, Settings
from vtp.settings_loading import load_settings

if TYPE_CHECKING:
    from vtp.analytics.anonymizer import Anonymizer

BUSY = "A server does this at the moment; nothing was done. Try again later, or wait longer with --wait."
LOOKS_AGAIN_S = 0.5
NOT_SET = (
    "analytics.anonymize_after_days is 0: figures are kept by name. Set it, or say --after-days, or name a "
    "course with --course."
)


def anonymize(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become nobody's.")] = False,
    after_days: Annotated[
        int | None,
        typer.Option(
            min=SHORTEST_BY_NAME_DAYS,
            help="In the place of analytics.anonymize_after_days, this once.",
        ),
    ] = None,
    course: Annotated[
        str, typer.Option(help="The id of one course, which is closed whenever somebody was in it last.")
    ] = "",
    wait: Annotated[
        int, typer.Option(min=0, max=3600, help="How many seconds a server that does this now is waited for.")
    ] = 30,
) -> None:
    """Keep of attendance and watching only sums, where nobody was in a course for long; cannot be undone."""
    print(asyncio.run(_run(load_settings(), dry_run, after_days, course, wait)))


async def _run(settings: Settings, dry_run: bool, after_days: int | None, course: str, wait_s: float) -> str:
    from vtp.accounts.build import Accounts
    from vtp.analytics.offline import offline_anonymizer
    from vtp.db import Database

    database = await Database.open(settings.database_url())
    try:
        accounts = Accounts.build(database, settings)
        try:
            anonymizer = offline_anonymizer(database, accounts.audit, settings.analytics)
            if course:
                if dry_run:
                    raise StartupError("--course closes one course; it goes without --dry-run.")
                return await _close(anonymizer, course, wait_s)
            if not (anonymizer.after_days or after_days):
                raise StartupError(NOT_SET)
            if dry_run:
                due = await anonymizer.due(after_days)
                what = _what(len(due.courses), due.viewers)
                return f"{what} would become nobody's, and then who watched the recordings of these courses."
            before = await anonymizer.done()
            await _when_free(lambda: anonymizer.run(after_days), wait_s)
            done = await anonymizer.done()
        finally:
            accounts.close()
    except VtpError as error:
        raise StartupError(error.detail) from error
    finally:
        await database.close()
    courses, viewers = done.courses - before.courses, done.viewers - before.viewers
    return f"{_what(courses, viewers)} are nobody's now."


def _what(courses: int, viewers: int) -> str:
    return f"{counted(courses, 'course')} and {counted(viewers, 'viewer')} of recordings"


async def _when_free(work: Callable[[], Awaitable[bool]], wait_s: float) -> None:
    """Tries until no other process is at it. Raises StartupError after `wait_s`."""
    until = time.monotonic() + wait_s
    while not await work():
        if time.monotonic() >= until:
            raise StartupError(BUSY)
        await asyncio.sleep(LOOKS_AGAIN_S)


async def _close(anonymizer: Anonymizer, course: str, wait_s: float) -> str:
    await _when_free(lambda: anonymizer.close_course(course), wait_s)
    left = await anonymizer.left(course)
    said = ["The course is nobody's."]
    if left.stays:
        said.append("Who was in its classes of today stays by name until the day is counted, tomorrow.")
    if left.viewers:
        said.append(
            f"What {counted(left.viewers, 'person', 'people')} watched has not been pushed to the learning "
            f"record store yet; it waits for that, for {SHORTEST_BY_NAME_DAYS} days at most."
        )
    if len(said) > 1:
        said.append("A server does the rest by itself, and so does this command when it is run again.")
    return " ".join(said)
