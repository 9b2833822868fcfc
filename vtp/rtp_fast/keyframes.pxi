# Key frame requests towards a publisher, merged over all who ask (media.md, "Behaviour under a real network").

cdef int64_t KEY_REQUEST_INTERVAL_NS = 500 * MILLISECOND
cdef int64_t SELF_PACED_INTERVAL_NS = 5 * SECOND

cdef enum:
    UNANSWERED_LIMIT = 3
    PROMPT_LIMIT = 2             # prompt answers in a row show that a self-paced publisher does answer
    SELF_PACED_RING_BYTES = 8388608


cdef void want_key_frame(Core* core, Producer* producer, int64_t now) noexcept nogil:
    """A key frame of all that sends: asked at once, or with the next turn when the last request is too recent."""
    if not producer.video:
        return
    producer.key_wanted = 1
    producer.key_mask |= producer.alive if producer.alive else 1
    poll_key_frame(core, producer, now)


cdef void want_key_frame_of(Core* core, Stream* stream, int64_t now) noexcept nogil:
    """Someone needs a key frame of this encoding; merged with the requests for the producer's others."""
    if not stream.producer.video:
        return
    stream.producer.key_wanted = 1
    stream.producer.key_mask |= bit_of(stream)
    poll_key_frame(core, stream.producer, now)


cdef void key_frame_came(Stream* stream, int64_t now) noexcept nogil:
    """Whoever waited has it. A self-paced publisher that now answers promptly is asked as others are again."""
    cdef Producer* producer = stream.producer
    producer.key_mask &= <uint8_t>~bit_of(stream)
    producer.key_wanted = producer.key_mask != 0
    producer.key_unanswered = 0
    if producer.key_answered:
        return
    producer.key_answered = 1
    if not producer.self_paced:
        return
    producer.key_prompt = producer.key_prompt + 1 if now - producer.key_asked_ns < KEY_REQUEST_INTERVAL_NS else 0
    if producer.key_prompt == PROMPT_LIMIT:
        producer.self_paced = 0


cdef bint sends_since(Producer* producer, int64_t since_ns) noexcept nogil:
    cdef int i
    for i in range(producer.stream_count):
        if producer.streams[i].started and producer.streams[i].last_arrival_ns > since_ns:
            return True
    return False


cdef void poll_key_frame(Core* core, Producer* producer, int64_t now) noexcept nogil:
    """Asks when it is time to. A publisher that is silent altogether is asked rarely, and not called self-paced."""
    cdef int64_t asked = producer.key_asked_ns
    cdef bint sends = sends_since(producer, asked)
    if producer.inlet != NULL:
        wish_key_frame(producer, now)
        return
    if not producer.key_wanted or producer.paused or not producer.started or producer.transport.selected < 0 \
            or not producer.transport.has_keys:
        return
    if asked:
        if now - asked < KEY_REQUEST_INTERVAL_NS:
            return
        if (producer.self_paced or not sends) and now - asked < SELF_PACED_INTERVAL_NS:
            return
        if not producer.self_paced and producer.key_unanswered == UNANSWERED_LIMIT and sends:
            become_self_paced(core, producer)
            return
    producer.key_asked_ns = now
    producer.key_answered = 0
    if producer.key_unanswered < UNANSWERED_LIMIT and (sends or not asked):
        producer.key_unanswered += 1
    producer.key_requests += 1
    core.counters.key_frame_requests_sent += 1
    send_key_frame_requests(core, producer)


cdef void become_self_paced(Core* core, Producer* producer) noexcept nogil:
    """A publisher that answers no request (OBS, FFmpeg): ask rarely, keep everything since its last key frame."""
    producer.self_paced = 1
    producer.key_prompt = 0
    emit(core, ON_PRODUCER_SELF_PACED, producer.id, NULL, 0)


cdef void grow_rings(Producer* producer) noexcept nogil:
    """Room for a self-paced publisher's packets. Between packets only: a smaller ring's slots are in use till then."""
    cdef int i
    cdef int64_t size = SELF_PACED_RING_BYTES // <int64_t>sizeof(Slot)
    for i in range(producer.stream_count):
        if producer.streams[i].started and producer.streams[i].ring_size < size:
            ring_open(&producer.streams[i], size)
