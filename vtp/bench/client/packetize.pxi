# From access units to RTP payloads: H.264 (RFC 6184), VP8 (RFC 7741), VP9 (RFC 9628), AV1 (AV1 RTP specification 1.0),
# audio one unit a packet. A unit is cut into parts of nearly equal size, which segmentation offload likes.

cdef enum:
    UNIT_OK = 0
    UNIT_RING_FULL = -1          # the pacer is more than a ring behind
    UNIT_TOO_LARGE = -2          # more packets than the ring holds
    UNIT_MALFORMED = -3
    MAX_PARTS = 256              # NAL units or OBUs of one access unit
    AUDIO_LEVEL = 0x80 | 30      # of a load: voice at -30 dBov, RFC 6464 section 3


cdef struct Part:
    const uint8_t* data
    int length


cdef struct Cutter:              # one access unit on its way into the ring
    Outgoing* stream
    uint32_t timestamp
    int64_t capture_ns
    int64_t first
    int64_t number
    int room                     # payload bytes of a packet that is not the first
    int first_room
    int error


cdef int header_write(Outgoing* stream, uint8_t* out, uint32_t timestamp, uint16_t sequence, int64_t capture_ns) noexcept nogil:
    """RTP header with the negotiated extensions in one-byte form; their values for sending are filled in by the pacer.

    abs-capture-time is written when `capture_ns` is not 0, the audio level by loads alone. Returns the header's length.
    """
    cdef int at = 16, length
    out[0] = 0x80
    out[1] = stream.payload_type
    write16(out + 2, sequence)
    write32(out + 4, timestamp)
    write32(out + 8, stream.ssrc)
    if stream.extension[CLIENT_EXT_MID] and stream.mid_length:
        out[at] = <uint8_t>((stream.extension[CLIENT_EXT_MID] << 4) | (stream.mid_length - 1))
        memcpy(out + at + 1, stream.mid, stream.mid_length)
        at += 1 + stream.mid_length
    if stream.extension[CLIENT_EXT_RID] and stream.rid_length:
        out[at] = <uint8_t>((stream.extension[CLIENT_EXT_RID] << 4) | (stream.rid_length - 1))
        memcpy(out + at + 1, stream.rid, stream.rid_length)
        at += 1 + stream.rid_length
    if stream.extension[CLIENT_EXT_ABS_SEND_TIME]:
        out[at] = (stream.extension[CLIENT_EXT_ABS_SEND_TIME] << 4) | 2
        memset(out + at + 1, 0, 3)
        at += 4
    if stream.extension[CLIENT_EXT_TRANSPORT_CC]:
        out[at] = (stream.extension[CLIENT_EXT_TRANSPORT_CC] << 4) | 1
        memset(out + at + 1, 0, 2)
        at += 3
    if stream.extension[CLIENT_EXT_ABS_CAPTURE_TIME] and capture_ns:
        out[at] = (stream.extension[CLIENT_EXT_ABS_CAPTURE_TIME] << 4) | 7
        write64(out + at + 1, ntp_from_ns(capture_ns))
        at += 9
    if stream.extension[CLIENT_EXT_AUDIO_LEVEL] and stream.load != NULL:
        out[at] = stream.extension[CLIENT_EXT_AUDIO_LEVEL] << 4
        out[at + 1] = AUDIO_LEVEL
        at += 2
    if at == 16:
        return 12
    out[0] |= 0x10
    length = (at - 16 + 3) // 4
    memset(out + at, 0, 16 + 4 * length - at)
    write16(out + 12, 0xBEDE)
    write16(out + 14, <uint16_t>length)
    return 16 + 4 * length


cdef void cut_begin(Cutter* cutter, Outgoing* stream, uint32_t timestamp, int64_t capture_ns) noexcept nogil:
    cdef uint8_t[128] scratch
    cutter.stream = stream
    cutter.timestamp = timestamp
    cutter.capture_ns = capture_ns
    cutter.first = stream.written
    cutter.number = stream.written
    cutter.error = UNIT_OK
    cutter.room = PACKET_BYTES - 2 - header_write(stream, scratch, 0, 0, 0)
    cutter.first_room = PACKET_BYTES - 2 - header_write(stream, scratch, 0, 0, capture_ns)


cdef inline int cut_room(Cutter* cutter) noexcept nogil:
    """Payload bytes that fit the next packet; two are kept free for an RTX packet's original number."""
    return cutter.first_room if cutter.number == cutter.first else cutter.room


