# What happens without a packet: replays, repeated requests, reports, consent. Due times only; the clock is an argument.

cdef int64_t FAST_NS = 5 * MILLISECOND
cdef int64_t SLOW_NS = 25 * MILLISECOND
cdef int64_t CONSENT_NS = 500 * MILLISECOND


cdef void tick(Core* core, int64_t now) noexcept nogil:
    """Runs what is due. Cheap when nothing is."""
    if core.held_count and now >= core.held_due_ns:
        write_held(core)
    if now >= core.next_fast_ns:
        core.next_fast_ns = now + FAST_NS
        if core.replaying or core.missing or core.attended != NULL:
            tick_fast(core, now)
    if now >= core.next_slow_ns:
        core.next_slow_ns = now + SLOW_NS
        tick_producers(core, now)
        tick_transports(core, now)
        tick_consumers(core, now)
        if core.choked:
            keep_resting(core, now)
    if now >= core.next_consent_ns:
        core.next_consent_ns = now + CONSENT_NS
        poll_consent(core, now)
        poll_connections(core, now)


cdef int64_t next_timeout_ns(Core* core) noexcept nogil:
    """How long the thread may sleep."""
    cdef int64_t longest = 500 * MILLISECOND
    if core.replaying or core.missing or core.attended != NULL:
        longest = FAST_NS
    elif core.transports.count:
        longest = SLOW_NS
    if core.held_count:
        longest = min(longest, max(core.held_due_ns - vtp_now_ns(), 0))
    return longest


cdef void tick_fast(Core* core, int64_t now) noexcept nogil:
    cdef int slot, i
    cdef Consumer* consumer
    cdef Producer* producer
    tick_attended(core, now)
    if core.replaying:
        for slot in range(core.consumers.capacity):
            consumer = <Consumer*>core.consumers.items[slot]
            if consumer != NULL and consumer.state == STATE_REPLAY and not consumer.transport.paced:
                replay(core, consumer, now, CATCH_UP_PACKETS)
    if core.missing:
        for slot in range(core.producers.capacity):
            producer = <Producer*>core.producers.items[slot]
            if producer == NULL:
                continue
            for i in range(producer.stream_count):
                if producer.streams[i].missing_count:
                    poll_missing(core, &producer.streams[i], now)


cdef void tick_producers(Core* core, int64_t now) noexcept nogil:
    cdef int slot
    cdef Producer* producer
    for slot in range(core.producers.capacity):
        producer = <Producer*>core.producers.items[slot]
        if producer == NULL:
            continue
        if producer.stream_count > 1:
            if producer.inlet == NULL:
                poll_alive(core, producer, now)
            if (slot + core.slow_turns) % CALM_TURNS == 0:
                poll_watched(core, producer, now)
        if producer.video:
            end_pictures(core, producer, now)
        if producer.key_wanted:
            poll_key_frame(core, producer, now)
        if producer.self_paced:
            grow_rings(producer)
        if producer.inlet != NULL and not producer.video and now - producer.loudness_ns >= REPORT_NS:
            producer.loudness_ns = now           # an outlet has no loudness of its own
            vtp_store(&producer.inlet.loss, <uint64_t>viewer_loss(producer, now))


cdef void tick_transports(Core* core, int64_t now) noexcept nogil:
    """Feedback and reports to who publishes; viewers have neither, and there are many more of them."""
    cdef int slot
    cdef Producer* producer
    cdef Transport* transport
    for slot in range(core.producers.capacity):
        producer = <Producer*>core.producers.items[slot]
        if producer == NULL or producer.transport.producers != producer or not producer.transport.has_keys:
            continue
        transport = producer.transport
        poll_feedback(core, transport, now)
        if now - transport.last_report_ns >= REPORT_NS:
            transport.last_report_ns = now
            send_receiver_reports(core, transport, now)
            poll_remb(core, transport, now)


cdef void tick_consumers(Core* core, int64_t now) noexcept nogil:
    """Reports and new starts. Who is settled, or waits for a publisher that does not send, has a turn now and then."""
    cdef int slot
    cdef Consumer* consumer
    core.slow_turns = (core.slow_turns + 1) % CALM_TURNS
    for slot in range(core.consumers.capacity):
        if core.consumers.hurry[slot]:
            core.consumers.hurry[slot] -= 1
        elif (slot + core.slow_turns) % CALM_TURNS:
            continue
        consumer = <Consumer*>core.consumers.items[slot]
        if consumer == NULL or consumer.paused or not consumer.transport.has_keys:
            continue
        if consumer.out_stream == NULL or consumer.rtx_ssrc and consumer.rtx_stream == NULL:
            key_consumer(consumer)               # there was no memory for it when the keys came
        if consumer.sent_any and now - consumer.report_ns >= REPORT_NS:
            send_sender_report(core, consumer, now)
        if consumer.video:
            if not consumer.report_seen:
                ask_again(core, consumer, now)
            keep_going(core, consumer, now)
            if consumer.layers != NULL:
                tell_layers(core, consumer)
            if consumer.state == STATE_WAITING and consumer.source != NULL and consumer.source.started:
                hurry(core, consumer)


cdef int64_t ask_after_ns(int stage) noexcept nogil:
    """When a new viewer asks for a key frame (again): at once, 0.3, 1 and 3 s; never after that."""
    if stage == 0:
        return 0
    if stage == 1:
        return 300 * MILLISECOND
    if stage == 2:
        return SECOND
    return 3 * SECOND


cdef void ask_again(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    cdef Producer* producer = consumer.wanted if consumer.wanted != NULL else consumer.source
    if producer == NULL or not producer.started or consumer.ask_stage > 3:
        return
    if consumer.ask_base_ns == 0:
        consumer.ask_base_ns = now
    if now - consumer.ask_base_ns < ask_after_ns(consumer.ask_stage):
        return
    consumer.ask_stage += 1
    if consumer.state == STATE_WAITING:
        start_consumer(core, consumer, now)
    elif consumer.ask_stage > 1:         # one that the ring has just served needs no other key frame at once
        want_key_frame_of(core, wanted_stream(consumer), now)
