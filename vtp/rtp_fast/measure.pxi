# Loops for bench/: steps so short that a call from Python would cost more than they do. The server calls none of them.
# No clock is read here. Each answers with a count over its results, so that the compiler cannot leave work out.

cdef enum:
    MEASURED_MAX = 1500          # bytes of a packet here: an Ethernet frame's payload
    MEASURED_COPIES = 8          # taken in turn: the compiler would move work on a single one out of the loop


cdef Py_ssize_t _measurable(bytes packet, int least) except -1:
    """The packet's length; ValueError when it does not fit into the loops' buffers."""
    if not least <= len(packet) <= MEASURED_MAX:
        raise ValueError(f"a measured packet has {least} to {MEASURED_MAX} bytes")
    return len(packet)


def repeat_parse_rtp(bytes packet not None, int rounds) -> int:
    """Parses copies of a plain packet, `rounds` times. Returns a sum over what it found.

    Raises ValueError when it is not an RTP packet of 12 to 1500 bytes.
    """
    cdef _header.RtpPacket parsed
    cdef uint8_t copies[MEASURED_COPIES][MEASURED_MAX]
    cdef Py_ssize_t length = _measurable(packet, 12)
    cdef int64_t total = 0
    cdef int i
    for i in range(MEASURED_COPIES):
        memcpy(copies[i], PyBytes_AS_STRING(packet), length)
    _checked(_header.rtp_parse(copies[0], length, &parsed), _REASONS)
    with nogil:
        for i in range(rounds):
            if _header.rtp_parse(copies[i % MEASURED_COPIES], length, &parsed) == 0:
                total += parsed.payload_len + parsed.sequence + parsed.ext_count
    return total


def repeat_inspect_payload(int codec, bytes payload not None, int rounds) -> int:
    """Reads the payload descriptor in copies of an RTP payload, `rounds` times. Returns a sum over what it found.

    Raises ValueError when the payload cannot be read or has not 1 to 1500 bytes.
    """
    cdef _codecs.PayloadInfo info
    cdef uint8_t copies[MEASURED_COPIES][MEASURED_MAX]
    cdef int length = <int> _measurable(payload, 1)
    cdef int64_t total = 0
    cdef int i
    for i in range(MEASURED_COPIES):
        memcpy(copies[i], PyBytes_AS_STRING(payload), length)
    _checked(_codecs.codec_inspect(codec, copies[0], length, False, &info), _CODEC_REASONS)
    with nogil:
        for i in range(rounds):
            if _codecs.codec_inspect(codec, copies[i % MEASURED_COPIES], length, False, &info) >= 0:
                total += 1 + info.start_of_frame + info.key_frame + info.picture_id + info.temporal_id
    return total


def repeat_protect(Srtp session not None, bytes packet not None, uint32_t rounds) -> int:
    """Copies a plain packet, gives it the next sequence number and protects it, `rounds` times.

    The session is a sender's. Returns the sum of the lengths in bytes. Raises ValueError as Srtp.protect does.
    """
    cdef _header.RtpPacket parsed
    cdef uint8_t work[MEASURED_MAX + _srtp.SRTP_MAX_TRAILER]
    cdef const uint8_t* plain = <const uint8_t*> PyBytes_AS_STRING(packet)
    cdef int length = <int> _measurable(packet, 12), protected = 0
    cdef int64_t total = 0
    cdef uint32_t i
    _checked(_header.rtp_parse(plain, length, &parsed), _REASONS)
    cdef _srtp.SrtpStream* stream = _srtp.srtp_stream(&session.session, parsed.ssrc, True)
    if stream == NULL:
        raise ValueError(_REASONS[_srtp.SRTP_ERROR_NO_SLOT])
    with nogil:
        for i in range(rounds):
            memcpy(work, plain, length)
            write16(work + 2, <uint16_t> (parsed.sequence + i))
            protected = _srtp.srtp_protect(&session.session, stream, work, parsed.header_len, length)
            if protected < 0:
                break
            total += protected
    _checked(protected, _REASONS)
    return total


def repeat_unprotect(Srtp session not None, list packets not None) -> int:
    """Copies and unprotects each of the packets (bytes) once, for a receiving session takes none twice.

    Returns the sum of the plain lengths in bytes. Raises ValueError as Srtp.unprotect does.
    """
    cdef _header.RtpPacket parsed
    cdef uint8_t work[MEASURED_MAX + _srtp.SRTP_MAX_TRAILER]
    cdef bytes packet
    cdef int length
    cdef int64_t total = 0
    for packet in packets:
        length = <int> _measurable(packet, 12)
        memcpy(work, PyBytes_AS_STRING(packet), length)
        total += _checked(_srtp.srtp_unprotect(&session.session, work, length, &parsed), _REASONS)
    return total


def repeat_depacketize(Depacketizer depacketizer not None, list packets not None, int64_t arrival_ns) -> int:
    """Gives it each of the plain RTP packets (bytes) and takes the frames that get whole. Returns their bytes."""
    cdef bytes packet
    cdef DepUnit* unit
    cdef int64_t total = 0
    for packet in packets:
        depacketizer.push_packet(<const uint8_t*> PyBytes_AS_STRING(packet), <size_t> len(packet), arrival_ns)
        while depacketizer.state.first != NULL:
            unit = depacketizer.state.first
            total += <int64_t> unit.length
            depacketizer.state.first = unit.next
            depacketizer.state.queued_bytes -= unit.length
            free(unit)
        depacketizer.state.last = NULL
    return total


