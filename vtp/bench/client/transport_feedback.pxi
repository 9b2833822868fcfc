# Transport-wide feedback: when every packet of the transport arrived, told to the sender's bandwidth estimator.
#
# draft-holmer-rmcat-transport-wide-cc-extensions-01. Numbers from `base` to `highest` have a slot each.

cdef enum:
    FEEDBACK_STATUSES = 400      # of one packet, so that it fits a datagram
    FEEDBACK_TICK_NS = 250_000
    FEEDBACK_REFERENCE_NS = 64_000_000

cdef int64_t FEEDBACK_INTERVAL_NS = 100_000_000      # Chromium's, at our rates


cdef inline void feedback_note(TransportFeedback* feedback, uint16_t sequence, int64_t arrival_ns) noexcept nogil:
    """Remembers when a transport-wide number arrived."""
    cdef int64_t number, missing
    if feedback.base < 0:
        feedback.base = 65536 + <int64_t>sequence
        feedback.highest = feedback.base - 1
    number = feedback.highest + <int16_t>(sequence - <uint16_t>(feedback.highest & 0xFFFF))
    if number < feedback.base:
        return
    if number > feedback.highest:
        if number - feedback.base >= FEEDBACK_SLOTS:
            feedback.base = number - FEEDBACK_SLOTS + 1
        missing = feedback.highest + 1 if feedback.highest >= feedback.base else feedback.base
        while missing < number:
            feedback.arrival_ns[missing & (FEEDBACK_SLOTS - 1)] = 0
            missing += 1
        feedback.highest = number
    feedback.arrival_ns[number & (FEEDBACK_SLOTS - 1)] = arrival_ns


cdef inline int64_t feedback_arrival(TransportFeedback* feedback, int64_t number) noexcept nogil:
    """When it arrived, or 0; for numbers from base to highest."""
    return feedback.arrival_ns[number & (FEEDBACK_SLOTS - 1)]


cdef int64_t feedback_reference(TransportFeedback* feedback) noexcept nogil:
    """The first arrival in steps of 64 ms; -1 when nothing came since the last feedback."""
    cdef int64_t number = feedback.base
    while number <= feedback.highest:
        if feedback_arrival(feedback, number):
            return feedback_arrival(feedback, number) // FEEDBACK_REFERENCE_NS
        number += 1
    return -1


cdef int feedback_delta(uint8_t* out, int64_t delta) noexcept nogil:
    """Bytes of one delta: 1 when it is small and not negative, else 2; 0 when it fits neither. Section 3.1.5."""
    if 0 <= delta <= 255:
        out[0] = <uint8_t>delta
        return 1
    if not -32768 <= delta <= 32767:
        return 0
    write16(out, <uint16_t>(delta & 0xFFFF))
    return 2


cdef int feedback_finish(
        uint8_t* out, int at, TransportFeedback* feedback, int count, int64_t reference, uint32_t sender,
        uint32_t media) noexcept nogil:
    """Padding and everything before the chunks; the packet's length."""
    while at & 3:
        out[at] = 0
        at += 1
    rtcp_header(out, 15, RTCP_RTPFB, at)
    write32(out + 4, sender)
    write32(out + 8, media)
    write16(out + 12, <uint16_t>(feedback.base & 0xFFFF))
    write16(out + 14, <uint16_t>count)
    write24(out + 16, <uint32_t>(reference & 0xFFFFFF))
    out[19] = feedback.count
    return at


cdef int rtcp_transport_feedback(
        uint8_t* out, TransportFeedback* feedback, uint32_t sender, uint32_t media) noexcept nogil:
    """One feedback packet from `base` on, and moves `base`; 0 when nothing came.

    Section 3.1: two-bit status vectors, deltas of 250 us.
    """
    cdef uint8_t[2 * FEEDBACK_STATUSES] deltas
    cdef int64_t number = feedback.base, arrival_ns, ticks = 0
    cdef int64_t reference = feedback_reference(feedback) if feedback.base >= 0 else -1
    cdef int at = 20, delta_length = 0, count = 0, size
    cdef uint16_t chunk = 0
    if reference < 0:
        return 0
    ticks = reference * (FEEDBACK_REFERENCE_NS // FEEDBACK_TICK_NS)
    while number <= feedback.highest and count < FEEDBACK_STATUSES:
        arrival_ns = feedback_arrival(feedback, number)
        size = 0
        if arrival_ns:
            size = feedback_delta(deltas + delta_length, arrival_ns // FEEDBACK_TICK_NS - ticks)
            if size == 0:
                break
            ticks = arrival_ns // FEEDBACK_TICK_NS
            delta_length += size
        chunk |= <uint16_t>(size << (12 - 2 * (count % 7)))
        count += 1
        number += 1
        if count % 7 == 0:
            write16(out + at, 0xC000 | chunk)
            at += 2
            chunk = 0
    if count % 7:
        write16(out + at, 0xC000 | chunk)
        at += 2
    memcpy(out + at, deltas, delta_length)
    at = feedback_finish(out, at + delta_length, feedback, count, reference, sender, media)
    feedback.count += 1
    feedback.base = number
    return at
