# What the mover needs of the operating system: waiting to the microsecond, real-time scheduling, a fair lock, clocks.

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <errno.h>
    #include <poll.h>
    #include <pthread.h>
    #include <sched.h>
    #include <stdint.h>
    #include <string.h>
    #include <sys/prctl.h>
    #include <sys/eventfd.h>
    #include <sys/socket.h>
    #include <time.h>
    #include <unistd.h>

    static int64_t mover_clock(clockid_t clock) {
        struct timespec t;
        clock_gettime(clock, &t);
        return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    /* Until something is readable, or a time of CLOCK_MONOTONIC; an hour at most. */
    static int mover_wait(struct pollfd *entries, int count, int64_t until_ns) {
        int64_t wait_ns = until_ns - mover_clock(CLOCK_MONOTONIC);
        struct timespec t = { 3600, 0 };
        if (wait_ns < 0) wait_ns = 0;
        if (wait_ns < 3600000000000LL) {
            t.tv_sec = wait_ns / 1000000000LL;
            t.tv_nsec = wait_ns % 1000000000LL;
        }
        return ppoll(entries, (nfds_t)count, &t, NULL);
    }
    static void mover_sleep_until(int64_t until_ns) {
        struct timespec t = { until_ns / 1000000000LL, until_ns % 1000000000LL };
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    }
    /* 1: this thread runs in real time now, before vtp's media threads (SCHED_RR, 1). 0: as any other, but woken to
       the nanosecond, where the default lets the kernel gather wake-ups over 50 us. */
    static int mover_real_time(void) {
        struct sched_param priority = { .sched_priority = 2 };
        prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
        return pthread_setschedparam(pthread_self(), SCHED_RR, &priority) == 0;
    }
    static void mover_signal(int fd) {
        uint64_t one = 1;
        ssize_t n = write(fd, &one, sizeof one);
        (void)n;
    }
    static void mover_unsignal(int fd) {
        uint64_t value;
        ssize_t n = read(fd, &value, sizeof value);
        (void)n;
    }

    static int mover_try_again(void) { return errno == EAGAIN || errno == EINTR; }

    /* The loop holds `data` while it works; who else waits holds `next`, so the loop lets them in first. Both lend
       the loop's priority to who holds them. */
    typedef struct { pthread_mutex_t next, data; } mover_lock;
    static void mover_lock_init(mover_lock *l) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
        pthread_mutex_init(&l->next, &attributes);
        pthread_mutex_init(&l->data, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    static void mover_lock_take(mover_lock *l) {
        pthread_mutex_lock(&l->next);
        pthread_mutex_lock(&l->data);
        pthread_mutex_unlock(&l->next);
    }
    static void mover_lock_give(mover_lock *l) { pthread_mutex_unlock(&l->data); }
    static void mover_lock_destroy(mover_lock *l) {
        pthread_mutex_destroy(&l->next);
        pthread_mutex_destroy(&l->data);
    }
    """
    ctypedef struct mover_lock:
        pass
    struct pollfd:
        int fd
        short events
        short revents
    int CLOCK_MONOTONIC
    int CLOCK_REALTIME
    int CLOCK_THREAD_CPUTIME_ID
    int EFD_NONBLOCK
    int EFD_CLOEXEC
    short POLLIN
    int eventfd(unsigned int initial, int flags) nogil
    int close(int fd) nogil
    ssize_t mover_read "read"(int fd, void* data, size_t room) nogil
    ssize_t mover_write "write"(int fd, const void* data, size_t size) nogil
    int64_t mover_clock(int clock) nogil
    int mover_wait(pollfd* entries, int count, int64_t until_ns) nogil
    void mover_sleep_until(int64_t until_ns) nogil
    bint mover_real_time() nogil
    bint mover_try_again() nogil
    void mover_signal(int fd) nogil
    void mover_unsignal(int fd) nogil
    void mover_lock_init(mover_lock* lock) nogil
    void mover_lock_take(mover_lock* lock) nogil
    void mover_lock_give(mover_lock* lock) nogil
    void mover_lock_destroy(mover_lock* lock) nogil
