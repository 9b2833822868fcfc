"""FFmpeg's own `whip` muxer publishes into a room (it offers setup:passive and knows AES-CM only).

It runs in a process of its own: PyAV keeps the interpreter's lock while FFmpeg waits for our answer.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from tests.media_server import HEIGHT, WIDTH, MediaServer, client, draw_number, running_server

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 75
FPS = 15


def publish_numbers(url: str, token: str) -> None:
    """Encodes numbered pictures and silence as H.264 and Opus, in real time, until it is killed."""
    with av.open(url, "w", format="whip", options={"authorization": token}) as output:
        options = {"preset": "ultrafast", "tune": "zerolatency"}
        video = output.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt, video.profile = WIDTH, HEIGHT, "yuv420p", "Baseline"
        video.gop_size = FPS
        audio = output.add_stream("libopus", rate=48_000, layout="stereo")
        started_s = time.monotonic()
        for number in range(1, 10_000):
            time.sleep(max(0.0, started_s + number / FPS - time.monotonic()))
            gray = av.VideoFrame.from_ndarray(draw_number(number), format="gray")
            picture = gray.reformat(format="yuv420p")
            picture.pts = number
            output.mux(video.encode(picture))
            samples = np.zeros((1, 2 * 48_000 // FPS), dtype=np.int16)
            silence = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
            silence.sample_rate, silence.pts = 48_000, number * 48_000 // FPS
            output.mux(audio.encode(silence))


@asynccontextmanager
async def ffmpeg_publisher(url: str, token: str) -> AsyncIterator[None]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, url, token, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        _, errors = await process.communicate()
        print(errors.decode())


async def test_ffmpeg_publishes_by_whip_and_a_viewer_reads_its_numbers() -> None:
    async with running_server() as server, client(server, "bob") as student:
        await student.watch()
        async with ffmpeg_publisher(f"{server.url}/whip/physics", "alice"), asyncio.timeout(LIMIT_S):
            numbers = await student.see(30)
        assert [(after - before) % 256 for before, after in pairwise(numbers)] == [1] * 29
        assert codecs_of(server) == {"audio": "audio/opus", "video": "video/H264"}


def codecs_of(server: MediaServer) -> dict[str, str]:
    return {kind: producer.codec for kind, producer in server.room().program.producers.items()}


if __name__ == "__main__":
    publish_numbers(sys.argv[1], sys.argv[2])
