# Congestion control towards one viewer: what its feedback and its demand mean for pacing, probing and the control plane.

cdef int64_t DEMAND_NS = 500 * MILLISECOND
cdef int64_t FEEDBACK_SILENT_NS = SECOND         # without feedback the pacer lets go: what it goes by may be untrue
cdef int64_t RESTING_NS = 500 * MILLISECOND      # sent nothing for so long, nothing can have been said about it
cdef int64_t FEEDBACK_FORGOTTEN_NS = 10 * SECOND
cdef int64_t REMB_SILENT_NS = 3 * SECOND         # REMB comes about once a second
cdef int64_t REMB_FORGOTTEN_NS = 10 * SECOND
cdef int64_t TELL_LESS_NS = 100 * MILLISECOND    # between two events of one transport
cdef int64_t TELL_MORE_NS = SECOND
cdef double NOTABLE = 0.10
cdef double ROOM = 1.1                           # above its demand an estimate must be that much to end pacing


cdef struct Outbound:
    Estimator estimator
    Probe probe
    Transport* next_attended
    int64_t reference            # of the last feedback, unwrapped: 64 ms
    int64_t fed_ns               # last feedback that told of something; 0: none came
    int64_t trusted_until_ns     # what it said is old then
    int64_t remb_ns
    double remb_peak_bps
    double wanted_bps            # what the control plane has use for
    double demand_bps            # what there is to be sent
    int64_t demand_since_ns
    uint64_t demand_bytes        # transport.bytes_sent then, less padding
    uint64_t padding_bytes       # of probes
    double event_bps             # last told, and when
    int64_t event_ns
    int64_t budget               # bytes that may leave at once; below 0: a debt
    int64_t budget_ns
    uint16_t told                # highest number that feedback has told of
    uint8_t has_told
    uint8_t feedback_count
    uint8_t attended
    uint8_t event_queued
    uint8_t followed             # somebody wants events


cdef bint open_outbound(Transport* transport) noexcept nogil:
    """With the first numbered packet, REMB or wish; False without memory."""
    if transport.outbound == NULL:
        transport.outbound = <Outbound*>calloc(1, sizeof(Outbound))
        if transport.outbound == NULL:
            return False
        open_estimator(&transport.outbound.estimator)
    return True


cdef void close_outbound(Core* core, Transport* transport) noexcept nogil:
    if transport.outbound != NULL and transport.outbound.attended:
        transport.paced = 0
        forget_attended(core, transport)
    free(transport.outbound)
    free(transport.sent)
    transport.outbound = NULL
    transport.sent = NULL


cdef double available_bps(const Transport* transport, int64_t now) noexcept nogil:
    """The estimate; of one that sends no transport-wide feedback what its last REMB said; 0: unknown."""
    if transport.outbound == NULL:
        return 0
    if transport.outbound.estimator.bps > 0:
        return estimated_bps(&transport.outbound.estimator)
    if transport.outbound.remb_ns and now - transport.outbound.remb_ns < REMB_FORGOTTEN_NS:
        return transport.remote_remb_bps
    return 0


cdef void take_remb(Core* core, Transport* transport, double bps, int64_t now) noexcept nogil:
    """draft-alvestrand-rmcat-remb-03. It is the estimate where nothing better comes."""
    cdef Outbound* outbound
    transport.remote_remb_bps = bps
    if transport.consumers == NULL or not open_outbound(transport):
        return
    outbound = transport.outbound
    outbound.remb_ns = now
    outbound.remb_peak_bps = max(outbound.remb_peak_bps, bps)
    if outbound.estimator.bps <= 0:
        take_stock(core, transport, now)


cdef void take_stock(Core* core, Transport* transport, int64_t now) noexcept nogil:
    """After each news of the link: is this viewer limited, is there something to tell or to try?"""
    cdef double bps
    if transport.outbound.probe.state == PROBE_WAITS:
        judge_probe(transport.outbound, now)
    bps = available_bps(transport, now)
    note_demand(transport, now)
    if is_limited(transport, bps, now):
        attend(core, transport)
        if not transport.paced:
            open_pacer(transport, now)
            if now - transport.outbound.event_ns >= TELL_LESS_NS:
                transport.outbound.event_bps = 0     # told in any case: layers are to be chosen
    elif transport.paced:
        transport.paced = 0
    tell_bandwidth(core, transport, bps, now)
    consider_probe(core, transport, bps, now)


