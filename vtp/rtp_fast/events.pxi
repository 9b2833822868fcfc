# Events towards the control plane: a bounded ring, read by Worker.poll_events under the same lock.

EVENT_DTLS = 1
EVENT_ICE_CONNECTED = 2
EVENT_ICE_SELECTED = 3
EVENT_ICE_DISCONNECTED = 4
EVENT_ICE_RECONNECTED = 5
EVENT_ICE_EXPIRED = 6
EVENT_MEDIA_STARTED = 7
EVENT_PRODUCER_STARTED = 8
EVENT_PRODUCER_SELF_PACED = 9
EVENT_BYE = 10
EVENT_CONSUMER_STARTED = 11
EVENT_OVERFLOW = 12
EVENT_LAYERS_CHANGED = 13
EVENT_LAYER_UNWATCHED = 14
EVENT_LAYER_WATCHED = 15
EVENT_BANDWIDTH = 16
EVENT_TUPLE = 17

cdef enum:
    ON_DTLS = 1
    ON_ICE_CONNECTED = 2
    ON_ICE_SELECTED = 3
    ON_ICE_DISCONNECTED = 4
    ON_ICE_RECONNECTED = 5
    ON_ICE_EXPIRED = 6
    ON_MEDIA_STARTED = 7
    ON_PRODUCER_STARTED = 8
    ON_PRODUCER_SELF_PACED = 9
    ON_BYE = 10
    ON_CONSUMER_STARTED = 11
    ON_OVERFLOW = 12
    ON_LAYERS_CHANGED = 13       # of a consumer: spatial, temporal; -1, -1: nothing
    ON_LAYER_UNWATCHED = 14      # of a producer: the layer
    ON_LAYER_WATCHED = 15
    ON_BANDWIDTH = 16
    ON_TUPLE = 17                # of a plain transport: the peer's media comes from this address now


cdef int emit(Core* core, int kind, int64_t object_id, const void* data, int length) noexcept nogil:
    """Queues one event; a full ring counts what it drops and says so with the next poll. Its end is not for DTLS."""
    cdef Event* event
    if core.event_count >= (EVENT_RING - EVENT_RESERVE if kind == ON_DTLS else EVENT_RING) or length > 2048:
        core.counters.events_dropped += 1
        return -1
    event = &core.events[(core.event_head + core.event_count) % EVENT_RING]
    event.kind = kind
    event.object_id = object_id
    event.length = length
    if length:
        memcpy(event.data, data, length)
    core.event_count += 1
    core.event_signal = 1
    return 0
