# Writes the fragments of a part, moof and mdat (ISO/IEC 14496-12 section 8.8), of samples as they are.
#
# Byte for byte what FFmpeg's muxer gives for the same samples, a muxer for each part: what all samples share stands once
# in tfhd, what is told for each stands in trun, and a key frame begins a fragment.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef enum:
    TRACK_ID = 1                 # of the only track in a section
    TFHD_FLAGS = 0x02003A        # default-base-is-moof; sample description, duration, size and flags by default
    VERSION_1 = 0x01000000       # of tfdt: 64 bits; of trun
    DATA_OFFSET = 0x1            # of trun
    FIRST_FLAGS = 0x4
    DURATION = 0x100
    SIZE = 0x200
    FLAGS = 0x400
    SYNC = 0x02000000            # depends on no other
    NOT_SYNC = 0x01010000
    MOOF_BYTES = 104             # without trun's table: 8 of moof, 16 of mfhd, 8 of traf, 32 of tfhd, 20 of tfdt and trun
    TRUN_BYTES = 20
    BOX_BYTES = 8

cdef int64_t LONGEST = 0x7FFFFFFF
cdef int64_t MOST_BYTES = 0xFFFFFFFF - BOX_BYTES   # of what an mdat with a short head holds

cdef struct Piece:
    const uint8_t* data
    int64_t size
    int64_t time
    int64_t duration
    bint key_frame


cdef inline uint8_t* put(uint8_t* target, uint32_t value) noexcept nogil:
    target[0] = <uint8_t>(value >> 24)
    target[1] = <uint8_t>(value >> 16)
    target[2] = <uint8_t>(value >> 8)
    target[3] = <uint8_t>value
    return target + 4


cdef inline uint8_t* put_kind(uint8_t* target, const char* kind) noexcept nogil:
    memcpy(target, kind, 4)
    return target + 4


cdef inline uint32_t flags_of(const Piece* piece) noexcept nogil:
    return SYNC if piece.key_frame else NOT_SYNC


cdef struct Plan:                # of one fragment
    uint32_t told                # what trun tells
    Py_ssize_t values            # in its table
    int64_t bytes                # of all samples


cdef Plan plan_of(const Piece* pieces, Py_ssize_t count, bint pictures) noexcept nogil:
    cdef Plan plan
    cdef Py_ssize_t number
    cdef uint32_t usual = NOT_SYNC if pictures else SYNC
    plan.told, plan.values, plan.bytes = DATA_OFFSET, 0, 0
    for number in range(count):
        plan.bytes += pieces[number].size
        if pieces[number].duration != pieces[0].duration:
            plan.told |= DURATION
        if pieces[number].size != pieces[0].size:
            plan.told |= SIZE
        if number and flags_of(&pieces[number]) != usual:
            plan.told |= FLAGS
    if not plan.told & FLAGS and flags_of(&pieces[0]) != usual:
        plan.told |= FIRST_FLAGS
        plan.values = 1
    plan.values += count * ((plan.told & DURATION != 0) + (plan.told & SIZE != 0) + (plan.told & FLAGS != 0))
    return plan


