# Receiver reports: what a client says of the streams that reach it (RFC 3550 section 6.4), watched or probed.

cdef enum:
    REPORT_BLOCKS = 31           # of one report: five bits tell how many


cdef void report_begin(Reception* report, int64_t number) noexcept nogil:
    """The stream begins, or begins again, with this extended sequence number."""
    report.base = number
    report.highest = number - 1
    report.direct = 0
    report.direct_before = 0
    report.expected_before = 0


cdef inline void report_jitter(
        Reception* report, uint32_t timestamp, uint32_t clock_rate, int64_t arrival_ns) noexcept nogil:
    """Interarrival jitter, RFC 3550 section 6.4.1 and appendix A.8."""
    cdef int64_t seconds = arrival_ns // 1_000_000_000
    cdef int64_t arrival = seconds * clock_rate + (arrival_ns % 1_000_000_000) * clock_rate // 1_000_000_000
    cdef int64_t transit = <int32_t>(<uint32_t>(arrival) - timestamp)
    cdef int64_t difference = transit - report.transit
    if report.has_transit and -<int64_t>clock_rate * 10 < difference < <int64_t>clock_rate * 10:
        report.jitter += (<double>(difference if difference >= 0 else -difference) - report.jitter) / 16.0
    report.transit = transit
    report.has_transit = True


cdef void report_take_sender(Reception* report, const uint8_t* sender_report, int64_t now_ns) noexcept nogil:
    """A sender report of at least 28 bytes, RFC 3550 section 6.4.1."""
    report.sender_ntp = read64(sender_report + 8)
    report.sender_timestamp = read32(sender_report + 16)
    report.sender_report_ns = now_ns
    report.sender_reports += 1


cdef inline uint8_t lost_fraction(int64_t expected, int64_t lost) noexcept nogil:
    """In 256ths; 255 when everything is lost."""
    if expected <= 0 or lost <= 0:
        return 0
    return <uint8_t>(lost * 256 // expected) if lost < expected else 255


cdef int report_block(uint8_t* out, Reception* report, int64_t now_ns) noexcept nogil:
    """24 bytes about one incoming stream, RFC 3550 section 6.4.1 and appendix A.3."""
    cdef uint64_t expected = <uint64_t>(report.highest - report.base + 1)
    cdef int64_t lost = <int64_t>expected - <int64_t>report.direct
    cdef int64_t expected_now = <int64_t>(expected - report.expected_before)
    cdef int64_t lost_now = expected_now - <int64_t>(report.direct - report.direct_before)
    report.expected_before = expected
    report.direct_before = report.direct
    if lost > 0x7FFFFF:
        lost = 0x7FFFFF
    elif lost < -0x800000:
        lost = -0x800000
    write32(out, report.ssrc)
    out[4] = lost_fraction(expected_now, lost_now)
    write24(out + 5, <uint32_t>(lost & 0xFFFFFF))
    write32(out + 8, <uint32_t>((report.highest - 65536)))
    write32(out + 12, <uint32_t>report.jitter)
    if report.sender_report_ns:
        write32(out + 16, <uint32_t>((report.sender_ntp >> 16)))
        write32(out + 20, <uint32_t>((now_ns - report.sender_report_ns) * 65536 // 1_000_000_000))
    else:
        write64(out + 16, 0)
    return 24


cdef inline Reception* reception_at(Client* client, int index) noexcept nogil:
    """What is reported of the client's stream `index`, watched or probed; NULL when it has not started."""
    if client.probe != NULL:
        return &client.probe.streams[index].report if client.probe.streams[index].started else NULL
    return &client.incoming[index].report if client.incoming[index].started else NULL


cdef int rtcp_receiver_report(uint8_t* out, Client* client, int64_t now_ns, int* next_stream) noexcept nogil:
    """A receiver report with the CNAME over the streams from `next_stream` on that have started; 0 without any.

    31 fit one report (RFC 3550 section 6.4.2). `next_stream` is moved behind the last, to -1 when that was all.
    """
    cdef int at = 8, count = 0, index = next_stream[0]
    cdef int streams = client.probe.stream_count if client.probe != NULL else client.incoming_count
    cdef Reception* report
    while index < streams and count < REPORT_BLOCKS:
        report = reception_at(client, index)
        if report != NULL:
            at += report_block(out + at, report, now_ns)
            count += 1
        index += 1
    next_stream[0] = index if index < streams else -1
    if count == 0:
        return 0
    rtcp_header(out, count, RTCP_RR, at)
    write32(out + 4, client.reporter_ssrc)
    return at + rtcp_sdes(out + at, client.reporter_ssrc, client.cname, client.cname_length)
