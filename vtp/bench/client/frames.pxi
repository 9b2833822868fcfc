# Light frame assembly: which frames became whole, when, and what a viewer would have felt. Nothing is decoded.
#
# Packets arrive here in order of their numbers. A frame ends at its marker (or where the timestamp changes); one that
# lacks a packet for good is broken, and video after it cannot be decoded until the next key frame.

cdef inline double threshold_ns(Frames* frames) noexcept nogil:
    """A gap longer than this is a freeze: max(3 x mean, mean + 150 ms), W3C webrtc-stats "freezeCount"."""
    cdef double tripled = 3.0 * frames.gap_mean_ns
    cdef double plus = frames.gap_mean_ns + 150e6
    return tripled if tripled > plus else plus


cdef void frame_measure_gap(Frames* frames, int64_t arrival_ns) noexcept nogil:
    cdef int64_t gap_ns
    if frames.last_ns:
        gap_ns = arrival_ns - frames.last_ns
        if gap_ns < 0:
            gap_ns = 0
        if frames.gaps > 0 and <double>gap_ns > threshold_ns(frames):
            frames.freezes += 1
            frames.freeze_ns += gap_ns
        frames.gaps += 1
        if frames.gaps <= 30:
            frames.gap_mean_ns += (<double>gap_ns - frames.gap_mean_ns) / <double>frames.gaps
        else:
            frames.gap_mean_ns += (<double>gap_ns - frames.gap_mean_ns) / 30.0
    frames.last_ns = arrival_ns


cdef int64_t frame_capture_ns(Incoming* stream) noexcept nogil:
    """When the open frame was captured, on the publisher's clock: its abs-capture-time, else by the last sender report."""
    cdef Frames* frames = &stream.frames
    cdef int32_t ticks
    if frames.capture_ns:
        return frames.capture_ns
    if stream.report.sender_report_ns == 0 or frames.clock_rate == 0 or stream.report.sender_ntp == 0:
        return 0
    ticks = <int32_t>(frames.timestamp - stream.report.sender_timestamp)
    return ns_from_ntp(stream.report.sender_ntp) + ns_from_ticks(ticks, frames.clock_rate)


cdef void frame_measure_delay(Incoming* stream) noexcept nogil:
    """One-way delay when both ends share a clock; beside it the delay above the fastest frame, which needs none."""
    cdef Frames* frames = &stream.frames
    cdef int64_t capture_ns = frame_capture_ns(stream)
    cdef int64_t relative_ns, delay_ns
    if capture_ns and capture_ns < stream.joined_ns:
        return                   # a newcomer was given older frames to start from
    if capture_ns:
        delay_ns = frames.arrival_ns - capture_ns
        if -20 * MILLISECOND < delay_ns < 60 * SECOND:
            histogram_add(&frames.delay, delay_ns // 1000 if delay_ns > 0 else 0)
        else:
            frames.clock_apart += 1
    if frames.clock_rate == 0:
        return
    if not frames.has_relative:
        frames.extended_timestamp = 0
    relative_ns = frames.arrival_ns - ns_from_ticks(frames.extended_timestamp, frames.clock_rate)
    if not frames.has_relative or relative_ns < frames.relative_base_ns:
        frames.relative_base_ns = relative_ns
    frames.has_relative = True
    histogram_add(&frames.relative, (relative_ns - frames.relative_base_ns) // 1000)


cdef void frame_end(Incoming* stream) noexcept nogil:
    cdef Frames* frames = &stream.frames
    frames.open = False
    if frames.broken:
        frames.broken_count += 1
        return
    if frames.waits_for_key and not frames.key:
        frames.undecodable += 1
        return
    frames.waits_for_key = False
    frames.complete += 1
    frames.key_count += frames.key
    if frames.first_ns == 0:
        frames.first_ns = frames.arrival_ns
    frame_measure_gap(frames, frames.arrival_ns)
    frame_measure_delay(stream)


cdef void frame_open(Incoming* stream, Seen* seen, bint after_hole) noexcept nogil:
    cdef Frames* frames = &stream.frames
    frames.extended_timestamp += <int32_t>(seen.timestamp - frames.timestamp) if frames.has_relative else 0
    frames.open = True
    frames.timestamp = seen.timestamp
    frames.clock_rate = seen.clock_rate
    frames.arrival_ns = 0
    frames.capture_ns = 0
    frames.key = False
    frames.broken = after_hole and not seen.flags & SEEN_START


cdef void frame_take(Incoming* stream, Seen* seen, bint after_hole) noexcept nogil:
    """The next packet in order; `after_hole` says that the numbers before it were given up."""
    cdef Frames* frames = &stream.frames
    if seen.flags & SEEN_PADDING:
        return
    if frames.open and seen.timestamp != frames.timestamp:
        frame_end(stream)
    elif frames.open and after_hole:
        frames.broken = True
    if not frames.open:
        frame_open(stream, seen, after_hole)
    if seen.arrival_ns > frames.arrival_ns:
        frames.arrival_ns = seen.arrival_ns
    if seen.capture_ns:
        frames.capture_ns = seen.capture_ns
    if seen.flags & SEEN_KEY:
        frames.key = True
    if seen.flags & SEEN_MARKER or not stream.video:
        frame_end(stream)


cdef void frame_lose(Incoming* stream) noexcept nogil:
    """Numbers were given up at the cursor: the open frame is broken, and video waits for a key frame."""
    cdef Frames* frames = &stream.frames
    if frames.open:
        frames.broken = True
    if stream.video:
        frames.waits_for_key = True
        stream.wants_key = True
