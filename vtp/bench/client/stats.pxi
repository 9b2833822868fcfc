# The client's figures as dictionaries, read under the lock without stopping the path.

cdef list switches_list(Frames* frames):
    """The last of them, (CLOCK_REALTIME, mark of the encoding from then on), the oldest first."""
    cdef uint64_t i, first = frames.switches - SWITCH_SLOTS if frames.switches > SWITCH_SLOTS else 0
    return [(frames.switched[i % SWITCH_SLOTS].at_ns, frames.switched[i % SWITCH_SLOTS].mark)
            for i in range(first, frames.switches)]


cdef dict frames_dict(Frames* frames, int64_t wall_ns):
    """What a viewer felt; a freeze that still lasts is counted as far as it has come."""
    cdef Gaps* ready = &frames.ready
    cdef int64_t open_gap_ns = wall_ns - ready.last_ns if ready.last_ns else 0
    cdef bint frozen = ready.count > 0 and <double>open_gap_ns > threshold_ns(ready)
    return {
        "frames": frames.complete,
        "frames_broken": frames.broken_count,
        "frames_undecodable": frames.undecodable,
        "key_frames": frames.key_count,
        "first_frame_ns": frames.first_ns,
        "first_live_frame_ns": frames.first_live_ns,
        "last_frame_ns": ready.last_ns,
        "freezes": ready.freezes + frozen,
        "freeze_ns": ready.freeze_ns + (open_gap_ns if frozen else 0),
        "freeze_ended_ns": ready.freeze_ns,
        "shown_freezes": frames.shown.freezes,
        "shown_freeze_ns": frames.shown.freeze_ns,
        "shown_longest_freeze_ns": frames.shown.longest_ns,
        "frames_late": frames.late,
        "clock_apart": frames.clock_apart,
        "mark": frames.decoded_mark,
        "switches": switches_list(frames),
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
        "mark": load.table.magic,
    }


cdef dict counts_dict(ProbeStream* stream):
    """A stream's window; the names are those that ProbeFigures and StreamFigures share."""
    cdef ProbeCounts* counts = &stream.counts
    return {
        "packets": counts.numbers - counts.padding,
        "padding": counts.padding,
        "bytes": counts.bytes,
        "lost": probe_lost(stream),
        "recovered": counts.recovered,
        "skipped": counts.skipped,
        "reordered": counts.reordered,
        "duplicated": counts.duplicated,
        "authenticated": counts.authenticated,
        "authentication_failed": counts.failed,
        "resynchronized": counts.resynchronized,
        "untimed": counts.untimed,
        "nacks": counts.nacks,
        "key_frame_requests": counts.plis,
    }


cdef list streams_list(Probe* probe):
    """The window of each stream by itself, in the order of adding, by the names of load_figures.StreamFigures."""
    cdef int i
    cdef ProbeStream* stream
    cdef list streams = []
    for i in range(probe.stream_count):
        stream = &probe.streams[i]
        streams.append({
            "kind": "video" if stream.video else "audio",
            "ssrc": stream.report.ssrc,
            "timed": stream.counts.timed,
            "delay_us": stream.counts.delay_us,
            "largest_us": stream.counts.largest_us,
            **counts_dict(stream),
        })
    return streams


cdef dict probe_dict(Probe* probe, int64_t wall_ns):
    """A probe's window until now, its streams added up; the names are those of load_figures.ProbeFigures."""
    cdef int i
    cdef ProbeStream none
    cdef dict total, figures
    memset(&none, 0, sizeof(ProbeStream))
    total = counts_dict(&none)
    for i in range(probe.stream_count):
        figures = counts_dict(&probe.streams[i])
        for name in total:
            total[name] += figures[name]
    return {
        "streams": probe.stream_count,
        "started_ns": probe.started_ns,
        "ended_ns": wall_ns,
        "first_packet_ns": probe.first_ns,
        "dropped_here": probe.drops - probe.drops_before,
        "delay": histogram_dict(&probe.delay),
        **total,
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
        "feedback_arrived": client.feedback_arrived,
        "feedback_missing": client.feedback_missing,
        "incoming": [incoming_dict(client.incoming[i], wall_ns) for i in range(client.incoming_count)],
        "outgoing": [outgoing_dict(client.outgoing[i]) for i in range(client.outgoing_count)],
    }
