# Doors: how one Worker's thread tells another's that something waits, without taking its lock.
#
# A Worker has one door: a stack that any thread pushes onto and that its own thread takes whole, and the eventfd that
# wakes it. Doors and what stands at them are counted references, so that either Worker may go while the other writes.

cdef extern from *:
    """
    static uint64_t vtp_swap(uint64_t *p, uint64_t v) { return __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL); }
    static uint64_t vtp_add(uint64_t *p, uint64_t v) { return __atomic_add_fetch(p, v, __ATOMIC_ACQ_REL); }
    static int vtp_replace(uint64_t *p, uint64_t *expected, uint64_t v) {
        return __atomic_compare_exchange_n(p, expected, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    }
    """
    uint64_t vtp_swap(uint64_t* p, uint64_t v) noexcept nogil
    uint64_t vtp_add(uint64_t* p, uint64_t v) noexcept nogil
    bint vtp_replace(uint64_t* p, uint64_t* expected, uint64_t v) noexcept nogil

cdef enum:
    DOOR_CLOSED = 1              # instead of the address of the first caller


cdef struct Door:
    uint64_t references          # the Worker's, and one for each caller that may come
    uint64_t callers             # address of the last that came, and through it of all others
    uint64_t rung                # the eventfd has been written since the Worker last looked
    int event_fd


cdef struct Caller:              # one end of a pipe, as the door lists it
    Pipe* pipe
    Door* door
    Caller* next
    uint64_t waiting             # it stands at the door


cdef Door* door_open(int event_fd) noexcept nogil:
    """A door of one reference that owns `event_fd`; NULL without memory."""
    cdef Door* door = <Door*>calloc(1, sizeof(Door))
    if door != NULL:
        door.references = 1
        door.event_fd = event_fd
    return door


cdef void door_release(Door* door) noexcept nogil:
    if door != NULL and vtp_add(&door.references, <uint64_t>-1) == 0:
        os_close(door.event_fd)
        free(door)


cdef void stand(Caller* caller) noexcept nogil:
    """Puts a caller at its door, once; a door that is closed for good turns it away."""
    cdef uint64_t first
    if vtp_swap(&caller.waiting, 1):
        return
    vtp_add(&caller.pipe.references, 1)
    first = vtp_load(&caller.door.callers)
    while first != DOOR_CLOSED:
        caller.next = <Caller*><size_t>first
        if vtp_replace(&caller.door.callers, &first, <uint64_t><size_t>caller):
            return
    pipe_release(caller.pipe)


cdef void ring_bell(Door* door) noexcept nogil:
    """Wakes the door's Worker, unless it has been woken and has not looked yet."""
    if not vtp_swap(&door.rung, 1):
        vtp_signal(door.event_fd)


cdef Caller* take_callers(Door* door, uint64_t leave) noexcept nogil:
    """All who stand at the door; its own Worker calls this. `leave`: 0, or DOOR_CLOSED for good.

    The bell is reset first: who comes later than this rings again.
    """
    vtp_swap(&door.rung, 0)
    if vtp_load(&door.callers) == DOOR_CLOSED:
        return NULL
    return <Caller*><size_t>vtp_swap(&door.callers, leave)


cdef Caller* dismiss(Caller* caller) noexcept nogil:
    """The next of those taken; `caller` may stand at the door again, and keeps a reference to its pipe."""
    cdef Caller* following = caller.next
    vtp_swap(&caller.waiting, 0)
    return following
