# The timetable of a load: which packet leaves when, and how large it is. No clock and no state in here.

cdef inline uint64_t mixed(uint64_t z) noexcept nogil:
    """splitmix64's output function."""
    z += 0x9E3779B97F4A7C15ULL
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL
    return z ^ (z >> 31)


cdef inline int64_t unit_ns(const Timetable* times, int64_t unit) noexcept nogil:
    """When a unit begins, after the first one; exact over any time."""
    return (unit // times.units_per_s) * 1_000_000_000 + (unit % times.units_per_s) * 1_000_000_000 // times.units_per_s


cdef inline int64_t packet_ns(const Timetable* times, int64_t packet) noexcept nogil:
    """When a packet is due, after packet 0."""
    cdef int64_t burst = (packet % times.packets_per_unit) // times.burst_packets
    return unit_ns(times, packet // times.packets_per_unit) + burst * times.burst_interval_ns


cdef inline int burst_left(const Timetable* times, int64_t packet) noexcept nogil:
    """Packets of the burst from this one on."""
    cdef int index = <int>(packet % times.packets_per_unit)
    cdef int end = (index // times.burst_packets + 1) * times.burst_packets
    return (end if end < times.packets_per_unit else times.packets_per_unit) - index


cdef void unit_sizes(const Timetable* times, int64_t unit, uint16_t* sizes) noexcept nogil:
    """Bytes of each RTP packet of a unit: evenly spread over the range, in an order that the seed gives."""
    cdef int i, other, count = times.packets_per_unit
    cdef uint16_t kept
    cdef uint64_t random = mixed(times.seed ^ <uint64_t>unit)
    for i in range(count):
        sizes[i] = <uint16_t>(times.largest if count == 1 else
                              times.smallest + (times.largest - times.smallest) * i // (count - 1))
    for i in range(count - 1, 0, -1):
        random = mixed(random)
        other = <int>(random % <uint64_t>(i + 1))
        kept = sizes[i]
        sizes[i] = sizes[other]
        sizes[other] = kept
