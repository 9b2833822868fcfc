"""A class over an emulated network for real Chromiums: the server, a clip in layers, and browsers in nodes.

Nothing of it is in the test's own namespace: the browsers reach the server as localhost, by a rule of theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import stat
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from playwright.sync_api import Browser, Page, Playwright

from tests.e2e.conftest import CHROMIUM, FLAGS, PAGES
from vtp.bench.client_dtls import Identity
from vtp.bench.driver import ClientDriver
from vtp.bench.lecture_clip import lecture_frame
from vtp.bench.lecture_picture import LecturePicture
from vtp.bench.net import Network, Node
from vtp.bench.net.cast import Member
from vtp.bench.net.door import door
from vtp.bench.net.lesson import SERVER, Access
from vtp.bench.simulcast_clip import Clip
from vtp.bench.simulcast_publisher import LayersSent, SimulcastPublisher
from vtp.bench.vtp_server import VtpServer
from vtp.bench.whip_client import WhipHttp

ROOM = "lecture"
FPS = 25
START_S = 60.0


class Sender(Member):
    """Publishes a clip in layers from its cue to its end."""

    def __init__(self, node: Node, server: str, url: str, clip: Clip) -> None:
        super().__init__(node, server, url)
        self._clip = clip

    async def take_part(self, driver: ClientDriver, http: WhipHttp) -> LayersSent:
        publisher = SimulcastPublisher(driver, http, self.url, self._clip)
        await publisher.open()
        await self.wait_for_cue()
        running = asyncio.create_task(publisher.run(loop=True))
        await self.wait_for_end()
        publisher.stop()
        sent = await running
        await publisher.close()
        return sent


@dataclass
class EmulatedClass:
    """One that runs. Browsers are the caller's, in its own thread."""

    network: Network
    nodes: list[Node]
    """Of viewers."""
    port: int
    folder: Path
    _browsers: dict[str, Browser] = field(default_factory=dict)

    def open_page(self, playwright: Playwright, node: Node) -> Page:
        """A page of the server's origin with live.js in it, in the node's Chromium."""
        browser = self._browsers.get(node.name)
        if browser is None:
            browser = playwright.chromium.launch(
                executable_path=str(self._program(node)),
                args=[*FLAGS, "--host-resolver-rules=MAP localhost 10.66.0.1"],
            )
            self._browsers[node.name] = browser
        page = browser.new_context(bypass_csp=True).new_page()
        page.goto(f"http://localhost:{self.port}/health")
        page.evaluate((PAGES / "live.js").read_text() + "\nundefined;")
        return page

    def watch(self, page: Page) -> None:
        """By WHEP."""
        page.evaluate("watch", {"url": f"http://localhost:{self.port}/whep/{ROOM}"})

    def close(self) -> None:
        """Ends the browsers."""
        for browser in self._browsers.values():
            browser.close()

    def _program(self, node: Node) -> Path:
        """Playwright starts a file: one that enters the node first."""
        path = self.folder / f"chromium-{node.name}"
        path.write_text(f'#!/bin/sh\nexec {" ".join(node.place.enter_command)} {CHROMIUM} "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path


@contextlib.contextmanager
def emulated_class(
    seed: int, publisher: Access, viewers: Sequence[Access], clip: Clip, folder: Path
) -> Iterator[EmulatedClass]:
    """Media flows within the block."""
    with Network(seed) as network:
        server = network.add("server", *SERVER)
        teacher = network.add("publisher", "10.66.1.2/24", up=publisher.up, down=publisher.down)
        nodes = [
            network.add(f"viewer-{number}", f"10.66.{number + 1}.2/24", up=access.up, down=access.down)
            for number, access in enumerate(viewers, 1)
        ]
        begun: Future[int] = Future()
        end = threading.Event()
        done = server.place.begin(lambda: asyncio.run(_serve(server, teacher, clip, begun, end)), "class")
        done.add_done_callback(lambda played: _tell(begun, played))
        running = EmulatedClass(network, nodes, begun.result(START_S), folder)
        try:
            yield running
        finally:
            running.close()
            end.set()
            done.result(START_S)


async def _serve(server: Node, teacher: Node, clip: Clip, begun: Future[int], end: threading.Event) -> None:
    serving = VtpServer(server.address)
    async with ClientDriver(Identity()) as driver:
        try:
            await serving.start(driver)
            async with door(server.address, int(serving.url.rpartition(":")[2])) as port:
                url = f"http://localhost:{port}/whip/{ROOM}"
                sender = Sender(teacher, server.address, url, clip)
                sender.begin()
                await sender.ready()
                sender.cue()
                begun.set_result(port)
                await asyncio.to_thread(end.wait)
                sender.end()
                await sender.done()
        finally:
            await serving.stop()


def _tell(begun: Future[int], played: Future[None]) -> None:
    """It ended before it had begun: why?"""
    if not begun.done():
        begun.set_exception(played.exception() or RuntimeError("The class ended before it began."))


def write_noisy_clip(path: Path, seconds: float, width: int = 640, height: int = 360) -> None:
    """The lecture's numbers over moving noise, which takes all the bits that an encoder is given."""
    picture = LecturePicture(width, height, FPS)
    dice = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        strip = height // 6
        for number in range(round(seconds * FPS)):
            pixels = lecture_frame(picture, number, FPS).to_ndarray(format="gray")
            noise = dice.integers(0, 120, (height // 4, width // 4), np.uint8).repeat(4, 0).repeat(4, 1)
            pixels[strip:] = pixels[strip:] // 2 + noise[strip:]
            frame = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuvj420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def figures(page: Page) -> dict[str, Any]:
    """Of the picture that a page receives, by W3C's names."""
    found: dict[str, Any] = page.evaluate(
        """async () => {
          const all = [...(await window.pc.getStats()).values()];
          const video = all.find((s) => s.type === 'inbound-rtp' && s.kind === 'video') ?? {};
          const inbound = all.filter((s) => s.type === 'inbound-rtp');
          const bytes = inbound.reduce((sum, s) => sum + s.bytesReceived, 0);
          return {...video, bytes, now: performance.timeOrigin + performance.now()};
        }"""
    )
    return found
