"""Captures the offers in this folder again: `python tests/unit/sdp/capture.py`.

Needs Chromium and PyAV built with FFmpeg's whip muxer. Files written by hand (`obs_*`, `gstreamer_*`,
`firefox_*`, `safari_*`) are left alone.
"""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
from playwright.async_api import Page, async_playwright

HERE = Path(__file__).parent
FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

PUBLISH = """async ({codec, rids, extra}) => {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 1280, height: 720}});
  const pc = new RTCPeerConnection(extra.config || {});
  if (extra.dataFirst) {
    pc.createDataChannel('first');
    await pc.setLocalDescription();
  }
  pc.addTransceiver(stream.getAudioTracks()[0], {direction: 'sendonly', streams: [stream]});
  const encodings = rids.map((rid, i) => ({rid, scaleResolutionDownBy: 2 ** (rids.length - 1 - i)}));
  const init = {direction: 'sendonly', streams: [stream]};
  if (encodings.length) init.sendEncodings = encodings;
  const video = pc.addTransceiver(stream.getVideoTracks()[0], init);
  if (codec) {
    const all = RTCRtpReceiver.getCapabilities('video').codecs;
    const chosen = all.filter(c => c.mimeType === 'video/' + codec);
    video.setCodecPreferences([...chosen, ...all.filter(c => c.mimeType === 'video/rtx')]);
  }
  if (extra.dataLast) pc.createDataChannel('last');
  const offer = await pc.createOffer();
  await pc.setLocalDescription(offer);
  const sdp = pc.localDescription.sdp;
  pc.close();
  stream.getTracks().forEach(t => t.stop());
  return sdp;
}"""

WATCH = """async () => {
  const pc = new RTCPeerConnection();
  pc.addTransceiver('audio', {direction: 'recvonly'});
  pc.addTransceiver('video', {direction: 'recvonly'});
  await pc.setLocalDescription(await pc.createOffer());
  const sdp = pc.localDescription.sdp;
  pc.close();
  return sdp;
}"""


def write(name: str, sdp: str) -> None:
    (HERE / f"{name}.sdp").write_bytes(sdp.encode())


async def capture_publishers(page: Page) -> None:
    cases: list[tuple[str, str | None, list[str], dict[str, object]]] = [
        ("chromium_publish_all_codecs", None, [], {}),
        ("chromium_publish_vp8", "VP8", [], {}),
        ("chromium_publish_h264", "H264", [], {}),
        ("chromium_publish_vp9", "VP9", [], {}),
        ("chromium_publish_av1", "AV1", [], {}),
        ("chromium_publish_simulcast", None, ["q", "h", "f"], {}),
        ("chromium_publish_h264_simulcast", "H264", ["q", "h", "f"], {}),
        ("chromium_publish_data_first", None, [], {"dataFirst": True}),
        ("chromium_publish_data_last", None, [], {"dataLast": True}),
        ("chromium_publish_max_bundle", None, [], {"config": {"bundlePolicy": "max-bundle"}}),
    ]
    for name, codec, rids, extra in cases:
        write(name, await page.evaluate(PUBLISH, {"codec": codec, "rids": rids, "extra": extra}))


async def capture_chromium() -> None:
    executable = shutil.which("chromium") or os.environ.get("VTP_CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        context = await browser.new_context()
        page = await context.new_page()
        await context.route("http://localhost/", lambda r: r.fulfill(body="<p>", content_type="text/html"))
        await page.goto("http://localhost/")
        await capture_publishers(page)
        write("chromium_watch", await page.evaluate(WATCH))
        await browser.close()


class OfferHandler(BaseHTTPRequestHandler):
    """Takes one WHIP POST and refuses it: the offer is all we want."""

    offers: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.offers.append(body.decode())
        self.send_response(406)
        self.send_header("Content-Length", "0")
        self.end_headers()


def capture_ffmpeg() -> None:
    """The muxer holds the interpreter's lock while it waits for the answer, so it gets its own process."""
    offers: list[str] = []

    class Handler(OfferHandler):
        pass

    Handler.offers = offers
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_port}/whip/room"
        publisher = multiprocessing.get_context("spawn").Process(target=publish_with_ffmpeg, args=(url,))
        publisher.start()
        server.handle_request()
        publisher.join(10)
        publisher.kill()
    write("ffmpeg_publish", offers[0])


def publish_with_ffmpeg(url: str) -> None:
    container = av.open(url, "w", format="whip")
    video = container.add_stream("libx264", rate=30)
    video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
    video.options = {"profile": "baseline", "tune": "zerolatency", "bf": "0"}
    container.add_stream("libopus", rate=48000, layout="stereo")
    with contextlib.suppress(av.FFmpegError):
        container.start_encoding()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(capture_chromium())
    capture_ffmpeg()
