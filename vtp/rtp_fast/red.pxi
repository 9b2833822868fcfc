# RED (RFC 2198) of Opus: each packet repeats some of what was sent before, so that one lost packet is no gap.
#
# A viewer that negotiated it gets it whole, its blocks called as that viewer calls Opus. Others, and recorders, get the
# packet's own Opus: the last block.

cdef enum:
    RED_BLOCKS = 16              # of one packet; browsers send at most 9 old ones


cdef int red_primary(const uint8_t* payload, int length, int opus) noexcept nogil:
    """Where the last block's data begins (RFC 2198 section 3), which may be empty; 0: malformed, or not all is Opus."""
    cdef int at = 0, old = 0, blocks = 1
    while at + 4 <= length and payload[at] & 0x80:
        if payload[at] & 0x7F != opus or blocks == RED_BLOCKS:
            return 0
        old += read16(payload + at + 2) & 0x3FF
        blocks += 1
        at += 4
    if at >= length or payload[at] != opus or at + 1 + old > length:
        return 0
    return at + 1 + old


cdef inline void rename_blocks(uint8_t* payload, int opus) noexcept nogil:
    """Calls the blocks of a payload that red_primary has accepted as a viewer calls Opus."""
    while payload[0] & 0x80:
        payload[0] = <uint8_t>(0x80 | opus)
        payload += 4
    payload[0] = <uint8_t>opus


cdef inline int left_out(const Consumer* consumer, const Slot* slot) noexcept nogil:
    """How many bytes at the payload's start this viewer is not given: all of RED but the packet's own Opus."""
    if slot.primary and consumer.payload_type[CODEC_RED] == consumer.payload_type[CODEC_OPUS]:
        return slot.primary
    return 0


cdef int write_plain(const Producer* producer, const Slot* slot, uint8_t* out) noexcept nogil:
    """A stored packet of RED as one of Opus, for recorders; its length."""
    cdef int header = slot.packet.header_len, length = slot.packet.payload_len - slot.primary
    memcpy(out, slot.data, header)
    out[1] = <uint8_t>((slot.packet.marker << 7) | producer.opus_payload_type)
    memcpy(out + header, slot.data + header + slot.primary, length)
    return header + length
