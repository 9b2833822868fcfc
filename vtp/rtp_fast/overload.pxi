# What a thread that cannot keep up does: some viewers' pictures rest, in turn, so that all else goes on as it should.
#
# A gap would not help: every viewer asks for what is missing, and reading that costs a quarter of what it saved. Who
# rests sees the last picture; its numbers go on without a hole at the next key frame, so it asks for nothing. Sound
# never rests. See docs/decisions/0028-overload.md.

cdef int64_t LATE_NS = 100 * MILLISECOND         # a datagram that waited so long in a socket comes too late for a talk
cdef int64_t LOOK_NS = 200 * MILLISECOND         # from one look, and one share of the viewers, to the next
cdef int64_t REST_NS = 3 * SECOND

cdef enum:
    REST_SHARE = 8               # one in so many of those who get a picture
    REST_STEP = 3                # others than the last time: prime to REST_SHARE


cdef void note_reading(Core* core, int socket, int64_t waited_ns, int64_t now) noexcept nogil:
    """Books how long the first datagram of a full read waited in the socket; -1: that read took all there was.

    When it waits too long, and at the next look not much shorter, there is more to send than can be sent. After a mere
    standstill it waits shorter from look to look.
    """
    cdef int64_t before = core.waited_ns[socket]
    if waited_ns < LATE_NS:
        core.waited_ns[socket] = 0
        return
    core.counters.reads_late += 1
    if before == 0 or now - core.looked_ns[socket] >= LOOK_NS:
        core.waited_ns[socket] = waited_ns
        core.looked_ns[socket] = now
        if before and waited_ns * 10 > before * 9:
            rest_viewers(core, now)


cdef void rest_viewers(Core* core, int64_t now) noexcept nogil:
    """Stops the pictures of every eighth of those who get one, until a key frame after REST_NS."""
    cdef int slot
    cdef Consumer* consumer
    core.rest_turn += REST_STEP
    for slot in range(core.consumers.capacity):
        consumer = <Consumer*>core.consumers.items[slot]
        if consumer == NULL or not consumer.video or consumer.paused or consumer.state == STATE_WAITING:
            continue
        core.rest_turn += 1
        if core.rest_turn % REST_SHARE == 0:
            consumer.rest_until_ns = now + REST_NS
            stop_replay(core, consumer, STATE_WAITING)
            core.counters.pictures_rested += 1


cdef inline bint rests(Consumer* consumer, int64_t now) noexcept nogil:
    return now < consumer.rest_until_ns
