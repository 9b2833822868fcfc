# cython: language_level=3
"""What one RTP payload tells about its frame: key frame, layers, picture id, size. One look, no state.

Sources: RFC 7741 (VP8), RFC 9628 (VP9), RFC 6184 (H.264), the AV1 RTP specification 1.0, sections 4.3 to 4.5 (AV1).
Every function is total: it never reads past the length it is given.
"""
from libc.stdint cimport int8_t, int32_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memset

from vtp.rtp_fast.header cimport read16


cdef enum:
    CODEC_OPUS = 1
    CODEC_PCMU = 2
    CODEC_PCMA = 3
    CODEC_VP8 = 4
    CODEC_VP9 = 5
    CODEC_H264 = 6
    CODEC_AV1 = 7
    CODEC_RED = 8  # Opus, each packet with some of what was sent before (red.pxi); only the packet path knows it

cdef enum:  # what codec_inspect says no with
    CODEC_ERROR_UNKNOWN = -1  # not one of the codecs above
    CODEC_ERROR_TRUNCATED = -2  # the descriptor runs past the end, or there is no payload behind it
    CODEC_ERROR_MALFORMED = -3  # impossible values


cdef struct PayloadInfo:
    uint8_t key_frame  # a decoder can start with this packet; see codec_inspect for H.264
    uint8_t start_of_frame  # VP8, VP9: certain; H.264: may begin an access unit; AV1: does not continue an OBU
    uint8_t end_of_frame  # the marker bit
    uint8_t end_of_layer  # VP9: the E bit; others as end_of_frame
    uint8_t discardable  # no other frame refers to it (VP8 N; VP9 never set; H.264 nal_ref_idc 0)
    uint8_t switching_point  # VP8 Y, VP9 U: one may switch up to this temporal layer here
    uint8_t inter_predicted  # VP9 P: refers to an earlier picture
    uint8_t inter_layer  # VP9 D: refers to the layer below in the same picture
    uint8_t has_picture_id
    uint8_t picture_id_len  # bits: 7 or 15
    uint16_t picture_id
    uint16_t picture_id_offset  # in the payload, of the byte that holds M and the upper bits
    uint8_t has_tl0
    uint8_t tl0picidx
    uint16_t tl0_offset  # in the payload
    int8_t temporal_id  # -1: unknown
    int8_t spatial_id  # -1: unknown
    uint8_t parameter_sets  # H.264: holds an SPS; AV1: holds a sequence header
    uint8_t nal_type  # H.264: of the (first or fragmented) NAL unit
    uint16_t descriptor_len  # bytes before the codec's own data (VP8, VP9: descriptor; AV1: aggregation header)
    uint16_t width  # of a key frame, 0 when this packet does not tell
    uint16_t height


# ---------------------------------------------------------------- bits and sizes


cdef struct BitReader:
    const uint8_t* data
    int32_t bytes
    int32_t at  # byte
    int32_t bit  # in that byte, 0 = most significant
    int32_t emulation  # 1: skip emulation prevention bytes (H.264)
    int32_t failed  # 1: read past the end; every later read gives 0


cdef inline void bits_open(BitReader* bits, const uint8_t* data, int length, int emulation) noexcept nogil:
    """Start at the first bit. emulation: leave out the 3 of 00 00 03 (H.264 section 7.4.1.1)."""
    bits.data = data
    bits.bytes = length
    bits.at = 0
    bits.bit = 0
    bits.emulation = emulation
    bits.failed = 0


cdef inline uint32_t bits_read(BitReader* bits, int count) noexcept nogil:
    """The next count bits (at most 32); 0 and failed past the end."""
    cdef uint32_t value = 0
    cdef int i
    for i in range(count):
        if bits.at >= bits.bytes:
            bits.failed = 1
            return 0
        value = (value << 1) | ((bits.data[bits.at] >> (7 - bits.bit)) & 1U)
        bits.bit += 1
        if bits.bit == 8:
            bits.bit = 0
            bits.at += 1
            if (bits.emulation and 2 <= bits.at < bits.bytes and bits.data[bits.at] == 3
                    and bits.data[bits.at - 1] == 0 and bits.data[bits.at - 2] == 0):
                bits.at += 1
    return value


cdef inline uint32_t bits_read_ue(BitReader* bits) noexcept nogil:
    """Exp-Golomb ue(v), H.264 section 9.1; more than 31 leading zeros fail. The uvlc() of AV1 is the same code."""
    cdef int zeros = 0
    while bits_read(bits, 1) == 0:
        zeros += 1
        if bits.failed or zeros > 31:
            bits.failed = 1
            return 0
    return (<uint32_t> 1 << zeros) - 1 + bits_read(bits, zeros)


