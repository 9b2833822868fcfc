# Transport-wide feedback from viewers (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), for the estimator.
#
# Looked through first, so that a broken packet changes nothing; then read chunk by chunk, nothing is kept of it. What did not
# arrive has no bytes of its own in it, so a run of that costs as much as was sent under its numbers and not told of yet.

cdef extern from *:
    int popcount "__builtin_popcount"(unsigned int bits) noexcept nogil

cdef enum:
    FEEDBACK_HEAD = 20           # bytes before the chunks
    FEEDBACK_MOST = 4096         # packets that one feedback tells of: as many as a history can have
    SYMBOLS_SMALL = 0x1555       # in a chunk of two-bit symbols the low bits of each: a small delta, of one byte
    SYMBOLS_LARGE = 0x2AAA       # and the high ones: a large or negative delta, of two


cdef struct Telling:             # one feedback while it is read
    Transport* transport
    const uint8_t* delta         # the next one
    int64_t ticks                # arrival of the last packet that came
    int64_t now
    int64_t last_sent            # the youngest that came; 0: none
    int expected
    int lost
    uint16_t number              # the next one


cdef const uint8_t* find_deltas(const uint8_t* data, int size, int count) noexcept nogil:
    """Where the deltas begin; NULL when the packet is cut short or has a symbol that is not defined."""
    cdef const uint8_t* chunk = data + FEEDBACK_HEAD
    cdef const uint8_t* end = data + size
    cdef int bits, taken, bytes = 0
    while count > 0:
        if chunk + 2 > end:
            return NULL
        bits = read16(chunk)
        chunk += 2
        if not bits & 0x8000:
            taken = min(bits & 0x1FFF, count)
            bits >>= 13
            if taken == 0 or bits == 3:
                return NULL                      # a run of nothing, or of what is not defined
            bytes += taken * bits
        elif bits & 0x4000:
            taken = min(7, count)
            bits = (bits & 0x3FFF) >> (14 - 2 * taken)
            if bits & (bits >> 1) & SYMBOLS_SMALL:
                return NULL
            bytes += popcount(bits & SYMBOLS_SMALL) + 2 * popcount(bits & SYMBOLS_LARGE)
        else:
            taken = min(14, count)
            bytes += popcount((bits & 0x3FFF) >> (14 - taken))
        count -= taken
    return chunk if chunk + bytes <= end else NULL


cdef int64_t unwrap_reference(int64_t before, uint32_t reference) noexcept nogil:
    """24 bits of 64 ms come round after 12 days; the nearest to the one before is meant."""
    cdef int32_t step = <int32_t>((reference - <uint32_t>before) << 8) >> 8
    return before + step if before else <int64_t>reference + (1 << 24)


cdef inline void tell_missing(Telling* telling, int run) noexcept nogil:
    """The next `run` packets did not come: those are looked at that were sent and that no feedback has told of."""
    cdef Transport* transport = telling.transport
    cdef Outbound* outbound = transport.outbound
    cdef int mask = (1 << transport.sent_bits) - 1
    cdef int from_newest = <int16_t>(telling.number - transport.noted)
    cdef int first = max(from_newest, max(-mask, <int16_t>(outbound.told - transport.noted) + 1))
    cdef int beyond = min(from_newest + run, 1), i
    telling.number += <uint16_t>run
    if first >= beyond:
        return
    for i in range(first, beyond):
        if transport.sent[<uint16_t>(transport.noted + i) & mask] & SENT_SIZE_MASK:
            telling.expected += 1
            telling.lost += 1
    outbound.told = <uint16_t>(transport.noted + beyond - 1)


cdef inline void tell_arrival(Telling* telling, int symbol) noexcept nogil:
    """The next packet came, as its delta says: of one byte (symbol 1) or of two (symbol 2)."""
    cdef Transport* transport = telling.transport
    cdef Outbound* outbound = transport.outbound
    cdef uint16_t number = telling.number
    cdef int64_t sent = 0
    cdef int bytes
    telling.number += 1
    if symbol == 1:
        telling.ticks += telling.delta[0]
        telling.delta += 1
    else:
        telling.ticks += <int16_t>read16(telling.delta)
        telling.delta += 2
    bytes = take_sent(transport, number, telling.now, &sent)
    if bytes == 0:
        return
    if <int16_t>(number - outbound.told) > 0:
        outbound.told = number
        telling.expected += 1
    else:
        telling.lost -= 1                        # it was told as lost before
    strike_sent(transport, number)
    telling.last_sent = max(telling.last_sent, sent)
    estimate_packet(&outbound.estimator, sent, telling.ticks * FEEDBACK_TICK_NS, bytes)
    if outbound.probe.state != PROBE_IDLE:
        probe_packet(&outbound.probe, number, sent, telling.ticks * FEEDBACK_TICK_NS, bytes)


cdef inline void tell_vector(Telling* telling, int bits, int width, int count) noexcept nogil:
    """The first `count` symbols of a vector, of `width` bits each."""
    cdef int at = 14, symbol
    if bits & 0x3FFF == 0:
        tell_missing(telling, count)
        return
    while count > 0:
        count -= 1
        at -= width
        symbol = (bits >> at) & (2 * width - 1)
        if symbol:
            tell_arrival(telling, symbol)
        else:
            tell_missing(telling, 1)


cdef void tell_chunks(Telling* telling, const uint8_t* chunk, int count) noexcept nogil:
    """What was looked through: `count` packets."""
    cdef int bits, taken, i
    while count > 0:
        bits = read16(chunk)
        chunk += 2
        if bits & 0x8000 == 0:
            taken = min(bits & 0x1FFF, count)
            if bits >> 13 == 0:
                tell_missing(telling, taken)
            else:
                for i in range(taken):
                    tell_arrival(telling, bits >> 13)
        elif bits & 0x4000:
            taken = min(7, count)
            tell_vector(telling, bits, 2, taken)
        else:
            taken = min(14, count)
            tell_vector(telling, bits, 1, taken)
        count -= taken


cdef bint read_feedback(Core* core, Transport* transport, const uint8_t* data, int size, int64_t now) noexcept nogil:
    """Takes one feedback packet of a viewer in; False when it is malformed."""
    cdef Outbound* outbound = transport.outbound
    cdef Telling telling
    cdef int count
    if size < FEEDBACK_HEAD:
        return False
    count = read16(data + 14)
    telling.delta = find_deltas(data, size, count) if 0 < count <= FEEDBACK_MOST else NULL
    if telling.delta == NULL:
        return False
    telling.number = read16(data + 12)
    begin_feedback(transport, telling.number, data[19])
    outbound.reference = unwrap_reference(outbound.reference, read24(data + 16))
    telling.transport = transport
    telling.ticks = outbound.reference * (FEEDBACK_REFERENCE_NS // FEEDBACK_TICK_NS)
    telling.now = now
    telling.last_sent = telling.expected = telling.lost = 0
    tell_chunks(&telling, data + FEEDBACK_HEAD, count)
    if telling.expected or telling.last_sent:
        outbound.fed_ns = now
        outbound.trusted_until_ns = now + FEEDBACK_SILENT_NS
        if telling.last_sent:
            estimate_rtt(&outbound.estimator, now - telling.last_sent)
        estimate_update(&outbound.estimator, telling.expected, telling.lost, now)
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
