# The system calls: sockets, recvmmsg, sendmmsg. Everything else of the packet path is free of I/O.

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <sys/types.h>
    #include <sys/socket.h>
    #include <sys/epoll.h>
    #include <sys/eventfd.h>
    #include <netinet/in.h>
    #include <netinet/ip.h>
    #include <netinet/udp.h>
    #include <errno.h>
    #include <string.h>
    #include <unistd.h>
    #include <poll.h>
    #include <pthread.h>
    #include <time.h>

    static int vtp_errno(void) { return errno; }
    static int64_t vtp_now_ns(void) {
        struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    static int64_t vtp_wall_ns(void) {
        struct timespec t; clock_gettime(CLOCK_REALTIME, &t);
        return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    static void vtp_signal(int fd) {
        uint64_t one = 1;
        if (fd >= 0) { ssize_t n = write(fd, &one, sizeof one); (void)n; }
    }
    static void vtp_unsignal(int fd) {
        uint64_t value;
        if (fd >= 0) { ssize_t n = read(fd, &value, sizeof value); (void)n; }
    }
    static int vtp_epoll(int *fds, int count) {
        int ep = epoll_create1(EPOLL_CLOEXEC), i;
        if (ep < 0) return -1;
        for (i = 0; i < count; i++) {
            struct epoll_event event = { .events = EPOLLIN, .data = { .u32 = (uint32_t)i } };
            if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &event) < 0) { close(ep); return -1; }
        }
        return ep;
    }
    /* Bit i of the answer: socket i is readable (the last one added is the wake-up). */
    static uint32_t vtp_wait(int ep, int64_t timeout_ns) {
        static int coarse;                         /* a kernel before 5.11 knows milliseconds only */
        struct epoll_event events[32];
        struct timespec t = { timeout_ns / 1000000000LL, timeout_ns % 1000000000LL };
        uint32_t ready = 0;
        int n = coarse ? -1 : epoll_pwait2(ep, events, 32, &t, NULL), i;
        if (n < 0 && (coarse || errno == ENOSYS)) {
            coarse = 1;
            n = epoll_wait(ep, events, 32, (int)((timeout_ns + 999999) / 1000000));
        }
        for (i = 0; i < n; i++) ready |= 1u << events[i].data.u32;
        return ready;
    }
    #ifndef UDP_SEGMENT
    #define UDP_SEGMENT 103                        /* linux/udp.h since 4.18 */
    #endif
    /* Has the kernel cut the message into datagrams of `size` bytes; 0: it is one datagram. */
    static void vtp_segment(struct msghdr *message, void *room, int size) {
        struct cmsghdr *control = (struct cmsghdr *)room;
        uint16_t segment = (uint16_t)size;
        message->msg_control = size ? room : NULL;
        message->msg_controllen = size ? CMSG_SPACE(sizeof segment) : 0;
        if (!size) return;
        control->cmsg_level = IPPROTO_UDP;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(control), &segment, sizeof segment);
    }
    /* Bytes of UDP payload that the path to an address takes in one packet, as the kernel knows it; 0: it does not. */
    static int vtp_path_payload(const void *address, socklen_t length, int six) {
        int mtu = 0, fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof mtu;
        if (fd < 0) return 0;
        if (connect(fd, (const struct sockaddr *)address, length) != 0
                || getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_MTU : IP_MTU, &mtu, &size) != 0) mtu = 0;
        close(fd);
        mtu -= six ? 48 : 28;
        return mtu > 0 ? mtu : 0;
    }
    /* When the kernel received a datagram, by the wall clock; 0 when it does not say. */
    static int64_t vtp_received_ns(struct msghdr *message) {
        struct cmsghdr *c;
        for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
                struct timespec t;
                memcpy(&t, CMSG_DATA(c), sizeof t);
                return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
            }
        return 0;
    }
    static int vtp_wait_writable(int fd, int timeout_ms) {
        struct pollfd entry = { .fd = fd, .events = POLLOUT };
        return poll(&entry, 1, timeout_ms);
    }
    /* Two kinds of lock takers: the media thread yields to whoever of the control plane waits (media.md, commands
       run between batches). */
    typedef struct { pthread_mutex_t queue, next, data; int wanted; } vtp_lock;
    static void vtp_lock_init(vtp_lock *l) {
        pthread_mutexattr_t lends;   /* whoever keeps a real-time thread waiting runs like one meanwhile */
        pthread_mutexattr_init(&lends);
        pthread_mutexattr_setprotocol(&lends, PTHREAD_PRIO_INHERIT);
        pthread_mutex_init(&l->queue, &lends); pthread_mutex_init(&l->next, &lends);
        pthread_mutex_init(&l->data, &lends);
        pthread_mutexattr_destroy(&lends);
        l->wanted = 0;
    }
    static void vtp_lock_destroy(vtp_lock *l) {
        pthread_mutex_destroy(&l->queue); pthread_mutex_destroy(&l->next); pthread_mutex_destroy(&l->data);
    }
    static void vtp_lock_media(vtp_lock *l) {
        pthread_mutex_lock(&l->queue); pthread_mutex_lock(&l->next);
        pthread_mutex_lock(&l->data); pthread_mutex_unlock(&l->next);
    }
    static void vtp_unlock_media(vtp_lock *l) {
        pthread_mutex_unlock(&l->data); pthread_mutex_unlock(&l->queue);
    }
    static void vtp_lock_control(vtp_lock *l) {
        __atomic_add_fetch(&l->wanted, 1, __ATOMIC_RELAXED);
        pthread_mutex_lock(&l->next); pthread_mutex_lock(&l->data); pthread_mutex_unlock(&l->next);
        __atomic_sub_fetch(&l->wanted, 1, __ATOMIC_RELAXED);
    }
    /* Does a command wait? For the media thread, which then makes its turn short. */
    static int vtp_lock_wanted(const vtp_lock *l) { return __atomic_load_n(&l->wanted, __ATOMIC_RELAXED) > 0; }
    static void vtp_unlock_control(vtp_lock *l) { pthread_mutex_unlock(&l->data); }
    """
    ctypedef struct vtp_lock:
        pass
    int vtp_errno() noexcept nogil
    int64_t vtp_now_ns() noexcept nogil
    int64_t vtp_wall_ns() noexcept nogil
    void vtp_signal(int fd) noexcept nogil
    void vtp_unsignal(int fd) noexcept nogil
    int vtp_epoll(int* fds, int count) noexcept nogil
    uint32_t vtp_wait(int ep, int64_t timeout_ns) noexcept nogil
    void vtp_segment(msghdr* message, void* room, int size) noexcept nogil
    int vtp_path_payload(const void* address, socklen_t length, int six) noexcept nogil
    int64_t vtp_received_ns(msghdr* message) noexcept nogil
    int vtp_wait_writable(int fd, int timeout_ms) noexcept nogil
    void vtp_lock_init(vtp_lock* l) noexcept nogil
    void vtp_lock_destroy(vtp_lock* l) noexcept nogil
    void vtp_lock_media(vtp_lock* l) noexcept nogil
    void vtp_unlock_media(vtp_lock* l) noexcept nogil
    void vtp_lock_control(vtp_lock* l) noexcept nogil
    bint vtp_lock_wanted(const vtp_lock* l) noexcept nogil
    void vtp_unlock_control(vtp_lock* l) noexcept nogil

cdef enum:
    RECEIVE_BATCH = 64           # datagrams per recvmmsg (media.md, "A packet's life", 1)
    RECEIVE_ROUNDS = 8           # batches per readiness, so that commands and timers get their turn
    RECEIVE_SLOT = 2048
    SEND_MESSAGES = 256          # of one sendmmsg
    SEND_BYTES = 262144          # of its datagrams together
    SEND_SOON = 65536            # bytes that go to the kernel as soon as they are written: then they are in the nearest caches

cdef int64_t PLAIN_NS = 60 * SECOND              # how long a refused run keeps a peer or a socket plain (media.md, 7)
cdef int64_t PATH_NS = 600 * SECOND              # as long as Linux believes a path MTU (net.ipv4.route.mtu_expires)


cdef struct Inbox:               # where recvmmsg puts a batch
    uint8_t* arena
    mmsghdr messages[RECEIVE_BATCH]
    iovec vectors[RECEIVE_BATCH]
    sockaddr_in6 addresses[RECEIVE_BATCH]
    int64_t stamp[8]             # with the first one, which has waited longest: when the kernel received it


cdef int inbox_open(Inbox* inbox) noexcept nogil:
    cdef int i
    inbox.arena = <uint8_t*>malloc(RECEIVE_BATCH * RECEIVE_SLOT)
    if inbox.arena == NULL:
        return -1
    memset(inbox.messages, 0, sizeof(inbox.messages))
    for i in range(RECEIVE_BATCH):
        inbox.vectors[i].iov_base = inbox.arena + i * RECEIVE_SLOT
        inbox.vectors[i].iov_len = RECEIVE_SLOT
        inbox.messages[i].msg_hdr.msg_iov = &inbox.vectors[i]
        inbox.messages[i].msg_hdr.msg_iovlen = 1
        inbox.messages[i].msg_hdr.msg_name = &inbox.addresses[i]
    inbox.messages[0].msg_hdr.msg_control = inbox.stamp
    return 0


cdef void inbox_clear(Inbox* inbox) noexcept nogil:
    """What the kernel has written over in the headers."""
    cdef int i
    for i in range(RECEIVE_BATCH):
        inbox.messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6)
    inbox.messages[0].msg_hdr.msg_controllen = sizeof(inbox.stamp)


cdef int64_t inbox_waited_ns(Inbox* inbox) noexcept nogil:
    """How long the first datagram waited in the socket; 0 where the kernel does not say."""
    cdef int64_t received_ns = vtp_received_ns(&inbox.messages[0].msg_hdr)
    return max(vtp_wall_ns() - received_ns, 0) if received_ns else 0


cdef int batch_open(Batch* batch, int capacity, size_t size) noexcept nogil:
    cdef int i
    memset(batch, 0, sizeof(Batch))
    batch.arena = <uint8_t*>malloc(size)
    batch.messages = <mmsghdr*>calloc(capacity, sizeof(mmsghdr))
    batch.vectors = <iovec*>calloc(capacity, sizeof(iovec))
    batch.addresses = <sockaddr_in6*>calloc(capacity, sizeof(sockaddr_in6))
    batch.controls = <Control*>calloc(capacity, sizeof(Control))
    batch.segments = <int*>calloc(capacity, sizeof(int))
    batch.sockets = <uint16_t*>calloc(capacity, sizeof(uint16_t))
    if batch.arena == NULL or batch.messages == NULL or batch.vectors == NULL or batch.addresses == NULL \
            or batch.controls == NULL or batch.segments == NULL or batch.sockets == NULL:
        batch_close(batch)
        return -1
    batch.capacity = capacity
    batch.size = size
    for i in range(capacity):
        batch.messages[i].msg_hdr.msg_iov = &batch.vectors[i]
        batch.messages[i].msg_hdr.msg_iovlen = 1
        batch.messages[i].msg_hdr.msg_name = &batch.addresses[i]
    return 0


cdef void batch_close(Batch* batch) noexcept nogil:
    free(batch.arena)
    free(batch.messages)
    free(batch.vectors)
    free(batch.addresses)
    free(batch.controls)
    free(batch.segments)
    free(batch.sockets)
    memset(batch, 0, sizeof(Batch))


cdef void batch_clear(Batch* batch) noexcept nogil:
    batch.count = 0
    batch.used = 0


cdef void batch_flush(Core* core) noexcept nogil:
    """Sends what the batch holds, one sendmmsg per stretch of one socket; a socket-less Core keeps it for the caller."""
    cdef Batch* batch = &core.out
    cdef int start = 0, end
    if core.socket_count == 0:
        keep_datagrams(core)
        return
    while start < batch.count:
        end = start + 1
        while end < batch.count and batch.sockets[end] == batch.sockets[start]:
            end += 1
        if batch.sockets[start] < MAX_SOCKETS:
            send_messages(core, core.sockets[batch.sockets[start]], start, end)
        elif batch.sockets[start] < FIRST_PLAIN:
            send_frames(core, batch.sockets[start], start, end)
        else:
            send_plain(core, start, end)
        start = end
    if batch.count:
        core.flushed_ns = vtp_now_ns()
    batch_clear(batch)


cdef void keep_datagrams(Core* core) noexcept nogil:
    """Frames go into their connections' queues, datagrams stay in the batch, for a test to look at."""
    cdef Batch* batch = &core.out
    cdef int at, kept = 0
    for at in range(batch.count if core.connection_count else 0):
        if MAX_SOCKETS <= batch.sockets[at] < FIRST_PLAIN:
            send_frames(core, batch.sockets[at], at, at + 1)
            continue
        batch.vectors[kept] = batch.vectors[at]
        batch.addresses[kept] = batch.addresses[at]
        batch.segments[kept] = batch.segments[at]
        batch.sockets[kept] = batch.sockets[at]
        kept += 1
    if core.connection_count:
        batch.count = kept
        batch.used = 0                           # up to the end of the last one that stays
        if kept:
            batch.used = <size_t>(<uint8_t*>batch.vectors[kept - 1].iov_base - batch.arena)
            batch.used = (batch.used + batch.vectors[kept - 1].iov_len + 63) & ~<size_t>63


