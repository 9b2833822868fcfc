# Taps: plain RTP of a producer for a recorder, through a single-writer, single-reader byte ring.
#
# The media thread writes records and never waits; a full ring drops the record and counts it, which the reader's
# Depacketizer sees as loss. The reader (any thread) takes them without the lock.

cdef extern from *:
    """
    static uint64_t vtp_load(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static void vtp_store(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
    """
    uint64_t vtp_load(const uint64_t* p) noexcept nogil
    void vtp_store(uint64_t* p, uint64_t v) noexcept nogil

cdef enum:
    RECORD_WRAP = 0              # the rest of the ring is unused
    RECORD_PACKET = 1
    RECORD_REPORT = 2


cdef struct TapRecord:           # followed by the bytes, padded to 8
    uint32_t kind
    uint32_t length
    int64_t arrival_ns


cdef struct TapReport:
    uint64_t ntp
    uint32_t rtp_timestamp
    uint32_t ssrc


cdef struct TapRing:
    Producer* producer           # NULL once either side has let go
    TapRing* next                # of the same producer
    TapRing* next_dirty
    uint8_t dirty
    int event_fd
    uint8_t* bytes
    uint64_t capacity            # a multiple of 8
    uint64_t head                # written by the media thread: bytes ever put in
    uint64_t tail                # written by the reader: bytes ever taken
    uint64_t dropped


cdef void tap_write(Core* core, TapRing* ring, int kind, const void* data, uint32_t length,
                    int64_t arrival_ns) noexcept nogil:
    cdef uint64_t need = sizeof(TapRecord) + ((length + 7) & ~<uint64_t>7)
    cdef uint64_t at = ring.head % ring.capacity
    cdef uint64_t rest = ring.capacity - at
    cdef uint64_t skip = 0
    cdef TapRecord* record
    if rest < need:
        skip = rest
    if ring.head + skip + need - vtp_load(&ring.tail) > ring.capacity:
        ring.dropped += 1
        core.counters.tap_dropped += 1
        return
    if skip:
        (<TapRecord*>(ring.bytes + at)).kind = RECORD_WRAP
        at = 0
    record = <TapRecord*>(ring.bytes + at)
    record.kind = kind
    record.length = length
    record.arrival_ns = arrival_ns
    memcpy(ring.bytes + at + sizeof(TapRecord), data, length)
    vtp_store(&ring.head, ring.head + skip + need)
    if not ring.dirty:
        ring.dirty = 1
        ring.next_dirty = core.dirty_taps
        core.dirty_taps = ring


