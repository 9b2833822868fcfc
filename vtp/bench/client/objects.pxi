# From Python's words to C structs, and the end of clients and streams.

cdef int copy_text(char* out, text, int room, name) except -1:
    """Copies ASCII text with its closing zero; ValueError when it does not fit."""
    cdef bytes encoded = text.encode("ascii")
    if len(encoded) >= room:
        raise ValueError(f"{name} is longer than {room - 1} characters.")
    memcpy(out, <const char*>encoded, len(encoded) + 1)
    return <int>len(encoded)


cdef socklen_t write_address(sockaddr_in6* out, ip, int port) except? 0:
    """Fills a socket address from a literal; ValueError when it is none."""
    cdef bytes packed = ipaddress.ip_address(ip).packed
    cdef sockaddr_in* v4 = <sockaddr_in*>out
    memset(out, 0, sizeof(sockaddr_in6))
    if len(packed) == 4:
        v4.sin_family = AF_INET
        write16(<uint8_t*>&v4.sin_port, <uint16_t>port)
        memcpy(&v4.sin_addr, <const uint8_t*>packed, 4)
        return sizeof(sockaddr_in)
    out.sin6_family = AF_INET6
    write16(<uint8_t*>&out.sin6_port, <uint16_t>port)
    memcpy(&out.sin6_addr, <const uint8_t*>packed, 16)
    return sizeof(sockaddr_in6)


cdef void free_incoming(Incoming* stream) noexcept nogil:
    free(stream.slots)
    free(stream.holes.items)
    free(stream)


cdef void free_outgoing(Outgoing* stream) noexcept nogil:
    load_close(stream.load)
    free(stream.ring)
    free(stream)


cdef void free_client(Client* client) noexcept nogil:
    cdef int i
    for i in range(client.incoming_count):
        free_incoming(client.incoming[i])
    for i in range(client.outgoing_count):
        free_outgoing(client.outgoing[i])
    if client.has_keys:
        srtp_close(&client.receive)
        srtp_close(&client.send)
    if client.probe != NULL:
        client.probe.drops = client_drops(client.fd)
        probe_release(client.probe)
    free(client.feedback)
    free(client.early)
    if client.fd >= 0:
        close(client.fd)
    free(client)


cdef int power_of_two(int wanted) noexcept nogil:
    cdef int size = 16
    while size < wanted:
        size *= 2
    return size


cdef void* grown(void* array, size_t size) except NULL:
    """The array with room for `size` bytes. Raises MemoryError; the array is then as it was."""
    cdef void* larger = realloc(array, size)
    if larger == NULL:
        raise MemoryError("No memory for one more client.")
    return larger


cdef int open_feedback(Client* client, int extension, int64_t interval_ns) except -1:
    """Transport-wide feedback for what comes with numbers in this extension."""
    if client.feedback == NULL:
        client.feedback = <TransportFeedback*>calloc(1, sizeof(TransportFeedback))
        if client.feedback == NULL:
            raise MemoryError("No memory for transport-wide feedback.")
        client.feedback.base = -1
    client.transport_cc_extension = <uint8_t>extension
    client.feedback_interval_ns = interval_ns
    return 0
