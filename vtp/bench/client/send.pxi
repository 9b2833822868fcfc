# Outgoing packets: the batch towards one client's peer, the pacer, answers to NACK, sender reports.

cdef int64_t BURST_NS = 5_000_000            # Chromium's pacer: bursts 5 ms apart (media.md)
cdef int64_t RESEND_GUARD_NS = 10_000_000    # the same packet not again within this, or the round trip
cdef enum:
    BURST_PACKETS = 3


cdef void flush(Core* core) noexcept nogil:
    """Sends the batch; what the socket does not take at once is dropped and counted, as a network would."""
    cdef Client* client = core.send_client
    cdef int done = 0, sent
    while done < core.send_count:
        sent = sendmmsg(client.fd, &core.send_messages[done], core.send_count - done, 0)
        if sent > 0:
            done += sent
            client.datagrams_sent += sent
            core.datagrams_sent += sent
        elif client_errno() != EINTR:
            client.send_failed += 1
            done += 1
    core.send_count = 0


cdef uint8_t* send_slot(Core* core, Client* client) noexcept nogil:
    """Where the next datagram for this client is written; call `send_commit` with its length."""
    if core.send_client != client or core.send_count == SEND_BATCH:
        if core.send_count:
            flush(core)
        core.send_client = client
    return core.outgoing[core.send_count]


cdef void send_commit(Core* core, int candidate, int length) noexcept nogil:
    cdef mmsghdr* message = &core.send_messages[core.send_count]
    cdef Client* client = core.send_client
    core.send_vectors[core.send_count].iov_base = core.outgoing[core.send_count]
    core.send_vectors[core.send_count].iov_len = length
    memset(message, 0, sizeof(mmsghdr))
    message.msg_hdr.msg_name = &client.candidates[candidate]
    message.msg_hdr.msg_namelen = client.candidate_lengths[candidate]
    message.msg_hdr.msg_iov = &core.send_vectors[core.send_count]
    message.msg_hdr.msg_iovlen = 1
    core.send_count += 1


cdef void send_rtcp(Core* core, Client* client, uint8_t* packet, int length) noexcept nogil:
    """Protects and sends an RTCP packet that was written into `send_slot`."""
    cdef int protected
    if length <= 0 or not client.has_keys or client.selected < 0:
        return
    protected = srtcp_protect(&client.send, packet, length)
    if protected > 0:
        send_commit(core, client.selected, protected)


cdef inline int rid_at(Outgoing* stream) noexcept nogil:
    """Where in a packet the extension behind the MID begins: the RID where there is one."""
    return 17 + stream.mid_length if stream.extension[CLIENT_EXT_MID] and stream.mid_length else 16


cdef void stamp(Core* core, Client* client, Outgoing* stream, uint8_t* packet) noexcept nogil:
    """Fills in what belongs to the moment of sending: abs-send-time and the transport-wide number."""
    cdef int at = rid_at(stream)
    if stream.extension[CLIENT_EXT_RID] and stream.rid_length:
        at += 1 + stream.rid_length
    if stream.extension[CLIENT_EXT_ABS_SEND_TIME]:
        write24(packet + at + 1, <uint32_t>((ntp_from_ns(core.wall_ns) >> 14) & 0xFFFFFF))
        at += 4
    if stream.extension[CLIENT_EXT_TRANSPORT_CC]:
        write16(packet + at + 1, client.transport_sequence)
        client.transport_sequence += 1


cdef void send_packet(Core* core, Client* client, Outgoing* stream, Sent* slot) noexcept nogil:
    cdef uint8_t* out = send_slot(core, client)
    cdef int length
    if stream.protect == NULL:
        stream.protect = srtp_stream(&client.send, stream.ssrc, 1)
    if stream.rtx_protect == NULL and stream.rtx_ssrc:
        stream.rtx_protect = srtp_stream(&client.send, stream.rtx_ssrc, 1)
    if stream.protect == NULL or (stream.rtx_ssrc and stream.rtx_protect == NULL):
        client.send_failed += 1
        return
    stamp(core, client, stream, slot.data)
    memcpy(out, slot.data, slot.length)
    length = srtp_protect(&client.send, stream.protect, out, slot.header_length, slot.length)
    if length < 0:
        client.send_failed += 1
        return
    send_commit(core, client.selected, length)
    stream.packets += 1
    stream.bytes += slot.length
    stream.payload_bytes += slot.length - slot.header_length


cdef void resend_plain(Core* core, Client* client, Outgoing* stream, Sent* slot) noexcept nogil:
    """Without RTX a packet goes again byte for byte, or the key stream would be given away (media.md)."""
    cdef uint8_t* out = send_slot(core, client)
    cdef int length
    memcpy(out, slot.data, slot.length)
    length = srtp_protect(&client.send, stream.protect, out, slot.header_length, slot.length)
    if length > 0:
        send_commit(core, client.selected, length)


