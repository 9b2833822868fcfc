# A probe's accounting: every packet counted once, late or double or missing, and timed against its source.
#
# Headers are in clear, so nothing is decrypted but a sample (probe_sample.pxi). Functions of (state, packet, times).

cdef inline int64_t probe_number(const ProbeStream* stream, uint16_t sequence) noexcept nogil:
    """The extended number nearest to the highest so far."""
    return stream.report.highest + <int16_t>(sequence - <uint16_t>(stream.report.highest & 0xFFFF))


cdef inline bint probe_has(const ProbeStream* stream, int64_t number) noexcept nogil:
    cdef int64_t bit = number & (PROBE_WINDOW - 1)
    return (stream.seen[bit >> 6] >> (bit & 63)) & 1


cdef inline void probe_set(ProbeStream* stream, int64_t number) noexcept nogil:
    cdef int64_t bit = number & (PROBE_WINDOW - 1)
    stream.seen[bit >> 6] |= <uint64_t>1 << (bit & 63)


cdef inline void probe_unset(ProbeStream* stream, int64_t number) noexcept nogil:
    cdef int64_t bit = number & (PROBE_WINDOW - 1)
    stream.seen[bit >> 6] &= ~(<uint64_t>1 << (bit & 63))


cdef void probe_advance(ProbeStream* stream, int64_t number, int64_t now_ns) noexcept nogil:
    """A new highest number: those between it and the last are missing so far."""
    cdef int64_t missing = stream.report.highest + 1
    if number - missing >= PROBE_WINDOW:
        memset(stream.seen, 0, sizeof(stream.seen))
        missing = number - MAX_MISSING
    while missing < number:
        probe_unset(stream, missing)
        if stream.nack and not holes_add(&stream.holes, missing, now_ns):
            stream.wants_key = stream.video
        missing += 1
    probe_unset(stream, number)
    stream.report.highest = number


cdef inline int64_t probe_expected(const ProbeStream* stream) noexcept nogil:
    """Numbers of the window that should have come by now."""
    cdef int64_t open = stream.report.highest + 1 - stream.window_first
    return <int64_t>stream.expected_before + (open if stream.started and open > 0 else 0)


