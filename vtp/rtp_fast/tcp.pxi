# Peers that reach us over TCP (RFC 6544, passive candidates): whose a connection is, its frames, what waits for it.
#
# A connection is one more socket: tuples and the batch call it MAX_SOCKETS + its place in the table. So everything that
# comes or goes as a datagram over UDP is a frame here (RFC 4571 section 2: its length in two bytes, then the packet).
# It is closed only at the end of a turn, when no message names it any more.

cdef int64_t TCP_CHECK_NS = 5 * SECOND           # in which the first check must have come (media.md, ICE-TCP)
cdef int64_t NEVER_NS = (<int64_t>1 << 62)

cdef enum:
    TCP_QUEUE = 262144           # bytes that wait for a slow peer
    TCP_PICTURES = 196608        # of them pictures may take so many; the rest is kept for sound and all else
    TCP_CALM = 65536             # a queue that was full lets pictures in again when less than this waits


cdef inline TcpConnection* connection_of(Core* core, int socket) noexcept nogil:
    cdef int place = socket - MAX_SOCKETS
    return core.connections[place] if 0 <= place < core.connection_capacity else NULL


cdef inline void promise(Core* core, int socket, int length) noexcept nogil:
    """Books a frame that the batch holds for a connection, until it is queued there or dropped."""
    cdef TcpConnection* connection = connection_of(core, socket)
    if connection != NULL:
        connection.promised += 2 + length


cdef TcpConnection* open_connection(Core* core, int fd, const sockaddr_in6* address, socklen_t length,
                                    int64_t now) noexcept nogil:
    """Takes a new connection; NULL, and counted, when its address has too many or there is no memory."""
    cdef TcpConnection* connection
    cdef int place
    if connections_from(core, address) >= core.connections_per_address:
        core.counters.tcp_refused += 1
        return NULL
    if core.connection_count >= core.connections_at_most and not end_oldest_unchecked(core):
        core.counters.tcp_refused += 1
        return NULL
    connection = <TcpConnection*>calloc(1, sizeof(TcpConnection))
    place = take_place(core) if connection != NULL else -1
    if place >= 0:
        connection.address = address[0]
        if not count_host(core, connection):
            give_place(core, place)
            place = -1
    if place < 0:
        free(connection)
        core.counters.tcp_refused += 1
        return NULL
    connection.fd = fd
    connection.socket = <uint16_t>(MAX_SOCKETS + place)
    connection.length = length
    connection.opened_ns = now
    core.connections[place] = connection
    list_connection(&core.unchecked, connection)
    core.connection_count += 1
    core.counters.tcp_accepted += 1
    return connection


cdef bint end_oldest_unchecked(Core* core) noexcept nogil:
    """Makes room in a full table: strangers must not keep those out who have a place in a class."""
    if core.unchecked.first == NULL:
        return False
    core.counters.tcp_unchecked += 1
    end_connection(core, core.unchecked.first)
    return True


cdef void end_connection(Core* core, TcpConnection* connection) noexcept nogil:
    """It is closed at the end of the turn, after what has been written for it."""
    if connection.ending:
        return
    connection.ending = 1
    unlist_connection(connection)
    list_connection(&core.ending, connection)
    uncount_host(core, connection)


cdef void break_connection(Core* core, TcpConnection* connection) noexcept nogil:
    """The same for one that takes nothing any more."""
    connection.broken = 1
    end_connection(core, connection)


cdef void adopt(Core* core, Transport* transport, Tuple* entry) noexcept nogil:
    """An authenticated check came over a connection: it belongs to this transport."""
    cdef TcpConnection* connection = connection_of(core, entry.socket)
    entry.plain_until_ns = NEVER_NS              # each packet has a frame of its own: there are no runs
    if connection == NULL:
        return
    connection.owner = transport
    if connection.ending and count_host(core, connection):           # it was another transport's a moment ago
        connection.ending = 0
    if not connection.ending:
        unlist_connection(connection)