cdef void resend_rtx(Core* core, Client* client, Outgoing* stream, Sent* slot) noexcept nogil:
    """RFC 4588 section 4: an SSRC, payload type and numbers of its own; the original number before the payload."""
    cdef uint8_t* out = send_slot(core, client)
    cdef int header = slot.header_length
    cdef int length
    memcpy(out, slot.data, header)
    out[1] = (slot.data[1] & 0x80) | <uint8_t>stream.rtx_payload_type
    write16(out + 2, stream.rtx_sequence)
    write32(out + 8, stream.rtx_ssrc)
    if stream.extension[CLIENT_EXT_RID] and stream.rid_length:     # RFC 8852 section 3.1: it is the repaired stream's
        out[rid_at(stream)] = <uint8_t>((stream.extension[CLIENT_EXT_REPAIRED_RID] << 4) | (stream.rid_length - 1))
    stamp(core, client, stream, out)
    write16(out + header, <uint16_t>(slot.number & 0xFFFF))
    memcpy(out + header + 2, slot.data + header, slot.length - header)
    stream.rtx_sequence += 1
    length = srtp_protect(&client.send, stream.rtx_protect, out, header, slot.length + 2)
    if length > 0:
        send_commit(core, client.selected, length)


cdef void resend(Core* core, Client* client, Outgoing* stream, uint16_t sequence) noexcept nogil:
    """Answers one number of a NACK."""
    cdef int64_t number = stream.sent - 1
    cdef Sent* slot
    cdef int64_t guard_ns = RESEND_GUARD_NS
    number -= <uint16_t>(<uint16_t>(number & 0xFFFF) - sequence)
    stream.nacks += 1
    if number < 0:
        stream.resend_missed += 1
        return
    slot = &stream.ring[number & stream.ring_mask]
    if slot.number != number:
        stream.resend_missed += 1
        return
    if client.rtt_ns > <double>guard_ns:
        guard_ns = <int64_t>client.rtt_ns
    if slot.resent_ns and core.now_ns - slot.resent_ns < guard_ns:
        return
    slot.resent_ns = core.now_ns
    stream.resent += 1
    if stream.rtx_ssrc and stream.rtx_payload_type >= 0:
        resend_rtx(core, client, stream, slot)
    else:
        resend_plain(core, client, stream, slot)


cdef int64_t pace(Core* core, Client* client, Outgoing* stream) noexcept nogil:
    """Sends what is due, video in bursts; when to come back."""
    cdef Unit* unit
    cdef int64_t at_ns
    cdef int burst
    while stream.unit_count:
        unit = &stream.units[stream.unit_head]
        at_ns = unit.due_ns if stream.sent == unit.first else stream.burst_ns
        if core.now_ns < at_ns:
            return at_ns
        burst = 0
        while stream.sent < unit.end and burst < unit.burst:
            send_packet(core, client, stream, &stream.ring[stream.sent & stream.ring_mask])
            stream.sent += 1
            burst += 1
        if stream.sent == unit.end:
            stream.unit_head = (stream.unit_head + 1) % UNIT_SLOTS
            stream.unit_count -= 1
            stream.units_sent += 1
        else:
            stream.burst_ns = core.now_ns + BURST_NS
    return INT64_MAX


cdef int queue_unit(Outgoing* stream, int64_t due_ns, int64_t first) noexcept nogil:
    """Gives the packets written since `first` to the pacer. The burst grows so that a frame ends before the next."""
    cdef Unit* unit
    cdef int64_t interval_ns = due_ns - stream.last_due_ns
    cdef int64_t bursts
    if stream.unit_count == UNIT_SLOTS:
        stream.written = first
        return UNIT_RING_FULL
    if not 5_000_000 <= interval_ns <= 40_000_000:
        interval_ns = 40_000_000
    bursts = interval_ns * 4 // (5 * BURST_NS)
    if bursts < 1:
        bursts = 1
    unit = &stream.units[(stream.unit_head + stream.unit_count) % UNIT_SLOTS]
    unit.due_ns = due_ns
    unit.first = first
    unit.end = stream.written
    unit.burst = <int>((stream.written - first + bursts - 1) // bursts)
    if unit.burst < BURST_PACKETS:
        unit.burst = BURST_PACKETS
    stream.unit_count += 1
    stream.last_due_ns = due_ns
    return UNIT_OK


cdef int64_t send_reports(Core* core, Client* client, Outgoing* stream) noexcept nogil:
    """A sender report a second, the first with the first packet."""
    cdef uint8_t* out
    if stream.packets == 0:
        return INT64_MAX
    if core.now_ns >= stream.report_ns:
        out = send_slot(core, client)
        send_rtcp(core, client, out, rtcp_sender_report(out, stream, core.now_ns, core.wall_ns))
        stream.report_ns = coarse(core.now_ns + REPORT_INTERVAL_NS)
    return stream.report_ns
