"""`vtp publish` and `vtp watch` through a real server: every codec, nothing lost, failures in sentences."""

import asyncio
import itertools
import random
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest

from tests.media_server import MediaServer, running_server
from vtp.bench.driver import ClientDriver
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.media_source import MediaSource, SourceError, probe
from vtp.bench.publisher import Publisher, Publishing
from vtp.bench.watch_report import report
from vtp.bench.watcher import Watcher
from vtp.bench.whip_client import RefusedError, WhipHttp
from vtp.media.media_transport import BandwidthChanged, TransportEvent
from vtp.media.router import RouterEvent, TransportMade
from vtp.signalling.sfu_stats import consumer_stats, transport_stats

SECONDS = 3
ENCODERS = {"h264": "libx264", "vp8": "libvpx", "vp9": "libvpx-vp9", "av1": "libsvtav1"}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    for codec, encoder in ENCODERS.items():
        clip = ClipFormat(320, 180, bitrate_bps=300_000, key_frame_s=1.0, video_codec=encoder)
        write_clip(folder / f"{codec}.mkv", SECONDS, clip)
    return {codec: folder / f"{codec}.mkv" for codec in ENCODERS}


async def publish_and_watch(
    server: MediaServer, source: Path, viewers: int, *, encode: bool = False
) -> tuple[Publishing, dict[str, Any]]:
    """Viewers join first, then the source is published to its end."""
    tracks = probe(str(source), encode=encode)
    async with ClientDriver() as driver, aiohttp.ClientSession() as session:
        watchers = [
            Watcher(driver, WhipHttp(session, f"watcher-{i}"), f"{server.url}/whep/physics")
            for i in range(viewers)
        ]
        publisher = Publisher(driver, WhipHttp(session, "alice"), f"{server.url}/whip/physics", tracks)
        await asyncio.gather(*(watcher.join() for watcher in watchers))
        await publisher.open()
        publishing = await publisher.run(MediaSource(str(source), tracks))
        viewings = [watcher.read() for watcher in watchers]
        await publisher.close()
        await asyncio.gather(*(watcher.leave() for watcher in watchers))
    return publishing, report(viewings)


@pytest.mark.drawn(2)
@pytest.mark.parametrize("codec", list(ENCODERS))
async def test_every_frame_of_a_file_reaches_every_viewer(clips: dict[str, Path], codec: str) -> None:
    async with running_server() as server:
        publishing, found = await publish_and_watch(server, clips[codec], 3)
    assert publishing.failure == ""
    assert found["total"]["failed"] == found["total"]["lost"] == found["total"]["frames_broken"] == 0
    for client in found["clients"]:
        kinds = {stream["kind"]: stream for stream in client["streams"]}
        assert kinds["video"]["frames"] == SECONDS * 25
        assert kinds["audio"]["frames"] >= SECONDS * 50 - 1


async def test_what_a_viewers_link_carries_is_known_and_told(clips: dict[str, Path]) -> None:
    told: list[int] = []
    stats: list[dict[str, Any]] = []

    def heard(event: TransportEvent) -> None:
        if isinstance(event, BandwidthChanged):
            told.append(event.available_bps)
            stats[:] = transport_stats(event.transport)

    def follow(event: RouterEvent) -> None:
        if isinstance(event, TransportMade):
            event.transport.add_listener(heard)
            event.transport.follow_bandwidth()

    async with running_server() as server:
        room = await server.live_rooms.open(server.rooms.rooms["physics"])
        room.router.add_listener(follow)
        await publish_and_watch(server, clips["h264"], 1)
    whole, pair, w3c = stats
    assert told and 50_000 <= told[-1] <= 200_000_000
    assert whole["availableOutgoingBitrate"] == pair["availableOutgoingBitrate"] == told[-1]
    assert pair["type"] == "candidate-pair" and 0 < pair["currentRoundTripTime"] < 1
    assert w3c["type"] == "transport" and w3c["selectedCandidatePairId"] == pair["id"]
    assert w3c["id"] == pair["transportId"] and w3c["packetsSent"] == whole["packetsSent"] > 0


async def test_a_viewers_reports_are_told_in_w3cs_names_and_units(clips: dict[str, Path]) -> None:
    async with running_server() as server, asyncio.timeout(SECONDS + 20):
        _, pictures = await asyncio.gather(
            publish_and_watch(server, clips["h264"], 1), read_until_reported(server)
        )
    sent, *reported, received = pictures
    assert (sent["frameWidth"], sent["frameHeight"]) == (received["frameWidth"], received["frameHeight"])
    assert (sent["frameWidth"], sent["frameHeight"]) == (320, 180)
    assert 0 < sent["packetsSent"] <= received["packetsReceived"]
    assert [one["type"] for one in reported] == ["remote-inbound-rtp"]
    assert reported[0]["localId"] == sent["id"] and 0 <= reported[0].get("roundTripTime", 0) < 1
    assert reported[0]["fractionLost"] == 0 and 0 <= reported[0]["jitter"] < 1


