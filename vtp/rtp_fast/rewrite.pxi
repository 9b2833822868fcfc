# A packet as one viewer negotiated it: header, header extensions, picture ids (media.md, "A packet's life", 6).

cdef inline void rewrite_payload(const Leg* leg, Slot* slot, uint8_t* payload, uint16_t picture_id) noexcept nogil:
    """Picture id and TL0PICIDX go on over a switch (RFC 7741 section 4.2 for VP8, RFC 9628 section 4.2 for VP9)."""
    if slot.codec != CODEC_VP8 and slot.codec != CODEC_VP9:
        return
    if slot.info.has_picture_id:
        if slot.info.picture_id_len == 15:
            write16(payload + slot.info.picture_id_offset, 0x8000 | (picture_id & 0x7FFF))
        else:
            payload[slot.info.picture_id_offset] = <uint8_t>(picture_id & 0x7F)
    if slot.info.has_tl0:
        payload[slot.info.tl0_offset] = <uint8_t>(slot.info.tl0picidx + leg.tl0_offset)


cdef inline void remember_ids(Consumer* consumer, Slot* slot, const Shown* shown) noexcept nogil:
    """What the next source goes on from; not of packets that come late."""
    cdef const RtpExt* ext
    if slot.codec == CODEC_VP8 or slot.codec == CODEC_VP9:
        if slot.info.has_picture_id:
            consumer.last_picture_id = shown.picture_id
        if slot.info.has_tl0:
            consumer.last_tl0 = <uint8_t>(slot.info.tl0picidx + consumer.leg.tl0_offset)
    elif (slot.passed >> DEPENDENCY_DESCRIPTOR) & 1:
        ext = rtp_find_ext(&slot.packet, consumer.stream.producer.ext_id[DEPENDENCY_DESCRIPTOR])
        if ext != NULL and ext.len >= 3:
            consumer.last_frame_number = <uint16_t>(read16(slot.data + ext.offset + 1) + consumer.leg.frame_number_offset)


cdef struct ExtWriter:           # one header extension block in the making
    uint8_t* out
    int at
    bint two_byte


cdef inline uint8_t* put_ext(ExtWriter* writer, uint8_t ext_id, int length) noexcept nogil:
    """Opens an element of `length` bytes; the answer is where its data goes."""
    cdef uint8_t* data
    if writer.two_byte:
        writer.out[writer.at] = ext_id
        writer.out[writer.at + 1] = <uint8_t>length
        data = writer.out + writer.at + 2
        writer.at += 2 + length
    else:
        writer.out[writer.at] = <uint8_t>((ext_id << 4) | (length - 1))
        data = writer.out + writer.at + 1
        writer.at += 1 + length
    return data


cdef struct Passing:             # what of a slot's header extensions goes on to one viewer
    const RtpExt* ext[EXT_KINDS]
    int lengths[EXT_KINDS]
    uint8_t descriptor[256]      # rewritten, when `masked`
    bint masked
    bint two_byte
    int length                   # of the whole header


cdef void make_head(Consumer* consumer) noexcept nogil:
    """Prepares the header extension of packets that pass nothing through: all but two numbers is the same in each."""
    cdef uint8_t header[12 + HEAD_BYTES]
    cdef ExtWriter writer
    cdef int kind
    memset(header, 0, sizeof(header))
    writer.out = header
    writer.at = 16
    writer.two_byte = wants_two_bytes(consumer)
    put_own(consumer, &writer, &consumer.head_send_time, &consumer.head_number)
    consumer.head_length = <uint8_t>close_block(&writer)
    memcpy(consumer.head, header + 12, HEAD_BYTES)
    consumer.passes = 0
    for kind in range(AUDIO_LEVEL, EXT_KINDS):
        if consumer.ext_id[kind]:
            consumer.passes |= <uint16_t>(1 << kind)


cdef inline bint wants_two_bytes(Consumer* consumer) noexcept nogil:
    """Ids over 14 do not fit the one-byte form (RFC 8285 section 4.2)."""
    return consumer.ext_id[MID] > 14 or consumer.ext_id[ABS_SEND_TIME] > 14 or consumer.ext_id[TRANSPORT_CC] > 14


