"""The storyboard in Shaka in Chromium: for each time it names the picture that was shown then."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from playwright.sync_api import Browser

from tests.e2e.app_in_thread import app_in_thread
from tests.e2e.conftest import ROOT
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units
from vtp.recording.dash import MPD_NAME, MPD_TYPE
from vtp.recording.manifest import Manifest
from vtp.recording.storyboard import FOLDER, VTT_NAME, VTT_TYPE, Board
from vtp.recording.storyboards import Storyboards
from vtp.recording.view import RecordingView
from vtp.tasks import Tasks

SHAKA = ROOT / "web" / "node_modules" / "shaka-player" / "dist" / "shaka-player.compiled.js"
PAGE = """<!doctype html><video id=v muted></video><script src=player.js></script><script>
const ready = (async () => {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(document.getElementById('v'));
  await player.load(new URL('stream/manifest.mpd', location).href);
  const track = await player.addThumbnailsTrack(new URL('storyboard.vtt', location).href, 'text/vtt');
  return {player, track};
})();
const images = {};
window.pictureAt = async (time) => {
  const {player, track} = await ready;
  const one = await player.getThumbnails(track.id, time);
  const address = one.uris[0].split('#')[0];
  if (!images[address]) {
    images[address] = new Image();
    images[address].src = address;
    await images[address].decode();
  }
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [one.width, one.height];
  const context = canvas.getContext('2d');
  context.drawImage(images[address], -one.positionX, -one.positionY);
  const [red] = context.getImageData(one.width / 2, one.height / 2, 1, 1).data;
  return [one.startTime, one.width, one.height, Math.round(red * 219 / 255 / 3)];
};
</script>"""


def app_of(directory: Path, view: RecordingView) -> web.Application:
    """A recording with its storyboard, and a page with a player."""
    tasks = Tasks()
    storyboards = Storyboards(tasks)

    async def manifest(_: web.Request) -> web.Response:
        return web.Response(body=view.mpd().text, headers={"Content-Type": MPD_TYPE})

    async def cues(_: web.Request) -> web.Response:
        return web.Response(body=storyboards.vtt("r", view).text, headers={"Content-Type": VTT_TYPE})

    async def sheet(request: web.Request) -> web.Response:
        assert request.match_info["name"] == "sheet-00000.jpg"
        return web.Response(body=await storyboards.sheet("r", directory, view, 0), content_type="image/jpeg")

    async def index(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def script(_: web.Request) -> web.FileResponse:
        return web.FileResponse(SHAKA)

    async def close(_: web.Application) -> None:
        await tasks.close()
        storyboards.close()

    app = web.Application()
    app.router.add_get("/", index)
    app.router.add_get("/player.js", script)
    app.router.add_get(f"/{VTT_NAME}", cues)
    app.router.add_get(f"/{FOLDER}/{{name}}", sheet)
    app.router.add_get(f"/stream/{MPD_NAME}", manifest)
    app.router.add_static("/stream", directory)
    app.on_cleanup.append(close)
    return app


@pytest.mark.e2e
def test_shaka_finds_the_picture_of_each_time(tmp_path: Path, browser: Browser) -> None:
    recorded = Recorded(tmp_path)
    segmenter = recorded.segmenter()
    feed(segmenter, h264_units(30, fps=1, gop=1, width=320, height=240), opus_units(1500))
    segmenter.finish()
    names = ("video", "opus", "aac")
    manifest = Manifest("r", 10**18, segmenter.target_duration_s, names)
    view = RecordingView(manifest, {name: recorded.index(name) for name in names}, ended=True)
    board = Board()
    board.grow(view.tracks["video"])
    with app_in_thread(app_of(tmp_path, view)) as address:
        page = browser.new_page()
        page.goto(address)
        found = [page.evaluate("pictureAt", 5 * number + 2.5) for number in range(6)]
        page.close()
    assert found == [[tile.start_s, 120, 90, tile.place.start // 90_000] for tile in board.tiles]
