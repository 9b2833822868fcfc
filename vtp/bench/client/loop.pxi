# The loop: wait, receive what is there, run the timers that are due. One turn holds the lock; waiting does not.

cdef enum:
    READY_EVENTS = 512
    TIMER_EVERY = 8              # sockets read before the clock is looked at again

cdef int64_t IDLE_NS = 100_000_000           # the longest wait
cdef int64_t TURN_NS = 2_000_000             # the lock is held no longer, but for the socket under way


cdef void send_nack(
        Core* core, Client* client, uint32_t ssrc, const uint16_t* numbers, int count) noexcept nogil:
    cdef uint8_t* out = send_slot(core, client)
    send_rtcp(core, client, out, rtcp_nack(out, client.reporter_ssrc, ssrc, numbers, count))


cdef void send_pli(Core* core, Client* client, uint32_t ssrc) noexcept nogil:
    cdef uint8_t* out = send_slot(core, client)
    send_rtcp(core, client, out, rtcp_pli(out, client.reporter_ssrc, ssrc))


cdef int64_t run_incoming(Core* core, Client* client, Incoming* stream) noexcept nogil:
    """NACK and PLI of one stream; when to come back."""
    cdef uint16_t[256] numbers
    cdef int count
    if stream.holes.count:
        count = stream_nacks(stream, client.rtt_ns, core.now_ns, numbers, 256)
        if count and client.has_keys:
            stream.nacks += count
            send_nack(core, client, stream.report.ssrc, numbers, count)
    if stream.wants_key and not stream.frames.waits_for_key:
        stream.wants_key = False
    if stream.wants_key and core.now_ns - stream.pli_ns >= PLI_INTERVAL_NS:
        stream.pli_ns = core.now_ns
        stream.plis += 1
        send_pli(core, client, stream.report.ssrc)
    if stream.holes.count:
        return coarse(core.now_ns + NACK_DELAY_NS)
    return coarse(stream.pli_ns + PLI_INTERVAL_NS) if stream.wants_key else INT64_MAX


cdef int64_t run_probe_stream(Core* core, Client* client, ProbeStream* stream) noexcept nogil:
    """The same of a probe's stream, which asks for a key frame once: it does not see the answer."""
    cdef uint16_t[256] numbers
    cdef int64_t given_up = 0
    cdef int count, lost = 0
    if stream.holes.count:
        count = holes_poll(&stream.holes, True, client.rtt_ns, core.now_ns, numbers, 256, &given_up, &lost)
        stream.wants_key = stream.wants_key or (lost > 0 and stream.video)
        if count:
            stream.counts.nacks += count
            send_nack(core, client, stream.report.ssrc, numbers, count)
    if stream.wants_key and core.now_ns - stream.pli_ns >= PLI_INTERVAL_NS:
        stream.wants_key = False
        stream.pli_ns = core.now_ns
        stream.counts.plis += 1
        send_pli(core, client, stream.report.ssrc)
    if stream.holes.count:
        return coarse(core.now_ns + NACK_DELAY_NS)
    return coarse(stream.pli_ns + PLI_INTERVAL_NS) if stream.wants_key else INT64_MAX


cdef uint32_t feedback_media(Client* client) noexcept nogil:
    """The SSRC that transport-wide feedback names; any of the transport's will do."""
    if client.probe != NULL:
        return client.probe.streams[0].report.ssrc if client.probe.stream_count else 0
    return client.incoming[0].report.ssrc


cdef bint send_feedback(Core* core, Client* client) noexcept nogil:
    """Transport-wide feedback of all that came since the last, in as many packets as it takes; whether there was any."""
    cdef uint8_t* out
    cdef bint sent = False
    cdef int length = 1
    while length:
        out = send_slot(core, client)
        length = rtcp_transport_feedback(out, client.feedback, client.reporter_ssrc, feedback_media(client))
        send_rtcp(core, client, out, length)
        client.feedback_sent += length > 0
        sent = sent or length > 0
    return sent


cdef void send_receiver_reports(Core* core, Client* client) noexcept nogil:
    """Receiver reports over all streams that have started, in as many compounds as it takes."""
    cdef uint8_t* out
    cdef int next_stream = 0
    while next_stream >= 0:
        out = send_slot(core, client)
        send_rtcp(core, client, out, rtcp_receiver_report(out, client, core.now_ns, &next_stream))


