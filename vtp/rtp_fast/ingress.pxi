# From a datagram to a slot in a stream's ring: unprotect, parse once, find the stream, inspect, account, store.


cdef int64_t SSRC_CHANGE_NS = 500 * MILLISECOND  # an encoding's SSRC is silent for so long before another follows


cdef void receive_datagram(Core* core, int socket, const sockaddr_in6* address, socklen_t length, uint8_t* data,
                           int size, int64_t now) noexcept nogil:
    """One datagram of any kind (RFC 7983). `data` is changed in place."""
    cdef int kind
    core.counters.datagrams_received += 1
    core.counters.bytes_received += size
    if size == 0:
        core.counters.empty_datagrams += 1
        return
    kind = packet_kind(data, size)
    if kind == KIND_RTP:
        receive_srtp(core, socket, address, data, size, now)
    elif kind == KIND_RTCP:
        receive_srtcp(core, socket, address, data, size, now)
    elif kind == KIND_STUN:
        receive_stun(core, socket, address, length, data, size, now)
    elif kind == KIND_DTLS:
        receive_dtls(core, socket, address, data, size, now)
    else:
        core.counters.unknown_datagrams += 1


cdef TupleRef* keyed_tuple(Core* core, int socket, const sockaddr_in6* address) noexcept nogil:
    """The address pair, with its transport, that media comes over, once the keys are there; counts why not."""
    cdef TupleRef* ref = tuple_find(core, socket, address)
    if ref == NULL:
        core.counters.rtp_no_tuple += 1
        return NULL
    if not ref.transport.has_keys:
        core.counters.rtp_no_keys += 1
        return NULL
    return ref


cdef void authenticated(Core* core, TupleRef* ref, int size, int64_t now) noexcept nogil:
    """Books a packet that was encrypted with the transport's keys; nothing else shows that an address is alive."""
    cdef Transport* transport = ref.transport
    media_came(core, transport, ref.index, now)
    transport.packets_received += 1
    transport.bytes_received += size
    if not transport.media_started and emit(core, ON_MEDIA_STARTED, transport.id, NULL, 0) == 0:
        transport.media_started = 1


cdef void receive_srtp(Core* core, int socket, const sockaddr_in6* address, uint8_t* data, int size,
                       int64_t now) noexcept nogil:
    cdef TupleRef* ref = keyed_tuple(core, socket, address)
    cdef Transport* transport
    cdef RtpPacket packet
    cdef int length
    cdef bint is_rtx = False
    cdef Stream* stream
    if ref == NULL:
        return
    transport = ref.transport
    core.counters.rtp_received += 1
    length = srtp_unprotect(&transport.receive, data, size, &packet)
    if length < 0:
        core.counters.rtp_unprotect_failed += 1
        return
    authenticated(core, ref, size, now)
    stream = find_stream(core, transport, data, &packet, &is_rtx, now)
    deliver(core, transport, stream, is_rtx, data, length, &packet, now)


cdef inline void deliver(Core* core, Transport* transport, Stream* stream, bint is_rtx, uint8_t* data, int length,
                         RtpPacket* packet, int64_t now) noexcept nogil:
    """What is done with a valid packet, whatever it came over. `stream`: NULL when it is of none."""
    book_feedback(transport, data, packet, now)
    if stream == NULL:
        core.counters.rtp_unknown_stream += 1
        return
    if stream.producer.paused:
        core.counters.rtp_paused += 1
        if not is_rtx:
            pass_over(stream, packet, now)
        return
    if is_rtx:
        length = undo_rtx(core, stream, data, length, packet, now)
        if length < 0:
            return
    receive_rtp(core, stream, data, length, packet, is_rtx, now)


