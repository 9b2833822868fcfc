# ICE-lite, always controlled (RFC 8445 section 2.5): checks are authenticated and answered here; the control plane
# hears of the first tuple, of nominations and of consent (RFC 7675) lost.

cdef int64_t CONSENT_LOST_NS = 6 * SECOND
cdef int64_t CONSENT_EXPIRED_NS = 30 * SECOND
cdef int64_t SILENT_NS = SECOND


cdef void receive_stun(Core* core, int socket, const sockaddr_in6* address, socklen_t length, uint8_t* data,
                       int size, int64_t now) noexcept nogil:
    cdef StunMessage message
    cdef Transport* transport
    cdef int which = 0, split
    if stun_parse(data, size, &message) != 0:
        core.counters.stun_malformed += 1
        return
    if message.type != STUN_BINDING_REQUEST:                   # binding requests only; we send no checks, so answers mean nothing
        core.counters.stun_other += 1
        return
    core.counters.stun_requests += 1
    split = 0
    while split < message.username_len and message.username[split] != c':':
        split += 1
    transport = transport_of_user(core, <const char*>message.username, split, &which)
    if transport == NULL:
        core.counters.stun_unknown_user += 1
        return
    if stun_check_integrity(&message, <const uint8_t*>transport.credentials[which].password,
                            transport.credentials[which].password_length) != 0:
        core.counters.stun_bad_integrity += 1
        return
    answer_check(core, transport, which, socket, address, length, &message)
    if message.has_controlled:
        core.counters.stun_role_conflict += 1
        return
    checked(core, transport, which, socket, address, length, &message, now)


cdef void answer_check(Core* core, Transport* transport, int which, int socket, const sockaddr_in6* address,
                       socklen_t length, StunMessage* message) noexcept nogil:
    """Answers an authenticated check at the address it came from; 487 to a peer that says it is controlled too."""
    cdef Credentials* own = &transport.credentials[which]
    cdef uint8_t* out = batch_reserve(core)
    cdef Tuple to
    cdef int written
    if out == NULL:
        return
    if message.has_controlled:
        written = stun_write_error(out, ARENA_SLOT, message, 487, <const uint8_t*>own.password, own.password_length)
    elif address.sin6_family == AF_INET:
        written = stun_write_success(out, ARENA_SLOT, message, (<const uint8_t*>address) + 4,
                                     read16((<const uint8_t*>address) + 2), 4,
                                     <const uint8_t*>own.password, own.password_length)
    else:
        written = stun_write_success(out, ARENA_SLOT, message, (<const uint8_t*>address) + 8,
                                     read16((<const uint8_t*>address) + 2), 6,
                                     <const uint8_t*>own.password, own.password_length)
    if written <= 0:
        core.counters.stun_would_amplify += 1
        return
    to.address = address[0]
    to.length = length
    to.socket = <uint8_t>socket
    batch_commit(core, &to, written)


cdef void checked(Core* core, Transport* transport, int which, int socket, const sockaddr_in6* address,
                  socklen_t length, StunMessage* message, int64_t now) noexcept nogil:
    """Books an authenticated check: tuple, consent, nomination."""
    cdef int index = tuple_remember(core, transport, socket, address, length, now)
    cdef Tuple* entry
    cdef int before = transport.selected
    if index < 0:
        return
    entry = &transport.tuples[index]
    entry.last_seen_ns = now
    entry.generation = transport.credentials[which].generation
    entry.priority = message.priority
    if message.has_use_candidate:
        entry.nominated = 1
        if which == 0:
            transport.credential_count = 1       # the restart is complete: the old credentials end
    consent(core, transport, now)
    select_tuple(transport, index, now)
    if not transport.connected:
        transport.connected = 1
        emit_address(core, ON_ICE_CONNECTED, transport)
    elif transport.selected != before:
        emit_address(core, ON_ICE_SELECTED, transport)


