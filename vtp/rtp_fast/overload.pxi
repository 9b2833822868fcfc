# What a thread that cannot keep up does: some viewers' pictures rest, in turn, so that all else goes on as it should.
#
# A gap would not help: every viewer asks for what is missing, and reading that costs a quarter of what it saved. Who
# rests sees the last picture; its numbers go on without a hole at the next key frame, so it asks for nothing. Sound
# never rests. See docs/decisions/0028-overload.md.

cdef int64_t BEHIND_NS = 500 * MILLISECOND       # a socket that always held a full batch for so long is overloaded
cdef int64_t LOOK_NS = 200 * MILLISECOND         # from one share of the viewers to the next
cdef int64_t REST_NS = 3 * SECOND

cdef enum:
    REST_SHARE = 8               # one in so many of those who get a picture
    REST_STEP = 3                # others than the last time: prime to REST_SHARE


cdef void note_reading(Core* core, int socket, bint full, int64_t now) noexcept nogil:
    """Books whether a socket gave all it held. When it never does, there is more to send than can be sent."""
    if not full:
        core.full_since_ns[socket] = 0
    elif core.full_since_ns[socket] == 0:
        core.full_since_ns[socket] = now
        core.waited_bytes = 0
    elif now - core.full_since_ns[socket] >= BEHIND_NS and now - core.looked_ns >= LOOK_NS:
        core.looked_ns = now
        if not shrinks(core, socket):
            rest_viewers(core, now)


cdef bint shrinks(Core* core, int socket) noexcept nogil:
    """Whether a tenth less waits in a socket than at the last look: then it is dry soon, without anybody's rest."""
    cdef int64_t before = core.waited_bytes
    core.waited_bytes = vtp_waiting_bytes(core.sockets[socket]) if core.socket_count else 0
    return <int64_t>core.waited_bytes * 10 < before * 9


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
