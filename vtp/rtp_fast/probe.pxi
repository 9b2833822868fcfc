# Trying whether a link carries more than its viewer is sent: padding for some 25 ms, and how fast that arrives.
#
# Padding-only packets on the RTX stream of a picture (Chromium takes them), or under mediasoup-client's probator: SSRC
# 1234, payload type 127, mid "probator". Bursts of one turn; the first's end and the last's start are the clock.

cdef enum:
    PROBE_IDLE = 0
    PROBE_SENDS = 1
    PROBE_WAITS = 2              # for feedback
    PROBE_BURSTS = 6
    PROBE_RUN = 60               # padding packets of one burst
    PROBE_PADDING = 255          # bytes of one: what the last byte can count (RFC 3550 section 5.1)
    PROBE_PACKETS = 8            # of a cluster at least, or its rate means nothing
    PROBATOR_SSRC = 1234
    PROBATOR_PAYLOAD_TYPE = 127

cdef int64_t TURN_NS = 5 * MILLISECOND           # of pacing and probing: timers.pxi has the same
cdef int64_t PROBE_MARGIN_NS = 2 * MILLISECOND   # within a burst
cdef int64_t PROBE_PATIENCE_NS = SECOND
cdef int64_t PROBE_REST_NS = SECOND              # after one that found nothing; doubled to four times
cdef double PROBE_FIRST = 3.0                    # times the estimate, of which the next is twice that: 6 times
cdef double PROBE_NEXT = 2.0
cdef double PROBE_MORE = 1.1                     # a wish must be beyond the estimate by this to be worth it
cdef double PROBE_DEMAND = 1.25                  # what a limited viewer could use, of its demand
cdef double PROBE_RECEIVED = 0.8                 # of a cluster's packets must arrive


cdef struct Probe:
    double bps                   # of this cluster
    int64_t next_ns              # the next cluster may begin
    int64_t first_ns             # first and last burst left
    int64_t last_ns
    int64_t first_arrived        # end of the first burst
    int64_t last_arrived
    uint64_t bytes_before        # transport.bytes_sent when it began, then before the second burst
    uint32_t bytes               # told of
    uint32_t first_bytes
    uint32_t last_bytes
    uint16_t first               # transport-wide numbers
    uint16_t last
    uint16_t received
    uint8_t state
    uint8_t bursts
    uint8_t failures
    uint8_t begun                # there has been one


cdef double wished_bps(const Transport* transport) noexcept nogil:
    """What this viewer could use: what the control plane says, and of a limited one its demand."""
    if transport.paced:
        return max(transport.outbound.wanted_bps, transport.outbound.demand_bps * PROBE_DEMAND)
    return transport.outbound.wanted_bps


cdef void consider_probe(Core* core, Transport* transport, double bps, int64_t now) noexcept nogil:
    """Begins a cluster when more is wished for than the estimate is, and nothing speaks against it."""
    cdef Outbound* outbound = transport.outbound
    cdef Probe* probe = &outbound.probe
    cdef double wished = wished_bps(transport)
    if probe.state != PROBE_IDLE or wished < bps * PROBE_MORE or outbound.estimator.bps <= 0 or now < probe.next_ns:
        return
    if outbound.estimator.trend.signal != SIGNAL_NORMAL or outbound.estimator.fraction_lost > LOSS_MUCH \
            or outbound.estimator.decreased_ns and now - outbound.estimator.decreased_ns < PROBE_REST_NS \
            or outbound.estimator.queue_ns > QUEUE_SHORT_NS:     # it would find its share of others' queue, and cost them theirs
        return
    probe.bps = min(wished, bps * (PROBE_NEXT if probe.begun else PROBE_FIRST))
    probe.begun = 1
    probe.state = PROBE_SENDS
    probe.bursts = 0
    probe.bytes_before = transport.bytes_sent
    probe.first = <uint16_t>(transport.feedback_sequence + 1)
    probe.bytes = probe.first_bytes = probe.last_bytes = 0
    probe.received = 0
    probe.first_arrived = probe.last_arrived = 0
    attend(core, transport)
    send_probe(core, transport, now)