cdef Stream* find_stream(Core* core, Transport* transport, const uint8_t* data, RtpPacket* packet, bint* is_rtx,
                         int64_t now) noexcept nogil:
    """Known SSRC, else RID or repaired RID, else MID, else the only encoding of the payload type; then remembered."""
    cdef int i
    cdef Stream* stream
    for i in range(transport.ssrc_count):
        if transport.ssrcs[i].ssrc == packet.ssrc:
            is_rtx[0] = transport.ssrcs[i].is_rtx
            return transport.ssrcs[i].stream
    stream = stream_by_rid(transport, data, packet, is_rtx)
    if stream == NULL:
        stream = stream_by_payload(transport, data, packet, is_rtx)
    if stream == NULL or not take_over(core, transport, stream, is_rtx[0], now) or transport.ssrc_count == MAX_SSRCS:
        return NULL
    remember_ssrc(transport, packet.ssrc, stream, is_rtx[0])
    return stream


cdef bint take_over(Core* core, Transport* transport, Stream* stream, bint is_rtx, int64_t now) noexcept nogil:
    """Makes room for another SSRC of an encoding; False while the one before still sends (late packets, a mix-up)."""
    cdef uint32_t before = stream.rtx_ssrc if is_rtx else stream.ssrc
    cdef int i
    if before == 0:
        return True
    if not is_rtx and stream.started and now - stream.last_arrival_ns < SSRC_CHANGE_NS:
        return False
    for i in range(transport.ssrc_count):
        if transport.ssrcs[i].ssrc == before and transport.ssrcs[i].stream == stream:
            transport.ssrc_count -= 1
            transport.ssrcs[i] = transport.ssrcs[transport.ssrc_count]
            break
    if not is_rtx:
        stream.ssrc = 0
        restart_stream(core, stream)
    return True


cdef void restart_stream(Core* core, Stream* stream) noexcept nogil:
    """A new SSRC: numbers, timestamps and clock start over; ring and statistics go on, viewers at a key frame."""
    cdef Producer* producer = stream.producer
    cdef int i
    if not stream.started:
        return
    write_all_pending(core)
    forget_all_missing(core, stream)
    stream.started = 0
    stream.key_frame = -1
    stream.sr_arrival_ns = 0
    for i in range(producer.consumer_count):
        if producer.consumers[i].stream == stream:
            stop_replay(core, producer.consumers[i], STATE_WAITING)
            producer.consumers[i].stream = NULL
    if producer.video:                           # asked for with the next turn, when the new SSRC is known
        producer.key_wanted = 1
        producer.key_mask |= bit_of(stream)


cdef void remember_ssrc(Transport* transport, uint32_t ssrc, Stream* stream, bint is_rtx) noexcept nogil:
    if transport.ssrc_count == MAX_SSRCS:
        return
    transport.ssrcs[transport.ssrc_count].ssrc = ssrc
    transport.ssrcs[transport.ssrc_count].is_rtx = is_rtx
    transport.ssrcs[transport.ssrc_count].stream = stream
    transport.ssrc_count += 1
    if is_rtx:
        stream.rtx_ssrc = ssrc
    else:
        stream.ssrc = ssrc


cdef Stream* stream_by_rid(Transport* transport, const uint8_t* data, RtpPacket* packet, bint* is_rtx) noexcept nogil:
    cdef Producer* producer = transport.producers
    cdef const RtpExt* ext
    cdef Stream* stream
    cdef int i, kind
    while producer != NULL:
        for kind in range(RID, REPAIRED_RID + 1):
            if producer.ext_id[kind] == 0 or not mid_fits(producer, data, packet):
                continue
            ext = rtp_find_ext(packet, producer.ext_id[kind])
            if ext == NULL:
                continue
            for i in range(producer.stream_count):
                stream = &producer.streams[i]
                if stream.rid_length == ext.len and stream.rid_length and \
                        memcmp(stream.rid, data + ext.offset, ext.len) == 0:
                    is_rtx[0] = kind == REPAIRED_RID
                    return stream
        producer = producer.next
    return NULL


