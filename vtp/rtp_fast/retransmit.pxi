# Loss both ways: NACK towards publishers (RFC 4585), RTX undone and made (RFC 4588), viewers' history.

cdef int64_t REORDER_NS = 10 * MILLISECOND
cdef int64_t DEFAULT_RTT_NS = 100 * MILLISECOND
cdef int64_t SHORTEST_RTT_NS = 20 * MILLISECOND

cdef enum:
    REORDER_PACKETS = 3          # as many later packets prove a loss
    NACK_TRIES = 10
    LARGEST_GAP = 200            # a longer one is a break: only a key frame mends it


cdef void note_missing(Core* core, Stream* stream, int64_t source, int64_t now) noexcept nogil:
    """Books the numbers between the highest so far and `source` as missing."""
    cdef int64_t gap = source - stream.highest - 1, number
    if gap <= 0:
        return
    if gap > LARGEST_GAP or not stream.producer.nack:
        forget_all_missing(core, stream)
        if gap > LARGEST_GAP or stream.producer.video:
            want_key_frame_of(core, stream, now)
        return
    if stream.missing_count + gap > MAX_MISSING:
        forget_all_missing(core, stream)
        want_key_frame_of(core, stream, now)
    for number in range(stream.highest + 1, source):
        stream.missing[stream.missing_count].sequence = number
        stream.missing[stream.missing_count].since_ns = now
        stream.missing[stream.missing_count].asked_ns = 0
        stream.missing[stream.missing_count].tries = 0
        stream.missing_count += 1
        core.missing += 1


cdef void forget_missing(Core* core, Stream* stream, int64_t source) noexcept nogil:
    cdef int i
    for i in range(stream.missing_count):
        if stream.missing[i].sequence == source:
            drop_missing(core, stream, i)
            return


cdef void forget_all_missing(Core* core, Stream* stream) noexcept nogil:
    core.missing -= stream.missing_count
    stream.missing_count = 0


cdef void drop_missing(Core* core, Stream* stream, int index) noexcept nogil:
    stream.missing_count -= 1
    core.missing -= 1
    memmove(&stream.missing[index], &stream.missing[index + 1], (stream.missing_count - index) * sizeof(Missing))


cdef void poll_missing(Core* core, Stream* stream, int64_t now) noexcept nogil:
    """Asks for what is due: once a loss is certain, then every round trip, NACK_TRIES times, then for a key frame."""
    cdef uint16_t due[MAX_MISSING]
    cdef int count = 0, i = 0
    cdef Missing* entry
    cdef int64_t rtt = <int64_t>stream.producer.rtt_ns if stream.producer.rtt_ns > 0 else DEFAULT_RTT_NS
    if rtt < SHORTEST_RTT_NS:
        rtt = SHORTEST_RTT_NS
    while i < stream.missing_count:
        entry = &stream.missing[i]
        if entry.tries == 0:
            if now - entry.since_ns < REORDER_NS and stream.highest - entry.sequence < REORDER_PACKETS:
                i += 1
                continue
        elif now - entry.asked_ns < rtt:
            i += 1
            continue
        if entry.tries == NACK_TRIES or entry.sequence < stream.highest - stream.ring_size:
            drop_missing(core, stream, i)
            want_key_frame_of(core, stream, now)
            continue
        entry.tries += 1
        entry.asked_ns = now
        due[count] = <uint16_t>entry.sequence
        count += 1
        i += 1
    if count:
        stream.nacks += count
        core.counters.nacks_sent += count
        send_nack(core, stream, due, count)