cdef int tuple_remember(Core* core, Transport* transport, int socket, const sockaddr_in6* address, socklen_t length,
                        int64_t now) noexcept nogil:
    """Index of this address pair among the transport's tuples; the longest silent one that is not selected makes room."""
    cdef TupleRef* ref = tuple_find(core, socket, address)
    cdef int i, index = -1
    cdef Tuple* entry
    if ref != NULL:
        if ref.transport == transport:
            return ref.index
        tuple_forget(core, ref.transport, ref.index)
    for i in range(MAX_TUPLES):
        entry = &transport.tuples[i]
        if not entry.used:
            index = i
            break
        if i != transport.selected and (index < 0 or entry.last_seen_ns < transport.tuples[index].last_seen_ns):
            index = i
    if core.tuple_used * 2 >= core.tuple_capacity and tuple_grow(core) != 0:
        return -1
    tuple_forget(core, transport, index)
    entry = &transport.tuples[index]
    memset(entry, 0, sizeof(Tuple))
    entry.used = 1
    entry.socket = <uint8_t>socket
    entry.address = address[0]
    entry.length = length
    entry.last_seen_ns = now
    tuple_place(core, tuple_key(socket, address), transport, index)
    return index


cdef void select_tuple(Transport* transport, int index, int64_t now) noexcept nogil:
    """Whom we send to: the nominated tuple, before any nomination the last validated (media.md, ICE)."""
    cdef Tuple* entry = &transport.tuples[index]
    cdef Tuple* current
    if transport.selected < 0:
        transport.selected = index
        return
    if transport.selected == index:
        return
    current = &transport.tuples[transport.selected]
    if not current.nominated:
        transport.selected = index
    elif entry.nominated and entry.generation != current.generation:
        if <int8_t>(entry.generation - current.generation) > 0:
            transport.selected = index
    elif entry.nominated and (entry.priority > current.priority or now - current.last_seen_ns > SILENT_NS):
        transport.selected = index


cdef void consent(Core* core, Transport* transport, int64_t now) noexcept nogil:
    transport.last_consent_ns = now
    if transport.disconnected:
        transport.disconnected = 0
        transport.expired = 0
        emit(core, ON_ICE_RECONNECTED, transport.id, NULL, 0)


cdef void poll_consent(Core* core, int64_t now) noexcept nogil:
    """Consent silent for 6 s is told, for 30 s is final (RFC 7675 section 5.1 allows 30 s)."""
    cdef int slot
    cdef Transport* transport
    for slot in range(core.transports.capacity):
        transport = <Transport*>core.transports.items[slot]
        if transport == NULL or not transport.connected:
            continue
        if not transport.disconnected and now - transport.last_consent_ns > CONSENT_LOST_NS:
            transport.disconnected = 1
            emit(core, ON_ICE_DISCONNECTED, transport.id, NULL, 0)
        if not transport.expired and now - transport.last_consent_ns > CONSENT_EXPIRED_NS:
            transport.expired = 1
            emit(core, ON_ICE_EXPIRED, transport.id, NULL, 0)


cdef void emit_address(Core* core, int kind, Transport* transport) noexcept nogil:
    emit(core, kind, transport.id, &transport.tuples[transport.selected].address, sizeof(sockaddr_in6))


cdef void receive_dtls(Core* core, int socket, const sockaddr_in6* address, const uint8_t* data, int size,
                       int64_t now) noexcept nogil:
    """DTLS goes up, from validated tuples only, at most DTLS_QUEUE datagrams waiting per transport."""
    cdef TupleRef* ref = tuple_find(core, socket, address)
    core.counters.dtls_received += 1
    if ref == NULL:
        core.counters.dtls_no_tuple += 1
        return
    if ref.transport.dtls_queued >= DTLS_QUEUE:
        core.counters.dtls_queue_full += 1
        return
    ref.transport.tuples[ref.index].last_seen_ns = now
    if emit(core, ON_DTLS, ref.transport.id, data, size) == 0:
        ref.transport.dtls_queued += 1
