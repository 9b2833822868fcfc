# Datagrams from the sockets: a batch at a time, each with the kernel's timestamp, to whoever understands them.

cdef enum:
    RECEIVE_ROUNDS = 8           # batches from one socket before others have their turn


cdef int receive_setup(Core* core) noexcept nogil:
    """The buffers of a batch; -1 without memory."""
    cdef int i
    core.datagram_bytes = GRO_BYTES if core.gro else DATAGRAM_BYTES
    core.received = <uint8_t*>malloc(RECEIVE_BATCH * core.datagram_bytes)
    if core.received == NULL:
        return -1
    for i in range(RECEIVE_BATCH):
        core.receive_vectors[i].iov_base = core.received + i * core.datagram_bytes
        core.receive_vectors[i].iov_len = core.datagram_bytes
        core.receive_unnamed[i].msg_hdr.msg_iov = &core.receive_vectors[i]
        core.receive_unnamed[i].msg_hdr.msg_iovlen = 1
        core.receive_unnamed[i].msg_hdr.msg_control = core.control[i]
        core.receive_unnamed[i].msg_hdr.msg_controllen = CONTROL_BYTES
        core.receive_messages[i] = core.receive_unnamed[i]
        core.receive_messages[i].msg_hdr.msg_name = &core.receive_addresses[i]
        core.receive_messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6)
    return 0


cdef void receive_datagram(
        Core* core, Client* client, uint8_t* data, int length, sockaddr_in6* address, int64_t arrival_ns) noexcept nogil:
    cdef int kind = packet_kind(data, length)
    client.datagrams_received += 1
    core.datagrams_received += 1
    if kind == KIND_STUN:
        receive_stun(core, client, data, length, address)
    elif kind == KIND_DTLS:
        emit(core, ON_DTLS, client.id, 0, data, length)
    elif kind != KIND_OTHER and client.has_keys:
        receive_media(core, client, data, length, kind, arrival_ns)
    elif kind != KIND_OTHER:
        keep_early(client, data, length, arrival_ns)


cdef void receive_message(Core* core, Client* client, mmsghdr* message, sockaddr_in6* address) noexcept nogil:
    """One datagram of a batch, or several that the kernel gives as one; the header is put right for the next batch."""
    cdef uint8_t* data = <uint8_t*>message.msg_hdr.msg_iov.iov_base
    cdef int left = message.msg_len, segment
    cdef int64_t arrival_ns = client_arrival_ns(&message.msg_hdr, left, &segment)
    message.msg_hdr.msg_controllen = CONTROL_BYTES
    if arrival_ns == 0:
        arrival_ns = core.wall_ns
    while left > segment > 0:
        receive_datagram(core, client, data, segment, address, arrival_ns)
        data += segment
        left -= segment
    receive_datagram(core, client, data, left, address, arrival_ns)


cdef int receive_named(Core* core, Client* client) noexcept nogil:
    """One recvmmsg; how many messages it gave."""
    cdef int i, count = recvmmsg(client.fd, core.receive_messages, RECEIVE_BATCH, 0, NULL)
    for i in range(count):
        receive_message(core, client, &core.receive_messages[i], &core.receive_addresses[i])
        core.receive_messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6)
    return count


cdef int receive_unnamed(Core* core, Client* client) noexcept nogil:
    """The same for a connected probe: what comes is taken to come from the candidate that is in use."""
    cdef int i, count = recvmmsg(client.fd, core.receive_unnamed, RECEIVE_BATCH, 0, NULL)
    for i in range(count):
        receive_message(core, client, &core.receive_unnamed[i], &client.candidates[client.selected])
    return count


cdef void receive_batch(Core* core, Client* client) noexcept nogil:
    """Everything the socket holds; when that does not end, the rest with the next turn."""
    cdef int turn, count
    for turn in range(RECEIVE_ROUNDS):
        if client.probe != NULL and client.has_keys and client.connected:
            count = receive_unnamed(core, client)
        else:
            count = receive_named(core, client)
        core.rests = core.rests or count > 0
        if count < RECEIVE_BATCH:
            return
    client_watch(core.epoll_fd, client.fd, <uint64_t>client.id, 1)
