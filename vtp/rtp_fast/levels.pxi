# How loud a publisher's sound is, as its packets say (RFC 6464): the loudest of each 20 ms, for the last 1.28 s.
#
# One thread writes. `read_levels` reads without the Worker's lock, so that looking often costs the packet path nothing;
# an entry that is overwritten meanwhile is one of 64.

cdef int64_t LEVEL_SLOT_NS = 20 * MILLISECOND    # what a packet of sound mostly holds


cdef inline int level_of(const Producer* producer, const Slot* slot) noexcept nogil:
    """-dBov of a stored packet, 0 (loudest) to 127; LEVEL_NONE when it does not say."""
    cdef const RtpExt* ext
    if producer.ext_id[AUDIO_LEVEL] == 0:
        return LEVEL_NONE
    ext = rtp_find_ext(&slot.packet, producer.ext_id[AUDIO_LEVEL])
    return slot.data[ext.offset] & 0x7F if ext != NULL and ext.len >= 1 else LEVEL_NONE


cdef inline void note_level(Stream* stream, int level, int64_t now) noexcept nogil:
    """Books a packet's level in the slot of its arrival; slots in which none came say so."""
    cdef int64_t slot = now // LEVEL_SLOT_NS
    cdef int64_t at = max(stream.level_slot + 1, slot - LEVEL_SLOTS + 1)
    while at <= slot:
        stream.levels[at % LEVEL_SLOTS] = LEVEL_NONE
        at += 1
    stream.levels[slot % LEVEL_SLOTS] = <uint8_t>min(stream.levels[slot % LEVEL_SLOTS], level)
    stream.level_slot = slot


cdef bytes read_levels(const Stream* stream, int64_t since, int64_t until):
    """One byte per slot after `since` up to `until`; empty when nothing came in any of them."""
    cdef uint8_t out[LEVEL_SLOTS]
    cdef int64_t newest = stream.level_slot, at
    cdef int count = 0
    since = max(since, until - LEVEL_SLOTS)
    if newest <= since:
        return b""
    for at in range(since + 1, until + 1):
        out[count] = stream.levels[at % LEVEL_SLOTS] if newest - LEVEL_SLOTS < at <= newest else LEVEL_NONE
        count += 1
    return <bytes>out[:count]


cdef int newest_level(const Stream* stream, int64_t now) noexcept nogil:
    """-dBov of the last packet that said it; silence after 200 ms without."""
    cdef int64_t slot = stream.level_slot
    return stream.levels[slot % LEVEL_SLOTS] if slot and now // LEVEL_SLOT_NS - slot < 10 else LEVEL_SILENT
