# The formats of depacketize.pxi: how one payload joins its unit, codec by codec, and what makes a unit complete.
# Each function returns 0, or -1 when the unit cannot become whole.


cdef bint dep_begins_unit(DepState* s, const PayloadInfo* info) noexcept nogil:
    """Is this packet certainly the first of its unit?

    VP8 and VP9 say so. The others: right behind a finished unit, or where a key frame begins for certain. An IDR
    picture without SPS after a hole is taken only from senders that do not send SPS in band: else the SPS was
    lost with the packet before, and might have been a new one.
    """
    if s.codec == CODEC_VP8:
        return info.start_of_frame
    if s.codec == CODEC_VP9:
        return info.start_of_frame and info.spatial_id <= 0
    if s.contiguous:
        return True
    if s.codec == CODEC_H264:
        return info.parameter_sets or (info.key_frame and not s.sps_in_band)
    return info.key_frame and info.start_of_frame


cdef int dep_take_payload(DepState* s, const DepView* view, const PayloadInfo* info) noexcept nogil:
    """Join one payload to the open unit."""
    if s.codec == CODEC_H264:
        return dep_take_h264(s, view.payload, view.length)
    if s.codec == CODEC_AV1:
        return dep_take_av1(s, view.payload, view.length)
    if info.key_frame:
        s.frame.key = 1
    if info.width and info.height:
        s.frame.width = info.width
        s.frame.height = info.height
    if s.codec == CODEC_VP9 and info.start_of_frame:
        if s.frame.layers == DEP_MAX_LAYERS or s.frame.layer_open:
            return -1
        s.frame.layer_starts[s.frame.layers] = s.frame.data.length
        s.frame.layers += 1
    s.frame.layer_open = s.codec == CODEC_VP9 and not info.end_of_layer
    return dep_append(&s.frame.data, view.payload + info.descriptor_len, <size_t> (view.length - info.descriptor_len))


cdef int dep_finish_format(DepState* s) noexcept nogil:
    """What the unit lacks at its end."""
    if s.frame.fragment_open or s.frame.layer_open:
        return -1
    if s.codec == CODEC_H264 and s.frame.key:
        return dep_complete_h264(s)
    if s.codec == CODEC_AV1 and s.frame.key:
        return dep_complete_av1(s)
    if s.codec == CODEC_VP9 and s.frame.layers > 1:
        return dep_append_superframe_index(&s.frame)
    return 0


# ---------------------------------------------------------------- VP9


cdef int dep_append_superframe_index(DepFrame* frame) noexcept nogil:
    """Say where each spatial layer's frame ends, VP9 bitstream annex B."""
    cdef uint8_t index[34]
    cdef size_t size, largest = 0
    cdef size_t end = frame.data.length
    cdef int i, j, magnitude = 1, at = 1
    for i in range(frame.layers):
        size = (frame.layer_starts[i + 1] if i + 1 < frame.layers else end) - frame.layer_starts[i]
        largest = max(largest, size)
    while magnitude < 4 and largest >> (8 * magnitude):
        magnitude += 1
    index[0] = <uint8_t> (0xC0 | (magnitude - 1) << 3 | (frame.layers - 1))
    for i in range(frame.layers):
        size = (frame.layer_starts[i + 1] if i + 1 < frame.layers else end) - frame.layer_starts[i]
        for j in range(magnitude):
            index[at] = <uint8_t> (size >> (8 * j))
            at += 1
    index[at] = index[0]
    return dep_append(&frame.data, index, <size_t> at + 1)


# ---------------------------------------------------------------- H.264


cdef void dep_remember(DepParameterSet* sets, int number, const uint8_t* nal, size_t length) noexcept nogil:
    """Keep a parameter set under its id; without a free place the first one goes."""
    cdef int i, place = 0
    for i in range(DEP_PARAMETER_SETS - 1, -1, -1):
        if sets[i].id < 0:
            place = i
    for i in range(DEP_PARAMETER_SETS):
        if sets[i].id == number:
            place = i
    sets[place].nal.length = 0
    sets[place].id = number if dep_append(&sets[place].nal, nal, length) == 0 else -1


