# Pipes: one producer's plain RTP from its own Worker to another of the process, which serves its viewers there.
#
# The producer's Worker writes each packet once into a byte ring and wakes the other at most once per batch. There an
# outlet, a producer without a transport, keeps the packets in a ring of its own under the same numbers and gives them
# to its consumers like any other. Each record says by itself what was true of its stream, so a lost one leaves no wrong
# state behind. Wishes for key frames go back by a flag. Neither Worker ever takes the other's lock; a pipe is counted
# references of both ends, and of the doors that it may stand at (decision 0024).

cdef enum:
    PIPE_BYTES_VIDEO = 524288    # 400 packets of 1,200 bytes: 0.15 s of 20 Mbit/s
    PIPE_BYTES_AUDIO = 65536


cdef struct Pipe:
    uint64_t references          # both ends', one for each door it stands at
    ByteRing records
    Caller packets               # at the door of the outlet's Worker
    Caller wishes                # at the door of the producer's Worker
    uint64_t pauses              # of the producer's Worker: pauses and resumes so far; odd while paused
    uint64_t dropped             # of the producer's Worker: records that found no room
    uint64_t key_wished          # of the outlet's Worker, bit per stream: taken back when it was heard
    uint64_t watched             # of the outlet's Worker, bit per stream: what is to come through
    uint64_t loss                # of the outlet's Worker: what its viewers lose, in 256ths
    uint64_t left                # of the outlet's Worker: nobody reads any more
    Producer* producer           # under the lock of its Worker; NULL when it is gone
    Pipe* next                   # of the same producer
    Pipe* next_dirty
    uint8_t dirty
    Producer* outlet             # under the lock of its Worker; NULL before and after
    uint64_t pauses_seen
    uint64_t dropped_seen


cdef struct PipedPacket:         # followed by the RTP packet as the ring has it
    int64_t number
    int64_t first_number         # the stream's: another one tells another SSRC
    uint64_t pauses
    uint8_t stream
    uint8_t recovered
    uint8_t self_paced
    uint8_t alive                # of the producer
    uint8_t reversed
    uint8_t resting
    int64_t onset                # of its stream


cdef struct PipedReport:
    int64_t first_number
    uint64_t ntp
    uint32_t rtp_timestamp
    uint8_t stream


cdef Pipe* pipe_open(Door* here, Door* there, bint video) noexcept nogil:
    """A pipe with a reference for each end; NULL without memory."""
    cdef Pipe* pipe = <Pipe*>calloc(1, sizeof(Pipe))
    if pipe == NULL:
        return NULL
    if byte_ring_open(&pipe.records, PIPE_BYTES_VIDEO if video else PIPE_BYTES_AUDIO) != 0:
        free(pipe)
        return NULL
    pipe.references = 2
    pipe.watched = <uint64_t>-1
    vtp_add(&here.references, 1)
    vtp_add(&there.references, 1)
    pipe.packets.pipe = pipe.wishes.pipe = pipe
    pipe.packets.door = there
    pipe.wishes.door = here
    return pipe


cdef void pipe_release(Pipe* pipe) noexcept nogil:
    if vtp_add(&pipe.references, <uint64_t>-1) == 0:
        door_release(pipe.packets.door)
        door_release(pipe.wishes.door)
        free(pipe.records.bytes)
        free(pipe)


# --- the producer's Worker -----------------------------------------------------------------------------------


cdef void mark_dirty(Core* core, Pipe* pipe) noexcept nogil:
    if not pipe.dirty:
        pipe.dirty = 1
        pipe.next_dirty = core.dirty_pipes
        core.dirty_pipes = pipe


cdef uint8_t* pipe_write(Core* core, Pipe* pipe, uint32_t kind, uint32_t length, int64_t arrival_ns) noexcept nogil:
    cdef uint8_t* room = byte_ring_write(&pipe.records, kind, length, arrival_ns)
    mark_dirty(core, pipe)
    if room == NULL:
        vtp_store(&pipe.dropped, pipe.dropped + 1)
        core.counters.pipe_dropped += 1
    return room


cdef void pipe_packet(Core* core, Stream* stream, Slot* slot) noexcept nogil:
    """Passes one stored packet to every other Worker that has viewers of it."""
    cdef Producer* producer = stream.producer
    cdef Pipe* pipe = producer.pipes
    cdef PipedPacket* packet
    while pipe != NULL:
        if not vtp_load(&pipe.watched) & bit_of(stream):
            pipe = pipe.next
            continue
        packet = <PipedPacket*>pipe_write(core, pipe, RECORD_PACKET, sizeof(PipedPacket) + slot.length, slot.arrival_ns)
        if packet != NULL:
            packet.number = slot.sequence
            packet.first_number = stream.first_number
            packet.pauses = pipe.pauses
            packet.stream = <uint8_t>(stream - &producer.streams[0])
            packet.recovered = slot.recovered
            packet.self_paced = producer.self_paced
            packet.alive = producer.alive
            packet.reversed = producer.reversed
            packet.resting = producer.resting
            packet.onset = stream.onset
            memcpy(<uint8_t*>packet + sizeof(PipedPacket), slot.data, slot.length)
            core.counters.pipe_packets += 1
        pipe = pipe.next