cdef inline void put_own(Consumer* consumer, ExtWriter* writer, uint8_t* send_time, uint8_t* number) noexcept nogil:
    """MID, abs-send-time and transport-wide number; the answers are where the last two's data goes, 0 where not."""
    if consumer.ext_id[MID] and consumer.mid_length:
        memcpy(put_ext(writer, consumer.ext_id[MID], consumer.mid_length), consumer.mid, consumer.mid_length)
    put_numbers(consumer, writer, send_time, number)


cdef inline void put_numbers(Consumer* consumer, ExtWriter* writer, uint8_t* send_time, uint8_t* number) noexcept nogil:
    send_time[0] = number[0] = 0
    if consumer.ext_id[ABS_SEND_TIME]:
        send_time[0] = <uint8_t>(put_ext(writer, consumer.ext_id[ABS_SEND_TIME], 3) - writer.out)
    if consumer.ext_id[TRANSPORT_CC]:
        number[0] = <uint8_t>(put_ext(writer, consumer.ext_id[TRANSPORT_CC], 2) - writer.out)


cdef inline int close_block(ExtWriter* writer) noexcept nogil:
    """Pads the block and writes its head; the length of the header, 12 without any element."""
    if writer.at == 16:
        return 12
    while writer.at % 4:
        writer.out[writer.at] = 0
        writer.at += 1
    write16(writer.out + 12, 0x1000 if writer.two_byte else 0xBEDE)
    write16(writer.out + 14, <uint16_t>((writer.at - 16) // 4))
    return writer.at


cdef uint16_t passable(const Producer* producer, const RtpPacket* packet, int codec) noexcept nogil:
    """Bit per kind of header extension that a packet carries and that viewers may be given; once per packet."""
    cdef uint16_t found = 0
    cdef int kind
    for kind in range(AUDIO_LEVEL, EXT_KINDS):
        if producer.ext_id[kind] and (kind != DEPENDENCY_DESCRIPTOR or codec == CODEC_AV1) \
                and rtp_find_ext(packet, producer.ext_id[kind]) != NULL:
            found |= <uint16_t>(1 << kind)
    return found


cdef void choose_passing(Consumer* consumer, const Leg* leg, Slot* slot, int flags, Passing* passing) noexcept nogil:
    """Which extensions of the slot go along and in which form; the length is that of write_header."""
    cdef Producer* producer = leg.stream.producer
    cdef uint16_t kinds = slot.passed & consumer.passes
    cdef int kind, head, at
    cdef const RtpExt* ext
    passing.two_byte = wants_two_bytes(consumer)
    for kind in range(AUDIO_LEVEL, EXT_KINDS):
        passing.ext[kind] = rtp_find_ext(&slot.packet, producer.ext_id[kind]) if (kinds >> kind) & 1 else NULL
        ext = passing.ext[kind]
        if ext == NULL:
            continue
        passing.lengths[kind] = ext.len
        if kind == DEPENDENCY_DESCRIPTOR:
            mask_targets(consumer, leg, slot, flags, passing)
        if passing.lengths[kind] > 16 or ext.len == 0 or consumer.ext_id[kind] > 14:
            passing.two_byte = True
    head = 2 if passing.two_byte else 1
    at = 16
    if consumer.ext_id[MID] and consumer.mid_length:
        at += head + consumer.mid_length
    if consumer.ext_id[ABS_SEND_TIME]:
        at += head + 3
    if consumer.ext_id[TRANSPORT_CC]:
        at += head + 2
    for kind in range(AUDIO_LEVEL, EXT_KINDS):
        if passing.ext[kind] != NULL:
            if at + passing.lengths[kind] + 6 > 12 + 4 + 340:
                passing.ext[kind] = NULL
            else:
                at += head + passing.lengths[kind]
    passing.length = (at + 3) & ~3 if at > 16 else 12


cdef void mask_targets(Consumer* consumer, const Leg* leg, Slot* slot, int flags, Passing* passing) noexcept nogil:
    """Names the decode targets that the viewer still gets all frames of."""
    cdef const RtpExt* ext = passing.ext[DEPENDENCY_DESCRIPTOR]
    cdef const FrameStructure* structure = leg.stream.structure
    cdef int length
    passing.masked = False
    if not flags & SHOWN_MASKED or structure == NULL or consumer.layers == NULL or \
            consumer.layers.decode_target >= structure.targets:
        return
    length = descriptor_write_masked(slot.data + ext.offset, ext.len, &slot.frame, structure.targets,
                              passing_targets(structure, consumer.layers.decode_target), passing.descriptor, 255)
    if length > 0:
        passing.masked = True
        passing.lengths[DEPENDENCY_DESCRIPTOR] = length


cdef inline int header_length(Consumer* consumer, Slot* slot, int flags) noexcept nogil:
    """What write_header will answer."""
    cdef Passing passing
    if not slot.passed & consumer.passes:
        return consumer.head_length
    choose_passing(consumer, &consumer.leg, slot, flags, &passing)
    return passing.length


cdef inline int write_header(Consumer* consumer, const Leg* leg, Slot* slot, uint8_t* out, int payload_type,
                             uint32_t ssrc, uint16_t sequence, int flags, int64_t now) noexcept nogil:
    """RTP header as this viewer negotiated it: own ids, own MID, send time and transport-wide number; its length.

    `out` needs room for 12 + HEAD_BYTES bytes at least, whatever the length.
    """
    out[0] = 0x80 if consumer.head_length == 12 else 0x90
    out[1] = <uint8_t>(((flags & SHOWN_MARKED) << 7) | payload_type)
    write16(out + 2, sequence)
    write32(out + 4, shown_timestamp(leg, slot.packet.timestamp))
    write32(out + 8, ssrc)
    if slot.passed & consumer.passes:
        return write_passing(consumer, leg, slot, out, flags, now)
    memcpy(out + 12, consumer.head, HEAD_BYTES)
    stamp(consumer, out, consumer.head_send_time, consumer.head_number, now)
    return consumer.head_length


cdef inline void stamp(Consumer* consumer, uint8_t* out, int send_time, int number, int64_t now) noexcept nogil:
    """What differs from packet to packet: when it leaves, and its number on the transport."""
    if send_time:
        write24(out + send_time, abs_send_time(now))
    if number:
        consumer.transport.feedback_sequence += 1
        write16(out + number, consumer.transport.feedback_sequence)


cdef int write_passing(Consumer* consumer, const Leg* leg, Slot* slot, uint8_t* out, int flags, int64_t now) noexcept nogil:
    """The extension block with elements of the publisher's behind ours; the length of the header."""
    cdef ExtWriter writer
    cdef Passing passing
    cdef int kind
    cdef uint8_t* data
    cdef uint8_t send_time, number
    choose_passing(consumer, leg, slot, flags, &passing)
    out[0] = 0x90
    writer.out = out
    writer.at = 16
    writer.two_byte = passing.two_byte
    put_own(consumer, &writer, &send_time, &number)
    stamp(consumer, out, send_time, number, now)
    for kind in range(AUDIO_LEVEL, EXT_KINDS):
        if passing.ext[kind] == NULL:
            continue
        data = put_ext(&writer, consumer.ext_id[kind], passing.lengths[kind])
        if kind == DEPENDENCY_DESCRIPTOR and passing.masked:
            memcpy(data, passing.descriptor, passing.lengths[kind])
        else:
            memcpy(data, slot.data + passing.ext[kind].offset, passing.lengths[kind])
        if kind == DEPENDENCY_DESCRIPTOR and passing.ext[kind].len >= 3:
            write16(data + 1, <uint16_t>(read16(data + 1) + leg.frame_number_offset))
    if writer.at == 16:
        out[0] = 0x80
    return close_block(&writer)


cdef inline uint32_t abs_send_time(int64_t now) noexcept nogil:
    """24 bits of seconds in 6.18 fixed point (the WebRTC project's abs-send-time)."""
    return <uint32_t>(((<uint64_t>now % 64000000000ULL) << 9) // 1953125)       # it comes round every 64 s
