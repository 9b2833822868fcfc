# One direction of a link as a model: no devices, no sockets, no clock of its own. Times are nanoseconds.

cdef struct Planned:             # a change that comes by itself
    int64_t at_ns
    Figures figures


cdef struct LinkState:
    Random random
    Ring queue                   # before the bottleneck; its head is being sent
    Heap flight
    Pool* pool                   # NULL: the caller keeps the packets
    Planned* planned             # by time
    int planned_count, planned_next
    uint64_t order
    int64_t now_ns, last_due_ns, queued_bytes
    double head_left_bits
    bint bad_state
    double rate_bps, loss_good, loss_bad, to_bad, to_good, duplicate, reorder
    int64_t delay_ns, jitter_ns, reorder_ns, queue_ns, queue_bytes_max
    uint64_t pushed, popped, lost, queue_dropped, duplicated, reordered


cdef int link_open(LinkState* link, uint64_t seed, Pool* pool) noexcept nogil:
    """0, or -1 when memory ends; `link_close` follows in either case."""
    memset(link, 0, sizeof(LinkState))
    link.pool = pool
    link.queue.capacity = link.flight.capacity = 256
    link.queue.items = <Waiting*>malloc(link.queue.capacity * sizeof(Waiting))
    link.flight.items = <Flying*>malloc(link.flight.capacity * sizeof(Flying))
    random_seed(&link.random, seed)
    link.to_good = 1.0
    link.queue_bytes_max = INT64_MAX
    link.queue_ns = INT64_MAX
    link.reorder_ns = 10_000_000
    return -1 if link.queue.items == NULL or link.flight.items == NULL else 0


cdef void link_close(LinkState* link) noexcept nogil:
    free(link.queue.items)
    free(link.flight.items)
    free(link.planned)
    link.queue.items = NULL
    link.flight.items = NULL
    link.planned = NULL


cdef int link_plan(LinkState* link, int64_t at_ns, const Figures* figures) noexcept nogil:
    """Puts a change on the timetable, behind those of the same time. 0, or -1 when memory ends."""
    cdef int at = link.planned_count
    cdef Planned* grown = <Planned*>realloc(link.planned, (link.planned_count + 1) * sizeof(Planned))
    if grown == NULL:
        return -1
    link.planned = grown
    while at > link.planned_next and grown[at - 1].at_ns > at_ns:
        grown[at] = grown[at - 1]
        at -= 1
    grown[at].at_ns = at_ns
    grown[at].figures = figures[0]
    link.planned_count += 1
    return 0


cdef void link_configure(LinkState* link, int64_t now_ns, const Figures* figures) noexcept nogil:
    """Changes the link from `now_ns` on; the packet that is being sent goes on at the new rate."""
    link_advance(link, now_ns)
    link_apply(link, figures)
    link_serve(link, link.now_ns)          # a bottleneck that was taken away lets all go


cdef void link_apply(LinkState* link, const Figures* figures) noexcept nogil:
    cdef int given = figures.given
    if given & GIVEN_DELAY:
        link.delay_ns = figures.delay_ns
    if given & GIVEN_JITTER:
        link.jitter_ns = figures.jitter_ns
    if given & GIVEN_REORDER_DELAY:
        link.reorder_ns = figures.reorder_ns
    if given & GIVEN_QUEUE_NS:
        link.queue_ns = figures.queue_ns
    if given & GIVEN_QUEUE_BYTES:
        link.queue_bytes_max = figures.queue_bytes
    if given & GIVEN_RATE:
        link.rate_bps = figures.rate_bps
    if given & GIVEN_DUPLICATE:
        link.duplicate = figures.duplicate
    if given & GIVEN_REORDER:
        link.reorder = figures.reorder
    if given & GIVEN_LOSS:
        link.loss_good, link.loss_bad = figures.loss_good, figures.loss_bad
        link.to_bad, link.to_good = figures.to_bad, figures.to_good
        if figures.to_bad == 0:
            link.bad_state = False


cdef int link_push(LinkState* link, int64_t now_ns, int64_t packet_id, int32_t size) noexcept nogil:
    """1: taken, 0: the queue was full, -1: no memory. The pool has it back unless it was taken."""
    cdef Waiting item
    link_advance(link, now_ns)
    link.pushed += 1
    item.packet_id = packet_id
    item.size = size
    if link.rate_bps <= 0 and link.queue.count == 0:
        return link_launch(link, item, link.now_ns)
    if link.queue.count > 0 and link_is_full(link, size):
        link.queue_dropped += 1
        pool_give(link.pool, packet_id)
        return 0
    if ring_push(&link.queue, item) < 0:
        pool_give(link.pool, packet_id)
        return -1
    link.queued_bytes += size
    if link.queue.count == 1:
        link.head_left_bits = size * 8.0
    return 1


cdef bint link_is_full(LinkState* link, int32_t size) noexcept nogil:
    cdef double after = <double>(link.queued_bytes + size)
    if after > <double>link.queue_bytes_max:
        return True
    return link.queue_ns != INT64_MAX and after * 8e9 / link.rate_bps > <double>link.queue_ns


