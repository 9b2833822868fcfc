# Units of depacketize.pxi: when one begins, what joins it, and whether it is given out or dropped.


cdef void dep_drop(DepState* s) noexcept nogil:
    """The unit at hand is not given out; video waits for a key frame from here."""
    s.dropped_units += 1
    s.waiting_key = s.video
    s.gap_pending = s.gave_any


cdef void dep_give(DepState* s, const uint8_t* data, size_t length, const DepFrame* frame) noexcept nogil:
    """Queue a finished unit for poll()."""
    cdef DepUnit* unit = NULL
    if s.queued_bytes + length <= DEP_MAX_QUEUED:
        unit = <DepUnit*> malloc(sizeof(DepUnit) + length)
    if unit == NULL:
        dep_drop(s)
        return
    unit.next = NULL
    unit.length = length
    unit.rtp_timestamp = frame.timestamp
    unit.arrival_ns = frame.arrival_ns
    unit.ssrc = s.ssrc
    unit.width = frame.width if frame.key else 0
    unit.height = frame.height if frame.key else 0
    unit.key_frame = frame.key
    unit.after_gap = s.gap_pending
    memcpy(unit + 1, data, length)
    if s.last == NULL:
        s.first = unit
    else:
        s.last.next = unit
    s.last = unit
    s.queued_bytes += length
    s.waiting_key = s.gap_pending = 0
    s.gave_any = 1


cdef void dep_open_frame(DepState* s, int64_t timestamp, int64_t arrival_ns, bint whole) noexcept nogil:
    """Begin a unit; whole: this is certainly its first packet."""
    cdef DepFrame* frame = &s.frame
    frame.data.length = frame.fragment.length = 0
    frame.open = 1
    frame.broken = not whole
    frame.key = frame.has_picture = frame.has_sps = frame.has_pps = frame.fragment_open = 0
    frame.timestamp = timestamp
    frame.arrival_ns = arrival_ns
    frame.width = frame.height = 0
    frame.insert_at = 0
    frame.layers = frame.layer_open = 0


cdef void dep_close_frame(DepState* s) noexcept nogil:
    """The unit's last packet has been taken: give it out or drop it."""
    cdef DepFrame* frame = &s.frame
    frame.open = 0
    if not frame.broken and dep_finish_format(s) < 0:
        frame.broken = 1
    if s.codec in (CODEC_H264, CODEC_AV1) and not frame.broken and not frame.has_picture:
        return  # parameter sets alone: remembered, not a unit
    if frame.broken or frame.data.length == 0 or (s.waiting_key and not frame.key):
        dep_drop(s)
        return
    if s.codec == CODEC_H264 and frame.key:
        s.sps_in_band = frame.has_sps
    dep_give(s, frame.data.data, frame.data.length, frame)


cdef int64_t dep_extend_timestamp(DepState* s, uint32_t timestamp) noexcept nogil:
    """The 64-bit timestamp nearest to the last one; the first of an SSRC is taken as it is."""
    if not s.has_timestamp:
        s.has_timestamp = 1
        s.last_timestamp = timestamp
    else:
        s.last_timestamp += <int32_t> (timestamp - <uint32_t> s.last_timestamp)
    return s.last_timestamp


cdef void dep_consume(DepState* s, const DepView* view) noexcept nogil:
    """Take the next packet in order."""
    cdef DepFrame* frame = &s.frame
    cdef int64_t timestamp
    cdef PayloadInfo info
    s.initial = 0
    if view.length == 0:
        s.contiguous = 1  # padding only: its number counts, nothing else
        return
    timestamp = dep_extend_timestamp(s, view.timestamp)
    if not s.video:
        frame.timestamp = timestamp
        frame.arrival_ns = view.arrival_ns
        frame.key = 1
        dep_give(s, view.payload, <size_t> view.length, frame)
        s.contiguous = 1
        return
    if frame.open and frame.timestamp != timestamp:
        # No marker: this sender sets none, or its queue was emptied for a key frame, which leaves no hole.
        if s.marks and s.codec != CODEC_VP9:  # whose layers say where they end; upper ones may be missing
            frame.broken = 1
        dep_close_frame(s)
    if codec_inspect(s.codec, view.payload, view.length, view.marker, &info) < 0:
        s.malformed_packets += 1
        if not frame.open:
            dep_open_frame(s, timestamp, view.arrival_ns, False)
        frame.broken = 1
    else:
        if not frame.open:
            dep_open_frame(s, timestamp, view.arrival_ns, dep_begins_unit(s, &info))
        if not frame.broken and dep_take_payload(s, view, &info) < 0:
            frame.broken = 1
    s.contiguous = 1
    # some senders mark parameter sets: such a unit goes on
    if view.marker and (s.codec != CODEC_H264 or frame.has_picture or frame.broken):
        s.marks = 1
        dep_close_frame(s)
