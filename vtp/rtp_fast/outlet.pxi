# Making an outlet: a copy of another Worker's producer that knows what newcomers need, fed by a pipe from then on.
#
# The control plane calls this. The producer's Worker is held up for short spells only: rings are made outside its lock,
# and packets since the last key frame are copied in parts.

cdef extern from *:
    """
    static void vtp_breathe(void) { struct timespec t = {0, 50000}; nanosleep(&t, 0); }
    """
    void vtp_breathe() noexcept nogil

cdef enum:
    BACKLOG_PART = 256           # packets copied per turn of the lock; then the media thread gets its own


cdef struct Backlog:             # what of a stream's ring a new outlet still has to get
    int64_t next
    int64_t last


cdef void copy_description(Producer* copy, Producer* producer) noexcept nogil:
    """What does not change while a producer lives."""
    cdef int i
    copy.video = producer.video
    copy.key_answered = 1                        # an outlet judges no publisher: its packets say what was found
    memcpy(copy.codecs, producer.codecs, sizeof(producer.codecs))
    copy.codec_count = producer.codec_count
    copy.opus_payload_type = producer.opus_payload_type
    memcpy(copy.payload_codec, producer.payload_codec, sizeof(producer.payload_codec))
    memcpy(copy.payload_rtx, producer.payload_rtx, sizeof(producer.payload_rtx))
    memcpy(copy.ext_id, producer.ext_id, sizeof(producer.ext_id))
    copy.stream_count = producer.stream_count
    for i in range(producer.stream_count):
        copy.streams[i].producer = copy
        copy.streams[i].ring_size = producer.streams[i].ring_size
        copy.streams[i].rid_length = producer.streams[i].rid_length
        memcpy(copy.streams[i].rid, producer.streams[i].rid, sizeof(copy.streams[i].rid))


cdef int open_rings(Core* core, Producer* outlet) noexcept nogil:
    """Rings as this Worker makes them, or as large as the producer's where that one's were made larger."""
    cdef int i
    cdef int64_t usual = core.ring_video if outlet.video else core.ring_audio
    for i in range(outlet.stream_count):
        outlet.streams[i].key_frame = -1
        outlet.streams[i].newest = -1
        outlet.streams[i].onset = outlet.streams[i].rested_at = -1
        if ring_open(&outlet.streams[i], max(usual, outlet.streams[i].ring_size)) != 0:
            return -1
    return 0


cdef void copy_state(Producer* copy, Producer* producer) noexcept nogil:
    """What packets before the first one through the pipe have told."""
    cdef int i
    cdef Stream* stream
    copy.paused = producer.paused
    copy.started = producer.started
    copy.self_paced = producer.self_paced
    copy.alive = producer.alive
    copy.reversed = producer.reversed
    for i in range(producer.stream_count):
        stream = &producer.streams[i]
        copy.streams[i].ssrc = stream.ssrc
        copy.streams[i].first_number = stream.first_number
        copy.streams[i].clock_rate = stream.clock_rate
        copy.streams[i].first_arrival_ns = stream.first_arrival_ns
        copy.streams[i].last_arrival_ns = stream.last_arrival_ns
        copy.streams[i].sr_ntp = stream.sr_ntp
        copy.streams[i].sr_rtp = stream.sr_rtp
        copy.streams[i].sr_arrival_ns = stream.sr_arrival_ns


cdef void note_backlog(Producer* producer, Backlog* backlog) noexcept nogil:
    """From the last key frame on, as far as the ring holds it; sound needs none."""
    cdef int i
    cdef Stream* stream
    for i in range(producer.stream_count):
        stream = &producer.streams[i]
        backlog[i].next = backlog[i].last = -1
        if producer.video and not producer.paused and ring_holds_key_frame(stream):
            backlog[i].last = stream.newest
            backlog[i].next = stream.key_frame
            if stream.key_frame > stream.first_number:
                backlog[i].next -= 1             # shows that nothing in front is missing: key_frame_has_its_start