cdef void dep_note_h264(DepState* s, const uint8_t* nal, size_t length, bint whole) noexcept nogil:
    """What a NAL unit, or its first bytes, tells about the unit; parameter sets are kept when whole."""
    cdef DepFrame* frame = &s.frame
    cdef int kind = nal[0] & 0x1F
    cdef int number
    if 1 <= kind <= 5:
        frame.has_picture = 1
        if kind == 5:
            frame.key = 1
    elif kind == 7:
        frame.has_sps = 1
        h264_sps_size(nal, <int> length, &s.width, &s.height)
    elif kind == 8:
        frame.has_pps = 1
    if whole and (kind == 7 or kind == 8):
        number = h264_parameter_set_id(nal, <int> length)
        if number >= 0:
            dep_remember(&s.sps[0] if kind == 7 else &s.pps[0], number, nal, length)


cdef int dep_append_nal(DepState* s, const uint8_t* nal, size_t length) noexcept nogil:
    """A whole NAL unit, behind a start code (H.264 annex B)."""
    cdef uint8_t* start = b"\x00\x00\x00\x01"
    if dep_append(&s.frame.data, start, 4) < 0 or dep_append(&s.frame.data, nal, length) < 0:
        return -1
    dep_note_h264(s, nal, length, True)
    if (nal[0] & 0x1F == 9 or nal[0] & 0x1F == 7) and not s.frame.has_picture:
        s.frame.insert_at = s.frame.data.length
    return 0


cdef int dep_append_fragment(DepState* s, const uint8_t* payload, int length) noexcept nogil:
    """One FU-A, RFC 6184 section 5.8; codec_inspect has seen three bytes."""
    cdef uint8_t start[5]
    cdef bint first = payload[1] & 0x80 != 0
    cdef bint last = payload[1] & 0x40 != 0
    if first == (s.frame.fragment_open != 0) or (first and last):
        return -1
    if first:
        start[0] = start[1] = start[2] = 0
        start[3] = 1
        start[4] = (payload[0] & 0xE0) | (payload[1] & 0x1F)
        if dep_append(&s.frame.data, start, 5) < 0:
            return -1
        dep_note_h264(s, start + 4, 1, False)
    s.frame.fragment_open = not last
    return dep_append(&s.frame.data, payload + 2, <size_t> (length - 2))


cdef int dep_take_h264(DepState* s, const uint8_t* payload, int length) noexcept nogil:
    """Single NAL unit, STAP-A or FU-A, RFC 6184 sections 5.6 to 5.8; codec_inspect has checked the sizes."""
    cdef int kind = payload[0] & 0x1F
    cdef int at = 1
    cdef int size
    if kind == 28:
        return dep_append_fragment(s, payload, length)
    if s.frame.fragment_open:
        return -1
    if kind != 24:
        return dep_append_nal(s, payload, <size_t> length)
    while at + 2 <= length:
        size = read16(payload + at)
        if at + 2 + size > length or dep_append_nal(s, payload + at + 2, <size_t> size) < 0:
            return -1
        at += 2 + size
    return 0


cdef int dep_insert_sets(DepFrame* frame, const DepParameterSet* sets) noexcept nogil:
    """Put the remembered sets where they belong: -1 when there are none."""
    cdef uint8_t* start = b"\x00\x00\x00\x01"
    cdef int i, found = -1
    for i in range(DEP_PARAMETER_SETS):
        if sets[i].id < 0:
            continue
        found = 0
        if dep_insert(&frame.data, frame.insert_at, start, 4) < 0:
            return -1
        frame.insert_at += 4
        if dep_insert(&frame.data, frame.insert_at, sets[i].nal.data, sets[i].nal.length) < 0:
            return -1
        frame.insert_at += sets[i].nal.length
    return found


cdef int dep_complete_h264(DepState* s) noexcept nogil:
    """An IDR picture gets the SPS and PPS it lacks, and its size."""
    if not s.frame.has_sps and dep_insert_sets(&s.frame, s.sps) < 0:
        return -1
    if not s.frame.has_pps and dep_insert_sets(&s.frame, s.pps) < 0:
        return -1
    s.frame.width = s.width
    s.frame.height = s.height
    return 0


# ---------------------------------------------------------------- AV1


