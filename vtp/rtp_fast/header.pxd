# cython: language_level=3
"""RTP headers and the first look at a datagram: byte order, kinds, the fixed header, header extensions.

Every function is total: it takes a pointer and a length and never reads past them.
Sources: RFC 3550 section 5.1 (fixed header), RFC 8285 section 4 (extensions), RFC 7983 section 7 and
RFC 5761 section 4 (what a datagram is).
"""
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef enum:
    RTP_HEADER_BYTES = 12  # without CSRCs and extension, RFC 3550 section 5.1
    RTP_MAX_EXTENSIONS = 16  # elements remembered per packet; later ones are not looked at
    RTP_MAX_DATAGRAM = 65535  # nothing longer comes out of a UDP socket

cdef enum:  # what rtp_parse says no with
    RTP_ERROR_SHORT = -1  # fewer than 12 bytes
    RTP_ERROR_VERSION = -2  # version is not 2
    RTP_ERROR_CSRC = -3  # the CSRC list runs past the end
    RTP_ERROR_EXTENSION = -4  # the extension block runs past the end
    RTP_ERROR_PADDING = -5  # padding is zero or longer than the payload
    RTP_ERROR_LONG = -6  # longer than a UDP datagram

cdef enum:  # packet_kind and first_byte_kind
    KIND_OTHER = 0
    KIND_STUN = 1
    KIND_DTLS = 2
    KIND_RTP = 3
    KIND_RTCP = 4


cdef struct RtpExt:
    uint8_t id
    uint8_t len
    uint16_t offset  # of the element's data, from the start of the packet

cdef struct RtpPacket:
    uint8_t marker
    uint8_t payload_type
    uint16_t sequence
    uint32_t timestamp
    uint32_t ssrc
    uint16_t header_len  # with CSRCs and extension
    uint16_t payload_len  # without padding
    uint8_t padding  # padding bytes, the count byte included
    uint8_t ext_count
    uint8_t csrc_count
    uint8_t ext_two_byte  # the block has the two-byte form
    RtpExt ext[16]


cdef inline uint16_t read16(const uint8_t* p) noexcept nogil:
    """Big-endian 16 bits."""
    return <uint16_t> ((p[0] << 8) | p[1])


cdef inline uint32_t read24(const uint8_t* p) noexcept nogil:
    """Big-endian 24 bits."""
    return (<uint32_t> p[0] << 16) | (<uint32_t> p[1] << 8) | p[2]


cdef inline uint32_t read32(const uint8_t* p) noexcept nogil:
    """Big-endian 32 bits."""
    return (<uint32_t> p[0] << 24) | (<uint32_t> p[1] << 16) | (<uint32_t> p[2] << 8) | p[3]


cdef inline uint64_t read64(const uint8_t* p) noexcept nogil:
    """Big-endian 64 bits."""
    return (<uint64_t> read32(p) << 32) | read32(p + 4)


cdef inline void write16(uint8_t* p, uint16_t value) noexcept nogil:
    """Big-endian 16 bits."""
    p[0] = <uint8_t> (value >> 8)
    p[1] = <uint8_t> value


cdef inline void write24(uint8_t* p, uint32_t value) noexcept nogil:
    """Big-endian, the low 24 bits of value."""
    p[0] = <uint8_t> (value >> 16)
    p[1] = <uint8_t> (value >> 8)
    p[2] = <uint8_t> value


cdef inline void write32(uint8_t* p, uint32_t value) noexcept nogil:
    """Big-endian 32 bits."""
    p[0] = <uint8_t> (value >> 24)
    p[1] = <uint8_t> (value >> 16)
    p[2] = <uint8_t> (value >> 8)
    p[3] = <uint8_t> value


cdef inline void write64(uint8_t* p, uint64_t value) noexcept nogil:
    """Big-endian 64 bits."""
    write32(p, <uint32_t> (value >> 32))
    write32(p + 4, <uint32_t> value)


cdef inline int first_byte_kind(uint8_t first) noexcept nogil:
    """KIND_STUN, KIND_DTLS, KIND_RTP (RTCP too) or KIND_OTHER (ZRTP, TURN channels), RFC 7983 section 7."""
    if first <= 3:
        return KIND_STUN
    if 128 <= first <= 191:
        return KIND_RTP
    if 20 <= first <= 63:
        return KIND_DTLS
    return KIND_OTHER


cdef inline int packet_kind(const uint8_t* p, size_t n) noexcept nogil:
    """KIND_* of a whole datagram; RTCP is told from RTP by 192..223 in the second byte, RFC 5761 section 4."""
    if n == 0:
        return KIND_OTHER
    cdef int kind = first_byte_kind(p[0])
    if kind == KIND_RTP and n >= 2 and 192 <= p[1] <= 223:
        return KIND_RTCP
    return kind


