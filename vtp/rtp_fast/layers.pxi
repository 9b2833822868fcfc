# Which encoding of a picture each viewer gets, and how it changes without a seam (decision 0046).
#
# The control plane sets a target, `aim` finds the goal that can be had, and the viewer goes over to it at a key frame.
# What is left out within a stream is in selection.pxi.

cdef int64_t FALLEN_NS = 700 * MILLISECOND       # an encoding so far behind the others has stopped
cdef int64_t FRESH_NS = 500 * MILLISECOND        # a key frame in the ring that a viewer may go down to at once
cdef int64_t FINISH_NS = 30 * MILLISECOND        # how long a switch waits for the end of the frame in hand
cdef int64_t WATCHED_NS = 2 * SECOND             # for so long an encoding goes through a pipe that nobody names any more
cdef int64_t UNWATCHED_NS = 5 * SECOND
cdef int64_t FIRST_FIGURES_NS = 250 * MILLISECOND    # of one whose first second is not over

cdef enum:
    BEHIND_MS = 75               # mediasoup's bound for a switch without another key frame
    PASS_BY = 3                  # key frames that may be too far behind; then it is the stream itself that is late
    HASTE = 6                    # what lies in the past is shown in a 64th of its time


cdef inline uint8_t bit_of(Stream* stream) noexcept nogil:
    return <uint8_t>(1 << (stream - &stream.producer.streams[0]))


cdef inline Stream* stream_of_layer(Producer* producer, int layer) noexcept nogil:
    """The encoding that is spatial layer `layer`, the smallest being 0."""
    return &producer.streams[producer.stream_count - 1 - layer if producer.reversed else layer]


cdef inline int layer_of(Stream* stream) noexcept nogil:
    cdef int index = <int>(stream - &stream.producer.streams[0])
    return stream.producer.stream_count - 1 - index if stream.producer.reversed else index


# --- what can be had -----------------------------------------------------------------------------------------


cdef inline void note_alive(Core* core, Stream* stream, int64_t now) noexcept nogil:
    """A packet came: who waits for this encoding may have it."""
    cdef Producer* producer = stream.producer
    if producer.stream_count > 1 and not producer.alive & bit_of(stream):
        producer.alive |= bit_of(stream)
        aim_all(core, producer, now)


cdef void follow_alive(Core* core, Producer* outlet, uint8_t alive, uint8_t reversed, int64_t now) noexcept nogil:
    """What a pipe tells of the encodings at home, those that it does not carry among them."""
    if outlet.alive != alive or outlet.reversed != reversed:
        outlet.alive = alive
        outlet.reversed = reversed
        aim_all(core, outlet, now)


cdef void poll_alive(Core* core, Producer* producer, int64_t now) noexcept nogil:
    """Finds encodings that fell silent while others go on, and in which order their sizes are."""
    cdef Stream* first = &producer.streams[0]
    cdef Stream* last = &producer.streams[producer.stream_count - 1]
    cdef int64_t newest = 0
    cdef uint8_t alive = 0, turned = producer.reversed
    cdef int i
    for i in range(producer.stream_count):
        if producer.streams[i].started:
            newest = max(newest, producer.streams[i].last_arrival_ns)
    for i in range(producer.stream_count):
        if producer.streams[i].started and newest - producer.streams[i].last_arrival_ns < FALLEN_NS:
            alive |= <uint8_t>(1 << i)
    if first.width and last.width:
        turned = first.width * first.height > last.width * last.height
    if alive == producer.alive and turned == producer.reversed:
        return
    producer.alive = alive
    producer.reversed = turned
    producer.key_mask &= alive
    producer.key_wanted = producer.key_mask != 0
    aim_all(core, producer, now)


cdef Stream* goal_of(Consumer* consumer, Producer* producer) noexcept nogil:
    """The highest encoding that sends up to the viewer's target, else the lowest above it; NULL: it wants nothing."""
    cdef int top = min(<int>consumer.target_spatial, producer.stream_count - 1), layer
    cdef Stream* stream
    if producer.stream_count == 1 or not consumer.video:
        return &producer.streams[0] if top >= 0 else NULL
    if top < 0:
        return NULL
    for layer in range(top, -1, -1):
        stream = stream_of_layer(producer, layer)
        if producer.alive & bit_of(stream):
            return stream
    for layer in range(top + 1, producer.stream_count):
        stream = stream_of_layer(producer, layer)
        if producer.alive & bit_of(stream):
            return stream
    return stream_of_layer(producer, 0)


