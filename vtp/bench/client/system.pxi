# What the client needs of the operating system: sockets, epoll, recvmmsg and sendmmsg, clocks, a fair lock.

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <errno.h>
    #include <linux/sock_diag.h>
    #include <netinet/in.h>
    #include <netinet/udp.h>
    #include <pthread.h>
    #include <stdint.h>
    #include <string.h>
    #include <sys/epoll.h>
    #include <sys/eventfd.h>
    #include <sys/random.h>
    #include <sys/socket.h>
    #include <time.h>
    #include <unistd.h>
    #ifndef UDP_GRO
    #define UDP_GRO 104
    #endif

    static int client_socket(int family, int buffer_bytes, int gro) {
        int on = 1;
        int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) < 0)
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
        if (gro) setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
        return fd;
    }
    /* Edge-triggered: whoever is told reads until the socket is dry, or asks to be told again with `again`. */
    static int client_watch(int epoll_fd, int fd, uint64_t id, int again) {
        struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data = { .u64 = id } };
        return epoll_ctl(epoll_fd, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
    }
    /* Unix time in nanoseconds when the kernel took the datagram (0 when it does not say), and how long each is of
       several that came as one (UDP_GRO; else as long as all). */
    static int64_t client_arrival_ns(struct msghdr *message, int length, int *segment) {
        struct cmsghdr *c;
        struct timespec t;
        int64_t arrival_ns = 0;
        *segment = length;
        for (c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
                memcpy(&t, CMSG_DATA(c), sizeof t);
                arrival_ns = (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
            } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
                memcpy(segment, CMSG_DATA(c), sizeof *segment);
            }
        return arrival_ns;
    }
    /* Datagrams that the kernel threw away at the socket because nobody read them in time. */
    static uint32_t client_drops(int fd) {
        uint32_t values[SK_MEMINFO_VARS] = { 0 };
        socklen_t length = sizeof values;
        if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length) < 0) return 0;
        return values[SK_MEMINFO_DROPS];
    }
    /* Waits until something is readable or the time has come (nanoseconds from now; precise where the system can). */
    static int client_wait(int epoll_fd, struct epoll_event *events, int count, int64_t wait_ns) {
        static int coarse;
        struct timespec t = { wait_ns / 1000000000LL, wait_ns % 1000000000LL };
        int n;
        if (!coarse) {
            n = epoll_pwait2(epoll_fd, events, count, &t, NULL);
            if (n >= 0 || errno != ENOSYS) return n;
            coarse = 1;                            /* before Linux 5.11 */
        }
        return epoll_wait(epoll_fd, events, count, (int)((wait_ns + 999999) / 1000000));
    }
    static void client_sleep(int64_t ns) {
        struct timespec t = { ns / 1000000000LL, ns % 1000000000LL };
        nanosleep(&t, NULL);
    }
    /* CPU time of a thread that runs, user and system. */
    static int64_t client_cpu_ns(pthread_t thread) {
        clockid_t clock;
        struct timespec t;
        if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &t) < 0) return 0;
        return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    static void client_signal(int fd) {
        uint64_t one = 1;
        ssize_t n = write(fd, &one, sizeof one);
        (void)n;
    }
    static void client_unsignal(int fd) {
        uint64_t value;
        ssize_t n = read(fd, &value, sizeof value);
        (void)n;
    }
    static int64_t client_clock(clockid_t clock) {
        struct timespec t;
        clock_gettime(clock, &t);
        return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    static int client_seed(uint64_t *seed) { return getrandom(seed, sizeof *seed, 0) == sizeof *seed ? 0 : -1; }
    static int client_errno(void) { return errno; }

    /* The loop holds `data` while it works; whoever of Python waits holds `next`, so the loop lets them in first. */
    typedef struct { pthread_mutex_t next, data; } client_lock;
    static void client_lock_init(client_lock *l) {
        pthread_mutex_init(&l->next, NULL);
        pthread_mutex_init(&l->data, NULL);
    }
    static void client_lock_take(client_lock *l) {
        pthread_mutex_lock(&l->next);
        pthread_mutex_lock(&l->data);
        pthread_mutex_unlock(&l->next);
    }
    static void client_lock_give(client_lock *l) { pthread_mutex_unlock(&l->data); }
    static void client_lock_destroy(client_lock *l) {
        pthread_mutex_destroy(&l->next);
        pthread_mutex_destroy(&l->data);
    }
    """
    ctypedef struct client_lock:
        pass
    ctypedef unsigned int socklen_t
    ctypedef unsigned long pthread_t
    pthread_t pthread_self() nogil
    int CLOCK_THREAD_CPUTIME_ID
    int AF_INET
    int AF_INET6
    int EFD_NONBLOCK
    int EFD_CLOEXEC
    int EPOLL_CLOEXEC
    int EPOLLIN
    int EINTR
    int EAGAIN
    int CLOCK_MONOTONIC
    int CLOCK_REALTIME
    struct in6_addr:
        uint8_t s6_addr[16]
    struct in_addr:
        uint32_t s_addr
    struct sockaddr:
        pass
    struct sockaddr_in:
        uint16_t sin_family
        uint16_t sin_port
        in_addr sin_addr
    struct sockaddr_in6:
        uint16_t sin6_family
        uint16_t sin6_port
        uint32_t sin6_flowinfo
        in6_addr sin6_addr
        uint32_t sin6_scope_id
    struct iovec:
        void* iov_base
        size_t iov_len
    struct msghdr:
        void* msg_name
        socklen_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
        void* msg_control
        size_t msg_controllen
        int msg_flags
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    ctypedef union epoll_data_t:
        uint64_t u64
    struct epoll_event:
        uint32_t events
        epoll_data_t data
    int eventfd(unsigned int initial, int flags) nogil
    int epoll_create1(int flags) nogil
    uint32_t client_drops(int fd) nogil
    int client_wait(int epoll_fd, epoll_event* events, int count, int64_t wait_ns) nogil
    void client_sleep(int64_t ns) nogil
    int64_t client_cpu_ns(pthread_t thread) nogil
    int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, void* timeout) nogil
    int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags) nogil
    int close(int fd) nogil
    int client_bind "bind"(int fd, sockaddr* address, socklen_t length) nogil
    int client_socket(int family, int buffer_bytes, int gro) nogil
    int client_watch(int epoll_fd, int fd, uint64_t id, int again) nogil
    int64_t client_arrival_ns(msghdr* message, int length, int* segment) nogil
    void client_signal(int fd) nogil
    void client_unsignal(int fd) nogil
    int64_t client_clock(int clock) nogil
    int client_seed(uint64_t* seed) nogil
    int client_errno() nogil
    void client_lock_init(client_lock* lock) nogil
    void client_lock_take(client_lock* lock) nogil
    void client_lock_give(client_lock* lock) nogil
    void client_lock_destroy(client_lock* lock) nogil
