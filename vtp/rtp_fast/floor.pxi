# The floor of a group of people: the few of them whose sound is forwarded, the loudest (media.md, "Speaking").
#
# Decided with each packet of sound where all of a room's publishers are, so who begins to speak is heard with that
# packet, and with what the ring holds of the syllable before it. See docs/decisions/0049-who-speaks.md.

cdef enum:
    FLOOR_MEMBERS_MOST = 4096
    LOUDNESS_OF_SPEECH = 67      # -60 dBov: who is quieter takes nobody's place
    LOUDER_BY = 6                # dB, to take one from somebody
    ONSET_PACKETS = 8            # 160 ms, the longest that taking a place can take, and soft beginnings
    ONSET_SOFT = 2               # packets from before the sound rose by ONSET_RISE
    ONSET_RISE = 20              # dB

cdef double LOUDNESS_FALL = 40.0 # dB in a second of silence: a pause in a sentence keeps the place


cdef inline double loudness_now(const Producer* producer, int64_t now) noexcept nogil:
    """dB over the quietest that can be said; falls with time, so the pause of a producer needs no packet."""
    return producer.loudness - LOUDNESS_FALL * <double>(now - producer.loudness_ns) / 1e9


cdef inline void hear(Producer* producer, int level, int64_t now) noexcept nogil:
    """Follows a rise by halves, so that a click does not count as speech, and a fall slowly."""
    cdef double loudness = LEVEL_SILENT - level, before = loudness_now(producer, now)
    if loudness > before:
        loudness = before + (loudness - before) / 2 if before > 0 else loudness / 2
    else:
        loudness = before
    producer.loudness = loudness
    producer.loudness_ns = now


cdef void seek_floor(Core* core, Stream* stream, Slot* slot, int64_t now) noexcept nogil:
    """Decides with a packet of sound whether its publisher is among those who are heard."""
    cdef Producer* producer = stream.producer
    cdef Producer* weakest
    cdef int level = level_of(producer, slot)
    if level != LEVEL_NONE:
        hear(producer, level, now)
    if not producer.resting:
        return
    if producer.floor.holders >= producer.floor.places:
        if LEVEL_SILENT - level < LOUDNESS_OF_SPEECH:
            return
        weakest = weakest_holder(producer.floor, now)
        if weakest == NULL or producer.loudness <= loudness_now(weakest, now) + LOUDER_BY:
            return
        leave_floor(core, weakest)
        core.counters.floor_changes += 1
    producer.resting = 0
    producer.floor.holders += 1
    stream.onset = find_onset(stream, slot, level)


cdef Producer* weakest_holder(Floor* floor, int64_t now) noexcept nogil:
    cdef Producer* found = NULL
    cdef Producer* member = floor.members
    while member != NULL:
        if not member.resting and is_ranked(member) and \
                (found == NULL or loudness_now(member, now) < loudness_now(found, now)):
            found = member
        member = member.floor_next
    return found


cdef inline bint is_ranked(const Producer* producer) noexcept nogil:
    """Who says no levels cannot be compared: such a publisher (OBS, FFmpeg) is always heard and takes no place."""
    return producer.ext_id[AUDIO_LEVEL] != 0


cdef int64_t find_onset(Stream* stream, Slot* slot, int level) noexcept nogil:
    """The number from which the sound that has just won a place is given to viewers; nothing that they had before."""
    cdef int64_t number = slot.sequence
    cdef Slot* before
    cdef int soft = 0, said
    while slot.sequence - number < ONSET_PACKETS and number - 1 > stream.rested_at and number > stream.first_number:
        before = &stream.ring[(number - 1) % stream.ring_size]
        if before.sequence != number - 1:
            break
        said = level_of(stream.producer, before)
        if said > level + ONSET_RISE:
            soft += 1
            if soft > ONSET_SOFT:
                break
        number -= 1
    return number


cdef void leave_floor(Core* core, Producer* producer) noexcept nogil:
    """Takes a publisher's place; viewers go on without a hole in their numbers when it is heard again."""
    if producer.floor != NULL and not producer.resting and is_ranked(producer):
        producer.floor.holders -= 1
    rest_sound(core, producer)


cdef void rest_sound(Core* core, Producer* producer) noexcept nogil:
    cdef int i
    producer.resting = 1
    for i in range(producer.stream_count):
        producer.streams[i].rested_at = producer.streams[i].newest
    for i in range(producer.consumer_count):
        if producer.consumers[i].source == producer and producer.consumers[i].state != STATE_WAITING:
            stop_replay(core, producer.consumers[i], STATE_WAITING)


cdef void set_floor(Core* core, Producer* producer, Floor* floor) noexcept nogil:
    """Puts a producer on another floor, or on none: then it is heard as long as it sends."""
    cdef Producer** at
    if producer.floor == floor:
        return
    if producer.floor != NULL:
        if not producer.resting and is_ranked(producer):
            producer.floor.holders -= 1
        at = &producer.floor.members
        while at[0] != producer:
            at = &at[0].floor_next
        at[0] = producer.floor_next
    producer.floor = floor
    producer.floor_next = NULL
    if floor == NULL or not is_ranked(producer):
        producer.resting = 0
    else:
        rest_sound(core, producer)               # its next packet takes a place when one is free
    if floor != NULL:
        producer.floor_next = floor.members
        floor.members = producer


cdef void free_floor(Core* core, Floor* floor) noexcept nogil:
    while floor.members != NULL:
        set_floor(core, floor.members, NULL)
    table_remove(&core.floors, floor.id)
    free(floor)
