# The table of connections over TCP: nothing that opens or ends one looks at the others, however many there are.
#
# Free places are a stack; each host has a count; who has not been checked yet, and who ends, is on a list in order.

cdef enum:
    TCP_PLACES_FIRST = 64
    TCP_PLACES_MOST = 32768
    HOST_BUCKETS = 1024


cdef int take_place(Core* core) noexcept nogil:
    """A free place in the table; -1 when it is full or cannot grow."""
    if core.free_place_count == 0 and not grow_places(core):
        return -1
    core.free_place_count -= 1
    return core.free_places[core.free_place_count]


cdef void give_place(Core* core, int place) noexcept nogil:
    core.connections[place] = NULL
    core.free_places[core.free_place_count] = <uint16_t>place
    core.free_place_count += 1


cdef bint grow_places(Core* core) noexcept nogil:
    cdef int capacity = core.connection_capacity * 2 if core.connection_capacity else TCP_PLACES_FIRST
    cdef int place
    cdef TcpConnection** grown
    cdef uint16_t* places
    if capacity > TCP_PLACES_MOST:
        return False
    places = <uint16_t*>realloc(core.free_places, capacity * sizeof(uint16_t))
    if places == NULL:
        return False
    core.free_places = places
    grown = <TcpConnection**>realloc(core.connections, capacity * sizeof(TcpConnection*))
    if grown == NULL:
        return False
    core.connections = grown
    for place in range(capacity - 1, core.connection_capacity - 1, -1):      # the lowest is taken first
        give_place(core, place)
    core.connection_capacity = capacity
    return True


# --- hosts -----------------------------------------------------------------------------------------------------


cdef uint64_t host_key(const sockaddr_in6* address) noexcept nogil:
    """One IPv4 address or one IPv6 network of 64 bits, which one host has to itself."""
    cdef uint64_t key = 0
    if address.sin6_family == AF_INET:
        memcpy((<uint8_t*>&key) + 4, (<const uint8_t*>address) + 4, 4)       # within 0::/32, which is nobody's network
        return key
    memcpy(&key, (<const uint8_t*>address) + 8, 8)
    return key


cdef TcpHost** find_host(Core* core, uint64_t key) noexcept nogil:
    """Where its count hangs, or would; places hang on a number that peers do not know."""
    cdef TcpHost** at = &core.tcp_hosts[mix(key ^ core.host_seed) % HOST_BUCKETS]
    while at[0] != NULL and at[0].key != key:
        at = &at[0].next
    return at


cdef int connections_from(Core* core, const sockaddr_in6* address) noexcept nogil:
    """How many there are from one host, those that end aside."""
    cdef TcpHost* host = find_host(core, host_key(address))[0]
    return host.count if host != NULL else 0


cdef bint count_host(Core* core, const TcpConnection* connection) noexcept nogil:
    """One more from this host; False without memory."""
    cdef uint64_t key = host_key(&connection.address)
    cdef TcpHost** at = find_host(core, key)
    if at[0] == NULL:
        at[0] = <TcpHost*>calloc(1, sizeof(TcpHost))
        if at[0] == NULL:
            return False
        at[0].key = key
    at[0].count += 1
    return True


cdef void uncount_host(Core* core, const TcpConnection* connection) noexcept nogil:
    cdef TcpHost** at = find_host(core, host_key(&connection.address))
    cdef TcpHost* host = at[0]
    if host == NULL:
        return
    host.count -= 1
    if host.count <= 0:
        at[0] = host.next
        free(host)


# --- lists -----------------------------------------------------------------------------------------------------


cdef void list_connection(TcpList* to, TcpConnection* connection) noexcept nogil:
    """Puts a connection behind all others of a list; it is on one at most."""
    connection.listed = to
    connection.before = to.last
    connection.after = NULL
    if to.last != NULL:
        to.last.after = connection
    else:
        to.first = connection
    to.last = connection


cdef void unlist_connection(TcpConnection* connection) noexcept nogil:
    """Takes it off the list that it is on, if any."""
    cdef TcpList* on = connection.listed
    if on == NULL:
        return
    if connection.before != NULL:
        connection.before.after = connection.after
    else:
        on.first = connection.after
    if connection.after != NULL:
        connection.after.before = connection.before
    else:
        on.last = connection.before
    connection.listed = NULL
