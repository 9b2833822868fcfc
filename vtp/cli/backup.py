"""`vtp admin backup`, `restore` and `check`: what keeps a school's data safe."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from vtp.counted import counted
from vtp.settings_loading import load_settings

SECRETS_WARNING = (
    "It holds password hashes and the server's signing keys: who has this file can sign in as anybody. "
    "Keep it where only you can read it."
)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to make; it must not exist.")],
    media: Annotated[
        bool, typer.Option("--media", help="Recordings and pictures too, which may be very large.")
    ] = False,
) -> None:
    """Make one file of everything that must be kept; a running server goes on meanwhile."""
    from vtp.backup.last import note_backup
    from vtp.backup.make import make_backup

    settings = load_settings()
    made = asyncio.run(make_backup(settings, file, media=media))
    try:
        note_backup(settings.data_dir, datetime.now(UTC))
    except OSError as error:
        sys.stderr.write(f"That there is one could not be noted in {settings.data_dir}: {error.strerror}.\n")
    rows, files = counted(made.rows, "row"), counted(made.files, "file")
    print(f"{file}: {rows} of {made.database}, {files}, {counted(made.bytes, 'byte')}.")
    if made.missing:
        missing = counted(made.missing, "file was", "files were")
        print(f"{missing} deleted before the backup came to it.")
    sys.stderr.write(f"{SECRETS_WARNING}\n")


def restore(
    file: Annotated[Path, typer.Argument(help="What `vtp admin backup` made, on either database.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the database holds; else it must be empty.")
    ] = False,
    keep_sessions: Annotated[
        bool,
        typer.Option(
            "--keep-sessions",
            help="Leave everybody signed in, invitations open and links of mails good, also what was ended "
            "since the backup.",
        ),
    ] = False,
) -> None:
    """Put a backup back into the database and folders of these settings; no server may run on them."""
    from vtp.backup.restore import restore_backup

    restored = asyncio.run(restore_backup(load_settings(), file, force=force, keep_sessions=keep_sessions))
    rows, files = counted(restored.rows, "row"), counted(restored.files, "file")
    print(f"Restored {rows} and {files} of revision {restored.revision}.")
    if restored.ended is not None:
        print(
            f"Ended {counted(restored.ended.sessions, 'session')}, "
            f"{counted(restored.ended.links, 'link of a mail', 'links of mails')} and "
            f"{counted(restored.ended.invitations, 'open invitation')}: "
            "some may have been ended since the backup."
        )
    print(
        "Rights, passwords and second factors are those of the backup: the log (vtp.audit) has what changed."
    )
    for path in restored.kept:
        print(f"What was there before is in {path}.")


def check(
    media: Annotated[
        bool, typer.Option("--media", help="Read all recordings and compare their checksums.")
    ] = False,
) -> None:
    """Look for damage in the database and the recordings; code 1 when there is any."""
    found = asyncio.run(_check(read_media=media))
    if found:
        print(f"{counted(found, 'fault')}.")
        raise typer.Exit(1)
    print("No damage found.")


async def _check(*, read_media: bool) -> int:
    from vtp.backup.check import find_damage

    count = 0
    async for sentence in find_damage(load_settings(), read_media=read_media):
        print(sentence)
        count += 1
    return count
