# The state of a Depacketizer: packets that wait, the unit being made, finished units, and their memory.

cdef enum:
    DEP_RING = 4096  # packets that may wait behind a hole; also how far back a packet is late, not a restart
    DEP_SLOT_BYTES = 1600  # waiting packets up to this size share a free list
    DEP_PROBE = 32  # how many packets before the first one seen may still come
    DEP_STRAYS = 8  # packets in a row of the SSRC before that mean it is back
    DEP_MAX_UNIT = 16 * 1024 * 1024  # bytes; larger units are dropped
    DEP_MAX_QUEUED = 64 * 1024 * 1024  # bytes of finished units that wait for poll()
    DEP_MAX_LAYERS = 8  # frames in a VP9 superframe (VP9 bitstream annex B)
    DEP_PARAMETER_SETS = 8  # SPS and PPS remembered, each


cdef struct DepBuffer:
    uint8_t* data
    size_t length
    size_t capacity

cdef struct DepView:  # one packet in order
    const uint8_t* payload
    int length
    uint32_t timestamp
    uint8_t marker
    int64_t arrival_ns

cdef struct DepSlot:  # one packet that waits; its payload follows the struct
    DepSlot* next
    DepView view
    int capacity

cdef struct DepUnit:  # one finished unit; its data follows the struct
    DepUnit* next
    size_t length
    int64_t rtp_timestamp
    int64_t arrival_ns
    uint32_t ssrc
    uint16_t width
    uint16_t height
    uint8_t key_frame
    uint8_t after_gap

cdef struct DepParameterSet:
    int id  # -1: free
    DepBuffer nal

cdef struct DepFrame:  # the unit being assembled
    DepBuffer data
    DepBuffer fragment  # AV1: an OBU that continues in the next packet
    uint8_t open
    uint8_t broken
    uint8_t key
    uint8_t has_picture  # H.264: a slice; AV1: a frame (header)
    uint8_t has_sps  # H.264: an SPS; AV1: a sequence header
    uint8_t has_pps
    uint8_t fragment_open  # H.264: inside an FU-A; AV1: inside a fragmented OBU
    int64_t timestamp
    int64_t arrival_ns
    uint16_t width
    uint16_t height
    size_t insert_at  # H.264: where missing parameter sets go
    int layers  # VP9
    uint8_t layer_open  # VP9: the last layer's end has not come
    size_t layer_starts[8]

cdef struct DepState:
    int codec
    int clock_rate
    int payload_type  # -1: any
    int video
    int64_t reorder_ns
    # the stream
    uint8_t started
    uint8_t initial  # nothing consumed yet: what is missing before the first packet is not a loss
    uint8_t contiguous  # the packet before the next one was consumed
    uint8_t marks  # a unit has ended with a marker
    uint8_t has_previous
    uint8_t has_timestamp
    uint32_t ssrc
    uint32_t previous_ssrc
    int strays
    int32_t restart_at  # sequence that confirms a restart of the sender, -1: none
    int64_t next_sequence  # extended
    int64_t top_sequence  # highest one that waits
    int64_t last_timestamp  # extended
    # waiting packets
    int waiting
    int64_t hole_since_ns
    DepSlot* ring[4096]
    DepSlot* spare
    # what is being made
    DepFrame frame
    uint8_t waiting_key
    uint8_t gap_pending
    uint8_t gave_any
    uint8_t sps_in_band  # the last key frame brought its own SPS
    DepParameterSet sps[8]
    DepParameterSet pps[8]
    DepBuffer sequence_header
    uint16_t width
    uint16_t height
    # what is done
    DepUnit* first
    DepUnit* last
    size_t queued_bytes
    int64_t lost_packets
    int64_t late_packets
    int64_t malformed_packets
    int64_t dropped_units