cdef uint8_t* put_fragment(
    uint8_t* target, const Piece* pieces, Py_ssize_t count, const Plan* plan, uint32_t sequence, bint pictures
) noexcept nogil:
    cdef uint32_t table = <uint32_t>(4 * plan.values)
    cdef uint32_t moof = MOOF_BYTES + table
    cdef uint64_t time = <uint64_t>pieces[0].time
    cdef Py_ssize_t number
    target = put_kind(put(target, moof), b"moof")
    target = put(put(put_kind(put(target, 16), b"mfhd"), 0), sequence)
    target = put_kind(put(target, moof - 24), b"traf")
    target = put(put(put_kind(put(target, 32), b"tfhd"), TFHD_FLAGS), TRACK_ID)
    target = put(put(put(target, 1), <uint32_t>pieces[0].duration), <uint32_t>pieces[0].size)
    target = put(target, NOT_SYNC if pictures else SYNC)
    target = put(put_kind(put(target, 20), b"tfdt"), VERSION_1)
    target = put(put(target, <uint32_t>(time >> 32)), <uint32_t>time)
    target = put(put_kind(put(target, TRUN_BYTES + table), b"trun"), VERSION_1 | plan.told)
    target = put(put(target, <uint32_t>count), moof + BOX_BYTES)
    if plan.told & FIRST_FLAGS:
        target = put(target, flags_of(&pieces[0]))
    for number in range(count):
        if plan.told & DURATION:
            target = put(target, <uint32_t>pieces[number].duration)
        if plan.told & SIZE:
            target = put(target, <uint32_t>pieces[number].size)
        if plan.told & FLAGS:
            target = put(target, flags_of(&pieces[number]))
    target = put_kind(put(target, <uint32_t>(BOX_BYTES + plan.bytes)), b"mdat")
    for number in range(count):
        memcpy(target, pieces[number].data, <size_t>pieces[number].size)
        target += pieces[number].size
    return target


cdef Py_ssize_t end_of_fragment(const Piece* pieces, Py_ssize_t begin, Py_ssize_t count, bint pictures) noexcept nogil:
    cdef Py_ssize_t end = begin + 1
    while end < count and not (pictures and pieces[end].key_frame):
        end += 1
    return end


def write_fragments(samples, uint32_t sequence, *, bint pictures) -> bytes:
    """`samples` as a moof and an mdat, or more. Each lasts until the next one's time, and the last as long as it says.

    `sequence`: the first moof's number. Raises ValueError where there is no sample, or one that is not later than the one
    before, OverflowError for numbers that have no room.
    """
    cdef list kept = [sample for sample in samples if sample.data]
    cdef Py_ssize_t count = len(kept)
    cdef Py_ssize_t number, begin, end
    cdef Py_ssize_t room = 0
    cdef bytes data, output
    cdef Plan plan
    cdef uint8_t* target
    if not count:
        raise ValueError("A fragment needs a sample")
    cdef Piece* pieces = <Piece*>PyMem_Malloc(<size_t>count * sizeof(Piece))
    if pieces == NULL:
        raise MemoryError
    try:
        for number in range(count):
            sample = kept[number]
            data = sample.data
            pieces[number].data, pieces[number].size = <const uint8_t*>PyBytes_AS_STRING(data), len(data)
            pieces[number].time, pieces[number].key_frame = sample.time, sample.key_frame
        for number in range(count - 1):
            pieces[number].duration = pieces[number + 1].time - pieces[number].time
        pieces[count - 1].duration = kept[count - 1].duration
        if pieces[0].time < 0:
            raise ValueError("A fragment's samples begin before the track")
        for number in range(count):  # the last may last no time
            if not (number < count - 1) <= pieces[number].duration <= LONGEST:
                raise ValueError("A fragment's samples do not follow each other in time")
        begin = 0
        while begin < count:
            end = end_of_fragment(pieces, begin, count, pictures)
            plan = plan_of(pieces + begin, end - begin, pictures)
            if plan.bytes > MOST_BYTES:
                raise OverflowError("A fragment's samples are too large")
            room += MOOF_BYTES + 4 * plan.values + BOX_BYTES + plan.bytes
            begin = end
        output = PyBytes_FromStringAndSize(NULL, room)
        target = <uint8_t*>PyBytes_AS_STRING(output)
        begin = 0
        while begin < count:
            end = end_of_fragment(pieces, begin, count, pictures)
            plan = plan_of(pieces + begin, end - begin, pictures)
            target = put_fragment(target, pieces + begin, end - begin, &plan, sequence, pictures)
            sequence += 1
            begin = end
        return output
    finally:
        PyMem_Free(pieces)
