"""The whole stack for end-to-end tests: a server with open rooms, Chromium, the lecture as fake camera."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from vtp.bench.lecture_clip import write_mjpeg, write_wav

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).parent / "pages"
CAMERA_SECONDS = 40
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
]
expect.set_options(timeout=30_000)  # ms; what comes at once on an idle machine takes its time on a busy one


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stack:
    """A running `vtp serve` process."""

    base: str
    data_dir: Path
    process: "subprocess.Popen[str]"
    environment: dict[str, str]
    log: list[str] = field(default_factory=list)

    def request(self, method: str, path: str, body: object = None) -> Any:
        """One API call; the JSON answer. Raises AssertionError with the problem for anything but 2xx."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error
        return json.loads(text) if text else None

    def vtp(self, *arguments: str) -> "subprocess.Popen[str]":
        """Another vtp command beside the server."""
        return subprocess.Popen(
            [sys.executable, "-m", "vtp", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_for_program(self, room: str, seconds: float = 60) -> None:
        """Until somebody presents in the room."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.request("GET", f"/api/v1/rooms/{room}")["live"]:
                    return
            except AssertionError as error:
                assert "404" in str(error), error
            select.select([], [], [], 0.1)
        raise AssertionError(f"nobody presents in {room} after {seconds} s")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One server for all end-to-end tests; each uses rooms of its own."""
    data_dir = tmp_path_factory.mktemp("data")
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VTP_")} | {
        "VTP_DATA_DIR": str(data_dir),
        "VTP_HTTP__PORT": str(port),
        "VTP_MEDIA__UDP_PORT": str(free_port(socket.SOCK_DGRAM)),
        "VTP_SFU__ENABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }
    log = (data_dir / "server.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "vtp", "serve", "--open-rooms"],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    running = Stack(f"http://localhost:{port}", data_dir, process, environment)
    try:
        until_ready(running)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            log.close()
        assert code == 0, (data_dir / "server.log").read_text()[-4000:]


def until_ready(running: Stack) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            running.request("GET", "/ready")
            return
        except (AssertionError, OSError):
            select.select([], [], [], 0.1)
    raise AssertionError((running.data_dir / "server.log").read_text()[-4000:])


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The lecture as what Chromium takes for a camera and a microphone."""
    folder = tmp_path_factory.mktemp("camera")
    write_mjpeg(folder / "lecture.mjpeg", CAMERA_SECONDS)
    write_wav(folder / "lecture.wav", CAMERA_SECONDS)
    return folder / "lecture.mjpeg", folder / "lecture.wav"


@pytest.fixture(scope="module")
def browser(camera: tuple[Path, Path]) -> Iterator[Browser]:
    """Chromium whose camera is the lecture, for the pages of one file."""
    picture, sound = camera
    capture = [f"--use-file-for-fake-video-capture={picture}", f"--use-file-for-fake-audio-capture={sound}"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *capture])
        yield launched
        launched.close()


def poll(page: Page, expression: str, seconds: float = 60) -> None:
    """Waits until the expression is true, on pages whose policy forbids Playwright's own waiting."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true within {seconds} s: {expression}"
        page.wait_for_timeout(100)


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(stack: Stack, browser: Browser) -> Iterator[OpenPage]:
    """Opens pages in Chromium; `open_page()` is an empty page of the server's origin with live.js in it.

    What a page leaves behind ends with its context: a Chromium for each test takes longer than many a test.
    """
    with ExitStack() as ending:

        def opened(path: str = "/health", *, script: bool = True, **options: Any) -> Page:
            context = browser.new_context(bypass_csp=script, **options)
            ending.callback(context.close)
            page = context.new_page()
            page.goto(stack.base + path)
            if script:
                page.evaluate((PAGES / "live.js").read_text() + "\nundefined;")
            return page

        yield opened


def bundle(folder: Path, name: str) -> str:
    """A script of web/src/testing as a page takes it, with the libraries that it uses in it."""
    out = folder / f"{name}.js"
    node = shutil.which("node", path=f"{ROOT / '.venv' / 'bin'}")
    assert node, "the virtual environment carries Node"
    rolldown = ROOT / "web" / "node_modules" / "rolldown" / "bin" / "cli.mjs"
    source = ROOT / "web" / "src" / "testing" / f"{name}.ts"
    command = [
        node,
        str(rolldown),
        str(source),
        "--format",
        "iife",
        "--file",
        str(out),
        "--platform",
        "browser",
    ]
    done = subprocess.run(command, cwd=ROOT / "web", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out.read_text()


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ortc_page.ts does, with both libraries in it."""
    return bundle(tmp_path_factory.mktemp("ortc"), "ortc_page")
