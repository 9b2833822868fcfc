# RTCP both ways: reports, feedback requests and what viewers say (RFC 3550 section 6, RFC 4585, RFC 5104).

cdef enum:
    RTCP_SR = 200
    RTCP_RR = 201
    RTCP_SDES = 202
    RTCP_BYE = 203
    RTCP_RTPFB = 205
    RTCP_PSFB = 206
    FEEDBACK_SSRC = 1            # whom our feedback comes from; we send no media under it
    RTCP_ROOM = 1200             # bytes of one compound packet

cdef int64_t REPORT_NS = SECOND
cdef uint64_t NTP_UNIX = 2208988800           # seconds from 1900 to 1970


cdef uint64_t ntp_of(int64_t wall_ns) noexcept nogil:
    """64-bit NTP time, 32.32 fixed point, of nanoseconds since 1970."""
    cdef uint64_t seconds = <uint64_t>(wall_ns // SECOND)
    cdef uint64_t rest = <uint64_t>(wall_ns % SECOND)
    return ((seconds + NTP_UNIX) << 32) | ((rest << 32) // <uint64_t>SECOND)


cdef void receive_srtcp(Core* core, int socket, const sockaddr_in6* address, uint8_t* data, int size,
                        int64_t now) noexcept nogil:
    """One SRTCP datagram. Only what its sender could encrypt is paid for, so nobody else can use its budget up."""
    cdef TupleRef* ref = keyed_tuple(core, socket, address)
    cdef Transport* transport
    cdef int length
    if ref == NULL:
        return
    transport = ref.transport
    core.counters.rtcp_received += 1
    if not affords(transport.rtcp_paid_until_ns, rtcp_cost_ns(size), RTCP_BURST_NS, now):
        core.counters.rtcp_refused += 1
        return
    length = srtcp_unprotect(&transport.receive, data, size)
    if length < 0:
        core.counters.rtcp_unprotect_failed += 1
        return
    pay(&transport.rtcp_paid_until_ns, rtcp_cost_ns(size), now)
    authenticated(core, ref, size, now)
    receive_compound(core, transport, data, length, now)


cdef void receive_compound(Core* core, Transport* transport, const uint8_t* data, int size, int64_t now) noexcept nogil:
    """Plain RTCP, one packet or several (RFC 3550 section 6.1); what comes before a malformed one counts."""
    cdef int at = 0, end
    cdef uint64_t feedback = transport.feedback_received
    while at + 4 <= size:
        end = at + 4 + 4 * read16(data + at + 2)
        if end > size or (data[at] >> 6) != 2:
            core.counters.rtcp_malformed += 1
            break
        receive_report(core, transport, data + at, end - at, now)
        at = end
    if transport.feedback_received != feedback:
        note_report(transport)


cdef void note_report(Transport* transport) noexcept nogil:
    """Transport-wide feedback shows that packets are received, and comes sooner than a receiver report."""
    cdef Consumer* consumer = transport.consumers
    while consumer != NULL:
        if consumer.sent_any:
            consumer.report_seen = 1
        consumer = consumer.next


cdef void receive_report(Core* core, Transport* transport, const uint8_t* data, int size, int64_t now) noexcept nogil:
    """One packet of a compound; `size` is a multiple of 4 and at least 4."""
    cdef int kind = data[1], count = data[0] & 0x1F
    if kind == RTCP_SR and size >= 28:
        receive_sender_report(core, transport, data, now)
        receive_report_blocks(core, transport, data + 28, min(count, (size - 28) // 24), now)
    elif kind == RTCP_RR and size >= 8:
        receive_report_blocks(core, transport, data + 8, min(count, (size - 8) // 24), now)
    elif kind == RTCP_RTPFB and size >= 12:
        receive_transport_feedback(core, transport, data, size, count, now)
    elif kind == RTCP_PSFB and size >= 12:
        receive_payload_feedback(core, transport, data, size, count, now)
    elif kind == RTCP_BYE:
        receive_bye(core, transport, data, size, count)


cdef Stream* stream_of_ssrc(Transport* transport, uint32_t ssrc) noexcept nogil:
    cdef int i
    for i in range(transport.ssrc_count):
        if transport.ssrcs[i].ssrc == ssrc and not transport.ssrcs[i].is_rtx:
            return transport.ssrcs[i].stream
    return NULL


cdef Consumer* consumer_of_ssrc(Transport* transport, uint32_t ssrc) noexcept nogil:
    cdef Consumer* consumer = transport.consumers
    while consumer != NULL:
        if consumer.ssrc == ssrc:
            return consumer
        consumer = consumer.next
    return NULL


cdef void receive_sender_report(Core* core, Transport* transport, const uint8_t* data, int64_t now) noexcept nogil:
    cdef Stream* stream = stream_of_ssrc(transport, read32(data + 4))
    if stream == NULL:
        return
    stream.sr_ntp = read64(data + 8)
    stream.sr_rtp = read32(data + 16)
    stream.sr_arrival_ns = now
    pipe_sender_report(core, stream)
    tap_sender_report(core, stream, now)


cdef void receive_report_blocks(Core* core, Transport* transport, const uint8_t* data, int count,
                                int64_t now) noexcept nogil:
    """What a viewer received of us: loss, jitter, and the round trip by LSR and DLSR (RFC 3550 section 6.4.1)."""
    cdef int i
    cdef Consumer* consumer
    cdef uint32_t last
    cdef double rtt
    for i in range(count):
        consumer = consumer_of_ssrc(transport, read32(data))
        if consumer != NULL:
            consumer.fraction_lost = data[4]
            consumer.lost_ns = now
            consumer.lost = <int32_t>(read24(data + 5) << 8) >> 8
            consumer.jitter = read32(data + 12)
            if consumer.sent_any:
                consumer.report_seen = 1
            last = read32(data + 16)
            if last and last == consumer.report_ntp:     # the NTP clock is the publisher's, so match our sending time
                rtt = <double>(now - consumer.report_ns) - <double>read32(data + 20) / 65536.0 * 1e9
                if 0 < rtt < 1e10:
                    consumer.rtt_ns = rtt if consumer.rtt_ns <= 0 else consumer.rtt_ns + (rtt - consumer.rtt_ns) / 4
        data += 24


cdef void receive_transport_feedback(Core* core, Transport* transport, const uint8_t* data, int size, int count,
                                     int64_t now) noexcept nogil:
    """Generic NACK (RFC 4585 section 6.2.1) and transport-wide feedback."""
    cdef Consumer* consumer
    cdef int at = 12, bit
    cdef uint16_t sequence, mask
    if count == 15:
        transport.feedback_received += 1
        if transport.sent != NULL and not read_feedback(core, transport, data, size, now):
            core.counters.feedback_malformed += 1
        return
    if count != 1:
        return
    consumer = consumer_of_ssrc(transport, read32(data + 8))
    if consumer == NULL:
        return
    while at + 4 <= size:
        sequence = read16(data + at)
        mask = read16(data + at + 2)
        answer_nack(core, consumer, sequence, now)
        for bit in range(16):
            if (mask >> bit) & 1:
                answer_nack(core, consumer, <uint16_t>(sequence + bit + 1), now)
        at += 4


cdef void receive_payload_feedback(Core* core, Transport* transport, const uint8_t* data, int size, int count,
                                   int64_t now) noexcept nogil:
    """PLI (RFC 4585 section 6.3.1), FIR (RFC 5104 section 4.3.1), REMB."""
    cdef int at = 12
    if count == 1:
        viewer_wants_key_frame(core, consumer_of_ssrc(transport, read32(data + 8)), now)
    elif count == 4:
        while at + 8 <= size:
            viewer_wants_key_frame(core, consumer_of_ssrc(transport, read32(data + at)), now)
            at += 8
    elif count == 15 and size >= 20 and memcmp(data + 12, b"REMB", 4) == 0:
        take_remb(core, transport, <double>(read24(data + 17) & 0x3FFFF) * <double>(<uint64_t>1 << (data[17] >> 2)), now)


cdef void viewer_wants_key_frame(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    if consumer == NULL:
        return
    consumer.key_frame_requests += 1
    core.counters.key_frame_requests_received += 1
    if consumer.source != NULL and not consumer.paused:
        want_key_frame_of(core, wanted_stream(consumer), now)


cdef void receive_bye(Core* core, Transport* transport, const uint8_t* data, int size, int count) noexcept nogil:
    cdef int i
    cdef Stream* stream
    for i in range(count):
        if 8 + 4 * i > size:
            return
        stream = stream_of_ssrc(transport, read32(data + 4 + 4 * i))
        if stream != NULL and not stream.producer.bye_told:
            stream.producer.bye_told = emit(core, ON_BYE, stream.producer.id, NULL, 0) == 0


cdef void send_rtcp(Core* core, Transport* transport, uint8_t* packet, int length) noexcept nogil:
    """Protects and queues one RTCP packet that already lies in the reserved slot."""
    length = srtcp_protect(&transport.send, packet, length)
    if length < 0:
        core.counters.protect_failed += 1
        return
    batch_commit(core, &transport.tuples[report_tuple(transport)], length, 0)


cdef inline uint8_t* reserve_rtcp(Core* core, Transport* transport) noexcept nogil:
    if report_tuple(transport) < 0 or not transport.has_keys:
        return NULL
    return batch_reserve(core)


cdef inline void rtcp_head(uint8_t* out, int count, int kind, int length) noexcept nogil:
    out[0] = <uint8_t>(0x80 | count)
    out[1] = <uint8_t>kind
    write16(out + 2, <uint16_t>(length // 4 - 1))


cdef void send_nack(Core* core, Stream* stream, const uint16_t* sequences, int count) noexcept nogil:
    """One reduced-size generic NACK over ascending sequence numbers."""
    cdef uint8_t* out = reserve_rtcp(core, stream.producer.transport)
    cdef int at = 12, i = 0
    cdef uint16_t first, mask
    if out == NULL:
        return
    while i < count and at + 4 <= RTCP_ROOM:
        first = sequences[i]
        mask = 0
        i += 1
        while i < count and 0 < <uint16_t>(sequences[i] - first) <= 16:
            mask |= <uint16_t>(1 << (<uint16_t>(sequences[i] - first) - 1))
            i += 1
        write16(out + at, first)
        write16(out + at + 2, mask)
        at += 4
    rtcp_head(out, 1, RTCP_RTPFB, at)
    write32(out + 4, FEEDBACK_SSRC)
    write32(out + 8, stream.ssrc)
    send_rtcp(core, stream.producer.transport, out, at)


cdef void send_key_frame_requests(Core* core, Producer* producer) noexcept nogil:
    """A PLI of its own for each encoding that sends (FFmpeg reads no compound feedback)."""
    cdef int i
    cdef uint8_t* out
    for i in range(producer.stream_count):
        if not producer.streams[i].started or (not (producer.key_mask >> i) & 1 and producer.key_mask & producer.alive):
            continue
        out = reserve_rtcp(core, producer.transport)
        if out == NULL:
            return
        rtcp_head(out, 1, RTCP_PSFB, 12)
        write32(out + 4, FEEDBACK_SSRC)
        write32(out + 8, producer.streams[i].ssrc)
        send_rtcp(core, producer.transport, out, 12)


cdef void send_receiver_reports(Core* core, Transport* transport, int64_t now) noexcept nogil:
    """RR with one block per stream of this publisher, then SDES (RFC 3550 section 6.1)."""
    cdef uint8_t* out
    cdef Producer* producer = transport.producers
    cdef int at = 8, blocks = 0, i
    out = reserve_rtcp(core, transport)
    if out == NULL:
        return
    while producer != NULL:
        for i in range(producer.stream_count):
            if producer.streams[i].started and blocks < 31:
                write_report_block(out + at, &producer.streams[i], now)
                at += 24
                blocks += 1
        producer = producer.next
    if blocks == 0:
        return
    rtcp_head(out, blocks, RTCP_RR, at)
    write32(out + 4, FEEDBACK_SSRC)
    at += write_cname(out + at, FEEDBACK_SSRC, b"vtp", 3)
    send_rtcp(core, transport, out, at)


cdef void write_report_block(uint8_t* out, Stream* stream, int64_t now) noexcept nogil:
    cdef uint64_t expected = <uint64_t>(stream.highest - stream.base + 1)
    cdef int64_t expected_now = <int64_t>(expected - stream.expected_before)
    cdef uint64_t received = stream.packets - stream.recovered       # what came by RTX was lost on the way
    cdef int64_t lost_now = expected_now - <int64_t>(received - stream.received_before)
    stream.lost = <int64_t>(expected - received)
    stream.expected_before = expected
    stream.received_before = received
    stream.fraction_lost = <uint8_t>((lost_now << 8) // expected_now) if expected_now > 0 and lost_now > 0 else 0
    write32(out, stream.ssrc)
    write32(out + 4, (<uint32_t>fraction_told(stream, now) << 24) |
            <uint32_t>(max(-0x800000, min(stream.lost, 0x7FFFFF)) & 0xFFFFFF))
    write32(out + 8, <uint32_t>(stream.highest - 65536))
    write32(out + 12, <uint32_t>stream.jitter)
    write32(out + 16, <uint32_t>(stream.sr_ntp >> 16))
    write32(out + 20, <uint32_t>((now - stream.sr_arrival_ns) // 1000 * 65536 // 1000000) if stream.sr_arrival_ns else 0)


cdef int write_cname(uint8_t* out, uint32_t ssrc, const char* cname, int length) noexcept nogil:
    """SDES with one chunk and one CNAME item (RFC 3550 section 6.5); its length."""
    cdef int size = 10 + length + 1
    size = (size + 3) & ~3
    memset(out, 0, size)
    rtcp_head(out, 1, RTCP_SDES, size)
    write32(out + 4, ssrc)
    out[8] = 1
    out[9] = <uint8_t>length
    memcpy(out + 10, cname, length)
    return size


cdef void send_sender_report(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    """Carries the publisher's last report forward: its NTP clock, its timestamps moved as this viewer's were.

    Without any from the publisher: none for 2 s, then by arrival time (media.md).
    """
    cdef Stream* stream = consumer.stream
    cdef uint8_t* out
    cdef uint64_t ntp
    cdef uint32_t timestamp
    cdef Slot* last
    cdef int at
    if stream == NULL or not consumer.sent_any:
        return
    if stream.sr_arrival_ns:
        ntp = stream.sr_ntp + ntp_span(now - stream.sr_arrival_ns)
        timestamp = stream.sr_rtp + <uint32_t>((now - stream.sr_arrival_ns) // 1000 * stream.clock_rate // 1000000)
    elif now - stream.first_arrival_ns > 2 * SECOND:
        last = &stream.ring[stream.newest % stream.ring_size]
        ntp = ntp_of(now + core.wall_offset_ns)
        timestamp = last.packet.timestamp + <uint32_t>((now - last.arrival_ns) // 1000 * stream.clock_rate // 1000000)
    else:
        return
    out = reserve_rtcp(core, consumer.transport)
    if out == NULL:
        return
    rtcp_head(out, 0, RTCP_SR, 28)
    write32(out + 4, consumer.ssrc)
    write64(out + 8, ntp)
    write32(out + 16, timestamp + consumer.leg.timestamp_offset)
    write32(out + 20, <uint32_t>consumer.packets)
    write32(out + 24, <uint32_t>consumer.bytes)
    consumer.report_ntp = <uint32_t>(ntp >> 16)
    consumer.report_ns = now
    at = 28 + write_cname(out + 28, consumer.ssrc, consumer.cname, consumer.cname_length)
    send_rtcp(core, consumer.transport, out, at)


cdef inline uint64_t ntp_span(int64_t span_ns) noexcept nogil:
    """A span of time as 32.32 fixed point seconds."""
    return ((<uint64_t>(span_ns // SECOND)) << 32) | ((<uint64_t>(span_ns % SECOND) << 32) // <uint64_t>SECOND)
