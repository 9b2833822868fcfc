# What a viewer was sent under each transport-wide number, and when: what its feedback is held against. Four bytes each.
#
# The low bits of time are enough: feedback comes within seconds, a number is overwritten long before they come round.
# See docs/decisions/0047-bandwidth-of-a-viewer.md.

cdef enum:
    SENT_FIRST_BITS = 8          # 256 numbers: 0.85 s of a lecture; doubled when feedback comes too late for that
    SENT_LAST_BITS = 12          # 4,096: 0.7 s of 60 Mbit/s
    SENT_SIZE_BITS = 11          # bytes of one packet; 0: not sent, or told to have arrived
    SENT_TIME_SHIFT = 15         # in 32.8 µs; the 21 bits kept come round after 68.7 s

cdef uint32_t SENT_SIZE_MASK = (1 << SENT_SIZE_BITS) - 1
cdef uint32_t SENT_TIME_MASK = (1 << (32 - SENT_SIZE_BITS)) - 1


cdef void open_sent(Transport* transport) noexcept nogil:
    """With the first numbered packet; without memory nothing is estimated."""
    if not open_outbound(transport):
        return
    transport.sent = <uint32_t*>calloc(1 << SENT_FIRST_BITS, sizeof(uint32_t))
    transport.sent_bits = SENT_FIRST_BITS
    transport.noted = <uint16_t>(transport.feedback_sequence - 1)


cdef inline void note_sent(Core* core, Transport* transport, int length) noexcept nogil:
    """Books the packet just written under its number. Its time is that of the last flush, 64 KB before its own at most."""
    cdef uint16_t number = transport.feedback_sequence
    cdef int64_t at = max(core.now_ns, core.flushed_ns)
    if transport.sent == NULL:
        open_sent(transport)
        if transport.sent == NULL:
            return
    if number != <uint16_t>(transport.noted + 1):
        forget_unsent(transport, number)
    transport.noted = number
    transport.sent[number & ((1 << transport.sent_bits) - 1)] = \
        (<uint32_t>(at >> SENT_TIME_SHIFT) << SENT_SIZE_BITS) | <uint32_t>min(length, <int>SENT_SIZE_MASK)


cdef void forget_unsent(Transport* transport, uint16_t number) noexcept nogil:
    """Numbers that were given and never left: what stands in their places is older."""
    cdef int mask = (1 << transport.sent_bits) - 1
    cdef uint16_t one = <uint16_t>(transport.noted + 1)
    cdef int left = min(<int><uint16_t>(number - one), mask + 1)
    while left > 0:
        left -= 1
        transport.sent[<uint16_t>(one + left) & mask] = 0


cdef inline int take_sent(Transport* transport, uint16_t number, int64_t now, int64_t* sent_ns) noexcept nogil:
    """Bytes and time of what was sent under this number; 0: not known, or told before."""
    cdef uint32_t entry
    cdef int size
    if <uint16_t>(transport.noted - number) >> transport.sent_bits:
        return 0
    entry = transport.sent[number & ((1 << transport.sent_bits) - 1)]
    size = <int>(entry & SENT_SIZE_MASK)
    sent_ns[0] = sent_at(entry, now)
    return size


cdef inline int64_t sent_at(uint32_t entry, int64_t now) noexcept nogil:
    cdef int64_t unit = (now >> SENT_TIME_SHIFT) + 1         # the flush may have been after the turn's `now`
    return (unit - <int64_t>((<uint32_t>unit - (entry >> SENT_SIZE_BITS)) & SENT_TIME_MASK)) << SENT_TIME_SHIFT


cdef inline void strike_sent(Transport* transport, uint16_t number) noexcept nogil:
    """It has been told of: a second time counts for nothing."""
    transport.sent[number & ((1 << transport.sent_bits) - 1)] &= ~SENT_SIZE_MASK


cdef void grow_sent(Transport* transport) noexcept nogil:
    """Doubles the history, because feedback came for numbers that it no longer had."""
    cdef int old = 1 << transport.sent_bits, i
    cdef uint32_t* grown
    if transport.sent_bits >= SENT_LAST_BITS:
        return
    grown = <uint32_t*>calloc(2 * old, sizeof(uint32_t))
    if grown == NULL:
        return
    for i in range(old):
        grown[<uint16_t>(transport.noted - i) & (2 * old - 1)] = transport.sent[<uint16_t>(transport.noted - i) & (old - 1)]
    free(transport.sent)
    transport.sent = grown
    transport.sent_bits += 1
