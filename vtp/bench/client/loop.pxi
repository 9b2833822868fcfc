# The loop: wait, receive what is there, run the timers that are due. One turn holds the lock; waiting does not.

cdef enum:
    IDLE_MS = 100                # the longest wait
    READY_EVENTS = 256


cdef void receive_rtp(Core* core, Client* client, uint8_t* data, int length, int64_t arrival_ns) noexcept nogil:
    cdef RtpPacket parsed
    cdef Incoming* stream
    cdef const RtpExt* extension
    length = srtp_unprotect(&client.receive, data, length, &parsed)
    if length == SRTP_ERROR_REPLAY:
        client.replayed += 1
        return
    if length < 0:
        client.unprotect_failed += 1
        return
    if client.transport_cc_extension and client.feedback != NULL:
        extension = rtp_find_ext(&parsed, client.transport_cc_extension)
        if extension != NULL and extension.len >= 2:
            feedback_note(client.feedback, read16(data + extension.offset), arrival_ns)
            if client.feedback_ns == 0:
                client.feedback_ns = core.now_ns + FEEDBACK_INTERVAL_NS
                wake_at(core, client, client.feedback_ns)
    stream = incoming_of(client, parsed.ssrc)
    if stream == NULL:
        client.unknown_streams += 1
        return
    if not stream.started:
        client.report_ns = core.now_ns + REPORT_INTERVAL_NS
        wake_at(core, client, client.report_ns)
    stream_receive(stream, data, &parsed, core.now_ns, arrival_ns)
    if stream.hole_count or stream.wants_key:
        wake_at(core, client, core.now_ns + NACK_DELAY_NS)


cdef void receive_media(
        Core* core, Client* client, uint8_t* data, int length, int kind, int64_t arrival_ns) noexcept nogil:
    if not client.media_started:
        client.media_started = True
        emit(core, ON_MEDIA_STARTED, client.id, 0, NULL, 0)
    if kind == KIND_RTP:
        receive_rtp(core, client, data, length, arrival_ns)
    else:
        receive_rtcp(core, client, data, length)


cdef void keep_early(Client* client, const uint8_t* data, int length, int64_t arrival_ns) noexcept nogil:
    """A server may send as soon as its side of the handshake is done, before Python has read its last flight."""
    cdef Early* early
    if client.early == NULL:
        client.early = <Early*>malloc(EARLY_SLOTS * sizeof(Early))
    if client.early == NULL or client.early_count == EARLY_SLOTS or length > SEND_SLOT:
        client.malformed += 1
        return
    early = &client.early[client.early_count]
    early.arrival_ns = arrival_ns
    early.length = length
    memcpy(early.data, data, length)
    client.early_count += 1


cdef void receive_early(Core* core, Client* client) noexcept nogil:
    """With the keys there, what was kept is read in its order."""
    cdef int i
    cdef Early* early
    for i in range(client.early_count):
        early = &client.early[i]
        receive_media(core, client, early.data, early.length, packet_kind(early.data, early.length),
                      early.arrival_ns)
    free(client.early)
    client.early = NULL
    client.early_count = 0


cdef void receive_datagram(
        Core* core, Client* client, uint8_t* data, int length, sockaddr_in6* address, int64_t arrival_ns) noexcept nogil:
    cdef int kind = packet_kind(data, length)
    client.datagrams_received += 1
    if kind == KIND_STUN:
        receive_stun(core, client, data, length, address)
    elif kind == KIND_DTLS:
        emit(core, ON_DTLS, client.id, 0, data, length)
    elif kind != KIND_OTHER and client.has_keys:
        receive_media(core, client, data, length, kind, arrival_ns)
    elif kind != KIND_OTHER:
        keep_early(client, data, length, arrival_ns)


cdef void receive_batch(Core* core, Client* client) noexcept nogil:
    """Everything the socket holds, up to four batches; the rest comes with the next turn."""
    cdef int turn, i, count
    cdef int64_t arrival_ns
    for turn in range(4):
        for i in range(RECEIVE_BATCH):
            core.receive_messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6)
            core.receive_messages[i].msg_hdr.msg_controllen = sizeof(core.control[i])
        count = recvmmsg(client.fd, core.receive_messages, RECEIVE_BATCH, 0, NULL)
        for i in range(count):
            arrival_ns = client_arrival_ns(&core.receive_messages[i].msg_hdr)
            receive_datagram(core, client, core.received[i], core.receive_messages[i].msg_len,
                             &core.receive_addresses[i], arrival_ns if arrival_ns else core.wall_ns)
        if count < RECEIVE_BATCH:
            return


