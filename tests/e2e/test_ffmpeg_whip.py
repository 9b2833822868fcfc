"""FFmpeg's own `whip` muxer publishes the lecture clip, Chromium watches it.

The muxer runs in a process of its own: PyAV keeps the interpreter's lock while FFmpeg waits for our answer.
It takes stereo Opus only.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from tests.e2e.conftest import ROOT, OpenPage, Stack
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.lecture_sound import TONE_HZ

CLIP_SECONDS, FPS = 60, 10


def publish_clip(clip: str, url: str) -> None:
    """Sends the clip's own packets in real time, until its end or until the process is ended."""
    with av.open(clip) as source, av.open(url, "w", format="whip") as output:
        streams = {
            stream.index: output.add_stream_from_template(stream)
            for stream in (source.streams.video[0], source.streams.audio[0])
        }
        started_s = time.monotonic()
        for packet in source.demux():
            if packet.dts is None or packet.stream_index not in streams:
                continue
            due_s = float(packet.dts * packet.time_base)
            time.sleep(max(0.0, started_s + due_s - time.monotonic()))
            packet.stream = streams[packet.stream_index]
            output.mux(packet)


@contextmanager
def publishing(clip: Path, url: str) -> Iterator["subprocess.Popen[str]"]:
    """FFmpeg at work; what it said is printed at the end."""
    command = [sys.executable, __file__, str(clip), url]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        print(process.communicate()[1])


def test_chromium_watches_what_ffmpeg_publishes_by_whip(
    stack: Stack, open_page: OpenPage, tmp_path: Path
) -> None:
    clip = tmp_path / "lecture.mkv"
    write_clip(clip, CLIP_SECONDS, ClipFormat(640, 360, FPS, bitrate_bps=600_000, audio_channels=2))
    with publishing(clip, f"{stack.base}/whip/ffmpeg") as process:
        stack.wait_for_program("ffmpeg")
        watcher = open_page()
        watcher.evaluate("watch", {"url": f"{stack.base}/whep/ffmpeg"})
        assert_in_order(wait_for_numbers(watcher, 3 * FPS), CLIP_SECONDS * FPS)
        heard = watcher.evaluate(f"listen({TONE_HZ}, 10)")
        assert heard["share"] > 0.5, heard
        figures = watcher.evaluate("stats()")
        assert "video/H264" in figures["codecs"]
        assert figures["video"]["packetsLost"] == 0
        assert process.poll() is None


if __name__ == "__main__":
    publish_clip(sys.argv[1], sys.argv[2])
