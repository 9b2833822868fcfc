# Making and unmaking transports, producers and consumers. Called by the control plane between batches.


cdef void free_transport(Core* core, Transport* transport) noexcept nogil:
    """Ends a transport with all that hangs on it."""
    cdef int i
    write_all_pending(core)
    while transport.producers != NULL:
        free_producer(core, transport.producers)
    while transport.consumers != NULL:
        free_consumer(core, transport.consumers)
    close_plain(core, transport)
    for i in range(MAX_TUPLES):
        tuple_forget(core, transport, i)
    srtp_close(&transport.receive)
    srtp_close(&transport.send)
    close_outbound(core, transport)
    free(transport.feedback)
    free(transport.ssrcs)
    table_remove(&core.transports, transport.id)
    unlist_user(core, transport)
    OPENSSL_cleanse(transport, sizeof(Transport))
    free(transport)


cdef void unlist_user(Core* core, Transport* transport) noexcept nogil:
    """Takes a transport's user fragments out of the index; without memory for a new one they are struck out in place."""
    cdef int at
    if user_rebuild(core) == 0:
        return
    for at in range(core.user_capacity):
        if core.users[at].transport == transport:
            core.users[at].key = 1
            core.users[at].index = MAX_TUPLES


cdef void free_producer(Core* core, Producer* producer) noexcept nogil:
    cdef Producer** at = &producer.transport.producers
    cdef Transport* transport = producer.transport
    cdef Consumer* consumer
    cdef int i, kept = 0
    write_all_pending(core)
    while at[0] != NULL:
        if at[0] == producer:
            at[0] = producer.next
            break
        at = &at[0].next
    for i in range(transport.ssrc_count):
        if transport.ssrcs[i].stream.producer != producer:
            transport.ssrcs[kept] = transport.ssrcs[i]
            kept += 1
    transport.ssrc_count = kept
    for i in range(producer.consumer_count):
        consumer = producer.consumers[i]
        if consumer.wanted == producer:
            consumer.wanted = NULL
        if consumer.source == producer:
            consumer.source = NULL
            consumer.stream = NULL
            forget_legs(consumer)
            stop_replay(core, consumer, STATE_WAITING)
    set_floor(core, producer, NULL)
    free(producer.consumers)
    unlink_pipes(core, producer)
    if producer.inlet != NULL:
        leave_pipe(producer.inlet)
        core.outlets -= 1
    while producer.taps != NULL:
        producer.taps.producer = NULL
        vtp_signal(producer.taps.event_fd)
        producer.taps = producer.taps.next
    for i in range(producer.stream_count):
        core.missing -= producer.streams[i].missing_count
        free(producer.streams[i].ring)
        free(producer.streams[i].structure)
    table_remove(&core.producers, producer.id)
    free(producer)


cdef void free_consumer(Core* core, Consumer* consumer) noexcept nogil:
    cdef Consumer** at = &consumer.transport.consumers
    write_all_pending(core)
    while at[0] != NULL:
        if at[0] == consumer:
            at[0] = consumer.next
            break
        at = &at[0].next
    unsource(core, consumer)
    free(consumer.history)
    free(consumer.layers)
    table_remove(&core.consumers, consumer.id)
    free(consumer)


cdef void unsource(Core* core, Consumer* consumer) noexcept nogil:
    """Takes the consumer off everything it listens to."""
    write_pending(core, consumer.transport)
    stop_replay(core, consumer, STATE_WAITING)
    producer_forget(consumer.source, consumer)
    if consumer.wanted != consumer.source:
        producer_forget(consumer.wanted, consumer)
    consumer.source = NULL
    consumer.wanted = NULL
    consumer.stream = NULL
    forget_legs(consumer)


cdef int set_source(Core* core, Consumer* consumer, Producer* producer, int64_t now) noexcept nogil:
    """Follows `producer` from its next key frame on; the current source serves until then.

    -1 without memory: it stays as it was.
    """
    if consumer.source == producer:
        if consumer.wanted != NULL:
            producer_forget(consumer.wanted, consumer)
            consumer.wanted = NULL
        return 0
    if consumer.wanted == producer:
        return 0
    if make_room(producer) != 0:
        return -1
    if consumer.wanted != NULL:
        producer_forget(consumer.wanted, consumer)
        consumer.wanted = NULL
    consumer_attach(consumer, producer)
    if consumer.source == NULL:
        consumer.source = producer
        consumer.stream = NULL
        stop_replay(core, consumer, STATE_WAITING)
        aim(core, consumer, now)
    else:
        consumer.wanted = producer
    ask_anew(core, consumer, now)
    return 0


cdef void ask_anew(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    consumer.ask_stage = 0
    consumer.ask_base_ns = 0
    consumer.report_seen = 0
    hurry(core, consumer)
    start_consumer(core, consumer, now)


cdef void pause(Core* core, Consumer* consumer, bint paused, int64_t now) noexcept nogil:
    if consumer.paused == paused:
        return
    consumer.paused = paused
    stop_replay(core, consumer, STATE_WAITING)
    if not paused:
        aim(core, consumer, now)
        ask_anew(core, consumer, now)


cdef void pause_source(Core* core, Producer* producer, bint paused, int64_t now) noexcept nogil:
    """Stops a producer, and its viewers at what they have; then all start anew."""
    cdef int i
    if producer.paused == paused:
        return
    producer.paused = paused
    pipe_pause(core, producer)
    if not paused:
        want_key_frame(core, producer, now)
        return
    if producer.floor != NULL and is_ranked(producer):
        leave_floor(core, producer)
    for i in range(producer.stream_count):
        forget_all_missing(core, &producer.streams[i])
        producer.streams[i].key_frame = -1
    for i in range(producer.consumer_count):
        if producer.consumers[i].source == producer:
            stop_replay(core, producer.consumers[i], STATE_WAITING)


cdef void key_consumer(Consumer* consumer) noexcept nogil:
    """Gives the consumer its streams of the send session, once there are keys."""
    consumer.out_stream = srtp_stream(&consumer.transport.send, consumer.ssrc, 1)
    if consumer.rtx_ssrc:
        consumer.rtx_stream = srtp_stream(&consumer.transport.send, consumer.rtx_ssrc, 1)


cdef void key_transport(Core* core, Transport* transport, int64_t now) noexcept nogil:
    cdef Consumer* consumer = transport.consumers
    transport.has_keys = 1
    transport.keyed_ns = now
    transport.last_report_ns = now
    while consumer != NULL:
        key_consumer(consumer)
        ask_anew(core, consumer, now)
        consumer = consumer.next
