# What the mix is looked through for, in one pass each: NumPy makes an array of each step of a question.

from libc.stdint cimport int32_t
from libc.string cimport memcpy

cdef enum:
    CHANNELS = 2
    WITHOUT_SIGN = 0x7FFFFFFF    # of a float's bits: those of two that are not negative are in order as numbers are


def loudest(const float[:, ::1] pcm not None) -> float:
    """The greatest distance of any sample from zero; of none 0."""
    cdef Py_ssize_t count = pcm.shape[0] * pcm.shape[1]
    cdef const float* samples
    cdef Py_ssize_t at
    cdef int32_t most = 0
    cdef int32_t bits
    cdef float result
    if count:
        samples = &pcm[0, 0]
        with nogil:
            for at in range(count):
                memcpy(&bits, samples + at, sizeof(bits))
                bits &= WITHOUT_SIGN
                most = bits if bits > most else most
    memcpy(&result, &most, sizeof(result))
    return result


def kinds(const float[:, ::1] pcm not None, Py_ssize_t ticks) -> list:
    """Of each frame of `ticks` rows whether there is any sound in it, and whether both channels are the same.

    ValueError for rows that are not of two channels, or not whole frames.
    """
    cdef Py_ssize_t frame, at
    cdef const float* samples
    cdef int sounds, differ
    if pcm.shape[1] != CHANNELS or ticks <= 0 or pcm.shape[0] % ticks:
        raise ValueError("frames have so many ticks of two channels")
    found = []
    for frame in range(pcm.shape[0] // ticks):
        samples = &pcm[frame * ticks, 0]
        sounds = differ = 0
        for at in range(ticks):
            sounds |= (samples[2 * at] != 0) | (samples[2 * at + 1] != 0)
            differ |= samples[2 * at] != samples[2 * at + 1]
        found.append((sounds != 0, differ == 0))
    return found
