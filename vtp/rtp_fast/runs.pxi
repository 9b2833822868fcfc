# Runs: what waits for one viewer is numbered, evened out with padding and written as one message that the kernel cuts
# into datagrams (UDP_SEGMENT; media.md, "A packet's life", 7). Order is settled before the first number is given.

cdef enum:
    RUN_BYTES = 65000            # of one message; IPv4 and IPv6 allow a little more
    PADDED_BYTES = 1200          # no packet grows beyond this, before the SRTP tag
    PADDING_SHARE = 8            # and by no more than this part of itself


cdef struct Outgoing:            # one packet of a viewer that is about to be written
    Consumer* consumer
    Slot* slot
    Shown shown
    int size                     # of RTP, before padding and SRTP tag


cdef inline void queue_packet(Core* core, Consumer* consumer, int64_t sequence, const Shown* shown,
                              int64_t now) noexcept nogil:
    """Puts a packet behind what waits for its transport."""
    cdef Transport* transport = consumer.transport
    cdef Pending* entry
    cdef int at
    if core.pending_used == PENDING_PACKETS:
        write_all_pending(core)
    if transport.pending_count == RUN_PACKETS:
        write_pending(core, transport)
    if core.holding:                             # listed before it has an entry: a full list is written, and that
        if transport.listed == LISTED_NOWHERE:   # gives back the pool when nobody on the other list waits
            hold(core, transport, now)
    elif transport.listed != LISTED_READY:
        if core.ready_count == LISTED_TRANSPORTS:
            write_ready(core)
        transport.listed = LISTED_READY
        core.ready[core.ready_count] = transport
        core.ready_count += 1
    at = core.pending_used
    core.pending_used += 1
    entry = &core.pending[at]
    entry.consumer = consumer
    entry.sequence = <uint32_t>sequence
    entry.number = <uint32_t>shown.number
    entry.picture_id = shown.picture_id
    entry.flags = shown.flags
    entry.next = -1
    if transport.pending_count:
        core.pending[transport.pending_last].next = at
    else:
        transport.pending_first = at
    transport.pending_last = at
    transport.pending_count += 1


cdef void hold(Core* core, Transport* transport, int64_t now) noexcept nogil:
    """Lets a transport's packets wait for the end of the gathering window, which the first of them opens."""
    if core.held_count == LISTED_TRANSPORTS:
        write_held(core)
    if core.held_count == 0:
        core.held_due_ns = now + core.gather_ns
    transport.listed = LISTED_HELD
    core.held[core.held_count] = transport
    core.held_count += 1


cdef extern from *:
    """
    /* Asks the processor for what the next viewer's run will read: its state, its packets' consumer and its key. */
    static inline void vtp_fetch(const void *at, int bytes) {
        int i;
        for (i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)at + i);
    }
    """
    void vtp_fetch(const void* at, int bytes) noexcept nogil


cdef enum:
    KEY_BYTES_READ = 1024        # of an expanded key with its powers of the hash key
    TRANSPORT_BYTES_READ = 192   # up to and with the send session
    CONSUMER_BYTES_READ = 256


cdef inline void expect(Core* core, Transport** listed, int count, int at) noexcept nogil:
    """Has what the next viewers' runs read fetched in steps, for each step needs what the one before it brought."""
    cdef Transport* transport
    cdef Consumer* consumer
    if at + 4 < count:
        vtp_fetch(listed[at + 4], TRANSPORT_BYTES_READ)
    if at + 3 < count:
        transport = listed[at + 3]
        if transport.pending_count and transport.selected >= 0:
            vtp_fetch(&core.pending[transport.pending_first], sizeof(Pending))
            vtp_fetch(&transport.tuples[transport.selected], sizeof(Tuple))
            vtp_fetch(transport.send.rtp_gcm, KEY_BYTES_READ)
    if at + 2 < count and listed[at + 2].pending_count:
        transport = listed[at + 2]
        vtp_fetch(core.pending[transport.pending_first].consumer, CONSUMER_BYTES_READ)
        if transport.sent != NULL:
            vtp_fetch(&transport.sent[<uint16_t>(transport.feedback_sequence + 1) & ((1 << transport.sent_bits) - 1)], 1)
    if at + 1 < count and listed[at + 1].pending_count:
        consumer = core.pending[listed[at + 1].pending_first].consumer
        vtp_fetch(consumer.out_stream, 1)
        if consumer.history != NULL:
            vtp_fetch(&consumer.history[(consumer.highest_out + 1 - listed[at + 1].pending_count) % HISTORY_SIZE], 64)


