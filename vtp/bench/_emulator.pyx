"""The link emulator: a model of one direction of a link, and a mover of packets between TUN devices through it.

The model lives in virtual time and from a seed, and serves the unit tier as it is. The mover gives it the packets of
real programs: a router in user space, one thread, whose own lateness is counted.
"""

from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

include "client/histogram.pxi"
include "emulator/system.pxi"
include "emulator/random.pxi"
include "emulator/containers.pxi"
include "emulator/packets.pxi"
include "emulator/figures.pxi"
include "emulator/link.pxi"
include "emulator/link_face.pxi"
include "emulator/headers.pxi"
include "emulator/ports.pxi"
include "emulator/mover.pxi"
include "emulator/flood.pxi"