cdef int undo_rtx(Core* core, Stream* stream, uint8_t* data, int length, RtpPacket* packet,
                  int64_t now) noexcept nogil:
    """Turns an RTX packet into the one it repeats, in place; -1 for padding, unknown types and what was not missing."""
    cdef Producer* producer = stream.producer
    cdef int codec = producer.payload_rtx[packet.payload_type]
    cdef uint16_t original
    cdef int64_t source
    cdef int i
    core.counters.rtx_received += 1
    if codec < 0 or packet.payload_len < 2 or not stream.started:
        return -1
    original = read16(data + packet.header_len)
    source = extend_sequence(stream.highest, original)
    for i in range(stream.missing_count):
        if stream.missing[i].sequence == source:
            if stream.missing[i].tries == 1:
                measure_rtt(producer, now - stream.missing[i].asked_ns)
            break
    else:
        if source <= stream.highest:
            core.counters.rtp_duplicate += 1
            return -1
    memmove(data + packet.header_len, data + packet.header_len + 2, packet.payload_len - 2)
    packet.payload_len -= 2
    packet.padding = 0
    packet.sequence = original
    packet.payload_type = producer.codecs[codec].payload_type
    packet.ssrc = stream.ssrc
    data[0] &= 0xDF
    data[1] = <uint8_t>((packet.marker << 7) | packet.payload_type)
    write16(data + 2, original)
    write32(data + 8, stream.ssrc)
    return packet.header_len + packet.payload_len


cdef void measure_rtt(Producer* producer, int64_t sample) noexcept nogil:
    if producer.rtt_ns <= 0:
        producer.rtt_ns = <double>sample
    else:
        producer.rtt_ns += (sample - producer.rtt_ns) / 8.0


cdef void remember_sent(Consumer* consumer, Slot* slot, const Shown* shown) noexcept nogil:
    """One entry of the fixed history, made with the first packet; only streams with RTX are ever resent."""
    cdef HistoryEntry* entry
    if consumer.rtx_ssrc == 0 or consumer.rtx_payload_type[slot.codec] < 0:
        return
    if consumer.history == NULL:
        consumer.history = <HistoryEntry*>calloc(HISTORY_SIZE, sizeof(HistoryEntry))
        if consumer.history == NULL:
            return
    entry = &consumer.history[<uint16_t>shown.number % HISTORY_SIZE]
    entry.sequence = <uint32_t>slot.sequence
    entry.out_sequence = <uint16_t>shown.number
    entry.picture_id = shown.picture_id
    entry.generation = consumer.leg.generation
    entry.flags = shown.flags
    entry.resent_ms = 0


cdef void answer_nack(Core* core, Consumer* consumer, uint16_t out_sequence, int64_t now) noexcept nogil:
    """Rebuilds one packet from the ring it came from and sends it as RTX, never twice within a round trip.

    What the viewer's budget does not allow is as if it had not been asked for: it can be at any time.
    """
    cdef HistoryEntry* entry
    cdef Leg* leg
    cdef Slot* slot = NULL
    cdef int64_t number = -1, cost
    cdef uint16_t now_ms = <uint16_t>(now // MILLISECOND)
    cdef uint32_t wait_ms = <uint32_t>(consumer.rtt_ns / 1e6)
    consumer.nacks += 1
    core.counters.nacks_received += 1
    if consumer.history == NULL:
        consumer.missed += 1
        core.counters.rtx_missed += 1
        return
    entry = &consumer.history[out_sequence % HISTORY_SIZE]
    leg = leg_of(consumer, entry.generation)
    if leg != NULL:
        number = leg.stream.newest - <uint32_t>(<uint32_t>leg.stream.newest - entry.sequence)
        slot = &leg.stream.ring[number % leg.stream.ring_size] if number >= 0 else NULL
    if slot == NULL or entry.out_sequence != out_sequence or slot.sequence != number:
        consumer.missed += 1
        core.counters.rtx_missed += 1
        return
    if wait_ms < 10:
        wait_ms = 10
    if entry.flags & RESENT and <uint16_t>(now_ms - entry.resent_ms) < wait_ms:
        return
    cost = resend_cost_ns(available_bps(consumer.transport, now), slot.length + PACE_OVERHEAD)
    if not affords(consumer.transport.resend_paid_until_ns, cost, RESEND_BURST_NS, now):
        core.counters.rtx_refused += 1
        return
    pay(&consumer.transport.resend_paid_until_ns, cost, now)
    entry.resent_ms = now_ms
    entry.flags |= RESENT
    send_rtx(core, consumer, leg, slot, entry, now)
