"""`vtp admin course`: whole courses as files, with or without a server running on the same data folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from vtp.counted import counted
from vtp.errors import Invalid, StartupError, VtpError
from vtp.settings_loading import load_settings

PIECE_BYTES = 1 << 20
T = TypeVar("T")

_ONE = {"quizzes": "quiz", "series": "series"}  # of others it is the word without its s
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Courses as files, to be taken to another server.",
)


@app.command("export")
def export(
    course: Annotated[str, typer.Argument(help="Its id: the end of its address in the browser.")],
    file: Annotated[Path, typer.Argument(help="The file to make; it must not exist.")],
    recordings: Annotated[
        bool, typer.Option("--recordings", help="With its recordings, which may be very large.")
    ] = False,
) -> None:
    """Make one file of a course, without people and what they have done."""
    size = _run(_export(course, file, recordings=recordings))
    print(f"{file}: {counted(size, 'byte')}.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What a course was exported as.")],
    owner: Annotated[str, typer.Option(help="The address of who is to teach it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of it.")] = False,
) -> None:
    """Make a course of a file, as a draft: all of it, or nothing; prints its id."""
    for line in _run(_import(file, owner, dry=dry_run)):
        print(line)


async def _export(course: str, file: Path, *, recordings: bool) -> int:
    from vtp.accounts.audit import Origin
    from vtp.course_files.offline import offline

    async with offline(load_settings()) as (_, parts):
        made = await parts.exports.export_here(
            course, Origin(user_agent="vtp admin course"), recordings=recordings
        )
        try:
            target = await asyncio.to_thread(os.open, file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            await made.pieces.aclose()
            raise StartupError(f"{file} cannot be made: {error.strerror}.") from error
        try:
            with os.fdopen(target, "wb") as out:
                async for piece in made.pieces:
                    await asyncio.to_thread(out.write, piece)
        except BaseException as error:
            file.unlink(missing_ok=True)
            if isinstance(error, OSError):
                why = error.strerror or str(error)
                raise StartupError(f"{file} cannot be written, or what goes into it read: {why}.") from error
            if isinstance(error, EOFError):
                raise StartupError(f"{file} was not made: {error}. Try again.") from error
            raise
    return file.stat().st_size


async def _import(file: Path, owner: str, *, dry: bool) -> list[str]:
    from vtp.accounts.audit import Origin
    from vtp.course_files.offline import account_by_email, offline

    async with offline(load_settings()) as (database, parts):
        principal = await account_by_email(database, owner)
        origin = Origin(user_agent="vtp admin course")
        made = await parts.imports.run(principal, lambda most: _pieces(file, most), origin, dry=dry)
    counts = ", ".join(
        counted(count, _ONE.get(kind, kind.removesuffix("s")), kind)
        for kind, count in sorted(made.carried.items())
        if count
    )
    words = "would be" if dry else "is"
    said = [f"{made.course.code}, {made.course.name} {words} a draft of {owner}: {counts or 'empty'}."]
    if made.missing:
        lost = counted(made.missing, "file or recording", "files or recordings")
        said.append(f"{lost} had been lost where it comes from.")
    return said if dry else [*said, made.course.id]


async def _pieces(file: Path, most: int) -> AsyncIterator[bytes]:
    try:
        source = await asyncio.to_thread(file.open, "rb")
    except OSError as error:
        raise StartupError(f"{file} cannot be read: {error.strerror}.") from error
    with source:
        if os.fstat(source.fileno()).st_size > most:
            raise StartupError(
                f"{file} is larger than the {most} bytes that coursework.max_course_file_bytes allows."
            )
        while piece := await asyncio.to_thread(source.read, PIECE_BYTES):
            yield piece


def _run(work: Coroutine[Any, Any, T]) -> T:
    """What a service refuses ends the command with the sentence instead of a traceback."""

    try:
        return asyncio.run(work)
    except VtpError as error:
        faults = error.errors if isinstance(error, Invalid) else []
        reasons = " ".join(f"{one.pointer}: {one.detail}." for one in faults)
        raise StartupError(f"{error.detail} {reasons}".strip()) from error
