# The order of depacketize.pxi: sequence numbers, holes and how long they are waited for, restarts, other SSRCs.


cdef void dep_gap(DepState* s) noexcept nogil:
    """Packets before the next one are lost for good."""
    s.contiguous = 0
    if s.frame.open:
        s.frame.broken = 1
    if s.gave_any:
        s.gap_pending = 1
    s.waiting_key = s.video


cdef void dep_find_hole(DepState* s) noexcept nogil:
    """Since when is it known that the next packet is missing: the first arrival of those that wait."""
    cdef DepSlot* slot
    cdef int64_t i
    if not s.waiting:
        return
    s.hole_since_ns = 0x7FFFFFFFFFFFFFFF
    for i in range(s.next_sequence, s.top_sequence + 1):
        slot = s.ring[i & (DEP_RING - 1)]
        if slot != NULL and slot.view.arrival_ns < s.hole_since_ns:
            s.hole_since_ns = slot.view.arrival_ns


cdef void dep_take_waiting(DepState* s) noexcept nogil:
    """Consume what now follows without a hole, and remember since when the next hole is known."""
    cdef DepSlot* slot
    cdef bint moved = False
    while s.waiting:
        slot = s.ring[s.next_sequence & (DEP_RING - 1)]
        if slot == NULL:
            break
        s.ring[s.next_sequence & (DEP_RING - 1)] = NULL
        s.waiting -= 1
        s.next_sequence += 1
        moved = True
        dep_consume(s, &slot.view)
        dep_give_slot(s, slot)
    if moved:
        dep_find_hole(s)


cdef void dep_skip_hole(DepState* s) noexcept nogil:
    """Give up on the packets missing before the first that waits; there is one."""
    cdef int64_t began = s.next_sequence
    while s.ring[s.next_sequence & (DEP_RING - 1)] == NULL:
        s.next_sequence += 1
    if not s.initial:
        s.lost_packets += s.next_sequence - began
        dep_gap(s)
    dep_take_waiting(s)


cdef void dep_expire(DepState* s, int64_t now_ns) noexcept nogil:
    """Give up on every hole that has been known for reorder_ns."""
    while s.waiting and now_ns - s.hole_since_ns >= s.reorder_ns:
        dep_skip_hole(s)


cdef void dep_flush(DepState* s) noexcept nogil:
    """Consume everything that waits, holes or not."""
    while s.waiting:
        dep_skip_hole(s)


cdef void dep_begin(DepState* s, const RtpPacket* packet, bint start) noexcept nogil:
    """The first packet of an SSRC; start: a decoder can start with it, so nothing before it matters."""
    s.started = 1
    s.initial = 1
    s.contiguous = 0
    s.has_timestamp = 0
    s.marks = 0
    s.ssrc = packet.ssrc
    s.strays = 0
    s.restart_at = -1
    s.next_sequence = <int64_t> packet.sequence + 0x10000 - (0 if start or not s.video else DEP_PROBE)


cdef void dep_end(DepState* s) noexcept nogil:
    """No more packets of this SSRC: finish what can be finished."""
    dep_flush(s)
    if s.frame.open:
        s.frame.broken = 1
        dep_close_frame(s)
    s.waiting_key = s.video
    s.gap_pending = s.gave_any


cdef bint dep_is_other_ssrc(DepState* s, const RtpPacket* packet) noexcept nogil:
    """True when a packet of another SSRC is a latecomer to ignore; else the stream is that SSRC's from here."""
    if s.has_previous and packet.ssrc == s.previous_ssrc:
        s.strays += 1
        if s.strays < DEP_STRAYS:
            return True
    dep_end(s)
    dep_forget_parameters(s)
    s.previous_ssrc = s.ssrc
    s.has_previous = 1
    s.started = 0
    return False


