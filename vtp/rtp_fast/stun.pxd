# cython: language_level=3
"""STUN as ICE uses it: parse, check, and write requests and answers.

Sources: RFC 8489 (STUN; section 5 header, 14 attributes, 14.5 MESSAGE-INTEGRITY, 14.7 FINGERPRINT),
RFC 8445 section 7.1 and 16.1 (ICE attributes), RFC 7675 (consent is a plain check). Parsers never read past n;
writers return the message's length or STUN_ERROR_*.
"""
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from vtp.rtp_fast.header cimport read16, read32, read64, write16, write32, write64
from vtp.rtp_fast.sha1 cimport (
    CRYPTO_memcmp, HmacSha1, SHA1_BYTES, SHA1_Update, SHA_CTX, hmac_sha1_finish, hmac_sha1_set_key,
)


cdef enum:
    STUN_HEADER_BYTES = 20
    STUN_MAX_BYTES = 1500  # longer is not parsed: no ICE message comes near it
    STUN_MAX_USERNAME = 512  # RFC 8489 section 14.3: fewer than 513 bytes
    STUN_MAX_UNKNOWN = 8  # unknown attributes remembered for a 420
    STUN_COOKIE = 0x2112A442

cdef enum:  # message types: class and method, RFC 8489 section 5
    STUN_BINDING_REQUEST = 0x0001
    STUN_BINDING_INDICATION = 0x0011
    STUN_BINDING_SUCCESS = 0x0101
    STUN_BINDING_ERROR = 0x0111

cdef enum:  # attributes, RFC 8489 section 18.3 and RFC 8445 section 16.1
    STUN_ATTR_MAPPED_ADDRESS = 0x0001
    STUN_ATTR_USERNAME = 0x0006
    STUN_ATTR_INTEGRITY = 0x0008
    STUN_ATTR_ERROR_CODE = 0x0009
    STUN_ATTR_UNKNOWN_ATTRIBUTES = 0x000A
    STUN_ATTR_REALM = 0x0014
    STUN_ATTR_NONCE = 0x0015
    STUN_ATTR_INTEGRITY_SHA256 = 0x001C
    STUN_ATTR_PASSWORD_ALGORITHM = 0x001D
    STUN_ATTR_USERHASH = 0x001E
    STUN_ATTR_XOR_MAPPED_ADDRESS = 0x0020
    STUN_ATTR_PRIORITY = 0x0024
    STUN_ATTR_USE_CANDIDATE = 0x0025
    STUN_ATTR_FINGERPRINT = 0x8028
    STUN_ATTR_ICE_CONTROLLED = 0x8029
    STUN_ATTR_ICE_CONTROLLING = 0x802A

cdef enum:  # what the functions say no with
    STUN_ERROR_SHORT = -1  # fewer than 20 bytes
    STUN_ERROR_HEADER = -2  # first two bits, cookie or length are wrong
    STUN_ERROR_ATTRIBUTE = -3  # an attribute runs past the end or has an impossible length
    STUN_ERROR_FINGERPRINT = -4  # wrong CRC, or not the last attribute
    STUN_ERROR_NO_INTEGRITY = -5  # there is no MESSAGE-INTEGRITY
    STUN_ERROR_INTEGRITY = -6  # MESSAGE-INTEGRITY is wrong
    STUN_ERROR_SPACE = -7  # the answer does not fit into the buffer
    STUN_ERROR_LARGER = -8  # the answer would be larger than the request: nothing may be sent
    STUN_ERROR_ARGUMENT = -9  # address family or user name cannot be written


