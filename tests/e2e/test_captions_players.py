"""Captions in hls.js, dash.js and Shaka in Chromium: at their times, over gaps and discontinuities too."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.sync_api import Browser

from tests.e2e.app_in_thread import app_in_thread
from tests.e2e.conftest import bundle
from tests.e2e.test_dash_players import PLAYERS, recorded_view
from tests.e2e.test_recording_hlsjs import HLS_JS, plain, publisher_returns
from vtp.recording.caption_store import Captions
from vtp.recording.caption_views import TEXT_NAME, WHOLE_NAME, render_subtitles, segment_text
from vtp.recording.dash import MPD_NAME, MPD_TYPE
from vtp.recording.playlist import PLAYLIST_NAME, PLAYLIST_TYPE
from vtp.recording.segmenter import Segmenter
from vtp.recording.view import RecordingView
from vtp.recording.webvtt import VTT_TYPE, Cue, write_vtt

PAGE = """<!doctype html><video id=v muted playsinline></video><script src=player.js></script>
<script src=page.js></script><script>
const video = document.getElementById('v'), errors = [], seen = {};
const base = new URL('stream/', location).href;
if (window.Hls) {
  const hls = new Hls({startPosition: 0});
  hls.on(Hls.Events.MANIFEST_PARSED, () => keepOneSound(hls));  // as our player does
  // Until the browser's own list of tracks agrees.
  setInterval(() => { if (hls.subtitleTracks[0] && hls.subtitleTrack < 0) hls.subtitleTrack = 0; }, 50);
  hls.on(Hls.Events.ERROR, (_, data) => data.fatal && errors.push(data.details));
  hls.loadSource(base + 'master.m3u8'); hls.attachMedia(video); video.play();
} else if (window.dashjs) {
  const player = dashjs.MediaPlayer().create();
  player.on('error', ({error}) => errors.push(`${error.code} ${error.message}`));
  player.on('streamInitialized', () => player.setTextTrack(0));
  player.initialize(video, base + 'manifest.mpd', true, 0);
} else {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  player.addEventListener('error', ({detail}) => errors.push(`${detail.code} ${detail.data}`));
  player.attach(video).then(() => player.load(base + 'manifest.mpd', 0)).then(() => {
    player.selectTextTrack(player.getTextTracks()[0]);
    player.setTextTrackVisibility?.(true);
    video.play();
  }).catch((error) => errors.push(`${error.code} ${error.data ?? error.message}`));
}
video.playbackRate = 2;
setInterval(() => {
  for (const track of video.textTracks) for (const cue of track.cues ?? []) {
    seen[`${cue.startTime.toFixed(1)}-${cue.endTime.toFixed(1)}`] = cue.text;
  }
}, 50);
window.state = () => ({ ended: video.ended, time: video.currentTime, errors, seen });
</script>"""
NOW = datetime(2026, 11, 28, tzinfo=UTC)
GERMAN = Captions("r", "de", "", False, 2, None, NOW, NOW)
CUES = [Cue(1000, 2000, "Anfang"), Cue(6500, 7500, "Ende")]


@pytest.fixture(scope="module")
def page_script() -> str:
    """What our player does to hls.js."""
    return bundle("hls_page")


def app_of(directory: Path, player: Path, page_script: str, view: RecordingView) -> web.Application:
    """The recording below `stream/` with captions, and a page with a player."""
    texts = {
        "master.m3u8": (view.multivariant(captions=[GERMAN]).text.decode(), PLAYLIST_TYPE),
        MPD_NAME: (view.mpd([GERMAN]).text.decode(), MPD_TYPE),
        f"captions/de/{PLAYLIST_NAME}": (render_subtitles(view.duration_s), PLAYLIST_TYPE),
        f"captions/de/{WHOLE_NAME}": (segment_text(write_vtt(CUES)), VTT_TYPE),
        f"captions/de/{TEXT_NAME}": (write_vtt(CUES), VTT_TYPE),
    }

    async def get(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name.endswith(PLAYLIST_NAME) and name not in texts:
            return web.Response(body=view.media(name.partition("/")[0]).text, content_type=PLAYLIST_TYPE)
        if name in texts:
            return web.Response(text=texts[name][0], content_type=texts[name][1])
        return web.FileResponse(directory / name)

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def script(_: web.Request) -> web.FileResponse:
        return web.FileResponse(player)

    async def adapted(_: web.Request) -> web.Response:
        return web.Response(text=page_script, content_type="text/javascript")

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/player.js", script)
    app.router.add_get("/page.js", adapted)
    app.router.add_get("/stream/{name:.*}", get)
    return app


@pytest.mark.drawn(1)
@pytest.mark.e2e
@pytest.mark.parametrize("player", ["hls.js", *PLAYERS])
@pytest.mark.parametrize("content", [plain, publisher_returns])
def test_captions_are_shown_when_they_are_said(
    tmp_path: Path,
    browser: Browser,
    page_script: str,
    player: str,
    content: Callable[[Segmenter], None],
) -> None:
    view = recorded_view(tmp_path, content)
    path = {"hls.js": HLS_JS, **PLAYERS}[player]
    with app_in_thread(app_of(tmp_path, path, page_script, view)) as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("state().ended || state().errors.length > 0", timeout=60_000, polling=50)
        state: dict[str, Any] = page.evaluate("state()")
        page.close()
    assert state["errors"] == [], state
    assert state["seen"] == {"1.0-2.0": "Anfang", "6.5-7.5": "Ende"}, json.dumps(state)