cdef inline void h264_skip_scaling_lists(BitReader* bits, int lists) noexcept nogil:
    """scaling_list() of H.264 section 7.3.2.1.1.1, all of them."""
    cdef int i, j, size
    cdef int32_t last, following
    cdef uint32_t code
    for i in range(lists):
        if not bits_read(bits, 1):
            continue
        size = 16 if i < 6 else 64
        last = following = 8
        for j in range(size):
            if following:
                code = bits_read_ue(bits)
                # se(v): odd codes are positive, H.264 section 9.1.1
                following = (last + (<int32_t> ((code + 1) >> 1) if code & 1 else -<int32_t> (code >> 1))) & 0xFF
            if following:
                last = following
            if bits.failed:
                return


cdef inline int h264_skip_to_size(BitReader* bits, uint32_t profile, uint32_t* chroma) noexcept nogil:
    """From behind seq_parameter_set_id to pic_width_in_mbs_minus1, H.264 section 7.3.2.1.1."""
    cdef uint32_t kind, i, cycle
    cdef int lists = 8
    chroma[0] = 1
    if profile in (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135):
        chroma[0] = bits_read_ue(bits)
        lists = 12 if chroma[0] == 3 else 8
        if chroma[0] == 3 and bits_read(bits, 1):
            chroma[0] = 0  # separate planes: cropped like monochrome
        bits_read_ue(bits)
        bits_read_ue(bits)
        bits_read(bits, 1)
        if bits_read(bits, 1):
            h264_skip_scaling_lists(bits, lists)
    bits_read_ue(bits)
    kind = bits_read_ue(bits)
    if kind == 0:
        bits_read_ue(bits)
    elif kind == 1:
        bits_read(bits, 1)
        bits_read_ue(bits)
        bits_read_ue(bits)
        cycle = bits_read_ue(bits)
        if cycle > 255:
            return CODEC_ERROR_MALFORMED
        for i in range(cycle):
            bits_read_ue(bits)
    bits_read_ue(bits)
    bits_read(bits, 1)
    return 0


cdef inline int h264_sps_size(
        const uint8_t* nal, int length, uint16_t* width, uint16_t* height) noexcept nogil:
    """Picture size in pixels after cropping, from an SPS NAL unit with its header byte: 0 or CODEC_ERROR_*."""
    cdef BitReader bits
    cdef uint32_t profile, chroma, across, down, frames_only, crop_x, crop_y
    cdef uint32_t left = 0, right = 0, top = 0, bottom = 0
    if length < 4:
        return CODEC_ERROR_TRUNCATED
    bits_open(&bits, nal + 1, length - 1, True)
    profile = bits_read(&bits, 8)
    bits_read(&bits, 16)
    bits_read_ue(&bits)
    if h264_skip_to_size(&bits, profile, &chroma) < 0:
        return CODEC_ERROR_MALFORMED
    across = bits_read_ue(&bits)
    down = bits_read_ue(&bits)
    frames_only = bits_read(&bits, 1)
    if not frames_only:
        bits_read(&bits, 1)
    bits_read(&bits, 1)
    if bits_read(&bits, 1):
        left = bits_read_ue(&bits)
        right = bits_read_ue(&bits)
        top = bits_read_ue(&bits)
        bottom = bits_read_ue(&bits)
    if bits.failed:
        return CODEC_ERROR_TRUNCATED
    if across > 1023 or down > 1023 or (left | right | top | bottom) > 0x3FFF:
        return CODEC_ERROR_MALFORMED
    crop_x = 2 if chroma == 1 or chroma == 2 else 1
    crop_y = (2 if chroma == 1 else 1) * (2 - frames_only)
    across = (across + 1) * 16
    down = (down + 1) * 16 * (2 - frames_only)
    if crop_x * (left + right) >= across or crop_y * (top + bottom) >= down:
        return CODEC_ERROR_MALFORMED
    width[0] = <uint16_t> (across - crop_x * (left + right))
    height[0] = <uint16_t> (down - crop_y * (top + bottom))
    return 0


