# Loss on the way to viewers: the history of what each was sent, and NACK (RFC 4585) answered by RTX (RFC 4588).
#
# What is sent again goes before everything that waits for the same link, so a narrow one is spared what helps nobody.

cdef int64_t RESEND_LEAST_NS = 10 * MILLISECOND
cdef int64_t RESEND_MOST_NS = 10 * SECOND        # a history entry's 16 bits of milliseconds come round after 65 s


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
    """Rebuilds one packet from the ring it came from and sends it as RTX, unless the last time may still be on its way.

    What the viewer's budget does not allow is as if it had not been asked for: it can be at any time.
    """
    cdef HistoryEntry* entry
    cdef Leg* leg
    cdef Slot* slot = NULL
    cdef int64_t number = -1, cost
    cdef uint16_t now_ms = <uint16_t>(now // MILLISECOND)
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
    if is_past(consumer, entry):
        return
    if entry.flags & RESENT and <uint16_t>(now_ms - entry.resent_ms) < resend_wait_ms(consumer, now):
        return
    cost = resend_cost_ns(available_bps(consumer.transport, now), slot.length + PACE_OVERHEAD)
    if not affords(consumer.transport.resend_paid_until_ns, cost, RESEND_BURST_NS, now):
        core.counters.rtx_refused += 1
        return
    pay(&consumer.transport.resend_paid_until_ns, cost, now)
    entry.resent_ms = now_ms
    entry.flags |= RESENT
    send_rtx(core, consumer, leg, slot, entry, now)


cdef inline bint is_past(const Consumer* consumer, const HistoryEntry* entry) noexcept nogil:
    """Whether a limited viewer's picture has gone on at a key frame since: what came before it would only delay it."""
    return consumer.video and consumer.transport.paced and entry.generation != consumer.leg.generation


cdef uint32_t resend_wait_ms(const Consumer* consumer, int64_t now) noexcept nogil:
    """Between two resends of one packet: a round trip, as long as it is now through a queue that feedback tells of."""
    cdef const Outbound* outbound = consumer.transport.outbound
    cdef int64_t wait = max(<int64_t>consumer.rtt_ns, RESEND_LEAST_NS)
    if outbound != NULL and outbound.estimator.queue_ns > QUEUE_SHORT_NS and now < outbound.trusted_until_ns:
        wait = max(wait, outbound.estimator.last_rtt_ns)
    return <uint32_t>(min(wait, RESEND_MOST_NS) // MILLISECOND)
