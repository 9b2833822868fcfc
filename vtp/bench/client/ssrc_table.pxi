# Which stream of a probe an SSRC belongs to: a table with open addressing, at most half full, so that the 58 SSRCs of a
# meeting cost a packet no more than the 3 of a lecture. Entries are only ever added.

cdef enum:
    SSRC_SLOTS = 8               # of the smallest table: enough for a lecture


cdef struct SsrcSlot:
    uint32_t ssrc
    int32_t stream               # 1 + its index, negative for its RTX; 0: empty. Every SSRC is a possible one


cdef struct SsrcTable:
    SsrcSlot* slots
    int bits                     # there are 1 << bits slots
    int count


cdef inline SsrcSlot* ssrc_slot(const SsrcTable* table, uint32_t ssrc) noexcept nogil:
    """Where the SSRC is, or would be put. The multiplier is 2^32 over the golden ratio (Knuth, volume 3, 6.4)."""
    cdef uint32_t at = (ssrc * <uint32_t>2654435769) >> (32 - table.bits)
    while table.slots[at].stream != 0 and table.slots[at].ssrc != ssrc:
        at = (at + 1) & ((<uint32_t>1 << table.bits) - 1)
    return &table.slots[at]


cdef inline int32_t ssrc_find(const SsrcTable* table, uint32_t ssrc) noexcept nogil:
    """1 + the index of the stream, negative for its RTX; 0 for an SSRC that is not known."""
    return ssrc_slot(table, ssrc).stream if table.count else 0


cdef int ssrc_reserve(SsrcTable* table, int more) noexcept nogil:
    """Room for so many more SSRCs: 0, or -1 without memory; the table is then as it was."""
    cdef SsrcTable larger
    cdef int i, slots = SSRC_SLOTS
    larger.bits, larger.count = 3, table.count
    while slots < 2 * (table.count + more):
        slots *= 2
        larger.bits += 1
    if table.slots != NULL and larger.bits <= table.bits:
        return 0
    larger.slots = <SsrcSlot*>calloc(slots, sizeof(SsrcSlot))
    if larger.slots == NULL:
        return -1
    for i in range((1 << table.bits) if table.slots != NULL else 0):
        if table.slots[i].stream != 0:
            ssrc_slot(&larger, table.slots[i].ssrc)[0] = table.slots[i]
    free(table.slots)
    table[0] = larger
    return 0


cdef inline void ssrc_put(SsrcTable* table, uint32_t ssrc, int32_t stream) noexcept nogil:
    """An SSRC that is not there yet; `ssrc_reserve` has made room."""
    cdef SsrcSlot* slot = ssrc_slot(table, ssrc)
    slot.ssrc, slot.stream = ssrc, stream
    table.count += 1
