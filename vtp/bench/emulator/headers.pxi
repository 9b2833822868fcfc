# IPv4 and IPv6 headers as far as a router and a NAT read them, and addresses rewritten with their checksums.

cdef enum:
    PROTOCOL_ICMP = 1
    PROTOCOL_TCP = 6
    PROTOCOL_UDP = 17
    PROTOCOL_ICMP6 = 58


cdef struct Address:
    int length                   # 4 or 16; 0: none
    uint8_t[16] bytes


cdef struct Header:
    uint8_t* data
    int32_t size
    int address_length           # 4 or 16
    int source_at, destination_at
    uint8_t protocol
    int payload_at               # of TCP, UDP or ICMP; 0: a later fragment, or cut off
    bint has_ports


cdef inline uint16_t header_read16(const uint8_t* at) noexcept nogil:
    return <uint16_t>((at[0] << 8) | at[1])


cdef inline void header_write16(uint8_t* at, uint16_t value) noexcept nogil:
    at[0], at[1] = <uint8_t>(value >> 8), <uint8_t>(value & 255)


cdef bint header_parse(Header* out, uint8_t* data, int32_t size) noexcept nogil:
    """False when it is no IP packet. Extension headers of IPv6 are not looked through."""
    memset(out, 0, sizeof(Header))
    out.data, out.size = data, size
    if size >= 20 and data[0] >> 4 == 4:
        out.address_length, out.source_at, out.destination_at = 4, 12, 16
        out.protocol = data[9]
        out.payload_at = (data[0] & 15) * 4 if header_read16(data + 6) & 0x1FFF == 0 else 0
    elif size >= 40 and data[0] >> 4 == 6:
        out.address_length, out.source_at, out.destination_at = 16, 8, 24
        out.protocol, out.payload_at = data[6], 40
    else:
        return False
    if out.payload_at + 8 > size:
        out.payload_at = 0
    out.has_ports = out.payload_at > 0 and (out.protocol == PROTOCOL_UDP or out.protocol == PROTOCOL_TCP)
    return True


cdef inline uint16_t header_port(const Header* header, bint destination) noexcept nogil:
    """0 without ports."""
    return header_read16(header.data + header.payload_at + 2 * destination) if header.has_ports else 0


cdef inline bint address_is(const Address* address, const uint8_t* at, int length) noexcept nogil:
    return address.length == length and memcmp(address.bytes, at, length) == 0


cdef inline uint16_t checksum_replaced(uint16_t checksum, uint16_t old, uint16_t new) noexcept nogil:
    """RFC 1624, equation 3."""
    cdef uint32_t total = <uint32_t>(<uint16_t>~checksum) + <uint16_t>~old + new
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return <uint16_t>~total


cdef inline int header_checksum_at(const Header* header) noexcept nogil:
    """Of the checksum that covers addresses and ports beside IPv4's own; 0: there is none (ICMP, or UDP without)."""
    if header.payload_at == 0:
        return 0
    if header.protocol == PROTOCOL_UDP and header_read16(header.data + header.payload_at + 6) != 0:
        return header.payload_at + 6
    if header.protocol == PROTOCOL_TCP and header.payload_at + 18 <= header.size:
        return header.payload_at + 16
    return header.payload_at + 2 if header.protocol == PROTOCOL_ICMP6 else 0


cdef void header_replace(Header* header, int at, uint16_t new, bint is_address) noexcept nogil:
    """Two bytes of an address or a port, and the checksums with them."""
    cdef uint16_t old = header_read16(header.data + at)
    cdef int checksum_at = header_checksum_at(header)
    cdef uint16_t checksum
    header_write16(header.data + at, new)
    if is_address and header.address_length == 4:
        header_write16(header.data + 10, checksum_replaced(header_read16(header.data + 10), old, new))
    if checksum_at:
        checksum = checksum_replaced(header_read16(header.data + checksum_at), old, new)
        if header.protocol == PROTOCOL_UDP and checksum == 0:
            checksum = 0xFFFF    # 0 would say that there is none (RFC 768)
        header_write16(header.data + checksum_at, checksum)


cdef void header_rewrite(Header* header, bint destination, const Address* address, uint16_t port) noexcept nogil:
    """Gives it another source or destination; `port` is for packets that have ports."""
    cdef int i
    cdef int at = header.destination_at if destination else header.source_at
    for i in range(0, header.address_length, 2):
        header_replace(header, at + i, header_read16(address.bytes + i), True)
    if header.has_ports:
        header_replace(header, header.payload_at + 2 * destination, port, False)
