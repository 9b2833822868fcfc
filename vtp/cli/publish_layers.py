"""`vtp publish --simulcast`: the beginning of a file in several sizes, encoded once, sent in real time."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from vtp.bench.driver import ClientDriver
from vtp.bench.simulcast_clip import ENCODERS, LAYERS, Clip, LayerFormat, encode_clip
from vtp.bench.simulcast_publisher import SimulcastPublisher
from vtp.bench.whip_client import HTTP_TIMEOUT_S, WhipHttp

DEFAULT_LAYERS = ",".join(f"{layer.height}:{layer.bitrate_bps // 1000}" for layer in LAYERS)


@dataclass(frozen=True)
class Wanted:
    """What to send. Raises ValueError for a codec that is none."""

    source: str
    codec: str
    layers: tuple[LayerFormat, ...]
    loop: bool
    quiet: bool

    def __post_init__(self) -> None:
        if self.codec not in ENCODERS:
            raise ValueError(f"{self.codec} cannot be sent in layers: use {' or '.join(ENCODERS)}.")


async def publish_layers(wanted: Wanted, to: str, token: str, insecure: bool) -> dict[str, Any]:
    """The figures at the end. Raises SourceError, RefusedError, ConnectError."""
    clip = await asyncio.to_thread(encode_clip, wanted.source, wanted.codec, wanted.layers)
    timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
    async with ClientDriver() as driver, aiohttp.ClientSession(timeout=timeout) as session:
        publisher = SimulcastPublisher(driver, WhipHttp(session, token, insecure=insecure), to, clip)
        await publisher.open()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, publisher.stop)
        if not wanted.quiet:
            print(f"Publishing {wanted.source} ({describe(clip)}) to {to}. Ctrl-C ends it.", flush=True)
        try:
            sent = await publisher.run(loop=wanted.loop)
        finally:
            await publisher.close()
    return {**asdict(sent), "clip_seconds": round(clip.seconds, 3), "layers": layer_figures(clip)}


def describe(clip: Clip) -> str:
    """The layers in a line."""
    sizes = ", ".join(
        f"{one['width']}x{one['height']} {one['kbit_per_s']:.0f} kbit/s" for one in layer_figures(clip)
    )
    return f"{clip.codec}: {sizes}"


def layer_figures(clip: Clip) -> list[dict[str, Any]]:
    """What each layer came out as."""
    return [
        {
            "rid": layer.format.rid,
            "width": layer.width,
            "height": layer.format.height,
            "kbit_per_s": round(layer.bytes * 8 / clip.seconds / 1000, 1),
        }
        for layer in clip.layers
    ]