cdef inline int h264_parameter_set_id(const uint8_t* nal, int length) noexcept nogil:
    """seq_parameter_set_id of an SPS or pic_parameter_set_id of a PPS, or CODEC_ERROR_*. H.264 section 7.3.2."""
    cdef BitReader bits
    cdef uint32_t number
    cdef int skip = 4 if length and nal[0] & 0x1F == 7 else 1
    if length <= skip:
        return CODEC_ERROR_TRUNCATED
    bits_open(&bits, nal + skip, length - skip, True)
    number = bits_read_ue(&bits)
    if bits.failed:
        return CODEC_ERROR_TRUNCATED
    return <int> number if number <= 255 else CODEC_ERROR_MALFORMED


cdef inline int vp8_key_frame_size(const uint8_t* data, int length, uint16_t* width, uint16_t* height) noexcept nogil:
    """Size from the start of a VP8 key frame (RFC 6386 section 9.1): 0 or CODEC_ERROR_*."""
    if length < 10:
        return CODEC_ERROR_TRUNCATED
    if data[0] & 1 or data[3] != 0x9D or data[4] != 0x01 or data[5] != 0x2A:
        return CODEC_ERROR_MALFORMED
    width[0] = (<uint16_t> data[6] | (<uint16_t> data[7] << 8)) & 0x3FFF
    height[0] = (<uint16_t> data[8] | (<uint16_t> data[9] << 8)) & 0x3FFF
    return 0


cdef inline int vp9_key_frame_size(const uint8_t* data, int length, uint16_t* width, uint16_t* height) noexcept nogil:
    """Size from the uncompressed header of a VP9 key frame (VP9 bitstream section 6.2): 0 or CODEC_ERROR_*."""
    cdef BitReader bits
    cdef uint32_t profile, space
    bits_open(&bits, data, length, False)
    if bits_read(&bits, 2) != 2:
        return CODEC_ERROR_MALFORMED
    profile = bits_read(&bits, 1)
    profile |= bits_read(&bits, 1) << 1
    if profile == 3:
        bits_read(&bits, 1)
    if bits_read(&bits, 1) or bits_read(&bits, 1):  # show_existing_frame, or not a key frame
        return CODEC_ERROR_MALFORMED
    bits_read(&bits, 2)
    if bits_read(&bits, 24) != 0x498342:
        return CODEC_ERROR_MALFORMED
    if profile >= 2:
        bits_read(&bits, 1)
    space = bits_read(&bits, 3)
    if space != 7:
        bits_read(&bits, 1)
        if profile & 1:
            bits_read(&bits, 3)
    elif profile & 1:
        bits_read(&bits, 1)
    space = bits_read(&bits, 16)
    profile = bits_read(&bits, 16)
    if bits.failed:
        return CODEC_ERROR_TRUNCATED
    width[0] = <uint16_t> min(space + 1, <unsigned int> 0xFFFF)
    height[0] = <uint16_t> min(profile + 1, <unsigned int> 0xFFFF)
    return 0


cdef inline int leb128_read(const uint8_t* data, int length, uint32_t* value) noexcept nogil:
    """Bytes taken by a leb128 of at most 32 bits, or CODEC_ERROR_*. AV1 bitstream section 4.10.5."""
    cdef uint32_t result = 0
    cdef int i
    for i in range(8):
        if i >= length:
            return CODEC_ERROR_TRUNCATED
        if data[i] & 0x7F and (i > 4 or (i == 4 and data[i] & 0x70)):
            return CODEC_ERROR_MALFORMED
        if i <= 4:
            result |= <uint32_t> (data[i] & 0x7F) << (7 * i)
        if not data[i] & 0x80:
            value[0] = result
            return i + 1
    return CODEC_ERROR_MALFORMED


cdef inline int leb128_write(uint8_t* out, uint32_t value) noexcept nogil:
    """Write the shortest leb128 (at most 5 bytes) and return its length."""
    cdef int at = 0
    while value >= 0x80:
        out[at] = <uint8_t> (value & 0x7F) | 0x80
        value >>= 7
        at += 1
    out[at] = <uint8_t> value
    return at + 1


cdef inline void av1_skip_operating_points(BitReader* bits) noexcept nogil:
    """From timing_info_present_flag to the end of the operating points, AV1 bitstream section 5.5.1."""
    cdef uint32_t decoder_model = 0, delay_bits = 0, display_delay, points, i
    if bits_read(bits, 1):
        bits_read(bits, 32)
        bits_read(bits, 32)
        if bits_read(bits, 1):
            bits_read_ue(bits)
        decoder_model = bits_read(bits, 1)
        if decoder_model:
            delay_bits = bits_read(bits, 5) + 1
            bits_read(bits, 32)
            bits_read(bits, 10)
    display_delay = bits_read(bits, 1)
    points = bits_read(bits, 5) + 1
    for i in range(points):
        bits_read(bits, 12)
        if bits_read(bits, 5) > 7:
            bits_read(bits, 1)
        if decoder_model and bits_read(bits, 1):
            bits_read(bits, <int> delay_bits)
            bits_read(bits, <int> delay_bits)
            bits_read(bits, 1)
        if display_delay and bits_read(bits, 1):
            bits_read(bits, 4)


