# How threads are scheduled: what Python's `os` module cannot ask for.

cdef extern from *:
    """
    #include <sys/syscall.h>
    /* sched_setattr(2); glibc has it from 2.41 on only. */
    struct vtp_sched_attr {
        uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority;
        uint64_t runtime, deadline, period;
    };
    static int vtp_set_slice(int thread, uint64_t slice_ns) {
        struct vtp_sched_attr attr = {0};
        if (syscall(SYS_sched_getattr, thread, &attr, (unsigned)sizeof attr, 0u) != 0) return errno;
        attr.size = sizeof attr;
        attr.runtime = slice_ns;
        return syscall(SYS_sched_setattr, thread, &attr, 0u) == 0 ? 0 : errno;
    }
    """
    int vtp_set_slice(int thread, uint64_t slice_ns) noexcept nogil


def ask_for_slice(int thread_id, double slice_ms) -> None:
    """Asks that a thread of the ordinary policy is given the processor for `slice_ms` at a time.

    One that asks for less than others is let in sooner when it wakes; its share stays what it was. Linux before 6.12
    takes no notice. Raises OSError.
    """
    cdef int failed = vtp_set_slice(thread_id, <uint64_t>(slice_ms * 1e6))
    if failed:
        raise OSError(failed, os.strerror(failed))