cdef void send_probe(Core* core, Transport* transport, int64_t now) noexcept nogil:
    """One burst: what the rate allows by the end of this turn, less what was sent anyway."""
    cdef Probe* probe = &transport.outbound.probe
    cdef Consumer* consumer = padded_consumer(transport)
    cdef int64_t bytes
    cdef int count
    if probe.bursts == 0:
        probe.first_ns = max(now, core.flushed_ns)
    if probe.bursts == 1:
        probe.bytes_before = transport.bytes_sent    # a frame beside the first burst is no part of what is measured
    bytes = <int64_t>(probe.bps * (now - probe.first_ns if probe.bursts else TURN_NS) / 8e9) - \
        <int64_t>(transport.bytes_sent - probe.bytes_before)
    if consumer == NULL or transport.selected < 0:
        end_probe(&transport.outbound.probe, False, now)
        return
    write_pending(core, transport)               # numbers are given in the order of leaving
    count = max(1, min(<int>((bytes + PROBE_PADDING - 1) // PROBE_PADDING), <int>PROBE_RUN))
    write_padding(core, transport, consumer, count)
    probe.last_ns = max(now, core.flushed_ns)
    probe.last = transport.feedback_sequence
    probe.bursts += 1
    if probe.bursts == PROBE_BURSTS:
        probe.state = PROBE_WAITS
    core.counters.probes_sent += 1 if probe.bursts == 1 else 0


cdef Consumer* padded_consumer(Transport* transport) noexcept nogil:
    """Whose RTX stream carries the padding; without one any that numbers its packets, where there is a probator."""
    cdef Consumer* consumer = transport.consumers
    cdef Consumer* other = NULL
    while consumer != NULL:
        if consumer.head_number and consumer.video and consumer.sent_any and not consumer.paused \
                and consumer.stream != NULL and consumer.stream.newest >= 0:
            if consumer.rtx_stream != NULL and padding_type(consumer) >= 0:
                return consumer
            if transport.probator:
                other = consumer
        consumer = consumer.next
    if other != NULL and srtp_stream(&transport.send, PROBATOR_SSRC, 1) == NULL:
        return NULL
    return other


cdef inline int padding_type(Consumer* consumer) noexcept nogil:
    return consumer.rtx_payload_type[consumer.stream.ring[consumer.stream.newest % consumer.stream.ring_size].codec]


cdef void write_padding(Core* core, Transport* transport, Consumer* consumer, int count) noexcept nogil:
    """`count` packets of nothing but padding, as one run."""
    cdef Tuple* to = &transport.tuples[transport.selected]
    cdef int most = 12 + HEAD_BYTES + PROBE_PADDING + SRTP_MAX_TRAILER
    cdef uint8_t* room = batch_room(core, <size_t>(count * most) + ARENA_SLOT)
    cdef int i, length = 0, written
    cdef int total = 0
    cdef bint run = core.merging and core.now_ns >= to.plain_until_ns and core.now_ns >= core.plain_until_ns[to.socket]
    for i in range(count):
        if room == NULL:
            return
        written = write_padding_packet(core, transport, consumer, room + total)
        if written == 0:
            break
        length = written
        total += length
        if not run:
            batch_commit(core, to, length, 0)
            total = 0
            room = batch_room(core, ARENA_SLOT)
    if run and total:
        batch_commit(core, to, total, length if total > length else 0)


cdef int write_padding_packet(Core* core, Transport* transport, Consumer* consumer, uint8_t* out) noexcept nogil:
    cdef bint by_rtx = consumer.rtx_stream != NULL and padding_type(consumer) >= 0
    cdef SrtpStream* stream = consumer.rtx_stream if by_rtx else srtp_stream(&transport.send, PROBATOR_SSRC, 1)
    cdef uint8_t send_time = consumer.head_send_time, number = consumer.head_number
    cdef int header = consumer.head_length, length
    cdef ExtWriter writer
    if stream == NULL:
        return 0
    if by_rtx:
        memcpy(out + 12, consumer.head, HEAD_BYTES)
        write16(out + 2, consumer.rtx_sequence)
        consumer.rtx_sequence += 1
    else:
        writer.out = out
        writer.at = 16
        writer.two_byte = wants_two_bytes(consumer)
        if consumer.ext_id[MID]:
            memcpy(put_ext(&writer, consumer.ext_id[MID], 8), b"probator", 8)
        put_numbers(consumer, &writer, &send_time, &number)
        header = close_block(&writer)
        write16(out + 2, transport.probator_sequence)
        transport.probator_sequence += 1
    out[0] = 0xB0
    out[1] = <uint8_t>(padding_type(consumer) if by_rtx else PROBATOR_PAYLOAD_TYPE)
    write32(out + 4, consumer.last_timestamp)
    write32(out + 8, consumer.rtx_ssrc if by_rtx else PROBATOR_SSRC)
    stamp(consumer, out, send_time, number, core.now_ns)
    memset(out + header, 0, PROBE_PADDING)
    out[header + PROBE_PADDING - 1] = PROBE_PADDING
    length = srtp_protect(&transport.send, stream, out, header, header + PROBE_PADDING)
    if length < 0:
        core.counters.protect_failed += 1
        return 0
    transport.packets_sent += 1
    transport.bytes_sent += length
    transport.outbound.padding_bytes += length
    note_sent(core, transport, length)
    return length


cdef inline void probe_packet(Probe* probe, uint16_t number, int64_t sent, int64_t arrived, int size) noexcept nogil:
    """A packet that was sent meanwhile arrived, padding or not."""
    if <uint16_t>(number - probe.first) > <uint16_t>(probe.last - probe.first):
        return
    probe.received += 1
    probe.bytes += size
    probe.last_arrived = max(probe.last_arrived, arrived)
    if sent < probe.first_ns + PROBE_MARGIN_NS:
        probe.first_bytes += size
        probe.first_arrived = max(probe.first_arrived, arrived)
    elif sent > probe.last_ns - PROBE_MARGIN_NS:
        probe.last_bytes += size


cdef void judge_probe(Outbound* outbound, int64_t now) noexcept nogil:
    """The cluster's rate, once all of it was told of: the lesser of those at which it was sent and arrived."""
    cdef Probe* probe = &outbound.probe
    cdef int packets = <int><uint16_t>(probe.last - probe.first) + 1
    cdef double sent, arrived, before = estimated_bps(&outbound.estimator)
    if <int16_t>(outbound.told - probe.last) < 0:
        if now - probe.last_ns > PROBE_PATIENCE_NS + outbound.estimator.rtt_ns:
            end_probe(probe, False, now)
        return
    if probe.received < PROBE_PACKETS or probe.received < packets * PROBE_RECEIVED or probe.first_bytes == 0 \
            or probe.last_bytes == 0:
        end_probe(probe, False, now)
        return
    sent = (probe.bytes - probe.last_bytes) * 8e9 / max(probe.last_ns - probe.first_ns, TURN_NS)
    arrived = (probe.bytes - probe.first_bytes) * 8e9 / max(probe.last_arrived - probe.first_arrived, MILLISECOND)
    if arrived < sent * 0.9:
        sent = arrived * 0.95                    # that was the link's rate; a queue has begun to grow
    before = max(before, outbound.estimator.peak_bps)            # as much was known to be there, and to be too much
    estimate_probed(&outbound.estimator, min(sent, arrived))
    end_probe(probe, estimated_bps(&outbound.estimator) > before * PROBE_MORE, now)
    if probe.failures == 0:
        probe.next_ns = now + response_ns(&outbound.estimator)


cdef void end_probe(Probe* probe, bint found, int64_t now) noexcept nogil:
    probe.state = PROBE_IDLE
    probe.failures = 0 if found else <uint8_t>min(probe.failures + 1, 3)
    probe.next_ns = now + (PROBE_REST_NS << (probe.failures - 1) if probe.failures else 0)
