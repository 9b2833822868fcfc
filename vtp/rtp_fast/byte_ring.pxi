# A byte ring of records with one writer and one reader and no lock: what taps and pipes are made of.
#
# The writer publishes whole records by moving `head`, the reader frees them by moving `tail`; each looks at the
# other's position with acquire order. Neither ever waits: a full ring refuses the record.

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
    CACHE_LINE = 64


cdef struct Record:              # followed by its bytes, padded to 8
    uint32_t kind
    uint32_t length
    int64_t arrival_ns


cdef struct ByteRing:
    uint8_t* bytes
    uint64_t capacity            # a multiple of 8
    uint64_t head                # bytes ever published
    uint64_t written             # the writer's: bytes ever put in
    uint64_t tail_seen           # the writer's: where the reader was at the last look
    uint8_t apart[CACHE_LINE]    # so that neither side's position takes the other's cache line along
    uint64_t tail                # bytes ever freed
    uint64_t taken               # the reader's: bytes ever looked at


cdef int byte_ring_open(ByteRing* ring, uint64_t capacity) noexcept nogil:
    """Makes an empty ring of `capacity` bytes, rounded down to a multiple of 8; -1 without memory."""
    memset(ring, 0, sizeof(ByteRing))
    ring.capacity = capacity & ~<uint64_t>7
    ring.bytes = <uint8_t*>malloc(ring.capacity)
    return 0 if ring.bytes != NULL else -1


cdef inline uint64_t record_size(uint32_t length) noexcept nogil:
    return sizeof(Record) + ((<uint64_t>length + 7) & ~<uint64_t>7)


cdef uint8_t* byte_ring_write(ByteRing* ring, uint32_t kind, uint32_t length, int64_t arrival_ns) noexcept nogil:
    """Where the bytes of a new record go; NULL when there is no room. The reader sees it once it is published."""
    cdef uint64_t need = record_size(length)
    cdef uint64_t at = ring.written % ring.capacity
    cdef uint64_t rest = ring.capacity - at
    cdef uint64_t skip = rest if rest < need else 0
    cdef Record* record
    if ring.written + skip + need - ring.tail_seen > ring.capacity:
        ring.tail_seen = vtp_load(&ring.tail)
        if ring.written + skip + need - ring.tail_seen > ring.capacity:
            return NULL
    if skip:
        (<Record*>(ring.bytes + at)).kind = RECORD_WRAP
        at = 0
    record = <Record*>(ring.bytes + at)
    record.kind = kind
    record.length = length
    record.arrival_ns = arrival_ns
    ring.written += skip + need
    return ring.bytes + at + sizeof(Record)


cdef inline void byte_ring_publish(ByteRing* ring) noexcept nogil:
    vtp_store(&ring.head, ring.written)


cdef Record* byte_ring_read(ByteRing* ring, uint64_t head) noexcept nogil:
    """The next record before `head`, or NULL. It stays the reader's until it is freed."""
    cdef uint64_t at
    while ring.taken < head:
        at = ring.taken % ring.capacity
        if ring.capacity - at >= sizeof(Record) and (<Record*>(ring.bytes + at)).kind != RECORD_WRAP:
            return <Record*>(ring.bytes + at)
        ring.taken += ring.capacity - at
    return NULL


cdef inline uint8_t* record_bytes(Record* record) noexcept nogil:
    return <uint8_t*>record + sizeof(Record)


cdef inline void byte_ring_free(ByteRing* ring, const Record* record) noexcept nogil:
    """Gives a record's room back to the writer."""
    ring.taken += record_size(record.length)
    vtp_store(&ring.tail, ring.taken)