cdef struct StunMessage:
    const uint8_t* data  # the datagram it was parsed from; must outlive this struct
    uint16_t length  # of the datagram
    uint16_t type
    uint8_t transaction[12]
    const uint8_t* username  # NULL when absent
    uint16_t username_len
    uint16_t integrity_offset  # of the attribute's header; 0 when absent
    uint16_t fingerprint_offset  # of the attribute's header; 0 when absent
    uint32_t priority
    uint8_t has_priority
    uint8_t has_use_candidate
    uint8_t has_controlling
    uint8_t has_controlled
    uint64_t tie_breaker  # of ICE-CONTROLLING or ICE-CONTROLLED
    uint16_t error_code  # of ERROR-CODE, 0 when absent
    uint8_t address_family  # of XOR-MAPPED-ADDRESS (else MAPPED-ADDRESS): 4, 6 or 0 when absent
    uint16_t address_port
    uint8_t address[16]  # 4 or 16 bytes in network order
    uint16_t unknown[8]  # comprehension-required attributes not known here
    uint8_t unknown_count  # more than 8 are counted, not kept


cdef inline uint32_t stun_crc32(const uint8_t* p, size_t n) noexcept nogil:
    """CRC-32 of ITU V.42, bit by bit: no table, and messages are short. For FINGERPRINT, RFC 8489 section 14.7."""
    cdef uint32_t crc = 0xFFFFFFFFU
    cdef size_t i
    cdef int bit
    for i in range(n):
        crc ^= p[i]
        for bit in range(8):
            crc = (crc >> 1) ^ (0xEDB88320U & (0U - (crc & 1U)))
    return crc ^ 0xFFFFFFFFU


cdef inline void stun_parse_address(
        const uint8_t* value, uint16_t length, const uint8_t* header, bint xored, StunMessage* out) noexcept nogil:
    """XOR-MAPPED-ADDRESS or MAPPED-ADDRESS, RFC 8489 sections 14.1 and 14.2. An odd one is left out."""
    cdef int size = 4 if value[1] == 1 else 16
    cdef int i
    if (value[1] != 1 and value[1] != 2) or length != 4 + size:
        return
    out.address_family = 4 if value[1] == 1 else 6
    out.address_port = read16(value + 2)
    memcpy(out.address, value + 4, <size_t> size)
    if xored:
        out.address_port ^= <uint16_t> (STUN_COOKIE >> 16)
        for i in range(size):
            out.address[i] ^= header[4 + i]


cdef inline int stun_attribute_size_ok(uint16_t kind, uint16_t length) noexcept nogil:
    """1 unless a known attribute has a length it cannot have."""
    if kind == STUN_ATTR_PRIORITY or kind == STUN_ATTR_FINGERPRINT:
        return length == 4
    if kind == STUN_ATTR_ICE_CONTROLLED or kind == STUN_ATTR_ICE_CONTROLLING:
        return length == 8
    if kind == STUN_ATTR_INTEGRITY:
        return length == SHA1_BYTES
    if kind == STUN_ATTR_USERNAME:
        return length <= STUN_MAX_USERNAME
    if kind == STUN_ATTR_USE_CANDIDATE:
        return length == 0
    if kind == STUN_ATTR_ERROR_CODE or kind == STUN_ATTR_XOR_MAPPED_ADDRESS or kind == STUN_ATTR_MAPPED_ADDRESS:
        return length >= 4
    return 1


cdef inline bint stun_is_known(uint16_t kind) noexcept nogil:
    """Comprehension-required attributes that need no action here but are understood."""
    return (
        kind == STUN_ATTR_UNKNOWN_ATTRIBUTES or kind == STUN_ATTR_REALM or kind == STUN_ATTR_NONCE
        or kind == STUN_ATTR_INTEGRITY_SHA256 or kind == STUN_ATTR_PASSWORD_ALGORITHM or kind == STUN_ATTR_USERHASH
    )


