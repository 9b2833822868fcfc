"""What Chromium sends in layers is recorded as a ladder: the same pictures at the same times in each size."""

import itertools
import select
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.test_layers_chromium import HEIGHTS, SIMULCAST
from tests.unit.recording_material import Recorded
from tests.unit.recording_rungs import RUNGS, check_aligned
from vtp.bench.frame_number import read_frame_number
from vtp.recording.index import segment_name
from vtp.recording.view import RecordingView

FRAME_S = 1 / 30
PAGE = """() => {
  const player = document.querySelector('video');
  return [player.currentTime > 2, player.videoHeight];
}"""


@pytest.fixture(scope="module")
def browser(smooth_browser: Browser) -> Browser:
    """What is looked at is how smoothly pictures come."""
    return smooth_browser


def layers_now(folder: Path) -> list[dict[int, int]]:
    """The height that each rung's finished segments have by now, by their numbers."""
    if not (folder / "recording.json").exists():
        return []
    tracks = RecordingView.load(folder).tracks
    return [
        {one.msn: index.maps[one.map].height for one in index.segments if not one.gap}
        for index in (tracks[name] for name in RUNGS if name in tracks)
    ]


def segments_of_their_own(rungs: list[dict[int, int]]) -> list[int]:
    """Those in which each rung has its own size."""
    if len(rungs) < len(RUNGS):
        return []
    common = set.intersection(*map(set, rungs))

    def has_its_own(msn: int) -> bool:
        sizes = zip(rungs, HEIGHTS[::-1], strict=True)
        return all(abs(rung[msn] - height) <= 2 for rung, height in sizes)  # codecs round it

    return sorted(filter(has_its_own, common))


def wait_for_layers(folder: Path, segments: int) -> list[int]:
    """Until each rung has had its own size for so many segments in a row, and which those are: bandwidth
    estimation begins low, and on a busy machine a layer may go again at once.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        own = segments_of_their_own(layers_now(folder))
        for run in zip(*(own[first:] for first in range(segments)), strict=False):
            if run[-1] - run[0] == segments - 1:
                return list(run)
        select.select([], [], [], 0.2)
    raise AssertionError(layers_now(folder))


def shown(recorded: Recorded, track: str) -> Iterator[tuple[int, float, int | None]]:
    """(segment, seconds, frame number) of every picture."""
    index = recorded.index(track)
    folder = recorded.directory / track
    for segment in index.segments:
        if segment.gap:
            continue
        path = recorded.directory / f"{track}-{segment.msn}.mp4"
        path.write_bytes(
            (folder / index.maps[segment.map].uri).read_bytes()
            + (folder / segment_name(segment.msn)).read_bytes()
        )
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                gray = frame.to_ndarray(format="gray").astype(np.uint8, copy=False)
                yield segment.msn, (frame.pts or 0) / 90_000, read_frame_number(gray)
        path.unlink()


@pytest.mark.parametrize("codec", ["H264", pytest.param("VP9", marks=pytest.mark.long)])
def test_layers_of_a_browser_are_rungs_of_the_recording(
    stack: Stack, open_page: OpenPage, codec: str
) -> None:
    room = f"layers-recorded-{codec.lower()}"
    publisher = open_page()
    offer = {"url": f"{stack.base}/whip/{room}", "codec": codec, "encodings": SIMULCAST}
    publisher.evaluate("publish", offer)
    stack.wait_for_program(room)
    started = stack.request("POST", "/api/v1/recordings/start", {"room_id": room, "title": "Layers"})
    recording = started["recording_id"]
    folder = Path(stack.data_dir) / "recordings" / recording
    own = wait_for_layers(folder, 3)
    stack.request("POST", f"/api/v1/recordings/{recording}/stop")
    publisher.evaluate("fetch(resource, {method: 'DELETE'})")
    check_aligned(folder)
    recorded = Recorded(folder)
    high, *lower = ([one for one in shown(recorded, track) if one[0] in own] for track in RUNGS)
    times = {number: at for _, at, number in high if number is not None}
    assert len(times) > 100
    for pictures in lower:
        common = [(at, times[number]) for _, at, number in pictures if number in times]
        assert len(common) > 0.9 * len(times), "encoders skip a picture now and then, the recorder none"
        assert max(abs(at - led) for at, led in common) < FRAME_S
        pauses = [b - a for (_, a, _), (_, b, _) in itertools.pairwise(pictures)]
        assert max(pauses) < 1
    for msn in own:
        first = [next(number for in_, _, number in rung if in_ == msn) for rung in (high, *lower)]
        assert first[0] is not None and first == [first[0]] * 3, "segments begin with the same picture"
    player = open_page(f"/recordings/{recording}", script=False)
    player.wait_for_selector("video")
    player.evaluate("document.querySelector('video').muted = true; document.querySelector('video').play()")
    poll(player, f"({PAGE})()[0]")
