"""`vtp jobs`: works on recordings that have ended, beside the server of the same data folder."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Annotated, Any

import typer

from vtp.threads import be_patient

app = typer.Typer(add_completion=False)


@app.command()
def jobs(
    embedded: Annotated[
        bool, typer.Option("--embedded", hidden=True, help="Started by the server: settings come by stdin.")
    ] = False,
) -> None:
    """Work on recordings that have ended, and files of courses (upload to the object store); needs
    jobs.embedded = false.

    The server starts this by itself unless it is told not to. It may be killed at any time: what it was
    doing goes on when it is started again.
    """
    from vtp.late_start import put_off_what_can_wait

    put_off_what_can_wait()  # beside a server that starts, this process takes processors from it
    from vtp.jobs.child import decode_settings
    from vtp.logs import configure_logs
    from vtp.settings_loading import load_settings

    settings = decode_settings(sys.stdin.buffer.readline()) if embedded else load_settings()
    be_patient(settings.jobs.niceness)
    configure_logs(settings.log.level, settings.log.format)
    asyncio.run(_jobs(settings, embedded=embedded))


async def _jobs(settings: Any, *, embedded: bool) -> None:
    from vtp.accounts.picture_moving import move_pictures
    from vtp.coursework.moving import move_files
    from vtp.jobs.process import run_jobs

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if embedded and number != signal.SIGTERM:
            loop.add_signal_handler(number, lambda: None)  # a terminal's are the server's to hear
        else:
            loop.add_signal_handler(number, stop.set)
    if embedded:
        loop.add_reader(sys.stdin.fileno(), _watch, loop, stop)
    await run_jobs(settings, stop, {"files of courses": move_files, "pictures": move_pictures})


def _watch(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The server writes nothing more: what can be read is the end."""
    if not os.read(sys.stdin.fileno(), 4096):
        loop.remove_reader(sys.stdin.fileno())
        stop.set()
