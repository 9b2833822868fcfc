"""What an initialization section says of its track: the boxes that a progressive MP4 takes over from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vtp.recording import boxes
from vtp.recording.index import TrackIndex

_TRACK = (b"moov", b"trak", b"mdia")
_AVC = 78 + 8  # a VisualSampleEntry's fields and its head: avcC comes behind them (ISO/IEC 14496-12)


@dataclass(frozen=True, slots=True)
class Section:
    """`entry` is the sample entry; `handler`, `media_header` and `data_reference` are whole boxes too.

    `parameter_sets` are an H.264 entry's, length-prefixed as samples have them; nothing for other codecs.
    """

    handler: bytes
    media_header: bytes
    data_reference: bytes
    entry: bytes
    parameter_sets: bytes


def read_section(data: bytes) -> Section:
    """Reads ftyp and moov of one track; raises ValueError when they are damaged."""
    entries = boxes.find(data, *_TRACK, b"minf", b"stbl", b"stsd")
    entry = next(boxes.walk(data, entries.body + 8, entries.end), None) if entries is not None else None
    if entry is None:
        raise ValueError("it has no sample entry")
    kinds = (b"vmhd", b"smhd", b"nmhd")
    headers = (_copy(data, b"minf", kind) for kind in kinds)
    return Section(
        handler=_copy(data, b"hdlr"),
        media_header=next(filter(None, headers), b""),
        data_reference=_copy(data, b"minf", b"dinf"),
        entry=data[entry.start : entry.end],
        parameter_sets=_parameter_sets(data[entry.start : entry.end]),
    )


def read_sections(folder: Path, index: TrackIndex) -> dict[int, Section]:
    """All sections of a track; raises ValueError with a sentence when one is damaged, OSError without it."""
    found: dict[int, Section] = {}
    for line in index.maps:
        try:
            found[line.map] = read_section((folder / line.uri).read_bytes())
        except ValueError as error:
            raise ValueError(
                f"The file {folder.name}/{line.uri} is damaged: {error}. Restore it from a backup."
            ) from error
    return found


def _copy(data: bytes, *path: bytes) -> bytes:
    found = boxes.find(data, *_TRACK, *path)
    return data[found.start : found.end] if found is not None else b""


def _parameter_sets(entry: bytes) -> bytes:
    """Those of the entry's AVCDecoderConfigurationRecord (ISO/IEC 14496-15); raises ValueError for damage."""
    found = boxes.find(entry, b"avcC", start=_AVC) if entry[4:8] == b"avc1" else None
    avcc = entry[found.body : found.end] if found is not None else b""
    if len(avcc) < 7 or avcc[0] != 1:
        return b""
    out = bytearray()
    offset = 6
    for count in (avcc[5] & 0x1F, None):
        if count is None:
            count, offset = int.from_bytes(avcc[offset : offset + 1], "big"), offset + 1
        for _ in range(count):
            size = int.from_bytes(avcc[offset : offset + 2], "big")
            out += size.to_bytes(4, "big") + avcc[offset + 2 : offset + 2 + size]
            offset += 2 + size
    if offset > len(avcc):
        raise ValueError("its parameter sets are cut off")
    return bytes(out)
