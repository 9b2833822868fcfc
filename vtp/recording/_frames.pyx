# What is done to each frame of a recording, bit by bit: H.264 to MP4's form, AAC of one channel to two.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memchr, memcpy, memset

cdef enum:
    NAL_TYPE_SPS = 7             # ITU-T H.264 table 7-1
    NAL_TYPE_PPS = 8
    NAL_TYPE_AUD = 9
    NAL_TYPE_FILLER = 12
    START_CODE_BYTES = 3
    SCE = 0                      # id_syn_ele of AAC, 3 bits
    CPE = 1
    FIL = 6
    END = 7
    EIGHT_SHORT = 2
    ALL_MID_SIDE = 2             # ms_mask_present
    MOST_ADDED_BYTES = 32        # to a frame of AAC: 22 bits of head and 8 times 13 of empty sections


cdef Py_ssize_t next_start_code(const uint8_t* data, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    """Where the next 00 00 01 begins that lies behind `at`; -1 when there is none."""
    cdef const uint8_t* found
    cdef Py_ssize_t one = at + 2
    while one < size:
        found = <const uint8_t*>memchr(data + one, 1, <size_t>(size - one))
        if found == NULL:
            return -1
        one = found - data
        if data[one - 1] == 0 and data[one - 2] == 0:
            return one - 2
        one += 1
    return -1


cdef bint is_picture(const uint8_t* nal, Py_ssize_t length) noexcept nogil:
    cdef int kind = nal[0] & 0x1F
    return not ((kind == NAL_TYPE_SPS and length >= 4) or kind in (NAL_TYPE_PPS, NAL_TYPE_AUD, NAL_TYPE_FILLER))


def length_prefixed(bytes data not None, int most) -> bytes:
    """An access unit in Annex B as ISO/IEC 14496-15 has it: NAL units behind their lengths, in four bytes each.

    Without parameter sets, delimiters and fillers. ValueError for more than `most` NAL units.
    """
    cdef const uint8_t* source = <const uint8_t*>PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = len(data)
    cdef Py_ssize_t begin, end, length
    cdef Py_ssize_t next_code = next_start_code(source, 0, size)
    cdef int count = 0
    cdef Py_ssize_t units = 0
    begin = next_code
    while begin >= 0:                # how many there are says how much room they need
        units += 1
        begin = next_start_code(source, begin + START_CODE_BYTES, size)
    if units > most:
        raise ValueError("H.264 access unit has too many NAL units")
    cdef bytes sample = PyBytes_FromStringAndSize(NULL, size + units)  # a start code of three, a length of four
    cdef uint8_t* target = <uint8_t*>PyBytes_AS_STRING(sample)
    cdef Py_ssize_t written = 0
    while next_code >= 0:
        begin = next_code + START_CODE_BYTES
        next_code = next_start_code(source, begin, size)
        end = next_code if next_code >= 0 else size
        while end > begin and source[end - 1] == 0:
            end -= 1
        length = end - begin
        if length > 0 and is_picture(source + begin, length):
            target[written] = <uint8_t>(length >> 24)
            target[written + 1] = <uint8_t>(length >> 16)
            target[written + 2] = <uint8_t>(length >> 8)
            target[written + 3] = <uint8_t>length
            memcpy(target + written + 4, source + begin, <size_t>length)
            written += 4 + length
    return sample[:written]


cdef struct Bits:
    const uint8_t* data
    Py_ssize_t at                # in bits
    Py_ssize_t end


cdef uint32_t take(Bits* bits, int count) except? 0xFFFFFFFF:
    """The next bits, 31 at most; ValueError behind the end."""
    cdef uint32_t value = 0
    if bits.at + count > bits.end:
        raise ValueError("AAC frame is cut short")
    for _ in range(count):
        value = value << 1 | (bits.data[bits.at >> 3] >> (7 - (bits.at & 7)) & 1)
        bits.at += 1
    return value


cdef void put(uint8_t* data, Py_ssize_t* at, uint32_t value, int count) noexcept nogil:
    """Writes the lowest bits of a value where all is zero so far."""
    cdef int bit
    for bit in range(count - 1, -1, -1):
        data[at[0] >> 3] |= <uint8_t>((value >> bit & 1) << (7 - (at[0] & 7)))
        at[0] += 1


cdef void copy_bits(uint8_t* target, Py_ssize_t* at, const uint8_t* source, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """Appends the source's bits from `begin` to `end`, whole bytes of them at a time."""
    cdef int shift
    cdef uint32_t byte
    while begin < end and begin & 7:
        put(target, at, source[begin >> 3] >> (7 - (begin & 7)) & 1, 1)
        begin += 1
    shift = at[0] & 7
    while end - begin >= 8:
        byte = source[begin >> 3]
        target[at[0] >> 3] |= <uint8_t>(byte >> shift)
        if shift:
            target[(at[0] >> 3) + 1] |= <uint8_t>(byte << (8 - shift))
        at[0] += 8
        begin += 8
    if begin < end:
        put(target, at, source[begin >> 3] >> (8 - (end - begin)), <int>(end - begin))


cdef void put_empty_sections(uint8_t* data, Py_ssize_t* at, int size, int width) noexcept nogil:
    """Section data of one group of `size` bands in which nothing is."""
    cdef int most = (1 << width) - 1
    if not size:
        return
    put(data, at, 0, 4)
    for _ in range(size // most):
        put(data, at, <uint32_t>most, width)
    put(data, at, <uint32_t>(size % most), width)


def as_pair(bytes frame not None) -> bytes:
    """A mono AAC-LC frame as one of a stereo track with the same in both channels: no second one is encoded.

    The single channel element becomes a channel pair (ISO/IEC 14496-3 section 4.4.2.1) in mid and side: its bits are
    the middle's, the side is written as empty. The frame must have no noise substitution and no temporal noise shaping:
    those are done for each channel after middle and side have become left and right. ValueError for what is no frame
    with one channel alone.
    """
    cdef const uint8_t* source = <const uint8_t*>PyBytes_AS_STRING(frame)
    cdef Bits bits
    bits.data, bits.at, bits.end = source, 0, 8 * len(frame)
    cdef uint32_t kind = take(&bits, 3)
    cdef uint32_t count, tag, gain, head, size, info
    cdef uint32_t grouping = 0
    cdef int info_bits, width, groups, number
    while kind == FIL:           # the encoder's name
        count = take(&bits, 4)
        if count == 15:
            count = 14 + take(&bits, 8)
        bits.at += 8 * <Py_ssize_t>count
        kind = take(&bits, 3)
    if kind != SCE:
        raise ValueError("AAC frame does not begin with a single channel")
    tag, gain, head = take(&bits, 4), take(&bits, 8), take(&bits, 4)
    groups = 1
    if head >> 1 & 3 == EIGHT_SHORT:
        size, grouping = take(&bits, 4), take(&bits, 7)
        for number in range(7):
            groups += not grouping >> number & 1
        width = 3
        info, info_bits = head << 11 | size << 7 | grouping, 15
    else:
        size = take(&bits, 6)
        if take(&bits, 1):
            raise ValueError("AAC frame is predicted, which AAC-LC is not")
        width = 5
        info, info_bits = head << 7 | size << 1, 11
    cdef Py_ssize_t end = bits.end   # it ends in three ones, and zeros up to a whole byte
    while end > bits.at and not source[(end - 1) >> 3] >> (7 - ((end - 1) & 7)) & 1:
        end -= 1
    if end - bits.at < 3 or not (source[(end - 2) >> 3] >> (7 - ((end - 2) & 7)) & 1
                                 and source[(end - 3) >> 3] >> (7 - ((end - 3) & 7)) & 1):
        raise ValueError("AAC frame has no end")
    cdef Py_ssize_t room = len(frame) + MOST_ADDED_BYTES
    cdef bytes pair = PyBytes_FromStringAndSize(NULL, room)
    cdef uint8_t* target = <uint8_t*>PyBytes_AS_STRING(pair)
    cdef Py_ssize_t at = 0
    memset(target, 0, <size_t>room)
    put(target, &at, CPE, 3)
    put(target, &at, tag, 4)
    put(target, &at, 1, 1)       # common_window
    put(target, &at, info, info_bits)
    put(target, &at, ALL_MID_SIDE, 2)
    put(target, &at, gain, 8)
    copy_bits(target, &at, source, bits.at, end - 3)
    put(target, &at, gain, 8)
    for number in range(groups):
        put_empty_sections(target, &at, <int>size, width)
    put(target, &at, 0, 3)       # no pulses, no shaping, no gain control
    put(target, &at, END, 3)
    return pair[:(at + 7) >> 3]
