# RTCP that a client writes: receiver and sender reports, NACK, PLI and transport-wide feedback.
#
# NACK, PLI and transport-wide feedback go as packets of their own (RFC 5506), reports as compounds with an SDES CNAME.

cdef enum:
    RTCP_SR = 200
    RTCP_RR = 201
    RTCP_SDES = 202
    RTCP_BYE = 203
    RTCP_RTPFB = 205             # format 1: NACK, 15: transport-wide feedback
    RTCP_PSFB = 206              # format 1: PLI, 4: FIR, 15: REMB
    RTCP_BYTES = 1200

cdef int64_t REPORT_INTERVAL_NS = 1_000_000_000
cdef int64_t FEEDBACK_INTERVAL_NS = 100_000_000


cdef inline int rtcp_header(uint8_t* out, int count, int kind, int length) noexcept nogil:
    """Four bytes; `length` is of the whole packet, a multiple of 4. RFC 3550 section 6.4."""
    out[0] = 0x80 | <uint8_t>count
    out[1] = <uint8_t>kind
    write16(out + 2, <uint16_t>(length // 4 - 1))
    return length


cdef int rtcp_sdes(uint8_t* out, uint32_t ssrc, const char* cname, int cname_length) noexcept nogil:
    """One chunk with a CNAME, RFC 3550 section 6.5."""
    cdef int length = (4 + 4 + 2 + cname_length + 1 + 3) & ~3
    memset(out, 0, length)
    rtcp_header(out, 1, RTCP_SDES, length)
    write32(out + 4, ssrc)
    out[8] = 1
    out[9] = <uint8_t>cname_length
    memcpy(out + 10, cname, cname_length)
    return length


cdef int report_block(uint8_t* out, Incoming* stream, int64_t now_ns) noexcept nogil:
    """24 bytes about one incoming stream, RFC 3550 section 6.4.1 and appendix A.3."""
    cdef uint64_t expected = <uint64_t>(stream.highest - stream.base + 1)
    cdef int64_t lost = <int64_t>expected - <int64_t>stream.direct
    cdef int64_t expected_now = <int64_t>(expected - stream.expected_before)
    cdef int64_t lost_now = expected_now - <int64_t>(stream.direct - stream.direct_before)
    stream.expected_before = expected
    stream.direct_before = stream.direct
    if lost > 0x7FFFFF:
        lost = 0x7FFFFF
    elif lost < -0x800000:
        lost = -0x800000
    write32(out, stream.ssrc)
    out[4] = <uint8_t>(lost_now * 256 // expected_now) if expected_now > 0 and 0 < lost_now < expected_now else (
        255 if 0 < expected_now <= lost_now else 0)
    write24(out + 5, <uint32_t>(lost & 0xFFFFFF))
    write32(out + 8, <uint32_t>((stream.highest - 65536)))
    write32(out + 12, <uint32_t>stream.jitter)
    if stream.sender_report_ns:
        write32(out + 16, <uint32_t>((stream.sender_ntp >> 16)))
        write32(out + 20, <uint32_t>((now_ns - stream.sender_report_ns) * 65536 // 1_000_000_000))
    else:
        write64(out + 16, 0)
    return 24


cdef int rtcp_receiver_report(uint8_t* out, Client* client, int64_t now_ns) noexcept nogil:
    """One receiver report over all streams that have started, with the CNAME; 0 when there is nothing to report."""
    cdef int i, at = 8, count = 0
    for i in range(client.incoming_count):
        if client.incoming[i].started:
            at += report_block(out + at, client.incoming[i], now_ns)
            count += 1
    if count == 0:
        return 0
    rtcp_header(out, count, RTCP_RR, at)
    write32(out + 4, client.reporter_ssrc)
    return at + rtcp_sdes(out + at, client.reporter_ssrc, client.cname, client.cname_length)


cdef int rtcp_sender_report(uint8_t* out, Outgoing* stream, int64_t now_ns, int64_t wall_ns) noexcept nogil:
    """NTP time of now and the RTP timestamp that belongs to it, RFC 3550 section 6.4.1, with the CNAME."""
    cdef int64_t since_ns = now_ns - stream.timestamp_ns
    cdef int64_t ticks = since_ns * <int64_t>stream.clock_rate // 1_000_000_000
    rtcp_header(out, 0, RTCP_SR, 28)
    write32(out + 4, stream.ssrc)
    write64(out + 8, ntp_from_ns(wall_ns))
    write32(out + 16, stream.last_timestamp + <uint32_t>(ticks))
    write32(out + 20, <uint32_t>(stream.packets))
    write32(out + 24, <uint32_t>(stream.payload_bytes))
    return 28 + rtcp_sdes(out + 28, stream.ssrc, stream.cname, stream.cname_length)


cdef int rtcp_pli(uint8_t* out, uint32_t sender, uint32_t media) noexcept nogil:
    """Picture loss indication, RFC 4585 section 6.3.1."""
    rtcp_header(out, 1, RTCP_PSFB, 12)
    write32(out + 4, sender)
    write32(out + 8, media)
    return 12


cdef int rtcp_nack(uint8_t* out, uint32_t sender, uint32_t media, const uint16_t* numbers, int count) noexcept nogil:
    """Generic NACK, RFC 4585 section 6.2.1; `numbers` ascend."""
    cdef int at = 12, i = 0
    cdef uint16_t first, mask, distance
    while i < count and at + 4 <= RTCP_BYTES:
        first = numbers[i]
        mask = 0
        i += 1
        while i < count:
            distance = <uint16_t>(numbers[i] - first)
            if distance == 0 or distance > 16:
                break
            mask |= <uint16_t>(1 << (distance - 1))
            i += 1
        write16(out + at, first)
        write16(out + at + 2, mask)
        at += 4
    rtcp_header(out, 1, RTCP_RTPFB, at)
    write32(out + 4, sender)
    write32(out + 8, media)
    return at


cdef void feedback_note(TransportFeedback* feedback, uint16_t sequence, int64_t now_ns) noexcept nogil:
    """Remembers when a transport-wide number arrived."""
    cdef int64_t number
    if feedback.base < 0:
        feedback.base = 65536 + sequence
        feedback.highest = feedback.base
    number = feedback.highest + <int16_t>(sequence - <uint16_t>(feedback.highest & 0xFFFF))
    if number > feedback.highest:
        feedback.highest = number
    elif number < feedback.base:
        return
    feedback.number[number & (FEEDBACK_SLOTS - 1)] = number
    feedback.arrival_ns[number & (FEEDBACK_SLOTS - 1)] = now_ns


cdef inline int64_t feedback_arrival(TransportFeedback* feedback, int64_t number) noexcept nogil:
    """When it arrived, or 0."""
    cdef int64_t at = number & (FEEDBACK_SLOTS - 1)
    return feedback.arrival_ns[at] if feedback.number[at] == number else 0


cdef int rtcp_transport_feedback(
        uint8_t* out, TransportFeedback* feedback, uint32_t sender, uint32_t media) noexcept nogil:
    """One feedback packet from `base` on, and moves `base`; 0 when nothing came.

    draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1: two-bit status vectors, deltas of 250 us.
    """
    cdef int64_t number, arrival_ns, reference, last_units, units, delta
    cdef int64_t end = feedback.highest + 1
    cdef uint8_t[1024] deltas
    cdef int delta_length = 0, at = 20, count = 0, in_chunk = 0
    cdef uint16_t chunk = 0
    cdef int symbol
    if feedback.base < 0 or feedback.base >= end:
        return 0
    if end - feedback.base > FEEDBACK_SLOTS:
        feedback.base = end - FEEDBACK_SLOTS
    while feedback.base < end and feedback_arrival(feedback, feedback.base) == 0:
        feedback.base += 1
    reference = feedback_arrival(feedback, feedback.base) // 64_000_000
    last_units = reference * 256
    number = feedback.base
    while number < end and count < 400:
        arrival_ns = feedback_arrival(feedback, number)
        symbol = 0
        if arrival_ns:
            units = arrival_ns // 250_000
            delta = units - last_units
            if delta < -32768 or delta > 32767:
                break
            symbol = 1 if 0 <= delta <= 255 else 2
            if symbol == 1:
                deltas[delta_length] = <uint8_t>delta
                delta_length += 1
            else:
                write16(&deltas[delta_length], <uint16_t>(delta & 0xFFFF))
                delta_length += 2
            last_units = units
        chunk |= <uint16_t>(symbol << (12 - 2 * in_chunk))
        in_chunk += 1
        count += 1
        number += 1
        if in_chunk == 7:
            write16(out + at, 0xC000 | chunk)
            at += 2
            chunk = 0
            in_chunk = 0
    if in_chunk:
        write16(out + at, 0xC000 | chunk)
        at += 2
    memcpy(out + at, deltas, delta_length)
    at += delta_length
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
    feedback.count += 1
    feedback.base = number
    return at
