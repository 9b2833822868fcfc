# A steady flood of numbered, timed datagrams through a link, to measure what the emulator does to them.

cdef extern from *:
    """
    #include <netinet/in.h>
    /* Unix time in nanoseconds when the kernel took the datagram; 0 when it does not say. */
    static int64_t flood_arrival_ns(struct msghdr *message) {
        struct cmsghdr *c;
        struct timespec t;
        for (c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
                memcpy(&t, CMSG_DATA(c), sizeof t);
                return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
            }
        return 0;
    }
    static int flood_prepare(int fd, int buffer_bytes) {
        int on = 1;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) < 0)
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
        return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    }
    """
    ctypedef unsigned int socklen_t
    int MSG_DONTWAIT
    struct iovec:
        void* iov_base
        size_t iov_len
    struct msghdr:
        iovec* msg_iov
        size_t msg_iovlen
        void* msg_control
        size_t msg_controllen
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, void* timeout) nogil
    ssize_t flood_send "send"(int fd, const void* data, size_t size, int flags) nogil
    int64_t flood_arrival_ns(msghdr* message) nogil
    int flood_prepare(int fd, int buffer_bytes) nogil

cdef enum:
    FLOOD_BATCH = 64
    FLOOD_ROOM = 2048
    FLOOD_CONTROL = 64
    FLOOD_BUFFER = 8388608       # bytes of a socket
    FLOOD_REST_NS = 1_000_000    # between two looks at the receiving socket; the kernel stamps what comes
    FLOOD_LATE_NS = 2_000_000

FLOOD_SMALLEST = 24              # bytes of a datagram: magic, number, time

cdef struct FloodMark:
    uint64_t magic
    int64_t number
    int64_t sent_ns              # CLOCK_REALTIME, as the kernel's stamps


cdef struct FloodInbox:
    uint8_t data[FLOOD_BATCH][FLOOD_ROOM]
    uint8_t control[FLOOD_BATCH][FLOOD_CONTROL]
    iovec vectors[FLOOD_BATCH]
    mmsghdr messages[FLOOD_BATCH]


cdef class Flood:
    """`count` datagrams from one socket to another. `send` and `receive` each block a thread, without the GIL.

    `expected_ns` is the delay that the link is to have: `beyond` counts what is more, finer than `delays` could.
    """

    cdef readonly int64_t count
    cdef uint8_t* seen
    cdef bint stopping
    cdef Histogram delay
    cdef Histogram more
    cdef int64_t expected_ns
    cdef readonly uint64_t sent, failed, late, received, duplicated, reordered, foreign
    cdef readonly int64_t highest, first_ns, last_ns

    def __cinit__(self, int64_t count, *, int64_t expected_ns=0):
        self.count = count
        self.expected_ns = expected_ns
        self.highest = -1
        self.seen = <uint8_t*>calloc(max(1, count), 1)
        if self.seen == NULL:
            raise MemoryError("No memory for the numbers of a flood.")

    def __dealloc__(self):
        free(self.seen)

    def send(self, int fd, int size, double packets_per_s) -> None:
        """All of them at an even rate through a connected socket; `size` bytes each. ValueError for too few or many."""
        cdef uint8_t[FLOOD_ROOM] data
        cdef FloodMark* mark = <FloodMark*>data
        cdef int64_t number, begun_ns, due_ns
        if not FLOOD_SMALLEST <= size <= FLOOD_ROOM or packets_per_s <= 0:
            raise ValueError(f"A datagram of a flood has {FLOOD_SMALLEST} to {FLOOD_ROOM} bytes, its rate is positive.")
        flood_prepare(fd, FLOOD_BUFFER)
        with nogil:
            memset(data, 0, FLOOD_ROOM)
            begun_ns = mover_clock(CLOCK_MONOTONIC)
            for number in range(self.count):
                if self.stopping:
                    break
                due_ns = begun_ns + <int64_t>(<double>number * 1e9 / packets_per_s)
                if due_ns > mover_clock(CLOCK_MONOTONIC):
                    mover_sleep_until(due_ns)
                self.late += mover_clock(CLOCK_MONOTONIC) - due_ns > FLOOD_LATE_NS
                mark.magic, mark.number = 0x7674702D666C6F6FULL, number
                mark.sent_ns = mover_clock(CLOCK_REALTIME)
                if flood_send(fd, data, <size_t>size, 0) == size:
                    self.sent += 1
                else:
                    self.failed += 1

    def receive(self, int fd) -> None:
        """What comes, until `stop`."""
        cdef FloodInbox* inbox = <FloodInbox*>calloc(1, sizeof(FloodInbox))
        cdef int i, got
        if inbox == NULL:
            raise MemoryError("No memory to receive a flood.")
        flood_prepare(fd, FLOOD_BUFFER)
        with nogil:
            while not self.stopping:
                for i in range(FLOOD_BATCH):
                    inbox.vectors[i].iov_base, inbox.vectors[i].iov_len = inbox.data[i], FLOOD_ROOM
                    inbox.messages[i].msg_hdr.msg_iov, inbox.messages[i].msg_hdr.msg_iovlen = &inbox.vectors[i], 1
                    inbox.messages[i].msg_hdr.msg_control = inbox.control[i]
                    inbox.messages[i].msg_hdr.msg_controllen = FLOOD_CONTROL
                got = recvmmsg(fd, inbox.messages, FLOOD_BATCH, MSG_DONTWAIT, NULL)
                for i in range(got):
                    self.note(inbox.data[i], &inbox.messages[i])
                if got <= 0:
                    mover_sleep_until(mover_clock(CLOCK_MONOTONIC) + FLOOD_REST_NS)
        free(inbox)

    def stop(self) -> None:
        """Ends both."""
        self.stopping = True

    cdef void note(self, const uint8_t* data, mmsghdr* message) noexcept nogil:
        cdef const FloodMark* mark = <const FloodMark*>data
        cdef int64_t arrival_ns = flood_arrival_ns(&message.msg_hdr)
        if message.msg_len < sizeof(FloodMark) or mark.magic != 0x7674702D666C6F6FULL or not (
                0 <= mark.number < self.count):
            self.foreign += 1
            return
        self.received += 1
        if self.seen[mark.number]:
            self.duplicated += 1
        elif mark.number < self.highest:
            self.reordered += 1
        self.seen[mark.number] = 1
        if mark.number > self.highest:
            self.highest = mark.number
        if self.first_ns == 0:
            self.first_ns = arrival_ns
        self.last_ns = arrival_ns
        histogram_add(&self.delay, (arrival_ns - mark.sent_ns) // 1000)
        histogram_add(&self.more, (arrival_ns - mark.sent_ns - self.expected_ns) // 1000)

    def delays(self) -> dict:
        """From the send call to the kernel's stamp at the receiver, counts by microseconds."""
        return histogram_dict(&self.delay)

    def beyond(self) -> dict:
        """The same less the expected delay; what came before it counts as 0."""
        return histogram_dict(&self.more)

    def missing(self) -> list:
        """The numbers that did not come, of all."""
        cdef int64_t number
        return [number for number in range(self.count) if not self.seen[number]]
