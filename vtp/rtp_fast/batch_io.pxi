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
    #include <errno.h>
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
    static uint32_t vtp_wait(int ep, int timeout_ms) {
        struct epoll_event events[32];
        uint32_t ready = 0;
        int n = epoll_wait(ep, events, 32, timeout_ms), i;
        for (i = 0; i < n; i++) ready |= 1u << events[i].data.u32;
        return ready;
    }
    static int vtp_wait_writable(int fd, int timeout_ms) {
        struct pollfd entry = { .fd = fd, .events = POLLOUT };
        return poll(&entry, 1, timeout_ms);
    }
    /* Two kinds of lock takers: the media thread yields to whoever of the control plane waits (media.md, commands
       run between batches). */
    typedef struct { pthread_mutex_t queue, next, data; } vtp_lock;
    static void vtp_lock_init(vtp_lock *l) {
        pthread_mutex_init(&l->queue, 0); pthread_mutex_init(&l->next, 0); pthread_mutex_init(&l->data, 0);
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
        pthread_mutex_lock(&l->next); pthread_mutex_lock(&l->data); pthread_mutex_unlock(&l->next);
    }
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
    uint32_t vtp_wait(int ep, int timeout_ms) noexcept nogil
    int vtp_wait_writable(int fd, int timeout_ms) noexcept nogil
    void vtp_lock_init(vtp_lock* l) noexcept nogil
    void vtp_lock_destroy(vtp_lock* l) noexcept nogil
    void vtp_lock_media(vtp_lock* l) noexcept nogil
    void vtp_unlock_media(vtp_lock* l) noexcept nogil
    void vtp_lock_control(vtp_lock* l) noexcept nogil
    void vtp_unlock_control(vtp_lock* l) noexcept nogil

cdef enum:
    RECEIVE_BATCH = 64           # datagrams per recvmmsg (media.md, "A packet's life", 1)
    RECEIVE_ROUNDS = 8           # batches per readiness, so that commands and timers get their turn
    RECEIVE_SLOT = 2048
    SEND_BATCH = 1024


cdef struct Inbox:               # where recvmmsg puts a batch
    uint8_t* arena
    mmsghdr messages[RECEIVE_BATCH]
    iovec vectors[RECEIVE_BATCH]
    sockaddr_in6 addresses[RECEIVE_BATCH]


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
    return 0


cdef int batch_open(Batch* batch, int capacity) noexcept nogil:
    cdef int i
    memset(batch, 0, sizeof(Batch))
    batch.arena = <uint8_t*>malloc(<size_t>capacity * ARENA_SLOT)
    batch.messages = <mmsghdr*>calloc(capacity, sizeof(mmsghdr))
    batch.vectors = <iovec*>calloc(capacity, sizeof(iovec))
    batch.addresses = <sockaddr_in6*>calloc(capacity, sizeof(sockaddr_in6))
    batch.sockets = <uint8_t*>calloc(capacity, 1)
    if batch.arena == NULL or batch.messages == NULL or batch.vectors == NULL or batch.addresses == NULL \
            or batch.sockets == NULL:
        batch_close(batch)
        return -1
    batch.capacity = capacity
    for i in range(capacity):
        batch.vectors[i].iov_base = batch.arena + <size_t>i * ARENA_SLOT
        batch.messages[i].msg_hdr.msg_iov = &batch.vectors[i]
        batch.messages[i].msg_hdr.msg_iovlen = 1
        batch.messages[i].msg_hdr.msg_name = &batch.addresses[i]
    return 0


cdef void batch_close(Batch* batch) noexcept nogil:
    free(batch.arena)
    free(batch.messages)
    free(batch.vectors)
    free(batch.addresses)
    free(batch.sockets)
    memset(batch, 0, sizeof(Batch))


cdef void batch_flush(Core* core) noexcept nogil:
    """Sends what the batch holds, one sendmmsg per run of one socket; a socket-less Core keeps it for the caller."""
    cdef Batch* batch = &core.out
    cdef int start = 0, end
    if core.socket_count == 0:
        return
    while start < batch.count:
        end = start + 1
        while end < batch.count and batch.sockets[end] == batch.sockets[start]:
            end += 1
        send_run(core, core.sockets[batch.sockets[start]], start, end)
        start = end
    batch.count = 0


cdef void send_run(Core* core, int socket, int start, int end) noexcept nogil:
    """sendmmsg until the run is out. What the kernel refuses is tried alone to learn why, counted, and left behind."""
    cdef Batch* batch = &core.out
    cdef int sent, error, i
    cdef bint waited = False
    while start < end:
        sent = sendmmsg(socket, &batch.messages[start], end - start, MSG_DONTWAIT)
        if sent > 0:
            for i in range(start, start + sent):
                core.counters.bytes_sent += batch.vectors[i].iov_len
            core.counters.datagrams_sent += sent
            start += sent
            waited = False
            continue
        error = vtp_errno()
        if (error == EAGAIN or error == ENOBUFS) and not waited:
            core.counters.send_would_block += 1
            vtp_wait_writable(socket, 2)
            waited = True
            continue
        if error == EAGAIN or error == ENOBUFS:
            core.counters.send_dropped += end - start
            return
        if error != EINTR:
            core.counters.send_errors += 1
            start += 1


cdef inline uint8_t* batch_reserve(Core* core) noexcept nogil:
    """Room for one datagram of at most ARENA_SLOT bytes; NULL only when a socket-less Core's batch is full."""
    if core.out.count == core.out.capacity:
        batch_flush(core)
        if core.out.count == core.out.capacity:
            core.counters.send_dropped += 1
            return NULL
    return core.out.arena + <size_t>core.out.count * ARENA_SLOT


cdef inline void batch_commit(Core* core, const Tuple* to, int length) noexcept nogil:
    cdef int at = core.out.count
    core.out.vectors[at].iov_len = length
    core.out.addresses[at] = to.address
    core.out.messages[at].msg_hdr.msg_namelen = to.length
    core.out.sockets[at] = to.socket
    core.out.count += 1
