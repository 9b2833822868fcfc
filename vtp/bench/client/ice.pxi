# ICE towards an ICE-lite or full peer, in either role: checks (RFC 8445), consent (RFC 7675).
#
# A client has one socket, so a pair is known by the peer's candidate alone. Candidates come with `add_client`, later
# with `add_candidate` (trickle), and from the peer's own checks (peer reflexive).

cdef int64_t CONSENT_INTERVAL_NS = 2_500_000_000     # Chromium's; servers call a peer gone after 6 s (media.md)
cdef int64_t CONSENT_LIFE_NS = 30_000_000_000
cdef int64_t MEASURE_INTERVAL_NS = 250_000_000       # of checks while the round trip is not known
cdef int64_t NOMINATION_WAIT_NS = 500_000_000        # a controlled client goes on without one after this
cdef enum:
    CHECK_PRIORITY = 1862270975  # peer reflexive (110), local preference 65535, component 1
    ROLE_CONFLICT = 487          # RFC 8445 section 7.3.1.1


cdef void new_transaction(Core* core, Client* client) noexcept nogil:
    write64(client.transaction, core_random(core))
    write32(client.transaction + 8, <uint32_t>(core_random(core)))
    client.checks = 0
    client.measures = True


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


cdef int64_t check_again(Core* core, Client* client) noexcept nogil:
    """Before anybody has answered: every candidate, after 50 ms, then doubling to 800 ms."""
    cdef int i
    if client.checks == 0:
        client.check_sent_ns = core.now_ns
    else:
        client.measures = False      # an answer does not say to which of them (Karn and Partridge, 1987)
    for i in range(client.candidate_count):
        send_check(core, client, i)
    client.checks += 1
    return 50 * MILLISECOND << (client.checks - 1 if client.checks < 5 else 4)


cdef int64_t check_consent(Core* core, Client* client) noexcept nogil:
    """RFC 7675 section 5.1: every 2.5 s, a fifth more or less; sooner until one has told the round trip."""
    new_transaction(core, client)
    send_check(core, client, client.selected)
    client.check_sent_ns = core.now_ns
    if not client.measured:
        return MEASURE_INTERVAL_NS
    return CONSENT_INTERVAL_NS * (80 + <int64_t>(core_random(core) % 41)) // 100


cdef int64_t run_checks(Core* core, Client* client) noexcept nogil:
    """Checks until one is answered, consent after that; when to come back."""
    cdef int64_t next_ns
    if client.selected >= 0 and not client.expired and core.now_ns - client.consent_ns > CONSENT_LIFE_NS:
        client.expired = True
        emit(core, ON_EXPIRED, client.id, 0, NULL, 0)
    if core.now_ns >= client.next_check_ns:
        next_ns = check_consent(core, client) if client.selected >= 0 else check_again(core, client)
        client.next_check_ns = coarse(core.now_ns + next_ns)
    if client.selected < 0 or client.connected:
        return client.next_check_ns
    next_ns = client.answered_ns + NOMINATION_WAIT_NS
    if core.now_ns >= next_ns:
        announce(core, client)
        return client.next_check_ns
    return next_ns if next_ns < client.next_check_ns else client.next_check_ns


cdef void restart_checks(Core* core, Client* client) noexcept nogil:
    """New credentials are there (RFC 8445 section 9): every candidate is checked again, keys and streams stay."""
    client.selected = client.nominated = -1
    client.connected = client.measured = False
    memset(client.answered, 0, sizeof(client.answered))
    new_transaction(core, client)
    client.consent_ns = core.now_ns
    client.next_check_ns = 0


cdef void announce(Core* core, Client* client) noexcept nogil:
    """Tells Python of the connection, once. Where the check that made it had been repeated another one measures now."""
    if not client.connected:
        client.connected = True
        if not client.measured:
            client.next_check_ns = core.now_ns
            wake_at(core, client, core.now_ns)
        emit(core, ON_CONNECTED, client.id, <int64_t>client.rtt_ns, NULL, 0)


cdef int candidate_of(Client* client, sockaddr_in6* address) noexcept nogil:
    """Which candidate an address is, or -1."""
    cdef int i
    for i in range(client.candidate_count):
        if address.sin6_family != client.candidates[i].sin6_family or address.sin6_port != client.candidates[i].sin6_port:
            continue
        if address.sin6_family == AF_INET:
            if memcmp(&(<sockaddr_in*>address).sin_addr, &(<sockaddr_in*>&client.candidates[i]).sin_addr, 4) == 0:
                return i
        elif memcmp(&address.sin6_addr, &client.candidates[i].sin6_addr, 16) == 0:
            return i
    return -1