cdef bint mid_fits(Producer* producer, const uint8_t* data, RtpPacket* packet) noexcept nogil:
    """False only when the packet carries a MID that is another producer's."""
    cdef const RtpExt* ext
    if producer.ext_id[MID] == 0 or producer.mid_length == 0:
        return True
    ext = rtp_find_ext(packet, producer.ext_id[MID])
    return ext == NULL or (ext.len == producer.mid_length and memcmp(producer.mid, data + ext.offset, ext.len) == 0)


cdef Stream* stream_by_payload(Transport* transport, const uint8_t* data, RtpPacket* packet,
                               bint* is_rtx) noexcept nogil:
    """By MID and payload type. With several candidates the answer is none: a guess would mix streams."""
    cdef Producer* producer = transport.producers
    cdef Stream* found = NULL
    cdef bint found_rtx = False
    while producer != NULL:
        if producer.stream_count == 1 and mid_fits(producer, data, packet):
            if producer.payload_codec[packet.payload_type] >= 0 or producer.payload_rtx[packet.payload_type] >= 0:
                if found != NULL:
                    return NULL
                found = &producer.streams[0]
                found_rtx = producer.payload_rtx[packet.payload_type] >= 0
        producer = producer.next
    is_rtx[0] = found_rtx
    return found


cdef int64_t extend_sequence(int64_t highest, uint16_t sequence) noexcept nogil:
    """The 64-bit number nearest to `highest` whose low 16 bits are `sequence` (RFC 3550 appendix A.1)."""
    return highest + <int16_t>(sequence - <uint16_t>(highest & 0xFFFF))


cdef void receive_rtp(Core* core, Stream* stream, uint8_t* data, int length, RtpPacket* packet, bint recovered,
                      int64_t now) noexcept nogil:
    """A plain RTP packet of a known stream: into the ring, then to everyone who wants it."""
    cdef Producer* producer = stream.producer
    cdef int codec = producer.payload_codec[packet.payload_type]
    cdef int64_t source
    cdef Slot* slot
    if codec < 0:
        core.counters.rtp_unknown_stream += 1
        return
    if length > MAX_PACKET:
        core.counters.rtp_too_large += 1
        return
    source = account(core, stream, &producer.codecs[codec], packet, length, recovered, now)
    if producer.codecs[codec].codec == CODEC_RED and \
            red_primary(data + packet.header_len, packet.payload_len, producer.opus_payload_type) == 0:
        packet.payload_len = 0                   # nothing in it that a viewer could be told to play
    if packet.payload_len == 0 and swallow(core, stream, source):
        return
    slot = keep(core, stream, ring_number(stream, source), data, length, packet, producer.codecs[codec].codec,
                recovered, now)
    if slot == NULL:
        return
    note_alive(core, stream, now)
    if producer.floor != NULL:
        seek_floor(core, stream, slot, now)
    distribute(core, stream, slot, now)
    tap_packet(core, stream, slot, now)
    pipe_packet(core, stream, slot)
    stream.onset = -1


cdef Slot* keep(Core* core, Stream* stream, int64_t number, const uint8_t* data, int length, RtpPacket* packet,
                int codec, bint recovered, int64_t arrival_ns) noexcept nogil:
    """Stores a packet under its number in the ring and looks into it; NULL when it is too old or there already."""
    cdef Slot* slot
    if number < 0 or number < stream.oldest or number <= stream.newest - stream.ring_size or \
            (stream.number_offset and number < stream.first_number):
        core.counters.rtp_too_old += 1
        return NULL
    slot = &stream.ring[number % stream.ring_size]
    if slot.sequence == number:
        core.counters.rtp_duplicate += 1
        return NULL
    store(slot, number, data, length, packet, codec, recovered, arrival_ns)
    if number > stream.newest:
        stream.newest = number
    slot.passed = passable(stream.producer, &slot.packet, codec)
    inspect(core, stream, slot, arrival_ns)
    measure(stream, slot, arrival_ns)
    return slot


