# The ports of the emulated network: a TUN device, what it is called, a link up and a link down, a NAT, what is blocked.

cdef enum:
    MAX_PORTS = 64
    PORT_ADDRESSES = 8
    PORT_BLOCKS = 16
    NAT_FLOWS = 1024
    NAT_FIRST_PORT = 20_000


cdef struct Flow:                # of a NAT: what is called `inside` there is called `outside_port` here
    uint8_t protocol
    Address inside
    uint16_t inside_port, outside_port


cdef struct Nat:                 # endpoint-independent mapping and filtering (RFC 4787): any peer may answer
    Address outside4, outside6
    uint16_t next_port
    Flow flows[NAT_FLOWS]
    int count


cdef struct Block:
    uint8_t protocol             # 0: any
    uint16_t port                # of the far side; 0: any


cdef struct Port:
    int fd                       # -1: none, or not any more
    Address addresses[PORT_ADDRESSES]
    int address_count
    Nat* nat                     # NULL: none
    Block blocks[PORT_BLOCKS]
    int block_count
    bint is_cut
    LinkState up, down
    Histogram error              # of writing to it, in microseconds behind the model
    uint64_t read, read_bytes, written, written_bytes
    uint64_t blocked, cut, unrouted, unmapped, malformed, write_failed, no_room


cdef bint port_blocks(const Port* port, const Header* header, bint outgoing) noexcept nogil:
    cdef int i
    cdef const Block* block
    for i in range(port.block_count):
        block = &port.blocks[i]
        if block.protocol and block.protocol != header.protocol:
            continue
        if block.port == 0 or (header.has_ports and header_port(header, outgoing) == block.port):
            return True
    return False


cdef inline const Address* nat_outside(const Nat* nat, int length) noexcept nogil:
    """NULL when addresses of that length go through as they are."""
    cdef const Address* outside = &nat.outside4 if length == 4 else &nat.outside6
    return outside if outside.length else NULL


cdef bint nat_leave(Nat* nat, Header* header) noexcept nogil:
    """Puts the outside's address and port as source; False when there is no room for one more flow."""
    cdef int i
    cdef Flow* flow
    cdef const Address* outside = nat_outside(nat, header.address_length)
    cdef uint16_t port = header_port(header, False)
    if outside == NULL:
        return True
    for i in range(nat.count):
        flow = &nat.flows[i]
        if flow.inside_port == port and flow.protocol == header.protocol and address_is(
                &flow.inside, header.data + header.source_at, header.address_length):
            header_rewrite(header, False, outside, flow.outside_port)
            return True
    if nat.count == NAT_FLOWS:
        return False
    flow = &nat.flows[nat.count]
    nat.count += 1
    flow.protocol = header.protocol
    flow.inside.length = header.address_length
    memcpy(flow.inside.bytes, header.data + header.source_at, header.address_length)
    flow.inside_port = port
    flow.outside_port = nat.next_port
    nat.next_port = nat.next_port + 1 if nat.next_port < 65_535 else NAT_FIRST_PORT
    header_rewrite(header, False, outside, flow.outside_port)
    return True


cdef bint nat_enter(Nat* nat, Header* header) noexcept nogil:
    """Puts the inside's address and port as destination; False when nothing inside has asked for it."""
    cdef int i
    cdef Flow* flow
    cdef const Address* outside = nat_outside(nat, header.address_length)
    cdef uint16_t port = header_port(header, True)
    if outside == NULL:
        return True
    if not address_is(outside, header.data + header.destination_at, header.address_length):
        return False
    for i in range(nat.count - 1, -1, -1):
        flow = &nat.flows[i]
        if flow.inside.length == header.address_length and flow.protocol == header.protocol and (
                not header.has_ports or flow.outside_port == port):
            header_rewrite(header, True, &flow.inside, flow.inside_port)
            return True
    return False


cdef inline bint port_is(const Port* port, const uint8_t* address, int length) noexcept nogil:
    """Whether packets to this address go there."""
    cdef int i
    cdef const Address* outside
    if port.nat != NULL:
        outside = nat_outside(port.nat, length)
        if outside != NULL:
            return address_is(outside, address, length)
    for i in range(port.address_count):
        if address_is(&port.addresses[i], address, length):
            return True
    return False


cdef dict port_dict(Port* port):
    return {
        "read": port.read, "read_bytes": port.read_bytes, "written": port.written,
        "written_bytes": port.written_bytes, "blocked": port.blocked, "cut": port.cut, "unrouted": port.unrouted,
        "unmapped": port.unmapped, "malformed": port.malformed, "write_failed": port.write_failed,
        "no_room": port.no_room, "up": link_dict(&port.up), "down": link_dict(&port.down),
        "error": histogram_dict(&port.error),
    }