cdef uint8_t* cut_packet(Cutter* cutter, int length) noexcept nogil:
    """Where the payload of the next packet goes, `length` bytes of it; NULL when the ring is full."""
    cdef Outgoing* stream = cutter.stream
    cdef Sent* slot = &stream.ring[cutter.number & stream.ring_mask]
    cdef int header
    if cutter.number - stream.sent > stream.ring_mask:
        cutter.error = UNIT_RING_FULL if stream.sent < cutter.first else UNIT_TOO_LARGE
        return NULL
    header = header_write(stream, slot.data, cutter.timestamp, <uint16_t>(cutter.number & 0xFFFF),
                          cutter.capture_ns if cutter.number == cutter.first else 0)
    slot.number = cutter.number
    slot.resent_ns = 0
    slot.header_length = <uint16_t>header
    slot.length = <uint16_t>(header + length)
    cutter.number += 1
    return slot.data + header


cdef inline int even_part(int left, int room) noexcept nogil:
    """How much of `left` bytes to take now so that the packets come out alike."""
    cdef int packets = (left + room - 1) // room
    return (left + packets - 1) // packets


cdef int cut_h264_fragments(Cutter* cutter, Part* nal) noexcept nogil:
    """FU-A, RFC 6184 section 5.8."""
    cdef int at = 1, size
    cdef bint start = True
    cdef uint8_t* out
    while at < nal.length:
        size = even_part(nal.length - at, cut_room(cutter) - 2)
        out = cut_packet(cutter, size + 2)
        if out == NULL:
            return -1
        out[0] = (nal.data[0] & 0xE0) | 28
        out[1] = (nal.data[0] & 0x1F) | (0x80 if start else 0) | (0x40 if at + size == nal.length else 0)
        memcpy(out + 2, nal.data + at, size)
        start = False
        at += size
    return 0


cdef int cut_h264_aggregate(Cutter* cutter, Part* nals, int count, int total) noexcept nogil:
    """One NAL unit as it is, several as a STAP-A; RFC 6184 sections 5.6 and 5.7.1."""
    cdef uint8_t* out
    cdef int i, at = 1
    cdef uint8_t importance = 0
    out = cut_packet(cutter, nals[0].length if count == 1 else total)
    if out == NULL:
        return -1
    if count == 1:
        memcpy(out, nals[0].data, nals[0].length)
        return 0
    for i in range(count):
        if (nals[i].data[0] & 0x60) > importance:
            importance = nals[i].data[0] & 0x60
        write16(out + at, <uint16_t>nals[i].length)
        memcpy(out + at + 2, nals[i].data, nals[i].length)
        at += 2 + nals[i].length
    out[0] = importance | 24
    return 0


cdef int cut_h264(Cutter* cutter, Part* nals, int count) noexcept nogil:
    cdef int i = 0, j, total
    while i < count:
        if nals[i].length > cut_room(cutter):
            if cut_h264_fragments(cutter, &nals[i]) < 0:
                return -1
            i += 1
            continue
        total = 1 + 2 + nals[i].length
        j = i + 1
        while j < count and total + 2 + nals[j].length <= cut_room(cutter):
            total += 2 + nals[j].length
            j += 1
        if cut_h264_aggregate(cutter, &nals[i], j - i, total) < 0:
            return -1
        i = j
    return 0


cdef int split_annex_b(const uint8_t* data, int length, Part* out) noexcept nogil:
    """NAL units between start codes (H.264 annex B), without delimiters and filler. Their count, or -1."""
    cdef int at = 0, start = -1, end, count = 0, kind
    while at <= length:
        if at == length or (at + 3 <= length and data[at] == 0 and data[at + 1] == 0 and data[at + 2] == 1):
            if start >= 0:
                end = at
                while end > start and data[end - 1] == 0:
                    end -= 1
                kind = data[start] & 0x1F if end > start else 0
                if kind and not 9 <= kind <= 12:
                    if count == MAX_PARTS:
                        return -1
                    out[count].data = data + start
                    out[count].length = end - start
                    count += 1
            if at == length:
                break
            start = at + 3
            at += 3
        else:
            at += 1
    return count


cdef int cut_vp8(Cutter* cutter, const uint8_t* data, int length) noexcept nogil:
    """Payload descriptor with a 15-bit picture id, RFC 7741 section 4.2."""
    cdef int at = 0, size
    cdef uint8_t* out
    while at < length:
        size = even_part(length - at, cut_room(cutter) - 4)
        out = cut_packet(cutter, size + 4)
        if out == NULL:
            return -1
        out[0] = 0x90 if at == 0 else 0x80
        out[1] = 0x80
        write16(out + 2, 0x8000 | cutter.stream.picture_id)
        memcpy(out + 4, data + at, size)
        at += size
    return 0


cdef int cut_vp9(Cutter* cutter, const uint8_t* data, int length, bint key, int width, int height) noexcept nogil:
    """Non-flexible mode, one layer, a 15-bit picture id; the size with key frames. RFC 9628 section 4.2."""
    cdef int at = 0, size, head
    cdef bint with_size
    cdef uint8_t* out
    while at < length:
        with_size = at == 0 and key and width > 0
        head = 8 if with_size else 3
        size = even_part(length - at, cut_room(cutter) - 8)
        out = cut_packet(cutter, size + head)
        if out == NULL:
            return -1
        out[0] = 0x80 | (0 if key else 0x40) | (0x08 if at == 0 else 0) | (0x04 if at + size == length else 0) | (
            0x02 if with_size else 0)
        write16(out + 1, 0x8000 | cutter.stream.picture_id)
        if with_size:
            out[3] = 0x10
            write16(out + 4, <uint16_t>width)
            write16(out + 6, <uint16_t>height)
        memcpy(out + head, data + at, size)
        at += size
    return 0


