# What a limited viewer is sent when: 2.5 times its estimate in turns of 5 ms; ten packets may always leave at once.
#
# What does not fit waits in the publisher's ring, where the viewer's cursor stays behind: nothing is copied or queued.
# Sound never waits. Who falls too far behind goes on at the next key frame (media.md, "A packet's life", 8). A key frame that
# has begun is sent to its end, however long it takes: the next one would be as large.

cdef double PACE = 2.5
cdef double PACE_LEAST_BPS = 300e3               # an estimate below this may be untrue: it must not starve anybody
cdef int64_t LAG_NS = 600 * MILLISECOND          # how far behind; a call bears no more
cdef int64_t OVERFLOW_MEMORY_NS = 10 * SECOND
cdef int64_t OVERFLOW_REST_NS = 250 * MILLISECOND

cdef enum:
    PACE_PACKETS = 10
    PACE_OVERHEAD = 40           # bytes of header and tag that a viewer's packet may have more than the publisher's
    OVERFLOW_STEPS = 4           # rests of 0.25, 0.5, 1, 2 and 4 s, when one follows the other


cdef void open_pacer(Transport* transport, int64_t now) noexcept nogil:
    transport.paced = 1
    transport.outbound.budget = PACE_PACKETS * PADDED_BYTES
    transport.outbound.budget_ns = now


cdef void refill(Transport* transport, int64_t now) noexcept nogil:
    """Adds what time has allowed, to no more than one turn's worth or ten packets."""
    cdef Outbound* outbound = transport.outbound
    cdef double bytes_per_ns = PACE * max(available_bps(transport, now), PACE_LEAST_BPS) / 8e9
    cdef int64_t most = max(<int64_t>(bytes_per_ns * TURN_NS), <int64_t>(PACE_PACKETS * PADDED_BYTES))
    cdef int64_t debt = -<int64_t>(bytes_per_ns * LAG_NS / 4)
    outbound.budget = max(debt, min(outbound.budget + <int64_t>(bytes_per_ns * (now - outbound.budget_ns)), most))
    outbound.budget_ns = now


cdef inline void charge(Transport* transport, int bytes) noexcept nogil:
    transport.outbound.budget -= bytes + PACE_OVERHEAD


cdef bint is_behind(const Transport* transport) noexcept nogil:
    """Some picture of this transport waits."""
    cdef const Consumer* consumer = transport.consumers
    while consumer != NULL:
        if consumer.state == STATE_REPLAY:
            return True
        consumer = consumer.next
    return False


cdef bint is_given_up(const Transport* transport) noexcept nogil:
    """Some picture of this transport stands still until its next key frame."""
    cdef const Consumer* consumer = transport.consumers
    while consumer != NULL:
        if consumer.rest_until_ns and consumer.state == STATE_WAITING and not consumer.paused \
                and consumer.target_spatial >= 0:
            return True
        consumer = consumer.next
    return False


cdef bint holds_back(Core* core, Consumer* consumer, Slot* slot, int64_t now) noexcept nogil:
    """Decides over a live packet of a limited viewer's picture; True: it stays in the ring, and what follows too."""
    cdef Transport* transport = consumer.transport
    if not consumer.video or slot.sequence < consumer.stream.newest:
        return False                             # a late one fills a hole: what came after it has left already
    refill(transport, now)
    if transport.outbound.budget > 0 and not is_behind(transport):
        return False
    consumer.cursor = slot.sequence
    consumer.lag_allowed_ns = LAG_NS
    consumer.state = STATE_REPLAY
    core.replaying += 1
    return True


cdef void pace(Core* core, Transport* transport, int64_t now) noexcept nogil:
    """A turn: the oldest packets first, whosever they are, while the budget lasts."""
    cdef Consumer* consumer
    refill(transport, now)
    while transport.outbound.budget > 0:
        consumer = furthest_behind(transport)
        if consumer == NULL:
            return
        replay(core, consumer, now, 1)
    consumer = transport.consumers
    while consumer != NULL:
        if consumer.video and consumer.state == STATE_REPLAY:
            judge_lag(core, consumer, now)
        consumer = consumer.next


cdef void judge_lag(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    """Gives up who is too far behind. What a key frame took counts for nothing, as long as it is being made up for."""
    cdef int64_t lag = lag_ns(consumer, now)
    if is_within_key_frame(consumer):
        if lag > LAG_NS:
            consumer.lag_allowed_ns = lag + LAG_NS
    elif lag > consumer.lag_allowed_ns:
        overflow(core, consumer, now)
    else:
        consumer.lag_allowed_ns = max(LAG_NS, min(consumer.lag_allowed_ns, lag + LAG_NS))


cdef inline void note_key_frame(Consumer* consumer, const Slot* slot) noexcept nogil:
    """A packet of a paced viewer's picture leaves: later ones of a key frame do not say that they are of one."""
    if slot.info.key_frame:
        consumer.key_timestamp = slot.packet.timestamp
        consumer.key_begun = 1


cdef bint is_within_key_frame(const Consumer* consumer) noexcept nogil:
    """Whether the next packet of a replay goes on with a key frame that has begun to leave."""
    cdef const Slot* slot = &consumer.stream.ring[consumer.cursor % consumer.stream.ring_size]
    return consumer.key_begun and consumer.frame_open and slot.sequence == consumer.cursor \
        and slot.packet.timestamp == consumer.key_timestamp


cdef int64_t lag_ns(const Consumer* consumer, int64_t now) noexcept nogil:
    """How long the next packet of a replay has waited; 0: it is a hole, or there is none."""
    cdef const Slot* slot = &consumer.stream.ring[consumer.cursor % consumer.stream.ring_size]
    return now - slot.arrival_ns if slot.sequence == consumer.cursor else 0


cdef Consumer* furthest_behind(Transport* transport) noexcept nogil:
    cdef Consumer* consumer = transport.consumers
    cdef Consumer* found = NULL
    cdef int64_t arrival, oldest = 0
    while consumer != NULL:
        if consumer.state == STATE_REPLAY:
            arrival = consumer.stream.ring[consumer.cursor % consumer.stream.ring_size].arrival_ns
            if found == NULL or arrival < oldest:
                found = consumer
                oldest = arrival
        consumer = consumer.next
    return found


cdef void overflow(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    """It goes on at a key frame, asked for after a rest that is longer each time: a poor link is nobody else's burden."""
    if now - consumer.overflow_ns > OVERFLOW_MEMORY_NS:
        consumer.overflows = 0
    consumer.overflow_ns = now
    consumer.rest_until_ns = now + (OVERFLOW_REST_NS << consumer.overflows)
    consumer.overflows = <uint8_t>min(consumer.overflows + 1, <int>OVERFLOW_STEPS)
    core.counters.pacer_overflows += 1
    stop_replay(core, consumer, STATE_WAITING)