cdef int copy_backlog(Core* core, Producer* copy, Producer* producer, Backlog* backlog) noexcept nogil:
    """Copies at most BACKLOG_PART packets that are still there; how many numbers it has looked at."""
    cdef int i, count = 0
    cdef Slot* slot
    cdef PipedPacket piped
    cdef Stream* stream
    memset(&piped, 0, sizeof(PipedPacket))
    for i in range(producer.stream_count):
        stream = &producer.streams[i]
        piped.first_number = copy.streams[i].first_number
        while 0 <= backlog[i].next <= backlog[i].last and count < BACKLOG_PART:
            slot = &stream.ring[backlog[i].next % stream.ring_size]
            if slot.sequence == backlog[i].next:
                piped.number = slot.sequence
                piped.recovered = slot.recovered
                keep_piped(core, &copy.streams[i], &piped, slot.data, slot.length, slot.arrival_ns)
            backlog[i].next += 1
            count += 1
    return count


cdef void install_outlet(Core* core, Pipe* pipe, Producer* outlet, int64_t now) noexcept nogil:
    """From here on the outlet is its Worker's; takes what has come through the pipe meanwhile."""
    outlet.inlet = pipe
    outlet.transport = core.nobody
    outlet.next = core.nobody.producers
    core.nobody.producers = outlet
    core.outlets += 1
    pipe.outlet = outlet
    drain_pipe(core, pipe, now)


cdef void free_outlet(Producer* outlet) noexcept nogil:
    """Of one that was never installed."""
    cdef int i
    for i in range(outlet.stream_count):
        free(outlet.streams[i].ring)
        free(outlet.streams[i].structure)
    free(outlet)


cdef int64_t make_outlet(Worker here, Worker source, int64_t producer_id) except -1:
    cdef Producer* outlet = <Producer*>calloc(1, sizeof(Producer))
    cdef Pipe* pipe = NULL
    if outlet == NULL:
        raise MemoryError
    try:
        source.lock()
        try:
            copy_description(outlet, source.producer(producer_id))
        finally:
            source.unlock()
        if open_rings(here.core, outlet) != 0:
            raise MemoryError
        pipe = link_outlet(here, source, producer_id, outlet)
        return hand_over(here, pipe, outlet)
    except BaseException:
        free_outlet(outlet)
        if pipe != NULL:
            leave_pipe(pipe)
        raise


cdef Pipe* link_outlet(Worker here, Worker source, int64_t producer_id, Producer* outlet) except NULL:
    """Opens the pipe and copies what came before it. Packets from the first look on come through the pipe."""
    cdef Backlog backlog[MAX_ENCODINGS]
    cdef Producer* producer
    cdef Pipe* pipe = pipe_open(source.core.door, here.core.door, outlet.video)
    if pipe == NULL:
        raise MemoryError
    source.lock()
    try:
        producer = source.producer(producer_id)
        pipe_link(pipe, producer)
        copy_state(outlet, producer)
        note_backlog(producer, backlog)
    except BaseException:
        pipe_release(pipe)
        pipe_release(pipe)
        raise
    finally:
        source.unlock()
    while copy_part(here, source, pipe, outlet, backlog):
        with nogil:
            vtp_breathe()
    return pipe


cdef bint copy_part(Worker here, Worker source, Pipe* pipe, Producer* outlet, Backlog* backlog) except -1:
    """Whether there may be more to copy."""
    cdef int count = 0
    source.lock()
    if pipe.producer != NULL:
        count = copy_backlog(here.core, outlet, pipe.producer, backlog)
    source.unlock()
    return count == BACKLOG_PART


cdef int64_t hand_over(Worker here, Pipe* pipe, Producer* outlet) except -1:
    """Puts a filled outlet into its Worker."""
    here.lock()
    try:
        if here.stopping:
            raise ValueError("This Worker is closed.")
        if here.core.nobody == NULL:
            here.core.nobody = <Transport*>calloc(1, sizeof(Transport))
            if here.core.nobody == NULL:
                raise MemoryError
            here.core.nobody.selected = -1
        outlet.id = table_add(&here.core.producers, outlet)
        if outlet.id == 0:
            raise MemoryError
        install_outlet(here.core, pipe, outlet, here.core.now_ns)
    finally:
        here.unlock()
    return outlet.id
