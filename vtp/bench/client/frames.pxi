# Light frame assembly: which frames became whole, when, and what a viewer would have felt. Nothing is decoded.
#
# Packets arrive here in order of their numbers. A frame ends at its marker (or where the timestamp changes); one that
# lacks a packet for good is broken, and video after it cannot be decoded until the next key frame.

cdef int64_t SHOWN_LATE_NS = 400_000_000   # so long after its time a picture is not live any more


cdef inline double threshold_ns(Gaps* gaps) noexcept nogil:
    """A gap longer than this is a freeze: max(3 x mean, mean + 150 ms), W3C webrtc-stats "freezeCount"."""
    cdef double tripled = 3.0 * gaps.mean_ns
    cdef double plus = gaps.mean_ns + 150e6
    return tripled if tripled > plus else plus


cdef void gaps_measure(Gaps* gaps, int64_t at_ns) noexcept nogil:
    """The next frame comes, no sooner than the one before it."""
    cdef int64_t gap_ns
    if at_ns < gaps.last_ns:
        at_ns = gaps.last_ns
    if gaps.last_ns:
        gap_ns = at_ns - gaps.last_ns
        if gaps.count > 0 and <double>gap_ns > threshold_ns(gaps):
            gaps.freezes += 1
            gaps.freeze_ns += gap_ns
            if gap_ns > gaps.longest_ns:
                gaps.longest_ns = gap_ns
        gaps.count += 1
        if gaps.count <= 30:
            gaps.mean_ns += (<double>gap_ns - gaps.mean_ns) / <double>gaps.count
        else:
            gaps.mean_ns += (<double>gap_ns - gaps.mean_ns) / 30.0
    gaps.last_ns = at_ns


cdef void frame_show(Frames* frames, int64_t relative_ns) noexcept nogil:
    """As a player with a jitter buffer would: kept back to what the slowest of late took, at most SHOWN_LATE_NS.

    `relative_ns` is how far the frame is behind the fastest. The buffer grows at once and shrinks by a 512th a frame.
    """
    if relative_ns > frames.playout_ns:
        frames.playout_ns = min(relative_ns, SHOWN_LATE_NS)
    else:
        frames.playout_ns -= (frames.playout_ns - relative_ns) // 512
    gaps_measure(&frames.shown, frames.ready.last_ns + max(0, frames.playout_ns - relative_ns))


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
    cdef int64_t relative_ns, delay_ns = -1
    if capture_ns and capture_ns < stream.joined_ns:
        return                   # a newcomer was given older frames to start from
    if capture_ns:
        delay_ns = frames.ready.last_ns - capture_ns
        if -20 * MILLISECOND < delay_ns < 60 * SECOND:
            histogram_add(&frames.delay, delay_ns // 1000 if delay_ns > 0 else 0)
        else:
            frames.clock_apart += 1
    if delay_ns > SHOWN_LATE_NS:
        frames.late += 1
    if frames.clock_rate == 0:
        return
    if not frames.has_relative:
        frames.extended_timestamp = 0
    relative_ns = frames.ready.last_ns - ns_from_ticks(frames.extended_timestamp, frames.clock_rate)
    if not frames.has_relative or relative_ns < frames.relative_base_ns:
        frames.relative_base_ns = relative_ns
    frames.has_relative = True
    if not capture_ns and relative_ns - frames.relative_base_ns > SHOWN_LATE_NS:
        frames.late += 1         # no sender report yet: later than the fastest frame, which was on time
    histogram_add(&frames.relative, (relative_ns - frames.relative_base_ns) // 1000)
    frame_show(frames, relative_ns - frames.relative_base_ns)


cdef void frame_note_encoding(Frames* frames) noexcept nogil:
    """A frame can be decoded: is it the first of another encoding?"""
    cdef Switch* switched = &frames.switched[frames.switches % SWITCH_SLOTS]
    if frames.mark == frames.decoded_mark:
        return
    switched.at_ns = frames.arrival_ns
    switched.mark = frames.decoded_mark = frames.mark
    frames.switches += 1


cdef void frame_note_live(Frames* frames) noexcept nogil:
    """A newcomer is given older frames to start from, faster than real time: which was the first that was live?

    One is not when a later frame turns out to have come SHOWN_LATE_NS sooner after its time.
    """
    cdef int64_t later_ns = frames.arrival_ns - frames.first_live_ns
    cdef int32_t ticks = <int32_t>(frames.timestamp - frames.live_timestamp)
    if frames.first_live_ns and (frames.clock_rate == 0 or
                                 later_ns - ns_from_ticks(ticks, frames.clock_rate) > -SHOWN_LATE_NS):
        return
    frames.first_live_ns = frames.arrival_ns
    frames.live_timestamp = frames.timestamp


cdef void frame_end(Incoming* stream) noexcept nogil:
    cdef Frames* frames = &stream.frames
    frames.open = False
    if frames.broken:
        frames.broken_count += 1
        return
    if frames.mark != frames.decoded_mark and not frames.key:
        frames.waits_for_key = True          # numbers go on without a gap, but what it refers to was never seen
    if frames.waits_for_key and not frames.key:
        frames.undecodable += 1
        return
    frames.waits_for_key = False
    frame_note_encoding(frames)
    frames.complete += 1
    frames.key_count += frames.key
    if frames.first_ns == 0:
        frames.first_ns = frames.arrival_ns
    frame_note_live(frames)
    gaps_measure(&frames.ready, frames.arrival_ns)
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
    frames.mark = seen.mark
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
    if seen.mark != frames.mark:
        frames.broken = True     # parts of two encodings make no picture
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
