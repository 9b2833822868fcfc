"""A ladder in hls.js, dash.js and Shaka in Chromium: each changes rungs by hand, up and down, and plays."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page, TimeoutError

from tests.e2e.app_in_thread import app_in_thread
from tests.e2e.test_dash_players import OVER, PLAYERS
from tests.e2e.test_recording_hlsjs import HLS_JS
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units
from tests.unit.recording_rungs import feed_layers, layer_units
from vtp.jobs.ladder import RungsOfRecording
from vtp.jobs.rung_encoder import SOFTWARE
from vtp.recording.dash import MPD_NAME, MPD_TYPE
from vtp.recording.manifest import Manifest, write_manifest
from vtp.recording.playlist import PLAYLIST_NAME, PLAYLIST_TYPE
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView

pytestmark = pytest.mark.e2e
SCRIPTS = {**PLAYERS, "hls.js": HLS_JS}
RUNGS = [240, 120]
SIZES = [(640, 360), (426, 240), (214, 120)]
FPS = 10
"""Three players decode twice as many a second at once."""
PAGE = """<!doctype html><video id=v muted playsinline></video><script src=player.js></script><script>
const video = document.getElementById('v'), errors = [], widths = [];
video.defaultPlaybackRate = video.playbackRate = 2;
let choose;  // a rung: 0 is the smallest
if (window.Hls) {
  const hls = new Hls({startLevel: 0, maxBufferLength: 2, maxMaxBufferLength: 2});
  hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) errors.push(data.details); });
  hls.on(Hls.Events.MANIFEST_PARSED, () => { choose(0); video.play(); });
  choose = (rung) => {  // each is there with AAC and with Opus
    const heights = [...new Set(hls.levels.map((level) => level.height))];
    hls.nextLevel = hls.levels.findIndex((level) => level.height === heights[rung]);
  };
  hls.loadSource('stream/master.m3u8'); hls.attachMedia(video);
} else if (window.dashjs) {
  const player = dashjs.MediaPlayer().create();
  player.updateSettings({streaming: {
    abr: {autoSwitchBitrate: {video: false}, initialBitrate: {video: 1}},
    buffer: {fastSwitchEnabled: true, bufferTimeDefault: 2, bufferTimeAtTopQuality: 2},
  }});
  player.on('error', ({error}) => errors.push(`${error.code} ${error.message}`));
  choose = (rung) => player.setRepresentationForTypeByIndex('video', rung);
  player.initialize(video, new URL('stream/manifest.mpd', location).href, true, 0);
} else {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  player.configure({abr: {enabled: false}, streaming: {bufferingGoal: 2, rebufferingGoal: 0.5}});
  player.addEventListener('error', ({detail}) => errors.push(`${detail.code} ${detail.data}`));
  const tracks = () => player.getVariantTracks().sort((a, b) => a.width - b.width);
  choose = (rung) => {
    const widths = [...new Set(tracks().map((track) => track.width))];
    player.selectVariantTrack(tracks().find((track) => track.width === widths[rung]), true);
  };
  player.attach(video).then(() => player.load(new URL('stream/manifest.mpd', location).href, 0))
    .then(() => { choose(0); video.play(); })
    .catch((error) => errors.push(`${error.code} ${error.data ?? error.message}`));
}
const shown = {};
const [up, back] = (new URLSearchParams(location.search).get('at') ?? '2,7').split(',').map(Number);
let turn = 0;
const note = (_, frame) => {
  const second = Math.floor(frame.mediaTime);
  shown[second] = (shown[second] || 0) + 1;
  if (widths.at(-1) !== frame.width) widths.push(frame.width);
  if (turn === 0 && frame.mediaTime > up) { turn = 1; choose(2); }
  if (turn === 1 && frame.mediaTime > back) { turn = 2; choose(1); }
  video.requestVideoFrameCallback(note);
};
video.requestVideoFrameCallback(note);
window.state = () => ({
  time: video.currentTime, duration: video.duration, ended: video.ended, errors, widths,
  moving: Object.values(shown).filter((count) => count >= 3).length,
});
</script>"""


def h264(segmenter: Segmenter) -> None:
    feed(segmenter, h264_units(12 * FPS, fps=FPS, gop=2 * FPS, width=640, height=360), opus_units(600))


def made_ladder(directory: Path) -> RecordingView:
    """Twelve seconds of 640x360 with rungs that the job makes."""
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    h264(segmenter)
    duration_ns = segmenter.finish()
    names = ("video", "opus", "aac")
    write_manifest(
        directory, Manifest("r", 10**18, segmenter.target_duration_s, names, duration_ns, closed=True)
    )
    rungs = RungsOfRecording(directory, RUNGS, SOFTWARE)
    for line in rungs.picture.segments:
        rungs.make(line)
    rungs.publish()
    rungs.close()
    return RecordingView.load(directory)


def recorded_ladder(directory: Path) -> RecordingView:
    """Twenty seconds of a presenter who sends three sizes; for four of them another sends one."""
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    for begin_s, end_s, sizes, ssrc in ((0, 4, SIZES, 10), (4, 8, SIZES[:1], 20), (8, 20, SIZES, 30)):
        count = (end_s - begin_s) * FPS
        layers = layer_units(count, fps=FPS, gop=2 * FPS, sizes=sizes, ssrc=ssrc)
        feed_layers(segmenter, layers, at_ns=begin_s * NS)
    duration_ns = segmenter.finish()
    names = ("video", "layer-1", "layer-2")
    write_manifest(
        directory, Manifest("r", 10**18, segmenter.target_duration_s, names, duration_ns, closed=True)
    )
    return RecordingView.load(directory)


def app_of(directory: Path, player: str, view: RecordingView, text: str = PAGE) -> web.Application:
    """The recording below `stream/`, and a page with a player."""

    async def index(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html")

    async def script(_: web.Request) -> web.FileResponse:
        return web.FileResponse(SCRIPTS[player])

    async def mpd(_: web.Request) -> web.Response:
        return web.Response(body=view.mpd().text, headers={"Content-Type": MPD_TYPE})

    async def master(_: web.Request) -> web.Response:
        return web.Response(body=view.multivariant().text, headers={"Content-Type": PLAYLIST_TYPE})

    async def playlist(request: web.Request) -> web.Response:
        text = view.media(request.match_info["track"]).text
        return web.Response(body=text, headers={"Content-Type": PLAYLIST_TYPE})

    app = web.Application()
    app.router.add_get("/", index)
    app.router.add_get("/player.js", script)
    app.router.add_get(f"/stream/{MPD_NAME}", mpd)
    app.router.add_get("/stream/master.m3u8", master)
    app.router.add_get(f"/stream/{{track}}/{PLAYLIST_NAME}", playlist)
    app.router.add_static("/stream", directory)
    return app


def test_rungs_are_changed_by_hand_without_a_stall(tmp_path: Path, browser: Browser) -> None:
    for player, state in play(tmp_path, browser, made_ladder(tmp_path)).items():
        assert state["errors"] == [] and state["ended"], (player, state)
        assert state["widths"] == [214, 640, 426] and state["moving"] >= 10, (player, state)


def test_rungs_that_were_recorded_are_changed_over_changes_of_the_presenter(
    tmp_path: Path, browser: Browser
) -> None:
    """From 4 to 8 s all rungs have the same size; the largest is chosen at 9 s, the middle one at 12 s."""
    for player, state in play(tmp_path, browser, recorded_ladder(tmp_path), "/?at=9,12").items():
        assert state["errors"] == [] and state["ended"] and state["moving"] >= 10, (player, state)
        assert (state["widths"][:2], state["widths"][-1]) == ([214, 640], 426), (player, state)


def play(tmp_path: Path, browser: Browser, view: RecordingView, path: str = "/") -> dict[str, dict[str, Any]]:
    """In each player, all at once: what they say at the end."""
    with ExitStack() as ending:
        pages: dict[str, Page] = {}
        for player in SCRIPTS:
            address = ending.enter_context(app_in_thread(app_of(tmp_path, player, view)))
            pages[player] = browser.new_page()
            ending.callback(pages[player].close)
            pages[player].goto(address + path)
        with suppress(TimeoutError):  # the states tell more
            for page in pages.values():
                page.wait_for_function(OVER, timeout=60_000, polling=50)
        return {player: page.evaluate("state()") for player, page in pages.items()}