async def read_until_reported(server: MediaServer) -> list[dict[str, Any]]:
    """The figures of the viewer's picture once it has told of its reception."""
    found: list[dict[str, Any]] = []
    while len(found) < 3:
        await asyncio.sleep(0.02)  # the packet path has no event per report
        live = server.live_rooms.get(server.rooms.rooms["physics"].room_id)
        transports = live.router.transports.values() if live else ()
        consumers = [consumer for one in transports for consumer in one.consumers.values()]
        video = next((one for one in consumers if one.kind == "video" and one.started), None)
        found = consumer_stats(video) if video else []
    return found


async def test_what_cannot_be_copied_is_encoded(clips: dict[str, Path], tmp_path: Path) -> None:
    mpeg4 = tmp_path / "old.mp4"
    transcode(clips["h264"], mpeg4)
    assert [(track.codec, track.copied) for track in probe(str(mpeg4))] == [("h264", False), ("opus", False)]
    async with running_server() as server:
        _, found = await publish_and_watch(server, mpeg4, 1)
    video = next(stream for stream in found["clients"][0]["streams"] if stream["kind"] == "video")
    assert video["frames"] >= SECONDS * 25 - 2
    assert video["lost"] == 0


async def test_an_encoded_picture_answers_a_key_frame_request(clips: dict[str, Path]) -> None:
    async with running_server() as server, asyncio.timeout(SECONDS + 20):
        (publishing, found), _ = await asyncio.gather(
            publish_and_watch(server, clips["h264"], 1, encode=True), ask_for_a_key_frame(server)
        )
    video = next(stream for stream in found["clients"][0]["streams"] if stream["kind"] == "video")
    assert publishing.key_frame_requests > 0
    assert video["key_frames"] > 2


async def ask_for_a_key_frame(server: MediaServer) -> None:
    """Once half a second of the picture has come."""
    packets = 0
    while packets < 12:
        await asyncio.sleep(0.02)  # the packet path has no event per packet
        live = server.live_rooms.get(server.rooms.rooms["physics"].room_id)
        video = live.program.producers.get("video") if live else None
        packets = video.stats()["streams"][0]["packets"] if video else 0
    await server.room().program.producers["video"].request_key_frame()


async def test_a_room_that_is_not_there_is_told_in_a_sentence() -> None:
    async with running_server() as server, ClientDriver() as driver, aiohttp.ClientSession() as session:
        watcher = Watcher(driver, WhipHttp(session, "bob"), f"{server.url}/whep/chemistry")
        with pytest.raises(RefusedError, match=r"404: There is no such room\."):
            await watcher.join()


async def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    async with ClientDriver() as driver, aiohttp.ClientSession() as session:
        watcher = Watcher(driver, WhipHttp(session), "http://127.0.0.1:9/whep/physics")
        with pytest.raises(RefusedError, match=r"127\.0\.0\.1:9"):
            await watcher.join()


def test_a_file_that_is_not_there_is_told_with_its_name() -> None:
    with pytest.raises(SourceError, match=r"nowhere\.mp4 cannot be read: No such file"):
        probe("nowhere.mp4")


def test_a_file_that_is_no_media_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(random.Random(3).randbytes(20_000))
    with pytest.raises(SourceError, match=r"noise\.bin"):
        probe(str(tmp_path / "noise.bin"))


def test_h264_with_b_frames_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "b.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.options = {"bf": "2"}
        for number in range(50):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert [track.copied for track in probe(str(path))] == [False]


def test_a_looped_source_goes_on_without_a_gap(clips: dict[str, Path]) -> None:
    source = MediaSource(str(clips["h264"]), probe(str(clips["h264"])), loop=True)
    times: list[float] = []
    for unit in source.units():
        if unit.kind == "video":
            times.append(unit.time_s)
        if len(times) == 2 * SECONDS * 25 + 5:
            break
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(0.02 < step < 0.09 for step in steps)


def transcode(source: Path, target: Path) -> None:
    """MPEG-4 part 2 and AAC: what old cameras and phones left behind."""
    with av.open(str(source)) as container, av.open(str(target), "w") as out:
        video = out.add_stream("mpeg4", rate=25)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio = out.add_stream("aac", rate=48_000, layout="mono")
        resampler = av.AudioResampler("fltp", "mono", 48_000)
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                picture = frame.reformat(format="yuv420p")
                picture.pict_type = av.video.frame.PictureType.NONE
                out.mux(video.encode(picture))
            elif isinstance(frame, av.AudioFrame):
                for part in resampler.resample(frame):
                    out.mux(audio.encode(part))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
