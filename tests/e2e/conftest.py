"""The whole stack for end-to-end tests: a server with open rooms, Chromium, the lecture as fake camera."""

import hashlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect

from tests.free_ports import free_port
from tests.fresh_database import begin_fresh
from tests.one_chromium import running_browser, running_playwright
from vtp.bench.lecture_clip import write_mjpeg, write_wav, write_y4m

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).parent / "pages"
CAMERA_SECONDS = 40
CAMERA_FPS = 10
"""What most tests look at is seen in few pictures, and a browser draws, codes and decodes each of them."""
CHROMIUM = (
    shutil.which("chromium-headless-shell")  # the same without windows, which nobody sees
    or shutil.which("chromium")
    or "/usr/bin/chromium"
)
UNUSED = [
    # Those that Playwright switches off: a list of ours takes the place of its own.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    # What the address bar suggests is two pages more for each window, which take longer than most of ours.
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
]
FLAGS = [
    f"--disable-features={','.join(UNUSED)}",
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
    begin_fresh(data_dir)
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
        said = (data_dir / "server.log").read_text()
        assert code == 0, said[-4000:]
        assert "Traceback" not in said, said[max(said.index("Traceback") - 500, 0) :][:6000]


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
def lecture() -> Callable[[str], Path]:
    """The lecture as what Chromium takes for a camera or a microphone, made once for all runs."""
    sources = ROOT / "vtp" / "bench"
    read = [*sorted(sources.glob("lecture_*.py")), sources / "frame_number.py"]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in read)).hexdigest()[:16]
    folder = ROOT / ".make" / "lecture"
    folder.mkdir(parents=True, exist_ok=True)
    return lambda ending: made_once(folder / f"{digest}-{CAMERA_FPS}-{CAMERA_SECONDS}{ending}")


def made_once(path: Path) -> Path:
    """The file, which may be there already; who makes it at the same time makes the same."""
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            if path.suffix == ".y4m":
                write_y4m(made, CAMERA_SECONDS, CAMERA_FPS)
            else:
                {".mjpeg": write_mjpeg, ".wav": write_wav}[path.suffix](made, CAMERA_SECONDS)
            made.replace(path)
    return path


@pytest.fixture(scope="module")
def playwright() -> Playwright:
    """For browsers of one file's own, which it closes."""
    return running_playwright()


@pytest.fixture(scope="session")
def kept_contexts() -> list[BrowserContext]:
    """Those that do not end with the file that opened them."""
    return []


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright, lecture: Callable[[str], Path], kept_contexts: list[BrowserContext]
) -> Iterator[Browser]:
    """Chromium whose camera is the lecture, CAMERA_FPS pictures a second; a file's pages end with it."""
    chromium = running_browser(CHROMIUM, *FLAGS, *devices(lecture(".y4m"), lecture(".wav")))
    yield chromium
    for context in chromium.contexts:
        if context not in kept_contexts:
            context.close()


@pytest.fixture(scope="module")
def smooth_browser(playwright: Playwright, lecture: Callable[[str], Path]) -> Iterator[Browser]:
    """With 30 pictures a second, for files that look at how smoothly they come: it is their `browser`."""
    flags = [*FLAGS, *devices(lecture(".mjpeg"), lecture(".wav"))]
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
    yield launched
    launched.close()


def devices(camera: Path, microphone: Path) -> list[str]:
    """Flags of Chromium."""
    return [
        f"--use-file-for-fake-video-capture={camera}",
        f"--use-file-for-fake-audio-capture={microphone}",
    ]


LOOK = """async () => {
  const end = performance.now() + LIMIT_MS;
  while (!(await (EXPRESSION))) {
    if (performance.now() > end) return false;
    await new Promise((done) => setTimeout(done, 50));
  }
  return true;
}"""


def poll(page: Page, expression: str, seconds: float = 60) -> None:
    """Waits until the expression is true, on pages whose policy forbids Playwright's own waiting.

    The page looks itself: a call of Playwright's takes longer than most expressions.
    """
    deadline = time.monotonic() + seconds
    while (left_s := deadline - time.monotonic()) > 0:
        look = LOOK.replace("LIMIT_MS", str(round(left_s * 1000))).replace("EXPRESSION", expression)
        try:
            if page.evaluate(look):
                return
        except Error as error:
            if "Execution context was destroyed" not in error.message:  # as the page went on to another
                raise
    raise AssertionError(f"never true within {seconds} s: {expression}")


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


def bundle(name: str) -> str:
    """A script of web/src/testing as a page takes it, with the libraries that it uses in it.

    It is made once for all runs, and small: each page reads it anew.
    """
    web, folder = ROOT / "web", ROOT / ".make" / "scripts"
    read = [*sorted((web / "src").rglob("*.ts*")), web / "package-lock.json"]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in read)).hexdigest()[:16]
    kept = folder / f"{name}-{digest}.js"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for older in folder.glob(f"{name}-*.js"):
            older.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as made:
            run_rolldown(web, name, Path(made) / kept.name)
            (Path(made) / kept.name).replace(kept)
    return kept.read_text()


def run_rolldown(web: Path, name: str, out: Path) -> None:
    """Makes one file of the script and of what it imports."""
    node = shutil.which("node", path=f"{ROOT / '.venv' / 'bin'}")
    assert node, "the virtual environment carries Node"
    rolldown = web / "node_modules" / "rolldown" / "bin" / "cli.mjs"
    source = web / "src" / "testing" / f"{name}.ts"
    options = ["--format", "iife", "--platform", "browser", "--minify"]
    command = [node, str(rolldown), str(source), "--file", str(out), *options]
    done = subprocess.run(command, cwd=web, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def script() -> str:
    """What ortc_page.ts does, with both libraries in it."""
    return bundle("ortc_page")