cdef void start_stream(Core* core, Stream* stream, RtpPacket* packet, int64_t now) noexcept nogil:
    """The first packet of an SSRC. Ring numbers and the sum of expected packets go on from the SSRC before it."""
    cdef int64_t expected = stream.highest - stream.base + 1 if stream.newest >= 0 else 0
    stream.started = 1
    stream.highest = 65536 + packet.sequence
    stream.base = stream.highest - expected
    stream.number_offset = stream.newest + 1 - stream.highest if stream.newest >= 0 else 0
    stream.first_number = stream.highest + stream.number_offset
    stream.swallowed_total = 0
    stream.first_arrival_ns = now
    if not stream.producer.started:
        stream.producer.started = 1
        emit(core, ON_PRODUCER_STARTED, stream.producer.id, NULL, 0)


cdef void pass_over(Stream* stream, RtpPacket* packet, int64_t now) noexcept nogil:
    """Counts a packet that nobody wants, so that reports tell no loss while the producer is paused."""
    cdef int64_t source = extend_sequence(stream.highest, packet.sequence)
    if not stream.started:
        return
    stream.packets += 1
    stream.last_arrival_ns = now
    if source > stream.highest:
        stream.highest = source


cdef int64_t account(Core* core, Stream* stream, CodecEntry* codec, RtpPacket* packet, int length, bint recovered,
                     int64_t now) noexcept nogil:
    """Sequence, jitter (RFC 3550 A.8) and loss accounting; returns the extended source sequence number."""
    cdef int64_t source, transit, difference
    if not stream.started:
        start_stream(core, stream, packet, now)
    stream.clock_rate = codec.clock_rate
    source = extend_sequence(stream.highest, packet.sequence)
    stream.last_arrival_ns = now
    stream.packets += 1
    stream.bytes += length
    if recovered:
        stream.recovered += 1
    else:
        transit = now // (SECOND // 1000000) * codec.clock_rate // 1000000 - packet.timestamp
        if source == stream.highest + 1:
            difference = <int32_t><uint32_t>(transit - stream.transit)
            if difference < 0:
                difference = -difference
            stream.jitter += (difference - stream.jitter) / 16.0
        stream.transit = transit
    if source > stream.highest:
        note_missing(core, stream, source, now)
        stream.highest = source
    else:
        forget_missing(core, stream, source)
    return source


cdef bint swallow(Core* core, Stream* stream, int64_t source) noexcept nogil:
    """Closes up the number of a padding-only packet. False when a later one has its number already: then this one
    goes to the viewers without its padding, for a hole would have them ask in vain."""
    cdef int64_t i, kept = min(stream.swallowed_total, SWALLOWED_SIZE)
    core.counters.rtp_padding_only += 1
    for i in range(kept):
        if stream.swallowed[(stream.swallowed_total - 1 - i) % SWALLOWED_SIZE] == source:
            return True
    if source < stream.highest:
        return False
    stream.swallowed[stream.swallowed_total % SWALLOWED_SIZE] = source
    stream.swallowed_total += 1
    return True


cdef int64_t ring_number(Stream* stream, int64_t source) noexcept nogil:
    """The stream's own number of a packet: the source's less the swallowed ones before it; -1 when too old to tell."""
    cdef int64_t after = 0, i, kept = stream.swallowed_total
    if kept > SWALLOWED_SIZE:
        kept = SWALLOWED_SIZE
    while after < kept and stream.swallowed[(stream.swallowed_total - 1 - after) % SWALLOWED_SIZE] > source:
        after += 1
    if after == SWALLOWED_SIZE:
        return -1
    return source - (stream.swallowed_total - after) + stream.number_offset


cdef void store(Slot* slot, int64_t number, const uint8_t* data, int length, RtpPacket* packet, int codec,
                bint recovered, int64_t now) noexcept nogil:
    """The one copy. Padding is dropped and the header says the stream's own number, which taps and resends go by."""
    slot.sequence = number
    slot.arrival_ns = now
    slot.packet = packet[0]
    slot.packet.padding = 0
    slot.packet.sequence = <uint16_t>number
    slot.length = <uint16_t>(packet.header_len + packet.payload_len)
    slot.codec = <uint8_t>codec
    slot.recovered = recovered
    slot.passed = slot.primary = 0
    memcpy(slot.data, data, slot.length)
    slot.data[0] &= 0xDF
    write16(slot.data + 2, <uint16_t>number)


