# What the loop tells Python: a bounded ring, read by Engine.poll_events under the lock.

cdef enum:
    ON_DTLS = 1                  # data: the datagram
    ON_CONNECTED = 2             # a check was answered; value: the round trip in nanoseconds, 0: unknown
    ON_EXPIRED = 3               # 30 s without an answer to a consent check (RFC 7675)
    ON_KEY_FRAME_WANTED = 4      # value: index of the outgoing stream
    ON_MEDIA_STARTED = 5         # the first authenticated SRTP or SRTCP packet
    ON_BYE = 6                   # value: the SSRC
    ON_UNIT_DROPPED = 7          # value: index of the outgoing stream; its pacer is a whole ring behind


cdef void emit(Core* core, int kind, int64_t client, int64_t value, const void* data, int length) noexcept nogil:
    cdef Event* event
    if core.event_count == EVENT_SLOTS or length > EVENT_BYTES:
        core.events_dropped += 1
        return
    event = &core.events[(core.event_head + core.event_count) % EVENT_SLOTS]
    event.kind = kind
    event.client = client
    event.value = value
    event.length = length
    if length:
        memcpy(event.data, data, length)
    core.event_count += 1
    core.event_signal = True


cdef inline uint64_t core_random(Core* core) noexcept nogil:
    """splitmix64; seeded from the system, used for transaction ids and first sequence numbers."""
    cdef uint64_t z
    z = mixed(core.random_state)
    core.random_state += 0x9E3779B97F4A7C15ULL
    return z
