# SRTP and SRTCP of a client whose handshake is done, or almost: to the streams it watches, or to its probe.

cdef inline void note_feedback(Core* core, Client* client, const uint8_t* data, const RtpPacket* parsed,
                               int64_t arrival_ns) noexcept nogil:
    cdef const RtpExt* extension
    if client.feedback == NULL:
        return
    extension = rtp_find_ext(parsed, client.transport_cc_extension)
    if extension == NULL or extension.len < 2:
        return
    feedback_note(client.feedback, read16(data + extension.offset), arrival_ns)
    if client.feedback_ns == 0:
        client.feedback_ns = coarse(core.now_ns + client.feedback_interval_ns)
        wake_at(core, client, client.feedback_ns)


cdef inline void begin_reports(Core* core, Client* client) noexcept nogil:
    client.report_ns = coarse(core.now_ns + REPORT_INTERVAL_NS)
    wake_at(core, client, client.report_ns)


cdef void receive_watched(Core* core, Client* client, uint8_t* data, int length, int64_t arrival_ns) noexcept nogil:
    """RTP of a client that looks into every packet."""
    cdef RtpPacket parsed
    cdef Incoming* stream
    length = srtp_unprotect(&client.receive, data, length, &parsed)
    if length == SRTP_ERROR_REPLAY:
        client.replayed += 1
        return
    if length < 0:
        client.unprotect_failed += 1
        return
    note_feedback(core, client, data, &parsed, arrival_ns)
    stream = incoming_of(client, parsed.ssrc)
    if stream == NULL:
        client.unknown_streams += 1
        return
    if not stream.started:
        begin_reports(core, client)
    stream_receive(stream, data, &parsed, core.now_ns, arrival_ns)
    if stream.holes.count or stream.wants_key:
        wake_at(core, client, coarse(core.now_ns + NACK_DELAY_NS))


cdef void receive_probed(Core* core, Client* client, uint8_t* data, int length, int64_t arrival_ns) noexcept nogil:
    """RTP of a client that counts and times packets."""
    cdef RtpPacket parsed
    cdef ProbeStream* stream
    cdef bint is_rtx = False
    if rtp_parse_header(data, length, &parsed) < 0:
        client.malformed += 1
        return
    note_feedback(core, client, data, &parsed, arrival_ns)
    stream = probe_stream(client.probe, parsed.ssrc, &is_rtx)
    if stream == NULL:
        client.unknown_streams += 1
        return
    if not stream.started:
        begin_reports(core, client)
    if is_rtx:
        probe_receive_rtx(client.probe, stream, &client.receive, data, length, &parsed, arrival_ns)
    else:
        probe_receive(client.probe, stream, &client.receive, data, length, &parsed, arrival_ns, core.now_ns)
    if stream.holes.count or stream.wants_key:
        wake_at(core, client, coarse(core.now_ns + NACK_DELAY_NS))


cdef void receive_rtp(Core* core, Client* client, uint8_t* data, int length, int64_t arrival_ns) noexcept nogil:
    if client.first_rtp_ns == 0:
        client.first_rtp_ns = arrival_ns
        if client.probe != NULL:
            client.probe.first_ns = arrival_ns
    if client.probe != NULL:
        receive_probed(core, client, data, length, arrival_ns)
    elif client.incoming_count:
        receive_watched(core, client, data, length, arrival_ns)
    else:
        client.unknown_streams += 1


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