cdef inline int av1_sequence_size(const uint8_t* data, int length, uint16_t* width, uint16_t* height) noexcept nogil:
    """Largest frame size, from a sequence header OBU's payload (AV1 bitstream section 5.5.1): 0 or CODEC_ERROR_*."""
    cdef BitReader bits
    cdef uint32_t across_bits, down_bits, across, down
    bits_open(&bits, data, length, False)
    bits_read(&bits, 4)
    if bits_read(&bits, 1):
        bits_read(&bits, 5)
    else:
        av1_skip_operating_points(&bits)
    across_bits = bits_read(&bits, 4) + 1
    down_bits = bits_read(&bits, 4) + 1
    across = bits_read(&bits, <int> across_bits)
    down = bits_read(&bits, <int> down_bits)
    if bits.failed:
        return CODEC_ERROR_TRUNCATED
    width[0] = <uint16_t> min(across + 1, <unsigned int> 0xFFFF)
    height[0] = <uint16_t> min(down + 1, <unsigned int> 0xFFFF)
    return 0


# ---------------------------------------------------------------- payloads


cdef inline int vp8_inspect(const uint8_t* payload, int length, PayloadInfo* out) noexcept nogil:
    """VP8 payload descriptor, RFC 7741 section 4.2, and payload header, 4.3."""
    cdef int at = 1
    cdef uint8_t flags = 0
    if length < 1:
        return CODEC_ERROR_TRUNCATED
    if payload[0] & 0x80:
        if length < 2:
            return CODEC_ERROR_TRUNCATED
        flags = payload[1]
        at = 2
    if flags & 0x80:
        if at >= length or (payload[at] & 0x80 and at + 1 >= length):
            return CODEC_ERROR_TRUNCATED
        out.has_picture_id = 1
        out.picture_id_offset = <uint16_t> at
        out.picture_id_len = 15 if payload[at] & 0x80 else 7
        out.picture_id = read16(payload + at) & 0x7FFF if payload[at] & 0x80 else payload[at]
        at += 2 if payload[at] & 0x80 else 1
    if flags & 0x40:
        if at >= length:
            return CODEC_ERROR_TRUNCATED
        out.has_tl0 = 1
        out.tl0_offset = <uint16_t> at
        out.tl0picidx = payload[at]
        at += 1
    if flags & 0x30:
        if at >= length:
            return CODEC_ERROR_TRUNCATED
        if flags & 0x20:
            out.temporal_id = <int8_t> (payload[at] >> 6)
            out.switching_point = (payload[at] >> 5) & 1
        at += 1
    if at >= length:
        return CODEC_ERROR_TRUNCATED
    out.descriptor_len = <uint16_t> at
    out.discardable = (payload[0] >> 5) & 1
    out.start_of_frame = payload[0] & 0x10 != 0 and payload[0] & 0x07 == 0
    if out.start_of_frame and not payload[at] & 1:
        out.key_frame = 1
        vp8_key_frame_size(payload + at, length - at, &out.width, &out.height)
    return 0


cdef inline int vp9_skip_references(const uint8_t* payload, int length, int at) noexcept nogil:
    """Behind the P_DIFFs of flexible mode (at most three), or CODEC_ERROR_*. RFC 9628 section 4.2."""
    cdef int i
    for i in range(3):
        if at >= length:
            return CODEC_ERROR_TRUNCATED
        at += 1
        if not payload[at - 1] & 1:
            return at
    return CODEC_ERROR_MALFORMED


cdef inline int vp9_take_structure(const uint8_t* payload, int length, int at, PayloadInfo* out) noexcept nogil:
    """Behind the scalability structure, or CODEC_ERROR_*; the top layer's size into out. RFC 9628 section 4.2.1."""
    cdef int layers, i, groups
    cdef uint8_t first
    if at >= length:
        return CODEC_ERROR_TRUNCATED
    first = payload[at]
    layers = (first >> 5) + 1
    at += 1
    if first & 0x10:
        if at + 4 * layers > length:
            return CODEC_ERROR_TRUNCATED
        at += 4 * layers
        out.width = read16(payload + at - 4)
        out.height = read16(payload + at - 2)
    if first & 0x08:
        if at >= length:
            return CODEC_ERROR_TRUNCATED
        groups = payload[at]
        at += 1
        for i in range(groups):
            if at >= length:
                return CODEC_ERROR_TRUNCATED
            at += 1 + ((payload[at] >> 2) & 3)
    return at


