"""Uncompressed headers of VP9 frames (bitstream specification, section 6.2): sizes, colours, hiding a layer.

Who sends spatial layers marks each of their frames as shown. libvpx gives out the last frame of a superframe
only; others, as FFmpeg, give out each frame that is shown. So the lower layers are hidden: one bit changes in
a key frame's header; that of an inter frame has one bit more then and is written anew to its end. What is
decoded stays the same: whether the frame before was shown counts only between frames of equal size.
"""

from __future__ import annotations

from dataclasses import dataclass

from vtp.recording.bits import BitReader

HEADER_BYTES = 256  # more than any uncompressed header
SYNC_CODE = 0x498342  # section 7.2
CS_RGB = 7
MATRICES = {1: 5, 2: 1, 3: 6, 4: 7, 5: 9, 7: 0}  # color_space to ISO/IEC 23091-2 MatrixCoefficients
UNSPECIFIED = 2
CHROMA = {(1, 1): 1, (1, 0): 2, (0, 0): 3}  # subsampling in x and y to vpcC's chromaSubsampling
FEATURE_BITS = (8 + 1, 6 + 1, 2, 0)  # segmentation_feature_bits and signs
MIN_TILE_WIDTH_B64, MAX_TILE_WIDTH_B64 = 4, 64

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Colour:
    """What color_config says (section 6.2.2), in the values of a vpcC box."""

    bit_depth: int = 8
    chroma: int = 1
    matrix: int = UNSPECIFIED
    full_range: bool = False


@dataclass(slots=True)
class FrameHeader:
    """One frame's header. `flags_end`: bits up to and with error_resilient_mode; `end`: bits of all of it."""

    profile: int
    key: bool = False
    existing: bool = False
    shown: bool = True
    size: Size = (0, 0)
    colour: Colour | None = None
    flags_end: int = 0
    end: int = 0


class HeaderReader:
    """Reads the headers of all frames of a stream in order: a frame may have the size of an earlier one."""

    def __init__(self) -> None:
        self._slots: list[Size] = [(0, 0)] * 8

    def read(self, frame: bytes) -> FrameHeader:
        """The header of the next frame; raises ValueError when it cannot be read."""
        bits = BitReader(frame[:HEADER_BYTES])
        header = FrameHeader(_read_profile(bits))
        if bits.flag():  # show_existing_frame
            header.existing, header.size = True, self._slots[bits.read(3)]
            return header
        header.key = not bits.flag()
        header.shown, resilient = bits.flag(), bits.flag()
        header.flags_end = bits.position
        intra_only = not header.key and not header.shown and bits.flag()
        if not header.key and not resilient:
            bits.read(2)  # reset_frame_context
        if header.key or intra_only:
            refreshed = self._read_intra(bits, header)
        else:
            refreshed = bits.read(8)
            header.size = self._read_size_with_references(bits)
            bits.read(1)  # allow_high_precision_mv
            if not bits.flag():  # is_filter_switchable
                bits.read(2)
        for slot in range(8):
            if refreshed >> slot & 1:
                self._slots[slot] = header.size
        _skip_rest(bits, resilient, header.size[0])
        header.end = bits.position
        return header

    def _read_intra(self, bits: BitReader, header: FrameHeader) -> int:
        """Of a frame without references; gives the slots that it goes into."""
        if bits.read(24) != SYNC_CODE:
            raise ValueError("VP9 key frame lacks its sync code")
        if header.key or header.profile:
            header.colour = _read_colour(bits, header.profile)
        refreshed = 0xFF if header.key else bits.read(8)
        header.size = _read_size(bits)
        _skip_render_size(bits)
        return refreshed

    def _read_size_with_references(self, bits: BitReader) -> Size:
        slots = [bits.read(4) >> 1 for _ in range(3)]  # each with its sign bias
        size = next((self._slots[slot] for slot in slots if bits.flag()), None) or _read_size(bits)
        _skip_render_size(bits)
        return size


def hidden(frame: bytes, header: FrameHeader) -> bytes:
    """The frame, decoded as before and not shown; nothing when it only shows another one."""
    if header.existing:
        return b""
    if not header.shown:
        return frame
    whole = -(-header.end // 8)
    value = int.from_bytes(frame[:whole], "big") >> whole * 8 - header.end
    rest = header.end - header.flags_end
    flags = value >> rest & ~0b10  # show_frame stands before error_resilient_mode
    length = header.end
    if not header.key:
        flags <<= 1  # intra_only, which is 0
        length += 1
    value = flags << rest | value & (1 << rest) - 1
    size = -(-length // 8)
    return (value << size * 8 - length).to_bytes(size, "big") + frame[whole:]


def _read_profile(bits: BitReader) -> int:
    if bits.read(2) != 2:
        raise ValueError("VP9 frame lacks its marker")
    profile = bits.read(1) | bits.read(1) << 1
    if profile == 3 and bits.flag():
        raise ValueError("VP9 frame is of a reserved profile")
    return profile


def _read_colour(bits: BitReader, profile: int) -> Colour:
    depth = (12 if bits.flag() else 10) if profile >= 2 else 8
    space = bits.read(3)
    with_subsampling = profile in (1, 3)
    full_range = True if space == CS_RGB else bits.flag()
    subsampling = (0, 0) if space == CS_RGB else (1, 1)
    if with_subsampling:
        if space != CS_RGB:
            subsampling = bits.read(1), bits.read(1)
        bits.read(1)  # reserved
    if subsampling not in CHROMA or (space == CS_RGB and not with_subsampling):
        raise ValueError("VP9 picture has a form of colour that MP4 does not know")
    return Colour(depth, CHROMA[subsampling], MATRICES.get(space, UNSPECIFIED), full_range)


def _read_size(bits: BitReader) -> Size:
    return bits.read(16) + 1, bits.read(16) + 1


def _skip_render_size(bits: BitReader) -> None:
    if bits.flag():
        bits.read(32)


def _skip_rest(bits: BitReader, resilient: bool, width: int) -> None:
    """From refresh_frame_context to header_size_in_bytes."""
    if not resilient:
        bits.read(2)
    bits.read(2)  # frame_context_idx
    _skip_loop_filter(bits)
    bits.read(8)  # base_q_idx
    for _ in range(3):
        _skip_optional(bits, 5)
    if bits.flag():
        _skip_segmentation(bits)
    _skip_tiles(bits, width)
    bits.read(16)


def _skip_optional(bits: BitReader, width: int) -> None:
    if bits.flag():
        bits.read(width)


def _skip_loop_filter(bits: BitReader) -> None:
    bits.read(6 + 3)
    if bits.flag() and bits.flag():  # loop_filter_delta_enabled, loop_filter_delta_update
        for _ in range(4 + 2):
            _skip_optional(bits, 7)


def _skip_segmentation(bits: BitReader) -> None:
    if bits.flag():  # segmentation_update_map
        for _ in range(7):
            _skip_optional(bits, 8)
        if bits.flag():  # segmentation_temporal_update
            for _ in range(3):
                _skip_optional(bits, 8)
    if bits.flag():  # segmentation_update_data
        bits.read(1)
        for _ in range(8):
            for width in FEATURE_BITS:
                _skip_optional(bits, width)


def _skip_tiles(bits: BitReader, width: int) -> None:
    blocks = ((width + 7) // 8 + 7) // 8
    columns = 0
    while MAX_TILE_WIDTH_B64 << columns < blocks:
        columns += 1
    most = 1
    while blocks >> most >= MIN_TILE_WIDTH_B64:
        most += 1
    while columns < most - 1 and bits.flag():
        columns += 1
    _skip_optional(bits, 1)  # tile_rows_log2