cdef void inspect(Core* core, Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    """What the payload says, once per packet: key frames, picture ids, sizes, audio level."""
    cdef Producer* producer = stream.producer
    cdef int level
    memset(&slot.info, 0, sizeof(PayloadInfo))
    slot.info.temporal_id = slot.info.spatial_id = -1
    slot.frame.known = 0
    if slot.packet.payload_len == 0:
        return
    if slot.codec == CODEC_RED:
        slot.primary = <uint16_t>red_primary(slot.data + slot.packet.header_len, slot.packet.payload_len,
                                             producer.opus_payload_type)
    if not producer.video:
        level = level_of(producer, slot)
        if level != LEVEL_NONE:
            note_level(stream, level, now)
        return
    codec_inspect(slot.codec, slot.data + slot.packet.header_len, slot.packet.payload_len, slot.packet.marker, &slot.info)
    if producer.ext_id[DEPENDENCY_DESCRIPTOR] and (slot.codec == CODEC_AV1 or slot.codec == CODEC_H264):
        describe(stream, slot)
    if not slot.info.key_frame:
        return
    if stream.key_frame >= 0 and slot.packet.timestamp == stream.key_frame_timestamp:
        if slot.sequence < stream.key_frame and stream.key_frame - slot.sequence < 64:
            stream.key_frame = slot.sequence
        return
    if slot.sequence < stream.key_frame:
        return
    stream.key_frame = slot.sequence
    stream.key_frame_timestamp = slot.packet.timestamp
    stream.key_frame_ns = now
    stream.key_frames += 1
    if slot.info.width:
        stream.width = slot.info.width
        stream.height = slot.info.height
    key_frame_came(stream, now)


cdef void describe(Stream* stream, Slot* slot) noexcept nogil:
    """What the dependency descriptor says of the packet's frame."""
    cdef const RtpExt* ext = rtp_find_ext(&slot.packet, stream.producer.ext_id[DEPENDENCY_DESCRIPTOR])
    cdef FrameStructure fresh
    if ext == NULL:
        return
    if descriptor_parse(slot.data + ext.offset, ext.len, stream.structure, &fresh, &slot.frame):
        if stream.structure == NULL:
            stream.structure = <FrameStructure*>malloc(sizeof(FrameStructure))
        if stream.structure == NULL:
            slot.frame.known = 0
            return
        stream.structure[0] = fresh
    if slot.frame.known:
        slot.info.temporal_id = <int8_t>slot.frame.temporal
        slot.info.spatial_id = <int8_t>slot.frame.spatial
        slot.info.end_of_layer = slot.frame.last


cdef bint ring_holds_key_frame(Stream* stream) noexcept nogil:
    return stream.key_frame >= 0 and stream.key_frame > stream.newest - stream.ring_size and \
        stream.ring[stream.key_frame % stream.ring_size].sequence == stream.key_frame


cdef int ring_open(Stream* stream, int64_t size) noexcept nogil:
    """Makes the ring, or a larger one that keeps what the smaller held."""
    cdef Slot* ring = <Slot*>malloc(<size_t>size * sizeof(Slot))
    cdef int64_t i
    if ring == NULL:
        return -1
    for i in range(size):
        ring[i].sequence = -1
    if stream.ring != NULL:
        stream.oldest = stream.newest - stream.ring_size + 1
        for i in range(stream.ring_size):
            if stream.ring[i].sequence >= 0 and stream.ring[i].sequence > stream.newest - stream.ring_size:
                ring[stream.ring[i].sequence % size] = stream.ring[i]
        free(stream.ring)
    stream.ring = ring
    stream.ring_size = size
    return 0