cdef void aim_all(Core* core, Producer* producer, int64_t now) noexcept nogil:
    cdef int i
    for i in range(producer.consumer_count):
        if producer.consumers[i].source == producer:
            aim(core, producer.consumers[i], now)


cdef void aim(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    """Finds what the viewer is to get of its source now, and sets out for it."""
    cdef Producer* producer = consumer.source
    consumer.goal = goal_of(consumer, producer) if producer != NULL else NULL
    consumer.switching = 0
    consumer.passed_by = 0
    if consumer.goal == NULL:
        if producer != NULL and consumer.state != STATE_WAITING:
            stop_replay(core, consumer, STATE_WAITING)
        return
    if consumer.paused or not consumer.video:
        return
    watch(core, producer, consumer, now)
    if consumer.state != STATE_WAITING and consumer.stream != consumer.goal:
        hurry(core, consumer)
        follow_goal(core, consumer, now)


cdef void set_target(Core* core, Consumer* consumer, int spatial, int temporal, bint urgent,
                     int64_t now) noexcept nogil:
    """`urgent`: down from the ring at once, though half a second is then seen twice."""
    cdef bint waits = consumer.target_spatial < 0
    consumer.target_spatial = <int8_t>spatial
    consumer.target_temporal = <int8_t>temporal
    consumer.urgent = urgent
    aim(core, consumer, now)
    if waits and spatial >= 0 and not consumer.paused:
        ask_anew(core, consumer, now)
    hurry(core, consumer)


cdef inline Stream* wanted_stream(Consumer* consumer) noexcept nogil:
    """Whose key frame helps this viewer, which has a source."""
    cdef Producer* producer = consumer.wanted if consumer.wanted != NULL else consumer.source
    cdef Stream* goal = goal_of(consumer, producer)
    return goal if goal != NULL else stream_of_layer(producer, 0)


# --- going over ----------------------------------------------------------------------------------------------


cdef inline bint suits(Consumer* consumer, Stream* stream) noexcept nogil:
    """Whether one who has nothing may begin with this encoding: the goal, or one below it while that one is awaited."""
    cdef Stream* goal = goal_of(consumer, stream.producer)
    return goal == stream or (goal != NULL and layer_of(stream) < layer_of(goal))


cdef bint ring_serves(Consumer* consumer, Stream* stream, int64_t age_ns, int64_t now) noexcept nogil:
    """Whether the ring holds a key frame, younger than `age_ns`, that this viewer can start from."""
    return ring_holds_key_frame(stream) and key_frame_has_its_start(stream) and now - stream.key_frame_ns < age_ns and \
        consumer.payload_type[stream.ring[stream.key_frame % stream.ring_size].codec] >= 0


cdef void follow_goal(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    """For one who gets another encoding than it is to get: from the ring at once where that may be, else it asks.

    What the ring has is older than what the viewer has seen, so that is for who must go down, or sees nothing new.
    """
    cdef Stream* goal = consumer.goal
    cdef bint down = layer_of(goal) < layer_of(consumer.stream)
    cdef bint dead = not goal.producer.alive & bit_of(consumer.stream)
    if consumer.switching:
        if now - consumer.switch_ns >= FINISH_NS:
            go_over(core, consumer, now)
    elif down and consumer.urgent and ring_serves(consumer, goal, FRESH_NS, now) or \
            dead and ring_serves(consumer, goal, REPLAY_AGE_NS, now) and (goal.producer.self_paced or
                                                                         behind(consumer, goal, now) <= 0):
        begin(core, consumer, goal, goal.key_frame, now)
    elif not goal.producer.key_mask & bit_of(goal) and takes_codec_of(consumer, goal):
        want_key_frame_of(core, goal, now)


cdef void consider(Core* core, Consumer* consumer, Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    """A packet of an encoding that this viewer does not get: it starts with it, goes over to it, or nothing.

    The frame in hand is finished first, unless it is of a later picture than the key frame: time would be seen to go back.
    """
    cdef int64_t late
    if consumer.state == STATE_WAITING:
        if may_start(consumer, stream, slot) and not rests(consumer, now) and suits(consumer, stream):
            begin(core, consumer, stream, starting_number(consumer, stream, slot), now)
        return
    if stream != consumer.goal:
        return
    if consumer.switching:
        if now - consumer.switch_ns >= FINISH_NS:
            go_over(core, consumer, now)
    elif may_start(consumer, stream, slot):
        late = behind(consumer, stream, now) * 1000 // stream.clock_rate
        if late > BEHIND_MS and consumer.passed_by < PASS_BY:
            consumer.passed_by += 1
            want_key_frame_of(core, stream, now)
        elif late <= 0 and consumer.frame_open and now - consumer.last_sent_ns < FINISH_NS:
            consumer.switching = 1
            consumer.switch_ns = now
        else:
            begin(core, consumer, stream, stream.key_frame, now)


cdef inline bint must_go_over(Consumer* consumer, Slot* slot, int64_t now) noexcept nogil:
    """Whether this packet of the stream before begins another frame, or the one in hand takes too long."""
    return <int32_t>(shown_timestamp(&consumer.leg, slot.packet.timestamp) - consumer.last_timestamp) > 0 or \
        now - consumer.switch_ns >= FINISH_NS


cdef void go_over(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    cdef Stream* goal = consumer.goal
    consumer.switching = 0
    if goal == NULL or goal == consumer.stream:
        return
    if ring_serves(consumer, goal, ANY_AGE_NS, now):         # another key frame may have begun, without its start
        begin(core, consumer, goal, goal.key_frame, now)
    else:
        want_key_frame_of(core, goal, now)


# --- time ----------------------------------------------------------------------------------------------------


cdef inline uint32_t shown_timestamp(const Leg* leg, uint32_t timestamp) noexcept nogil:
    """The source's timestamp as the viewer is told it."""
    if leg.hastens and <int32_t>(timestamp - leg.hasten_until) < 0 and <int32_t>(timestamp - leg.hasten_from) >= 0:
        return leg.hasten_to + ((timestamp - leg.hasten_from) >> HASTE)
    return timestamp + leg.timestamp_offset


cdef int64_t behind(Consumer* consumer, Stream* stream, int64_t now) noexcept nogil:
    """How far the last key frame of `stream` lies before what the viewer has seen, in ticks of its clock."""
    cdef Slot* first = &stream.ring[stream.key_frame % stream.ring_size]
    return <int32_t>(consumer.last_timestamp - first.packet.timestamp - offset_for(consumer, stream, first, now))


cdef uint32_t offset_for(Consumer* consumer, Stream* stream, Slot* first, int64_t now) noexcept nogil:
    """The timestamp offset with which `stream` goes on where the viewer is, from its packet `first` on.

    Another encoding of the same picture: by both streams' sender reports, or when these cannot be, by when packets
    came. Another picture: by the time since the viewer's last packet.
    """
    cdef Stream* before = consumer.stream
    cdef int64_t elapsed = now - consumer.last_sent_ns, apart, bound
    cdef uint32_t offset
    cdef Slot* last
    if before == NULL or before.producer != stream.producer or consumer.leg.stream != before or before.newest < 0:
        if elapsed < 10 * MILLISECOND:
            elapsed = 10 * MILLISECOND
        return consumer.last_timestamp + <uint32_t>(elapsed * stream.clock_rate // SECOND) - first.packet.timestamp
    bound = (elapsed + 2 * SECOND) // MILLISECOND * stream.clock_rate // 1000
    if before.sr_arrival_ns and stream.sr_arrival_ns:
        apart = <int64_t>(stream.sr_ntp - before.sr_ntp)
        if -(<int64_t>60 << 32) < apart < <int64_t>60 << 32:
            offset = consumer.leg.timestamp_offset + before.sr_rtp - stream.sr_rtp + \
                <uint32_t><int32_t>(apart // 65536 * stream.clock_rate // 65536)
            if -bound < <int32_t>(first.packet.timestamp + offset - consumer.last_timestamp) < bound:
                return offset
    last = &before.ring[before.newest % before.ring_size]
    apart = (first.arrival_ns - last.arrival_ns) // 1000 * stream.clock_rate // 1000000
    return consumer.leg.timestamp_offset + last.packet.timestamp + <uint32_t><int32_t>apart - first.packet.timestamp


cdef void hasten(Consumer* consumer, uint32_t first) noexcept nogil:
    """Puts what lies before the viewer's last timestamp behind it, close together, so that time never goes back."""
    cdef Leg* leg = &consumer.leg
    cdef int32_t past = <int32_t>(consumer.last_timestamp - first - leg.timestamp_offset)
    leg.hastens = consumer.sent_any and past >= 0
    leg.hasten_from = first
    leg.hasten_until = first + <uint32_t>(past + (past >> 5) + 90)       # where the true time is ahead of the hastened
    leg.hasten_to = consumer.last_timestamp + 1


# --- legs ----------------------------------------------------------------------------------------------------


cdef void keep_leg(Consumer* consumer) noexcept nogil:
    """Remembers how packets were shown until now, for those that are asked for again."""
    if consumer.layers != NULL and consumer.leg.stream != NULL:
        consumer.layers.legs[consumer.leg.generation % LEGS_KEPT] = consumer.leg


cdef void forget_legs(Consumer* consumer) noexcept nogil:
    """Its source goes: no leg may point at it."""
    consumer.leg.stream = NULL
    consumer.goal = NULL
    if consumer.layers != NULL:
        memset(consumer.layers.legs, 0, sizeof(consumer.layers.legs))


cdef Leg* leg_of(Consumer* consumer, uint8_t generation) noexcept nogil:
    """The leg that a history entry names; NULL when it is too long ago."""
    cdef Leg* leg = &consumer.leg
    if leg.generation != generation:
        if consumer.layers == NULL:
            return NULL
        leg = &consumer.layers.legs[generation % LEGS_KEPT]
    return leg if leg.stream != NULL and leg.generation == generation else NULL


# --- who watches what ----------------------------------------------------------------------------------------


cdef inline void mark_watched(Core* core, Stream* stream, int64_t now) noexcept nogil:
    cdef Producer* producer = stream.producer
    stream.watched_ns = now
    if producer.inlet != NULL:
        vtp_store(&producer.inlet.watched, vtp_load(&producer.inlet.watched) | bit_of(stream))
    elif stream.unwatched and tell_layer(core, ON_LAYER_WATCHED, stream):
        stream.unwatched = 0


cdef bint tell_layer(Core* core, int kind, Stream* stream) noexcept nogil:
    cdef uint8_t layer = <uint8_t>layer_of(stream)
    return core.event_count < EVENT_RING - EVENT_RESERVE and emit(core, kind, stream.producer.id, &layer, 1) == 0


cdef void watch(Core* core, Producer* producer, Consumer* consumer, int64_t now) noexcept nogil:
    """Books what a viewer's target names, what it gets meanwhile and what it is to get."""
    if producer.stream_count == 1 or consumer.target_spatial < 0:
        return
    mark_watched(core, stream_of_layer(producer, min(<int>consumer.target_spatial, producer.stream_count - 1)), now)
    if consumer.source == producer and consumer.goal != NULL:
        mark_watched(core, consumer.goal, now)
        if consumer.stream != NULL and consumer.stream.producer == producer:
            mark_watched(core, consumer.stream, now)


cdef void poll_watched(Core* core, Producer* producer, int64_t now) noexcept nogil:
    """Counts anew who watches which encoding; tells the control plane, or the Worker at the pipe's other end."""
    cdef Pipe* pipe = producer.pipes
    cdef TapRing* tap = producer.taps
    cdef Stream* stream
    cdef uint64_t mask, watched = 0
    cdef int i
    for i in range(producer.consumer_count):
        if not producer.consumers[i].paused:
            watch(core, producer, producer.consumers[i], now)
    while tap != NULL:
        mark_watched(core, stream_of_layer(producer, max(producer.stream_count - 1 - tap.below, 0)), now)
        mark_watched(core, best_stream(producer, tap.below, now), now)
        tap = tap.next
    while pipe != NULL:
        mask = vtp_load(&pipe.watched)
        for i in range(producer.stream_count):
            if (mask >> i) & 1:
                mark_watched(core, &producer.streams[i], now)
        pipe = pipe.next
    for i in range(producer.stream_count):
        stream = &producer.streams[i]
        if stream.watched_ns == 0:
            stream.watched_ns = now              # nobody has had time to
        if now - stream.watched_ns < WATCHED_NS:
            watched |= <uint64_t>1 << i
        if producer.inlet == NULL and not stream.unwatched and now - stream.watched_ns >= UNWATCHED_NS:
            stream.unwatched = tell_layer(core, ON_LAYER_UNWATCHED, stream)
    if producer.inlet != NULL:
        vtp_store(&producer.inlet.watched, watched)


# --- figures -------------------------------------------------------------------------------------------------


cdef inline void measure(Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    """Books one packet in the stream's figures of this second."""
    cdef Rates* rates = &stream.rates
    cdef int spatial = max(<int>slot.info.spatial_id, 0), temporal = max(<int>slot.info.temporal_id, 0)
    if is_measured(rates, now):
        close_second(rates, now)
    rates.packets += 1
    rates.bytes[min(spatial, MAX_SPATIAL - 1)][min(temporal, MAX_TEMPORAL - 1)] += slot.length
    if slot.packet.timestamp != stream.newest_timestamp and \
            (slot.sequence == stream.newest or <int32_t>(slot.packet.timestamp - stream.newest_timestamp) > 0):
        rates.frames += 1
        stream.newest_timestamp = slot.packet.timestamp
    if spatial > stream.top_spatial:
        stream.top_spatial = <int8_t>spatial
    if temporal > stream.top_temporal:
        stream.top_temporal = <int8_t>temporal


cdef inline bint is_measured(const Rates* rates, int64_t now) noexcept nogil:
    """Whether what has been counted makes a figure: a second, or the first part of one while nothing is known."""
    return now - rates.since_ns >= (SECOND if rates.last_ns else FIRST_FIGURES_NS)


cdef void close_second(Rates* rates, int64_t now) noexcept nogil:
    rates.last_ns = now - rates.since_ns if rates.since_ns else 0
    if rates.last_ns >= 2 * SECOND:              # it was silent: what came before the silence tells nothing
        rates.last_ns = 0
    rates.last_packets = rates.packets
    rates.last_frames = rates.frames
    memcpy(rates.last_bytes, rates.bytes, sizeof(rates.bytes))
    memset(rates.bytes, 0, sizeof(rates.bytes))
    rates.packets = rates.frames = 0
    rates.since_ns = now


cdef void current_layers(Consumer* consumer, int8_t* spatial, int8_t* temporal) noexcept nogil:
    """What the viewer gets: (-1, -1) for nothing."""
    cdef Stream* stream = consumer.stream
    spatial[0] = temporal[0] = -1
    if consumer.state == STATE_WAITING or stream == NULL:
        return
    spatial[0] = <int8_t>layer_of(stream)
    temporal[0] = stream.top_temporal
    if consumer.layers != NULL:
        temporal[0] = min(consumer.layers.temporal, stream.top_temporal)
        if stream.producer.stream_count == 1:
            spatial[0] = min(consumer.layers.spatial, stream.top_spatial)


cdef void tell_layers(Core* core, Consumer* consumer) noexcept nogil:
    """Says when they have changed since they were told."""
    cdef Layers* layers = consumer.layers
    cdef int8_t told[2]
    current_layers(consumer, &told[0], &told[1])
    if (told[0] != layers.told_spatial or told[1] != layers.told_temporal) and \
            core.event_count < EVENT_RING - EVENT_RESERVE and \
            emit(core, ON_LAYERS_CHANGED, consumer.id, told, 2) == 0:
        layers.told_spatial = told[0]
        layers.told_temporal = told[1]