cdef void pipe_sender_report(Core* core, Stream* stream) noexcept nogil:
    cdef Pipe* pipe = stream.producer.pipes
    cdef PipedReport* report
    while pipe != NULL:
        report = <PipedReport*>pipe_write(core, pipe, RECORD_REPORT, sizeof(PipedReport), stream.sr_arrival_ns)
        if report != NULL:
            report.first_number = stream.first_number
            report.ntp = stream.sr_ntp
            report.rtp_timestamp = stream.sr_rtp
            report.stream = <uint8_t>(stream - &stream.producer.streams[0])
        pipe = pipe.next


cdef void pipe_pause(Core* core, Producer* producer) noexcept nogil:
    """Tells the other Workers that the producer was paused or resumed."""
    cdef Pipe* pipe = producer.pipes
    while pipe != NULL:
        vtp_store(&pipe.pauses, pipe.pauses + 1)
        mark_dirty(core, pipe)
        pipe = pipe.next


cdef void signal_pipes(Core* core) noexcept nogil:
    """Publishes what this batch wrote and wakes each Worker that it is for, once."""
    cdef Pipe* pipe = core.dirty_pipes
    while pipe != NULL:
        byte_ring_publish(&pipe.records)
        stand(&pipe.packets)
        pipe = pipe.next_dirty
    while core.dirty_pipes != NULL:
        pipe = core.dirty_pipes
        core.dirty_pipes = pipe.next_dirty
        pipe.dirty = 0
        ring_bell(pipe.packets.door)


cdef void pipe_link(Pipe* pipe, Producer* producer) noexcept nogil:
    pipe.producer = producer
    pipe.pauses = pipe.pauses_seen = producer.paused
    pipe.next = producer.pipes
    producer.pipes = pipe


cdef void pipe_unlink(Core* core, Pipe* pipe) noexcept nogil:
    """The producer's end lets go: what was written before is still read."""
    cdef Pipe** at = &pipe.producer.pipes
    while at[0] != pipe:
        at = &at[0].next
    at[0] = pipe.next
    pipe.producer = NULL
    if pipe.dirty:
        signal_pipes(core)
    pipe_release(pipe)


cdef void unlink_pipes(Core* core, Producer* producer) noexcept nogil:
    while producer.pipes != NULL:
        pipe_unlink(core, producer.pipes)


cdef void hear_wish(Core* core, Pipe* pipe, int64_t now) noexcept nogil:
    """What the outlet wants: a key frame, merged with all other requests here, or nothing any more."""
    cdef uint64_t wished
    cdef int i
    if pipe.producer == NULL:
        return
    if vtp_load(&pipe.left):
        pipe_unlink(core, pipe)
        return
    wished = vtp_swap(&pipe.key_wished, 0)
    for i in range(pipe.producer.stream_count):
        if (wished >> i) & 1:
            want_key_frame_of(core, &pipe.producer.streams[i], now)


# --- the outlet's Worker -------------------------------------------------------------------------------------


cdef void take_pipes(Core* core, int64_t now) noexcept nogil:
    """Serves all who stand at this Worker's door."""
    cdef Caller* caller = take_callers(core.door, 0)
    cdef Caller* following
    while caller != NULL:
        following = dismiss(caller)
        if caller == &caller.pipe.packets:
            drain_pipe(core, caller.pipe, now)
        else:
            hear_wish(core, caller.pipe, now)
        pipe_release(caller.pipe)
        caller = following


cdef void drain_pipe(Core* core, Pipe* pipe, int64_t now) noexcept nogil:
    """Forwards what the pipe holds now. As with a socket each batch leaves before the next comes, and when a command
    waits that one comes with the next turn.
    """
    cdef uint64_t head, dropped
    cdef Record* record
    cdef int count = 0
    if pipe.outlet == NULL:
        return
    head = vtp_load(&pipe.records.head)
    record = byte_ring_read(&pipe.records, head)
    while record != NULL:
        if record.kind == RECORD_PACKET:
            receive_piped(core, pipe, record, now)
            count += 1
        else:
            receive_piped_report(pipe, record)
        byte_ring_free(&pipe.records, record)
        if count == RECEIVE_BATCH:
            count = 0
            write_ready(core)
            batch_flush(core)
            if vtp_lock_wanted(<const vtp_lock*>core.mutex):
                stand(&pipe.packets)
                ring_bell(core.door)
                return
        record = byte_ring_read(&pipe.records, head)
    follow_pauses(core, pipe, vtp_load(&pipe.pauses), now)
    dropped = vtp_load(&pipe.dropped)
    if dropped != pipe.dropped_seen:
        pipe.dropped_seen = dropped
        want_key_frame(core, pipe.outlet, now)


