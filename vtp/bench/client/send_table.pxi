# When each packet of a source was handed to the kernel, by its number, for the probes of its viewers.
#
# One thread writes, others may read: a slot is right when its number is the one that was looked for.

cdef enum:
    MARK_BYTES = 9               # magic, number, flags
    MARK_KEY = 1                 # of the flags: the unit is a key frame
    VIDEO_MARK_AT = 40           # in the payload, behind every codec's headers
    AUDIO_MARK_AT = 4
    TABLE_SECONDS = 10           # packets that are older have no delay


cdef SendTable* table_open(bint video, int packets_per_s, uint32_t magic) noexcept nogil:
    """NULL when there is no memory; held once."""
    cdef SendTable* table = <SendTable*>calloc(1, sizeof(SendTable))
    cdef int64_t size = 1024
    if table == NULL:
        return NULL
    while size < TABLE_SECONDS * <int64_t>packets_per_s:
        size *= 2
    table.slots = <Sending*>calloc(size, sizeof(Sending))
    if table.slots == NULL:
        free(table)
        return NULL
    table.references = 1
    table.video = video
    table.magic = magic
    table.mask = size - 1
    return table


cdef void table_release(SendTable* table) noexcept nogil:
    """With Python's lock held: tables are shared between engines."""
    if table == NULL:
        return
    table.references -= 1
    if table.references == 0:
        free(table.slots)
        free(table)


cdef inline void table_note(SendTable* table, int64_t number, int64_t sent_ns, uint32_t timestamp) noexcept nogil:
    cdef Sending* slot = &table.slots[number & table.mask]
    slot.sent_ns = sent_ns
    slot.timestamp = timestamp
    slot.number = <uint32_t>number


cdef inline const Sending* table_find(const SendTable* table, int64_t number) noexcept nogil:
    """The slot of a number, or NULL when it was never sent or too long ago."""
    cdef const Sending* slot = &table.slots[number & table.mask]
    return slot if slot.number == <uint32_t>number and slot.sent_ns else NULL


cdef inline int mark_at(bint video) noexcept nogil:
    return VIDEO_MARK_AT if video else AUDIO_MARK_AT


cdef inline uint32_t encoding_mark(const uint8_t* payload, int length) noexcept nogil:
    """What a source's encoding puts into each of its packets of video; 0: too short."""
    return read32(payload + VIDEO_MARK_AT) if length >= VIDEO_MARK_AT + MARK_BYTES else 0


cdef inline void mark_write(const SendTable* table, uint8_t* payload, int64_t number, bint key) noexcept nogil:
    """What tells a probe which packet of the source it holds, whatever became of its header."""
    cdef uint8_t* mark = payload + mark_at(table.video)
    write32(mark, table.magic)
    write32(mark + 4, <uint32_t>number)
    mark[8] = MARK_KEY if key else 0


cdef inline bint mark_read(
        const SendTable* table, const uint8_t* payload, int length, int64_t* number, bint* key) noexcept nogil:
    """False when the payload is none of this source's stream."""
    cdef const uint8_t* mark = payload + mark_at(table.video)
    if length < mark_at(table.video) + MARK_BYTES or read32(mark) != table.magic:
        return False
    number[0] = read32(mark + 4)
    key[0] = mark[8] & MARK_KEY
    return True
