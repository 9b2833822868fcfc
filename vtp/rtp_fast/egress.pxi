# From a slot to the viewers: who gets it, rewritten how, protected into the batch (media.md, "A packet's life", 6).

cdef int64_t REPLAY_AGE_NS = 2 * SECOND
cdef int64_t RESTED_AGE_NS = 200 * MILLISECOND   # of one whose picture rested: catching up would be load again
cdef int64_t ANY_AGE_NS = 1 << 62
cdef int64_t LARGEST_JUMP = 8192                 # of a source's numbers that a viewer is shown; RFC 3711 bears 32,768
cdef int64_t FIRST_ROUND = 65536                 # outgoing number less this is the SRTP index; so no number is below 0
cdef int64_t CATCH_UP_PACKETS = 16               # of a replay, per fast turn (5 ms): media.md's pacer floor and some


cdef void distribute(Core* core, Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    """Gives one stored packet to every consumer of its producer; in a very large room it may wait for others."""
    cdef Producer* producer = stream.producer
    cdef int i
    if producer.resting:
        return
    core.holding = core.gather_ns > 0 and producer.consumer_count >= core.gather_viewers
    for i in range(producer.consumer_count):
        if i + 4 < producer.consumer_count:
            vtp_fetch(producer.consumers[i + 4], CONSUMER_BYTES_READ)
            vtp_fetch(producer.consumers[i + 2].transport, 1)
        offer(core, producer.consumers[i], stream, slot, now)
    core.holding = 0


cdef inline void offer(Core* core, Consumer* consumer, Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    if consumer.paused or not consumer.transport.has_keys:
        return
    if consumer.wanted == stream.producer and consumer.source != stream.producer:
        if not may_start(consumer, stream, slot) or not suits(consumer, stream):
            return
        take_source(core, consumer, stream, slot, now)
        return
    if consumer.stream == stream and consumer.state == STATE_LIVE and consumer.sent_any \
            and slot.sequence + consumer.sequence_offset - consumer.highest_out > LARGEST_JUMP:
        consumer.state = STATE_WAITING
        hurry(core, consumer)
    if consumer.stream != stream or consumer.state == STATE_WAITING:
        if consumer.source == stream.producer:
            consider(core, consumer, stream, slot, now)
        return
    if slot.sequence < consumer.start:
        return
    if slot.sequence < consumer.cursor:
        if slot.sequence == stream.newest:       # a replay that it set off has sent it: never twice under one number
            return
    elif consumer.state == STATE_REPLAY:
        return
    if consumer.switching and must_go_over(consumer, slot, now):
        go_over(core, consumer, now)
        return
    if consumer.transport.paced and consumer.state == STATE_LIVE and holds_back(core, consumer, slot, now):
        return
    send_packet(core, consumer, slot, now)
    if consumer.switching and not consumer.frame_open:
        go_over(core, consumer, now)


cdef inline bint may_start(Consumer* consumer, Stream* stream, Slot* slot) noexcept nogil:
    """Sound starts anywhere; a picture at the key frame that this packet belongs to."""
    if consumer.payload_type[slot.codec] < 0:
        return False
    if not consumer.video:
        return True
    return slot.info.key_frame and ring_holds_key_frame(stream) and key_frame_has_its_start(stream) \
        and stream.key_frame_timestamp == slot.packet.timestamp


cdef inline int64_t starting_number(Consumer* consumer, Stream* stream, Slot* slot) noexcept nogil:
    """From the key frame, or where the sound began that has just been let onto the floor."""
    if consumer.video:
        return stream.key_frame
    return stream.onset if stream.onset >= 0 else slot.sequence


cdef bint key_frame_has_its_start(Stream* stream) noexcept nogil:
    """False when the first packet of the last key frame may be missing: H.264's parameter sets come in their own."""
    cdef Slot* first = &stream.ring[stream.key_frame % stream.ring_size]
    if first.codec != CODEC_H264:
        return first.info.start_of_frame
    return first.info.width or stream.key_frame <= stream.first_number \
        or stream.ring[(stream.key_frame - 1) % stream.ring_size].sequence == stream.key_frame - 1


cdef void take_source(Core* core, Consumer* consumer, Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    """The switch of a program to another publisher, at that one's key frame."""
    write_pending(core, consumer.transport)      # what waits belongs to the stream before
    consumer_detach(consumer)
    forget_legs(consumer)
    consumer.source = stream.producer
    consumer.wanted = NULL
    consumer.stream = NULL
    begin(core, consumer, stream, starting_number(consumer, stream, slot), now)
    aim(core, consumer, now)


cdef Stream* best_stream(Producer* producer, int below, int64_t now) noexcept nogil:
    """The highest encoding that sends, for recorders, of those that are at least `below` below the highest one; where
    none of these does, the lowest that sends; before any does, the lowest.
    """
    cdef int layer, top = max(producer.stream_count - 1 - below, 0)
    cdef Stream* stream
    for layer in range(top, -1, -1):
        stream = stream_of_layer(producer, layer)
        if sends(stream, now):
            return stream
    for layer in range(top + 1, producer.stream_count):
        stream = stream_of_layer(producer, layer)
        if sends(stream, now):
            return stream
    return stream_of_layer(producer, 0)


cdef inline bint sends(Stream* stream, int64_t now) noexcept nogil:
    """Whether it has sent lately and is not left behind by the others."""
    return stream.started and stream.producer.alive & bit_of(stream) and now - stream.last_arrival_ns < 2 * SECOND


cdef inline int64_t replay_age_ns(Consumer* consumer, Producer* producer) noexcept nogil:
    """How old the key frame may be that a viewer catches up from; one that can have no better takes any."""
    if consumer.rest_until_ns or consumer.transport.paced:
        return RESTED_AGE_NS
    return ANY_AGE_NS if producer.self_paced else REPLAY_AGE_NS


cdef void start_consumer(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    """Starts from the ring when it holds a usable key frame; else asks for one and waits.

    A key frame that is older than REPLAY_AGE_NS would put the viewer that far behind, so it serves only where no
    better one can be had: with a publisher that answers no requests.
    """
    cdef Producer* producer = consumer.wanted if consumer.wanted != NULL else consumer.source
    cdef Stream* stream
    cdef Stream* goal
    cdef int64_t age_ns
    cdef int layer
    if producer == NULL or consumer.paused or not consumer.transport.has_keys or rests(consumer, now):
        return
    if not consumer.video or not producer.started or producer.paused or consumer.transport.selected < 0:
        return
    goal = goal_of(consumer, producer)
    if goal == NULL:
        return
    age_ns = replay_age_ns(consumer, producer)
    for layer in range(layer_of(goal), -1, -1):  # one below the goal serves until that one's key frame comes
        stream = stream_of_layer(producer, layer)
        if (stream == goal or producer.alive & bit_of(stream)) and ring_serves(consumer, stream, age_ns, now):
            break
    else:
        if takes_codec_of(consumer, goal):
            want_key_frame_of(core, goal, now)
        return
    if consumer.wanted != NULL:
        take_source(core, consumer, stream, &stream.ring[stream.key_frame % stream.ring_size], now)
    else:
        begin(core, consumer, stream, stream.key_frame, now)
    if stream != goal or now - stream.key_frame_ns >= REPLAY_AGE_NS:
        want_key_frame_of(core, goal, now)       # an old one: rarely, for this publisher is self-paced; an answer
    if stream != goal:                           # shows that it is not
        hurry(core, consumer)


cdef bint takes_codec_of(Consumer* consumer, Stream* stream) noexcept nogil:
    """False when what the stream sends now is nothing this viewer negotiated: no key frame would help it."""
    return stream.newest < 0 or consumer.payload_type[stream.ring[stream.newest % stream.ring_size].codec] >= 0


cdef void keep_going(Core* core, Consumer* consumer, int64_t now) noexcept nogil:
    """Nobody waits for ever: who has nothing, or a source that fell silent, starts from what there is or asks."""
    cdef Producer* producer = consumer.source
    cdef Stream* goal
    if consumer.state != STATE_WAITING and consumer.goal != NULL:
        if consumer.stream != consumer.goal:
            hurry(core, consumer)
            follow_goal(core, consumer, now)
        elif consumer.layers != NULL and wants_key_picture(consumer):
            hurry(core, consumer)
            want_key_frame_of(core, consumer.stream, now)        # upper layers of SVC come at a key picture
    if consumer.wanted != NULL:
        producer = consumer.wanted
    elif consumer.state != STATE_WAITING:
        return
    goal = goal_of(consumer, producer) if producer != NULL else NULL
    if goal != NULL and (producer.self_paced or not producer.key_mask & bit_of(goal)):
        start_consumer(core, consumer, now)


cdef void begin(Core* core, Consumer* consumer, Stream* stream, int64_t start, int64_t now) noexcept nogil:
    """Starts or restarts forwarding at ring number `start`; sequence, time and picture ids go on where they were."""
    cdef Slot* first = &stream.ring[start % stream.ring_size]
    cdef bint other = consumer.stream != stream
    cdef bint cut = other and consumer.frame_open and consumer.leg.stream != NULL and consumer.sent_any
    write_pending(core, consumer.transport)      # what waits is numbered by the offsets it was queued under
    begin_leg(consumer, stream, first, now)
    consumer.rest_until_ns = 0
    consumer.key_begun = 0
    consumer.start = start
    consumer.cursor = start
    if not consumer.sent_any or not consumer.out_stream.started:
        consumer.highest_out = FIRST_ROUND - 1 + next_random(core) % 16384
    else:                                        # from what was encrypted: not all that was queued need have been
        consumer.highest_out = FIRST_ROUND + (<int64_t>consumer.out_stream.roc << 16 | consumer.out_stream.highest)
    consumer.sequence_offset = consumer.highest_out + 1 + cut - start    # a frame cut off must not look whole
    if has_layers(stream, first) and open_layers(consumer) or consumer.layers != NULL:
        begin_selection(consumer, start)
        hurry(core, consumer)
    if other:
        consumer.report_ns = 0                   # the next turn tells the viewer this source's clock
        consumer.report_ntp = 0
    stop_replay(core, consumer, STATE_REPLAY)
    core.replaying += 1
    if consumer.transport.paced and consumer.video:
        consumer.lag_allowed_ns = now - first.arrival_ns + LAG_NS
        refill(consumer.transport, now)
        while consumer.state == STATE_REPLAY and consumer.transport.outbound.budget > 0:
            replay(core, consumer, now, 1)       # only this one: the others are being offered the same packet
    else:
        replay(core, consumer, now, CATCH_UP_PACKETS)


cdef void begin_leg(Consumer* consumer, Stream* stream, Slot* first, int64_t now) noexcept nogil:
    """The offsets with which `stream` goes on where the viewer is, from its packet `first` on."""
    cdef uint32_t offset = consumer.leg.timestamp_offset
    if consumer.sent_any and consumer.stream != stream:
        offset = offset_for(consumer, stream, first, now)
    keep_leg(consumer)
    consumer.leg.stream = stream
    consumer.leg.timestamp_offset = offset
    consumer.leg.generation += 1
    if consumer.leg.generation == 0:             # else entries of 256 starts ago would look new
        consumer.leg.generation = 1
        if consumer.history != NULL:
            memset(consumer.history, 0, HISTORY_SIZE * sizeof(HistoryEntry))
    consumer.stream = stream
    consumer.switching = 0
    if consumer.video:
        hasten(consumer, first.packet.timestamp)
    if consumer.sent_any:
        consumer.leg.picture_id_offset = <uint16_t>(consumer.last_picture_id + 1 - first.info.picture_id)
        consumer.leg.tl0_offset = <uint8_t>(consumer.last_tl0 + 1 - first.info.tl0picidx)
        continue_frame_number(consumer, stream.producer, first)


cdef void continue_frame_number(Consumer* consumer, Producer* producer, Slot* first) noexcept nogil:
    """AV1's dependency descriptor numbers frames in its bytes 1 and 2 (AV1 RTP specification, A.8.2)."""
    cdef const RtpExt* ext
    if producer.ext_id[DEPENDENCY_DESCRIPTOR] == 0:
        return
    ext = rtp_find_ext(&first.packet, producer.ext_id[DEPENDENCY_DESCRIPTOR])
    if ext != NULL and ext.len >= 3:
        consumer.leg.frame_number_offset = <uint16_t>(consumer.last_frame_number + 1 - read16(first.data + ext.offset + 1))


cdef void replay(Core* core, Consumer* consumer, int64_t now, int64_t most) noexcept nogil:
    """Sends what the ring holds from the cursor on, at most so many packets, until it has reached the publisher."""
    cdef Stream* stream = consumer.stream
    cdef Slot* slot
    cdef int64_t sent = 0
    if consumer.cursor <= stream.newest - stream.ring_size:
        stop_replay(core, consumer, STATE_WAITING)
        want_key_frame_of(core, stream, now)
        return
    while consumer.cursor <= stream.newest and sent < most:
        slot = &stream.ring[consumer.cursor % stream.ring_size]
        consumer.cursor += 1
        if slot.sequence == consumer.cursor - 1:
            if consumer.sent_any and slot.sequence + consumer.sequence_offset - consumer.highest_out > LARGEST_JUMP:
                stream.key_frame = -1            # nobody gets past this gap from there
                stop_replay(core, consumer, STATE_WAITING)
                want_key_frame_of(core, stream, now)
                return
            send_packet(core, consumer, slot, now)
            sent += 1
            if consumer.state != STATE_REPLAY:
                return
    if consumer.cursor > stream.newest:
        stop_replay(core, consumer, STATE_LIVE)


cdef inline void hurry(Core* core, Consumer* consumer) noexcept nogil:
    """Has a consumer looked at in each slow turn for a while: it waits, or is new."""
    core.consumers.hurry[consumer.id & 0xFFFFF] = HURRIED_TURNS


cdef void stop_replay(Core* core, Consumer* consumer, int state) noexcept nogil:
    if consumer.state == STATE_REPLAY:
        core.replaying -= 1
    consumer.state = <uint8_t>state
    if state == STATE_WAITING:
        consumer.switching = 0
        hurry(core, consumer)


cdef void send_packet(Core* core, Consumer* consumer, Slot* slot, int64_t now) noexcept nogil:
    """Queues one packet for one viewer; it is written with the others of its transport when the batch ends.

    A viewer that cannot be sent to now waits for a new start: its numbers must not run away from what it has
    received, since it guesses the roll-over counter from them (RFC 3711 section 3.3.1).
    """
    cdef Shown shown
    if consumer.payload_type[slot.codec] < 0 or consumer.out_stream == NULL:
        stop_replay(core, consumer, STATE_WAITING)
        return
    if consumer.transport.selected < 0:
        core.counters.send_no_tuple += 1
        stop_replay(core, consumer, STATE_WAITING)
        return
    shown.number = slot.sequence + consumer.sequence_offset
    shown.picture_id = <uint16_t>(slot.info.picture_id + consumer.leg.picture_id_offset)
    shown.flags = slot.packet.marker
    if consumer.layers == NULL or choose(core, consumer, slot, &shown, now):
        put_packet(core, consumer, slot, &shown, now)


cdef inline void put_packet(Core* core, Consumer* consumer, Slot* slot, const Shown* shown, int64_t now) noexcept nogil:
    if consumer.transport.paced:
        charge(consumer.transport, slot.length)
        note_key_frame(consumer, slot)
    queue_packet(core, consumer, slot.sequence, shown, now)
    if not consumer.sent_any or shown.number > consumer.highest_out:
        consumer.highest_out = shown.number
        consumer.last_timestamp = shown_timestamp(&consumer.leg, slot.packet.timestamp)
        consumer.frame_open = not shown.flags & SHOWN_MARKED
        consumer.last_sent_ns = now
        remember_ids(consumer, slot, shown)
    if not consumer.sent_any:
        consumer.sent_any = 1
        hurry(core, consumer)                    # a first sender report is due
    if not consumer.started and core.event_count < EVENT_RING - EVENT_RESERVE:
        consumer.started = emit(core, ON_CONSUMER_STARTED, consumer.id, NULL, 0) == 0


cdef void send_rtx(Core* core, Consumer* consumer, Leg* leg, Slot* slot, HistoryEntry* entry, int64_t now) noexcept nogil:
    """The same packet again on the RTX stream: original sequence number first, then the payload (RFC 4588 section 4)."""
    cdef Transport* transport = consumer.transport
    cdef uint8_t* out
    cdef int header, length, payload = 0 if entry.flags & SHOWN_EMPTY else slot.packet.payload_len
    if transport.selected < 0 or not transport.has_keys or consumer.rtx_stream == NULL:
        return
    out = batch_reserve(core)
    if out == NULL:
        return
    header = write_header(consumer, leg, slot, out, consumer.rtx_payload_type[slot.codec], consumer.rtx_ssrc,
                          consumer.rtx_sequence, entry.flags, now)
    if header + 2 + payload + SRTP_MAX_TRAILER > ARENA_SLOT:
        core.counters.protect_failed += 1
        return
    write16(out + header, entry.out_sequence)
    if payload:
        memcpy(out + header + 2, slot.data + slot.packet.header_len, payload)
        rewrite_payload(leg, slot, out + header + 2, entry.picture_id)
    length = srtp_protect(&transport.send, consumer.rtx_stream, out, header, header + 2 + payload)
    if length < 0:
        core.counters.protect_failed += 1
        return
    consumer.rtx_sequence += 1
    batch_commit(core, &transport.tuples[transport.selected], length, 0)
    consumer.retransmitted += 1
    transport.packets_sent += 1
    transport.bytes_sent += length
    if consumer.head_number:
        note_sent(core, transport, length)
    if transport.paced:
        charge(transport, length)
    core.counters.rtx_sent += 1


cdef inline uint32_t next_random(Core* core) noexcept nogil:
    """xorshift32; for starting numbers only, nothing secret hangs on it."""
    core.random_state ^= core.random_state << 13
    core.random_state ^= core.random_state >> 17
    core.random_state ^= core.random_state << 5
    return core.random_state


cdef int make_room(Producer* producer) noexcept nogil:
    """Has the producer's list take one more consumer; -1 without memory."""
    cdef Consumer** grown
    cdef int capacity
    if producer.consumer_count < producer.consumer_capacity:
        return 0
    capacity = 8 if producer.consumer_capacity == 0 else producer.consumer_capacity * 2
    grown = <Consumer**>realloc(producer.consumers, capacity * sizeof(Consumer*))
    if grown == NULL:
        return -1
    producer.consumers = grown
    producer.consumer_capacity = capacity
    return 0


cdef void consumer_attach(Consumer* consumer, Producer* producer) noexcept nogil:
    """Puts the consumer into the producer's list (as source or as wanted source), which has room."""
    producer.consumers[producer.consumer_count] = consumer
    producer.consumer_count += 1


cdef void producer_forget(Producer* producer, Consumer* consumer) noexcept nogil:
    cdef int i
    if producer == NULL:
        return
    for i in range(producer.consumer_count):
        if producer.consumers[i] == consumer:
            producer.consumer_count -= 1
            memmove(&producer.consumers[i], &producer.consumers[i + 1],
                    (producer.consumer_count - i) * sizeof(Consumer*))
            return


cdef void consumer_detach(Consumer* consumer) noexcept nogil:
    """Takes the consumer off its current source; a wanted source stays."""
    if consumer.source != NULL and consumer.source != consumer.wanted:
        producer_forget(consumer.source, consumer)
    consumer.source = NULL
