"""Makes a profile picture of what somebody uploaded: looked at before it is decoded, cut to a square, written
anew. Nothing of the upload survives but what it shows: no place, no camera, no comment, no second file
behind the picture (OWASP ASVS 5.0, 5.2 and 5.3).
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vtp.errors import FieldError, Invalid

if TYPE_CHECKING:
    import av

SIDE: Final = 256  # pixels
MAX_BYTES: Final = 2_000_000
MAX_PIXELS: Final = 40_000_000  # what phones' cameras take; decoded that is 60 MB
MAX_SIDE: Final = 16_384
TYPE: Final = "image/jpeg"
_QUALITY: Final = 3  # FFmpeg's scale for JPEG: 2 is the best
_PNG_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"})
_JPEG_SIZES: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended and progressive frames
_JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of picture: how it begins, how large it says it is, and FFmpeg's name for reading it."""

    type: str
    demuxer: str
    begins: Callable[[bytes], bool]
    size: Callable[[bytes], tuple[int, int]]
    bare: Callable[[bytes], bytes] = lambda data: data  # what is decoded of it


def make_portrait(data: bytes) -> bytes:
    """The picture as a JPEG of SIDE x SIDE pixels.

    Takes up to some hundred milliseconds: for a thread. Raises Invalid for what is no JPEG, PNG or WebP
    picture, or is larger than a camera's.
    """
    kind = next((kind for kind in _KINDS if kind.begins(data)), None)
    if kind is None:
        raise _refused("The picture must be a JPEG, PNG or WebP file.", "is none of these by its content")
    try:
        width, height = kind.size(data)
    except (struct.error, IndexError, ValueError):
        raise _damaged() from None
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        sentence = (
            f"The picture has too many pixels: take one of at most {MAX_PIXELS // 1_000_000} megapixels."
        )
        raise _refused(sentence, f"has {width} x {height} pixels")
    return _encode(_square(_decode(kind.bare(data), kind, (width, height))))


def _decode(data: bytes, kind: _Kind, said: tuple[int, int]) -> "av.VideoFrame":
    """The first picture of the file, which must be of the size that was looked at."""
    import av

    try:
        with av.open(io.BytesIO(data), "r", format=kind.demuxer) as container:
            stream = container.streams.video[0]
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            stream.thread_count = 1
            frame = next(container.decode(stream), None)
    except (av.FFmpegError, IndexError, ValueError):
        raise _damaged() from None
    if frame is None or (frame.width, frame.height) != said:
        raise _damaged()
    return frame


def _square(frame: "av.VideoFrame") -> "av.VideoFrame":
    """The middle of the picture, upright, on white where it is transparent."""
    import av

    side = min(frame.width, frame.height)
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1)
    )
    steps = [("crop", f"{side}:{side}"), ("scale", f"{SIDE}:{SIDE}:flags=area")]
    steps += [("transpose", turn) for turn in _TURNS.get(int(frame.rotation), ())]
    steps += [("format", "rgba")]
    last = source
    for name, arguments in steps:
        step = graph.add(name, arguments)
        last.link_to(step)
        last = step
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    frame.pts = 0
    graph.push(frame)
    upright = graph.pull()
    assert isinstance(upright, av.VideoFrame)
    pixels = upright.to_ndarray(format="rgba").astype("uint16")
    alpha = pixels[:, :, 3:]
    opaque = (pixels[:, :, :3] * alpha + 255 * (255 - alpha)) // 255
    return av.VideoFrame.from_ndarray(opaque.astype("uint8"), format="rgb24")


def _encode(frame: "av.VideoFrame") -> bytes:
    import av

    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width = context.height = SIDE
    context.pix_fmt = "yuvj420p"
    context.time_base = Fraction(1, 1)
    context.qmin = context.qmax = _QUALITY
    context.options = {"flags": "+bitexact+qscale", "global_quality": str(_QUALITY * 118)}
    full_range = frame.reformat(format="yuvj420p", dst_color_range="JPEG")
    full_range.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(full_range), *context.encode(None)])


def _size_of_png(data: bytes) -> tuple[int, int]:
    """IHDR stands first (PNG, section 11.2.1)."""
    if data[12:16] != b"IHDR":
        raise ValueError("PNG does not begin with IHDR")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _bare_png(data: bytes) -> bytes:
    """The chunks that make the picture: FFmpeg unpacks texts and colour profiles (zTXt, iTXt, iCCP) whole,
    however large they become, a thousand times what they were in the file."""
    kept, place = [data[:8]], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        end = place + 12 + length
        if data[place + 4 : place + 8] in _PNG_CHUNKS:
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def _size_of_jpeg(data: bytes) -> tuple[int, int]:
    """The first frame header (ITU-T T.81, B.2.2), found by stepping over segments."""
    place = 2
    while True:
        if data[place] != 0xFF:
            raise ValueError("JPEG has no marker where one must be")
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
        elif marker in _JPEG_ALONE:
            place += 2
        elif marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        elif marker in (0xD9, 0xDA):
            raise ValueError("JPEG has no frame header before its data")
        else:
            (length,) = struct.unpack(">H", data[place + 2 : place + 4])
            place += 2 + length


def _size_of_webp(data: bytes) -> tuple[int, int]:
    """The first chunk (RFC 9649, sections 2.5 to 2.7)."""
    chunk, body = data[12:16], data[20:]
    if chunk == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if chunk == b"VP8L" and body[0] == 0x2F:
        (bits,) = struct.unpack("<I", body[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    raise ValueError("WebP does not begin with a picture")


_KINDS: Final = (
    _Kind("image/jpeg", "jpeg_pipe", lambda data: data.startswith(b"\xff\xd8\xff"), _size_of_jpeg),
    _Kind(
        "image/png",
        "png_pipe",
        lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"),
        _size_of_png,
        _bare_png,
    ),
    _Kind(
        "image/webp",
        "webp_pipe",
        lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP",
        _size_of_webp,
    ),
)
ACCEPTED: Final = tuple(kind.type for kind in _KINDS)

# What turns a picture upright whose metadata says by how much it lies (counterclockwise, in degrees).
_TURNS: Final[dict[int, tuple[str, ...]]] = {
    -90: ("clock",),
    90: ("cclock",),
    180: ("clock", "clock"),
    -180: ("clock", "clock"),
}


def _damaged() -> Invalid:
    return _refused("This picture is damaged: save it anew, or take another.", "cannot be decoded")


def _refused(sentence: str, detail: str) -> Invalid:
    return Invalid(sentence, code="picture_refused", errors=[FieldError("", detail)])