cdef inline int vp9_inspect(const uint8_t* payload, int length, PayloadInfo* out) noexcept nogil:
    """VP9 payload descriptor, RFC 9628 section 4.2. Key: first packet of layer 0 of a picture without references."""
    cdef int at = 1
    cdef uint8_t flags
    if length < 1:
        return CODEC_ERROR_TRUNCATED
    flags = payload[0]
    if flags & 0x80:
        if at >= length or (payload[at] & 0x80 and at + 1 >= length):
            return CODEC_ERROR_TRUNCATED
        out.has_picture_id = 1
        out.picture_id_offset = <uint16_t> at
        out.picture_id_len = 15 if payload[at] & 0x80 else 7
        out.picture_id = read16(payload + at) & 0x7FFF if payload[at] & 0x80 else payload[at]
        at += 2 if payload[at] & 0x80 else 1
    if flags & 0x20:
        if at >= length or (not flags & 0x10 and at + 1 >= length):
            return CODEC_ERROR_TRUNCATED
        out.temporal_id = <int8_t> (payload[at] >> 5)
        out.switching_point = (payload[at] >> 4) & 1
        out.spatial_id = <int8_t> ((payload[at] >> 1) & 7)
        out.inter_layer = payload[at] & 1
        at += 1
        if not flags & 0x10:
            out.has_tl0 = 1
            out.tl0_offset = <uint16_t> at
            out.tl0picidx = payload[at]
            at += 1
    if flags & 0x50 == 0x50:
        at = vp9_skip_references(payload, length, at)
    if at > 0 and flags & 0x02:
        at = vp9_take_structure(payload, length, at, out)
    if at < 0:
        return at
    if at >= length:
        return CODEC_ERROR_TRUNCATED
    out.descriptor_len = <uint16_t> at
    out.inter_predicted = (flags >> 6) & 1
    out.start_of_frame = (flags >> 3) & 1
    out.end_of_layer = (flags >> 2) & 1
    out.key_frame = out.start_of_frame and not out.inter_predicted and out.spatial_id <= 0
    if out.key_frame and out.width == 0:
        vp9_key_frame_size(payload + at, length - at, &out.width, &out.height)
    return 0


cdef inline void h264_inspect_nal(const uint8_t* nal, int length, PayloadInfo* out) noexcept nogil:
    """One NAL unit, or the start of one (its first length bytes): what it makes of the packet."""
    cdef int kind = nal[0] & 0x1F
    cdef bint first_slice = length >= 2 and nal[1] & 0x80 != 0  # first_mb_in_slice is 0, H.264 section 7.3.3
    if nal[0] & 0x60:
        out.discardable = 0
    if kind == 7:
        out.key_frame = 1
        out.parameter_sets = 1
        h264_sps_size(nal, length, &out.width, &out.height)
    elif kind == 5 and first_slice:
        out.key_frame = 1
    if 6 <= kind <= 9 or (1 <= kind <= 5 and first_slice):
        out.start_of_frame = 1


cdef inline int h264_inspect(const uint8_t* payload, int length, PayloadInfo* out) noexcept nogil:
    """Single NAL unit, STAP-A and FU-A, RFC 6184 sections 5.6 to 5.8."""
    cdef int at = 1
    cdef int size, kind
    cdef uint8_t start[2]
    if length < 1:
        return CODEC_ERROR_TRUNCATED
    kind = payload[0] & 0x1F
    out.nal_type = <uint8_t> kind
    out.discardable = 1
    if 1 <= kind <= 23:
        h264_inspect_nal(payload, length, out)
        return 0
    if kind == 24:
        while at < length:
            if at + 2 > length:
                return CODEC_ERROR_TRUNCATED
            size = read16(payload + at)
            if size == 0 or at + 2 + size > length:
                return CODEC_ERROR_TRUNCATED
            if at == 1:
                out.nal_type = payload[3] & 0x1F
            h264_inspect_nal(payload + at + 2, size, out)
            at += 2 + size
        return 0 if at > 1 else CODEC_ERROR_TRUNCATED
    if kind != 28:
        return CODEC_ERROR_MALFORMED
    if length < 3:
        return CODEC_ERROR_TRUNCATED
    out.nal_type = payload[1] & 0x1F
    out.discardable = payload[0] & 0x60 == 0
    if payload[1] & 0x80:
        start[0] = (payload[0] & 0x60) | out.nal_type
        start[1] = payload[2]
        h264_inspect_nal(start, 2, out)
    return 0


