"""A publisher's layers, over a real server, are recorded as rungs of one ladder and followed live."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.hls_duties import Follower
from tests.media_server import MediaServer, running_server
from tests.strict_hls import needs_strict_parser, parse
from tests.unit.recording_material import Recorded
from tests.unit.recording_rungs import RUNGS, check_aligned, frames, heights
from vtp.bench.driver import ClientDriver
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.media_source import MediaSource, probe
from vtp.bench.publisher import Publisher
from vtp.bench.simulcast_budget import LayerBudget
from vtp.bench.simulcast_clip import Clip, LayerFormat, encode_clip
from vtp.bench.simulcast_publisher import SimulcastPublisher
from vtp.bench.whip_client import WhipHttp
from vtp.recording.live_view import LiveView
from vtp.recording.recorder import Recorder
from vtp.recording.session import RecordingSession
from vtp.recording.timebase import NS
from vtp.recording.wish import Wish
from vtp.tasks import Tasks

pytestmark = needs_strict_parser
FORMATS = [LayerFormat("l", 90, 60_000), LayerFormat("m", 180, 150_000), LayerFormat("h", 360, 400_000)]
FRAME_MS = 40


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rungs") / "lecture.mkv"
    write_clip(path, 4.0, ClipFormat(640, 360, key_frame_s=1.0))
    return path


@pytest.fixture(scope="module")
def clip(source: Path) -> Clip:
    return encode_clip(str(source), "h264", FORMATS)


@asynccontextmanager
async def recording(server: MediaServer, directory: Path) -> AsyncIterator[tuple[Recorder, LiveView]]:
    """Records the room `physics` until the block ends, in up to three layers."""
    room = await server.live_rooms.open(server.rooms.rooms["physics"])
    recorder, tasks, loop = Recorder(directory, "r"), Tasks(), asyncio.get_running_loop()
    session = RecordingSession(room, recorder, tasks, layers=3)
    recorder.on_key_frame_wanted(session.want_key_frame)
    view = LiveView(recorder.manifest, {})

    def grown() -> None:
        loop.call_soon_threadsafe(view.grow, recorder.manifest, recorder.tracks)

    recorder.on_growth(grown)
    running = asyncio.create_task(session.run())
    try:
        yield recorder, view
    finally:
        recorder.stop()
        outcome = await running
        view.complete(recorder.manifest, recorder.tracks)
        view.end()
        await tasks.close()
    assert outcome.failure == ""


@asynccontextmanager
async def sending(server: MediaServer, clip: Clip) -> AsyncIterator[SimulcastPublisher]:
    """Somebody presents a clip in layers."""
    async with ClientDriver() as driver, aiohttp.ClientSession() as http:
        publisher = SimulcastPublisher(driver, WhipHttp(http, "alice"), f"{server.url}/whip/physics", clip)
        await publisher.open()
        running = asyncio.create_task(publisher.run(loop=True))
        try:
            yield publisher
        finally:
            publisher.stop()
            await running
            await publisher.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - the recorder's thread writes every 50 ms and tells nobody
            await asyncio.sleep(0.05)


def seconds(recorder: Recorder) -> float:
    index = recorder.tracks.get("layer-1")
    return index.duration_s if index is not None else 0.0


async def follow(view: LiveView, track: str) -> Follower:
    """What a low-latency player is served of a track up to its end, checked duty by duty."""
    follower = Follower()
    await until(lambda: view.is_playable and track in view.tracks)
    wish = Wish()
    while True:
        text = (await view.follow(track, wish)).text.decode()
        parse(text.encode()) if not wish.skip else None
        playlist = follower.take(text)
        if playlist.ended:
            return follower
        match = re.fullmatch(r"seg-(\d+)\.(\d+)\.m4s", playlist.hint)
        assert match is not None
        wish = Wish(int(match[1]), int(match[2]), skip=True)


def check_frames(recorded: Recorded) -> None:
    """Each rung shows what the highest does, each picture within a frame of when that shows it."""
    lead = [at for at, _, _ in frames(recorded, "video")]
    for track in RUNGS[1:]:
        times = [at for at, _, _ in frames(recorded, track)]
        assert len(times) == len(lead), track
        assert max(abs(a - b) for a, b in zip(times, lead, strict=True)) < FRAME_MS, track


async def test_layers_are_recorded_whole_and_followed_live(tmp_path: Path, clip: Clip) -> None:
    async with running_server() as server:
        async with recording(server, tmp_path) as (recorder, view):
            followers = [asyncio.create_task(follow(view, track)) for track in RUNGS]
            async with sending(server, clip):
                await until(lambda: seconds(recorder) >= 7)
                multivariant = view.multivariant().text
        followed = [await one for one in followers]
    indexes = check_aligned(tmp_path)
    recorded = Recorded(tmp_path)
    for track, height in zip(RUNGS, (360, 180, 90), strict=True):
        assert set(heights(recorded, track)) == {height}
    assert not any(segment.discontinuity for segment in indexes[0].segments[1:])
    check_frames(recorded)
    lead = [at for at, _, _ in frames(recorded, "video")]
    assert all(20 <= b - a <= 60 for a, b in itertools.pairwise(lead)), "none is missing"
    assert parse(multivariant) == 6
    sizes = re.findall(r"RESOLUTION=(\d+x\d+)", multivariant.decode())
    assert sizes == ["640x360", "320x180", "160x90"] * 2
    told = [[(one.uri, one.duration_s, one.discontinuity) for one in each.segments] for each in followed]
    assert told[0] == told[1] == told[2]


async def test_the_highest_layer_pauses_and_its_rung_goes_on_with_the_next(
    tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = [3]
    monkeypatch.setattr(LayerBudget, "layers", lambda *_: allowed[0])
    async with (
        running_server() as server,
        recording(server, tmp_path) as (recorder, _),
        sending(server, clip),
    ):
        for count, so_long in ((3, 3), (2, 7), (3, 11)):
            allowed[0] = count
            await until(lambda so_long=so_long: seconds(recorder) >= so_long)  # type: ignore[misc]
    indexes = check_aligned(tmp_path)
    recorded = Recorded(tmp_path)
    seen = heights(recorded, "video")
    assert list(dict.fromkeys(seen)) == [360, 180] and seen[0] == seen[-1] == 360, seen
    assert set(heights(recorded, "layer-1")) == {180} and set(heights(recorded, "layer-2")) == {90}
    assert sum(one.discontinuity for one in indexes[0].segments if one.msn) == 2
    lead = [at for at, _, _ in frames(recorded, "video")]
    assert max(b - a for a, b in itertools.pairwise(lead)) < 2000
    low = [at for at, _, _ in frames(recorded, "layer-2")]
    assert max(b - a for a, b in itertools.pairwise(low)) < 3 * FRAME_MS


async def test_somebody_else_presents_without_layers(tmp_path: Path, clip: Clip, source: Path) -> None:
    tracks = probe(str(source))
    async with running_server() as server, recording(server, tmp_path) as (recorder, _):
        async with sending(server, clip):
            await until(lambda: seconds(recorder) >= 3)
        async with ClientDriver() as driver, aiohttp.ClientSession() as http:
            alone = Publisher(driver, WhipHttp(http, "alice"), f"{server.url}/whip/physics", tracks)
            await alone.open()
            await alone.run(MediaSource(str(source), tracks))
            await alone.close()
    check_aligned(tmp_path)
    recorded = Recorded(tmp_path)
    for track, height in zip(RUNGS, (360, 180, 90), strict=True):
        assert list(dict.fromkeys(heights(recorded, track))) == list(dict.fromkeys([height, 360])), track
    shown = [[line for line in frames(recorded, track) if line[2] == 360] for track in RUNGS[1:]]
    assert shown[0] == shown[1] and len(shown[0]) >= 4 * 25 - 5
    assert recorder.manifest.duration_ns > 6 * NS
