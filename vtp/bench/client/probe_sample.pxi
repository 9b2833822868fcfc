# A probe's sample: packets that are authenticated and decrypted, and what the mark in them says of the numbering.
#
# A server gives a viewer numbers of its own, a constant away from the source's. The first packets establish that
# distance, every n-th one verifies it, and so does the next packet after any contradiction.

cdef enum:
    SAMPLE_TRIES = 16            # packets in a row that are decrypted to find a mark; then every n-th again


cdef inline bint probe_is_unsure(const ProbeStream* stream, int64_t number, uint32_t timestamp) noexcept nogil:
    """Whether this packet has to tell by itself which one of the source it is."""
    if stream.table == NULL:
        return False
    if not stream.mapped:
        return stream.tries < SAMPLE_TRIES
    return probe_sent_ns(stream, number, timestamp) == 0


cdef int probe_open(
        Probe* probe, ProbeStream* stream, SrtpSession* session, uint8_t* data, int length,
        RtpPacket* parsed) noexcept nogil:
    """Authenticates and decrypts: 0, or an SRTP_ERROR_*. A packet behind the replay window says nothing."""
    cdef int error
    stream.until_sample = probe.authenticate_every
    stream.tries += 1
    error = srtp_unprotect(session, data, length, parsed)
    if error >= 0:
        stream.counts.authenticated += 1
        return 0
    if error != SRTP_ERROR_REPLAY and error != SRTP_ERROR_OLD:
        stream.counts.failed += 1
    return error


cdef void probe_map(
        Probe* probe, ProbeStream* stream, int64_t number, int64_t original, uint32_t timestamp) noexcept nogil:
    """Packet `number` of ours is `original` of the source's."""
    cdef int64_t shift = number - original
    cdef const Sending* slot = table_find(stream.table, original)
    if stream.mapped and shift != stream.shift:
        stream.counts.resynchronized += 1
    if slot == NULL:
        stream.mapped = False
        return
    stream.shift = shift
    stream.timestamp_shift = timestamp - slot.timestamp
    stream.mapped = True
    stream.tries = 0


cdef void probe_read(
        Probe* probe, ProbeStream* stream, const uint8_t* data, const RtpPacket* parsed, int64_t number) noexcept nogil:
    """What a decrypted packet says: nothing when it is padding, else where the numbering stands."""
    cdef int64_t original = 0, before = stream.shift
    cdef bint key = True, was_mapped = stream.mapped
    if parsed.payload_len == 0:
        stream.counts.padding += number >= stream.window_first
        return
    if stream.table == NULL:
        return
    if not mark_read(stream.table, data + parsed.header_len, parsed.payload_len, &original, &key):
        return
    probe_map(probe, stream, number, original, parsed.timestamp)
    if was_mapped and stream.mapped and stream.shift < before and number >= stream.window_first:
        stream.counts.skipped += before - stream.shift
    if not was_mapped and not key and stream.video:
        stream.wants_key = True


cdef void probe_sample(
        Probe* probe, ProbeStream* stream, SrtpSession* session, uint8_t* data, int length, RtpPacket* parsed,
        int64_t number) noexcept nogil:
    """One packet of the sample; it has its place already."""
    if probe_open(probe, stream, session, data, length, parsed) == 0:
        probe_read(probe, stream, data, parsed, number)


cdef bint probe_is_gap(
        const ProbeStream* stream, const uint8_t* data, const RtpPacket* parsed, int64_t number) noexcept nogil:
    """Whether a decrypted packet far from the highest number keeps the distance: then the numbers between are lost."""
    cdef int64_t original = 0
    cdef bint key = False
    return (stream.started and stream.mapped
            and mark_read(stream.table, data + parsed.header_len, parsed.payload_len, &original, &key)
            and number - original == stream.shift)


cdef int64_t probe_jump(
        Probe* probe, ProbeStream* stream, SrtpSession* session, uint8_t* data, int length, RtpPacket* parsed,
        int64_t number, int64_t now_ns) noexcept nogil:
    """The first packet, or one far from all numbers so far: only an authentic one moves anything. Its number, or -1."""
    cdef bint was_mapped = stream.mapped
    cdef int64_t last = stream.report.highest - stream.shift
    if probe_open(probe, stream, session, data, length, parsed):
        return -1
    if probe_is_gap(stream, data, parsed, number):
        if number < stream.report.highest:
            stream.counts.duplicated += number >= stream.window_first
            return -1
        probe_advance(stream, number, now_ns)
        return number
    probe_begin(stream, 0x10000 + <int64_t>parsed.sequence)
    probe_advance(stream, stream.report.base, now_ns)
    stream.mapped = False
    probe_read(probe, stream, data, parsed, stream.report.base)
    if was_mapped:
        stream.counts.resynchronized += 1
        if stream.mapped and stream.report.base - stream.shift > last + 1:
            stream.counts.skipped += stream.report.base - stream.shift - last - 1
    return stream.report.base