cdef void tap_packet(Core* core, Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    """One encoding is recorded: the highest that sends."""
    cdef TapRing* ring = stream.producer.taps
    if ring == NULL or (stream.producer.stream_count > 1 and best_stream(stream.producer, now) != stream):
        return
    while ring != NULL:
        tap_write(core, ring, RECORD_PACKET, slot.data, slot.length, slot.arrival_ns)
        ring = ring.next


cdef void tap_sender_report(Core* core, Stream* stream) noexcept nogil:
    cdef TapRing* ring = stream.producer.taps
    cdef TapReport report
    if ring == NULL:
        return
    report.ntp = stream.sr_ntp
    report.rtp_timestamp = stream.sr_rtp
    report.ssrc = stream.ssrc
    while ring != NULL:
        tap_write(core, ring, RECORD_REPORT, &report, sizeof(TapReport), stream.sr_arrival_ns)
        ring = ring.next


cdef void tap_backlog(Core* core, Producer* producer, TapRing* ring, int64_t now) noexcept nogil:
    """Gives a new tap what the ring holds since the last key frame, and the last sender report."""
    cdef Stream* stream = best_stream(producer, now)
    cdef int64_t number
    cdef Slot* slot
    if not stream.started:
        return
    if stream.sr_arrival_ns:
        tap_sender_report(core, stream)
    if not producer.video or not ring_holds_key_frame(stream):
        return
    for number in range(stream.key_frame, stream.newest + 1):
        slot = &stream.ring[number % stream.ring_size]
        if slot.sequence == number:
            tap_write(core, ring, RECORD_PACKET, slot.data, slot.length, slot.arrival_ns)


cdef void tap_unlink(Core* core, TapRing* ring) noexcept nogil:
    cdef TapRing** at
    if ring.producer != NULL:
        at = &ring.producer.taps
        while at[0] != NULL:
            if at[0] == ring:
                at[0] = ring.next
                break
            at = &at[0].next
        ring.producer = NULL
    at = &core.dirty_taps
    while at[0] != NULL:
        if at[0] == ring:
            at[0] = ring.next_dirty
            break
        at = &at[0].next_dirty
    ring.dirty = 0


cdef void signal_taps(Core* core) noexcept nogil:
    """Wakes the readers of what this batch wrote."""
    cdef TapRing* ring
    while core.dirty_taps != NULL:
        ring = core.dirty_taps
        core.dirty_taps = ring.next_dirty
        ring.dirty = 0
        vtp_signal(ring.event_fd)


@cython.no_gc_clear
cdef class Tap:
    """Plain RTP of one producer, with arrival times, for one reader (a recorder thread).

    Made by `Worker.open_tap`. `fileno()` is an eventfd that is readable when packets wait. The producer's end does
    not close the tap: nothing more comes.
    """

    cdef TapRing* ring
    cdef Worker worker
    cdef list reports

    def __cinit__(self):
        self.ring = NULL
        self.reports = []

    def fileno(self) -> int:
        """The eventfd to wait on; -1 when closed."""
        return self.ring.event_fd if self.ring != NULL else -1

    @property
    def dropped(self) -> int:
        """Packets that the reader was too slow for."""
        return self.ring.dropped if self.ring != NULL else 0

    @property
    def ended(self) -> bool:
        """True when the producer is gone: what waits is all there will be."""
        return self.ring == NULL or self.ring.producer == NULL

    def drain(self, Depacketizer depacketizer not None) -> int:
        """Moves all waiting packets into `depacketizer`; returns how many. Runs without the GIL."""
        cdef int packets = 0
        cdef TapRecord* record
        cdef TapReport* report
        cdef uint64_t tail, head, at
        if self.ring == NULL:
            raise ValueError("The tap is closed.")
        vtp_unsignal(self.ring.event_fd)
        with nogil:
            tail = self.ring.tail
            head = vtp_load(&self.ring.head)
            while tail < head:
                at = tail % self.ring.capacity
                record = <TapRecord*>(self.ring.bytes + at)
                if self.ring.capacity - at < sizeof(TapRecord) or record.kind == RECORD_WRAP:
                    tail += self.ring.capacity - at
                    continue
                if record.kind == RECORD_PACKET:
                    depacketizer.push_packet(self.ring.bytes + at + sizeof(TapRecord), record.length, record.arrival_ns)
                    packets += 1
                else:
                    with gil:
                        report = <TapReport*>(self.ring.bytes + at + sizeof(TapRecord))
                        self.reports.append((report.ntp, report.rtp_timestamp, record.arrival_ns))
                tail += sizeof(TapRecord) + ((record.length + 7) & ~<uint64_t>7)
                vtp_store(&self.ring.tail, tail)
            vtp_store(&self.ring.tail, tail)
        return packets

    def sender_reports(self) -> list:
        """(NTP time in 32.32, RTP timestamp, arrival in ns) of each sender report drained since the last call."""
        reports = self.reports
        self.reports = []
        return reports

    def close(self) -> None:
        """Lets go of the producer and frees the ring. The reader calls it, or nobody reads any more."""
        cdef TapRing* ring = self.ring
        if ring == NULL:
            return
        self.ring = NULL
        if self.worker is not None and self.worker.core != NULL:
            self.worker.lock()
            tap_unlink(self.worker.core, ring)
            self.worker.unlock()
        os_close(ring.event_fd)
        free(ring.bytes)
        free(ring)

    def __dealloc__(self):
        if self.ring != NULL:                    # the worker outlives us: it is referenced from here
            if self.worker is not None and self.worker.core != NULL:
                self.worker.lock()
                tap_unlink(self.worker.core, self.ring)
                self.worker.unlock()
            os_close(self.ring.event_fd)
            free(self.ring.bytes)
            free(self.ring)