cdef void send_plain(Core* core, int start, int end) noexcept nogil:
    """What is for one plain transport's peer leaves from the port that it knows."""
    cdef PlainSocket* socket = plain_socket_of(core, core.out.sockets[start])
    if socket != NULL:
        send_messages(core, socket.fd, start, end)


cdef void send_messages(Core* core, int fd, int start, int end) noexcept nogil:
    """sendmmsg until all are out. What the kernel refuses stands first in the next try, which tells why: a run goes
    out datagram by datagram then, a datagram is counted by cause and left behind."""
    cdef Batch* batch = &core.out
    cdef int sent, error, i
    cdef bint waited = False, full
    while start < end:
        sent = sendmmsg(fd, &batch.messages[start], end - start, MSG_DONTWAIT)
        if sent > 0:
            for i in range(start, start + sent):
                count_sent(core, batch, i)
            start += sent
            waited = False
            continue
        error = vtp_errno()
        if (error == EAGAIN or error == ENOBUFS) and not waited:
            core.counters.send_would_block += 1
            vtp_wait_writable(fd, 2)
            waited = True
            continue
        if error == EINTR:
            continue
        full = error == EAGAIN or error == ENOBUFS
        if not full:
            if batch.segments[start] and (error == EINVAL or error == EMSGSIZE or error == EIO):
                full = not send_unmerged(core, fd, start, error)
            else:
                count_refused(core, error, datagrams_of(batch, start))
            start += 1
        if full:
            for i in range(start, end):
                core.counters.send_dropped += datagrams_of(batch, i)
            return