cdef inline int av1_next_element(
        const uint8_t* payload, int length, int at, int element, int count, int* size) noexcept nogil:
    """Where OBU element number element (from 0) begins, its size in size[0]; or CODEC_ERROR_*.

    at is behind the element before; count is W of the aggregation header. AV1 RTP specification section 4.4.
    """
    cdef uint32_t value = 0
    cdef int taken
    if count and element == count - 1:
        size[0] = length - at
        return at
    taken = leb128_read(payload + at, length - at, &value)
    if taken < 0:
        return taken
    if value > <uint32_t> (length - at - taken):
        return CODEC_ERROR_TRUNCATED
    size[0] = <int> value
    return at + taken


cdef inline void av1_inspect_obu(const uint8_t* obu, int length, PayloadInfo* out) noexcept nogil:
    """The header of an OBU that begins in this packet, AV1 bitstream section 5.3."""
    cdef int kind = (obu[0] >> 3) & 15
    cdef int at = 1
    cdef uint32_t size = 0
    cdef int taken
    if obu[0] & 4 and length >= 2:
        if out.temporal_id < 0:
            out.temporal_id = <int8_t> (obu[1] >> 5)
            out.spatial_id = <int8_t> ((obu[1] >> 3) & 3)
        at = 2
    if kind != 1:
        return
    out.parameter_sets = 1
    out.key_frame = 1
    if obu[0] & 2:
        taken = leb128_read(obu + at, length - at, &size)
        if taken < 0:
            return
        at += taken
    if at < length:
        av1_sequence_size(obu + at, length - at, &out.width, &out.height)


cdef inline int av1_inspect(const uint8_t* payload, int length, PayloadInfo* out) noexcept nogil:
    """Aggregation header and the OBUs that begin here, AV1 RTP specification section 4.4.

    Key: N (first packet of a coded video sequence) or a sequence header begins in the packet.
    """
    cdef int at = 1
    cdef int size = 0
    cdef int element = 0
    cdef int count
    if length < 2:
        return CODEC_ERROR_TRUNCATED
    count = (payload[0] >> 4) & 3
    out.descriptor_len = 1
    out.start_of_frame = not payload[0] & 0x80
    if payload[0] & 0x08:
        if payload[0] & 0x80:
            return CODEC_ERROR_MALFORMED  # N and Z exclude each other
        out.key_frame = 1
    while at < length:
        if count and element >= count:
            break
        at = av1_next_element(payload, length, at, element, count, &size)
        if at < 0:
            return at
        if size and not (element == 0 and payload[0] & 0x80):
            av1_inspect_obu(payload + at, size, out)
        at += size
        element += 1
    return 0 if element >= count else CODEC_ERROR_TRUNCATED


cdef inline int codec_inspect(
        int codec, const uint8_t* payload, int length, int marker, PayloadInfo* out) noexcept nogil:
    """Look at one payload (without padding): 0 or CODEC_ERROR_*; out is filled as far as it could be read.

    H.264 flags key_frame on a packet that holds an SPS and on the first of an IDR picture: of several
    flagged packets with one timestamp the first is where a decoder starts. Audio is always a key frame.
    """
    memset(out, 0, sizeof(PayloadInfo))
    out.temporal_id = -1
    out.spatial_id = -1
    out.end_of_frame = marker != 0
    cdef int error = CODEC_ERROR_UNKNOWN
    if codec == CODEC_OPUS or codec == CODEC_PCMU or codec == CODEC_PCMA:
        out.key_frame = out.start_of_frame = out.end_of_frame = 1
        error = 0 if length > 0 else CODEC_ERROR_TRUNCATED
    elif codec == CODEC_VP8:
        error = vp8_inspect(payload, length, out)
    elif codec == CODEC_VP9:
        return vp9_inspect(payload, length, out)
    elif codec == CODEC_H264:
        error = h264_inspect(payload, length, out)
    elif codec == CODEC_AV1:
        error = av1_inspect(payload, length, out)
    out.end_of_layer = out.end_of_frame
    return error
