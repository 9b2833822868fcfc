# What a viewer does not get of the stream that it gets: temporal layers, and spatial ones of SVC (decision 0046).
#
# A number that is left out lowers the offset of all later ones. What comes late finds its own number by the bits of
# those left out since; when it then is to be left out, it goes empty, for its number was kept free.


cdef bint open_layers(Consumer* consumer) noexcept nogil:
    """Room for what was left out; made with a viewer's first packet of a source that has layers."""
    if consumer.layers == NULL:
        consumer.layers = <Layers*>calloc(1, sizeof(Layers))
        if consumer.layers == NULL:
            return False
        consumer.layers.told_spatial = consumer.layers.told_temporal = -1
    return True


cdef bint has_layers(Stream* stream, Slot* first) noexcept nogil:
    return stream.producer.video and (stream.producer.stream_count > 1 or stream.top_temporal > 0 or stream.top_spatial > 0
                                      or first.info.temporal_id >= 0 or first.info.spatial_id >= 0)


cdef void begin_selection(Consumer* consumer, int64_t start) noexcept nogil:
    """Forwarding starts at a key frame: nothing has been left out, and every layer up to the target may come."""
    cdef Layers* layers = consumer.layers
    memset(layers.left_out, 0, sizeof(layers.left_out))
    layers.left_pictures = layers.seen_pictures = 0
    layers.newest = start - 1
    layers.begun = layers.left = layers.described = layers.stuck = layers.holds = 0
    layers.temporal = consumer.target_temporal
    layers.spatial = consumer.target_spatial


cdef bint choose(Core* core, Consumer* consumer, Slot* slot, Shown* shown, int64_t now) noexcept nogil:
    """Whether the viewer gets this packet now; `shown` is completed then."""
    cdef Layers* layers = consumer.layers
    cdef int64_t number = slot.sequence
    cdef bint passed
    if number <= layers.newest:
        return choose_late(consumer, slot, shown)
    advance_numbers(layers, number)
    passed = slot.packet.payload_len == 0 or passes(core, consumer, slot, shown)
    if layers.holds:
        let_go(core, consumer, slot, passed, now)
    if not passed:
        layers.left_out[(number % NUMBERS_KEPT) >> 6] |= <uint64_t>1 << (number & 63)
        layers.left = 1
        consumer.sequence_offset -= 1
        return False
    if may_be_last(slot, shown):
        layers.holds = 1
        layers.held = number
        layers.held_shown = shown[0]
        return False
    return True


cdef bint choose_late(Consumer* consumer, Slot* slot, Shown* shown) noexcept nogil:
    """A packet that came after later ones. Its number was kept free."""
    cdef Layers* layers = consumer.layers
    cdef int64_t number
    if layers.newest - slot.sequence >= NUMBERS_KEPT:
        return False
    if layers.left:
        for number in range(slot.sequence + 1, layers.newest + 1):
            shown.number += (layers.left_out[(number % NUMBERS_KEPT) >> 6] >> (number & 63)) & 1
    if slot.packet.payload_len and not passes_late(consumer, slot, shown):
        shown.flags = SHOWN_EMPTY
    elif may_be_last(slot, shown) and not goes_on(consumer, slot):
        shown.flags |= SHOWN_MARKED
    return True


cdef inline void advance_numbers(Layers* layers, int64_t number) noexcept nogil:
    cdef int64_t cleared
    if layers.left:
        if number - layers.newest >= NUMBERS_KEPT:
            memset(layers.left_out, 0, sizeof(layers.left_out))
        else:
            for cleared in range(layers.newest + 1, number + 1):
                layers.left_out[(cleared % NUMBERS_KEPT) >> 6] &= ~(<uint64_t>1 << (cleared & 63))
    layers.newest = number


cdef inline bint passes(Core* core, Consumer* consumer, Slot* slot, Shown* shown) noexcept nogil:
    """A packet in order, of a frame that may be the first of its picture."""
    if slot.codec == CODEC_VP8:
        return passes_vp8(core, consumer, slot)
    if slot.codec == CODEC_VP9:
        return passes_vp9(core, consumer, slot, shown)
    if slot.frame.known:
        return passes_described(core, consumer, slot, shown)
    return True


