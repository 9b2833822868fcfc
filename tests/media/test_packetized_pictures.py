"""What `vtp publish` cuts into packets comes out of the server's depacketizer as the same pictures."""

import asyncio
import time
from pathlib import Path

import aiohttp
import av
import pytest

from tests.media_server import running_server
from vtp import _rtp_fast
from vtp.bench.client_sdp import CODEC_NUMBERS
from vtp.bench.driver import ClientDriver
from vtp.bench.frame_number import read_frame_number
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.media_source import MediaSource, probe
from vtp.bench.publisher import Publisher
from vtp.bench.whip_client import WhipHttp

SECONDS = 2
ENCODERS = {"h264": "libx264", "vp8": "libvpx", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
DECODERS = {"h264": "h264", "vp8": "vp8", "vp9": "vp9", "av1": "libdav1d"}


@pytest.mark.parametrize("codec", list(ENCODERS))
async def test_the_frame_numbers_of_a_published_file_arrive_in_order(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clip.mkv"
    write_clip(path, SECONDS, ClipFormat(640, 360, bitrate_bps=1_500_000, video_codec=ENCODERS[codec]))
    units = await taped_units(path, codec)
    decoder = av.CodecContext.create(DECODERS[codec], "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = [frame for unit in units for frame in decoder.decode(av.Packet(unit.data))]
    frames += decoder.decode(None)
    numbers = [read_frame_number(frame.to_ndarray(format="gray")) for frame in frames]  # type: ignore[arg-type]
    assert numbers == list(range(SECONDS * 25))
    assert units[0].key_frame
    assert (units[0].width, units[0].height) == (640, 360)


async def taped_units(path: Path, codec: str) -> list[_rtp_fast.AccessUnit]:
    """Publishes the file to its end and gives the video's access units as a recorder would get them."""
    tracks = probe(str(path))
    assert [(track.codec, track.copied) for track in tracks] == [(codec, True), ("opus", True)]
    async with running_server() as server, ClientDriver() as driver, aiohttp.ClientSession() as session:
        publisher = Publisher(driver, WhipHttp(session, "alice"), f"{server.url}/whip/physics", tracks)
        await publisher.open()
        tap = server.room().program.producers["video"].open_tap()
        await publisher.run(MediaSource(str(path), tracks))
        depacketizer = _rtp_fast.Depacketizer(CODEC_NUMBERS[codec], 90_000, 50)
        tap.drain(depacketizer)
        tap.close()
        await asyncio.gather(publisher.close())
    return depacketizer.poll(time.monotonic_ns() + 1_000_000_000) + depacketizer.flush()
