# Taps: plain RTP of a producer for a recorder, through a byte ring (byte_ring.pxi).
#
# The media thread writes records and never waits; a full ring drops the record and counts it, which the reader's
# Depacketizer sees as loss. The reader (any thread) takes them without the lock.

cdef struct TapReport:
    uint64_t ntp
    uint32_t rtp_timestamp
    uint32_t ssrc


cdef struct TapRing:
    Producer* producer           # NULL once either side has let go
    TapRing* next                # of the same producer
    TapRing* next_dirty
    uint8_t dirty
    int below                    # how many encodings below the highest it begins to look
    int event_fd
    ByteRing records
    uint64_t dropped


cdef void tap_write(Core* core, TapRing* tap, int kind, const void* data, uint32_t length,
                    int64_t arrival_ns) noexcept nogil:
    cdef uint8_t* room = byte_ring_write(&tap.records, kind, length, arrival_ns)
    if room == NULL:
        tap.dropped += 1
        core.counters.tap_dropped += 1
        return
    memcpy(room, data, length)
    byte_ring_publish(&tap.records)
    if not tap.dirty:
        tap.dirty = 1
        tap.next_dirty = core.dirty_taps
        core.dirty_taps = tap


cdef inline bint tap_takes(TapRing* ring, Stream* stream, int64_t now) noexcept nogil:
    """One encoding is recorded at a time: the best that sends of those that the tap is for."""
    return stream.producer.stream_count == 1 or best_stream(stream.producer, ring.below, now) == stream


cdef void tap_packet(Core* core, Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    cdef TapRing* ring = stream.producer.taps
    cdef const uint8_t* data = slot.data
    cdef int length = slot.length
    cdef uint8_t plain[MAX_PACKET]
    while ring != NULL:
        if tap_takes(ring, stream, now):
            if slot.primary and data == slot.data:
                length = write_plain(stream.producer, slot, plain)
                data = plain
            tap_write(core, ring, RECORD_PACKET, data, length, slot.arrival_ns)
        ring = ring.next


cdef void tap_report(Core* core, TapRing* ring, Stream* stream) noexcept nogil:
    cdef TapReport report
    report.ntp = stream.sr_ntp
    report.rtp_timestamp = stream.sr_rtp
    report.ssrc = stream.ssrc
    tap_write(core, ring, RECORD_REPORT, &report, sizeof(TapReport), stream.sr_arrival_ns)


cdef void tap_sender_report(Core* core, Stream* stream, int64_t now) noexcept nogil:
    cdef TapRing* ring = stream.producer.taps
    while ring != NULL:
        if tap_takes(ring, stream, now):
            tap_report(core, ring, stream)
        ring = ring.next


cdef void tap_backlog(Core* core, Producer* producer, TapRing* ring, int64_t now) noexcept nogil:
    """Gives a new tap what the ring holds since the last key frame, and the last sender report."""
    cdef Stream* stream = best_stream(producer, ring.below, now)
    cdef int64_t number
    cdef Slot* slot
    if not stream.started:
        return
    if stream.sr_arrival_ns:
        tap_report(core, ring, stream)
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
        cdef Record* record
        cdef TapReport* report
        cdef uint64_t head
        if self.ring == NULL:
            raise ValueError("The tap is closed.")
        vtp_unsignal(self.ring.event_fd)
        with nogil:
            head = vtp_load(&self.ring.records.head)
            record = byte_ring_read(&self.ring.records, head)
            while record != NULL:
                if record.kind == RECORD_PACKET:
                    depacketizer.push_packet(record_bytes(record), record.length, record.arrival_ns)
                    packets += 1
                else:
                    with gil:
                        report = <TapReport*>record_bytes(record)
                        self.reports.append((report.ntp, report.rtp_timestamp, record.arrival_ns))
                byte_ring_free(&self.ring.records, record)
                record = byte_ring_read(&self.ring.records, head)
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
        free(ring.records.bytes)
        free(ring)

    def __dealloc__(self):
        if self.ring != NULL:                    # the worker outlives us: it is referenced from here
            if self.worker is not None and self.worker.core != NULL:
                self.worker.lock()
                tap_unlink(self.worker.core, self.ring)
                self.worker.unlock()
            os_close(self.ring.event_fd)
            free(self.ring.records.bytes)
            free(self.ring)
