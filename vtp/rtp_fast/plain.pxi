# Plain transports: RTP and RTCP of an encoder or a player over UDP ports of their own, without ICE and DTLS.
#
# A transport has a socket for RTP, and one for RTCP unless both come to the first. The socket says whose a datagram is, so
# nothing here is in the way of WebRTC's packets; tuples and the batch call it FIRST_PLAIN + its place in the table. Tuple 0
# is the peer's address for RTP, tuple 1 that for RTCP where it has one of its own (decision 0052).

cdef int64_t PLAIN_SILENT_NS = SECOND            # a source of media is gone after this

cdef enum:
    PLAIN_SOCKETS = 16384        # 65,536 less FIRST_PLAIN
    PLAIN_STREAMS = 4096         # SSRCs under one key: an encoder has another one whenever it starts
    RTP_TUPLE = 0
    RTCP_TUPLE = 1
    RESTART_JUMP = 100           # a source that was silent and goes on so far back has started over


cdef struct PlainSocket:
    int fd                       # -1: a test is the other end
    uint16_t socket
    uint8_t reports              # of RTCP only
    Transport* transport


cdef struct Plain:
    PlainSocket* media
    PlainSocket* reports         # NULL: RTCP comes to `media` too
    uint8_t learns               # the peer's address is where its first valid packet comes from
    uint8_t encrypted
    uint8_t reports_fixed        # the address for RTCP was given
    int reports_to               # the tuple that RTCP goes to; -1: not known yet


cdef inline PlainSocket* plain_socket_of(Core* core, int socket) noexcept nogil:
    cdef int place = socket - FIRST_PLAIN
    return core.plain_sockets[place] if 0 <= place < core.plain_capacity else NULL


cdef PlainSocket* open_plain_socket(Core* core, Transport* transport, int fd, bint reports) noexcept nogil:
    """Puts a bound socket into the table; NULL when that is full or without memory."""
    cdef PlainSocket* made
    cdef PlainSocket** grown
    cdef int place = 0, capacity
    while place < core.plain_capacity and core.plain_sockets[place] != NULL:
        place += 1
    if place == core.plain_capacity:
        capacity = core.plain_capacity * 2 if core.plain_capacity else 16
        if capacity > PLAIN_SOCKETS:
            return NULL
        grown = <PlainSocket**>realloc(core.plain_sockets, capacity * sizeof(PlainSocket*))
        if grown == NULL:
            return NULL
        memset(&grown[core.plain_capacity], 0, (capacity - core.plain_capacity) * sizeof(PlainSocket*))
        core.plain_sockets = grown
        core.plain_capacity = capacity
    made = <PlainSocket*>calloc(1, sizeof(PlainSocket))
    if made == NULL:
        return NULL
    made.fd = fd
    made.socket = <uint16_t>(FIRST_PLAIN + place)
    made.reports = reports
    made.transport = transport
    core.plain_sockets[place] = made
    return made


cdef void close_plain_socket(Core* core, PlainSocket* gone) noexcept nogil:
    if gone == NULL:
        return
    core.plain_sockets[gone.socket - FIRST_PLAIN] = NULL
    if gone.fd >= 0:
        os_close(gone.fd)                        # which ends its being watched, too
    free(gone)


cdef void close_plain(Core* core, Transport* transport) noexcept nogil:
    """Ends the sockets of a transport that goes; what waits to be sent over them leaves before."""
    if transport.plain == NULL:
        return
    if core.socket_count:
        batch_flush(core)
    close_plain_socket(core, transport.plain.media)
    close_plain_socket(core, transport.plain.reports)
    memset(transport.tuples, 0, sizeof(transport.tuples))        # they are in no table of addresses
    free(transport.plain)
    transport.plain = NULL


cdef inline int report_tuple(Transport* transport) noexcept nogil:
    """The tuple that RTCP goes to; -1: none yet."""
    return transport.selected if transport.plain == NULL else transport.plain.reports_to


cdef void set_plain_tuple(Transport* transport, int index, const sockaddr_in6* address, socklen_t length,
                          int64_t now) noexcept nogil:
    """Where the peer is."""
    cdef Plain* plain = transport.plain
    cdef Tuple* entry = &transport.tuples[index]
    memset(entry, 0, sizeof(Tuple))
    entry.used = 1
    entry.nominated = 1
    entry.address = address[0]
    entry.length = length
    entry.last_seen_ns = now
    entry.plain_until_ns = NEVER_NS              # one viewer per socket: runs are not worth their padding
    entry.socket = plain.media.socket if plain.reports == NULL or index == RTP_TUPLE else plain.reports.socket
    if index == RTP_TUPLE:
        transport.selected = RTP_TUPLE
    if index == RTCP_TUPLE or plain.reports == NULL:
        plain.reports_to = index


