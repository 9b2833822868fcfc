# The two containers of the link: a ring of packets waiting for the bottleneck, a heap of packets in flight.

cdef struct Waiting:
    int64_t packet_id
    int32_t size


cdef struct Flying:
    int64_t due_ns
    uint64_t order          # breaks ties, so that equal times keep the order of sending
    int64_t packet_id


cdef struct Ring:
    Waiting* items
    size_t capacity         # a power of two
    size_t head
    size_t count


cdef struct Heap:
    Flying* items
    size_t capacity
    size_t count


cdef inline int ring_push(Ring* ring, Waiting item) noexcept nogil:
    """0, or -1 when memory ends."""
    cdef Waiting* grown
    cdef size_t i
    if ring.count == ring.capacity:
        grown = <Waiting*>malloc(2 * ring.capacity * sizeof(Waiting))
        if grown == NULL:
            return -1
        for i in range(ring.count):
            grown[i] = ring.items[(ring.head + i) & (ring.capacity - 1)]
        free(ring.items)
        ring.items = grown
        ring.capacity *= 2
        ring.head = 0
    ring.items[(ring.head + ring.count) & (ring.capacity - 1)] = item
    ring.count += 1
    return 0


cdef inline Waiting ring_pop(Ring* ring) noexcept nogil:
    cdef Waiting item = ring.items[ring.head]
    ring.head = (ring.head + 1) & (ring.capacity - 1)
    ring.count -= 1
    return item


cdef inline bint flies_before(Flying* a, Flying* b) noexcept nogil:
    return a.due_ns < b.due_ns or (a.due_ns == b.due_ns and a.order < b.order)


cdef inline int heap_push(Heap* heap, Flying item) noexcept nogil:
    """0, or -1 when memory ends."""
    cdef Flying* grown
    cdef size_t child, parent
    if heap.count == heap.capacity:
        grown = <Flying*>realloc(heap.items, 2 * heap.capacity * sizeof(Flying))
        if grown == NULL:
            return -1
        heap.items = grown
        heap.capacity *= 2
    child = heap.count
    heap.count += 1
    while child > 0:
        parent = (child - 1) >> 1
        if not flies_before(&item, &heap.items[parent]):
            break
        heap.items[child] = heap.items[parent]
        child = parent
    heap.items[child] = item
    return 0


cdef inline Flying heap_pop(Heap* heap) noexcept nogil:
    cdef Flying top = heap.items[0]
    cdef Flying last
    cdef size_t parent = 0, child
    heap.count -= 1
    last = heap.items[heap.count]
    while True:
        child = 2 * parent + 1
        if child >= heap.count:
            break
        if child + 1 < heap.count and flies_before(&heap.items[child + 1], &heap.items[child]):
            child += 1
        if not flies_before(&heap.items[child], &last):
            break
        heap.items[parent] = heap.items[child]
        parent = child
    heap.items[parent] = last
    return top