cdef int64_t run_reports(Core* core, Client* client) noexcept nogil:
    """Receiver reports and transport-wide feedback; when to come back."""
    cdef int64_t next_ns = INT64_MAX
    if client.feedback_ns:
        if core.now_ns >= client.feedback_ns:
            client.feedback_ns = coarse(core.now_ns + client.feedback_interval_ns) if send_feedback(core, client) else 0
        if client.feedback_ns:
            next_ns = client.feedback_ns
    if client.report_ns:
        if core.now_ns >= client.report_ns:
            send_receiver_reports(core, client)
            client.report_ns = coarse(core.now_ns + REPORT_INTERVAL_NS)
        if client.report_ns < next_ns:
            next_ns = client.report_ns
    return next_ns


cdef int64_t run_outgoing(Core* core, Client* client, Outgoing* stream) noexcept nogil:
    """What is due of a stream that is sent; when to come back."""
    cdef int64_t next_ns = run_load(core, client, stream) if stream.load != NULL else pace(core, client, stream)
    cdef int64_t report_ns = send_reports(core, client, stream)
    return next_ns if next_ns < report_ns else report_ns


cdef void run_client(Core* core, Client* client) noexcept nogil:
    """All timers of one client."""
    cdef int i
    cdef int64_t at_ns, next_ns = run_checks(core, client)
    if client.has_keys and client.selected >= 0:
        at_ns = run_reports(core, client)
        next_ns = at_ns if at_ns < next_ns else next_ns
        for i in range(client.incoming_count):
            at_ns = run_incoming(core, client, client.incoming[i])
            next_ns = at_ns if at_ns < next_ns else next_ns
        for i in range(client.probe.stream_count if client.probe != NULL else 0):
            at_ns = run_probe_stream(core, client, &client.probe.streams[i])
            next_ns = at_ns if at_ns < next_ns else next_ns
        for i in range(client.outgoing_count):
            at_ns = run_outgoing(core, client, client.outgoing[i])
            next_ns = at_ns if at_ns < next_ns else next_ns
    set_due(core, client.id, next_ns)


cdef void run_timers(Core* core) noexcept nogil:
    """Of every client that is due now; one that is due again at once has its turn later."""
    cdef int left = core.heap_count
    while left > 0 and next_due(core) <= core.now_ns:
        run_client(core, core.clients[core.heap[0]])
        left -= 1


cdef inline void read_clocks(Core* core) noexcept nogil:
    core.now_ns = client_clock(CLOCK_MONOTONIC)
    core.wall_ns = client_clock(CLOCK_REALTIME)


cdef int run_turn(Core* core, epoll_event* ready, int at, int count) noexcept nogil:
    """Part of what one wake-up brings, from event `at` on; where to go on. Called with the lock held.

    A source keeps its time while many sockets are read, and whoever wants the lock waits no longer than TURN_NS.
    """
    cdef uint64_t id
    cdef int64_t end_ns
    read_clocks(core)
    end_ns = core.now_ns + TURN_NS
    run_timers(core)
    while at < count and core.now_ns < end_ns:
        id = ready[at].data.u64
        if id == <uint64_t>-1:
            client_unsignal(core.wake_fd)
        elif core.clients[id] != NULL:
            receive_batch(core, core.clients[id])
        at += 1
        if at % TIMER_EVERY == 0:
            core.now_ns = client_clock(CLOCK_MONOTONIC)
            run_timers(core)
    core.now_ns = client_clock(CLOCK_MONOTONIC)
    run_timers(core)
    if core.send_count:
        flush(core)
    if core.event_signal:
        core.event_signal = False
        client_signal(core.event_fd)
    return at


cdef int64_t wait_ns(Core* core) noexcept nogil:
    """Until the next timer, counted from the end of the turn."""
    cdef int64_t left_ns = next_due(core) - core.now_ns
    if left_ns <= 0:
        return 0
    return left_ns if left_ns < IDLE_NS else IDLE_NS


cdef void run_loop(Core* core, client_lock* lock) noexcept nogil:
    cdef epoll_event[READY_EVENTS] ready
    cdef int at = 0, count = 0
    cdef int64_t left_ns
    client_lock_take(lock)
    core.thread = pthread_self()
    core.thread_runs = True
    while not core.stopping:
        at = run_turn(core, ready, at, count)
        left_ns = wait_ns(core)
        client_lock_give(lock)
        if at >= count:
            if core.rests and core.rest_ns:
                client_sleep(core.rest_ns if core.rest_ns < left_ns else left_ns)
                left_ns = 0
            core.rests = False
            at = 0
            count = client_wait(core.epoll_fd, ready, READY_EVENTS, left_ns)
            core.turns += 1
        client_lock_take(lock)
    core.thread_runs = False
    core.cpu_ns = client_clock(CLOCK_THREAD_CPUTIME_ID)
    client_lock_give(lock)
