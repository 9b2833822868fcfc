# Delays in buckets 1.5 % wide: fixed memory, mergeable by adding, percentiles without keeping samples.

cdef extern from *:
    """
    #define client_top_bit(value) (63 - __builtin_clzll((unsigned long long)(value)))
    """
    int client_top_bit(int64_t value) nogil

cdef enum:
    HISTOGRAM_STEPS = 64         # per doubling
    HISTOGRAM_STEP_BITS = 6
    HISTOGRAM_BUCKETS = 1408     # up to 2^27 microseconds, two minutes


cdef struct Histogram:
    uint64_t count
    int64_t smallest_us
    int64_t largest_us
    uint32_t[HISTOGRAM_BUCKETS] buckets


cdef inline int histogram_bucket(int64_t value_us) noexcept nogil:
    """Values below 128 have buckets of their own; above, the doubling and its 64th part."""
    cdef int doubling, bucket
    if value_us < HISTOGRAM_STEPS:
        return <int>value_us if value_us > 0 else 0
    doubling = client_top_bit(value_us) - HISTOGRAM_STEP_BITS
    bucket = doubling * HISTOGRAM_STEPS + <int>(value_us >> doubling)
    return bucket if bucket < HISTOGRAM_BUCKETS else HISTOGRAM_BUCKETS - 1


cdef inline void histogram_add(Histogram* histogram, int64_t value_us) noexcept nogil:
    if histogram.count == 0 or value_us < histogram.smallest_us:
        histogram.smallest_us = value_us
    if histogram.count == 0 or value_us > histogram.largest_us:
        histogram.largest_us = value_us
    histogram.count += 1
    histogram.buckets[histogram_bucket(value_us)] += 1


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
