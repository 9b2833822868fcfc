# Bandwidth feedback towards publishers: transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01
# section 3.1), and REMB (draft-alvestrand-rmcat-remb-03) for those who do not know it.

cdef int64_t FEEDBACK_INTERVAL_NS = 50 * MILLISECOND
cdef int64_t REMB_INTERVAL_NS = SECOND
cdef int64_t FEEDBACK_TICK_NS = 250000           # deltas count in 250 µs
cdef int64_t FEEDBACK_REFERENCE_NS = 64000000    # reference time counts in 64 ms

cdef enum:
    FEEDBACK_PACKETS = 400       # reported per RTCP packet
    FEEDBACK_REVISED = 200       # how late a packet may be, in packets, to be reported after all
    RECEIVED_SMALL = 1
    RECEIVED_LARGE = 2


cdef void book_feedback(Transport* transport, const uint8_t* data, RtpPacket* packet, int64_t now) noexcept nogil:
    """Remembers when a transport-wide number arrived, whatever it came with: probes have no stream of ours."""
    cdef const RtpExt* ext
    cdef Feedback* feedback
    cdef int64_t number, i
    cdef Producer* producer = transport.producers
    transport.remb_bytes += packet.payload_len
    while producer != NULL and not (producer.transport_cc and producer.ext_id[TRANSPORT_CC]):
        producer = producer.next                 # ids are the same on all m-lines of a bundle (RFC 8843, 9.2)
    if producer == NULL:
        return
    ext = rtp_find_ext(packet, producer.ext_id[TRANSPORT_CC])
    if ext == NULL or ext.len != 2:
        return
    feedback = transport.feedback
    if feedback == NULL:
        feedback = <Feedback*>calloc(1, sizeof(Feedback))
        if feedback == NULL:
            return
        transport.feedback = feedback
        feedback.base = feedback.highest = 65536 + read16(data + ext.offset)
    feedback.media_ssrc = packet.ssrc
    number = extend_sequence(feedback.highest, read16(data + ext.offset))
    if number < feedback.base:
        if feedback.highest - number >= FEEDBACK_REVISED or feedback.arrival_ns[number % FEEDBACK_SIZE]:
            return
        feedback.base = number                   # told as lost before; tell anew from here on
    if number > feedback.highest:
        if number - feedback.base >= FEEDBACK_SIZE:
            memset(feedback.arrival_ns, 0, sizeof(feedback.arrival_ns))
            feedback.base = number
        else:
            for i in range(feedback.highest + 1, number):
                feedback.arrival_ns[i % FEEDBACK_SIZE] = 0
        feedback.highest = number
    feedback.arrival_ns[number % FEEDBACK_SIZE] = now


cdef void poll_feedback(Core* core, Transport* transport, int64_t now) noexcept nogil:
    cdef Feedback* feedback = transport.feedback
    if feedback == NULL or feedback.base > feedback.highest or now - feedback.last_sent_ns < FEEDBACK_INTERVAL_NS:
        return
    feedback.last_sent_ns = now
    while feedback.base <= feedback.highest:
        if send_feedback(core, transport, feedback) != 0:
            return