cdef Consumer* _measured_viewer(Worker worker, int64_t consumer_id) except NULL:
    """The consumer of a Worker without sockets that has been sent packets; ValueError otherwise."""
    if worker.addresses:
        raise ValueError("only a Worker without addresses is measured this way")
    cdef Consumer* consumer = worker.consumer(consumer_id)
    if consumer.stream == NULL or consumer.stream.newest < 0 or not consumer.sent_any:
        raise ValueError("this viewer has been sent nothing yet")
    return consumer


def repeat_rewrite(Worker worker not None, int64_t consumer_id, uint32_t rounds) -> int:
    """Rewrites the newest packet for one viewer `rounds` times: header, its extensions, picture ids; no copy, no cipher.

    Uses up transport-wide numbers. Returns the sum of header lengths in bytes. Raises ValueError
    unless the Worker has no addresses and has sent the consumer packets.
    """
    cdef Consumer* consumer = _measured_viewer(worker, consumer_id)
    cdef Slot* slot = &consumer.stream.ring[consumer.stream.newest % consumer.stream.ring_size]
    cdef uint8_t out[ARENA_SLOT]
    cdef int64_t total = 0
    cdef int header
    cdef uint32_t i
    memset(out, 0, sizeof(out))
    with nogil:
        for i in range(rounds):
            header = write_header(consumer, &consumer.leg, slot, out, consumer.payload_type[slot.codec], consumer.ssrc,
                                  <uint16_t> i, slot.packet.marker, worker.core.now_ns)
            rewrite_payload(&consumer.leg, slot, out + header, slot.info.picture_id)
            total += header + out[3] - <uint8_t> i
    return total


def repeat_answer_nack(Worker worker not None, int64_t consumer_id, uint16_t sequence, uint32_t rounds, *,
                       bint resend) -> int:
    """Answers a viewer's request for the packet it knows as `sequence`, `rounds` times. Returns how often it was resent.

    resend: as if each were the first, rebuilt and encrypted; else all but the first are looked up and refused, for
    they come within a round trip. Raises ValueError as repeat_rewrite does.
    """
    cdef Consumer* consumer = _measured_viewer(worker, consumer_id)
    cdef Core* core = worker.core
    cdef uint64_t before = core.counters.rtx_sent
    cdef uint32_t i
    with nogil:
        for i in range(rounds):
            if resend and consumer.history != NULL:
                consumer.history[sequence % HISTORY_SIZE].flags &= <uint8_t> ~RESENT
                consumer.transport.resend_paid_until_ns = 0
            answer_nack(core, consumer, sequence, core.now_ns)
            batch_clear(&core.out)
    return core.counters.rtx_sent - before


def repeat_read_feedback(Worker worker not None, int64_t transport_id, bytes feedback not None, int packets,
                         uint32_t rounds) -> int:
    """Notes `packets` as sent and reads a plain transport-wide feedback packet about them, `rounds` times.

    2.5 ms of the clock pass with each packet. Returns the estimate. Raises ValueError unless the Worker has no addresses and
    the transport has been sent numbered packets.
    """
    cdef Transport* transport = worker.transport(transport_id)
    cdef Core* core = worker.core
    cdef uint8_t data[MEASURED_MAX]
    cdef int length = <int> _measurable(feedback, FEEDBACK_HEAD)
    cdef uint32_t reference
    cdef uint32_t i
    cdef int j
    if worker.addresses or transport.sent == NULL:
        raise ValueError("only a Worker without addresses that has sent numbered packets is measured this way")
    memcpy(data, PyBytes_AS_STRING(feedback), length)
    with nogil:
        for i in range(rounds):
            write16(data + 12, <uint16_t>(transport.feedback_sequence + 1))
            reference = <uint32_t>(core.now_ns // FEEDBACK_REFERENCE_NS)
            write24(data + 16, reference & 0xFFFFFF)
            data[19] += 1
            for j in range(packets):
                core.now_ns += 2500000
                transport.feedback_sequence += 1
                note_sent(core, transport, 1180)
            read_feedback(core, transport, data, length, core.now_ns)
    return <int64_t>available_bps(transport, core.now_ns)


def repeat_receive_compound(Worker worker not None, int64_t transport_id, bytes compound not None, uint32_t rounds) -> int:
    """Reads plain RTCP of a transport's peer, one packet or several, `rounds` times.

    What it asks for again is written and forgotten. Returns how many of the datagrams' packets were malformed. Raises
    ValueError unless the Worker has no addresses, or the RTCP has not 8 to 2048 bytes.
    """
    cdef Transport* transport = worker.transport(transport_id)
    cdef Core* core = worker.core
    cdef uint64_t before = core.counters.rtcp_malformed + core.counters.feedback_malformed
    cdef const uint8_t* data = <const uint8_t*> PyBytes_AS_STRING(compound)
    cdef int length = <int> min(len(compound), RECEIVE_SLOT + 1)
    cdef uint32_t i
    if worker.addresses or not 8 <= length <= RECEIVE_SLOT:
        raise ValueError("only a Worker without addresses is measured this way, with 8 to 2048 bytes")
    with nogil:
        for i in range(rounds):
            receive_compound(core, transport, data, length, core.now_ns)
            batch_clear(&core.out)
    return core.counters.rtcp_malformed + core.counters.feedback_malformed - before
