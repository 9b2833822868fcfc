# What one peer may have of the server's time and of its line: token buckets, each kept as the time up to which it is paid.
#
# See docs/decisions/0060-what-a-hostile-viewer-costs.md.

cdef int64_t RTCP_BYTES_PER_S = 131072           # several times what a browser says of 50 pictures
cdef int64_t RTCP_BURST_NS = SECOND // 2         # 64 KB at once
cdef double RESEND_SHARE = 0.5                   # of what the link to a viewer carries, for packets sent again
cdef double RESEND_LEAST_BPS = 500e3
cdef double RESEND_MOST_BPS = 20e6
cdef double RESEND_UNKNOWN_BPS = 2e6             # of a viewer whose link nothing is known of
cdef int64_t RESEND_BURST_NS = 250 * MILLISECOND


cdef inline bint affords(int64_t paid_until_ns, int64_t cost_ns, int64_t burst_ns, int64_t now) noexcept nogil:
    """Whether a bucket that holds `burst_ns` of its rate has as much left as something costs."""
    return max(paid_until_ns, now) + cost_ns - now <= burst_ns


cdef inline void pay(int64_t* paid_until_ns, int64_t cost_ns, int64_t now) noexcept nogil:
    paid_until_ns[0] = max(paid_until_ns[0], now) + cost_ns


cdef inline int64_t rtcp_cost_ns(int size) noexcept nogil:
    return size * SECOND // RTCP_BYTES_PER_S


cdef inline int64_t resend_cost_ns(double available_bps, int bytes) noexcept nogil:
    """What it costs to send a viewer `bytes` again; `available_bps`: what its link carries, 0: unknown."""
    cdef double bps = RESEND_UNKNOWN_BPS
    if available_bps > 0:
        bps = max(RESEND_LEAST_BPS, min(available_bps * RESEND_SHARE, RESEND_MOST_BPS))
    return <int64_t>(bytes * 8e9 / bps)
