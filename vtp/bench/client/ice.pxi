# ICE towards an ICE-lite or full peer, in either role: checks (RFC 8445), consent (RFC 7675).

cdef int64_t CONSENT_INTERVAL_NS = 2_500_000_000     # Chromium's; servers call a peer gone after 6 s (media.md)
cdef int64_t CONSENT_LIFE_NS = 30_000_000_000
cdef enum:
    CHECK_PRIORITY = 1862270975  # peer reflexive (110), local preference 65535, component 1


cdef void new_transaction(Core* core, Client* client) noexcept nogil:
    write64(client.transaction, core_random(core))
    write32(client.transaction + 8, <uint32_t>(core_random(core)))
    client.checks = 0


cdef void send_check(Core* core, Client* client, int candidate) noexcept nogil:
    """A Binding request. As the controlling agent it nominates at once: with one local candidate nothing is chosen."""
    cdef uint8_t* out = send_slot(core, client)
    cdef uint8_t[2 * ICE_TEXT] username
    cdef size_t remote = strlen(client.remote_ufrag), local = strlen(client.local_ufrag)
    cdef int length
    memcpy(username, client.remote_ufrag, remote)
    username[remote] = 58        # a colon
    memcpy(username + remote + 1, client.local_ufrag, local)
    length = stun_write_request(out, SEND_SLOT, client.transaction, username, remote + 1 + local, CHECK_PRIORITY,
                                client.controlling, client.tie_breaker, client.controlling,
                                <uint8_t*>client.remote_password, strlen(client.remote_password))
    if length > 0:
        send_commit(core, candidate, length)
        client.checks_sent += 1


cdef int64_t run_checks(Core* core, Client* client) noexcept nogil:
    """Checks until one is answered (50 ms, then doubling to 800 ms), consent after that; when to come back."""
    cdef int i
    cdef int64_t wait_ns
    if client.selected >= 0 and not client.expired and core.now_ns - client.consent_ns > CONSENT_LIFE_NS:
        client.expired = True
        emit(core, ON_EXPIRED, client.id, 0, NULL, 0)
    if core.now_ns < client.next_check_ns:
        return client.next_check_ns
    if client.selected >= 0:
        new_transaction(core, client)
        send_check(core, client, client.selected)
        client.check_sent_ns = core.now_ns
        wait_ns = CONSENT_INTERVAL_NS * (80 + <int64_t>(core_random(core) % 41)) // 100
    else:
        if client.checks == 0:
            client.check_sent_ns = core.now_ns
        for i in range(client.candidate_count):
            send_check(core, client, i)
        wait_ns = 50 * MILLISECOND << (client.checks if client.checks < 4 else 4)
        client.checks += 1
    client.next_check_ns = core.now_ns + wait_ns
    return client.next_check_ns


cdef int candidate_of(Client* client, sockaddr_in6* address) noexcept nogil:
    """Which candidate an address is; the only one when it is none (an answer from behind a translation); else -1."""
    cdef int i
    for i in range(client.candidate_count):
        if address.sin6_family != client.candidates[i].sin6_family or address.sin6_port != client.candidates[i].sin6_port:
            continue
        if address.sin6_family == AF_INET:
            if memcmp(&(<sockaddr_in*>address).sin_addr, &(<sockaddr_in*>&client.candidates[i]).sin_addr, 4) == 0:
                return i
        elif memcmp(&address.sin6_addr, &client.candidates[i].sin6_addr, 16) == 0:
            return i
    return 0 if client.candidate_count == 1 else -1


cdef void answer_check(Core* core, Client* client, StunMessage* request, sockaddr_in6* address) noexcept nogil:
    """A full ICE peer checks us too. The pair it uses is one of ours, so the answer goes to that candidate.

    What a controlling peer nominates is used from the moment that a check of our own has been answered.
    """
    cdef uint8_t* out
    cdef int length, candidate = candidate_of(client, address)
    cdef const uint8_t* ip = <const uint8_t*>&address.sin6_addr
    cdef int family = 6
    if candidate < 0 or stun_check_integrity(request, <uint8_t*>client.local_password, strlen(client.local_password)):
        return
    if address.sin6_family == AF_INET:
        ip = <const uint8_t*>&(<sockaddr_in*>address).sin_addr
        family = 4
    out = send_slot(core, client)
    length = stun_write_success(out, SEND_SLOT, request, ip, read16(<const uint8_t*>&address.sin6_port), family,
                                <uint8_t*>client.local_password, strlen(client.local_password))
    if length > 0:
        send_commit(core, candidate, length)
    if request.has_use_candidate and not client.controlling and client.selected >= 0:
        client.selected = candidate


cdef void receive_stun(Core* core, Client* client, const uint8_t* data, int length, sockaddr_in6* address) noexcept nogil:
    cdef StunMessage message
    cdef int candidate
    if stun_parse(data, length, &message) < 0:
        client.malformed += 1
        return
    if message.type == STUN_BINDING_REQUEST:
        answer_check(core, client, &message, address)
        return
    if message.type != STUN_BINDING_SUCCESS or memcmp(message.transaction, client.transaction, 12):
        return
    if stun_check_integrity(&message, <uint8_t*>client.remote_password, strlen(client.remote_password)):
        return
    candidate = candidate_of(client, address)
    if candidate < 0:
        return
    client.consent_ns = core.now_ns
    client.rtt_ns = <double>(core.now_ns - client.check_sent_ns)
    if client.selected < 0:
        client.selected = candidate
        client.next_check_ns = core.now_ns + CONSENT_INTERVAL_NS
        emit(core, ON_CONNECTED, client.id, <int64_t>client.rtt_ns, NULL, 0)