cdef void write_ready(Core* core) noexcept nogil:
    """The end of a batch: everything that is not held back goes into the batch of messages."""
    cdef int i
    for i in range(core.ready_count):
        expect(core, core.ready, core.ready_count, i)
        core.ready[i].listed = LISTED_NOWHERE
        write_pending(core, core.ready[i])
    core.ready_count = 0
    if core.held_count == 0:
        core.pending_used = 0


cdef void write_held(Core* core) noexcept nogil:
    """The end of the gathering window."""
    cdef int i
    for i in range(core.held_count):
        expect(core, core.held, core.held_count, i)
        if core.held[i].listed == LISTED_HELD:   # else the end of a batch takes it along
            core.held[i].listed = LISTED_NOWHERE
            write_pending(core, core.held[i])
    core.held_count = 0
    if core.ready_count == 0:
        core.pending_used = 0


cdef void write_all_pending(Core* core) noexcept nogil:
    """Leaves no reference to any object behind; before one of them goes."""
    write_held(core)
    write_ready(core)
    core.pending_used = 0


cdef void write_pending(Core* core, Transport* transport) noexcept nogil:
    """Writes what waits for one transport into the batch of messages."""
    cdef Outgoing packets[RUN_PACKETS]
    cdef int count, i
    if transport.pending_count == 0:
        return
    count = collect(core, transport, packets)
    transport.pending_count = 0
    if transport.selected < 0:
        for i in range(count):
            core.counters.send_no_tuple += 1
            stop_replay(core, packets[i].consumer, STATE_WAITING)
        return
    write_runs(core, transport, packets, count)
    if core.out.used >= SEND_SOON:
        batch_flush(core)


cdef int collect(Core* core, Transport* transport, Outgoing* packets) noexcept nogil:
    """Takes the waiting packets in their order, pictures first: a small packet of sound may end a run, not start one."""
    cdef Outgoing sound[RUN_PACKETS]
    cdef int count = 0, sounds = 0, at = transport.pending_first
    cdef Outgoing* out
    cdef Pending* entry
    cdef Slot* slot
    cdef Stream* stream
    cdef int64_t sequence
    while at >= 0:
        entry = &core.pending[at]
        at = entry.next
        stream = entry.consumer.stream
        if stream == NULL:
            core.counters.send_overwritten += 1
            continue
        sequence = stream.newest - <uint32_t>(<uint32_t>stream.newest - entry.sequence)
        slot = &stream.ring[sequence % stream.ring_size]
        if slot.sequence != sequence:
            core.counters.send_overwritten += 1
            continue
        out = &packets[count] if entry.consumer.video else &sound[sounds]
        out.consumer = entry.consumer
        out.slot = slot
        out.shown.number = entry.consumer.highest_out + <int32_t>(entry.number - <uint32_t>entry.consumer.highest_out)
        out.shown.picture_id = entry.picture_id
        out.shown.flags = entry.flags
        out.size = header_length(entry.consumer, slot, entry.flags)
        if not entry.flags & SHOWN_EMPTY:
            out.size += slot.packet.payload_len - left_out(entry.consumer, slot)
        if out.size + SRTP_MAX_TRAILER > ARENA_SLOT:
            core.counters.protect_failed += 1
        elif entry.consumer.video:
            count += 1
        else:
            sounds += 1
    memcpy(&packets[count], sound, sounds * sizeof(Outgoing))
    return count + sounds


cdef void write_runs(Core* core, Transport* transport, Outgoing* packets, int count) noexcept nogil:
    cdef Tuple* to = &transport.tuples[transport.selected]
    cdef int first = 0, taken, segment
    cdef int limit = 0
    if to.socket >= MAX_SOCKETS:
        if to.socket < FIRST_PLAIN:
            count = admit(core, transport, to.socket, packets, count)
    elif core.merging and core.now_ns >= to.plain_until_ns and core.now_ns >= core.plain_until_ns[to.socket]:
        limit = ARENA_SLOT
        if to.segment_limit and core.now_ns < to.limit_until_ns:
            limit = to.segment_limit - transport.send.tag_len
    while first < count:
        segment = packets[first].size
        taken = plan_run(&packets[first], count - first, transport.send.tag_len, limit, &segment)
        write_run(core, transport, to, &packets[first], taken, segment)
        first += taken