cdef inline bint same_host(const sockaddr_in6* a, const sockaddr_in6* b) noexcept nogil:
    """Whether two addresses differ in their ports at most."""
    if a.sin6_family != b.sin6_family:
        return False
    if a.sin6_family == AF_INET:
        return memcmp((<const uint8_t*>a) + 4, (<const uint8_t*>b) + 4, 4) == 0
    return memcmp((<const uint8_t*>a) + 8, (<const uint8_t*>b) + 8, 16) == 0


cdef bint may_send_media(Transport* transport, const sockaddr_in6* address, int64_t now) noexcept nogil:
    """Whether media may come from this address, if it proves to be valid.

    Nobody takes the place of a source that still sends. Of one that is silent a new port of the same host may follow, for
    that is an encoder that was started again; another host only where the key shows that it is the same peer.
    """
    cdef Tuple* known = &transport.tuples[RTP_TUPLE]
    if transport.selected < 0:
        return transport.plain.learns
    if same_address(&known.address, address):
        return True
    if not transport.plain.learns or now - known.last_seen_ns < PLAIN_SILENT_NS:
        return False
    return transport.plain.encrypted or same_host(&known.address, address)


cdef void receive_plain(Core* core, PlainSocket* socket, const sockaddr_in6* address, socklen_t length, uint8_t* data,
                        int size, int64_t now) noexcept nogil:
    """One datagram that came to a plain transport's socket. `data` is changed in place."""
    cdef int kind
    core.counters.datagrams_received += 1
    core.counters.bytes_received += size
    if size == 0:
        core.counters.empty_datagrams += 1
        return
    kind = packet_kind(data, size)
    if kind == KIND_RTP and not socket.reports:
        receive_plain_rtp(core, socket.transport, address, length, data, size, now)
    elif kind == KIND_RTCP:
        receive_plain_rtcp(core, socket, address, length, data, size, now)
    else:
        core.counters.unknown_datagrams += 1


cdef void receive_plain_rtp(Core* core, Transport* transport, const sockaddr_in6* address, socklen_t length,
                            uint8_t* data, int size, int64_t now) noexcept nogil:
    cdef RtpPacket packet
    cdef bint is_rtx = False
    cdef int plain = size
    cdef Stream* stream
    core.counters.rtp_received += 1
    if not transport.has_keys:
        core.counters.rtp_no_keys += 1
        return
    if not may_send_media(transport, address, now):
        core.counters.rtp_no_tuple += 1
        return
    if transport.plain.encrypted:
        plain = srtp_unprotect(&transport.receive, data, size, &packet)
        if plain < 0:
            core.counters.rtp_unprotect_failed += 1
            return
    elif rtp_parse(data, size, &packet) < 0:
        core.counters.rtp_malformed += 1
        return
    stream = find_stream(core, transport, data, &packet, &is_rtx, now)
    if stream == NULL or not is_rtx and stream.producer.payload_codec[packet.payload_type] < 0:
        core.counters.rtp_unknown_stream += 1
        return
    if transport.selected < 0 or not same_address(&transport.tuples[RTP_TUPLE].address, address):
        follow_source(core, transport, address, length, now)
    elif not is_rtx:
        start_over(core, transport, stream, &packet, now)
    transport.tuples[RTP_TUPLE].last_seen_ns = now
    plain_heard(core, transport, size, now)
    deliver(core, transport, stream, is_rtx, data, plain, &packet, now)


cdef void follow_source(Core* core, Transport* transport, const sockaddr_in6* address, socklen_t length,
                        int64_t now) noexcept nogil:
    """A valid packet came from a new address, and may: what comes from there has numbers and a clock of its own."""
    cdef bint before = transport.selected >= 0
    if before:
        restart_sources(core, transport)
    if before and transport.plain.reports != NULL and not transport.plain.reports_fixed:
        transport.tuples[RTCP_TUPLE].used = 0
        transport.plain.reports_to = -1
    set_plain_tuple(transport, RTP_TUPLE, address, length, now)
    tell_plain_tuple(core, transport)


cdef void restart_sources(Core* core, Transport* transport) noexcept nogil:
    """Whatever comes from now on is of another encoder."""
    cdef Producer* producer = transport.producers
    cdef int i
    while producer != NULL:
        for i in range(producer.stream_count):
            restart_stream(core, &producer.streams[i])
        producer = producer.next


cdef void tell_plain_tuple(Core* core, Transport* transport) noexcept nogil:
    if not transport.selection_queued:
        transport.selection_queued = emit_address(core, ON_TUPLE, transport) == 0