cdef void link_advance(LinkState* link, int64_t now_ns) noexcept nogil:
    """Lives through the time up to `now_ns`, planned changes included. A time that has been before is now."""
    cdef Planned* change
    while link.planned_next < link.planned_count and link.planned[link.planned_next].at_ns <= now_ns:
        change = &link.planned[link.planned_next]
        link_serve(link, change.at_ns)
        link_apply(link, &change.figures)
        link_serve(link, link.now_ns)
        link.planned_next += 1
    link_serve(link, now_ns)


cdef void link_serve(LinkState* link, int64_t now_ns) noexcept nogil:
    """Serves the queue up to `now_ns` at the current rate."""
    cdef int64_t needed_ns, at_ns = link.now_ns
    cdef Waiting item
    if now_ns < link.now_ns:
        return
    while link.queue.count > 0:
        needed_ns = head_needs_ns(link)
        if needed_ns > now_ns - at_ns:
            link.head_left_bits -= <double>(now_ns - at_ns) * link.rate_bps / 1e9
            break
        at_ns += needed_ns
        item = ring_pop(&link.queue)
        link.queued_bytes -= item.size
        if link.queue.count > 0:
            link.head_left_bits = link.queue.items[link.queue.head].size * 8.0
        link_launch(link, item, at_ns)
    link.now_ns = now_ns


cdef int64_t head_needs_ns(LinkState* link) noexcept nogil:
    """How long the packet at the head of the queue still takes; nothing when the bottleneck was taken away."""
    if link.rate_bps <= 0 or link.head_left_bits <= 0:
        return 0
    return <int64_t>(link.head_left_bits * 1e9 / link.rate_bps + 0.999)


cdef int link_launch(LinkState* link, Waiting item, int64_t sent_ns) noexcept nogil:
    """Past the bottleneck: lose it, or put it (perhaps twice) into flight. 1, or -1 when memory ends."""
    if link_loses(link):
        link.lost += 1
        pool_give(link.pool, item.packet_id)
        return 1
    if link.duplicate > 0 and random_unit(&link.random) < link.duplicate:
        link.duplicated += 1
        pool_share(link.pool, item.packet_id)
        if link_fly(link, item, sent_ns) < 0:
            pool_give(link.pool, item.packet_id)
            return -1
    return link_fly(link, item, sent_ns)


cdef bint link_loses(LinkState* link) noexcept nogil:
    """One step of the chain, then the loss of the state it is in (Gilbert 1960, Elliott 1963)."""
    cdef double loss
    if link.bad_state:
        if random_unit(&link.random) < link.to_good:
            link.bad_state = False
    elif link.to_bad > 0 and random_unit(&link.random) < link.to_bad:
        link.bad_state = True
    loss = link.loss_bad if link.bad_state else link.loss_good
    return loss > 0 and random_unit(&link.random) < loss


cdef int link_fly(LinkState* link, Waiting item, int64_t sent_ns) noexcept nogil:
    """1, or -1 when memory ends: the pool has the packet back then."""
    cdef Flying flying
    cdef int64_t delay_ns = link.delay_ns
    if link.jitter_ns > 0:
        delay_ns += <int64_t>(random_normal(&link.random) * <double>link.jitter_ns)
    flying.due_ns = sent_ns + (delay_ns if delay_ns > 0 else 0)
    if flying.due_ns < link.last_due_ns:
        flying.due_ns = link.last_due_ns
    if link.reorder > 0 and random_unit(&link.random) < link.reorder:
        link.reordered += 1
        flying.due_ns += link.reorder_ns
    else:
        link.last_due_ns = flying.due_ns
    flying.order = link.order
    flying.packet_id = item.packet_id
    link.order += 1
    if heap_push(&link.flight, flying) == 0:
        return 1
    pool_give(link.pool, item.packet_id)
    return -1


cdef int64_t link_pop(LinkState* link, int64_t now_ns, int64_t* due_ns) noexcept nogil:
    """The next packet that has arrived by `now_ns`, and when it was to; -1: none."""
    link_advance(link, now_ns)
    if link.flight.count == 0 or link.flight.items[0].due_ns > now_ns:
        return -1
    link.popped += 1
    due_ns[0] = link.flight.items[0].due_ns
    return heap_pop(&link.flight).packet_id


cdef int64_t link_next_ns(LinkState* link) noexcept nogil:
    """When there is something to do next; INT64_MAX: never."""
    cdef int64_t at = INT64_MAX
    if link.flight.count > 0:
        at = link.flight.items[0].due_ns
    if link.queue.count > 0 and link.now_ns + head_needs_ns(link) < at:
        at = link.now_ns + head_needs_ns(link)
    if link.queue.count > 0 and link.planned_next < link.planned_count:
        if link.planned[link.planned_next].at_ns < at:
            at = link.planned[link.planned_next].at_ns
    return at


cdef dict link_dict(LinkState* link):
    """What became of its packets."""
    return {"pushed": link.pushed, "popped": link.popped, "lost": link.lost, "queue_dropped": link.queue_dropped,
            "duplicated": link.duplicated, "reordered": link.reordered, "waiting_bytes": link.queued_bytes,
            "under_way": link.flight.count + link.queue.count}
