"""`vtp edge`: answers viewers of live streams and recordings for another vtp, from its own memory."""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)
logger = logging.getLogger(__name__)


@app.command()
def edge(
    origin: Annotated[
        str,
        typer.Option(
            help="The server that it answers for, as this machine reaches it: https://school.example"
        ),
    ],
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where it listens; http.port unless given.")
    ] = None,
    memory_mib: Annotated[
        int,
        typer.Option(min=16, max=1_048_576, help="For segments and parts, in MiB; the rest needs about 80."),
    ] = 256,
    ca_file: Annotated[
        str,
        typer.Option(help="The certificate of the origin, or its authority's, where browsers know neither."),
    ] = "",
) -> None:
    """Answer viewers for another vtp: live streams and recordings, each part fetched once for all of them.

    It needs the origin's secrets/media.key in the data folder, and no database. Plain HTTP: put nginx or
    another proxy with TLS and HTTP/2 before it.
    """
    from vtp.logs import configure_logs
    from vtp.settings_loading import load_settings

    overrides: dict[str, Any] = {"http": {"port": port}} if port is not None else {}
    settings = load_settings(overrides=overrides)
    configure_logs(settings.log.level, settings.log.format)
    import uvloop

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)  # each playlist that is waited for is a connection
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, origin, memory_mib, ca_file))


async def _serve(settings: Any, origin: str, memory_mib: int, ca_file: str) -> None:
    from vtp.cli.ending import Ending
    from vtp.edge.server import start_edge

    ending = Ending()
    try:
        running = await start_edge(settings, origin, memory_mib, ca_file)
    except asyncio.CancelledError:
        return
    try:
        sys.stdout.write(f"This edge answers for {running.origin} on port {running.port}. Ctrl+C ends it.\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        pass  # a signal: end as asked
    finally:
        ending.begin()
        await running.close()
        ending.finish()
