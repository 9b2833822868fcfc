# Where a picture in layers ends for a viewer that does not get all of it: the marker (decision 0046).
#
# The marker says that a picture is whole, and receivers show nothing of one that has none. A publisher may leave out any
# layer, and Chromium sets no marker when it is the highest. So only what comes next tells whether a layer is the last
# that a viewer gets of a picture: its last packet is held back until then. Nobody waits for it: with a layer to come the
# picture is not whole anyway.

cdef int64_t ENDED_NS = 100 * MILLISECOND        # a picture that nothing came after for so long ends


cdef inline bint may_be_last(const Slot* slot, const Shown* shown) noexcept nogil:
    """Whether this packet ends a layer below the viewer's highest."""
    return slot.info.end_of_layer and not shown.flags & SHOWN_MARKED


cdef void let_go(Core* core, Consumer* consumer, const Slot* after, bint passed, int64_t now) noexcept nogil:
    """Sends the packet that was held back: marked, unless the one after it belongs to its picture and passes.

    In doubt, when packets between them are missing, marked: a picture shown early is better than none.
    """
    cdef Layers* layers = consumer.layers
    cdef Slot* slot = &consumer.stream.ring[layers.held % consumer.stream.ring_size]
    layers.holds = 0
    if slot.sequence != layers.held:
        return
    if not passed or after.packet.timestamp != slot.packet.timestamp:
        layers.held_shown.flags |= SHOWN_MARKED
    put_packet(core, consumer, slot, &layers.held_shown, now)


cdef void end_pictures(Core* core, Producer* producer, int64_t now) noexcept nogil:
    """Lets go what is held back of a publisher that pauses, as with a picture that stands still."""
    cdef Consumer* consumer
    cdef Stream* stream
    cdef int i, k
    for i in range(producer.stream_count):
        stream = &producer.streams[i]
        if stream.top_spatial <= 0 or now - stream.last_arrival_ns < ENDED_NS:
            continue
        for k in range(producer.consumer_count):
            consumer = producer.consumers[k]
            if consumer.stream == stream and consumer.state == STATE_LIVE and consumer.layers != NULL and consumer.layers.holds:
                let_go(core, consumer, NULL, False, now)


cdef bint goes_on(Consumer* consumer, const Slot* slot) noexcept nogil:
    """Whether the viewer got more of the picture, behind this packet that came late."""
    cdef Layers* layers = consumer.layers
    cdef Stream* stream = consumer.stream
    cdef Slot* after
    cdef int64_t number
    for number in range(slot.sequence + 1, layers.newest + 1):
        after = &stream.ring[number % stream.ring_size]
        if after.sequence != number:
            continue
        if after.packet.timestamp != slot.packet.timestamp:
            return False
        if not (layers.left_out[(number % NUMBERS_KEPT) >> 6] >> (number & 63)) & 1:
            return True
    return False
