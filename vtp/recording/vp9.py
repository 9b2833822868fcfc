"""VP9 as MP4 wants it: a superframe a sample, its features in a vpcC box.

VP Codec ISO Media File Format Binding 1.0. What a decoder must know stands in the uncompressed header of each
key frame. A picture of several spatial layers is a superframe whose last frame is the one to be shown.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from vtp.recording import boxes
from vtp.recording.muxer import InitSection, picture_section
from vtp.recording.picture import Picture
from vtp.recording.timebase import VIDEO_TIMESCALE
from vtp.recording.units import AccessUnit
from vtp.recording.vp9_header import UNSPECIFIED, Colour, FrameHeader, HeaderReader, hidden

NOMINAL_FPS = 30  # a level is an upper bound, and the rate is not known at the first picture
LEVELS = (  # annex A, as far as that rate reaches: level, luma samples a second, in a picture, longer side
    (10, 829_440, 36_864, 512),
    (11, 2_764_800, 73_728, 768),
    (20, 4_608_000, 122_880, 960),
    (21, 9_216_000, 245_760, 1344),
    (30, 20_736_000, 552_960, 2048),
    (31, 36_864_000, 983_040, 2752),
    (40, 83_558_400, 2_228_224, 4160),
    (50, 311_951_360, 8_912_896, 8384),
    (60, 1_176_502_272, 35_651_584, 16_832),
)


@dataclass(frozen=True, slots=True)
class Vp9Parameters:
    """What a key frame says of all pictures up to the next one."""

    profile: int
    colour: Colour
    width: int
    height: int

    @property
    def level(self) -> int:
        """The lowest level, times ten, that allows this size at 30 pictures a second."""
        area, side = self.width * self.height, max(self.width, self.height)
        fitting = (
            level
            for level, rate, size, longest in LEVELS
            if area * NOMINAL_FPS <= rate and area <= size and side <= longest
        )
        return next(fitting, 62)

    @property
    def codec_string(self) -> str:
        """The long form, which players ask for: profile, level, bit depth."""
        return f"vp09.{self.profile:02d}.{self.level:02d}.{self.colour.bit_depth:02d}"

    @property
    def vpcc(self) -> bytes:
        """The body of the vpcC box, version 1."""
        colour = self.colour
        depth = colour.bit_depth << 4 | colour.chroma << 1 | colour.full_range
        colours = (UNSPECIFIED, UNSPECIFIED, colour.matrix)
        return struct.pack(">IBBBBBBH", 1 << 24, self.profile, self.level, depth, *colours, 0)

    def section(self) -> InitSection:
        """The section; the muxer leaves vpcC empty, as it has not decoded anything."""
        data = picture_section("vp9", bytes(1), self.width, self.height)  # it does not look into the frame
        data = boxes.replace_body(data, (*boxes.SAMPLE_ENTRIES, b"vp09", b"vpcC"), self.vpcc)
        return InitSection(data, self.codec_string, VIDEO_TIMESCALE, width=self.width, height=self.height)


class Vp9Reader:
    """Reads frames and superframes; of a picture's spatial layers only the highest is to be shown."""

    def __init__(self) -> None:
        self._headers = HeaderReader()

    def read(self, unit: AccessUnit) -> Picture:
        """The sample; raises ValueError when a header cannot be read."""
        frames = split_superframe(unit.data)
        if not frames:
            raise ValueError("VP9 superframe holds no frame")
        headers = [self._headers.read(frame) for frame in frames]
        if not headers[-1].shown:
            raise ValueError("VP9 picture is not shown")  # by itself it is no sample: nobody sends such
        sample = unit.data
        if len(frames) > 1:
            lower = [hidden(*layer) for layer in zip(frames[:-1], headers, strict=False)]
            sample = join_superframe([*filter(None, lower), frames[-1]])
        if not unit.key_frame:
            return Picture(sample, unit.ssrc, after_gap=unit.after_gap)
        return Picture(sample, unit.ssrc, True, unit.after_gap, _parameters(headers))


def _parameters(headers: list[FrameHeader]) -> Vp9Parameters:
    """Of a key picture: the features are those of its key frame, the size that of its last layer's frame."""
    first = headers[0]
    if not first.key or first.colour is None:
        raise ValueError("VP9 key picture does not begin with a key frame")
    return Vp9Parameters(first.profile, first.colour, *headers[-1].size)


def split_superframe(data: bytes) -> list[bytes]:
    """The frames of a superframe (annex B), or the one frame that `data` is."""
    marker = data[-1] if data else 0
    if marker & 0xE0 != 0xC0:
        return [data]
    count, width = (marker & 7) + 1, (marker >> 3 & 3) + 1
    index = data[-2 - count * width :]
    if len(index) != 2 + count * width or index[0] != marker:
        return [data]
    frames, at = [], 0
    for number in range(count):
        size = int.from_bytes(index[1 + number * width : 1 + (number + 1) * width], "little")
        frames.append(data[at : at + size])
        at += size
    if at > len(data) - len(index):
        raise ValueError("VP9 superframe index names more bytes than there are")
    return [frame for frame in frames if frame]


def join_superframe(frames: list[bytes]) -> bytes:
    """Frames as one sample, with the index that says where each ends (annex B)."""
    if len(frames) == 1:
        return frames[0]
    width = max(-(-len(frame).bit_length() // 8) for frame in frames)
    marker = bytes([0xC0 | width - 1 << 3 | len(frames) - 1])
    sizes = b"".join(len(frame).to_bytes(width, "little") for frame in frames)
    return b"".join(frames) + marker + sizes + marker
