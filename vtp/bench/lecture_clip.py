"""Makes the lecture clip that `make demo` publishes and the end-to-end tests measure.

Every frame carries its number (frame_number.py); every second begins with a flash and a beep, so that sound
and picture can be compared at the far end. `python -m vtp.bench.lecture_clip out.mkv --seconds 60` writes
H.264 and Opus; a name ending in .y4m or .mjpeg writes what Chromium's --use-file-for-fake-video-capture
reads, .wav its fake microphone.
"""

import argparse
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
import numpy.typing as npt

from vtp.bench.lecture_picture import LecturePicture
from vtp.bench.lecture_sound import SAMPLE_RATE, lecture_samples
from vtp.bench.scheduling import ordinary_scheduling

CHROMIUM_FPS = 30
"""Chromium plays an MJPEG capture file at this rate, whatever made it."""
ENCODERS = {"h264": "libx264", "vp8": "libvpx", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
"""PyAV's encoder of each codec that browsers send."""
_OPUS_FRAME = 960


@dataclass(frozen=True)
class ClipFormat:
    """Size and pace of a clip."""

    width: int = 1280
    height: int = 720
    fps: int = 25
    bitrate_bps: int = 1_500_000
    key_frame_s: float = 2.0
    video_codec: str = "libx264"
    audio_channels: int = 1
    grain: int = 0
    """By so much, of 255, each pixel differs from picture to picture, as a camera's do: without it the drawn
    lecture takes an eighth of `bitrate_bps`."""


def write_clip(path: Path, seconds: float, clip: ClipFormat | None = None) -> None:
    """H.264 without B-frames (or another of PyAV's encoders) and Opus, in the container the name asks for.

    Raises ValueError for an impossible size, OSError and av.FFmpegError when the file cannot be written.
    """
    clip = clip or ClipFormat()
    picture: Drawn = LecturePicture(clip.width, clip.height, clip.fps)
    if clip.grain:
        picture = Grainy(picture, clip.grain)
    with av.open(str(path), "w") as container:
        video = _video_stream(container, clip)
        layout = "stereo" if clip.audio_channels == 2 else "mono"
        audio = container.add_stream("libopus", rate=SAMPLE_RATE, layout=layout)
        audio.bit_rate = 48_000
        with ordinary_scheduling():
            container.start_encoding()
        written = 0
        for number in range(round(seconds * clip.fps)):
            container.mux(video.encode(lecture_frame(picture, number, clip.fps)))
            until = (number + 1) * SAMPLE_RATE // clip.fps
            while written + _OPUS_FRAME <= until:
                container.mux(audio.encode(lecture_sound(written, layout)))
                written += _OPUS_FRAME
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def write_mjpeg(path: Path, seconds: float, width: int = 640, height: int = 360) -> None:
    """A bare sequence of JPEG pictures for Chromium's fake camera, 30 a second."""
    picture = LecturePicture(width, height, CHROMIUM_FPS)
    with av.open(str(path), "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=CHROMIUM_FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        stream.codec_context.options = {"qmin": "2", "qmax": "4"}
        for number in range(round(seconds * CHROMIUM_FPS)):
            container.mux(
                stream.encode(lecture_frame(picture, number, CHROMIUM_FPS).reformat(format="yuvj420p"))
            )
        container.mux(stream.encode(None))


def write_y4m(path: Path, seconds: float, fps: int, width: int = 640, height: int = 360) -> None:
    """Bare pictures for Chromium's fake camera, which plays them at the rate that the file says."""
    picture = LecturePicture(width, height, fps)
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420\n".encode())
        for number in range(round(seconds * fps)):
            out.write(b"FRAME\n" + b"".join(plane.tobytes() for plane in picture.planes(number)))


def write_wav(path: Path, seconds: float) -> None:
    """16-bit mono at 48 kHz for Chromium's fake microphone."""
    samples = lecture_samples(0, round(seconds * SAMPLE_RATE))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())


def _video_stream(container: av.container.OutputContainer, clip: ClipFormat) -> av.VideoStream:
    stream = container.add_stream(clip.video_codec, rate=clip.fps)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
    stream.bit_rate = clip.bitrate_bps
    stream.codec_context.gop_size = round(clip.key_frame_s * clip.fps)
    stream.codec_context.max_b_frames = 0
    stream.codec_context.options = _OPTIONS.get(clip.video_codec, {})
    return stream


_REALTIME_VPX = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
_OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {
        "preset": "veryfast", "profile": "baseline", "tune": "zerolatency", "x264-params": "scenecut=0",
    },
    "libvpx": _REALTIME_VPX,
    "libvpx-vp9": _REALTIME_VPX,
    "libsvtav1": {"preset": "10", "svtav1-params": "pred-struct=1:rc=2:rtc=1"},
    "libaom-av1": {"usage": "realtime", "cpu-used": "10", "lag-in-frames": "0"},
}  # fmt: skip


