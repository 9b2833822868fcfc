# A small seeded generator (xoshiro256**, Blackman and Vigna 2018), so that one seed is one run on every machine.

from libc.math cimport cos, log, sqrt


cdef struct Random:
    uint64_t[4] state


cdef inline uint64_t rotate_left(uint64_t value, int bits) noexcept nogil:
    return (value << bits) | (value >> (64 - bits))


cdef inline void random_seed(Random* random, uint64_t seed) noexcept nogil:
    """Fills the state by splitmix64, as the authors of xoshiro advise: no seed gives an all-zero state."""
    cdef int i
    cdef uint64_t z
    for i in range(4):
        seed += 0x9E3779B97F4A7C15ULL
        z = seed
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL
        random.state[i] = z ^ (z >> 31)


cdef inline uint64_t random_next(Random* random) noexcept nogil:
    cdef uint64_t* s = random.state
    cdef uint64_t result = rotate_left(s[1] * 5, 7) * 9
    cdef uint64_t t = s[1] << 17
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = rotate_left(s[3], 45)
    return result


cdef inline double random_unit(Random* random) noexcept nogil:
    """Uniform in [0, 1)."""
    return <double>(random_next(random) >> 11) * (1.0 / 9007199254740992.0)


cdef inline double random_normal(Random* random) noexcept nogil:
    """Normal with mean 0 and deviation 1 (Box and Muller; one of the pair is thrown away to stay stateless)."""
    cdef double u = 1.0 - random_unit(random)
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * random_unit(random))
