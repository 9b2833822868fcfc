# From RTP packets back to what the encoder made: order, assemble, and never give out a unit with a hole.
#
# Packets are ordered by sequence number; a hole is waited for at most reorder_ms. Video with a hole is dropped up to
# the next key frame, audio goes on and says so. All work per packet runs without the GIL and makes no Python object;
# poll() turns finished units into AccessUnits. Time is an argument. The parts are included below.
# Sources: RFC 3550 (order), RFC 7741 (VP8), RFC 9628 (VP9), RFC 6184 (H.264), the AV1 RTP specification 1.0.

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memmove, memset

from vtp.rtp_fast.codecs cimport (
    CODEC_AV1, CODEC_H264, CODEC_OPUS, CODEC_PCMA, CODEC_PCMU, CODEC_VP8, CODEC_VP9, PayloadInfo, av1_next_element,
    av1_sequence_size, codec_inspect, h264_parameter_set_id, h264_sps_size, leb128_read, leb128_write,
)
from vtp.rtp_fast.header cimport RtpPacket, read16, rtp_parse

include "depacketize_state.pxi"
include "depacketize_units.pxi"
include "depacketize_formats.pxi"
include "depacketize_order.pxi"


@cython.final
cdef class AccessUnit:
    """One frame of video or one packet of audio, whole and in order.

    data: H.264 in Annex B with SPS and PPS before each IDR; a VP8 frame; a VP9 frame or superframe of all spatial
    layers; an AV1 temporal unit in low-overhead format without temporal delimiter, with a sequence header on key frames;
    an Opus packet; PCM samples. rtp_timestamp: extended to 64 bits, monotone across wraps within one ssrc. arrival_ns:
    of its first packet. after_gap: units before it were lost or dropped, or the SSRC changed. width, height: of key
    frames, 0 when unknown.
    """

    cdef readonly bytes data
    cdef readonly int64_t rtp_timestamp
    cdef readonly int64_t arrival_ns
    cdef readonly uint32_t ssrc
    cdef readonly int width
    cdef readonly int height
    cdef readonly bint key_frame
    cdef readonly bint after_gap

    def __repr__(self) -> str:
        return (
            f"<AccessUnit ssrc={self.ssrc} rtp_timestamp={self.rtp_timestamp} bytes={len(self.data)}"
            f"{' key' if self.key_frame else ''}{' after_gap' if self.after_gap else ''}>"
        )


cdef AccessUnit dep_wrap(DepUnit* unit):
    """The Python face of a finished unit."""
    cdef AccessUnit access_unit = AccessUnit.__new__(AccessUnit)
    access_unit.data = PyBytes_FromStringAndSize(<const char*> (unit + 1), <Py_ssize_t> unit.length)
    access_unit.rtp_timestamp = unit.rtp_timestamp
    access_unit.arrival_ns = unit.arrival_ns
    access_unit.ssrc = unit.ssrc
    access_unit.width = unit.width
    access_unit.height = unit.height
    access_unit.key_frame = unit.key_frame
    access_unit.after_gap = unit.after_gap
    return access_unit


@cython.final
cdef class Depacketizer:
    """Orders the RTP packets of one track and assembles access units. Not thread-safe; one thread uses it.

    codec: CODEC_*; clock_rate: of the RTP timestamps in Hz; reorder_ms: how long to wait for a missing packet (at least
    the NACK window); payload_type: packets of others (comfort noise, DTMF) only fill their number; -1 takes all.
    ValueError for an unknown codec or a negative time.
    """

    cdef DepState* state

    def __cinit__(self, int codec, int clock_rate, int reorder_ms, *, int payload_type=-1):
        if codec < CODEC_OPUS or codec > CODEC_AV1:
            raise ValueError(f"codec {codec} is unknown; give one of CODEC_*")
        if clock_rate <= 0 or reorder_ms < 0:
            raise ValueError("the clock rate has to be positive and reorder_ms not negative")
        self.state = dep_new(codec, clock_rate, <int64_t> reorder_ms * 1_000_000, payload_type)
        if self.state == NULL:
            raise MemoryError

    def __dealloc__(self):
        dep_free(self.state)

    cdef int push_packet(self, const uint8_t* rtp, size_t length, int64_t arrival_ns) noexcept nogil:
        """Take a whole plain RTP packet (RTX undone): 1 taken, 0 late or a duplicate, -1 malformed."""
        return dep_push(self.state, rtp, length, arrival_ns)

    def push(self, bytes packet, int64_t arrival_ns) -> int:
        """push_packet for Python."""
        return dep_push(self.state, <const uint8_t*> PyBytes_AS_STRING(packet), <size_t> len(packet), arrival_ns)

    def poll(self, int64_t now_ns) -> list[AccessUnit]:
        """The finished units, in order; holes known for reorder_ms at now_ns (the clock of arrivals) are given up."""
        cdef list units = []
        cdef DepUnit* unit
        with nogil:
            dep_expire(self.state, now_ns)
        while self.state.first != NULL:
            unit = self.state.first
            units.append(dep_wrap(unit))
            self.state.first = unit.next
            self.state.queued_bytes -= unit.length
            free(unit)
        self.state.last = NULL
        return units

    def flush(self) -> list[AccessUnit]:
        """The end of the track: all that is finished or can be, waiting for nothing; an unfinished unit is dropped."""
        with nogil:
            dep_end(self.state)
        return self.poll(0)

    @property
    def needs_key_frame(self) -> bool:
        """Video is being dropped until a key frame comes: after a hole, or because none has come yet."""
        return self.state.started and self.state.video and self.state.waiting_key

    @property
    def lost_packets(self) -> int:
        """Packets that never came, or too late."""
        return self.state.lost_packets

    @property
    def late_packets(self) -> int:
        """Packets ignored: duplicates, and those that came after they were given up."""
        return self.state.late_packets

    @property
    def malformed_packets(self) -> int:
        """Packets or payloads that could not be read."""
        return self.state.malformed_packets

    @property
    def dropped_units(self) -> int:
        """Units begun and not given out; those of which no packet came are not counted."""
        return self.state.dropped_units

    @property
    def clock_rate(self) -> int:
        """Of the RTP timestamps, in Hz."""
        return self.state.clock_rate