class Drawn(Protocol):
    """What draws numbered pictures."""

    width: int
    height: int

    def planes(self, number: int) -> Sequence[npt.NDArray[np.uint8]]:
        """Brightness and both colours of one."""


class Grainy:
    """The same with grain: a large field of it, of which each picture has another part."""

    def __init__(self, picture: Drawn, grain: int, seed: int = 1) -> None:
        self.width, self.height = picture.width, picture.height
        self._picture = picture
        self._dice = np.random.default_rng(seed)
        size = (2 * self.height, 2 * self.width)
        self._field = self._dice.integers(-grain, grain + 1, size, np.int16)

    def planes(self, number: int) -> Sequence[npt.NDArray[np.uint8]]:
        """Grain is in the brightness alone."""
        brightness, *colours = self._picture.planes(number)
        top, left = self._dice.integers(self.height), self._dice.integers(self.width)
        grain = self._field[top : top + self.height, left : left + self.width]
        return [np.clip(brightness + grain, 0, 255).astype(np.uint8), *colours]


def lecture_frame(picture: Drawn, number: int, fps: int) -> av.VideoFrame:
    """One numbered picture of the clip."""
    frame = av.VideoFrame(picture.width, picture.height, "yuv420p")
    for plane, pixels in zip(frame.planes, picture.planes(number), strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : plane.width] = pixels
        plane.update(rows.tobytes())
    frame.pts = number
    frame.time_base = Fraction(1, fps)
    return frame


def lecture_sound(start: int, layout: str) -> av.AudioFrame:
    """20 ms of the clip's sound from sample number `start` on, as `mono` or `stereo`."""
    samples = (lecture_samples(start, _OPUS_FRAME) * 32767).astype(np.int16)
    interleaved = np.repeat(samples, 2) if layout == "stereo" else samples
    frame = av.AudioFrame.from_ndarray(interleaved.reshape(1, -1), format="s16", layout=layout)
    frame.sample_rate = SAMPLE_RATE
    frame.pts = start
    frame.time_base = Fraction(1, SAMPLE_RATE)
    return frame


def main() -> None:
    """Writes what the name's ending asks for."""
    parser = argparse.ArgumentParser(prog="python -m vtp.bench.lecture_clip", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="", help="WIDTHxHEIGHT")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x")) if arguments.size else (0, 0)
    if arguments.path.suffix == ".y4m":
        write_y4m(arguments.path, arguments.seconds, ClipFormat.fps, width or 640, height or 360)
    elif arguments.path.suffix == ".mjpeg":
        write_mjpeg(arguments.path, arguments.seconds, width or 640, height or 360)
    elif arguments.path.suffix == ".wav":
        write_wav(arguments.path, arguments.seconds)
    else:
        write_clip(arguments.path, arguments.seconds, ClipFormat(width or 1280, height or 720))


if __name__ == "__main__":
    main()