cdef inline void stun_take_attribute(
        uint16_t kind, const uint8_t* value, uint16_t length, const uint8_t* header, StunMessage* out) noexcept nogil:
    """Store one attribute; of repeated ones the first counts, RFC 8489 section 14."""
    if kind == STUN_ATTR_USERNAME:
        if out.username == NULL:
            out.username = value
            out.username_len = length
    elif kind == STUN_ATTR_PRIORITY:
        if not out.has_priority:
            out.has_priority = 1
            out.priority = read32(value)
    elif kind == STUN_ATTR_USE_CANDIDATE:
        out.has_use_candidate = 1
    elif kind == STUN_ATTR_ICE_CONTROLLING or kind == STUN_ATTR_ICE_CONTROLLED:
        if not (out.has_controlling or out.has_controlled):
            out.has_controlling = kind == STUN_ATTR_ICE_CONTROLLING
            out.has_controlled = kind == STUN_ATTR_ICE_CONTROLLED
            out.tie_breaker = read64(value)
    elif kind == STUN_ATTR_ERROR_CODE:
        if out.error_code == 0:
            out.error_code = <uint16_t> ((value[2] & 7) * 100 + value[3])
    elif kind == STUN_ATTR_XOR_MAPPED_ADDRESS:
        stun_parse_address(value, length, header, True, out)
    elif kind == STUN_ATTR_MAPPED_ADDRESS:
        if out.address_family == 0:
            stun_parse_address(value, length, header, False, out)
    elif kind < 0x8000 and not stun_is_known(kind):
        if out.unknown_count < STUN_MAX_UNKNOWN:
            out.unknown[out.unknown_count] = kind
        if out.unknown_count < 255:
            out.unknown_count += 1


cdef inline int stun_check_fingerprint(const uint8_t* p, size_t offset) noexcept nogil:
    """1 when the FINGERPRINT attribute at offset is right, RFC 8489 section 14.7."""
    return (stun_crc32(p, offset) ^ 0x5354554E) == read32(p + offset + 4)


cdef inline int stun_parse(const uint8_t* p, size_t n, StunMessage* out) noexcept nogil:
    """Read a STUN message: 0 or STUN_ERROR_*. Pointers in out point into p.

    RFC 8489 sections 5, 6.3 and 14. A FINGERPRINT is checked when present; integrity is not (no key here).
    What follows MESSAGE-INTEGRITY is ignored, but for FINGERPRINT (section 14.5).
    """
    cdef size_t at = STUN_HEADER_BYTES
    cdef uint16_t kind, length
    memset(out, 0, sizeof(StunMessage))
    if n < STUN_HEADER_BYTES:
        return STUN_ERROR_SHORT
    if n > STUN_MAX_BYTES or p[0] & 0xC0 or read32(p + 4) != STUN_COOKIE:
        return STUN_ERROR_HEADER
    if n & 3 or <size_t> read16(p + 2) + STUN_HEADER_BYTES != n:
        return STUN_ERROR_HEADER
    out.data = p
    out.length = <uint16_t> n
    out.type = read16(p)
    memcpy(out.transaction, p + 8, 12)
    while at + 4 <= n:
        kind = read16(p + at)
        length = read16(p + at + 2)
        if at + 4 + length > n or not stun_attribute_size_ok(kind, length):
            return STUN_ERROR_ATTRIBUTE
        if kind == STUN_ATTR_FINGERPRINT:
            if at + 8 != n or not stun_check_fingerprint(p, at):
                return STUN_ERROR_FINGERPRINT
            out.fingerprint_offset = <uint16_t> at
        elif out.integrity_offset == 0:
            if kind == STUN_ATTR_INTEGRITY:
                out.integrity_offset = <uint16_t> at
            else:
                stun_take_attribute(kind, p + at + 4, length, p, out)
        at += 4 + ((<size_t> length + 3) & ~<size_t> 3)
    return 0


cdef inline void stun_integrity(
        const uint8_t* p, size_t offset, const uint8_t* key, size_t keylen, uint8_t* digest) noexcept nogil:
    """The digest that MESSAGE-INTEGRITY at offset has to carry, RFC 8489 section 14.5."""
    cdef HmacSha1 mac
    cdef uint8_t head[4]
    cdef SHA_CTX message
    hmac_sha1_set_key(&mac, key, keylen)
    memcpy(head, p, 2)
    write16(head + 2, <uint16_t> (offset + 4 + SHA1_BYTES - STUN_HEADER_BYTES))
    message = mac.inner
    SHA1_Update(&message, head, 4)
    SHA1_Update(&message, p + 4, offset - 4)
    hmac_sha1_finish(&mac, &message, digest)


