"""One direction of a network link, as a model: no devices, no sockets, no clock of its own.

A packet meets, in this order: a bounded queue before a bottleneck (drop-tail), the bottleneck's rate, random loss
(Gilbert and Elliott's two states), duplication, then delay with jitter, which keeps the order, and reordering, which
holds single packets back. Every figure may be changed while packets are under way; what waits in the queue is then
served at the new rate. One seed is one run.
"""

from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint64_t
from libc.stdlib cimport free, malloc, realloc

include "emulator/random.pxi"
include "emulator/containers.pxi"



cdef class Link:
    """Moves packet ids through the model: `push` them in, `pop` them out when their time has come.

    Times are nanoseconds of any clock that does not go back; sizes are bytes. A packet id is any number >= 0 of the
    caller's: a duplicated packet gives its id twice, a lost one never.
    """

    cdef Random random
    cdef Ring queue
    cdef Heap flight
    cdef uint64_t order
    cdef int64_t now_ns, last_due_ns, queued_bytes
    cdef double head_left_bits
    cdef bint bad_state
    cdef double rate_bps, loss_good, loss_bad, to_bad, to_good, duplicate, reorder
    cdef int64_t delay_ns, jitter_ns, reorder_ns, queue_ns, queue_bytes_max
    cdef readonly uint64_t pushed, popped, lost, queue_dropped, duplicated, reordered

    def __cinit__(self, uint64_t seed, **model):
        self.queue.capacity = 256
        self.queue.items = <Waiting*>malloc(self.queue.capacity * sizeof(Waiting))
        self.flight.capacity = 256
        self.flight.items = <Flying*>malloc(self.flight.capacity * sizeof(Flying))
        if self.queue.items == NULL or self.flight.items == NULL:
            raise MemoryError("No memory for the link's queues.")
        random_seed(&self.random, seed)
        self.to_good = 1.0
        self.queue_bytes_max = INT64_MAX
        self.queue_ns = INT64_MAX
        self.reorder_ns = 10_000_000
        self.configure(0, **model)

    def __dealloc__(self):
        free(self.queue.items)
        free(self.flight.items)

    def configure(self, int64_t now_ns, *, delay_ms=None, jitter_ms=None, loss=None, burst_loss=None, duplicate=None,
                  reorder=None, reorder_ms=None, rate_bps=None, queue_bytes=None, queue_ms=None):
        """Changes the link from `now_ns` on; what is not named stays as it was.

        `delay_ms` one way; `jitter_ms` the deviation of a normal distribution around it, order kept; `loss` a
        probability for each packet alone; `burst_loss` = (good to bad, bad to good, loss in good, loss in bad) is the
        Gilbert and Elliott chain, one step per packet; `duplicate` and `reorder` probabilities; `reorder_ms` how long
        a reordered packet is held back (10); `rate_bps` of the bottleneck, 0 for none; `queue_bytes` and `queue_ms`
        (at the current rate) bound the queue before it. Raises ValueError for a figure out of range.
        """
        self.advance(now_ns)
        if delay_ms is not None:
            self.delay_ns = nanoseconds("delay_ms", delay_ms)
        if jitter_ms is not None:
            self.jitter_ns = nanoseconds("jitter_ms", jitter_ms)
        if reorder_ms is not None:
            self.reorder_ns = nanoseconds("reorder_ms", reorder_ms)
        if queue_ms is not None:
            self.queue_ns = nanoseconds("queue_ms", queue_ms)
        if queue_bytes is not None:
            self.queue_bytes_max = not_negative("queue_bytes", queue_bytes)
        if rate_bps is not None:
            self.rate_bps = not_negative("rate_bps", rate_bps)
        if duplicate is not None:
            self.duplicate = probability("duplicate", duplicate)
        if reorder is not None:
            self.reorder = probability("reorder", reorder)
        self.configure_loss(loss, burst_loss)
        self.advance(now_ns)

    def configure_loss(self, loss, burst_loss):
        """Sets random or bursty loss; not both, since the one is the other with equal states."""
        if loss is not None and burst_loss is not None:
            raise ValueError("Give either loss or burst_loss, not both.")
        if loss is not None:
            self.loss_good = self.loss_bad = probability("loss", loss)
            self.to_bad, self.to_good, self.bad_state = 0.0, 1.0, False
        if burst_loss is not None:
            to_bad, to_good, loss_good, loss_bad = burst_loss
            self.to_bad = probability("burst_loss[0]", to_bad)
            self.to_good = probability("burst_loss[1]", to_good)
            self.loss_good = probability("burst_loss[2]", loss_good)
            self.loss_bad = probability("burst_loss[3]", loss_bad)

    def push(self, int64_t now_ns, int64_t packet_id, int32_t size) -> bool:
        """Offers a packet; False when the queue was full. Raises ValueError for a negative id or size."""
        if packet_id < 0 or size < 0:
            raise ValueError("A packet id and a size are not negative.")
        cdef int taken = self.link_push(now_ns, packet_id, size)
        if taken < 0:
            raise MemoryError("No memory for one more packet on the link.")
        return taken == 1

    def pop(self, int64_t now_ns) -> int:
        """The next packet that has arrived by `now_ns`, or -1."""
        return self.link_pop(now_ns)

    def next_ns(self) -> int:
        """When to call `pop` again (it may still give -1: the queue moved, or the packet was lost); -1: never."""
        cdef int64_t at = self.link_next_ns()
        return -1 if at == INT64_MAX else at

    @property
    def waiting_bytes(self) -> int:
        """Bytes in the queue before the bottleneck."""
        return self.queued_bytes

    cdef int link_push(self, int64_t now_ns, int64_t packet_id, int32_t size) noexcept nogil:
        """1: taken, 0: the queue was full, -1: no memory."""
        cdef Waiting item
        self.advance(now_ns)
        self.pushed += 1
        item.packet_id = packet_id
        item.arrived_ns = self.now_ns
        item.size = size
        if self.rate_bps <= 0 and self.queue.count == 0:
            return self.launch(item, self.now_ns)
        if self.queue.count > 0 and self.is_full(size):
            self.queue_dropped += 1
            return 0
        if ring_push(&self.queue, item) < 0:
            return -1
        self.queued_bytes += size
        if self.queue.count == 1:
            self.head_left_bits = size * 8.0
        return 1

    cdef bint is_full(self, int32_t size) noexcept nogil:
        cdef double after = <double>(self.queued_bytes + size)
        if after > <double>self.queue_bytes_max:
            return True
        return self.queue_ns != INT64_MAX and after * 8e9 / self.rate_bps > <double>self.queue_ns

    cdef void advance(self, int64_t now_ns) noexcept nogil:
        """Serves the queue up to `now_ns` at the current rate."""
        cdef int64_t needed_ns, at_ns = self.now_ns
        cdef Waiting item
        if now_ns < self.now_ns:
            return
        while self.queue.count > 0:
            needed_ns = self.head_needs_ns()
            if needed_ns > now_ns - at_ns:
                self.head_left_bits -= <double>(now_ns - at_ns) * self.rate_bps / 1e9
                break
            at_ns += needed_ns
            item = ring_pop(&self.queue)
            self.queued_bytes -= item.size
            if self.queue.count > 0:
                self.head_left_bits = self.queue.items[self.queue.head].size * 8.0
            self.launch(item, at_ns)
        self.now_ns = now_ns

    cdef int64_t head_needs_ns(self) noexcept nogil:
        """How long the packet at the head of the queue still takes; nothing when the bottleneck was taken away."""
        if self.rate_bps <= 0 or self.head_left_bits <= 0:
            return 0
        return <int64_t>(self.head_left_bits * 1e9 / self.rate_bps + 0.999)

    cdef int launch(self, Waiting item, int64_t sent_ns) noexcept nogil:
        """Past the bottleneck: lose it, or put it (perhaps twice) into flight. 1, or -1 when memory ends."""
        if self.loses():
            self.lost += 1
            return 1
        if self.duplicate > 0 and random_unit(&self.random) < self.duplicate:
            self.duplicated += 1
            if self.fly(item, sent_ns) < 0:
                return -1
        return self.fly(item, sent_ns)

    cdef bint loses(self) noexcept nogil:
        """One step of the chain, then the loss of the state it is in (Gilbert 1960, Elliott 1963)."""
        cdef double loss
        if self.bad_state:
            if random_unit(&self.random) < self.to_good:
                self.bad_state = False
        elif self.to_bad > 0 and random_unit(&self.random) < self.to_bad:
            self.bad_state = True
        loss = self.loss_bad if self.bad_state else self.loss_good
        return loss > 0 and random_unit(&self.random) < loss

    cdef int fly(self, Waiting item, int64_t sent_ns) noexcept nogil:
        cdef Flying flying
        cdef int64_t delay_ns = self.delay_ns
        if self.jitter_ns > 0:
            delay_ns += <int64_t>(random_normal(&self.random) * <double>self.jitter_ns)
        flying.due_ns = sent_ns + (delay_ns if delay_ns > 0 else 0)
        if flying.due_ns < self.last_due_ns:
            flying.due_ns = self.last_due_ns
        if self.reorder > 0 and random_unit(&self.random) < self.reorder:
            self.reordered += 1
            flying.due_ns += self.reorder_ns
        else:
            self.last_due_ns = flying.due_ns
        flying.order = self.order
        flying.packet_id = item.packet_id
        self.order += 1
        return 1 if heap_push(&self.flight, flying) == 0 else -1

    cdef int64_t link_pop(self, int64_t now_ns) noexcept nogil:
        self.advance(now_ns)
        if self.flight.count == 0 or self.flight.items[0].due_ns > now_ns:
            return -1
        self.popped += 1
        return heap_pop(&self.flight).packet_id

    cdef int64_t link_next_ns(self) noexcept nogil:
        cdef int64_t at = INT64_MAX
        if self.flight.count > 0:
            at = self.flight.items[0].due_ns
        if self.queue.count > 0 and self.now_ns + self.head_needs_ns() < at:
            at = self.now_ns + self.head_needs_ns()
        return at


def nanoseconds(name, milliseconds) -> int:
    """Milliseconds >= 0 as whole nanoseconds; ValueError names the figure."""
    return int(not_negative(name, milliseconds) * 1_000_000)


def not_negative(name, value):
    """The value, or ValueError when it is below zero."""
    if value < 0:
        raise ValueError(f"{name} must not be negative, got {value}.")
    return value


def probability(name, value) -> float:
    """The value, or ValueError when it is not within 0 and 1."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be between 0 and 1, got {value}.")
    return float(value)