cdef inline bint passes_late(Consumer* consumer, Slot* slot, Shown* shown) noexcept nogil:
    if slot.codec == CODEC_VP8:
        return passes_vp8_late(consumer, slot, shown)
    if slot.codec == CODEC_VP9:
        return passes_vp9_late(consumer, slot, shown)
    if slot.frame.known and consumer.layers.described:
        return passes_described_late(consumer, slot, shown)
    return True


# --- limits --------------------------------------------------------------------------------------------------


cdef inline void limit(Core* core, Consumer* consumer, int temporal, int spatial) noexcept nogil:
    """From the newest picture on other layers pass."""
    cdef Layers* layers = consumer.layers
    if temporal != layers.temporal or spatial != layers.spatial:
        layers.temporal = <int8_t>temporal
        layers.spatial = <int8_t>spatial
        hurry(core, consumer)                    # the control plane is told with the next turn


cdef inline uint16_t picture_mask(const PayloadInfo* info) noexcept nogil:
    return 0x7FFF if info.picture_id_len == 15 else 0x7F


cdef void next_picture(Layers* layers, uint16_t picture, uint16_t ahead) noexcept nogil:
    """Goes on to the picture that is `ahead` pictures after the newest; those between pass by the limits of now."""
    cdef int i
    if not layers.begun or ahead >= PICTURES_KEPT:
        layers.left_pictures = layers.seen_pictures = 0
        ahead = PICTURES_KEPT
    else:
        layers.left_pictures <<= ahead
        layers.seen_pictures <<= ahead
    for i in range(ahead):
        layers.limits[<uint16_t>(picture - i) % PICTURES_KEPT] = packed_limits(layers)
    layers.seen_pictures |= 1
    layers.picture = picture
    layers.begun = 1


cdef inline uint8_t packed_limits(const Layers* layers) noexcept nogil:
    if layers.described:
        return layers.decode_target
    return <uint8_t>(min(<int>layers.temporal, 15) | min(<int>layers.spatial, 15) << 4)


cdef inline bint passed_then(const Layers* layers, uint16_t picture, int temporal, int spatial) noexcept nogil:
    """By the limits of an earlier picture's time."""
    cdef uint8_t limits = layers.limits[picture % PICTURES_KEPT]
    return temporal <= limits & 15 and spatial <= limits >> 4


# --- VP8 -----------------------------------------------------------------------------------------------------


cdef bint passes_vp8(Core* core, Consumer* consumer, Slot* slot) noexcept nogil:
    """By temporal layer, a frame as a whole. Picture ids of frames left out are closed up (RFC 7741 section 4.2)."""
    cdef Layers* layers = consumer.layers
    cdef PayloadInfo* info = &slot.info
    cdef uint16_t mask = picture_mask(info), ahead
    if not info.has_picture_id or info.temporal_id < 0:
        return True
    ahead = <uint16_t>(info.picture_id - layers.picture) & mask
    if layers.begun and ahead == 0:
        return not layers.left_pictures & 1
    if layers.begun and ahead > mask >> 1:
        return passes_vp8_late(consumer, slot, NULL)
    next_picture(layers, info.picture_id, ahead)
    if info.key_frame or consumer.target_temporal < layers.temporal:
        limit(core, consumer, consumer.target_temporal, layers.spatial)
    elif info.switching_point and info.temporal_id == layers.temporal + 1 and info.temporal_id <= consumer.target_temporal:
        limit(core, consumer, info.temporal_id, layers.spatial)
    layers.limits[info.picture_id % PICTURES_KEPT] = packed_limits(layers)
    if info.temporal_id <= layers.temporal:
        return True
    layers.left_pictures |= 1
    consumer.leg.picture_id_offset -= 1
    return False


cdef bint passes_vp8_late(Consumer* consumer, Slot* slot, Shown* shown) noexcept nogil:
    """A packet of an earlier frame: as that one was decided about, else by the limits of its time."""
    cdef Layers* layers = consumer.layers
    cdef PayloadInfo* info = &slot.info
    cdef uint16_t back = <uint16_t>(layers.picture - info.picture_id) & picture_mask(info)
    cdef int i
    if not info.has_picture_id or info.temporal_id < 0:
        return True
    if not layers.begun or back >= PICTURES_KEPT:
        return False
    if shown != NULL:
        for i in range(back):
            shown.picture_id += (layers.left_pictures >> i) & 1
    if (layers.seen_pictures >> back) & 1:
        return not (layers.left_pictures >> back) & 1
    return passed_then(layers, info.picture_id, info.temporal_id, 0)