cdef int64_t run_incoming(Core* core, Client* client, Incoming* stream) noexcept nogil:
    """NACK and PLI of one stream; when to come back."""
    cdef uint16_t[256] numbers
    cdef int count
    cdef uint8_t* out
    if stream.hole_count:
        count = stream_nacks(stream, client.rtt_ns, core.now_ns, numbers, 256)
        if count and client.has_keys:
            stream.nacks += count
            out = send_slot(core, client)
            send_rtcp(core, client, out, rtcp_nack(out, client.reporter_ssrc, stream.ssrc, numbers, count))
    if stream.wants_key and not stream.frames.waits_for_key:
        stream.wants_key = False
    if stream.wants_key and core.now_ns - stream.pli_ns >= PLI_INTERVAL_NS:
        stream.pli_ns = core.now_ns
        stream.plis += 1
        out = send_slot(core, client)
        send_rtcp(core, client, out, rtcp_pli(out, client.reporter_ssrc, stream.ssrc))
    if stream.hole_count:
        return core.now_ns + NACK_DELAY_NS
    return stream.pli_ns + PLI_INTERVAL_NS if stream.wants_key else INT64_MAX


cdef int64_t run_reports(Core* core, Client* client) noexcept nogil:
    """Receiver reports and transport-wide feedback; when to come back."""
    cdef uint8_t* out
    cdef int length
    cdef int64_t next_ns = INT64_MAX
    if client.feedback_ns:
        if core.now_ns >= client.feedback_ns:
            out = send_slot(core, client)
            length = rtcp_transport_feedback(out, client.feedback, client.reporter_ssrc, client.incoming[0].ssrc)
            send_rtcp(core, client, out, length)
            client.feedback_sent += length > 0
            client.feedback_ns = core.now_ns + FEEDBACK_INTERVAL_NS if length else 0
        if client.feedback_ns:
            next_ns = client.feedback_ns
    if client.report_ns:
        if core.now_ns >= client.report_ns:
            out = send_slot(core, client)
            send_rtcp(core, client, out, rtcp_receiver_report(out, client, core.now_ns))
            client.report_ns = core.now_ns + REPORT_INTERVAL_NS
        if client.report_ns < next_ns:
            next_ns = client.report_ns
    return next_ns


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
        for i in range(client.outgoing_count):
            at_ns = pace(core, client, client.outgoing[i])
            next_ns = at_ns if at_ns < next_ns else next_ns
            at_ns = send_reports(core, client, client.outgoing[i])
            next_ns = at_ns if at_ns < next_ns else next_ns
    core.due[client.id] = next_ns


cdef void run_timers(Core* core) noexcept nogil:
    cdef int64_t i, next_ns = INT64_MAX
    if core.now_ns < core.next_ns:
        return
    for i in range(core.count):
        if core.due[i] <= core.now_ns:
            run_client(core, core.clients[i])
        if core.due[i] < next_ns:
            next_ns = core.due[i]
    core.next_ns = next_ns


cdef void read_clocks(Core* core) noexcept nogil:
    core.now_ns = client_clock(CLOCK_MONOTONIC)
    core.wall_ns = client_clock(CLOCK_REALTIME)


cdef void run_turn(Core* core, epoll_event* ready, int count) noexcept nogil:
    """What one wake-up brings; called with the lock held."""
    cdef int i
    cdef uint64_t id
    read_clocks(core)
    for i in range(count):
        id = ready[i].data.u64
        if id == <uint64_t>-1:
            client_unsignal(core.wake_fd)
        elif core.clients[id] != NULL:
            receive_batch(core, core.clients[id])
    run_timers(core)
    if core.send_count:
        flush(core)
    if core.event_signal:
        core.event_signal = False
        client_signal(core.event_fd)


cdef int wait_ms(Core* core) noexcept nogil:
    """Until the next timer, rounded up to whole milliseconds."""
    cdef int64_t left_ns = core.next_ns - client_clock(CLOCK_MONOTONIC)
    if left_ns <= 0:
        return 0
    if left_ns >= IDLE_MS * MILLISECOND:
        return IDLE_MS
    return <int>((left_ns + MILLISECOND - 1) // MILLISECOND)


cdef void run_loop(Core* core, client_lock* lock) noexcept nogil:
    cdef epoll_event[READY_EVENTS] ready
    cdef int count = 0
    client_lock_take(lock)
    while not core.stopping:
        run_turn(core, ready, count if count > 0 else 0)
        count = wait_ms(core)
        client_lock_give(lock)
        count = epoll_wait(core.epoll_fd, ready, READY_EVENTS, count)
        client_lock_take(lock)
    client_lock_give(lock)
