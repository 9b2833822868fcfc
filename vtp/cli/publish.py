"""`vtp publish`: sends a file, device or stream into a room over WHIP, in real time."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Annotated, Any

import aiohttp
import typer

from vtp.bench.driver import ClientDriver, ConnectError
from vtp.bench.media_source import MediaSource, SourceError, Track, probe
from vtp.bench.publisher import NotTakenError, Publisher
from vtp.bench.simulcast_clip import read_layers
from vtp.bench.whip_client import HTTP_TIMEOUT_S, RefusedError, WhipHttp
from vtp.cli.publish_layers import DEFAULT_LAYERS, Wanted, publish_layers
from vtp.errors import StartupError

app = typer.Typer(add_completion=False)


@app.command()
def publish(
    source: Annotated[str, typer.Argument(help="A file or URL that FFmpeg reads.", metavar="FILE|URL")],
    to: Annotated[str, typer.Option(help="Where to publish: http://HOST:PORT/whip/ROOM")],
    token: Annotated[
        str, typer.Option(envvar="VTP_TOKEN", help="Access or room token (vtp admin token --publish).")
    ] = "",
    loop: Annotated[bool, typer.Option("--loop", help="Begin again when the source ends.")] = False,
    encode: Annotated[bool, typer.Option("--encode", help="Encode even what could be copied.")] = False,
    video_bitrate: Annotated[int, typer.Option(help="Bits per second when encoding; 0 by size.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures at the end as JSON.")] = False,
    insecure: Annotated[bool, typer.Option(help="Take any TLS certificate.")] = False,
    simulcast: Annotated[
        bool,
        typer.Option("--simulcast", help="The first 10 s in several sizes, encoded before they are sent."),
    ] = False,
    layers: Annotated[
        str, typer.Option(help="With --simulcast: heights and kbit/s, the smallest first.")
    ] = DEFAULT_LAYERS,
    codec: Annotated[str, typer.Option(help="With --simulcast: vp8 or h264.")] = "vp8",
) -> None:
    """Publish a file or stream into a room over WHIP; Ctrl-C ends it."""
    try:
        if simulcast:
            wanted = Wanted(source, codec, tuple(read_layers(layers)), loop, as_json)
            found = asyncio.run(publish_layers(wanted, to, token, insecure))
        else:
            found = asyncio.run(_publish(source, to, token, loop, encode, video_bitrate, as_json, insecure))
    except (SourceError, RefusedError, ConnectError, ValueError) as error:
        raise StartupError(str(error)) from error
    if as_json:
        print(json.dumps(found, indent=2))
    if found["failure"]:
        raise StartupError(found["failure"])


async def _publish(
    url: str, to: str, token: str, loop: bool, encode: bool, video_bitrate: int, quiet: bool, insecure: bool
) -> dict[str, Any]:
    tracks = await asyncio.to_thread(probe, url, encode=encode)
    timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
    async with ClientDriver() as driver, aiohttp.ClientSession(timeout=timeout) as session:
        http = WhipHttp(session, token, insecure=insecure)
        publisher, tracks = await _open(driver, http, url, to, tracks)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, publisher.stop)
        if not quiet:
            print(f"Publishing {url} ({', '.join(map(str, tracks))}) to {to}. Ctrl-C ends it.", flush=True)
        try:
            done = await publisher.run(MediaSource(url, tracks, loop=loop, video_bitrate_bps=video_bitrate))
        finally:
            await publisher.close()
    return {
        "seconds": round(done.seconds, 3),
        "tracks": [str(track) for track in tracks],
        "key_frame_requests": done.key_frame_requests,
        "failure": done.failure,
        "streams": done.streams,
    }


async def _open(
    driver: ClientDriver, http: WhipHttp, url: str, to: str, tracks: list[Track]
) -> tuple[Publisher, list[Track]]:
    """Offers the source as it is; where the server knows a codec not, offers it encoded."""
    publisher = Publisher(driver, http, to, tracks)
    try:
        await publisher.open()
    except RefusedError as error:
        can_encode = any(track.copied and track.codec not in ("opus",) for track in tracks)
        if not can_encode or not (isinstance(error, NotTakenError) or "406" in str(error)):
            raise
        tracks = await asyncio.to_thread(probe, url, encode=True)
        publisher = Publisher(driver, http, to, tracks)
        await publisher.open()
    return publisher, tracks