cdef void receive_piped(Core* core, Pipe* pipe, Record* record, int64_t now) noexcept nogil:
    cdef PipedPacket* piped = <PipedPacket*>record_bytes(record)
    cdef const uint8_t* data = <const uint8_t*>piped + sizeof(PipedPacket)
    cdef int length = <int>(record.length - sizeof(PipedPacket))
    cdef Producer* outlet = pipe.outlet
    cdef Stream* stream = &outlet.streams[piped.stream]
    cdef Slot* slot
    follow_pauses(core, pipe, piped.pauses, now)
    if outlet.paused or piped.pauses != pipe.pauses_seen:    # from before a pause
        return
    outlet.self_paced = piped.self_paced
    follow_alive(core, outlet, piped.alive, piped.reversed, now)
    slot = keep_piped(core, stream, piped, data, length, record.arrival_ns)
    if slot == NULL:
        return
    if piped.resting and not outlet.resting:
        rest_sound(core, outlet)
    outlet.resting = piped.resting
    stream.onset = piped.onset
    distribute(core, stream, slot, now)


cdef Slot* keep_piped(Core* core, Stream* stream, PipedPacket* piped, const uint8_t* data, int length,
                      int64_t arrival_ns) noexcept nogil:
    """Stores a packet as its own Worker did, under its number there; a later first number tells a new SSRC."""
    cdef Producer* outlet = stream.producer
    cdef RtpPacket packet
    cdef int codec
    if rtp_parse(data, length, &packet) < 0 or (stream.started and piped.first_number < stream.first_number):
        return NULL
    codec = outlet.payload_codec[packet.payload_type]
    if codec < 0:
        return NULL
    if not stream.started or piped.first_number > stream.first_number:
        restart_stream(core, stream)
        stream.started = outlet.started = 1
        stream.first_number = piped.first_number
        stream.first_arrival_ns = arrival_ns
    stream.ssrc = packet.ssrc
    stream.clock_rate = outlet.codecs[codec].clock_rate
    stream.last_arrival_ns = arrival_ns
    stream.packets += 1
    stream.bytes += length
    return keep(core, stream, piped.number, data, length, &packet, outlet.codecs[codec].codec, piped.recovered,
                arrival_ns)


cdef void receive_piped_report(Pipe* pipe, Record* record) noexcept nogil:
    cdef PipedReport* report = <PipedReport*>record_bytes(record)
    cdef Stream* stream = &pipe.outlet.streams[report.stream]
    if report.first_number != stream.first_number:           # of an SSRC that has not come yet, or is gone
        return
    stream.sr_ntp = report.ntp
    stream.sr_rtp = report.rtp_timestamp
    stream.sr_arrival_ns = record.arrival_ns


cdef void follow_pauses(Core* core, Pipe* pipe, uint64_t pauses, int64_t now) noexcept nogil:
    """Makes up for the pauses and resumes since the last look; a short pause counts as one too."""
    if <int64_t>(pauses - pipe.pauses_seen) <= 0:
        return
    pipe.pauses_seen = pauses
    pause_source(core, pipe.outlet, True, now)
    if not pauses & 1:
        pause_source(core, pipe.outlet, False, now)


cdef void wish_key_frame(Producer* outlet, int64_t now) noexcept nogil:
    """Asks the producer's Worker, which goes on asking the publisher until one comes; again if none has come here."""
    if not outlet.key_wanted or outlet.paused:
        return
    if outlet.key_asked_ns and now - outlet.key_asked_ns < KEY_REQUEST_INTERVAL_NS:
        return
    outlet.key_asked_ns = now
    vtp_store(&outlet.inlet.key_wished, vtp_load(&outlet.inlet.key_wished) | outlet.key_mask)
    stand(&outlet.inlet.wishes)
    ring_bell(outlet.inlet.wishes.door)


cdef void leave_pipe(Pipe* pipe) noexcept nogil:
    """The outlet's end lets go; the producer's Worker stops to write when it hears of it."""
    pipe.outlet = NULL
    vtp_store(&pipe.left, 1)
    stand(&pipe.wishes)
    ring_bell(pipe.wishes.door)
    pipe_release(pipe)


cdef void shut_pipes(Core* core) noexcept nogil:
    """The Worker's end: its outlets go, and nobody stands at its door any more."""
    cdef Caller* caller
    cdef Caller* following
    if core.door == NULL:
        return
    while core.nobody != NULL and core.nobody.producers != NULL:
        free_producer(core, core.nobody.producers)
    caller = take_callers(core.door, DOOR_CLOSED)
    while caller != NULL:
        following = dismiss(caller)
        pipe_release(caller.pipe)
        caller = following