cdef inline int datagrams_of(Batch* batch, int at) noexcept nogil:
    cdef int segment = batch.segments[at]
    return (<int>batch.vectors[at].iov_len + segment - 1) // segment if segment else 1


cdef inline void count_sent(Core* core, Batch* batch, int at) noexcept nogil:
    core.counters.bytes_sent += batch.vectors[at].iov_len
    core.counters.datagrams_sent += datagrams_of(batch, at)
    core.counters.messages_sent += 1
    if batch.segments[at]:
        core.counters.runs_sent += 1


cdef void count_refused(Core* core, int error, int datagrams) noexcept nogil:
    if error == ENETUNREACH or error == EHOSTUNREACH:
        core.counters.send_unreachable += datagrams
    elif error == EMSGSIZE:
        core.counters.send_too_large += datagrams
    elif error == EPERM or error == EACCES:
        core.counters.send_denied += datagrams
    else:
        core.counters.send_errors += datagrams


cdef bint send_unmerged(Core* core, int fd, int at, int error) noexcept nogil:
    """A run that the kernel refused, datagram by datagram; its peer or its socket is plain from now on.

    A full socket is waited for once; False when it stays full, and what is left is dropped.
    """
    cdef Batch* batch = &core.out
    cdef int segment = batch.segments[at]
    cdef int left = <int>batch.vectors[at].iov_len
    cdef uint8_t* data = <uint8_t*>batch.vectors[at].iov_base
    cdef iovec part
    cdef msghdr message = batch.messages[at].msg_hdr
    cdef bint waited = False
    core.counters.send_unmerged += 1
    keep_plain(core, batch.sockets[at], &batch.addresses[at], segment, error)
    vtp_segment(&message, NULL, 0)
    message.msg_iov = &part
    while left > 0:
        part.iov_base = data
        part.iov_len = <size_t>min(segment, left)
        if sendmsg(fd, &message, MSG_DONTWAIT) >= 0:
            core.counters.bytes_sent += part.iov_len
            core.counters.datagrams_sent += 1
            core.counters.messages_sent += 1
            waited = False
        else:
            error = vtp_errno()
            if error == EINTR:
                continue
            if (error == EAGAIN or error == ENOBUFS) and not waited:
                core.counters.send_would_block += 1
                vtp_wait_writable(fd, 2)
                waited = True
                continue
            if error == EAGAIN or error == ENOBUFS:
                core.counters.send_dropped += (left + segment - 1) // segment
                return False
            count_refused(core, error, 1)
        data += part.iov_len
        left -= <int>part.iov_len
    return True


