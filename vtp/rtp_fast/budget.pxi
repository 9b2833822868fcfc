# What one peer may have of the server's time and of its line: token buckets, each kept as the time up to which it is paid.
#
# See docs/decisions/0060-what-a-hostile-viewer-costs.md.

cdef int64_t RTCP_BYTES_PER_S = 131072           # several times what a browser says of 50 pictures
cdef int64_t RTCP_BURST_NS = SECOND // 2         # 64 KB at once


cdef inline bint affords(int64_t paid_until_ns, int64_t cost_ns, int64_t burst_ns, int64_t now) noexcept nogil:
    """Whether a bucket that holds `burst_ns` of its rate has as much left as something costs."""
    return max(paid_until_ns, now) + cost_ns - now <= burst_ns


cdef inline void pay(int64_t* paid_until_ns, int64_t cost_ns, int64_t now) noexcept nogil:
    paid_until_ns[0] = max(paid_until_ns[0], now) + cost_ns


cdef inline int64_t rtcp_cost_ns(int size) noexcept nogil:
    return size * SECOND // RTCP_BYTES_PER_S
