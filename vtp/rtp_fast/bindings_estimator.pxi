# The estimator's Python face, for tests, and its figures for the control plane.


cdef dict bandwidth_figures(Transport* transport, int64_t now):
    """What is known of the link to a viewer; zeros where nothing is."""
    cdef Outbound* outbound = transport.outbound
    cdef Estimator* estimator
    figures = {
        "available_bps": int(available_bps(transport, now)), "acked_bps": 0, "demand_bps": 0, "rtt_ms": 0.0,
        "queue_ms": 0.0, "fraction_lost": 0.0, "paced": bool(transport.paced), "waiting_ms": 0.0, "probing": False,
    }
    if outbound == NULL:
        return figures
    estimator = &outbound.estimator
    figures.update(
        acked_bps=int(estimator.acked_bps), demand_bps=int(outbound.demand_bps), rtt_ms=estimator.rtt_ns / 1e6,
        queue_ms=max(estimator.queue_ns, 0) / 1e6, fraction_lost=estimator.fraction_lost,
        waiting_ms=waiting_ns(transport, now) / 1e6,
        probing=outbound.probe.state != PROBE_IDLE,
    )
    return figures


cdef int64_t waiting_ns(Transport* transport, int64_t now) noexcept nogil:
    """How long the oldest packet has waited at the pacer."""
    cdef Consumer* consumer = transport.consumers
    cdef int64_t longest = 0
    while transport.paced and consumer != NULL:
        if consumer.state == STATE_REPLAY:
            longest = max(longest, lag_ns(consumer, now))
        consumer = consumer.next
    return longest


cdef class BandwidthEstimator:
    """The estimator of one link, with the clock as an argument: packets that arrived, then `update` for each feedback."""

    cdef Estimator estimator

    def __cinit__(self):
        open_estimator(&self.estimator)

    def packet(self, int64_t sent_ns, int64_t arrived_ns, int size) -> None:
        """A packet of `size` bytes that was sent at `sent_ns` arrived at `arrived_ns` of the receiver's clock."""
        estimate_packet(&self.estimator, sent_ns, arrived_ns, size)

    def update(self, int64_t now_ns, *, int expected=0, int lost=0, int64_t rtt_ns=0) -> int:
        """The end of a feedback that told of `expected` packets, `lost` of them missing. Returns the estimate, bit/s."""
        estimate_rtt(&self.estimator, rtt_ns)
        estimate_update(&self.estimator, expected, lost, now_ns)
        return int(estimated_bps(&self.estimator))

    def probed(self, double bps) -> None:
        """A probe arrived at this rate."""
        estimate_probed(&self.estimator, bps)

    @property
    def bps(self) -> int:
        """What the link carries; 0: unknown."""
        return int(estimated_bps(&self.estimator))

    @property
    def acked_bps(self) -> int:
        """What arrives; 0: unknown."""
        return int(self.estimator.acked_bps)

    @property
    def queue_ms(self) -> float:
        """How long packets wait in the queue of the link."""
        return self.estimator.queue_ns / 1e6

    @property
    def signal(self) -> str:
        """"normal", "over" while the queue grows, "under" while it empties."""
        return ("normal", "over", "under")[self.estimator.trend.signal]

    @property
    def threshold_ms(self) -> float:
        """That of the trend, which adapts."""
        return self.estimator.trend.threshold_ms