cdef inline int stun_check_integrity(const StunMessage* message, const uint8_t* key, size_t keylen) noexcept nogil:
    """0 when MESSAGE-INTEGRITY is there and right for this key (ICE: the password), else STUN_ERROR_*."""
    cdef uint8_t digest[20]
    if message.integrity_offset == 0:
        return STUN_ERROR_NO_INTEGRITY
    stun_integrity(message.data, message.integrity_offset, key, keylen, digest)
    if CRYPTO_memcmp(digest, message.data + message.integrity_offset + 4, SHA1_BYTES):
        return STUN_ERROR_INTEGRITY
    return 0


cdef inline void stun_write_header(uint8_t* out, uint16_t kind, const uint8_t* transaction) noexcept nogil:
    """The first 20 bytes, with length 0 for now."""
    write16(out, kind)
    write16(out + 2, 0)
    write32(out + 4, STUN_COOKIE)
    memcpy(out + 8, transaction, 12)


cdef inline size_t stun_write_attribute(
        uint8_t* out, size_t at, uint16_t kind, const uint8_t* value, uint16_t length) noexcept nogil:
    """Append one attribute with its padding; the room was checked by the caller. Where the next one goes."""
    cdef size_t padded = (<size_t> length + 3) & ~<size_t> 3
    write16(out + at, kind)
    write16(out + at + 2, length)
    memset(out + at + 4, 0, padded)
    if length:
        memcpy(out + at + 4, value, length)
    return at + 4 + padded


cdef inline int stun_finish(uint8_t* out, size_t at, const uint8_t* key, size_t keylen) noexcept nogil:
    """Append MESSAGE-INTEGRITY (unless key is NULL) and FINGERPRINT, set the length; the message's length."""
    cdef uint8_t digest[20]
    cdef uint8_t crc[4]
    if key != NULL:
        stun_integrity(out, at, key, keylen, digest)
        at = stun_write_attribute(out, at, STUN_ATTR_INTEGRITY, digest, SHA1_BYTES)
    write16(out + 2, <uint16_t> (at + 8 - STUN_HEADER_BYTES))
    write32(crc, stun_crc32(out, at) ^ 0x5354554E)
    at = stun_write_attribute(out, at, STUN_ATTR_FINGERPRINT, crc, 4)
    return <int> at


cdef inline size_t stun_trailer_bytes(const uint8_t* key) noexcept nogil:
    """What stun_finish adds."""
    return 8 + (0 if key == NULL else 4 + SHA1_BYTES)


cdef inline int stun_write_success(
        uint8_t* out, size_t cap, const StunMessage* request, const uint8_t* addr, uint16_t port, int family,
        const uint8_t* key, size_t keylen) noexcept nogil:
    """A Binding success with XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT: its length or STUN_ERROR_*.

    addr: 4 or 16 bytes in network order; port in host order; family 4 or 6 (an IPv4-mapped IPv6 address is written
    as IPv4). Never larger than the request (STUN_ERROR_LARGER). RFC 8489 sections 6.3.1.1 and 14.2.
    """
    cdef uint8_t value[20]
    cdef int i, size
    if family != 4 and family != 6:
        return STUN_ERROR_ARGUMENT
    if family == 6 and read64(addr) == 0 and read32(addr + 8) == 0xFFFF:
        addr += 12
        family = 4
    size = 4 if family == 4 else 16
    cdef size_t total = STUN_HEADER_BYTES + 8 + <size_t> size + stun_trailer_bytes(key)
    if total > cap:
        return STUN_ERROR_SPACE
    if total > request.length:
        return STUN_ERROR_LARGER
    stun_write_header(out, STUN_BINDING_SUCCESS, request.transaction)
    value[0] = 0
    value[1] = 1 if family == 4 else 2
    write16(value + 2, port ^ <uint16_t> (STUN_COOKIE >> 16))
    for i in range(size):
        value[4 + i] = addr[i] ^ out[4 + i]
    cdef size_t at = stun_write_attribute(
        out, STUN_HEADER_BYTES, STUN_ATTR_XOR_MAPPED_ADDRESS, value, <uint16_t> (4 + size))
    return stun_finish(out, at, key, keylen)


