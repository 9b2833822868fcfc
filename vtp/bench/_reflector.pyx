"""A server that does nothing but hand on: what comes to one socket goes to many ports of this machine, as it is.

It is the cheapest source of packets there can be, to find out how many the load client takes in. Packets of one size that
are at hand leave as one message per port (UDP_SEGMENT); nothing is decrypted, numbered or kept.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t
from libc.stdlib cimport calloc, free

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <arpa/inet.h>
    #include <errno.h>
    #include <netinet/in.h>
    #include <netinet/udp.h>
    #include <poll.h>
    #include <string.h>
    #include <sys/socket.h>
    #include <time.h>
    #ifndef UDP_SEGMENT
    #define UDP_SEGMENT 103
    #endif

    typedef struct { char data[CMSG_SPACE(sizeof(uint16_t))] __attribute__((aligned(8))); } reflector_control;

    static void reflector_address(struct sockaddr_in *out, uint16_t port) {
        memset(out, 0, sizeof *out);
        out->sin_family = AF_INET;
        out->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        out->sin_port = htons(port);
    }
    static void reflector_segment(struct msghdr *message, reflector_control *control, uint16_t bytes) {
        struct cmsghdr *c;
        message->msg_control = control;
        message->msg_controllen = sizeof *control;
        c = CMSG_FIRSTHDR(message);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof bytes);
        memcpy(CMSG_DATA(c), &bytes, sizeof bytes);
    }
    static int64_t reflector_clock(clockid_t clock) {
        struct timespec t;
        clock_gettime(clock, &t);
        return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    static int reflector_readable(int fd, int wait_ms) {
        struct pollfd entry = { .fd = fd, .events = POLLIN };
        return poll(&entry, 1, wait_ms) > 0;
    }
    static int reflector_interrupted(void) { return errno == EINTR; }
    """
    ctypedef struct reflector_control:
        pass
    ctypedef unsigned int socklen_t
    int CLOCK_MONOTONIC
    int CLOCK_THREAD_CPUTIME_ID
    int MSG_DONTWAIT
    struct sockaddr_in:
        pass
    struct iovec:
        void* iov_base
        size_t iov_len
    struct msghdr:
        void* msg_name
        socklen_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, void* timeout) nogil
    int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) nogil
    void reflector_address(sockaddr_in* out, uint16_t port) nogil
    void reflector_segment(msghdr* message, reflector_control* control, uint16_t bytes) nogil
    int64_t reflector_clock(int clock) nogil
    bint reflector_readable(int fd, int wait_ms) nogil
    bint reflector_interrupted() nogil

cdef enum:
    BATCH = 50                   # packets of one message: 50 times 1,216 bytes fit a datagram
    SLOT = 2048


cdef struct Inbox:
    uint8_t[BATCH][SLOT] data
    iovec[BATCH] vectors
    mmsghdr[BATCH] messages


cdef class Reflector:
    """Forwards to `ports` of 127.0.0.1. One thread runs it, others may read its counters and stop it."""

    cdef mmsghdr* messages
    cdef sockaddr_in* addresses
    cdef reflector_control* controls
    cdef iovec[BATCH] run
    cdef int count
    cdef bint stopping
    cdef readonly uint64_t sent
    cdef readonly uint64_t failed
    cdef readonly int64_t cpu_ns

    def __cinit__(self, ports):
        cdef int i
        self.count = <int>len(ports)
        self.messages = <mmsghdr*>calloc(self.count, sizeof(mmsghdr))
        self.addresses = <sockaddr_in*>calloc(self.count, sizeof(sockaddr_in))
        self.controls = <reflector_control*>calloc(self.count, sizeof(reflector_control))
        if self.messages == NULL or self.addresses == NULL or self.controls == NULL:
            raise MemoryError("No memory for the reflector.")
        for i in range(self.count):
            reflector_address(&self.addresses[i], ports[i])
            self.messages[i].msg_hdr.msg_name = &self.addresses[i]
            self.messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in)
            self.messages[i].msg_hdr.msg_iov = self.run

    def __dealloc__(self):
        free(self.messages)
        free(self.addresses)
        free(self.controls)

    def serve(self, int fd) -> None:
        """Forwards what comes to this socket until `stop`; blocks, without the GIL."""
        cdef Inbox inbox
        cdef int i, got
        with nogil:
            for i in range(BATCH):
                inbox.vectors[i].iov_base = inbox.data[i]
                inbox.vectors[i].iov_len = SLOT
                inbox.messages[i].msg_hdr.msg_iov = &inbox.vectors[i]
                inbox.messages[i].msg_hdr.msg_iovlen = 1
                inbox.messages[i].msg_hdr.msg_name = NULL
                inbox.messages[i].msg_hdr.msg_namelen = 0
            while not self.stopping:
                if reflector_readable(fd, 20):
                    got = recvmmsg(fd, inbox.messages, BATCH, MSG_DONTWAIT, NULL)
                    self.forward(fd, &inbox, got)
                self.cpu_ns = reflector_clock(CLOCK_THREAD_CPUTIME_ID)

    def stop(self) -> None:
        """Ends `serve` within 20 ms."""
        self.stopping = True

    cdef void forward(self, int fd, Inbox* inbox, int got) noexcept nogil:
        """RTP as runs of one size, one message each to every port. RTCP and STUN go nowhere."""
        cdef int i, length = 0
        for i in range(got):
            if inbox.data[i][0] >> 6 != 2 or 192 <= inbox.data[i][1] <= 223:
                continue
            if length and inbox.messages[i].msg_len != self.run[0].iov_len:
                self.send(fd, length)
                length = 0
            self.run[length].iov_base = inbox.data[i]
            self.run[length].iov_len = inbox.messages[i].msg_len
            length += 1
        if length:
            self.send(fd, length)

    cdef void send(self, int fd, int length) noexcept nogil:
        cdef int i, done = 0, sent
        for i in range(self.count):
            self.messages[i].msg_hdr.msg_iovlen = length
            reflector_segment(&self.messages[i].msg_hdr, &self.controls[i], <uint16_t>self.run[0].iov_len)
        while done < self.count:
            sent = sendmmsg(fd, &self.messages[done], self.count - done, 0)
            if sent > 0:
                self.sent += <uint64_t>sent * length
                done += sent
            elif not reflector_interrupted():
                self.failed += length
                done += 1
