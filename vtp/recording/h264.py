"""H.264 as MP4 wants it: length-prefixed NAL units, parameter sets in the sample entry (ISO/IEC 14496-15)."""

from __future__ import annotations

from dataclasses import dataclass, field

from vtp.late_av import av
from vtp.recording import _frames
from vtp.recording.muxer import InitSection, picture_section
from vtp.recording.picture import MOST_UNITS, Picture, open_decoder
from vtp.recording.timebase import VIDEO_TIMESCALE
from vtp.recording.units import AccessUnit

NAL_TYPE_SPS = 7  # ITU-T H.264 table 7-1
NAL_TYPE_PPS = 8
NAL_TYPE_AUD = 9
NAL_TYPE_FILLER = 12
START_CODE = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class H264Parameters:
    """The sequence and picture parameter sets in force; `coded` is a key frame in Annex B without them."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    coded: bytes = field(compare=False, repr=False)
    width: int = field(default=0, compare=False)
    height: int = field(default=0, compare=False)

    @property
    def codec_string(self) -> str:
        """RFC 6381 name from the first SPS: profile, constraints, level."""
        return f"avc1.{self.sps[0][1:4].hex()}"

    def section(self) -> InitSection:
        """The section; where the size is unknown the key frame is decoded for it."""
        key_frame = annex_b([*self.sps, *self.pps]) + self.coded
        width, height = (self.width, self.height) if self.width and self.height else _decoded_size(key_frame)
        data = picture_section("h264", key_frame, width, height)
        return InitSection(data, self.codec_string, VIDEO_TIMESCALE, width=width, height=height)


class H264Reader:
    """Reads Annex B access units; a key frame without parameter sets goes by the last ones."""

    def __init__(self) -> None:
        self._parameters: H264Parameters | None = None

    def read(self, unit: AccessUnit) -> Picture:
        """Takes an access unit apart; raises ValueError when it holds no picture or lacks parameter sets."""
        sample = _frames.length_prefixed(unit.data, MOST_UNITS)
        if not sample:
            raise ValueError("H.264 access unit holds no picture")
        if not unit.key_frame:
            return Picture(sample, unit.ssrc, after_gap=unit.after_gap)
        self._read_parameters(unit)
        if self._parameters is None:
            raise ValueError("H.264 key frame has no parameter sets")
        return Picture(sample, unit.ssrc, True, unit.after_gap, self._parameters)

    def _read_parameters(self, unit: AccessUnit) -> None:
        sps: list[bytes] = []
        pps: list[bytes] = []
        picture: list[bytes] = []
        for nal in split_annex_b(unit.data):
            kind = nal[0] & 0x1F
            if kind == NAL_TYPE_SPS and len(nal) >= 4:
                sps.append(nal)
            elif kind == NAL_TYPE_PPS:
                pps.append(nal)
            elif kind not in (NAL_TYPE_AUD, NAL_TYPE_FILLER):
                picture.append(nal)
        if sps and pps:
            coded = annex_b(picture)
            self._parameters = H264Parameters(tuple(sps), tuple(pps), coded, unit.width, unit.height)


def split_annex_b(data: bytes) -> list[bytes]:
    """The NAL units of a byte stream (ITU-T H.264 annex B), without start codes and trailing zeros."""
    units = (unit.rstrip(b"\x00") for unit in data.split(START_CODE)[1:])
    return [unit for unit in units if unit]


def annex_b(units: list[bytes]) -> bytes:
    """NAL units with start codes."""
    return b"".join(b"\x00" + START_CODE + nal for nal in units)


def _decoded_size(key_frame: bytes) -> tuple[int, int]:
    decoder = open_decoder("h264")
    frames = [*decoder.decode(av.Packet(key_frame)), *decoder.decode(None)]
    if not frames:
        raise ValueError("H.264 key frame cannot be decoded, so its size is unknown")
    return frames[0].width, frames[0].height
