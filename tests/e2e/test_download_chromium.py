"""A recording's MP4 in Chromium's own player, over HTTP with ranges: it seeks, and plays to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page

from tests.e2e.app_in_thread import app_in_thread
from tests.e2e.test_recording_hlsjs import other_size, plain, publisher_returns
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units, shifted
from vtp.recording.download_routes import MP4_TYPE, send
from vtp.recording.downloads import WHOLE, Clip, make_mp4
from vtp.recording.mp4_file import Mp4File
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS

PAGE = """<!doctype html><video id=v muted playsinline preload=metadata src=download></video><script>
const video = document.getElementById('v');
const once = (name) => new Promise((done, failed) => {
  video.addEventListener(name, done, {once: true});
  video.addEventListener('error', () => failed(new Error(video.error.message)), {once: true});
});
window.numberAt = async (seconds) => {
  const seeked = once('seeked');
  video.currentTime = seconds;
  await seeked;
  const canvas = new OffscreenCanvas(1, 1), context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 1, 1);
  const gray = context.getImageData(0, 0, 1, 1).data[1];
  return {number: Math.round(gray * 219 / 255 / 3), width: video.videoWidth};
};
window.loaded = () => video.readyState >= 1 ? null : once('loadedmetadata');
window.toTheEnd = async () => {
  video.currentTime = 0; video.playbackRate = 2;
  const ended = once('ended');
  await video.play(); await ended;
  return {time: video.currentTime, audio: video.webkitAudioDecodedByteCount};
};
</script>"""


@dataclass
class Served:
    """An MP4 at an address, and what was asked of it."""

    address: str = ""
    ranges: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """The file that the test's parameters say, served as the application does."""
    content, clip = request.param
    found = Served()
    with app_in_thread(_app(recorded_mp4(tmp_path, content, clip), found)) as found.address:
        yield found


async def _may_go_on() -> None:
    """Nobody takes it away."""


def _app(file: Mp4File, served: Served) -> web.Application:
    async def download(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": MP4_TYPE, "Cache-Control": "no-store"}
        served.ranges.append(request.headers.get("Range", ""))
        response = await send(
            request,
            file,
            headers,
            _may_go_on,
            lambda start, size: asyncio.to_thread(file.read, start, size),
        )
        served.statuses.append(response.status)
        return response

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/download", download)
    return app


def recorded_mp4(directory: Path, content: Callable[[Segmenter], None], clip: Clip) -> Mp4File:
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    content(segmenter)
    segmenter.finish()
    tracks = {name: recorded.index(name) for name in ("video", "opus", "aac")}
    return make_mp4(directory, tracks, clip)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def there_and_back(segmenter: Segmenter) -> None:
    large = shifted(h264_units(60, width=640, height=360), 2 * NS)
    feed(segmenter, [*h264_units(60), *large, *shifted(h264_units(60), 4 * NS)], opus_units(300))


@pytest.mark.drawn(1)
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("served", "length_s", "pictures"),
    [
        ((plain, WHOLE), 8, {6.51: (195, 320), 1.01: (30, 320), 3.05: (91, 320)}),
        ((other_size, WHOLE), 7.33, {1.01: (30, 320), 4.35: (30, 640), 6.35: (90, 640), 2.01: (60, 320)}),
        ((there_and_back, WHOLE), 6, {5.01: (30, 320), 3.01: (30, 640), 1.01: (30, 320)}),
        ((publisher_returns, WHOLE), 11, {3.01: (90, 320), 5.5: (119, 320), 9.01: (60, 320)}),
        ((plain, Clip(2.5, 6.5)), 4, {0.01: (75, 320), 3.51: (180, 320)}),
        ((publisher_returns, Clip(5.0, 9.0)), 4, {0.5: (119, 320), 2.51: (15, 320)}),
    ],
    indirect=["served"],
)
def test_chromium_seeks_and_plays_to_the_end(
    served: Served, page: Page, length_s: float, pictures: dict[float, tuple[int, int]]
) -> None:
    page.goto(served.address)
    page.evaluate("loaded()")
    assert abs(page.evaluate("video.duration") - length_s) < 0.1
    for at_s, (number, width) in pictures.items():
        shown = page.evaluate(f"numberAt({at_s})")
        assert shown == {"number": number % 64, "width": width}, (at_s, shown)
    done = page.evaluate("toTheEnd()")
    assert abs(done["time"] - length_s) < 0.1 and done["audio"] > 0
    assert served.ranges[0] == "bytes=0-" and set(served.statuses) == {206}