cdef int split_obus(const uint8_t* data, int length, Part* headers, Part* bodies) noexcept nogil:
    """OBUs of a low-overhead temporal unit: header bytes and body apart. Their count, or -1 when malformed.

    Left out, as the RTP specification section 5 says: temporal delimiters, tile lists, padding.
    """
    cdef int at = 0, count = 0, head, size, kind, read
    cdef uint32_t value = 0
    while at < length:
        kind = (data[at] >> 3) & 15
        head = 2 if data[at] & 4 else 1
        if at + head > length or count == MAX_PARTS:
            return -1
        headers[count].data = data + at
        headers[count].length = head
        size = length - at - head
        at += head
        if headers[count].data[0] & 2:
            read = leb128_read(data + at, length - at, &value)
            if read <= 0 or value > <uint32_t>length:
                return -1
            at += read
            size = <int>value
        if size < 0 or at + size > length:
            return -1
        bodies[count].data = data + at
        bodies[count].length = size
        at += size
        if kind != 2 and kind != 8 and kind != 15:
            count += 1
    return count


cdef int cut_av1(Cutter* cutter, Part* headers, Part* bodies, int count, bint key) noexcept nogil:
    """Every OBU element with its length (W = 0); elements continue over packets (Z, Y). Section 4.4."""
    cdef uint8_t[PACKET_BYTES] packet
    cdef int i = 0, at = 1, offset = 0, left, size, room, copied
    cdef bint first = True
    cdef uint8_t* out
    packet[0] = 0x08 if key else 0
    while i < count:
        room = cut_room(cutter) - at - 2
        left = headers[i].length + bodies[i].length - offset
        if room >= 16 or room >= left:
            size = left if left <= room else room
            packet[at] = 0x80 | (size & 0x7F)
            packet[at + 1] = <uint8_t>(size >> 7)
            at += 2
            for copied in range(size):
                if offset == 0:
                    packet[at] = headers[i].data[0] & ~2
                elif offset < headers[i].length:
                    packet[at] = headers[i].data[offset]
                else:
                    break
                at += 1
                offset += 1
            else:
                copied = size
            memcpy(packet + at, bodies[i].data + offset - headers[i].length, size - copied)
            at += size - copied
            offset += size - copied
            if offset == headers[i].length + bodies[i].length:
                i += 1
                offset = 0
                if i < count:
                    continue
        if offset:
            packet[0] |= 0x40
        out = cut_packet(cutter, at)
        if out == NULL:
            return -1
        memcpy(out, packet, at)
        packet[0] = 0x80 if offset else 0
        at = 1
    return 0


cdef int cut_whole(Cutter* cutter, const uint8_t* data, int length) noexcept nogil:
    """Audio: the unit is the payload (Opus: RFC 7587 section 4.2)."""
    cdef uint8_t* out
    if length > cut_room(cutter):
        cutter.error = UNIT_TOO_LARGE
        return -1
    out = cut_packet(cutter, length)
    if out == NULL:
        return -1
    memcpy(out, data, length)
    return 0


cdef int cut_unit(Cutter* cutter, const uint8_t* data, int length, bint key, int width, int height) noexcept nogil:
    """Cuts one access unit into the ring; UNIT_*. Nothing is kept of a unit that failed."""
    cdef Part[MAX_PARTS] parts
    cdef Part[MAX_PARTS] bodies
    cdef Outgoing* stream = cutter.stream
    cdef int count, result
    if stream.codec == CODEC_H264:
        count = split_annex_b(data, length, parts)
        if count <= 0:
            return UNIT_MALFORMED
        result = cut_h264(cutter, parts, count)
    elif stream.codec == CODEC_AV1:
        count = split_obus(data, length, parts, bodies)
        if count <= 0:
            return UNIT_MALFORMED
        result = cut_av1(cutter, parts, bodies, count, key)
    elif stream.codec == CODEC_VP8:
        result = cut_vp8(cutter, data, length)
    elif stream.codec == CODEC_VP9:
        result = cut_vp9(cutter, data, length, key, width, height)
    else:
        result = cut_whole(cutter, data, length)
    if result < 0 or cutter.number == cutter.first:
        return cutter.error if cutter.error else UNIT_MALFORMED
    if stream.video:
        stream.ring[(cutter.number - 1) & stream.ring_mask].data[1] |= 0x80
    stream.picture_id = (stream.picture_id + 1) & 0x7FFF
    stream.written = cutter.number
    return UNIT_OK
