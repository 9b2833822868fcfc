# Sequence numbers that have not come: asked for again by NACK, filled by RTX or by late packets, given up in the end.

cdef enum:
    MAX_MISSING = 512            # holes followed at a time, per incoming stream
    NACK_TRIES = 10              # then a key frame is asked for instead
    HOLE_NONE = 0                # what holes_fill found
    HOLE_WAITING = 1
    HOLE_ASKED = 2

cdef int64_t NACK_DELAY_NS = 5_000_000            # reordering tolerated before the first NACK
cdef int64_t NACK_RETRY_NS = 30_000_000           # or the round trip and a fifth, when that is longer
cdef int64_t HOLE_LIFE_NS = 1_000_000_000         # video: longer than this nobody waits
cdef int64_t HOLE_LIFE_PLAIN_NS = 120_000_000     # without NACK only reordering can fill a hole


cdef void holes_drop(Holes* holes, int index) noexcept nogil:
    holes.count -= 1
    memmove(&holes.items[index], &holes.items[index + 1], (holes.count - index) * sizeof(Hole))


cdef bint holes_add(Holes* holes, int64_t number, int64_t now_ns) noexcept nogil:
    """Waits for one more number. False when another, or this one, is no longer waited for because of it."""
    cdef Hole* hole
    cdef bint had_room = holes.count < MAX_MISSING
    if holes.items == NULL:
        holes.items = <Hole*>malloc(MAX_MISSING * sizeof(Hole))
        if holes.items == NULL:
            return False
    if not had_room:
        holes_drop(holes, 0)
    hole = &holes.items[holes.count]
    hole.number = number
    hole.since_ns = now_ns
    hole.asked_ns = 0
    hole.tries = 0
    holes.count += 1
    return had_room


cdef int holes_fill(Holes* holes, int64_t number) noexcept nogil:
    """HOLE_NONE, HOLE_WAITING or HOLE_ASKED: whether the number was being waited for, and had been asked for."""
    cdef int i, found
    for i in range(holes.count):
        if holes.items[i].number == number:
            found = HOLE_ASKED if holes.items[i].tries else HOLE_WAITING
            holes_drop(holes, i)
            return found
    return HOLE_NONE


cdef inline bint hole_is_old(const Hole* hole, int64_t life_ns, int64_t retry_ns, int64_t now_ns) noexcept nogil:
    return now_ns - hole.since_ns > life_ns or (hole.tries >= NACK_TRIES and now_ns - hole.asked_ns > retry_ns)


cdef inline bint hole_is_due(const Hole* hole, int64_t retry_ns, int64_t now_ns) noexcept nogil:
    return now_ns - hole.since_ns >= NACK_DELAY_NS and (hole.asked_ns == 0 or now_ns - hole.asked_ns >= retry_ns)


cdef int holes_poll(
        Holes* holes, bint nack, double rtt_ns, int64_t now_ns, uint16_t* out, int capacity, int64_t* given_up,
        int* lost) noexcept nogil:
    """Writes the numbers to ask for now, and returns how many.

    Old holes are given up: how many is added to `lost`, the number behind the last of them goes into `given_up`.
    """
    cdef int64_t life_ns = HOLE_LIFE_NS if nack else HOLE_LIFE_PLAIN_NS
    cdef int64_t retry_ns = NACK_RETRY_NS if rtt_ns * 1.2 < <double>NACK_RETRY_NS else <int64_t>(rtt_ns * 1.2)
    cdef int i = 0, count = 0
    cdef Hole* hole
    while i < holes.count:
        hole = &holes.items[i]
        if hole_is_old(hole, life_ns, retry_ns, now_ns):
            given_up[0] = hole.number + 1
            lost[0] += 1
            holes_drop(holes, i)
            continue
        if nack and count < capacity and hole_is_due(hole, retry_ns, now_ns):
            hole.asked_ns = now_ns
            hole.tries += 1
            out[count] = <uint16_t>(hole.number & 0xFFFF)
            count += 1
        i += 1
    return count
