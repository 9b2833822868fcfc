# RTCP that a client writes: sender reports, NACK and PLI; what it says of streams it receives is in reception.pxi.
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
