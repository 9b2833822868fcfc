# The system calls of peers over TCP: taking connections, reading frames, writing what waits.
#
# One epoll descriptor watches the listening sockets and all connections; the Worker's own watches that one.

cdef extern from *:
    """
    #include <netinet/tcp.h>
    #ifndef TCP_USER_TIMEOUT
    #define TCP_USER_TIMEOUT 18
    #endif
    #ifndef TCP_NOTSENT_LOWAT
    #define TCP_NOTSENT_LOWAT 25
    #endif
    static int vtp_tcp_watch(int ep, int fd, uint32_t index, int added, int reads, int writes) {
        struct epoll_event event = {
            .events = (reads ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0), .data = { .u32 = index } };
        return epoll_ctl(ep, added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    }
    static void vtp_unwatch(int ep, int fd) { epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL); }
    /* What is ready: indices, and 1 for something to read or an end, 2 for room to write. */
    static int vtp_tcp_ready(int ep, uint32_t *indices, uint8_t *ready, int most) {
        struct epoll_event events[64];
        int n = epoll_wait(ep, events, most < 64 ? most : 64, 0), i;
        for (i = 0; i < n; i++) {
            indices[i] = events[i].data.u32;
            ready[i] = (events[i].events & ~(uint32_t)EPOLLOUT ? 1 : 0) | (events[i].events & EPOLLOUT ? 2 : 0);
        }
        return n;
    }
    /* A small packet leaves at once; the kernel keeps little that it cannot send yet, so that what waits waits with
       us; a peer that acknowledges nothing is given up after as long as consent lasts. */
    static int vtp_accept(int listener, struct sockaddr_in6 *address, socklen_t *length) {
        int on = 1, least = 32768, patience_ms = 30000, fd;
        *length = sizeof *address;
        memset(address, 0, sizeof *address);
        fd = accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &least, sizeof least);
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof patience_ms);
        return fd;
    }
    """
    int vtp_tcp_watch(int ep, int fd, uint32_t index, bint added, bint reads, bint writes) noexcept nogil
    void vtp_unwatch(int ep, int fd) noexcept nogil
    int vtp_tcp_ready(int ep, uint32_t* indices, uint8_t* ready, int most) noexcept nogil
    int vtp_accept(int listener, sockaddr_in6* address, socklen_t* length) noexcept nogil

cdef extern from "sys/socket.h" nogil:
    int64_t recv(int fd, void* data, size_t length, int flags)
    int MSG_NOSIGNAL

cdef extern from "errno.h" nogil:
    int EMFILE, ENFILE, ENOMEM

cdef int64_t ACCEPT_REST_NS = SECOND             # when there are no descriptors left

cdef enum:
    TCP_READY = 64               # connections that are looked at in one turn
    TCP_READ = 16384             # bytes of each, so that none keeps the others waiting
    ACCEPT_TOGETHER = 16


cdef void take_tcp(Core* core, uint8_t* room) noexcept nogil:
    """Looks at what is ready. `room`: for a frame that began before, and TCP_READ bytes."""
    cdef uint32_t indices[TCP_READY]
    cdef uint8_t ready[TCP_READY]
    cdef int count = vtp_tcp_ready(core.tcp_epoll, indices, ready, TCP_READY), i
    cdef TcpConnection* connection
    for i in range(count):
        if indices[i] < MAX_SOCKETS:
            accept_some(core, indices[i])
            continue
        connection = connection_of(core, <int>indices[i])
        if connection == NULL or connection.ending:
            continue
        if ready[i] & 1:
            read_frames(core, connection, room)
        if ready[i] & 2:
            push(core, connection)
        if vtp_lock_wanted(<vtp_lock*>core.mutex):
            return


cdef void accept_some(Core* core, int listener) noexcept nogil:
    cdef sockaddr_in6 address
    cdef socklen_t length
    cdef TcpConnection* connection
    cdef int i, fd, error
    for i in range(ACCEPT_TOGETHER):
        fd = vtp_accept(core.listeners[listener], &address, &length)
        if fd < 0:
            error = vtp_errno()
            if error == EMFILE or error == ENFILE or error == ENOBUFS or error == ENOMEM:
                rest_from_accepting(core)
            return
        core.now_ns = vtp_now_ns()
        connection = open_connection(core, fd, &address, length, core.now_ns)
        if connection == NULL:
            os_close(fd)
        elif vtp_tcp_watch(core.tcp_epoll, fd, connection.socket, True, True, False) != 0:
            break_connection(core, connection)


cdef void rest_from_accepting(Core* core) noexcept nogil:
    """Who waits at the door would wake this thread again and again."""
    cdef int i
    core.counters.tcp_refused += 1
    core.accept_after_ns = core.now_ns + ACCEPT_REST_NS
    for i in range(core.listener_count):
        vtp_tcp_watch(core.tcp_epoll, core.listeners[i], i, False, False, False)


cdef void resume_accepting(Core* core) noexcept nogil:
    cdef int i
    core.accept_after_ns = 0
    for i in range(core.listener_count):
        vtp_tcp_watch(core.tcp_epoll, core.listeners[i], i, False, True, False)


cdef void read_frames(Core* core, TcpConnection* connection, uint8_t* room) noexcept nogil:
    cdef int64_t length
    cdef int error
    memcpy(room, connection.partial, connection.partial_length)
    length = recv(connection.fd, room + connection.partial_length, TCP_READ, MSG_DONTWAIT)
    core.now_ns = vtp_now_ns()
    if length > 0:
        take_frames(core, connection, room, connection.partial_length + <int>length, core.now_ns)
        return
    error = vtp_errno()
    if length == 0 or (error != EAGAIN and error != EINTR):
        break_connection(core, connection)


cdef void push(Core* core, TcpConnection* connection) noexcept nogil:
    """Writes what waits until the kernel takes no more, which then says when it does; a test takes it itself."""
    cdef iovec parts[2]
    cdef msghdr message
    cdef int64_t sent
    cdef int error
    if connection.fd < 0:
        return
    memset(&message, 0, sizeof(message))
    message.msg_iov = parts
    while connection.queued and not connection.broken:
        parts[0].iov_base = connection.queue + connection.first
        parts[0].iov_len = <size_t>min(connection.queued, TCP_QUEUE - connection.first)
        parts[1].iov_base = connection.queue
        parts[1].iov_len = <size_t>connection.queued - parts[0].iov_len
        message.msg_iovlen = 2 if parts[1].iov_len else 1
        sent = sendmsg(connection.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL)
        if sent >= 0:
            taken(core, connection, <int>sent)
            continue
        error = vtp_errno()
        if error == EINTR:
            continue
        if error != EAGAIN and error != ENOBUFS:
            break_connection(core, connection)
            return
        core.counters.send_would_block += 1
        break
    if (connection.queued > 0) != connection.watched:
        connection.watched = connection.queued > 0
        vtp_tcp_watch(core.tcp_epoll, connection.fd, connection.socket, False, True, connection.watched)
