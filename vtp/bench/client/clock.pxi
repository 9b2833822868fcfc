# Clocks: CLOCK_MONOTONIC drives every timer, CLOCK_REALTIME stamps what is compared between processes.

cdef int64_t MILLISECOND = 1_000_000
cdef int64_t SECOND = 1_000_000_000
cdef int64_t NTP_OFFSET_S = 2208988800       # 1900 to 1970, RFC 5905 section 6


cdef inline uint64_t ntp_from_ns(int64_t realtime_ns) noexcept nogil:
    """64-bit NTP time (seconds and fraction, RFC 3550 section 4) of a Unix time in nanoseconds."""
    cdef uint64_t seconds = <uint64_t>(realtime_ns // 1_000_000_000)
    cdef uint64_t fraction = ((<uint64_t>(realtime_ns % 1_000_000_000)) << 32) // 1_000_000_000
    return ((seconds + <uint64_t>NTP_OFFSET_S) << 32) | fraction


cdef inline int64_t ns_from_ntp(uint64_t ntp) noexcept nogil:
    cdef int64_t seconds = <int64_t>(ntp >> 32) - NTP_OFFSET_S
    return seconds * 1_000_000_000 + <int64_t>(((ntp & 0xFFFFFFFFULL) * 1_000_000_000) >> 32)


cdef inline int64_t ns_from_ticks(int64_t ticks, uint32_t clock_rate) noexcept nogil:
    """RTP ticks as nanoseconds, without overflow however long a run is."""
    cdef int64_t rate = clock_rate
    return (ticks // rate) * 1_000_000_000 + (ticks % rate) * 1_000_000_000 // rate
