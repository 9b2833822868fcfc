"""One page publishes the lecture, two watch it: every codec, in order, heard, and recorded."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.frame_order import LOOP, assert_in_order, steps, wait_for_numbers
from vtp.bench.frame_number import read_frame_number
from vtp.bench.lecture_sound import TONE_HZ

RECORDED_AS = {"H264": "avc1.", "VP8": "avc1.", "VP9": "vp09.", "AV1": "av01."}
CODECS = ["H264", "VP8", "VP9", "AV1"]


@pytest.mark.drawn(1)
@pytest.mark.parametrize(
    "codec", ["H264", "AV1", *(pytest.param(one, marks=pytest.mark.long) for one in ("VP8", "VP9"))]
)
def test_two_pages_see_and_hear_what_one_publishes(stack: Stack, open_page: OpenPage, codec: str) -> None:
    room = f"live-{codec.lower()}"
    publisher = open_page()
    publisher.evaluate("publish", {"url": f"{stack.base}/whip/{room}", "codec": codec})
    watchers = [open_page(), open_page()]
    for watcher in watchers:
        watcher.evaluate("watch", {"url": f"{stack.base}/whep/{room}"})
    for watcher in watchers:
        assert_in_order(wait_for_numbers(watcher, 20))
        heard = watcher.evaluate(f"listen({TONE_HZ}, 10)")
        assert heard["share"] > 0.5, heard
        figures = watcher.evaluate("stats()")
        assert f"video/{codec}" in figures["codecs"]
        assert figures["srtp"].endswith("AEAD_AES_128_GCM")
        assert figures["video"]["packetsLost"] == 0
    for page in (publisher, *watchers):
        page.evaluate("fetch(resource, {method: 'DELETE'})")


@pytest.mark.drawn(1)
@pytest.mark.parametrize("codec", CODECS)
def test_the_recording_holds_every_frame_and_plays_in_hls_js(
    stack: Stack, open_page: OpenPage, codec: str
) -> None:
    room = f"recorded-{codec.lower()}"
    publisher = open_page()
    publisher.evaluate("publish", {"url": f"{stack.base}/whip/{room}", "codec": codec})
    recording = stack.request("POST", "/api/v1/recordings/start", {"room_id": room, "title": "Frames"})[
        "recording_id"
    ]
    watcher = open_page()
    watcher.evaluate("watch", {"url": f"{stack.base}/whep/{room}"})
    seen = wait_for_numbers(watcher, 40)
    stopped = stack.request("POST", f"/api/v1/recordings/{recording}/stop")
    assert stopped["status"] in ("ready", "finalizing")
    publisher.evaluate("fetch(resource, {method: 'DELETE'})")
    info = stack.request("GET", f"/api/v1/recordings/{recording}/info")
    codecs = {track["track"]: track["codecs"] for track in info["tracks"]}
    assert codecs["video"].startswith(RECORDED_AS[codec])
    numbers = recorded_numbers(stack, recording)
    assert len(numbers) > 33
    assert_nothing_lost(numbers, seen)
    player = open_page(f"/recordings/{recording}", script=False)
    player.wait_for_selector("video")
    player.evaluate("document.querySelector('video').muted = true; document.querySelector('video').play()")
    poll(player, "document.querySelector('video').currentTime > 2")
    played = player.evaluate("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames")
    assert played > 10


def assert_nothing_lost(numbers: list[int], seen: list[int]) -> None:
    """In order, and all that somebody saw meanwhile: camera and encoder skip pictures, the recorder none."""
    distances = steps(numbers)
    assert all(0 <= step < LOOP // 2 for step in distances), distances
    assert set(seen) <= set(numbers), sorted(set(seen) - set(numbers))


def recorded_numbers(stack: Stack, recording: str) -> list[int]:
    """The numbers in the recording's MP4, read by PyAV from the server's own download."""
    import urllib.request

    path = Path(stack.data_dir) / f"{recording}.mp4"
    with urllib.request.urlopen(f"{stack.base}/api/v1/recordings/{recording}/download", timeout=30) as answer:
        path.write_bytes(answer.read())
    numbers = []
    with av.open(str(path)) as container:
        last = Fraction(-1)
        for frame in container.decode(video=0):
            assert frame.pts is not None and frame.time_base is not None
            assert frame.pts * frame.time_base > last
            last = frame.pts * frame.time_base
            number = read_frame_number(frame.to_ndarray(format="gray").astype(np.uint8, copy=False))
            if number is not None:
                numbers.append(number)
    return numbers
