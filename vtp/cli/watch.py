"""`vtp watch`: joins a room over WHEP with one or many viewers and measures what arrives."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console

from vtp.bench.driver import ClientDriver, ConnectError
from vtp.bench.watch_report import print_report, report
from vtp.bench.watcher import Watcher
from vtp.bench.whip_client import HTTP_TIMEOUT_S, RefusedError, WhipHttp
from vtp.errors import StartupError

JOINS_AT_ONCE = 10

app = typer.Typer(add_completion=False)


@app.command()
def watch(
    url: Annotated[str, typer.Argument(help="Where to watch: http://HOST:PORT/whep/ROOM")],
    token: Annotated[
        str, typer.Option(envvar="VTP_TOKEN", help="Access or room token (vtp admin token --watch).")
    ] = "",
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to watch once all have joined.")] = 10.0,
    clients: Annotated[int, typer.Option(min=1, max=5000, help="How many viewers.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    insecure: Annotated[bool, typer.Option(help="Take any TLS certificate.")] = False,
) -> None:
    """Watch a room over WHEP and measure what arrives: frames, packets, loss, delay, freezes."""
    found = asyncio.run(_watch(url, token, seconds, clients, insecure))
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        print_report(found, Console())
    if found["total"]["failed"] == clients:
        raise StartupError(found["clients"][0]["failure"])


async def _watch(url: str, token: str, seconds: float, clients: int, insecure: bool) -> dict[str, Any]:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
    async with ClientDriver() as driver, aiohttp.ClientSession(timeout=timeout) as session:
        http = WhipHttp(session, token, insecure=insecure)
        watchers = [Watcher(driver, http, url) for _ in range(clients)]
        limit = asyncio.Semaphore(JOINS_AT_ONCE)
        await asyncio.gather(*(_join(watcher, limit) for watcher in watchers))
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            pass
        viewings = [watcher.read() for watcher in watchers]
        await asyncio.gather(*(watcher.leave() for watcher in watchers))
    return report(viewings)


async def _join(watcher: Watcher, limit: asyncio.Semaphore) -> None:
    async with limit:
        try:
            await watcher.join()
        except (RefusedError, ConnectError) as error:
            watcher.viewing.failure = str(error)
