# Key frame requests towards a publisher, merged over all who ask (media.md, "Behaviour under a real network").

cdef int64_t KEY_REQUEST_INTERVAL_NS = 500 * MILLISECOND
cdef int64_t SELF_PACED_INTERVAL_NS = 5 * SECOND

cdef enum:
    UNANSWERED_LIMIT = 3
    SELF_PACED_RING_BYTES = 8388608


cdef void want_key_frame(Core* core, Producer* producer, int64_t now) noexcept nogil:
    """Someone needs a key frame: asked at once, or with the next turn when the last request is too recent."""
    if not producer.video:
        return
    producer.key_wanted = 1
    poll_key_frame(core, producer, now)


cdef void key_frame_came(Producer* producer) noexcept nogil:
    producer.key_wanted = 0
    if producer.key_asked_ns:
        producer.key_unanswered = 0


cdef void poll_key_frame(Core* core, Producer* producer, int64_t now) noexcept nogil:
    cdef int64_t interval = SELF_PACED_INTERVAL_NS if producer.self_paced else KEY_REQUEST_INTERVAL_NS
    if not producer.key_wanted or not producer.transport.has_keys or not producer.started:
        return
    if producer.key_asked_ns and now - producer.key_asked_ns < interval:
        return
    if producer.key_unanswered >= UNANSWERED_LIMIT and not producer.self_paced:
        become_self_paced(core, producer, now)
        return
    producer.key_asked_ns = now
    producer.key_unanswered += 1
    producer.key_requests += 1
    core.counters.key_frame_requests_sent += 1
    send_key_frame_requests(core, producer)


cdef void become_self_paced(Core* core, Producer* producer, int64_t now) noexcept nogil:
    """A publisher that answers no request (OBS, FFmpeg): ask rarely, keep everything since its last key frame.

    Who waits for an answer begins with that key frame now: no better one can be had.
    """
    cdef Consumer* consumer
    cdef int i
    producer.self_paced = 1
    for i in range(producer.stream_count):
        if producer.streams[i].ring_size * <int64_t>sizeof(Slot) < SELF_PACED_RING_BYTES:
            ring_open(&producer.streams[i], SELF_PACED_RING_BYTES // <int64_t>sizeof(Slot))
    emit(core, ON_PRODUCER_SELF_PACED, producer.id, NULL, 0)
    for i in range(producer.consumer_count):
        consumer = producer.consumers[i]
        if consumer.wanted == producer or consumer.state == STATE_WAITING:
            start_consumer(core, consumer, now)