cdef void note_demand(Transport* transport, int64_t now) noexcept nogil:
    """What there is to be sent, in bit/s. What waits or was given up shows in no figure, so it does not lower it."""
    cdef Outbound* outbound = transport.outbound
    cdef uint64_t bytes = transport.bytes_sent - outbound.padding_bytes
    cdef int64_t span = now - outbound.demand_since_ns
    cdef double rate
    if outbound.demand_since_ns and span < DEMAND_NS:
        return
    rate = (bytes - outbound.demand_bytes) * 8e9 / span if outbound.demand_since_ns else 0
    outbound.demand_since_ns = now
    outbound.demand_bytes = bytes
    if rate >= outbound.demand_bps:
        outbound.demand_bps = rate
    elif not transport.paced or not (is_behind(transport) or is_given_up(transport)):
        outbound.demand_bps += (rate - outbound.demand_bps) / 4


cdef bint is_limited(const Transport* transport, double bps, int64_t now) noexcept nogil:
    """Less than its demand; and something has shown a limit: an estimate that only has not grown yet is none."""
    cdef const Outbound* outbound = transport.outbound
    cdef double demand = outbound.demand_bps * (ROOM if transport.paced else 1.0)
    if outbound.estimator.bps > 0:
        return outbound.estimator.decreases > 0 and bps < demand and now < outbound.trusted_until_ns
    return 0 < bps < demand and bps < outbound.remb_peak_bps * 0.9 and now - outbound.remb_ns < REMB_SILENT_NS


cdef void keep_trust(Transport* transport, int64_t now) noexcept nogil:
    """Who was sent nothing, as after falling behind, could not answer: what was known stays known for a while."""
    cdef Outbound* outbound = transport.outbound
    cdef uint32_t last
    if transport.sent == NULL or now - outbound.fed_ns > FEEDBACK_FORGOTTEN_NS:
        return
    last = transport.sent[transport.noted & ((1 << transport.sent_bits) - 1)]
    if now - sent_at(last, now) > RESTING_NS:
        outbound.trusted_until_ns = now + FEEDBACK_SILENT_NS


cdef void tell_bandwidth(Core* core, Transport* transport, double bps, int64_t now) noexcept nogil:
    """An event when the estimate has changed by a tenth: less soon, more not more than once a second."""
    cdef Outbound* outbound = transport.outbound
    cdef double change = bps - outbound.event_bps
    if not outbound.followed or outbound.event_queued or bps <= 0 or core.event_count >= EVENT_RING - EVENT_RESERVE:
        return
    if -NOTABLE * outbound.event_bps < change < NOTABLE * outbound.event_bps:
        return
    if outbound.event_bps > 0 and now - outbound.event_ns < (TELL_LESS_NS if change < 0 else TELL_MORE_NS):
        return
    outbound.event_bps = bps
    outbound.event_ns = now
    outbound.event_queued = emit(core, ON_BANDWIDTH, transport.id, NULL, 0) == 0


cdef void attend(Core* core, Transport* transport) noexcept nogil:
    """Gives the transport turns of 5 ms, for pacing or a probe."""
    if transport.outbound.attended:
        return
    transport.outbound.attended = 1
    transport.outbound.next_attended = core.attended
    core.attended = transport


cdef void forget_attended(Core* core, Transport* transport) noexcept nogil:
    cdef Transport** at = &core.attended
    while at[0] != NULL:
        if at[0] == transport:
            at[0] = transport.outbound.next_attended
            transport.outbound.attended = 0
            return
        at = &at[0].outbound.next_attended


cdef void tick_attended(Core* core, int64_t now) noexcept nogil:
    """The fast turn of those who are paced or probed; who is neither any more has no more of them."""
    cdef Transport* transport = core.attended
    cdef Transport* following
    while transport != NULL:
        following = transport.outbound.next_attended
        if transport.paced:
            keep_trust(transport, now)
            if is_limited(transport, available_bps(transport, now), now):
                pace(core, transport, now)
            else:
                transport.paced = 0              # no news: what it was paced by may be untrue
        if transport.outbound.probe.state == PROBE_SENDS:
            send_probe(core, transport, now)
        if not transport.paced and transport.outbound.probe.state != PROBE_SENDS:
            forget_attended(core, transport)
        transport = following