cdef int dep_reserve(DepBuffer* buffer, size_t more) noexcept nogil:
    """Room for more bytes: 0, or -1 without memory or beyond DEP_MAX_UNIT."""
    cdef size_t wanted = buffer.length + more
    cdef size_t capacity = buffer.capacity if buffer.capacity else 4096
    cdef void* grown
    if wanted <= buffer.capacity:
        return 0
    if wanted > DEP_MAX_UNIT:
        return -1
    while capacity < wanted:
        capacity *= 2
    grown = realloc(buffer.data, capacity)
    if grown == NULL:
        return -1
    buffer.data = <uint8_t*> grown
    buffer.capacity = capacity
    return 0


cdef int dep_append(DepBuffer* buffer, const uint8_t* data, size_t length) noexcept nogil:
    """Append bytes: 0 or -1."""
    if length == 0:
        return 0
    if dep_reserve(buffer, length) < 0:
        return -1
    memcpy(buffer.data + buffer.length, data, length)
    buffer.length += length
    return 0


cdef int dep_insert(DepBuffer* buffer, size_t at, const uint8_t* data, size_t length) noexcept nogil:
    """Insert bytes at an offset: 0 or -1."""
    if length == 0:
        return 0
    if dep_reserve(buffer, length) < 0:
        return -1
    memmove(buffer.data + at + length, buffer.data + at, buffer.length - at)
    memcpy(buffer.data + at, data, length)
    buffer.length += length
    return 0


cdef void dep_free_buffer(DepBuffer* buffer) noexcept nogil:
    free(buffer.data)
    memset(buffer, 0, sizeof(DepBuffer))


cdef DepSlot* dep_take_slot(DepState* s, int length) noexcept nogil:
    """A slot for a payload of length bytes, from the free list when it can be; NULL without memory."""
    cdef DepSlot* slot = s.spare
    cdef int capacity = DEP_SLOT_BYTES if length <= DEP_SLOT_BYTES else length
    if slot != NULL and capacity == DEP_SLOT_BYTES:
        s.spare = slot.next
        return slot
    slot = <DepSlot*> malloc(sizeof(DepSlot) + <size_t> capacity)
    if slot != NULL:
        slot.capacity = capacity
    return slot


cdef void dep_give_slot(DepState* s, DepSlot* slot) noexcept nogil:
    """Back to the free list, or freed when oversized."""
    if slot.capacity != DEP_SLOT_BYTES:
        free(slot)
        return
    slot.next = s.spare
    s.spare = slot


cdef void dep_forget_parameters(DepState* s) noexcept nogil:
    """Another encoder: its predecessor's SPS, PPS and sequence header say nothing about it."""
    cdef int i
    for i in range(DEP_PARAMETER_SETS):
        s.sps[i].id = -1
        s.pps[i].id = -1
    s.sequence_header.length = 0
    s.sps_in_band = 0
    s.width = s.height = 0


cdef DepState* dep_new(int codec, int clock_rate, int64_t reorder_ns, int payload_type) noexcept nogil:
    """A fresh state, NULL without memory."""
    cdef DepState* s = <DepState*> calloc(1, sizeof(DepState))
    if s == NULL:
        return NULL
    s.codec = codec
    s.clock_rate = clock_rate
    s.reorder_ns = reorder_ns
    s.payload_type = payload_type
    s.video = codec not in (CODEC_OPUS, CODEC_PCMU, CODEC_PCMA)
    s.waiting_key = s.video
    s.restart_at = -1
    dep_forget_parameters(s)
    return s


cdef void dep_free(DepState* s) noexcept nogil:
    """Everything; NULL is allowed."""
    cdef int i
    cdef DepSlot* slot
    cdef DepUnit* unit
    if s == NULL:
        return
    for i in range(DEP_RING):
        free(s.ring[i])
    while s.spare != NULL:
        slot = s.spare
        s.spare = slot.next
        free(slot)
    while s.first != NULL:
        unit = s.first
        s.first = unit.next
        free(unit)
    for i in range(DEP_PARAMETER_SETS):
        dep_free_buffer(&s.sps[i].nal)
        dep_free_buffer(&s.pps[i].nal)
    dep_free_buffer(&s.sequence_header)
    dep_free_buffer(&s.frame.data)
    dep_free_buffer(&s.frame.fragment)
    free(s)
