"""`vtp serve`: runs the server until it is told to end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)
logger = logging.getLogger(__name__)

SAME_WISH_S = 1.0
STOP_LIMIT_S = 4.8  # SIGTERM ends the process within 5 s, whatever hangs


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
    from vtp.late_models import build_models_late

    build_models_late()
    from vtp.logs import configure_logs
    from vtp.settings import load_settings

    overrides: dict[str, Any] = {"rooms": {"open": True}} if open_rooms else {}
    settings = load_settings(overrides=overrides)
    configure_logs(settings.log.level, settings.log.format)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Any) -> None:
    from vtp.app import start_server
    from vtp.cli.greeting import greeting, media_warning

    ending = _Ending()
    try:
        server = await start_server(settings)
    except asyncio.CancelledError:
        return
    gc.collect()
    gc.freeze()  # what was built at the start lives to the end: full collections need not walk it
    logger.info("The server has started.")
    if warning := media_warning(server):
        logger.warning(warning)
    try:
        sys.stdout.write(await asyncio.to_thread(greeting, server))
        sys.stdout.flush()
        await server.wait()
    except asyncio.CancelledError:
        pass  # a signal: end as asked
    finally:
        ending.begin()
        logger.info("The server is ending: connections and recordings are closed.")
        await server.close()
        ending.finish()


class _Ending:
    """How the process ends: a first signal cancels the task, one a second or more later ends it at once.

    Not sooner, because tools such as timeout(1) signal the process and then its group: the same wish twice.
    Whatever hangs, STOP_LIMIT_S after the beginning of the end it is over.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._begun_s: float | None = None
        self._watchdog = threading.Timer(
            STOP_LIMIT_S, _give_up, ["Closing took too long; the process ends now."]
        )
        self._watchdog.daemon = True  # a thread, because a hung loop runs no timers
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # SIGHUP: the terminal was closed
            self._loop.add_signal_handler(number, self._hear)

    def begin(self) -> None:
        """Starts the clock of the end, unless a signal has already."""
        if self._begun_s is None:
            self._begun_s = self._loop.time()
            self._watchdog.start()

    def finish(self) -> None:
        """Everything is closed."""
        self._watchdog.cancel()

    def _hear(self) -> None:
        if self._begun_s is None:
            self.begin()
            if self._task is not None:
                self._task.cancel()
        elif self._loop.time() - self._begun_s >= SAME_WISH_S:
            _give_up("Ended at once, as asked twice.")


def _give_up(sentence: str) -> None:
    sys.stderr.write(f"vtp: {sentence}\n")
    sys.stderr.flush()
    os._exit(1)