cdef void probe_begin(ProbeStream* stream, int64_t number) noexcept nogil:
    """The first packet, or the numbering started over; numbers only grow."""
    if stream.started:
        stream.expected_before = <uint64_t>probe_expected(stream)
        number += 0x10000 * (1 + (stream.report.highest - number + 0xFFFF) // 0x10000)
    memset(stream.seen, 0, sizeof(stream.seen))
    stream.holes.count = 0
    stream.window_first = number
    report_begin(&stream.report, number)
    stream.started = True


cdef inline int64_t probe_sent_ns(const ProbeStream* stream, int64_t number, uint32_t timestamp) noexcept nogil:
    """When the source sent it; 0 when that is not known, or header and source contradict each other."""
    cdef const Sending* slot
    if not stream.mapped:
        return 0
    slot = table_find(stream.table, number - stream.shift)
    if slot == NULL or slot.timestamp + stream.timestamp_shift != timestamp:
        return 0
    return slot.sent_ns


cdef inline void probe_delayed(Probe* probe, ProbeStream* stream, int64_t delay_us) noexcept nogil:
    """Counts among the probe's delays, and in what its stream keeps of them."""
    histogram_add(&probe.delay, delay_us)
    if stream.counts.timed == 0 or delay_us > stream.counts.largest_us:
        stream.counts.largest_us = delay_us
    stream.counts.timed += 1
    stream.counts.delay_us += delay_us


cdef inline void probe_time(
        Probe* probe, ProbeStream* stream, int64_t number, uint32_t timestamp, int64_t arrival_ns) noexcept nogil:
    cdef int64_t sent_ns = probe_sent_ns(stream, number, timestamp)
    if number < stream.window_first:
        return
    if sent_ns:
        probe_delayed(probe, stream, (arrival_ns - sent_ns) // 1000)
    elif stream.table != NULL:
        stream.counts.untimed += 1


cdef inline void probe_count(ProbeStream* stream, int64_t number, int length) noexcept nogil:
    """One more number of the window; what belongs before it is not counted."""
    probe_set(stream, number)
    if number >= stream.window_first:
        stream.counts.numbers += 1
        stream.counts.bytes += length


cdef bint probe_place(ProbeStream* stream, int64_t number, int64_t now_ns) noexcept nogil:
    """Accounts for a number near the highest; False when it came before, or is too old to tell.

    Without RTX a server repeats the packet itself: what was asked for has then been repaired, else it came late.
    """
    if number > stream.report.highest:
        probe_advance(stream, number, now_ns)
        return True
    if number <= stream.report.highest - PROBE_WINDOW or probe_has(stream, number):
        stream.counts.duplicated += number >= stream.window_first
        return False
    if holes_fill(&stream.holes, number) == HOLE_ASKED and stream.rtx_ssrc == 0:
        stream.counts.recovered += number >= stream.window_first
    else:
        stream.counts.reordered += number >= stream.window_first
    return True


cdef void probe_receive(
        Probe* probe, ProbeStream* stream, SrtpSession* session, uint8_t* data, int length, RtpPacket* parsed,
        int64_t arrival_ns, int64_t now_ns) noexcept nogil:
    """One packet of a stream, still protected; `parsed` is its header."""
    cdef int64_t number = probe_number(stream, parsed.sequence)
    cdef uint32_t timestamp = parsed.timestamp
    cdef int64_t step = number - stream.report.highest
    if not stream.started or step > PROBE_WINDOW or step < -PROBE_WINDOW:
        number = probe_jump(probe, stream, session, data, length, parsed, number, now_ns)
        if number < 0:
            return
    elif not probe_place(stream, number, now_ns):
        stream.report.direct += 1
        return
    elif stream.until_sample <= 0 or probe_is_unsure(stream, number, timestamp):
        probe_sample(probe, stream, session, data, length, parsed, number)
    stream.until_sample -= 1
    stream.report.direct += 1
    report_jitter(&stream.report, timestamp, stream.report.clock_rate, arrival_ns)
    probe_count(stream, number, length)
    probe_time(probe, stream, number, timestamp, arrival_ns)


cdef void probe_receive_rtx(
        Probe* probe, ProbeStream* stream, SrtpSession* session, uint8_t* data, int length, RtpPacket* parsed,
        int64_t arrival_ns) noexcept nogil:
    """A retransmission (RFC 4588 section 4); what nobody waits for, probes of the bandwidth too, is not counted."""
    cdef int64_t number
    if srtp_unprotect(session, data, length, parsed) < 0:
        stream.counts.failed += 1
        return
    if parsed.payload_len < 2 or not stream.started:
        return
    number = probe_number(stream, read16(data + parsed.header_len))
    if number > stream.report.highest or number <= stream.report.highest - PROBE_WINDOW or probe_has(stream, number):
        return
    holes_fill(&stream.holes, number)
    stream.counts.recovered += number >= stream.window_first
    probe_count(stream, number, length)
    probe_time(probe, stream, number, parsed.timestamp, arrival_ns)


cdef ProbeStream* probe_stream(Probe* probe, uint32_t ssrc, bint* is_rtx) noexcept nogil:
    """The stream of an SSRC, or NULL. It is good until the next one is added."""
    cdef int32_t found = ssrc_find(&probe.ssrcs, ssrc)
    is_rtx[0] = found < 0
    return &probe.streams[(found if found > 0 else -found) - 1] if found else NULL


cdef ProbeStream* probe_add(Probe* probe, uint32_t ssrc, uint32_t rtx_ssrc) noexcept nogil:
    """A new stream, empty but for its SSRCs, which are not there yet; NULL without memory. RTX SSRC 0: none."""
    cdef ProbeStream* stream
    cdef void* streams
    cdef int capacity = 2 * probe.stream_capacity if probe.stream_capacity else PROBE_STREAMS
    if ssrc_reserve(&probe.ssrcs, 2) < 0:
        return NULL
    if probe.stream_count == probe.stream_capacity:
        streams = realloc(probe.streams, <size_t>capacity * sizeof(ProbeStream))
        if streams == NULL:
            return NULL
        probe.streams = <ProbeStream*>streams
        probe.stream_capacity = capacity
    stream = &probe.streams[probe.stream_count]
    memset(stream, 0, sizeof(ProbeStream))
    stream.report.ssrc, stream.rtx_ssrc = ssrc, rtx_ssrc
    probe.stream_count += 1
    ssrc_put(&probe.ssrcs, ssrc, probe.stream_count)
    if rtx_ssrc:
        ssrc_put(&probe.ssrcs, rtx_ssrc, -probe.stream_count)
    return stream


cdef void probe_restart(Probe* probe, int64_t wall_ns) noexcept nogil:
    """A new window: numbers behind the newest, everything else from nothing."""
    cdef int i
    cdef ProbeStream* stream
    for i in range(probe.stream_count):
        stream = &probe.streams[i]
        stream.window_first = stream.report.highest + 1
        stream.expected_before = 0
        memset(&stream.counts, 0, sizeof(ProbeCounts))
    probe.drops_before = probe.drops
    probe.started_ns = wall_ns
    memset(&probe.delay, 0, sizeof(Histogram))


cdef inline int64_t probe_lost(const ProbeStream* stream) noexcept nogil:
    """Numbers of the window that have not come in any way."""
    cdef int64_t lost = probe_expected(stream) - <int64_t>stream.counts.numbers
    return lost if lost > 0 else 0


cdef void probe_release(Probe* probe) noexcept nogil:
    """With Python's lock held. What it says can be read until nobody holds it."""
    cdef int i
    if probe == NULL:
        return
    probe.references -= 1
    if probe.references:
        return
    for i in range(probe.stream_count):
        table_release(probe.streams[i].table)
        free(probe.streams[i].holes.items)
    free(probe.streams)
    free(probe.ssrcs.slots)
    free(probe)