cdef inline void rtp_parse_one_byte_extensions(
        const uint8_t* p, size_t at, size_t end, RtpPacket* out) noexcept nogil:
    """Elements of the one-byte form, RFC 8285 section 4.2; stops at id 15 and at a zero id with a length."""
    cdef size_t length
    while at < end and out.ext_count < RTP_MAX_EXTENSIONS:
        if p[at] == 0:
            at += 1
            continue
        length = <size_t> (p[at] & 0x0F) + 1
        if p[at] >> 4 == 15 or p[at] >> 4 == 0 or at + 1 + length > end:
            return
        out.ext[out.ext_count].id = p[at] >> 4
        out.ext[out.ext_count].len = <uint8_t> length
        out.ext[out.ext_count].offset = <uint16_t> (at + 1)
        out.ext_count += 1
        at += 1 + length


cdef inline void rtp_parse_two_byte_extensions(
        const uint8_t* p, size_t at, size_t end, RtpPacket* out) noexcept nogil:
    """Elements of the two-byte form, RFC 8285 section 4.3; stops at an element that runs past the end."""
    cdef size_t length
    while at < end and out.ext_count < RTP_MAX_EXTENSIONS:
        if p[at] == 0:
            at += 1
            continue
        if at + 2 > end:
            return
        length = p[at + 1]
        if at + 2 + length > end:
            return
        out.ext[out.ext_count].id = p[at]
        out.ext[out.ext_count].len = <uint8_t> length
        out.ext[out.ext_count].offset = <uint16_t> (at + 2)
        out.ext_count += 1
        at += 2 + length


cdef inline int rtp_parse_header(const uint8_t* p, size_t n, RtpPacket* out) noexcept nogil:
    """Everything but the padding, so that it serves encrypted packets too. 0, or RTP_ERROR_*.

    RFC 3550 section 5.1 and 5.3.1. Sets payload_len to all that follows the header and padding to 0.
    """
    if n < RTP_HEADER_BYTES:
        return RTP_ERROR_SHORT
    if n > RTP_MAX_DATAGRAM:
        return RTP_ERROR_LONG
    if p[0] >> 6 != 2:
        return RTP_ERROR_VERSION
    out.csrc_count = p[0] & 0x0F
    out.marker = p[1] >> 7
    out.payload_type = p[1] & 0x7F
    out.sequence = read16(p + 2)
    out.timestamp = read32(p + 4)
    out.ssrc = read32(p + 8)
    out.padding = 0
    out.ext_count = 0
    out.ext_two_byte = 0
    cdef size_t at = RTP_HEADER_BYTES + 4 * <size_t> out.csrc_count
    cdef size_t end
    cdef uint16_t profile
    if at > n:
        return RTP_ERROR_CSRC
    if p[0] & 0x10:
        if at + 4 > n:
            return RTP_ERROR_EXTENSION
        profile = read16(p + at)
        end = at + 4 + 4 * <size_t> read16(p + at + 2)
        if end > n:
            return RTP_ERROR_EXTENSION
        if profile == 0xBEDE:
            rtp_parse_one_byte_extensions(p, at + 4, end, out)
        elif profile >> 4 == 0x100:
            out.ext_two_byte = 1
            rtp_parse_two_byte_extensions(p, at + 4, end, out)
        at = end
    out.header_len = <uint16_t> at
    out.payload_len = <uint16_t> (n - at)
    return 0


cdef inline int rtp_parse_padding(const uint8_t* p, size_t n, RtpPacket* out) noexcept nogil:
    """Take the padding of a plain packet off payload_len. 0, or RTP_ERROR_PADDING. RFC 3550 section 5.1.

    out comes from rtp_parse_header; n is the length of the plain packet.
    """
    if n < out.header_len or n > RTP_MAX_DATAGRAM:
        return RTP_ERROR_PADDING
    out.padding = 0
    out.payload_len = <uint16_t> (n - out.header_len)
    if not p[0] & 0x20:
        return 0
    if out.payload_len == 0 or p[n - 1] == 0 or p[n - 1] > out.payload_len:
        return RTP_ERROR_PADDING
    out.padding = p[n - 1]
    out.payload_len -= out.padding
    return 0


cdef inline int rtp_parse(const uint8_t* p, size_t n, RtpPacket* out) noexcept nogil:
    """A whole plain RTP packet: 0, or RTP_ERROR_*. Encrypted packets: rtp_parse_header (or srtp_unprotect)."""
    cdef int error = rtp_parse_header(p, n, out)
    if error < 0:
        return error
    return rtp_parse_padding(p, n, out)


cdef inline const RtpExt* rtp_find_ext(const RtpPacket* packet, uint8_t id) noexcept nogil:
    """The first extension element with this id, or NULL. Elements of id 0 do not exist (RFC 8285 section 4.1)."""
    cdef int i
    for i in range(packet.ext_count):
        if packet.ext[i].id == id:
            return &packet.ext[i]
    return NULL


cdef inline int sequence_newer(uint16_t a, uint16_t b) noexcept nogil:
    """1 when sequence a comes after b, modulo 2^16 (RFC 1982)."""
    return a != b and <uint16_t> (a - b) < 0x8000


cdef inline int timestamp_newer(uint32_t a, uint32_t b) noexcept nogil:
    """1 when timestamp a comes after b, modulo 2^32."""
    return a != b and <int32_t> (a - b) > 0