cdef inline int stun_write_error(
        uint8_t* out, size_t cap, const StunMessage* request, int code,
        const uint8_t* key, size_t keylen) noexcept nogil:
    """A Binding error (400, 401, 420, 487, 500 …) without a phrase: its length or STUN_ERROR_*.

    420 lists the request's unknown attributes. key NULL: without MESSAGE-INTEGRITY, as 400 and 401 have to be
    (RFC 8489 section 9.1.3). Never larger than the request (STUN_ERROR_LARGER). RFC 8489 section 14.8.
    """
    cdef uint8_t value[16]
    cdef int i, unknown = 0
    if code < 300 or code > 699:
        return STUN_ERROR_ARGUMENT
    if code == 420:
        unknown = min(<int> request.unknown_count, <int> STUN_MAX_UNKNOWN)
    cdef size_t total = STUN_HEADER_BYTES + 8 + stun_trailer_bytes(key)
    if unknown:
        total += 4 + ((2 * <size_t> unknown + 3) & ~<size_t> 3)
    if total > cap:
        return STUN_ERROR_SPACE
    if total > request.length:
        return STUN_ERROR_LARGER
    stun_write_header(out, (request.type & 0x3EEF) | 0x0110, request.transaction)
    write16(value, 0)
    value[2] = <uint8_t> (<unsigned int> code // 100U)
    value[3] = <uint8_t> (<unsigned int> code % 100U)
    cdef size_t at = stun_write_attribute(out, STUN_HEADER_BYTES, STUN_ATTR_ERROR_CODE, value, 4)
    if unknown:
        for i in range(unknown):
            write16(value + 2 * i, request.unknown[i])
        at = stun_write_attribute(out, at, STUN_ATTR_UNKNOWN_ATTRIBUTES, value, <uint16_t> (2 * unknown))
    return stun_finish(out, at, key, keylen)


cdef inline int stun_write_request(
        uint8_t* out, size_t cap, const uint8_t* transaction, const uint8_t* username, size_t username_len,
        uint32_t priority, int controlling, uint64_t tie_breaker, int use_candidate,
        const uint8_t* key, size_t keylen) noexcept nogil:
    """A connectivity check (Binding request), its length or STUN_ERROR_*. RFC 8445 section 7.2.2.

    transaction: 12 random bytes; username: "their ufrag:our ufrag"; controlling: 1 writes ICE-CONTROLLING, 0
    ICE-CONTROLLED; key: their password.
    """
    cdef uint8_t value[8]
    if username_len > STUN_MAX_USERNAME:
        return STUN_ERROR_ARGUMENT
    if STUN_HEADER_BYTES + 4 + ((username_len + 3) & ~<size_t> 3) + 8 + 12 + 4 + stun_trailer_bytes(key) > cap:
        return STUN_ERROR_SPACE
    stun_write_header(out, STUN_BINDING_REQUEST, transaction)
    cdef size_t at = stun_write_attribute(
        out, STUN_HEADER_BYTES, STUN_ATTR_USERNAME, username, <uint16_t> username_len)
    write32(value, priority)
    at = stun_write_attribute(out, at, STUN_ATTR_PRIORITY, value, 4)
    write64(value, tie_breaker)
    at = stun_write_attribute(
        out, at, STUN_ATTR_ICE_CONTROLLING if controlling else STUN_ATTR_ICE_CONTROLLED, value, 8)
    if use_candidate:
        at = stun_write_attribute(out, at, STUN_ATTR_USE_CANDIDATE, value, 0)
    return stun_finish(out, at, key, keylen)
