"""`vtp serve`: runs the server until it is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)

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
    from vtp.cli.greeting import greeting

    _end_on_signals()
    try:
        server = await start_server(settings)
    except asyncio.CancelledError:
        return
    try:
        sys.stdout.write(await asyncio.to_thread(greeting, server))
        sys.stdout.flush()
        await server.wait()
    except asyncio.CancelledError:
        pass  # a signal: end as asked
    finally:
        await _close(server)


async def _close(server: Any) -> None:
    """Closes the server; the clock of the watchdog runs at least from here (a drain brings none)."""
    watchdog = _arm_watchdog()
    await server.close()
    watchdog.cancel()


def _end_on_signals() -> None:
    """A first signal cancels the running task; one that comes a second or more later ends the process.

    Not sooner, because tools such as timeout(1) signal the process and then its group: the same wish twice.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    heard_s: list[float] = []

    def end() -> None:
        if heard_s:
            if loop.time() - heard_s[0] >= SAME_WISH_S:
                _give_up("Ended at once, as asked twice.")
            return
        heard_s.append(loop.time())
        _arm_watchdog()
        if task is not None:
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # SIGHUP: the terminal was closed
        loop.add_signal_handler(number, end)


def _arm_watchdog() -> threading.Timer:
    """Ends the process when closing hangs; a thread, because a hung loop runs no timers."""
    timer = threading.Timer(STOP_LIMIT_S, _give_up, ["Closing took too long; the process ends now."])
    timer.daemon = True
    timer.start()
    return timer


def _give_up(sentence: str) -> None:
    sys.stderr.write(f"vtp: {sentence}\n")
    sys.stderr.flush()
    os._exit(1)
