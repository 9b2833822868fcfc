# How much a viewer's link carries: Google Congestion Control for the sender (draft-ietf-rmcat-gcc-02), fed by feedback.
#
# Each packet told of goes into estimate_packet, what the whole feedback means into estimate_update. Time is an argument.

cdef int64_t GROUP_NS = 5 * MILLISECOND          # sent together: one burst of a pacer (draft section 5.2)
cdef int64_t GROUP_MOST_NS = 100 * MILLISECOND   # and no longer than this at the receiver
cdef int64_t PAUSE_NS = 2 * SECOND               # without packets; delays before say nothing about those after
cdef int64_t CLOCK_JUMP_NS = 3 * SECOND
cdef int64_t ACKED_FIRST_NS = 250 * MILLISECOND  # windows of the acknowledged bitrate
cdef int64_t ACKED_NS = 150 * MILLISECOND
cdef int64_t LOSS_INTERVAL_NS = 250 * MILLISECOND
cdef int64_t LOSS_SETTLE_NS = 300 * MILLISECOND  # and a round trip: until a smaller rate can have shown
cdef int64_t DEFAULT_RESPONSE_NS = 200 * MILLISECOND

cdef int64_t QUEUE_SHORT_NS = 100 * MILLISECOND  # shorter ones are left to the trend
cdef int64_t QUEUE_LONG_NS = 200 * MILLISECOND   # so much beyond it counts in full
cdef int64_t EMPTY_NS = 10 * SECOND              # the least delay of this and the span before is that of an empty queue
cdef double DRAIN = 0.5                          # of the estimate is kept free for a long queue to empty
cdef double START_BPS = 1e6
cdef double LEAST_BPS = 50e3
cdef double MOST_BPS = 200e6
cdef double DECREASE = 0.85                      # draft section 5.5: beta
cdef double INCREASE_PER_S = 1.08                # eta
cdef double SENT_SHARE = 1.5                     # never beyond this part of what arrived: more was not tried
cdef double SENT_EXTRA_BPS = 10e3
cdef double LOSS_LITTLE = 0.02                   # draft section 6
cdef double LOSS_MUCH = 0.10
cdef double PACKET_BITS = 1200 * 8

cdef enum:
    LOSS_PACKETS = 20            # too few tell nothing of a share
    RATE_HOLDS = 0
    RATE_GROWS = 1


cdef struct Estimator:
    double bps                   # what delays allow; 0: nothing is known
    double loss_bps              # what losses allow; 0: anything
    double acked_bps             # what arrives; 0: unknown
    double window_bps            # of the last window alone
    double peak_bps              # what arrived when it was too much, smoothed; 0: unknown
    double peak_spread           # its variance, over itself
    int64_t updated_ns
    int64_t decreased_ns
    int64_t loss_decreased_ns
    int64_t loss_since_ns
    int64_t rtt_ns               # smoothed; 0: unknown
    int64_t last_rtt_ns          # of the last feedback, a queue on the way included
    int64_t group_first_sent
    int64_t group_sent           # of its last packet; 0: no group
    int64_t group_first_arrived
    int64_t group_arrived
    int64_t before_sent          # of the group before; 0: none
    int64_t before_arrived
    int64_t queue_ns             # how much later than through an empty queue the last group came
    int64_t least_ns             # arrival less sending: the least of this span and of the one before; other clocks
    int64_t least_before_ns
    int64_t least_since          # arrival; 0: no span
    int64_t acked_since          # arrival that opened the window of acked_bytes
    int64_t acked_bytes
    uint32_t expected            # since the last look at losses
    uint32_t lost
    uint32_t decreases
    float fraction_lost
    uint8_t state
    Trend trend


cdef void open_estimator(Estimator* estimator) noexcept nogil:
    memset(estimator, 0, sizeof(Estimator))
    trend_reset(&estimator.trend)


cdef inline double estimated_bps(const Estimator* estimator) noexcept nogil:
    """The result: what both delays and losses allow, less while a long queue is to empty; 0: nothing is known yet."""
    cdef double bps = estimator.bps
    if estimator.loss_bps > 0:
        bps = min(bps, estimator.loss_bps)
    if estimator.queue_ns > QUEUE_SHORT_NS:
        bps *= 1 - min((estimator.queue_ns - QUEUE_SHORT_NS) / <double>QUEUE_LONG_NS, 1.0) * DRAIN
    return bps


cdef inline void estimate_packet(Estimator* estimator, int64_t sent, int64_t arrived, int size) noexcept nogil:
    """A packet of `size` bytes arrived, by the viewer's clock; in the order of sending."""
    count_acked(estimator, arrived, size)
    if estimator.group_sent == 0:
        open_group(estimator, sent, arrived)
    elif sent - estimator.group_sent > PAUSE_NS or is_jump(estimator, sent, arrived):
        trend_reset(&estimator.trend)
        estimator.before_sent = estimator.least_since = 0
        open_group(estimator, sent, arrived)
    elif sent < estimator.group_first_sent:
        return                                   # told late: its group has been judged
    elif belongs(estimator, sent, arrived):
        estimator.group_sent = max(estimator.group_sent, sent)
        estimator.group_arrived = max(estimator.group_arrived, arrived)
    else:
        close_group(estimator)
        open_group(estimator, sent, arrived)


