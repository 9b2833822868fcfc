"""Pictures as cameras and painters write them, made by FFmpeg itself."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import av
import numpy as np

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def halves(width: int, height: int, left: tuple[int, int, int], right: tuple[int, int, int]) -> Any:
    """RGB pixels: the left half in one colour, the right in another."""
    pixels = np.empty((height, width, 3), "uint8")
    pixels[:, : width // 2], pixels[:, width // 2 :] = left, right
    return pixels


def encode(pixels: Any, codec: str, pixel_format: str) -> bytes:
    """The pixels as one picture's file."""
    source = "rgba" if pixels.shape[2] == 4 else "rgb24"
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.height, context.width = pixels.shape[:2]
    context.pix_fmt = pixel_format
    context.time_base = Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(pixels, format=source).reformat(format=pixel_format)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def jpeg(pixels: Any) -> bytes:
    return encode(pixels, "mjpeg", "yuvj444p")


def png(pixels: Any) -> bytes:
    return encode(pixels, "png", "rgba" if pixels.shape[2] == 4 else "rgb24")


def webp(pixels: Any) -> bytes:
    return encode(pixels, "libwebp", "bgra" if pixels.shape[2] == 4 else "yuv420p")


def with_exif(data: bytes, orientation: int, secret: bytes) -> bytes:
    """A JPEG with the metadata of a camera: how it was held, and a text (Exif 2.32, 4.6)."""
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    entries += struct.pack("<HHII", 0x010E, 2, len(secret), 38)
    tiff = b"II*\0" + struct.pack("<IH", 8, 2) + entries + b"\0\0\0\0" + secret
    body = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def png_bomb(width: int, height: int) -> bytes:
    """A small file that says it is a picture of this size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def pixels_of(data: bytes) -> Any:
    """What a picture shows, as RGB."""
    with av.open(io.BytesIO(data), "r", format="jpeg_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def is_near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(int(one) - other) < 12 for one, other in zip(pixel, colour, strict=True))
