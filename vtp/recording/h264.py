"""H.264 as MP4 wants it: length-prefixed NAL units, parameter sets in the sample entry (ISO/IEC 14496-15)."""

from __future__ import annotations

from dataclasses import dataclass

NAL_TYPE_SPS = 7  # ITU-T H.264 table 7-1
NAL_TYPE_PPS = 8
NAL_TYPE_AUD = 9
NAL_TYPE_FILLER = 12
START_CODE = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The sequence and picture parameter sets in force; another value means another decoder."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]

    @property
    def annex_b(self) -> bytes:
        """Both, with start codes."""
        return b"".join(b"\x00" + START_CODE + nal for nal in (*self.sps, *self.pps))

    @property
    def codec_string(self) -> str:
        """RFC 6381 name from the first SPS: profile, constraints, level."""
        return f"avc1.{self.sps[0][1:4].hex()}"


@dataclass(frozen=True, slots=True)
class Picture:
    """One access unit taken apart: the sample's bytes and the parameter sets that came with it, if any."""

    sample: bytes
    parameters: ParameterSets | None


def split_annex_b(data: bytes) -> list[bytes]:
    """The NAL units of a byte stream (ITU-T H.264 annex B), without start codes and trailing zeros."""
    units = (unit.rstrip(b"\x00") for unit in data.split(START_CODE)[1:])
    return [unit for unit in units if unit]


def read_picture(data: bytes) -> Picture:
    """Takes an Annex B access unit apart.

    Raises ValueError when it holds no picture.
    """
    sps: list[bytes] = []
    pps: list[bytes] = []
    sample = bytearray()
    for nal in split_annex_b(data):
        kind = nal[0] & 0x1F
        if kind == NAL_TYPE_SPS and len(nal) >= 4:
            sps.append(nal)
        elif kind == NAL_TYPE_PPS:
            pps.append(nal)
        elif kind not in (NAL_TYPE_AUD, NAL_TYPE_FILLER):
            sample += len(nal).to_bytes(4, "big") + nal
    if not sample:
        raise ValueError("H.264 access unit holds no picture")
    parameters = ParameterSets(tuple(sps), tuple(pps)) if sps and pps else None
    return Picture(bytes(sample), parameters)