cdef void start_over(Core* core, Transport* transport, Stream* stream, RtpPacket* packet, int64_t now) noexcept nogil:
    """An encoder that begins again at the same port and SSRC, with other numbers, is a new one all the same.

    Not under a key: there the numbers may not go back.
    """
    if not stream.started or now - stream.last_arrival_ns < PLAIN_SILENT_NS or transport.plain.encrypted:
        return
    if extend_sequence(stream.highest, packet.sequence) < stream.highest - RESTART_JUMP:
        restart_stream(core, stream)


cdef void plain_heard(Core* core, Transport* transport, int size, int64_t now) noexcept nogil:
    """Books a valid packet, as `authenticated` does for those of WebRTC."""
    transport.packets_received += 1
    transport.bytes_received += size
    consent(core, transport, now)
    if not transport.media_started and emit(core, ON_MEDIA_STARTED, transport.id, NULL, 0) == 0:
        transport.media_started = 1
        transport.connected = 1                  # from here on silence is told


cdef bint may_send_reports(Transport* transport, const sockaddr_in6* address) noexcept nogil:
    """RTCP may come from another port than RTP, as FFmpeg's does, but from no other host."""
    if transport.selected < 0:
        return transport.plain.learns and transport.plain.encrypted
    return transport.plain.encrypted or same_host(&transport.tuples[RTP_TUPLE].address, address)


cdef void receive_plain_rtcp(Core* core, PlainSocket* socket, const sockaddr_in6* address, socklen_t length,
                             uint8_t* data, int size, int64_t now) noexcept nogil:
    cdef Transport* transport = socket.transport
    cdef int plain = size
    core.counters.rtcp_received += 1
    if not transport.has_keys:
        core.counters.rtp_no_keys += 1
        return
    if not may_send_reports(transport, address):
        core.counters.rtp_no_tuple += 1
        return
    if not affords(transport.rtcp_paid_until_ns, rtcp_cost_ns(size), RTCP_BURST_NS, now):
        core.counters.rtcp_refused += 1
        return
    if transport.plain.encrypted:
        plain = srtcp_unprotect(&transport.receive, data, size)
        if plain < 0:
            core.counters.rtcp_unprotect_failed += 1
            return
    if not is_compound(data, plain):
        core.counters.rtcp_malformed += 1
        return
    pay(&transport.rtcp_paid_until_ns, rtcp_cost_ns(size), now)
    if socket.reports and not transport.plain.reports_fixed and (
            transport.plain.reports_to < 0 or not same_address(&transport.tuples[RTCP_TUPLE].address, address)):
        set_plain_tuple(transport, RTCP_TUPLE, address, length, now)
    plain_heard(core, transport, size, now)
    receive_compound(core, transport, data, plain, now)


cdef bint is_compound(const uint8_t* data, int size) noexcept nogil:
    """Whether this is RTCP to its last byte (RFC 3550 appendix A.2, RFC 5506: it may begin with feedback)."""
    cdef int at = 0
    while at + 4 <= size:
        if data[at] >> 6 != 2 or not 192 <= data[at + 1] <= 223:
            return False
        at += 4 + 4 * read16(data + at + 2)
    return at == size and size >= 8


# --- the sockets ---------------------------------------------------------------------------------------------

cdef enum:
    PLAIN_READY = 64             # sockets that are looked at in one turn


cdef void take_plain(Core* core, Inbox* inbox) noexcept nogil:
    """Reads the sockets that have something, one batch each, so that none keeps the others waiting."""
    cdef uint32_t indices[PLAIN_READY]
    cdef uint8_t ready[PLAIN_READY]
    cdef int found = vtp_tcp_ready(core.plain_epoll, indices, ready, PLAIN_READY), i, at, count
    cdef PlainSocket* socket
    for i in range(found):
        socket = plain_socket_of(core, <int>indices[i])
        if socket == NULL:
            continue
        inbox_clear(inbox)
        count = recvmmsg(socket.fd, inbox.messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL)
        core.now_ns = vtp_now_ns()
        for at in range(count):
            if inbox.messages[at].msg_hdr.msg_flags & MSG_TRUNC:
                core.counters.truncated_datagrams += 1
                continue
            receive_plain(core, socket, &inbox.addresses[at], inbox.messages[at].msg_hdr.msg_namelen,
                          inbox.arena + at * RECEIVE_SLOT, inbox.messages[at].msg_len, core.now_ns)
        signal_pipes(core)
        if vtp_lock_wanted(<vtp_lock*>core.mutex):
            break
    write_ready(core)
    batch_flush(core)
