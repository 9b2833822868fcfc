# One incoming stream: sequence accounting, holes asked for again by NACK and filled by RTX, and what was given up.

cdef enum:
    SEQUENCE_JUMP = 600          # a larger step is a restart of the stream, not loss

cdef int64_t PLI_INTERVAL_NS = 500_000_000


cdef inline Seen* seen_slot(Incoming* stream, int64_t number) noexcept nogil:
    return &stream.slots[number & stream.slot_mask]


cdef inline bint seen_is(Incoming* stream, int64_t number) noexcept nogil:
    cdef Seen* slot = seen_slot(stream, number)
    return slot.number == number and slot.flags & SEEN


cdef PayloadEntry* payload_of(Incoming* stream, uint8_t payload_type, bint* is_rtx) noexcept nogil:
    cdef int i
    for i in range(stream.payload_count):
        if stream.payloads[i].payload_type == payload_type:
            is_rtx[0] = False
            return &stream.payloads[i]
        if stream.payloads[i].rtx_payload_type == payload_type:
            is_rtx[0] = True
            return &stream.payloads[i]
    return NULL


cdef void stream_restart(Incoming* stream, int64_t number, int64_t now_ns) noexcept nogil:
    """Forgets what is under way: the first packet, or a jump no loss explains."""
    if stream.started:
        stream.resets += 1
        stream.lost += stream.holes.count
        frame_lose(stream)
    elif stream.video:
        stream.frames.waits_for_key = True
        stream.wants_key = True
        stream.pli_ns = now_ns
    stream.started = True
    stream.cursor = number
    stream.holes.count = 0
    report_begin(&stream.report, number)


cdef bint stream_number(Incoming* stream, uint16_t sequence, bint is_rtx, int64_t now_ns, int64_t* out) noexcept nogil:
    """Places a packet by its sequence number. False when it is a duplicate, too late, or RTX of nothing we know."""
    cdef int64_t number, missing
    if not stream.started:
        if is_rtx:
            return False
        stream_restart(stream, 65536 + sequence, now_ns)
    number = stream.report.highest + <int16_t>(sequence - <uint16_t>(stream.report.highest & 0xFFFF))
    if not is_rtx and (number - stream.report.highest > SEQUENCE_JUMP or stream.report.highest - number > SEQUENCE_JUMP):
        stream_restart(stream, number + 65536, now_ns)
        number += 65536
    out[0] = number
    stream.report.direct += not is_rtx
    if number > stream.report.highest:
        if is_rtx:
            return False
        for missing in range(stream.report.highest + 1, number):
            stream.missing += 1
            stream.lost += not holes_add(&stream.holes, missing, now_ns)
        stream.report.highest = number
        return True
    if number < stream.report.base or seen_is(stream, number):
        stream.duplicates += 1
        return False
    if holes_fill(&stream.holes, number) == HOLE_NONE:
        stream.late += 1
        return False
    if is_rtx:
        stream.recovered += 1
    else:
        stream.reordered += 1
    return True


cdef void stream_advance(Incoming* stream, int64_t given_up_before) noexcept nogil:
    """Hands packets to frame assembly as far as they are in order; numbers below `given_up_before` are not waited for."""
    cdef bint after_hole = False
    while stream.cursor <= stream.report.highest:
        if seen_is(stream, stream.cursor):
            frame_take(stream, seen_slot(stream, stream.cursor), after_hole)
            after_hole = False
        elif stream.cursor < given_up_before:
            if not after_hole:
                frame_lose(stream)
            after_hole = True
        else:
            return
        stream.cursor += 1


cdef int64_t capture_time(Incoming* stream, const uint8_t* packet, const RtpPacket* parsed) noexcept nogil:
    """The packet's abs-capture-time as Unix nanoseconds, or 0 (draft-ietf-avtext-abs-capture-time)."""
    cdef const RtpExt* extension
    if stream.capture_extension == 0:
        return 0
    extension = rtp_find_ext(parsed, stream.capture_extension)
    if extension == NULL or extension.len < 8:
        return 0
    return ns_from_ntp(read64(packet + extension.offset))


cdef void stream_receive(Incoming* stream, uint8_t* packet, RtpPacket* parsed, int64_t now_ns, int64_t arrival_ns) noexcept nogil:
    """One plain packet of the stream or of its RTX."""
    cdef bint is_rtx = False
    cdef PayloadEntry* entry = payload_of(stream, parsed.payload_type, &is_rtx)
    cdef const uint8_t* payload = packet + parsed.header_len
    cdef int length = parsed.payload_len
    cdef uint16_t sequence = parsed.sequence
    cdef int64_t number = 0
    cdef PayloadInfo info
    cdef Seen* slot
    if entry == NULL:
        return
    if is_rtx:
        if length < 2:
            return
        sequence = read16(payload)
        payload += 2
        length -= 2
    if not stream_number(stream, sequence, is_rtx, now_ns, &number):
        return
    slot = seen_slot(stream, number)
    slot.number = number
    slot.arrival_ns = arrival_ns
    slot.capture_ns = capture_time(stream, packet, parsed)
    slot.timestamp = parsed.timestamp
    slot.clock_rate = entry.clock_rate
    slot.mark = 0
    slot.flags = SEEN | (SEEN_MARKER if parsed.marker else 0)
    if length == 0:
        slot.flags |= SEEN_PADDING
    elif stream.video:
        memset(&info, 0, sizeof(PayloadInfo))
        codec_inspect(entry.codec, payload, length, parsed.marker, &info)
        slot.mark = encoding_mark(payload, length) if stream.marked else 0
        slot.flags |= (SEEN_START if info.start_of_frame else 0) | (SEEN_KEY if info.key_frame else 0)
    else:
        slot.flags |= SEEN_START | SEEN_KEY
    stream.packets += 1
    stream.bytes += parsed.header_len + parsed.payload_len + parsed.padding
    stream.payload_bytes += length
    stream.last_payload_type = entry.payload_type
    stream.last_codec = entry.codec
    if not is_rtx:
        report_jitter(&stream.report, parsed.timestamp, entry.clock_rate, arrival_ns)
    stream_advance(stream, 0)


cdef int stream_nacks(Incoming* stream, double rtt_ns, int64_t now_ns, uint16_t* out, int capacity) noexcept nogil:
    """Gives up old holes; writes the numbers to ask for now, and returns how many."""
    cdef int64_t given_up = 0
    cdef int lost = 0
    cdef int count = holes_poll(&stream.holes, stream.nack, rtt_ns, now_ns, out, capacity, &given_up, &lost)
    stream.lost += lost
    if given_up:
        stream_advance(stream, given_up)
    return count
