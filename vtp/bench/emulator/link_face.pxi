# The model for Python: the unit tier and the relay move numbers of packets through it.

cdef class Link:
    """One direction of a link: `push` packet ids in, `pop` them out when their time has come.

    A packet meets, in this order: a bounded queue before a bottleneck (drop-tail; the packet that is being sent counts),
    the bottleneck's rate, loss (random, or Gilbert and Elliott's two states), duplication, then delay. Jitter is the
    deviation of a normal distribution around the delay, drawn for each packet; a packet never overtakes the one before
    it, so jitter much longer than the time between packets lengthens the delay too. Only `reorder` lets packets be
    overtaken: those are held back by `reorder_ms` more.

    Times are nanoseconds of any clock that does not go back; sizes are bytes. A packet id is any number >= 0 of the
    caller's: a duplicated packet gives its id twice, a lost one never. One seed is one run.
    """

    cdef LinkState state

    def __cinit__(self, uint64_t seed, **model):
        if link_open(&self.state, seed, NULL) < 0:
            raise MemoryError("No memory for the link's queues.")
        self.configure(0, **model)

    def __dealloc__(self):
        link_close(&self.state)

    def configure(self, int64_t now_ns, **model):
        """Changes the link from `now_ns` on; what is not named stays as it was.

        `delay_ms` one way; `jitter_ms`; `loss` a probability for each packet alone; `burst_loss` = (good to bad,
        bad to good, loss in good, loss in bad) is the Gilbert and Elliott chain, one step per packet; `duplicate`
        and `reorder` probabilities; `reorder_ms` how long a reordered packet is held back (10); `rate_bps` of the
        bottleneck, 0 for none; `queue_bytes` and `queue_ms` (at the current rate) bound the queue before it. What
        waits in the queue is served at the new rate; a smaller bound is for newcomers. Raises ValueError for a
        figure out of range.
        """
        cdef Figures figures
        read_figures(&figures, model)
        link_configure(&self.state, now_ns, &figures)

    def plan(self, int64_t at_ns, **model):
        """The same change later, by itself. Raises ValueError for a time that is over, or a figure out of range."""
        cdef Figures figures
        read_figures(&figures, model)
        if at_ns < self.state.now_ns:
            raise ValueError("A change is planned for later: its time is over.")
        if link_plan(&self.state, at_ns, &figures) < 0:
            raise MemoryError("No memory for one more planned change.")

    def push(self, int64_t now_ns, int64_t packet_id, int32_t size) -> bool:
        """Offers a packet; False when the queue was full. Raises ValueError for an id or a size that is none."""
        if packet_id < 0 or not 0 <= size <= MAX_PACKET_BYTES:
            raise ValueError(f"A packet id is not negative, and a size is 0 to {MAX_PACKET_BYTES}.")
        cdef int taken = link_push(&self.state, now_ns, packet_id, size)
        if taken < 0:
            raise MemoryError("No memory for one more packet on the link.")
        return taken == 1

    def pop(self, int64_t now_ns) -> int:
        """The next packet that has arrived by `now_ns`, or -1."""
        cdef int64_t due_ns
        return link_pop(&self.state, now_ns, &due_ns)

    def next_ns(self) -> int:
        """When to call `pop` again (it may still give -1: the queue moved, or the packet was lost); -1: never."""
        cdef int64_t at = link_next_ns(&self.state)
        return -1 if at == INT64_MAX else at

    @property
    def waiting_bytes(self) -> int:
        """Bytes in the queue before the bottleneck."""
        return self.state.queued_bytes

    @property
    def under_way(self) -> int:
        """Packets that are neither out nor gone."""
        return self.state.queue.count + self.state.flight.count

    @property
    def pushed(self) -> int:
        return self.state.pushed

    @property
    def popped(self) -> int:
        return self.state.popped

    @property
    def lost(self) -> int:
        return self.state.lost

    @property
    def queue_dropped(self) -> int:
        return self.state.queue_dropped

    @property
    def duplicated(self) -> int:
        return self.state.duplicated

    @property
    def reordered(self) -> int:
        return self.state.reordered
