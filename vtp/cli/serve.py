"""`vtp serve`: runs the server until it is told to end."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

YOUNG_OBJECTS: Final = 5000
"""After so many more objects made than given up those are looked through: more than all requests under way
hold, whose objects end by themselves. That takes 0.2 ms. With Python's 700, every sixth batch of events had
one look through what was still in use (decision 152).
"""
LOOP_NICENESS: Final = -5
"""Of the event loop's thread: it goes before hashing, recording and the database's threads, and after media
threads that may not run in real time (-10).
"""
app = typer.Typer(add_completion=False)
logger = logging.getLogger(__name__)


@app.command()
def serve(
    open_rooms: Annotated[
        bool,
        typer.Option(
            "--open-rooms",
            help="Let anybody on this machine make, enter and record rooms without signing in; for trying "
            "out and demonstrations. HTTP then listens on this machine only.",
        ),
    ] = False,
) -> None:
    """Run the server: web pages, API, WHIP and WHEP, media and recording in one process.

    Settings come from config/*.toml and from VTP_* variables, such as VTP_HTTP__PORT=9000.
    """
    gc.disable()  # until all is built: what is loaded and made at a start is there to stay
    from vtp.late_start import put_off_what_can_wait

    read_authorities = put_off_what_can_wait()
    from vtp.logs import configure_logs
    from vtp.settings_loading import load_settings

    overrides: dict[str, Any] = {"rooms": {"open": True}} if open_rooms else {}
    settings = load_settings(overrides=overrides)
    configure_logs(settings.log.level, settings.log.format)
    import uvloop

    from vtp.threads import go_first

    if settings.media.priority == "high":
        go_first(LOOP_NICENESS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, read_authorities))


async def _serve(settings: Any, read_authorities: Callable[[], None]) -> None:
    from vtp.app import start_server
    from vtp.cli.ending import Ending
    from vtp.cli.greeting import greeting, media_warning

    ending = Ending()
    try:
        server = await start_server(settings)
    except asyncio.CancelledError:
        return
    gc.freeze()  # what was built at the start lives to the end: no collection need walk it, not even once
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()
    logger.info("The server has started.")
    if warning := media_warning(server):
        logger.warning(warning)
    try:
        sys.stdout.write(await asyncio.to_thread(greeting, server))
        sys.stdout.flush()
        await asyncio.to_thread(read_authorities)
        await server.wait()
    except asyncio.CancelledError:
        pass  # a signal: end as asked
    finally:
        ending.begin()
        logger.info("The server is ending: connections and recordings are closed.")
        await server.close()
        ending.finish()