cdef int add_candidate(Client* client, sockaddr_in6* address) noexcept nogil:
    """The candidate's index, a new one where it was not known; -1 when there is no room or it is of another family."""
    cdef int i = candidate_of(client, address)
    if i >= 0 or client.candidate_count == MAX_CANDIDATES or address.sin6_family != client.family:
        return i
    i = client.candidate_count
    client.candidates[i] = address[0]
    client.candidate_lengths[i] = sizeof(sockaddr_in) if address.sin6_family == AF_INET else sizeof(sockaddr_in6)
    client.answered[i] = False
    client.candidate_count += 1
    return i


cdef void switch_role(Core* core, Client* client) noexcept nogil:
    """RFC 8445 section 7.2.5.1: the other role, another tie-breaker, and the checks again."""
    client.controlling = not client.controlling
    client.tie_breaker = core_random(core)
    new_transaction(core, client)
    client.next_check_ns = core.now_ns
    wake_at(core, client, core.now_ns)


cdef bint is_role_conflict(Core* core, Client* client, const StunMessage* request) noexcept nogil:
    """True when the peer has to give way (487); when it is ours to do so the role is switched. Section 7.3.1.1."""
    cdef bint ours_is_larger = client.tie_breaker >= request.tie_breaker
    if client.controlling and request.has_controlling:
        if ours_is_larger:
            return True
        switch_role(core, client)
    elif not client.controlling and request.has_controlled:
        if not ours_is_larger:
            return True
        switch_role(core, client)
    return False


cdef int write_answer(Client* client, uint8_t* out, StunMessage* request, sockaddr_in6* address) noexcept nogil:
    cdef const uint8_t* ip = <const uint8_t*>&address.sin6_addr
    cdef int family = 6
    if address.sin6_family == AF_INET:
        ip = <const uint8_t*>&(<sockaddr_in*>address).sin_addr
        family = 4
    return stun_write_success(out, SEND_SLOT, request, ip, read16(<const uint8_t*>&address.sin6_port), family,
                              <uint8_t*>client.local_password, strlen(client.local_password))


cdef void answer_check(Core* core, Client* client, StunMessage* request, sockaddr_in6* address) noexcept nogil:
    """A full ICE peer checks us too, maybe before our own checks got through: it is answered, and checked in turn."""
    cdef uint8_t* out
    cdef int length, candidate
    cdef bint conflict
    if stun_check_integrity(request, <uint8_t*>client.local_password, strlen(client.local_password)):
        return
    candidate = add_candidate(client, address)
    if candidate < 0:
        return
    conflict = is_role_conflict(core, client, request)
    out = send_slot(core, client)
    if conflict:
        length = stun_write_error(out, SEND_SLOT, request, ROLE_CONFLICT,
                                  <uint8_t*>client.local_password, strlen(client.local_password))
    else:
        length = write_answer(client, out, request, address)
    if length > 0:
        send_commit(core, candidate, length)
    if conflict:
        return
    if not client.answered[candidate]:
        client.measures = False
        send_check(core, client, candidate)          # triggered, RFC 8445 section 7.3.1.4
    if request.has_use_candidate and not client.controlling:
        client.nominated = candidate
        use_nominated(core, client)


cdef void use_nominated(Core* core, Client* client) noexcept nogil:
    """What a controlling peer nominates is used once a check of our own to it was answered. Section 7.3.1.5."""
    if client.nominated >= 0 and client.answered[client.nominated]:
        client.selected = client.nominated
        announce(core, client)


cdef void take_success(Core* core, Client* client, int candidate) noexcept nogil:
    """A controlling client, whose checks nominate, stays with who answers first; a controlled one awaits its peer."""
    client.consent_ns = core.now_ns
    if client.measures:
        client.rtt_ns = <double>(core.now_ns - client.check_sent_ns)
        client.measured = True
        client.measures = False
    client.answered[candidate] = True
    if client.selected < 0:
        client.selected = candidate
        client.answered_ns = core.now_ns
        client.next_check_ns = coarse(core.now_ns + CONSENT_INTERVAL_NS)
        wake_at(core, client, core.now_ns + NOMINATION_WAIT_NS)
    if client.controlling:
        announce(core, client)
    else:
        use_nominated(core, client)


cdef void receive_stun(Core* core, Client* client, const uint8_t* data, int length, sockaddr_in6* address) noexcept nogil:
    cdef StunMessage message
    cdef int candidate
    if stun_parse(data, length, &message) < 0:
        client.malformed += 1
        return
    if message.type == STUN_BINDING_REQUEST:
        answer_check(core, client, &message, address)
        return
    if memcmp(message.transaction, client.transaction, 12):
        return
    if stun_check_integrity(&message, <uint8_t*>client.remote_password, strlen(client.remote_password)):
        return
    candidate = candidate_of(client, address)
    if candidate < 0 and client.candidate_count == 1:
        candidate = 0            # an answer from behind a translation
    if candidate < 0:
        return
    if message.type == STUN_BINDING_SUCCESS:
        take_success(core, client, candidate)
    elif message.type == STUN_BINDING_ERROR and message.error_code == ROLE_CONFLICT and not client.connected:
        switch_role(core, client)
