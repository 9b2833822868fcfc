# The client's figures as dictionaries, read under the lock without stopping the path.

cdef dict histogram_dict(Histogram* histogram):
    """Buckets as {lower bound in microseconds: count}, to be added up over clients."""
    cdef int i
    cdef dict buckets = {}
    for i in range(HISTOGRAM_BUCKETS):
        if histogram.buckets[i]:
            buckets[bucket_us(i)] = histogram.buckets[i]
    return {"count": histogram.count, "min_us": histogram.smallest_us, "max_us": histogram.largest_us,
            "buckets": buckets}


cdef int64_t bucket_us(int bucket) noexcept nogil:
    """The middle of a bucket."""
    cdef int doubling
    if bucket < 2 * HISTOGRAM_STEPS:
        return bucket
    doubling = bucket // HISTOGRAM_STEPS - 1
    return ((<int64_t>(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS)) << doubling) + (1 << (doubling - 1))


cdef dict frames_dict(Frames* frames, int64_t wall_ns):
    """What a viewer felt; a freeze that still lasts is counted as far as it has come."""
    cdef int64_t open_gap_ns = wall_ns - frames.last_ns if frames.last_ns else 0
    cdef bint frozen = frames.gaps > 0 and <double>open_gap_ns > threshold_ns(frames)
    return {
        "frames": frames.complete,
        "frames_broken": frames.broken_count,
        "frames_undecodable": frames.undecodable,
        "key_frames": frames.key_count,
        "first_frame_ns": frames.first_ns,
        "last_frame_ns": frames.last_ns,
        "freezes": frames.freezes + frozen,
        "freeze_ns": frames.freeze_ns + (open_gap_ns if frozen else 0),
        "clock_apart": frames.clock_apart,
        "delay": histogram_dict(&frames.delay),
        "relative_delay": histogram_dict(&frames.relative),
    }


cdef dict incoming_dict(Incoming* stream, int64_t wall_ns):
    cdef dict figures = {
        "ssrc": stream.report.ssrc,
        "kind": "video" if stream.video else "audio",
        "codec": stream.last_codec,
        "payload_type": stream.last_payload_type,
        "packets": stream.packets,
        "bytes": stream.bytes,
        "payload_bytes": stream.payload_bytes,
        "missing": stream.missing,
        "waiting": stream.holes.count,
        "recovered": stream.recovered,
        "reordered": stream.reordered,
        "duplicates": stream.duplicates,
        "lost": stream.lost,
        "late": stream.late,
        "resets": stream.resets,
        "nacks": stream.nacks,
        "plis": stream.plis,
        "jitter": stream.report.jitter,
        "sender_reports": stream.report.sender_reports,
        "sender_ntp": stream.report.sender_ntp,
        "sender_timestamp": stream.report.sender_timestamp,
    }
    figures.update(frames_dict(&stream.frames, wall_ns))
    return figures


cdef dict outgoing_dict(Outgoing* stream):
    return {
        "ssrc": stream.ssrc,
        "kind": "video" if stream.video else "audio",
        "packets": stream.packets,
        "bytes": stream.bytes,
        "payload_bytes": stream.payload_bytes,
        "units": stream.units_sent,
        "units_waiting": stream.unit_count,
        "units_dropped": stream.units_dropped,
        "resent": stream.resent,
        "resend_missed": stream.resend_missed,
        "nacks": stream.nacks,
        "key_requests": stream.key_requests,
        "fraction_lost": stream.fraction_lost / 256.0,
        "lost": stream.lost,
        "rtt_ns": stream.rtt_ns,
        **load_dict(stream.load),
    }


cdef dict load_dict(Load* load):
    """What a load adds to its stream's figures; nothing for streams that Python feeds."""
    if load == NULL:
        return {}
    return {
        "load_units": load.units,
        "load_key_units": load.key_units,
        "late_bursts": load.late_bursts,
        "latest_ns": load.latest_ns,
    }


cdef dict probe_dict(Probe* probe, int64_t wall_ns):
    """A probe's window until now; the names are those of load_figures.ProbeFigures."""
    return {
        "started_ns": probe.started_ns,
        "ended_ns": wall_ns,
        "first_packet_ns": probe.first_ns,
        "packets": probe.numbers - probe.padding,
        "padding": probe.padding,
        "bytes": probe.bytes,
        "lost": max(0, probe_lost(probe)),
        "recovered": probe.recovered,
        "skipped": probe.skipped,
        "reordered": probe.reordered,
        "duplicated": probe.duplicated,
        "authenticated": probe.authenticated,
        "authentication_failed": probe.failed,
        "resynchronized": probe.resynchronized,
        "untimed": probe.untimed,
        "nacks": probe.nacks,
        "key_frame_requests": probe.plis,
        "dropped_here": probe.drops - probe.drops_before,
        "delay": histogram_dict(&probe.delay),
    }


cdef dict client_dict(Client* client, int64_t wall_ns):
    cdef int i
    return {
        "connected": client.selected >= 0,
        "expired": bool(client.expired),
        "rtt_ns": client.rtt_ns,
        "remb_bps": client.remb_bps,
        "datagrams_received": client.datagrams_received,
        "datagrams_sent": client.datagrams_sent,
        "unprotect_failed": client.unprotect_failed,
        "replayed": client.replayed,
        "unknown_streams": client.unknown_streams,
        "malformed": client.malformed,
        "send_failed": client.send_failed,
        "checks_sent": client.checks_sent,
        "feedback_sent": client.feedback_sent,
        "feedback_received": client.feedback_received,
        "incoming": [incoming_dict(client.incoming[i], wall_ns) for i in range(client.incoming_count)],
        "outgoing": [outgoing_dict(client.outgoing[i]) for i in range(client.outgoing_count)],
    }
