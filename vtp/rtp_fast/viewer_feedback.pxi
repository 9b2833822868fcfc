# Transport-wide feedback from viewers (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), for the estimator.
#
# Looked through first, so that a broken packet changes nothing; then read packet by packet, nothing is kept of it.

cdef enum:
    FEEDBACK_HEAD = 20           # bytes before the chunks
    FEEDBACK_MOST = 4096         # packets that one feedback tells of: as many as a history can have


cdef struct FeedbackReader:      # a place among the chunks
    const uint8_t* chunks
    int left                     # symbols in the chunk
    uint16_t chunk
    uint8_t kind                 # 0: run, 1: one-bit vector, 2: two-bit vector


cdef inline int next_symbol(FeedbackReader* reader) noexcept nogil:
    """0: not received, 1: small delta, 2: large or negative delta, 3: reserved."""
    if reader.left == 0:
        reader.chunk = read16(reader.chunks)
        reader.chunks += 2
        if not reader.chunk & 0x8000:
            reader.kind = 0
            reader.left = reader.chunk & 0x1FFF
        elif reader.chunk & 0x4000:
            reader.kind = 2
            reader.left = 7
        else:
            reader.kind = 1
            reader.left = 14
        if reader.left == 0:
            return 3                             # a run of nothing
    reader.left -= 1
    if reader.kind == 0:
        return (reader.chunk >> 13) & 3
    if reader.kind == 1:
        return (reader.chunk >> reader.left) & 1
    return (reader.chunk >> (2 * reader.left)) & 3


cdef const uint8_t* find_deltas(const uint8_t* data, int size, int count) noexcept nogil:
    """Where the deltas begin; NULL when the packet is cut short or has a symbol that is not defined."""
    cdef FeedbackReader reader
    cdef int i, symbol, bytes = 0
    cdef const uint8_t* end = data + size
    reader.chunks = data + FEEDBACK_HEAD
    reader.left = 0
    for i in range(count):
        if reader.left == 0 and reader.chunks + 2 > end:
            return NULL
        symbol = next_symbol(&reader)
        if symbol == 3:
            return NULL
        bytes += symbol                          # a small delta has one byte, a large one two
    return reader.chunks if reader.chunks + bytes <= end else NULL


cdef int64_t unwrap_reference(int64_t before, uint32_t reference) noexcept nogil:
    """24 bits of 64 ms come round after 12 days; the nearest to the one before is meant."""
    cdef int32_t step = <int32_t>((reference - <uint32_t>before) << 8) >> 8
    return before + step if before else <int64_t>reference + (1 << 24)


cdef bint read_feedback(Core* core, Transport* transport, const uint8_t* data, int size, int64_t now) noexcept nogil:
    """Takes one feedback packet of a viewer in; False when it is malformed."""
    cdef Outbound* outbound = transport.outbound
    cdef FeedbackReader reader
    cdef const uint8_t* delta
    cdef uint16_t number
    cdef int64_t ticks, sent = 0, last_sent = 0
    cdef int count, i, symbol, bytes, expected = 0, lost = 0
    if size < FEEDBACK_HEAD:
        return False
    count = read16(data + 14)
    delta = find_deltas(data, size, count) if 0 < count <= FEEDBACK_MOST else NULL
    if delta == NULL:
        return False
    number = read16(data + 12)
    begin_feedback(transport, number, data[19])
    outbound.reference = unwrap_reference(outbound.reference, read24(data + 16))
    ticks = outbound.reference * (FEEDBACK_REFERENCE_NS // FEEDBACK_TICK_NS)
    reader.chunks = data + FEEDBACK_HEAD
    reader.left = 0
    for i in range(count):
        symbol = next_symbol(&reader)
        if symbol == 1:
            ticks += delta[0]
            delta += 1
        elif symbol == 2:
            ticks += <int16_t>read16(delta)
            delta += 2
        bytes = take_sent(transport, number, now, &sent)
        if bytes:
            if <int16_t>(number - outbound.told) > 0:
                outbound.told = number
                expected += 1
                lost += 1 if symbol == 0 else 0
            elif symbol:
                lost -= 1                        # it was told as lost before
            if symbol:
                strike_sent(transport, number)
                last_sent = max(last_sent, sent)
                estimate_packet(&outbound.estimator, sent, ticks * FEEDBACK_TICK_NS, bytes)
                if outbound.probe.state != PROBE_IDLE:
                    probe_packet(&outbound.probe, number, sent, ticks * FEEDBACK_TICK_NS, bytes)
        number += 1
    if expected or last_sent:
        outbound.fed_ns = now
        outbound.trusted_until_ns = now + FEEDBACK_SILENT_NS
        if last_sent:
            estimate_rtt(&outbound.estimator, now - last_sent)
        estimate_update(&outbound.estimator, expected, lost, now)
        take_stock(core, transport, now)
    return True


cdef void begin_feedback(Transport* transport, uint16_t first, uint8_t count) noexcept nogil:
    """What the head alone says: a feedback was lost, or the history is too short for the round trip."""
    cdef Outbound* outbound = transport.outbound
    cdef uint16_t age = <uint16_t>(transport.noted - first)
    if not outbound.has_told or <uint16_t>(transport.noted - outbound.told) >> transport.sent_bits:
        outbound.has_told = 1                    # the first one, or none came for long
        outbound.told = <uint16_t>(first - 1)
    elif count != <uint8_t>(outbound.feedback_count + 1):
        outbound.estimator.acked_since = 0       # what it told of is missing: it would look like a slower link
    outbound.feedback_count = count
    if age >> transport.sent_bits and age < FEEDBACK_MOST and <int16_t>(first - outbound.told) > 0:
        grow_sent(transport)
