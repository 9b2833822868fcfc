# Delays in buckets 3 % wide: fixed memory, mergeable by adding, percentiles without keeping samples.

cdef enum:
    HISTOGRAM_STEPS = 32         # per doubling
    HISTOGRAM_DOUBLINGS = 27     # up to 2^27 microseconds, two minutes
    HISTOGRAM_BUCKETS = 864


cdef struct Histogram:
    uint64_t count
    int64_t smallest_us
    int64_t largest_us
    uint32_t[HISTOGRAM_BUCKETS] buckets


cdef inline int histogram_bucket(int64_t value_us) noexcept nogil:
    """Values below 32 have buckets of their own; above, the doubling and its 32nd part."""
    cdef int doubling = 0
    cdef int bucket
    if value_us < HISTOGRAM_STEPS:
        return <int>value_us if value_us > 0 else 0
    while (value_us >> doubling) >= 2 * HISTOGRAM_STEPS:
        doubling += 1
    bucket = (doubling + 1) * HISTOGRAM_STEPS + <int>(value_us >> doubling) - HISTOGRAM_STEPS
    return bucket if bucket < HISTOGRAM_BUCKETS else HISTOGRAM_BUCKETS - 1


cdef inline void histogram_add(Histogram* histogram, int64_t value_us) noexcept nogil:
    if histogram.count == 0 or value_us < histogram.smallest_us:
        histogram.smallest_us = value_us
    if histogram.count == 0 or value_us > histogram.largest_us:
        histogram.largest_us = value_us
    histogram.count += 1
    histogram.buckets[histogram_bucket(value_us)] += 1
