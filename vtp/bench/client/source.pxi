# A source: streams that the engine's thread sends by itself, after a timetable, with payloads nobody has to decode.
#
# Payloads begin as their codec wants it (VP8, RFC 7741; H.264, RFC 6184; sound has no header), so that servers tell key
# frames and frame boundaries; the rest is noise with the mark that probes read.

cdef int64_t LATE_NS = 2_000_000             # a burst later than this is counted
cdef int64_t STALL_NS = 200_000_000          # later than this the timetable moves on instead of catching up

# SPS (constrained baseline 3.1, always 640 x 368, one reference) and PPS, each behind its length, in a STAP-A; then the length
# of the slice that fills the packet. RFC 6184 section 5.7.1.
cdef const uint8_t* H264_START = (
    b"\x78\x00\x09\x67\x42\xc0\x1f\xda\x02\x80\xbe\x40\x00\x04\x68\xce\x0f\xc8")
cdef enum:
    H264_START_BYTES = 18


cdef void fill_noise(uint8_t* out, int length, uint64_t seed) noexcept nogil:
    """Bytes without zeros, so that no start code comes about."""
    cdef int i
    for i in range(length):
        seed = mixed(seed)
        out[i] = <uint8_t>(seed >> 32) | 1


cdef void write_vp8(Outgoing* stream, uint8_t* payload, bint first, bint key) noexcept nogil:
    """Payload descriptor with a 15-bit picture id; a frame tag in the first packet, RFC 7741 section 4 and RFC 6386 9.1."""
    payload[0] = 0x90 if first else 0x80
    payload[1] = 0x80
    write16(payload + 2, 0x8000 | stream.picture_id)
    if not first:
        return
    payload[4] = 0x10 if key else 0x11
    payload[5] = payload[6] = 0
    if key:
        memcpy(payload + 7, b"\x9d\x01\x2a", 3)
        payload[10] = stream.load.times.width & 0xFF
        payload[11] = <uint8_t>(stream.load.times.width >> 8)
        payload[12] = stream.load.times.height & 0xFF
        payload[13] = <uint8_t>(stream.load.times.height >> 8)


cdef void write_h264(uint8_t* payload, int length, bint first, bint key) noexcept nogil:
    """Every packet a slice of its own; a key frame's first one is a STAP-A with the parameter sets."""
    if not key:
        payload[0] = 0x41
    elif not first:
        payload[0] = 0x65
    else:
        memcpy(payload, H264_START, H264_START_BYTES)
        write16(payload + H264_START_BYTES, <uint16_t>(length - H264_START_BYTES - 2))
        payload[H264_START_BYTES + 2] = 0x65


cdef void load_begin_unit(Load* load, Outgoing* stream, int64_t unit) noexcept nogil:
    load.is_key = stream.video and (load.units == 0 or load.wants_key)
    if load.is_key:
        load.wants_key = False
        load.key_units += 1
    load.units += 1
    unit_sizes(&load.times, unit, load.sizes)
    stream.picture_id = (stream.picture_id + 1) & 0x7FFF
    stream.last_timestamp = load.first_timestamp + <uint32_t>(unit * stream.clock_rate // load.times.units_per_s)
    stream.timestamp_ns = load.start_ns + unit_ns(&load.times, unit)


cdef Sent* load_write(Load* load, Outgoing* stream, int64_t packet) noexcept nogil:
    """Puts the load's next packet into the ring, ready to be stamped and protected."""
    cdef int index = <int>(packet % load.times.packets_per_unit)
    cdef Sent* slot = &stream.ring[stream.written & stream.ring_mask]
    cdef int header, length
    cdef uint8_t* payload
    if index == 0:
        load_begin_unit(load, stream, packet // load.times.packets_per_unit)
    header = header_write(stream, slot.data, stream.last_timestamp, <uint16_t>(stream.written & 0xFFFF), 0)
    payload = slot.data + header
    length = load.sizes[index] - header
    memcpy(payload, load.filler, length)
    if stream.codec == CODEC_VP8:
        write_vp8(stream, payload, index == 0, load.is_key)
    elif stream.codec == CODEC_H264:
        write_h264(payload, length, index == 0, load.is_key)
    mark_write(load.table, payload, stream.written, load.is_key)
    if index == load.times.packets_per_unit - 1 and stream.video:
        slot.data[1] |= 0x80
    slot.number = stream.written
    slot.resent_ns = 0
    slot.header_length = <uint16_t>header
    slot.length = load.sizes[index]
    stream.written += 1
    return slot


cdef void send_burst(Core* core, Client* client, Outgoing* stream, int count) noexcept nogil:
    """Sends up to SEND_BATCH packets in one call, with the time right before it in the table."""
    cdef Load* load = stream.load
    cdef int64_t first = stream.written, number, sent_ns
    cdef int i
    if core.send_count:
        flush(core)
    for i in range(count):
        send_packet(core, client, stream, load_write(load, stream, load.next + i))
    stream.sent = stream.written
    sent_ns = client_clock(CLOCK_REALTIME)
    for number in range(first, stream.written):
        table_note(load.table, number, sent_ns, stream.last_timestamp)
    flush(core)
    load.next += count


cdef void note_lateness(Load* load, int64_t late_ns) noexcept nogil:
    if late_ns > load.latest_ns:
        load.latest_ns = late_ns
    load.late_bursts += late_ns > LATE_NS
    if late_ns > STALL_NS:
        load.start_ns += late_ns


cdef int64_t run_load(Core* core, Client* client, Outgoing* stream) noexcept nogil:
    """Sends the bursts that are due; when to come back."""
    cdef Load* load = stream.load
    cdef int64_t due_ns, now_ns
    cdef int count
    while load.running:
        due_ns = load.start_ns + packet_ns(&load.times, load.next)
        now_ns = client_clock(CLOCK_MONOTONIC)
        if now_ns < due_ns:
            return due_ns
        note_lateness(load, now_ns - due_ns)
        count = burst_left(&load.times, load.next)
        send_burst(core, client, stream, count if count < SEND_BATCH else SEND_BATCH)
    return INT64_MAX


cdef void start_load(Load* load, Outgoing* stream, int64_t start_ns) noexcept nogil:
    """A new timetable; numbers go on, and timestamps as if it had run all the time."""
    cdef int64_t since_ns = start_ns - stream.timestamp_ns
    if stream.packets:
        load.first_timestamp = stream.last_timestamp + <uint32_t>(since_ns // 1000 * stream.clock_rate // 1_000_000)
    load.start_ns = start_ns
    load.next = 0
    load.running = True


cdef Load* load_open(Outgoing* stream, Timetable times, uint32_t first_timestamp) noexcept nogil:
    """NULL when there is no memory."""
    cdef Load* load = <Load*>calloc(1, sizeof(Load))
    if load == NULL:
        return NULL
    load.table = table_open(stream.video, times.units_per_s * times.packets_per_unit,
                            <uint32_t>mixed(times.seed ^ stream.ssrc))
    if load.table == NULL:
        free(load)
        return NULL
    load.times = times
    load.first_timestamp = first_timestamp
    fill_noise(load.filler, PACKET_BYTES, times.seed)
    return load


cdef void load_close(Load* load) noexcept nogil:
    if load != NULL:
        table_release(load.table)
        free(load)