cdef inline void open_group(Estimator* estimator, int64_t sent, int64_t arrived) noexcept nogil:
    estimator.group_first_sent = estimator.group_sent = sent
    estimator.group_first_arrived = estimator.group_arrived = arrived


cdef inline bint is_jump(const Estimator* estimator, int64_t sent, int64_t arrived) noexcept nogil:
    cdef int64_t gap = (arrived - estimator.group_arrived) - (sent - estimator.group_sent)
    return gap > CLOCK_JUMP_NS or gap < -CLOCK_JUMP_NS


cdef inline bint belongs(const Estimator* estimator, int64_t sent, int64_t arrived) noexcept nogil:
    """Sent in one burst; or it caught up with the packet before it, as behind a link that sends in bursts of its own."""
    cdef int64_t later = arrived - estimator.group_arrived
    if sent - estimator.group_first_sent <= GROUP_NS:
        return True
    return later <= GROUP_NS and later < sent - estimator.group_sent \
        and arrived - estimator.group_first_arrived < GROUP_MOST_NS


cdef void close_group(Estimator* estimator) noexcept nogil:
    if estimator.before_sent and estimator.group_arrived >= estimator.before_arrived:
        trend_add(&estimator.trend, (estimator.group_sent - estimator.before_sent) / <float>1e6,
                  (estimator.group_arrived - estimator.before_arrived) / <float>1e6,
                  <int32_t>(estimator.group_arrived // FEEDBACK_TICK_NS))
    measure_queue(estimator, estimator.group_arrived - estimator.group_sent)
    estimator.before_sent = estimator.group_sent
    estimator.before_arrived = estimator.group_arrived


cdef void measure_queue(Estimator* estimator, int64_t delay) noexcept nogil:
    if estimator.least_since == 0:
        estimator.least_before_ns = estimator.least_ns = delay
        estimator.least_since = estimator.group_arrived
    elif estimator.group_arrived - estimator.least_since > EMPTY_NS:
        estimator.least_before_ns = estimator.least_ns
        estimator.least_ns = delay
        estimator.least_since = estimator.group_arrived
    estimator.least_ns = min(estimator.least_ns, delay)
    estimator.queue_ns = delay - min(estimator.least_ns, estimator.least_before_ns)


cdef inline void count_acked(Estimator* estimator, int64_t arrived, int size) noexcept nogil:
    cdef int64_t span = arrived - estimator.acked_since
    cdef double rate
    if estimator.acked_since == 0 or span < -SECOND or span > PAUSE_NS:
        estimator.acked_since = arrived
        estimator.acked_bytes = 0
    elif span >= (ACKED_NS if estimator.acked_bps > 0 else ACKED_FIRST_NS):
        rate = estimator.acked_bytes * 8e9 / span
        estimator.window_bps = rate
        estimator.acked_bps = (estimator.acked_bps + rate) / 2 if estimator.acked_bps > 0 else rate
        estimator.acked_since = arrived
        estimator.acked_bytes = 0
    estimator.acked_bytes += size


cdef void estimate_update(Estimator* estimator, int expected, int lost, int64_t now) noexcept nogil:
    """The end of one feedback, which told of `expected` packets for the first time, `lost` of which had not arrived."""
    if estimator.bps <= 0:
        estimator.bps = START_BPS
        estimator.updated_ns = estimator.loss_since_ns = now
    estimator.expected += expected
    estimator.lost = <uint32_t>max(<int64_t>estimator.lost + lost, 0)        # `lost` < 0: some came after all
    weigh_losses(estimator, now)
    if estimator.trend.signal == SIGNAL_OVER:
        decrease(estimator, now)
        estimator.state = RATE_HOLDS
    elif estimator.trend.signal == SIGNAL_UNDER:
        estimator.state = RATE_HOLDS             # the queue empties: let it
    elif estimator.state == RATE_HOLDS:
        estimator.state = RATE_GROWS
    else:
        increase(estimator, now)
    estimator.bps = max(LEAST_BPS, min(estimator.bps, MOST_BPS))
    estimator.updated_ns = now


cdef int64_t response_ns(const Estimator* estimator) noexcept nogil:
    """Until a change of rate shows in feedback: a round trip, and the time in which the trend is judged."""
    return estimator.rtt_ns + 100 * MILLISECOND if estimator.rtt_ns else DEFAULT_RESPONSE_NS


cdef void decrease(Estimator* estimator, int64_t now) noexcept nogil:
    """To a part of what arrives, which is what the link carries while its queue grows; once per response at most."""
    cdef double arrives = estimator.acked_bps if estimator.acked_bps > 0 else estimator.bps
    if 0 < estimator.window_bps < arrives / 2:   # it fell at once: the smoothed rate has not followed yet
        arrives = estimator.window_bps
    if now - estimator.decreased_ns < response_ns(estimator) and estimator.decreased_ns \
            and arrives > estimator.bps / 2:
        return
    note_peak(estimator, arrives)
    estimator.bps = min(estimator.bps, arrives * DECREASE)
    estimator.decreased_ns = now
    estimator.decreases += 1


cdef void note_peak(Estimator* estimator, double arrives) noexcept nogil:
    """Where the link's capacity lies, as far as overuse has shown it; far off from before, it is another link."""
    cdef double off = arrives - estimator.peak_bps
    if estimator.peak_bps <= 0 or off * off > 9 * estimator.peak_spread * estimator.peak_bps:
        estimator.peak_bps = arrives
        estimator.peak_spread = arrives * 0.01   # 10 % standard deviation
        return
    estimator.peak_bps += 0.05 * off
    estimator.peak_spread = max(0.95 * estimator.peak_spread + 0.05 * off * off / estimator.peak_bps,
                                estimator.peak_bps * 0.0016)


cdef bint near_peak(Estimator* estimator) noexcept nogil:
    """Close to what was too much before; who is far beyond it has shown that the link carries more now."""
    cdef double off = estimator.bps - estimator.peak_bps
    cdef bint close
    if estimator.peak_bps <= 0:
        return False
    close = off * off <= 9 * estimator.peak_spread * estimator.peak_bps
    if off > 0 and not close:
        estimator.peak_bps = 0
    return close


cdef void increase(Estimator* estimator, int64_t now) noexcept nogil:
    """By 8 % a second, near the last overuse by about a packet per response; at most to what arrives and half of it more.

    Until something has ever been too much, what arrives is carried, so it is the least that the link can do.
    """
    cdef double seconds = min(now - estimator.updated_ns, SECOND) / 1e9
    cdef double most
    cdef double grown
    if near_peak(estimator):
        grown = estimator.bps + max(PACKET_BITS * 1e9 / response_ns(estimator), 4e3) * seconds
    else:
        grown = estimator.bps * (1 + (INCREASE_PER_S - 1) * seconds) + 1e3 * seconds
    if estimator.acked_bps > 0:
        most = SENT_SHARE * estimator.acked_bps + SENT_EXTRA_BPS
        if grown > most:
            grown = max(most, estimator.bps)
        if estimator.decreases == 0 and grown < estimator.acked_bps:
            grown = estimator.acked_bps
    estimator.bps = grown


cdef void weigh_losses(Estimator* estimator, int64_t now) noexcept nogil:
    """Over a tenth lost lowers the bound by half of that share, under a fiftieth lifts it by 8 % a second.

    A tenth for certain (two deviations): of few packets chance alone takes more than that now and then. The bound never falls below what arrives less a part: losses that a smaller rate does not mend are not the rate's.
    """
    cdef double before = estimator.loss_bps if estimator.loss_bps > 0 else estimator.bps
    cdef double lost, surely, seconds = (now - estimator.loss_since_ns) / 1e9
    if estimator.expected < LOSS_PACKETS or now - estimator.loss_since_ns < LOSS_INTERVAL_NS:
        return
    lost = <double>min(estimator.lost, estimator.expected) / estimator.expected
    surely = lost - 2 * sqrt(<double>estimator.lost) / estimator.expected
    estimator.fraction_lost = <float>lost
    estimator.expected = estimator.lost = 0
    estimator.loss_since_ns = now
    if surely > LOSS_MUCH:
        if now - estimator.loss_decreased_ns < LOSS_SETTLE_NS + estimator.rtt_ns and estimator.loss_decreased_ns:
            return
        estimator.loss_decreased_ns = now
        estimator.decreases += 1
        estimator.loss_bps = max(LEAST_BPS, min(before, max(min(before, estimator.bps) * (1 - 0.5 * lost),
                                                            estimator.acked_bps * DECREASE)))
    elif lost < LOSS_LITTLE and estimator.loss_bps > 0:
        estimator.loss_bps *= 1 + (INCREASE_PER_S - 1) * min(seconds, 1.0)
        if estimator.loss_bps > estimator.bps * SENT_SHARE:
            estimator.loss_bps = 0               # it binds nothing any more


cdef void estimate_probed(Estimator* estimator, double bps) noexcept nogil:
    """A probe arrived at this rate: the link carries it, whatever was thought before."""
    if bps <= estimated_bps(estimator) or estimator.trend.signal == SIGNAL_OVER:
        return
    estimator.bps = min(bps, MOST_BPS)
    if estimator.loss_bps > 0 and estimator.loss_bps < bps:
        estimator.loss_bps = bps
    if estimator.peak_bps > 0 and estimator.bps > estimator.peak_bps:
        near_peak(estimator)                     # forgets a peak far below


cdef void estimate_rtt(Estimator* estimator, int64_t sample) noexcept nogil:
    if sample <= 0 or sample > 10 * SECOND:
        return
    estimator.last_rtt_ns = sample
    estimator.rtt_ns = sample if estimator.rtt_ns == 0 else estimator.rtt_ns + (sample - estimator.rtt_ns) // 8