cdef void disown(Core* core, int socket) noexcept nogil:
    """A transport that forgets an address, or ends, needs no connection to it."""
    cdef TcpConnection* connection = connection_of(core, socket)
    if connection != NULL:
        connection.owner = NULL
        end_connection(core, connection)


cdef void close_ended(Core* core) noexcept nogil:
    while core.ending.first != NULL:
        close_connection(core, core.ending.first)


cdef void close_connection(Core* core, TcpConnection* connection) noexcept nogil:
    """Only when no message in the batch names it."""
    cdef Transport* owner = connection.owner
    cdef TupleRef* ref = tuple_find(core, connection.socket, &connection.address)
    end_connection(core, connection)
    if owner != NULL and ref != NULL:
        tuple_forget(core, owner, ref.index)
        fall_back(core, owner, core.now_ns)
    if connection.fd >= 0:
        os_close(connection.fd)
    core.choked -= connection.choked
    unlist_connection(connection)
    give_place(core, connection.socket - MAX_SOCKETS)
    core.connection_count -= 1
    free(connection.queue)
    free(connection)


cdef void close_all_connections(Core* core) noexcept nogil:
    cdef int place
    for place in range(core.connection_capacity):
        if core.connections[place] != NULL:
            close_connection(core, core.connections[place])


cdef void fall_back(Core* core, Transport* transport, int64_t now) noexcept nogil:
    """The connection that media went over is gone: of the other addresses, a nominated one, then the last heard of."""
    cdef int i, best = -1
    cdef Tuple* entry
    for i in range(MAX_TUPLES):
        entry = &transport.tuples[i]
        if not entry.used or now - entry.last_seen_ns > CONSENT_LOST_NS:
            continue
        if best < 0 or entry.nominated > transport.tuples[best].nominated \
                or (entry.nominated == transport.tuples[best].nominated
                    and entry.last_seen_ns > transport.tuples[best].last_seen_ns):
            best = i
    if transport.selected < 0 and best >= 0:
        select_and_tell(core, transport, best, now)


cdef void poll_connections(Core* core, int64_t now) noexcept nogil:
    """Ends those over which no authenticated check came in time."""
    while core.unchecked.first != NULL and now - core.unchecked.first.opened_ns >= TCP_CHECK_NS:
        core.counters.tcp_unchecked += 1
        end_connection(core, core.unchecked.first)


# --- what comes ------------------------------------------------------------------------------------------------


cdef void take_frames(Core* core, TcpConnection* connection, uint8_t* data, int size, int64_t now) noexcept nogil:
    """`data`: what was left of the last time (`partial`), and what came since. It is changed in place."""
    cdef int at = 0, length
    while size - at >= 2 and not connection.ending:
        length = read16(data + at)
        if length > TCP_FRAME:                   # nothing that ICE carries is so large: this is another protocol
            core.counters.tcp_malformed += 1
            break_connection(core, connection)
            return
        if size - at - 2 < length:
            break
        receive_datagram(core, connection.socket, &connection.address, connection.length, data + at + 2, length, now)
        at += 2 + length
        if connection.owner == NULL and not connection.ending:
            core.counters.tcp_unchecked += 1     # the first frame was no authenticated check
            end_connection(core, connection)
    if connection.ending:
        return
    connection.partial_length = size - at
    memcpy(connection.partial, data + at, size - at)


# --- what goes -------------------------------------------------------------------------------------------------