# --- VP9 -----------------------------------------------------------------------------------------------------


cdef bint passes_vp9(Core* core, Consumer* consumer, Slot* slot, Shown* shown) noexcept nogil:
    """By the payload descriptor (RFC 9628 section 4.2): layers come at a key picture, temporal ones also behind a
    switching point; they go with the next picture. Picture ids stay as they are: references are told by them."""
    cdef Layers* layers = consumer.layers
    cdef PayloadInfo* info = &slot.info
    cdef uint16_t mask = picture_mask(info), ahead
    if not info.has_picture_id:
        return True
    ahead = <uint16_t>(info.picture_id - layers.picture) & mask
    if layers.begun and ahead > mask >> 1:
        return passes_vp9_late(consumer, slot, shown)
    if not layers.begun or ahead:
        next_picture(layers, info.picture_id, ahead)
        if info.key_frame:
            limit(core, consumer, consumer.target_temporal, consumer.target_spatial)
        else:
            limit(core, consumer, min(layers.temporal, consumer.target_temporal), min(layers.spatial, consumer.target_spatial))
        layers.limits[info.picture_id % PICTURES_KEPT] = packed_limits(layers)
    if not passes_vp9_late(consumer, slot, shown):
        return False
    if info.switching_point and layers.temporal < consumer.target_temporal:
        limit(core, consumer, consumer.target_temporal, layers.spatial)      # for the pictures after this one
    return True


cdef bint passes_vp9_late(Consumer* consumer, Slot* slot, Shown* shown) noexcept nogil:
    """By the limits of its picture."""
    cdef Layers* layers = consumer.layers
    cdef PayloadInfo* info = &slot.info
    cdef int temporal = max(<int>info.temporal_id, 0), spatial = max(<int>info.spatial_id, 0)
    if not info.has_picture_id:
        return True
    if not layers.begun or <uint16_t>(layers.picture - info.picture_id) & picture_mask(info) >= PICTURES_KEPT:
        return False
    if not passed_then(layers, info.picture_id, temporal, spatial):
        return False
    if info.end_of_layer and spatial == layers.limits[info.picture_id % PICTURES_KEPT] >> 4:
        shown.flags |= SHOWN_MARKED
    return True


# --- the dependency descriptor (AV1, and H.264 where its publisher sends one) --------------------------------


cdef bint passes_described(Core* core, Consumer* consumer, Slot* slot, Shown* shown) noexcept nogil:
    """By decode target: a frame passes that is in the viewer's one (AV1 RTP specification, A.8)."""
    cdef Layers* layers = consumer.layers
    cdef FrameDescriptor* frame = &slot.frame
    cdef FrameStructure* structure = consumer.stream.structure
    cdef uint16_t ahead = <uint16_t>(frame.number - layers.picture)
    cdef int target = layers.decode_target
    if layers.begun and layers.described and ahead > 0x7FFF:
        return passes_described_late(consumer, slot, shown)
    if not layers.begun or not layers.described or ahead:
        if not layers.described:
            layers.described = 1
            layers.begun = 0
            target = layers.decode_target = <uint8_t>find_target(structure, consumer.target_spatial, consumer.target_temporal)
        next_picture(layers, frame.number, ahead)
        choose_target(consumer, slot, structure)
        layers.timestamp = slot.packet.timestamp
        if target != layers.decode_target or frame.structure:
            shown.flags |= SHOWN_MASKED
        limit(core, consumer, structure.temporal[layers.decode_target], structure.spatial[layers.decode_target])
        layers.limits[frame.number % PICTURES_KEPT] = layers.decode_target
        if not (frame.present >> layers.decode_target) & 1:
            layers.left_pictures |= 1
    return passes_described_late(consumer, slot, shown)


