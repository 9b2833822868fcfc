# cython: language_level=3
"""The dependency descriptor header extension (AV1 RTP specification, A.8): layers and references of a frame.

Every function is total: it never reads past the length it is given.
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset

from vtp.rtp_fast.codecs cimport BitReader, bits_open, bits_read
from vtp.rtp_fast.header cimport read16


cdef enum:
    DESCRIPTOR_TEMPLATES = 64
    DESCRIPTOR_TARGETS = 32
    DESCRIPTOR_REFERENCES = 8  # of a frame, that are looked at; AV1 has no more
    DESCRIPTOR_MANDATORY = 3  # bytes

cdef enum:  # decode target indications, A.8.3
    DTI_NOT_PRESENT = 0
    DTI_SWITCH = 2


cdef struct FrameTemplate:
    uint8_t spatial
    uint8_t temporal
    uint8_t references
    uint8_t apart[DESCRIPTOR_REFERENCES]  # frame number differences
    uint32_t present  # bit per decode target
    uint32_t switches


cdef struct FrameStructure:
    uint8_t offset  # of template ids
    uint8_t templates
    uint8_t targets
    uint8_t chains
    uint8_t spatial[DESCRIPTOR_TARGETS]  # highest layers of each decode target
    uint8_t temporal[DESCRIPTOR_TARGETS]
    FrameTemplate template[DESCRIPTOR_TEMPLATES]


cdef struct FrameDescriptor:  # what one packet tells of its frame
    uint8_t known  # the rest is filled; else only number, first and last
    uint8_t first  # packet of the frame
    uint8_t last
    uint8_t spatial
    uint8_t temporal
    uint8_t references
    uint8_t structure  # it carries one
    uint8_t masked  # and names the active decode targets
    uint16_t number
    uint16_t mask_at  # bit at which the mask of active decode targets is, or would be
    uint16_t apart[DESCRIPTOR_REFERENCES]
    uint32_t present
    uint32_t switches


cdef inline uint32_t descriptor_read_ns(BitReader* bits, uint32_t values) noexcept nogil:
    """ns(n), AV1 bitstream section 4.10.7."""
    cdef int width = 0
    cdef uint32_t rest = values, short_ones, value
    while rest:
        rest >>= 1
        width += 1
    short_ones = (<uint32_t> 1 << width) - values
    value = bits_read(bits, width - 1)
    if value < short_ones:
        return value
    return (value << 1) - short_ones + bits_read(bits, 1)


cdef inline void descriptor_read_targets(BitReader* bits, int targets, uint32_t* present, uint32_t* switches) noexcept nogil:
    cdef uint32_t indication
    cdef int target
    present[0] = switches[0] = 0
    for target in range(targets):
        indication = bits_read(bits, 2)
        if indication != DTI_NOT_PRESENT:
            present[0] |= <uint32_t> 1 << target
        if indication == DTI_SWITCH:
            switches[0] |= <uint32_t> 1 << target


cdef inline int descriptor_read_layers(BitReader* bits, FrameStructure* out) noexcept nogil:
    """template_layers(): 0, or -1 for too many."""
    cdef uint32_t following = 0
    cdef int spatial = 0, temporal = 0
    while following != 3:
        if out.templates == DESCRIPTOR_TEMPLATES or bits.failed or spatial > 3 or temporal > 7:
            return -1
        out.template[out.templates].spatial = <uint8_t> spatial
        out.template[out.templates].temporal = <uint8_t> temporal
        out.templates += 1
        following = bits_read(bits, 2)
        if following == 1:
            temporal += 1
        elif following == 2:
            temporal = 0
            spatial += 1
    return 0


cdef inline int descriptor_read_structure(BitReader* bits, FrameStructure* out) noexcept nogil:
    """template_dependency_structure(): 0, or -1."""
    cdef FrameTemplate* template
    cdef uint32_t apart
    cdef int i, target
    memset(out, 0, sizeof(FrameStructure))
    out.offset = <uint8_t> bits_read(bits, 6)
    out.targets = <uint8_t> (bits_read(bits, 5) + 1)
    if descriptor_read_layers(bits, out) < 0:
        return -1
    for i in range(out.templates):
        descriptor_read_targets(bits, out.targets, &out.template[i].present, &out.template[i].switches)
    for i in range(out.templates):
        template = &out.template[i]
        while bits_read(bits, 1):
            apart = bits_read(bits, 4) + 1
            if template.references < DESCRIPTOR_REFERENCES:
                template.apart[template.references] = <uint8_t> apart
                template.references += 1
    out.chains = <uint8_t> descriptor_read_ns(bits, <uint32_t> out.targets + 1)
    if out.chains:
        for target in range(out.targets):
            descriptor_read_ns(bits, out.chains)
        for i in range(out.templates * out.chains):
            bits_read(bits, 4)
    if bits_read(bits, 1):
        for i in range(out.template[out.templates - 1].spatial + 1):
            bits_read(bits, 32)
    for i in range(out.templates):
        for target in range(out.targets):
            if (out.template[i].present >> target) & 1:
                out.spatial[target] = max(out.spatial[target], out.template[i].spatial)
                out.temporal[target] = max(out.temporal[target], out.template[i].temporal)
    return -1 if bits.failed else 0


cdef inline int descriptor_read_frame(BitReader* bits, const FrameStructure* structure, int template_id, int custom_targets,
                               int custom_references, FrameDescriptor* out) noexcept nogil:
    """frame_dependency_definition(), chains aside: 0, or -1."""
    cdef int index = (template_id + 64 - structure.offset) % 64, i
    cdef const FrameTemplate* template
    cdef uint32_t size, apart
    if index >= structure.templates:
        return -1
    template = &structure.template[index]
    out.spatial = template.spatial
    out.temporal = template.temporal
    out.present = template.present
    out.switches = template.switches
    out.references = template.references
    for i in range(template.references):
        out.apart[i] = template.apart[i]
    if custom_targets:
        descriptor_read_targets(bits, structure.targets, &out.present, &out.switches)
    if custom_references:
        out.references = 0
        size = bits_read(bits, 2)
        while size:
            apart = bits_read(bits, <int> (4 * size)) + 1
            if out.references < DESCRIPTOR_REFERENCES:
                out.apart[out.references] = <uint16_t> apart
                out.references += 1
            size = bits_read(bits, 2)
    return -1 if bits.failed else 0


cdef inline int descriptor_parse(const uint8_t* data, int length, const FrameStructure* known, FrameStructure* fresh,
                          FrameDescriptor* out) noexcept nogil:
    """One descriptor; `known`: the stream's structure or NULL. 1 when `fresh` is filled with another one, else 0.

    A frame that cannot be understood (no structure has come, malformed) is left unknown.
    """
    cdef BitReader bits
    cdef const FrameStructure* structure = known
    cdef uint32_t template_id
    cdef int custom_targets = 0, custom_references = 0
    memset(out, 0, sizeof(FrameDescriptor))
    if length < DESCRIPTOR_MANDATORY:
        return 0
    out.first = data[0] >> 7
    out.last = (data[0] >> 6) & 1
    template_id = data[0] & 0x3F
    out.number = read16(data + 1)
    bits_open(&bits, data + DESCRIPTOR_MANDATORY, length - DESCRIPTOR_MANDATORY, 0)
    out.mask_at = 5
    if length > DESCRIPTOR_MANDATORY:
        out.structure = <uint8_t> bits_read(&bits, 1)
        out.masked = <uint8_t> bits_read(&bits, 1)
        custom_targets = <int> bits_read(&bits, 1)
        custom_references = <int> bits_read(&bits, 1)
        bits_read(&bits, 1)
        if out.structure:
            if descriptor_read_structure(&bits, fresh) < 0:
                out.structure = 0
                return 0
            structure = fresh
            out.mask_at = <uint16_t> (8 * bits.at + bits.bit)
        if structure != NULL and out.masked:
            bits_read(&bits, structure.targets)
    if structure != NULL and not bits.failed:
        out.known = descriptor_read_frame(&bits, structure, <int> template_id, custom_targets, custom_references, out) == 0
    return out.structure


cdef inline int descriptor_write_masked(const uint8_t* data, int length, const FrameDescriptor* frame, int targets, uint32_t mask,
                                 uint8_t* out, int room) noexcept nogil:
    """The descriptor with `mask` as its active decode targets; its length, or -1 when there is no room for it."""
    cdef int bits = 8 * (length - DESCRIPTOR_MANDATORY), at = 0, to = 0, i
    cdef const uint8_t* source = data + DESCRIPTOR_MANDATORY
    cdef uint8_t* target = out + DESCRIPTOR_MANDATORY
    cdef int skipped = targets if frame.masked else 0
    cdef int total = max(bits, 5) - skipped + targets
    if length < DESCRIPTOR_MANDATORY or DESCRIPTOR_MANDATORY + (total + 7) // 8 > room or (bits and bits < frame.mask_at + skipped):
        return -1
    memset(out, 0, DESCRIPTOR_MANDATORY + (total + 7) // 8)
    memcpy(out, data, DESCRIPTOR_MANDATORY)
    while to < max(bits, 5) - skipped + targets:
        if frame.mask_at <= to < frame.mask_at + targets:
            i = (mask >> (targets - 1 - (to - frame.mask_at))) & 1
        elif at < bits:
            if at == frame.mask_at:
                at += skipped
            i = (source[at >> 3] >> (7 - (at & 7))) & 1 if at < bits else 0
            at += 1
        else:
            i = 0
            at += 1
        if to == 1:
            i = 1  # active_decode_targets_present_flag
        target[to >> 3] |= <uint8_t> (i << (7 - (to & 7)))
        to += 1
    return DESCRIPTOR_MANDATORY + (total + 7) // 8