cdef int admit(Core* core, Transport* transport, int socket, Outgoing* packets, int count) noexcept nogil:
    """Leaves out of a viewer's packets those for which its queue has no room, before they have numbers.

    A full queue stops the pictures until a key frame after it has emptied; sound is dropped only when all of it is
    taken. The number of packets that are left, in front: they are written next, before anything else is admitted.
    """
    cdef TcpConnection* connection = connection_of(core, socket)
    cdef int i, size, kept = 0, ahead, admitted = 0
    if connection == NULL:
        return 0
    for i in range(count):
        size = 2 + packets[i].size + transport.send.tag_len
        ahead = connection.queued + connection.promised + admitted + size
        if packets[i].consumer.video and (connection.choked or ahead > TCP_PICTURES):
            choke(core, connection)
            if packets[i].consumer.state != STATE_WAITING:
                overflow(core, packets[i].consumer, core.now_ns)
            core.counters.tcp_dropped += 1
        elif ahead > TCP_QUEUE:
            core.counters.tcp_dropped += 1
        else:
            admitted += size
            packets[kept] = packets[i]
            kept += 1
    return kept


cdef inline void choke(Core* core, TcpConnection* connection) noexcept nogil:
    core.choked += not connection.choked
    connection.choked = 1


cdef void keep_resting(Core* core, int64_t now) noexcept nogil:
    """Nobody is asked for a key frame that the queue would have no room for."""
    cdef int place
    cdef TcpConnection* connection
    cdef Consumer* consumer
    for place in range(core.connection_capacity):
        connection = core.connections[place]
        if connection == NULL or not connection.choked or connection.owner == NULL \
                or connection.owner.selected < 0 \
                or connection.owner.tuples[connection.owner.selected].socket != connection.socket:
            continue                             # or its pictures go another way by now
        consumer = connection.owner.consumers
        while consumer != NULL:
            if consumer.video and consumer.state == STATE_WAITING:
                consumer.rest_until_ns = max(consumer.rest_until_ns, now + 2 * SLOW_NS)
            consumer = consumer.next


cdef void send_frames(Core* core, int socket, int start, int end) noexcept nogil:
    """Queues messages of the batch, all for one connection, and writes what its socket takes."""
    cdef Batch* batch = &core.out
    cdef TcpConnection* connection = connection_of(core, socket)
    cdef int i
    if connection == NULL:
        core.counters.tcp_dropped += end - start
        return
    for i in range(start, end):
        connection.promised -= 2 + <int>batch.vectors[i].iov_len
        if queue_frame(connection, <const uint8_t*>batch.vectors[i].iov_base, <int>batch.vectors[i].iov_len):
            count_sent(core, batch, i)
        else:
            core.counters.tcp_dropped += 1
    push(core, connection)


cdef bint queue_frame(TcpConnection* connection, const uint8_t* data, int length) noexcept nogil:
    """False when there is no room for all of it."""
    cdef uint8_t head[2]
    if connection.broken or connection.queued + 2 + length > TCP_QUEUE:
        return False
    if connection.queue == NULL:
        connection.queue = <uint8_t*>malloc(TCP_QUEUE)
        if connection.queue == NULL:
            return False
    write16(head, <uint16_t>length)
    queue_bytes(connection, head, 2)
    queue_bytes(connection, data, length)
    connection.peak = max(connection.peak, connection.queued)
    return True


cdef void queue_bytes(TcpConnection* connection, const uint8_t* data, int length) noexcept nogil:
    cdef int at = (connection.first + connection.queued) % TCP_QUEUE
    cdef int whole = min(length, TCP_QUEUE - at)
    memcpy(connection.queue + at, data, whole)
    memcpy(connection.queue, data + whole, length - whole)
    connection.queued += length


cdef void taken(Core* core, TcpConnection* connection, int length) noexcept nogil:
    """So many bytes at the head of the queue are the kernel's."""
    connection.first = (connection.first + length) % TCP_QUEUE
    connection.queued -= length
    if connection.choked and connection.queued < TCP_CALM:
        connection.choked = 0
        core.choked -= 1
    if connection.queued == 0:
        connection.first = 0                     # the same few pages serve again
        if connection.peak > TCP_CALM:
            free(connection.queue)
            connection.queue = NULL
            connection.peak = 0