cdef bint passes_described_late(Consumer* consumer, Slot* slot, Shown* shown) noexcept nogil:
    """As its frame was decided about, else by the decode target of then."""
    cdef Layers* layers = consumer.layers
    cdef uint16_t back = <uint16_t>(layers.picture - slot.frame.number)
    cdef int target = layers.limits[slot.frame.number % PICTURES_KEPT]
    if not layers.begun or back >= PICTURES_KEPT:
        return False
    if (layers.seen_pictures >> back) & 1:
        if (layers.left_pictures >> back) & 1:
            return False
    elif not (slot.frame.present >> target) & 1:
        return False
    if slot.frame.last and slot.frame.spatial == consumer.stream.structure.spatial[target]:
        shown.flags |= SHOWN_MARKED
    return True


cdef int find_target(const FrameStructure* structure, int spatial, int temporal) noexcept nogil:
    """The decode target of the highest layers up to these; without any the lowest."""
    cdef int target, best = -1, lowest = 0
    for target in range(structure.targets):
        if structure.spatial[target] * 8 + structure.temporal[target] < \
                structure.spatial[lowest] * 8 + structure.temporal[lowest]:
            lowest = target
        if structure.spatial[target] <= spatial and structure.temporal[target] <= temporal and (
                best < 0 or structure.spatial[target] * 8 + structure.temporal[target] >
                structure.spatial[best] * 8 + structure.temporal[best]):
            best = target
    return best if best >= 0 else lowest


cdef bint is_part_of(const FrameStructure* structure, int part, int whole) noexcept nogil:
    """Whether all frames of one decode target are in another: who gets that one may have this at any time."""
    cdef int i
    for i in range(structure.templates):
        if (structure.template[i].present >> part) & 1 and not (structure.template[i].present >> whole) & 1:
            return False
    return True


cdef bint can_take(Consumer* consumer, const Slot* slot, const FrameStructure* structure, int target) noexcept nogil:
    """Whether another decode target can be decoded from this frame on. A lower one waits for the next picture: what has
    been sent of this one may lack the marker."""
    cdef Layers* layers = consumer.layers
    cdef const FrameDescriptor* frame = &slot.frame
    cdef int i
    if is_part_of(structure, target, layers.decode_target):
        return slot.packet.timestamp != layers.timestamp
    if not frame.first or not (frame.switches >> target) & 1:    # later packets do not tell the references
        return False
    for i in range(frame.references):
        if frame.apart[i] >= PICTURES_KEPT or not (layers.seen_pictures & ~layers.left_pictures) >> frame.apart[i] & 1:
            return False
    return True


cdef void choose_target(Consumer* consumer, const Slot* slot, const FrameStructure* structure) noexcept nogil:
    cdef Layers* layers = consumer.layers
    cdef const FrameDescriptor* frame = &slot.frame
    cdef int best = find_target(structure, consumer.target_spatial, consumer.target_temporal)
    cdef int spatial, second
    layers.stuck = 0
    if layers.decode_target >= structure.targets or (frame.structure and frame.references == 0):
        layers.decode_target = <uint8_t>best
    if best == layers.decode_target:
        return
    spatial = structure.spatial[layers.decode_target]
    if structure.spatial[best] <= spatial and can_take(consumer, slot, structure, best):
        layers.decode_target = <uint8_t>best     # upper layers come at a key picture: the marker of this one's lower layer
        return                                   # may have been set already
    layers.stuck = structure.spatial[best] != spatial
    second = find_target(structure, spatial, consumer.target_temporal)
    if second != layers.decode_target and structure.spatial[second] == spatial and \
            can_take(consumer, slot, structure, second):
        layers.decode_target = <uint8_t>second


cdef bint wants_key_picture(Consumer* consumer) noexcept nogil:
    """Whether spatial layers inside the stream, which the viewer is to get or to lose, change at a key picture only."""
    cdef Layers* layers = consumer.layers
    cdef FrameStructure* structure = consumer.stream.structure
    if layers.described:
        return layers.stuck or structure.spatial[
            find_target(structure, consumer.target_spatial, consumer.target_temporal)] > layers.spatial
    return layers.spatial < min(consumer.target_spatial, consumer.stream.top_spatial)


cdef uint32_t passing_targets(const FrameStructure* structure, int target) noexcept nogil:
    """A bit for each decode target that is a part of this one."""
    cdef uint32_t mask = 0
    cdef int i
    for i in range(structure.targets):
        if is_part_of(structure, i, target):
            mask |= <uint32_t>1 << i
    return mask
