# When clients want their timers run: a binary heap of their ids, so that idle ones cost nothing.

cdef enum:
    TIMER_GRID = 1 << 20         # coarse timers share wake-ups of about a millisecond


cdef inline int64_t coarse(int64_t at_ns) noexcept nogil:
    """The next time on the grid: for reports, checks and NACKs, which nobody times to the microsecond."""
    return at_ns if at_ns >= INT64_MAX - TIMER_GRID else (at_ns + TIMER_GRID - 1) & ~<int64_t>(TIMER_GRID - 1)


cdef inline void heap_put(Core* core, int32_t at, int32_t client) noexcept nogil:
    core.heap[at] = client
    core.heap_place[client] = at


cdef void heap_up(Core* core, int32_t at) noexcept nogil:
    cdef int32_t client = core.heap[at], parent
    while at > 0:
        parent = (at - 1) // 2
        if core.due[core.heap[parent]] <= core.due[client]:
            break
        heap_put(core, at, core.heap[parent])
        at = parent
    heap_put(core, at, client)


cdef void heap_down(Core* core, int32_t at) noexcept nogil:
    cdef int32_t client = core.heap[at], child
    while True:
        child = 2 * at + 1
        if child >= core.heap_count:
            break
        if child + 1 < core.heap_count and core.due[core.heap[child + 1]] < core.due[core.heap[child]]:
            child += 1
        if core.due[core.heap[child]] >= core.due[client]:
            break
        heap_put(core, at, core.heap[child])
        at = child
    heap_put(core, at, client)


cdef void heap_add(Core* core, int64_t client, int64_t at_ns) noexcept nogil:
    """The arrays have room for every client there is."""
    core.due[client] = at_ns
    core.heap[core.heap_count] = <int32_t>client
    core.heap_count += 1
    heap_up(core, core.heap_count - 1)


cdef void heap_remove(Core* core, int64_t client) noexcept nogil:
    cdef int32_t at = core.heap_place[client], last
    core.heap_place[client] = -1
    core.heap_count -= 1
    if at == core.heap_count:
        return
    last = core.heap[core.heap_count]
    heap_put(core, at, last)
    heap_up(core, at)
    heap_down(core, core.heap_place[last])


cdef inline void set_due(Core* core, int64_t client, int64_t at_ns) noexcept nogil:
    """Runs the client's timers at `at_ns`, whatever was set before."""
    cdef bint earlier = at_ns < core.due[client]
    core.due[client] = at_ns
    if earlier:
        heap_up(core, core.heap_place[client])
    else:
        heap_down(core, core.heap_place[client])


cdef inline void wake_at(Core* core, Client* client, int64_t at_ns) noexcept nogil:
    """Runs the client's timers no later than `at_ns`."""
    if at_ns < core.due[client.id]:
        set_due(core, client.id, at_ns)


cdef inline int64_t next_due(Core* core) noexcept nogil:
    """CLOCK_MONOTONIC; INT64_MAX when there is no client."""
    return core.due[core.heap[0]] if core.heap_count else INT64_MAX
