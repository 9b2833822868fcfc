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
    free(stream)


cdef void free_outgoing(Outgoing* stream) noexcept nogil:
    free(stream.ring)
    free(stream)


cdef void free_client(Client* client) noexcept nogil:
    cdef int i
    if client.fd >= 0:
        close(client.fd)
    for i in range(client.incoming_count):
        free_incoming(client.incoming[i])
    for i in range(client.outgoing_count):
        free_outgoing(client.outgoing[i])
    if client.has_keys:
        srtp_close(&client.receive)
        srtp_close(&client.send)
    free(client.feedback)
    free(client.early)
    free(client)


cdef int power_of_two(int wanted) noexcept nogil:
    cdef int size = 16
    while size < wanted:
        size *= 2
    return size