cdef int send_feedback(Core* core, Transport* transport, Feedback* feedback) noexcept nogil:
    """One feedback packet from `base` on; ends early where a delta does not fit. Moves `base`."""
    cdef uint8_t symbols[FEEDBACK_PACKETS]
    cdef int16_t deltas[FEEDBACK_PACKETS]
    cdef int64_t arrival, reference, clock, delta
    cdef int count = 0, received = 0, at
    cdef uint8_t* out
    cdef int64_t first = feedback.base
    while first <= feedback.highest and feedback.arrival_ns[first % FEEDBACK_SIZE] == 0:
        first += 1                               # losses in front are told too, else the sender learns of few
    if first > feedback.highest:
        return -1
    feedback.base = max(feedback.base, first - FEEDBACK_PACKETS // 2)
    out = reserve_rtcp(core, transport)
    if out == NULL:
        return -1
    reference = feedback.arrival_ns[first % FEEDBACK_SIZE] // FEEDBACK_REFERENCE_NS
    clock = reference * FEEDBACK_REFERENCE_NS // FEEDBACK_TICK_NS
    while count < FEEDBACK_PACKETS and feedback.base + count <= feedback.highest:
        arrival = feedback.arrival_ns[(feedback.base + count) % FEEDBACK_SIZE]
        symbols[count] = 0
        if arrival:
            delta = arrival // FEEDBACK_TICK_NS - clock
            if delta < -32768 or delta > 32767:
                break
            symbols[count] = RECEIVED_SMALL if 0 <= delta <= 255 else RECEIVED_LARGE
            deltas[received] = <int16_t>delta
            received += 1
            clock += delta
        count += 1
    write16(out + 12, <uint16_t>feedback.base)
    write16(out + 14, <uint16_t>count)
    write24(out + 16, <uint32_t>(reference & 0xFFFFFF))
    out[19] = feedback.count
    at = write_feedback_body(out, symbols, deltas, count)
    rtcp_head(out, 15, RTCP_RTPFB, at)
    write32(out + 4, FEEDBACK_SSRC)
    write32(out + 8, feedback.media_ssrc)
    feedback.base += count
    feedback.count += 1
    core.counters.feedback_sent += 1
    send_rtcp(core, transport, out, at)
    return 0


cdef int write_feedback_body(uint8_t* out, const uint8_t* symbols, const int16_t* deltas, int count) noexcept nogil:
    """Status vector chunks of seven two-bit symbols, then the deltas, padded to a word; the packet's length."""
    cdef int at = 20, i = 0, j, taken = 0
    cdef uint16_t chunk
    while i < count:
        chunk = 0xC000
        for j in range(7):
            if i + j < count:
                chunk |= <uint16_t>(symbols[i + j] << (12 - 2 * j))
        write16(out + at, chunk)
        at += 2
        i += 7
    for i in range(count):
        if symbols[i] == RECEIVED_SMALL:
            out[at] = <uint8_t>deltas[taken]
            at += 1
            taken += 1
        elif symbols[i] == RECEIVED_LARGE:
            write16(out + at, <uint16_t>deltas[taken])
            at += 2
            taken += 1
    while at % 4:
        out[at] = 0
        at += 1
    return at


cdef void poll_remb(Core* core, Transport* transport, int64_t now) noexcept nogil:
    """For publishers without transport-wide numbers: grow by half while nothing is lost, fall with loss over 10 %.

    Some negotiate transport-wide feedback and never send the numbers; they get REMB too.
    """
    cdef Producer* producer = transport.producers
    cdef uint8_t* out
    cdef uint32_t ssrcs[16]
    cdef int count = 0, worst = 0, i
    cdef double seconds, rate
    if now - transport.last_remb_ns < REMB_INTERVAL_NS:
        return
    while producer != NULL:
        if producer.remb and producer.started and (not producer.transport_cc or transport.feedback == NULL):
            for i in range(producer.stream_count):
                if producer.streams[i].started and count < 16:
                    ssrcs[count] = producer.streams[i].ssrc
                    count += 1
                    worst = max(worst, <int>producer.streams[i].fraction_lost)
        producer = producer.next
    if count == 0:
        return
    seconds = (now - transport.last_remb_ns) / 1e9 if transport.last_remb_ns else 1.0
    rate = transport.remb_bytes * 8 / seconds
    transport.last_remb_ns = now
    transport.remb_bytes = 0
    if transport.remb_bps <= 0:
        transport.remb_bps = 1e6
    if worst > 25:
        transport.remb_bps *= 1.0 - 0.5 * worst / 256.0
    elif worst < 6:
        transport.remb_bps = max(transport.remb_bps, min(transport.remb_bps * 1.5, rate * 2 + 500000))
    transport.remb_bps = max(100000.0, min(transport.remb_bps, core.max_incoming_bps))
    out = reserve_rtcp(core, transport)
    if out != NULL:
        send_rtcp(core, transport, out, write_remb(out, transport.remb_bps, ssrcs, count))


cdef int write_remb(uint8_t* out, double bitrate_bps, const uint32_t* ssrcs, int count) noexcept nogil:
    cdef uint64_t mantissa = <uint64_t>bitrate_bps
    cdef int exponent = 0, i
    while mantissa > 0x3FFFF:
        mantissa >>= 1
        exponent += 1
    rtcp_head(out, 15, RTCP_PSFB, 20 + 4 * count)
    write32(out + 4, FEEDBACK_SSRC)
    write32(out + 8, 0)
    memcpy(out + 12, b"REMB", 4)
    out[16] = <uint8_t>count
    write24(out + 17, <uint32_t>((exponent << 18) | mantissa))
    for i in range(count):
        write32(out + 20 + 4 * i, ssrcs[i])
    return 20 + 4 * count
