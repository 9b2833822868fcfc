"""AV1 as MP4 wants it: a temporal unit a sample, the sequence header in av1C.

AV1 Codec ISO Media File Format Binding 1.2. The depacketizer gives temporal units in low-overhead format
without delimiters, and with a sequence header on each key frame. All layers of a picture are in one unit. A
decoder shows the highest layer of operating point 0 and waits for it, so that point is limited to the
layers that the key picture has; those that come later are left out up to the next key picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vtp.recording import boxes
from vtp.recording.bits import BitReader
from vtp.recording.muxer import InitSection, picture_section
from vtp.recording.picture import MOST_UNITS, Picture
from vtp.recording.timebase import VIDEO_TIMESCALE
from vtp.recording.units import AccessUnit

OBU_SEQUENCE_HEADER = 1  # AV1 bitstream specification, section 6.2.2
HIGHEST_LAYER = 3
LEB128_BYTES = 8  # section 4.10.5
HEADER_BYTES = 64  # up to operating point 0; what follows is as long as its sender likes
UVLC_ZEROS = 32  # section 4.10.3: so many say that no bits follow


@dataclass(frozen=True, slots=True)
class Av1Parameters:
    """The sequence header in force, with its OBU header; `coded` is a key frame's temporal unit."""

    sequence_header: bytes
    width: int
    height: int
    coded: bytes = field(compare=False, repr=False)

    def section(self) -> InitSection:
        """The section; the codec string is what its av1C says."""
        data = picture_section("av1", self.coded, self.width, self.height)
        av1c = boxes.find(data, *boxes.SAMPLE_ENTRIES, b"av01", b"av1C")
        if av1c is None or av1c.end - av1c.body < 4:
            raise ValueError("AV1 sequence header cannot be read")
        name = codec_string(data[av1c.body : av1c.end])
        return InitSection(data, name, VIDEO_TIMESCALE, width=self.width, height=self.height)


def codec_string(av1c: bytes) -> str:
    """RFC 6381 name from the body of an av1C box: profile, level and tier, bit depth."""
    profile, level = av1c[1] >> 5, av1c[1] & 0x1F
    tier = "H" if av1c[2] & 0x80 else "M"
    depth = (12 if av1c[2] & 0x20 else 10) if av1c[2] & 0x40 else 8
    return f"av01.{profile}.{level:02d}{tier}.{depth:02d}"


class Av1Reader:
    """Reads temporal units, as far as the layers of the last key picture."""

    def __init__(self) -> None:
        self._top_layer = HIGHEST_LAYER

    def read(self, unit: AccessUnit) -> Picture:
        """The sample; raises ValueError when the OBUs cannot be read."""
        obus = list(split_obus(unit.data))
        if not unit.key_frame:
            sample = b"".join(obu for _, obu in obus if spatial_layer(obu) <= self._top_layer)
            if not sample:
                raise ValueError("AV1 temporal unit holds nothing of the layers that are recorded")
            return Picture(sample, unit.ssrc, after_gap=unit.after_gap)
        header = next((obu for kind, obu in obus if kind == OBU_SEQUENCE_HEADER), None)
        if header is None or not unit.width or not unit.height:
            raise ValueError("AV1 key frame has no sequence header that can be read")
        self._top_layer = max(spatial_layer(obu) for _, obu in obus)
        limited = limit_layers(header, self._top_layer)
        sample = b"".join(limited if kind == OBU_SEQUENCE_HEADER else obu for kind, obu in obus)
        parameters = Av1Parameters(limited, unit.width, unit.height, sample)
        return Picture(sample, unit.ssrc, True, unit.after_gap, parameters)


def spatial_layer(obu: bytes) -> int:
    """Of its header's extension (section 5.3.3); 0 without one."""
    return obu[1] >> 3 & 3 if obu[0] & 4 else 0


def limit_layers(header: bytes, top_layer: int) -> bytes:
    """The sequence header with no spatial layer above `top_layer` in operating point 0 (section 5.5.1)."""
    _, begin = _leb128(header, 2 if header[0] & 4 else 1)
    bits = BitReader(header[begin : begin + HEADER_BYTES])
    bits.read(4)  # seq_profile, still_picture
    if bits.flag():  # reduced_still_picture_header
        return header
    if bits.flag():  # timing_info_present_flag
        bits.read(64)
        if bits.flag():  # equal_picture_interval
            _skip_uvlc(bits)
        if bits.flag():  # decoder_model_info_present_flag
            bits.read(47)
    bits.read(1 + 5)  # initial_display_delay_present_flag, operating_points_cnt_minus_1
    idc = bits.read(12)
    layers = idc & (2 << top_layer + 8) - 1  # spatial layers from bit 8 on, temporal ones below
    front, rest = header[: begin + HEADER_BYTES], header[begin + HEADER_BYTES :]
    end = begin * 8 + bits.position
    value = int.from_bytes(front, "big") ^ (idc ^ layers) << len(front) * 8 - end
    return value.to_bytes(len(front), "big") + rest


def _skip_uvlc(bits: BitReader) -> None:
    zeros = 0
    while not bits.flag():
        zeros += 1
        if zeros == UVLC_ZEROS:
            return
    bits.read(zeros)


def split_obus(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and bytes of each OBU (section 5.3); raises ValueError when one has no size or is cut off."""
    at = count = 0
    while at < len(data):
        count += 1
        if count > MOST_UNITS:
            raise ValueError("AV1 temporal unit has too many OBUs")
        first = data[at]
        begin = at + (2 if first & 4 else 1)
        if not first & 2 or begin >= len(data):
            raise ValueError("AV1 OBU has no size field")
        size, begin = _leb128(data, begin)
        if begin + size > len(data):
            raise ValueError("AV1 OBU is cut off")
        yield first >> 3 & 15, data[at : begin + size]
        at = begin + size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for number in range(LEB128_BYTES):
        if at + number >= len(data):
            break
        value |= (data[at + number] & 0x7F) << 7 * number
        if not data[at + number] & 0x80:
            return value, at + number + 1
    raise ValueError("AV1 OBU's size is cut off")
