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
    if message.type != STUN_BINDING_REQUEST:     # we send no checks, so answers mean nothing
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
    if is_replay(transport, tuple_key(socket, address), message.transaction):
        core.counters.stun_replayed += 1
        return
    if is_taken(core, transport, socket, address, now):
        core.counters.stun_taken_tuple += 1
        return
    answer_check(core, transport, which, socket, address, length, &message)
    if message.has_controlled or message.unknown_count:
        core.counters.stun_role_conflict += message.has_controlled
        core.counters.stun_unknown_attribute += not message.has_controlled
        return
    checked(core, transport, which, socket, address, length, &message, now)


cdef bint is_replay(Transport* transport, uint64_t address_key, const uint8_t* transaction) noexcept nogil:
    """True for a check that came from another address before: a peer repeats one only from where it sent it first.

    STUN has no protection against replay (RFC 8489 section 16.1.2); without this, whoever sees a check could send
    it on from an address of his own and draw the media there.
    """
    cdef uint64_t known, at = (<uint64_t>1 << 48) - 1
    cdef uint64_t check = (read64(transaction) ^ (<uint64_t>read32(transaction + 8) << 16)) & at
    cdef uint64_t i, kept = min(transport.check_count, <uint64_t>CHECKS_REMEMBERED)
    for i in range(kept):
        known = transport.checks[i]
        if known & at == check:
            return known >> 48 != address_key >> 48
    transport.checks[transport.check_count % CHECKS_REMEMBERED] = check | (address_key >> 48) << 48
    transport.check_count += 1
    return False


cdef bint is_taken(Core* core, Transport* transport, int socket, const sockaddr_in6* address,
                   int64_t now) noexcept nogil:
    """True when another transport's peer uses this address now; who merely claims it (UDP can lie) waits."""
    cdef TupleRef* ref = tuple_find(core, socket, address)
    return ref != NULL and ref.transport != transport and ref.transport.has_keys \
        and now - ref.transport.tuples[ref.index].last_seen_ns < SILENT_NS


cdef void answer_check(Core* core, Transport* transport, int which, int socket, const sockaddr_in6* address,
                       socklen_t length, StunMessage* message) noexcept nogil:
    """Answers an authenticated check at the address it came from.

    487 to a peer that says it is controlled too, 420 to one that demands what we do not know (RFC 8489 section 6.3.1).
    """
    cdef Credentials* own = &transport.credentials[which]
    cdef uint8_t* out = batch_reserve(core)
    cdef Tuple to
    cdef int written
    if out == NULL:
        return
    if message.has_controlled:
        written = stun_write_error(out, ARENA_SLOT, message, 487, <const uint8_t*>own.password, own.password_length)
    elif message.unknown_count:
        written = stun_write_error(out, ARENA_SLOT, message, 420, <const uint8_t*>own.password, own.password_length)
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
    to.socket = <uint16_t>socket
    batch_commit(core, &to, written, 0)


cdef void checked(Core* core, Transport* transport, int which, int socket, const sockaddr_in6* address,
                  socklen_t length, StunMessage* message, int64_t now) noexcept nogil:
    """Books an authenticated check: tuple, consent, nomination."""
    cdef int index = tuple_remember(core, transport, socket, address, length, now)
    cdef Tuple* entry
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
    select_and_tell(core, transport, index, now)


cdef void select_and_tell(Core* core, Transport* transport, int index, int64_t now) noexcept nogil:
    cdef int before = transport.selected
    select_tuple(transport, index, now)
    if not transport.connected:
        transport.connected = emit_address(core, ON_ICE_CONNECTED, transport) == 0
    elif transport.selected != before and not transport.selection_queued:
        transport.selection_queued = emit_address(core, ON_ICE_SELECTED, transport) == 0


cdef void media_came(Core* core, Transport* transport, int index, int64_t now) noexcept nogil:
    """Authentic media over an address pair: a nominated one takes over from one that fell silent."""
    transport.tuples[index].last_seen_ns = now
    consent(core, transport, now)
    if index != transport.selected and (transport.selected < 0 or transport.tuples[index].nominated):
        select_and_tell(core, transport, index, now)


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
    entry.socket = <uint16_t>socket
    entry.address = address[0]
    entry.length = length
    entry.last_seen_ns = now
    tuple_place(core, tuple_key(socket, address), transport, index)
    if socket >= MAX_SOCKETS:
        adopt(core, transport, entry)
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
    if transport.disconnected and emit(core, ON_ICE_RECONNECTED, transport.id, NULL, 0) == 0:
        transport.disconnected = 0
        transport.expired = 0


cdef void poll_consent(Core* core, int64_t now) noexcept nogil:
    """Consent silent for 6 s is told, for 30 s is final (RFC 7675 section 5.1 allows 30 s); again when nobody heard."""
    cdef int slot
    cdef Transport* transport
    for slot in range(core.transports.capacity):
        transport = <Transport*>core.transports.items[slot]
        if transport == NULL or not transport.connected:
            continue
        if not transport.disconnected and now - transport.last_consent_ns > CONSENT_LOST_NS:
            transport.disconnected = emit(core, ON_ICE_DISCONNECTED, transport.id, NULL, 0) == 0
        if not transport.expired and now - transport.last_consent_ns > CONSENT_EXPIRED_NS:
            transport.expired = emit(core, ON_ICE_EXPIRED, transport.id, NULL, 0) == 0


cdef int emit_address(Core* core, int kind, Transport* transport) noexcept nogil:
    return emit(core, kind, transport.id, &transport.tuples[transport.selected].address, sizeof(sockaddr_in6))


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
    if emit(core, ON_DTLS, ref.transport.id, data, size) == 0:
        ref.transport.dtls_queued += 1
