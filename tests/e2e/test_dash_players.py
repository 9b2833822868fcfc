"""The DASH manifest in dash.js and Shaka in Chromium: over gaps and other sizes, and while it grows."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.sync_api import Browser, TimeoutError

from tests.e2e.app_in_thread import app_in_thread
from tests.e2e.conftest import ROOT
from tests.e2e.test_recording_hlsjs import (
    TRACKS,
    assert_played_over_the_gap,
    other_size,
    plain,
    publisher_returns,
    recovered_without,
)
from tests.unit.recording_material import Recorded
from vtp.recording.dash import CLOCK_NAME, MPD_NAME, MPD_TYPE
from vtp.recording.index import TrackIndex, segment_name
from vtp.recording.manifest import Manifest, write_manifest
from vtp.recording.recovery import recover
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView

MODULES = ROOT / "web" / "node_modules"
PLAYERS = {
    "dash.js": MODULES / "dashjs" / "dist" / "modern" / "umd" / "dash.all.min.js",
    "shaka": MODULES / "shaka-player" / "dist" / "shaka-player.compiled.js",
}
OVER = "state().ended || state().errors.length > 0"
PAGE = """<!doctype html><video id=v muted playsinline></video><script src=player.js></script><script>
const video = document.getElementById('v'), errors = [];
const source = new URL('stream/manifest.mpd', location).href;
if (window.dashjs) {
  const player = dashjs.MediaPlayer().create();
  player.on('error', ({error}) => errors.push(`${error.code} ${error.message}`));
  player.initialize(video, source, true, START);
} else {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  player.addEventListener('error', ({detail}) => errors.push(`${detail.code} ${detail.data}`));
  player.attach(video).then(() => player.load(source, START))
    .then(() => video.play()).catch((error) => errors.push(`${error.code} ${error.data ?? error.message}`));
}
const shown = {};
const note = (_, frame) => {
  const second = Math.floor(frame.mediaTime);
  shown[second] = (shown[second] || 0) + 1;
  video.requestVideoFrameCallback(note);
};
video.requestVideoFrameCallback(note);
window.state = () => ({
  time: video.currentTime, duration: video.duration, ended: video.ended, errors,
  moving: Object.values(shown).filter((count) => count >= 3).length, shown,
  audio: video.webkitAudioDecodedByteCount, width: video.videoWidth,
});
</script>"""


def recorded_view(directory: Path, content: Callable[[Segmenter], None]) -> RecordingView:
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    content(segmenter)
    segmenter.finish()
    names = ("video", "opus", "aac")
    manifest = Manifest("r", 10**18, segmenter.target_duration_s, names)
    return RecordingView(manifest, {name: recorded.index(name) for name in names}, ended=True)


def app_of(directory: Path, player: str, view: Callable[[], RecordingView], page: str) -> web.Application:
    """The recording below `stream/`, and a page with a player."""

    async def manifest(_: web.Request) -> web.Response:
        headers = {"Content-Type": MPD_TYPE, "Cache-Control": "no-store"}
        return web.Response(body=view().mpd().text, headers=headers)

    async def clock(_: web.Request) -> web.Response:
        return web.Response(text=datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z")

    async def index(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    async def script(_: web.Request) -> web.FileResponse:
        return web.FileResponse(PLAYERS[player])

    app = web.Application()
    app.router.add_get("/", index)
    app.router.add_get("/player.js", script)
    app.router.add_get(f"/stream/{MPD_NAME}", manifest)
    app.router.add_get(f"/stream/{CLOCK_NAME}", clock)
    app.router.add_static("/stream", directory)
    return app


def played(browser: Browser, app: web.Application) -> dict[str, Any]:
    """What the page says when it has come to the end, or to an error."""
    with app_in_thread(app) as address:
        page = browser.new_page()
        try:
            page.goto(address)
            with suppress(TimeoutError):  # the state tells more
                page.wait_for_function(OVER, timeout=60_000, polling=50)
        finally:
            state: dict[str, Any] = page.evaluate("state()")
            page.close()
    return state


@pytest.mark.drawn(1)
@pytest.mark.e2e
@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize(
    ("content", "frames", "seconds"), [(plain, 240, 8), (other_size, 220, 7.33), (publisher_returns, 240, 11)]
)
def test_manifest_plays_to_its_end(
    tmp_path: Path,
    browser: Browser,
    player: str,
    content: Callable[[Segmenter], None],
    frames: int,
    seconds: float,
) -> None:
    view = recorded_view(tmp_path, content)
    page = PAGE.replace("START", "0")
    state = played(browser, app_of(tmp_path, player, lambda: view, page))
    assert state["errors"] == [] and state["ended"], state
    assert abs(state["duration"] - seconds) < 0.2 and state["audio"] > 0, state
    assert state["moving"] >= frames // 30 - 1, state


@pytest.mark.drawn(1)
@pytest.mark.e2e
@pytest.mark.parametrize("lost", TRACKS)
@pytest.mark.parametrize("player", PLAYERS)
def test_recovered_recording_plays_over_a_lost_segment(
    tmp_path: Path, browser: Browser, player: str, lost: str
) -> None:
    view = recovered_without(tmp_path, lost)
    page = PAGE.replace("START", "0")
    assert_played_over_the_gap(view, played(browser, app_of(tmp_path, player, lambda: view, page)))


@pytest.mark.drawn(1)
@pytest.mark.e2e
@pytest.mark.parametrize("player", PLAYERS)
def test_picture_is_shown_where_the_first_piece_of_it_was_lost(
    tmp_path: Path, browser: Browser, player: str
) -> None:
    whole = recorded_view(tmp_path, plain)
    (tmp_path / "video" / segment_name(0)).unlink()
    write_manifest(tmp_path, whole.manifest)
    view = RecordingView(whole.manifest, recover(tmp_path).tracks, ended=True)
    page = PAGE.replace("START", "0")
    state = played(browser, app_of(tmp_path, player, lambda: view, page))
    assert state["errors"] == [] and state["ended"] and state["audio"] > 0, state
    assert {str(second) for second in range(3, 7)} <= set(state["shown"]), state


@pytest.mark.drawn(1)
@pytest.mark.e2e
@pytest.mark.parametrize("player", PLAYERS)
def test_manifest_is_followed_while_it_grows_until_it_ends(
    tmp_path: Path, browser: Browser, player: str
) -> None:
    growing = Growing(recorded_view(tmp_path, plain))
    page = PAGE.replace("START", "0")
    state = played(browser, app_of(tmp_path, player, growing.view, page))
    assert state["errors"] == [] and state["ended"], state
    assert growing.was_live and abs(state["time"] - 8) < 0.2 and state["audio"] > 0, state
    assert state["moving"] >= 7, state


class Growing:
    """A recording of 8 s as a player sees it that comes after two of its four segments."""

    def __init__(self, whole: RecordingView) -> None:
        self._whole = whole
        self._begun: float | None = None
        self.was_live = False

    def view(self) -> RecordingView:
        """As it would be by now."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = now - 4.5
            self._whole.manifest = replace(
                self._whole.manifest, origin_wall_ns=time.time_ns() - round(4.5 * NS)
            )
        count = int(now - self._begun) // 2
        if count >= 4:
            return self._whole
        self.was_live = True
        tracks = {name: _first(index, count) for name, index in self._whole.tracks.items()}
        return RecordingView(self._whole.manifest, tracks, ended=False)


def _first(index: TrackIndex, count: int) -> TrackIndex:
    return TrackIndex(index.track, index.timescale, index.maps, index.segments[:count])