cdef void keep_plain(Core* core, int socket, const sockaddr_in6* address, int segment, int error) noexcept nogil:
    """EIO: the socket's device cannot; else the path: its MTU is looked up, so that smaller packets still leave in runs."""
    cdef TupleRef* ref
    cdef Tuple* to
    cdef int limit
    if error == EIO:
        core.plain_until_ns[socket] = core.now_ns + PLAIN_NS
        return
    ref = tuple_find(core, socket, address)
    if ref == NULL:
        return
    to = &ref.transport.tuples[ref.index]
    limit = vtp_path_payload(address, to.length, address.sin6_family == AF_INET6)
    if 0 < limit < segment:
        to.segment_limit = limit
        to.limit_until_ns = core.now_ns + PATH_NS
    else:
        to.plain_until_ns = core.now_ns + PLAIN_NS


cdef inline uint8_t* batch_room(Core* core, size_t bytes) noexcept nogil:
    """Room for one message of at most `bytes`; NULL only when a socket-less Core's batch is full."""
    cdef Batch* batch = &core.out
    if batch.count == batch.capacity or batch.used + bytes > batch.size:
        batch_flush(core)
        if batch.count == batch.capacity or batch.used + bytes > batch.size:
            core.counters.send_dropped += 1
            return NULL
    return batch.arena + batch.used


cdef inline uint8_t* batch_reserve(Core* core) noexcept nogil:
    """Room for one datagram."""
    return batch_room(core, ARENA_SLOT)


cdef inline void batch_commit(Core* core, const Tuple* to, int length, int segment) noexcept nogil:
    """Takes what was written into the room. `segment`: bytes of each datagram of a run but the last; 0: no run."""
    cdef Batch* batch = &core.out
    cdef int at = batch.count
    batch.vectors[at].iov_base = batch.arena + batch.used
    batch.vectors[at].iov_len = <size_t>length
    batch.addresses[at] = to.address
    batch.messages[at].msg_hdr.msg_namelen = to.length
    batch.segments[at] = segment
    vtp_segment(&batch.messages[at].msg_hdr, &batch.controls[at], segment)
    batch.sockets[at] = to.socket
    batch.used += (<size_t>length + 63) & ~<size_t>63
    batch.count += 1
    if to.socket >= MAX_SOCKETS:
        promise(core, to.socket, length)
