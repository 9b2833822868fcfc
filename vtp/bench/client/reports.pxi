# RTCP that a client reads: sender and receiver reports, NACK, key frame requests, REMB, BYE.

cdef Incoming* incoming_of(Client* client, uint32_t ssrc) noexcept nogil:
    cdef int i
    for i in range(client.incoming_count):
        if client.incoming[i].report.ssrc == ssrc or (client.incoming[i].rtx_ssrc == ssrc and ssrc):
            return client.incoming[i]
    return NULL


cdef int outgoing_of(Client* client, uint32_t ssrc) noexcept nogil:
    """Index of the outgoing stream, or -1."""
    cdef int i
    for i in range(client.outgoing_count):
        if client.outgoing[i].ssrc == ssrc:
            return i
    return -1


cdef Reception* reception_of(Client* client, uint32_t ssrc) noexcept nogil:
    """What is reported of the stream with this SSRC, watched or probed; NULL when there is none."""
    cdef int i
    cdef int32_t found
    if client.probe != NULL:
        found = ssrc_find(&client.probe.ssrcs, ssrc)
        return &client.probe.streams[found - 1].report if found > 0 else NULL
    for i in range(client.incoming_count):
        if client.incoming[i].report.ssrc == ssrc:
            return &client.incoming[i].report
    return NULL


cdef void take_sender_report(Core* core, Client* client, const uint8_t* p, int length) noexcept nogil:
    cdef Reception* report = reception_of(client, read32(p + 4))
    if length >= 28 and report != NULL:
        report_take_sender(report, p, core.now_ns)


cdef void take_report_blocks(Core* core, Client* client, const uint8_t* p, int length, int at, int count) noexcept nogil:
    """What the peer says of our streams, RFC 3550 section 6.4.1; the round trip as there."""
    cdef Outgoing* stream
    cdef uint32_t last, delay, now_middle, round_trip
    cdef int index
    while count > 0 and at + 24 <= length:
        index = outgoing_of(client, read32(p + at))
        if index >= 0:
            stream = client.outgoing[index]
            stream.fraction_lost = p[at + 4]
            stream.lost = <int32_t>(read24(p + at + 5) << 8) >> 8
            last = read32(p + at + 16)
            delay = read32(p + at + 20)
            now_middle = <uint32_t>((ntp_from_ns(core.wall_ns) >> 16))
            round_trip = now_middle - last - delay
            if last and round_trip < 65536 * 30:
                stream.rtt_ns = round_trip * 1e9 / 65536.0
        at += 24
        count -= 1


cdef void take_nack(Core* core, Client* client, const uint8_t* p, int length) noexcept nogil:
    """RFC 4585 section 6.2.1."""
    cdef int index, at = 12, bit
    cdef uint16_t first, mask
    if length < 12 or client.selected < 0 or not client.has_keys:
        return
    index = outgoing_of(client, read32(p + 8))
    if index < 0:
        return
    while at + 4 <= length:
        first = read16(p + at)
        mask = read16(p + at + 2)
        resend(core, client, client.outgoing[index], first)
        for bit in range(16):
            if (mask >> bit) & 1:
                resend(core, client, client.outgoing[index], <uint16_t>(first + bit + 1))
        at += 4


cdef inline void count_status(Client* client, int symbol, int* left) noexcept nogil:
    if left[0] > 0:
        client.feedback_arrived += symbol != 0
        client.feedback_missing += symbol == 0
        left[0] -= 1


cdef void take_transport_feedback(Client* client, const uint8_t* p, int length) noexcept nogil:
    """How many of our packets came: run lengths, one-bit and two-bit vectors (transport-wide-cc-extensions-01, 3.1)."""
    cdef int at = 20, left, i
    cdef uint16_t chunk
    if length < 20:
        return
    left = read16(p + 14)
    while left > 0 and at + 2 <= length:
        chunk = read16(p + at)
        at += 2
        if not chunk & 0x8000:
            for i in range(min(chunk & 0x1FFF, left)):
                count_status(client, (chunk >> 13) & 3, &left)
        elif chunk & 0x4000:
            for i in range(7):
                count_status(client, (chunk >> (12 - 2 * i)) & 3, &left)
        else:
            for i in range(14):
                count_status(client, (chunk >> (13 - i)) & 1, &left)


cdef void take_key_request(Core* core, Client* client, int index) noexcept nogil:
    if index >= 0:
        client.outgoing[index].key_requests += 1
        if client.outgoing[index].load != NULL:
            client.outgoing[index].load.wants_key = True
            return
        emit(core, ON_KEY_FRAME_WANTED, client.id, index, NULL, 0)


cdef void take_full_intra_request(Core* core, Client* client, const uint8_t* p, int length) noexcept nogil:
    """RFC 5104 section 4.3.1; a repeated number is the same request."""
    cdef int at = 12, index
    while at + 8 <= length:
        index = outgoing_of(client, read32(p + at))
        if index >= 0 and not (client.outgoing[index].fir_seen and client.outgoing[index].fir_sequence == p[at + 4]):
            client.outgoing[index].fir_seen = True
            client.outgoing[index].fir_sequence = p[at + 4]
            take_key_request(core, client, index)
        at += 8


cdef void take_payload_feedback(Core* core, Client* client, const uint8_t* p, int length, int form) noexcept nogil:
    if length < 12:
        return
    if form == 1:
        take_key_request(core, client, outgoing_of(client, read32(p + 8)))
    elif form == 4:
        take_full_intra_request(core, client, p, length)
    elif form == 15 and length >= 20 and memcmp(p + 12, b"REMB", 4) == 0:
        client.remb_bps = <double>(((p[17] & 3) << 16) | read16(p + 18)) * <double>(1ULL << (p[17] >> 2))


cdef void take_rtcp(Core* core, Client* client, const uint8_t* p, int length) noexcept nogil:
    """One RTCP packet of a compound."""
    cdef int count = p[0] & 31
    if p[1] == RTCP_SR:
        take_sender_report(core, client, p, length)
        take_report_blocks(core, client, p, length, 28, count)
    elif p[1] == RTCP_RR:
        take_report_blocks(core, client, p, length, 8, count)
    elif p[1] == RTCP_RTPFB and count == 1:
        take_nack(core, client, p, length)
    elif p[1] == RTCP_RTPFB and count == 15:
        client.feedback_received += 1
        take_transport_feedback(client, p, length)
    elif p[1] == RTCP_PSFB:
        take_payload_feedback(core, client, p, length, count)
    elif p[1] == RTCP_BYE and length >= 8 and count:
        emit(core, ON_BYE, client.id, read32(p + 4), NULL, 0)


cdef void receive_rtcp(Core* core, Client* client, uint8_t* data, int length) noexcept nogil:
    """A protected compound, RFC 3550 section 6.1; reduced-size packets too (RFC 5506)."""
    cdef int at = 0, size
    length = srtcp_unprotect(&client.receive, data, length)
    if length < 0:
        client.unprotect_failed += 1
        return
    while at + 4 <= length:
        size = 4 * (read16(data + at + 2) + 1)
        if data[at] >> 6 != 2 or at + size > length:
            client.malformed += 1
            return
        if size >= 8:
            take_rtcp(core, client, data + at, size)
        at += size