cdef int plan_run(const Outgoing* packets, int count, int tag, int limit, int* segment) noexcept nogil:
    """How many of the packets go into one message, and the size that all but the last of them are padded to.

    The kernel cuts a message into equal datagrams, of which the last may be shorter; it does not look what is in
    them. `limit`: the largest packet that may be in a run; 0: no runs.
    """
    cdef int size = packets[0].size, smallest = size, taken = 1, following, largest
    while taken < count and taken < RUN_PACKETS and size <= limit:
        following = packets[taken].size
        largest = max(size, following)
        if (taken + 1) * (largest + tag) > RUN_BYTES or following > limit:
            break
        if following > size and (following > PADDED_BYTES or following - smallest > following // PADDING_SHARE):
            break
        taken += 1
        if following < size and (size > PADDED_BYTES or size - following > size // PADDING_SHARE):
            break                                # too small to be padded: it ends the run
        size = largest
        smallest = min(smallest, following)
    segment[0] = size
    return taken


cdef void write_run(Core* core, Transport* transport, Tuple* to, Outgoing* packets, int count,
                    int segment) noexcept nogil:
    """Writes the packets one behind the other as one message."""
    cdef int tag = transport.send.tag_len
    cdef uint8_t* room = batch_room(core, <size_t>(count * (segment + tag)) + ARENA_SLOT)
    cdef int i, length, total = 0, written = 0
    if room == NULL:
        return
    for i in range(count):
        length = write_packet(core, &packets[i], room + total, segment if i < count - 1 else 0)
        if length > 0:
            total += length
            written += 1
    if written:
        batch_commit(core, to, total, segment + tag if written > 1 else 0)


cdef int write_packet(Core* core, Outgoing* packet, uint8_t* out, int padded) noexcept nogil:
    """One packet for one viewer: rewritten, padded to `padded` bytes, protected, remembered; its length, 0: failed."""
    cdef Consumer* consumer = packet.consumer
    cdef Transport* transport = consumer.transport
    cdef Slot* slot = packet.slot
    cdef int64_t number = packet.shown.number
    cdef int header, length, skipped = left_out(consumer, slot)
    if srtp_index(consumer.out_stream, <uint16_t>number) != number - FIRST_ROUND:
        core.counters.protect_failed += 1        # too far from what was encrypted last: the viewer would guess another
        stop_replay(core, consumer, STATE_WAITING)               # roll-over, and its IV may have been used already
        return 0
    header = write_header(consumer, &consumer.leg, slot, out, consumer.payload_type[slot.codec], consumer.ssrc,
                          <uint16_t>number, packet.shown.flags, core.now_ns)
    length = header
    if not packet.shown.flags & SHOWN_EMPTY:
        length += slot.packet.payload_len - skipped
        memcpy(out + header, slot.data + slot.packet.header_len + skipped, slot.packet.payload_len - skipped)
        if slot.primary and not skipped:
            rename_blocks(out + header, consumer.payload_type[CODEC_OPUS])
        rewrite_payload(&consumer.leg, slot, out + header, packet.shown.picture_id)
    if padded > length:
        core.counters.padding_sent += padded - length
        out[0] |= 0x20                           # RFC 3550 section 5.1: the last byte counts the padding
        memset(out + length, 0, padded - length)
        out[padded - 1] = <uint8_t>(padded - length)
        length = padded
    length = srtp_protect(&transport.send, consumer.out_stream, out, header, length)
    if length < 0:
        core.counters.protect_failed += 1
        return 0
    core.counters.packets_forwarded += 1
    transport.packets_sent += 1
    transport.bytes_sent += length
    if consumer.head_number:
        note_sent(core, transport, length)
    consumer.packets += 1
    consumer.bytes += slot.packet.payload_len - skipped
    remember_sent(consumer, slot, &packet.shown)
    return length