cdef bint dep_restarts(DepState* s, const RtpPacket* packet) noexcept nogil:
    """Far behind: True once two packets in a row say that the sender began anew (RFC 3550 appendix A.1)."""
    if s.restart_at != packet.sequence:
        s.restart_at = (packet.sequence + 1) & 0xFFFF
        return False
    dep_end(s)
    s.contiguous = 0
    s.restart_at = -1
    s.next_sequence = <int64_t> packet.sequence + 0x10000
    return True


cdef int dep_wait(DepState* s, int64_t sequence, const DepView* view) noexcept nogil:
    """Keep a packet that came before its turn: 1, or 0 when it is there already or memory is out."""
    cdef DepSlot* slot
    if s.ring[sequence & (DEP_RING - 1)] != NULL:
        s.late_packets += 1
        return 0
    slot = dep_take_slot(s, view.length)
    if slot == NULL:
        return 0
    slot.view = view[0]
    slot.view.payload = <const uint8_t*> (slot + 1)
    memcpy(slot + 1, view.payload, <size_t> view.length)
    s.ring[sequence & (DEP_RING - 1)] = slot
    if s.waiting == 0 or view.arrival_ns < s.hole_since_ns:
        s.hole_since_ns = view.arrival_ns
    if s.waiting == 0 or sequence > s.top_sequence:
        s.top_sequence = sequence
    s.waiting += 1
    return 1


cdef void dep_start_at(DepState* s, int64_t sequence) noexcept nogil:
    """Before anything was consumed: begin here, with a key frame, and forget what waits before it."""
    cdef DepSlot* slot
    while s.next_sequence < sequence:
        slot = s.ring[s.next_sequence & (DEP_RING - 1)]
        if slot != NULL:
            s.ring[s.next_sequence & (DEP_RING - 1)] = NULL
            s.waiting -= 1
            dep_give_slot(s, slot)
        s.next_sequence += 1
    dep_find_hole(s)


cdef bint dep_is_start(DepState* s, const DepView* view) noexcept nogil:
    """Does a key frame begin with this packet, for certain?"""
    cdef PayloadInfo info
    if codec_inspect(s.codec, view.payload, view.length, view.marker, &info) < 0:
        return False
    if s.codec == CODEC_H264:
        return info.parameter_sets != 0
    return info.key_frame != 0 and info.start_of_frame != 0


cdef int dep_push(DepState* s, const uint8_t* rtp, size_t length, int64_t arrival_ns) noexcept nogil:
    """Take one plain RTP packet: 1 taken, 0 late or a duplicate, -1 malformed."""
    cdef RtpPacket packet
    cdef DepView view
    cdef int64_t sequence
    cdef int delta
    cdef int taken = 1
    if rtp_parse(rtp, length, &packet) < 0:
        s.malformed_packets += 1
        return -1
    if s.started and packet.ssrc != s.ssrc and dep_is_other_ssrc(s, &packet):
        s.late_packets += 1
        return 0
    view.payload = rtp + packet.header_len
    view.length = packet.payload_len if s.payload_type in (-1, packet.payload_type) else 0
    view.timestamp = packet.timestamp
    view.marker = packet.marker
    view.arrival_ns = arrival_ns
    if not s.started:
        dep_begin(s, &packet, dep_is_start(s, &view))
    s.strays = 0
    delta = <int16_t> (packet.sequence - <uint16_t> s.next_sequence)
    if delta <= -DEP_RING:
        if not dep_restarts(s, &packet):
            return 0
        delta = 0
    elif delta < 0:
        s.late_packets += 1
        return 0
    elif delta >= DEP_RING:
        dep_flush(s)
        delta = <int16_t> (packet.sequence - <uint16_t> s.next_sequence)
        s.lost_packets += delta
        dep_gap(s)
        s.next_sequence += delta
        delta = 0
    s.restart_at = -1
    sequence = s.next_sequence + delta
    if s.initial and delta and dep_is_start(s, &view):
        dep_start_at(s, sequence)
    if sequence == s.next_sequence:
        s.next_sequence += 1
        dep_consume(s, &view)
        dep_take_waiting(s)
    else:
        taken = dep_wait(s, sequence, &view)
    dep_expire(s, arrival_ns)
    return taken