cdef int dep_append_obu(DepBuffer* out, uint8_t* head, int head_len, const uint8_t* body, int length) noexcept nogil:
    """An OBU with its size field, AV1 bitstream section 5.3."""
    cdef uint8_t size[8]
    head[0] |= 2
    if dep_append(out, head, <size_t> head_len) < 0:
        return -1
    if dep_append(out, size, <size_t> leb128_write(size, <uint32_t> length)) < 0:
        return -1
    return dep_append(out, body, <size_t> length)


cdef int dep_note_av1(
        DepState* s, int kind, uint8_t* head, int head_len, const uint8_t* body, int length) noexcept nogil:
    """What an OBU tells: a sequence header is kept; the first frame header says whether this is a key frame."""
    if kind == 1:
        s.frame.has_sps = 1
        s.sequence_header.length = 0
        av1_sequence_size(body, length, &s.width, &s.height)
        return dep_append_obu(&s.sequence_header, head, head_len, body, length)
    if (kind == 3 or kind == 6) and not s.frame.has_picture:
        if length < 1:
            return -1
        s.frame.has_picture = 1
        # show_existing_frame 0, frame_type KEY_FRAME, show_frame 1: AV1 bitstream section 5.9.2
        s.frame.key = body[0] & 0xF0 == 0x10
    return 0


cdef int dep_take_obu(DepState* s, const uint8_t* obu, int length) noexcept nogil:
    """A whole OBU, with or without a size field; delimiters, tile lists and padding are left out."""
    cdef uint8_t head[2]
    cdef int kind = (obu[0] >> 3) & 15
    cdef int head_len = 2 if obu[0] & 4 else 1
    cdef int at = head_len
    cdef int taken
    cdef uint32_t size
    if obu[0] & 0x80 or head_len > length:
        return -1
    head[0] = obu[0]
    head[1] = obu[1] if head_len == 2 else 0
    size = <uint32_t> (length - at)
    if obu[0] & 2:
        taken = leb128_read(obu + at, length - at, &size)
        if taken < 0 or size > <uint32_t> (length - at - taken):
            return -1
        at += taken
    if kind == 2 or kind == 8 or kind == 15:
        return 0
    if dep_note_av1(s, kind, head, head_len, obu + at, <int> size) < 0:
        return -1
    return dep_append_obu(&s.frame.data, head, head_len, obu + at, <int> size)


cdef int dep_take_element(DepState* s, const uint8_t* data, int size, bint goes_on, bint continues) noexcept nogil:
    """One OBU element; goes_on: it began in the packet before (Z); continues: it ends in a later one (Y)."""
    cdef DepFrame* frame = &s.frame
    if goes_on != (frame.fragment_open != 0):
        return -1
    if not goes_on and not continues:
        return dep_take_obu(s, data, size) if size else 0
    if dep_append(&frame.fragment, data, <size_t> size) < 0:
        return -1
    frame.fragment_open = continues
    if continues:
        return 0
    size = <int> frame.fragment.length
    frame.fragment.length = 0
    return dep_take_obu(s, frame.fragment.data, size) if size else 0


cdef int dep_take_av1(DepState* s, const uint8_t* payload, int length) noexcept nogil:
    """The OBU elements of one packet, AV1 RTP specification section 4.4; codec_inspect has checked the sizes."""
    cdef int count = (payload[0] >> 4) & 3
    cdef int at = 1
    cdef int element = 0
    cdef int size = 0
    cdef bint last
    while at < length and not (count and element >= count):
        at = av1_next_element(payload, length, at, element, count, &size)
        if at < 0:
            return -1
        last = at + size >= length or (count and element == count - 1)
        if dep_take_element(
                s, payload + at, size, element == 0 and payload[0] & 0x80 != 0, last and payload[0] & 0x40 != 0) < 0:
            return -1
        at += size
        element += 1
    return 0


cdef int dep_complete_av1(DepState* s) noexcept nogil:
    """A key frame gets the sequence header it lacks, and its size."""
    if not s.frame.has_sps:
        if s.sequence_header.length == 0:
            return -1
        if dep_insert(&s.frame.data, 0, s.sequence_header.data, s.sequence_header.length) < 0:
            return -1
    s.frame.width = s.width
    s.frame.height = s.height
    return 0
