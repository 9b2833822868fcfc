# Moves packets between TUN devices through the model. One thread, without the GIL, woken when a packet is due.
#
# A packet's way: read from its device, blocks, NAT, the sender's link up, routing by address, the receiver's NAT, its
# link down, blocks, written. From one link to the next it goes at the time it was due, not when it was handled, so
# that being late does not add up.

cdef enum:
    READ_BATCH = 64              # packets of one device before others have their turn


cdef class Mover:
    """A router between ports. `run` is for a thread of its own; all else may be called while it runs."""

    cdef Port* ports
    cdef int count
    cdef Pool pool
    cdef mover_lock lock
    cdef int wake_fd
    cdef bint stopping
    cdef readonly bint real_time
    cdef readonly int64_t cpu_ns
    cdef readonly uint64_t wakeups
    cdef int64_t started_ns

    def __cinit__(self):
        self.ports = <Port*>calloc(MAX_PORTS, sizeof(Port))
        self.pool.first_free = -1
        self.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        mover_lock_init(&self.lock)
        self.started_ns = mover_clock(CLOCK_MONOTONIC)
        if self.ports == NULL or self.wake_fd < 0:
            raise MemoryError("No memory for the mover.")

    def __dealloc__(self):
        cdef int i
        for i in range(self.count):
            link_close(&self.ports[i].up)
            link_close(&self.ports[i].down)
            free(self.ports[i].nat)
        free(self.ports)
        pool_free(&self.pool)
        mover_lock_destroy(&self.lock)
        if self.wake_fd >= 0:
            close(self.wake_fd)

    def run(self) -> None:
        """Moves packets until `stop`; in real time where the system lets this thread."""
        with nogil:
            self.real_time = mover_real_time()
            while not self.stopping:
                self.turn()
                self.cpu_ns = mover_clock(CLOCK_THREAD_CPUTIME_ID)

    def stop(self) -> None:
        """Ends `run`. What is under way stays there."""
        self.stopping = True
        mover_signal(self.wake_fd)

    def close(self) -> None:
        """Gives its descriptor back, once `run` has ended; figures can still be read."""
        if self.wake_fd >= 0:
            close(self.wake_fd)
        self.wake_fd = -1

    cdef void turn(self) noexcept nogil:
        """Waits for packets or for the next one due, then handles all there is."""
        cdef pollfd entries[MAX_PORTS + 1]
        cdef int i, count
        cdef int64_t until_ns
        mover_lock_take(&self.lock)
        until_ns = self.deliver()
        count = self.count
        for i in range(count):
            entries[i].fd = self.ports[i].fd
            entries[i].events = POLLIN
            entries[i].revents = 0
        mover_lock_give(&self.lock)
        entries[count].fd = self.wake_fd
        entries[count].events = POLLIN
        entries[count].revents = 0
        mover_wait(entries, count + 1, until_ns)
        self.wakeups += 1
        if entries[count].revents:
            mover_unsignal(self.wake_fd)
        mover_lock_take(&self.lock)
        for i in range(count):
            if entries[i].revents and self.ports[i].fd == entries[i].fd:
                self.receive(&self.ports[i])
        mover_lock_give(&self.lock)

    cdef void receive(self, Port* port) noexcept nogil:
        """Reads what the device holds; a packet is there when it is read."""
        cdef int i
        cdef int32_t packet_id
        cdef ssize_t size
        cdef Packet* packet
        for i in range(READ_BATCH):
            packet_id = pool_take(&self.pool)
            if packet_id < 0:
                port.no_room += 1
                return
            packet = pool_packet(&self.pool, packet_id)
            size = mover_read(port.fd, packet.data, PACKET_ROOM)
            if size <= 0:
                pool_give(&self.pool, packet_id)
                if not mover_try_again():
                    port.fd = -1     # the device is gone; poll would tell it again and again
                return
            packet.size = <int32_t>size
            port.read += 1
            port.read_bytes += <uint64_t>size
            if self.leaves(port, packet):
                link_push(&port.up, mover_clock(CLOCK_MONOTONIC), packet_id, packet.size)
            else:
                pool_give(&self.pool, packet_id)

    cdef bint leaves(self, Port* port, Packet* packet) noexcept nogil:
        """Whether the packet gets out of the port at all, with its source as the outside sees it."""
        cdef Header header
        if not header_parse(&header, packet.data, packet.size):
            port.malformed += 1
            return False
        if port.is_cut:
            port.cut += 1
            return False
        if port_blocks(port, &header, True):
            port.blocked += 1
            return False
        if port.nat != NULL and not nat_leave(port.nat, &header):
            port.unmapped += 1
            return False
        return True

    cdef int64_t deliver(self) noexcept nogil:
        """Hands on all that is due; gives the time of what is next."""
        cdef int i
        cdef int64_t packet_id, due_ns = 0, now_ns = mover_clock(CLOCK_MONOTONIC), next_ns = INT64_MAX
        for i in range(self.count):
            while True:
                packet_id = link_pop(&self.ports[i].up, now_ns, &due_ns)
                if packet_id < 0:
                    break
                self.route(&self.ports[i], packet_id, due_ns)
        for i in range(self.count):
            while True:
                packet_id = link_pop(&self.ports[i].down, now_ns, &due_ns)
                if packet_id < 0:
                    break
                self.write(&self.ports[i], packet_id, due_ns)
            next_ns = min(next_ns, link_next_ns(&self.ports[i].up), link_next_ns(&self.ports[i].down))
        return next_ns

    cdef void route(self, Port* sender, int64_t packet_id, int64_t due_ns) noexcept nogil:
        """Over to the link down of the port that has the address; to nobody when none has it."""
        cdef Header header
        cdef Packet* packet = pool_packet(&self.pool, packet_id)
        cdef Port* port
        if sender.is_cut:
            sender.cut += 1
            pool_give(&self.pool, packet_id)
            return
        if packet.translated:    # the twin of one that was: its address is the inside's by now
            link_push(&self.ports[packet.receiver].down, due_ns, packet_id, packet.size)
            return
        header_parse(&header, packet.data, packet.size)
        port = self.port_of(header.data + header.destination_at, header.address_length)
        if port == NULL:
            sender.unrouted += 1
            pool_give(&self.pool, packet_id)
            return
        if port.nat != NULL:
            if not nat_enter(port.nat, &header):
                port.unmapped += 1
                pool_give(&self.pool, packet_id)
                return
            packet.translated = True
            packet.receiver = <int>(port - self.ports)
        link_push(&port.down, due_ns, packet_id, packet.size)

    cdef Port* port_of(self, const uint8_t* address, int length) noexcept nogil:
        cdef int i
        for i in range(self.count):
            if port_is(&self.ports[i], address, length):
                return &self.ports[i]
        return NULL

    cdef void write(self, Port* port, int64_t packet_id, int64_t due_ns) noexcept nogil:
        cdef Header header
        cdef Packet* packet = pool_packet(&self.pool, packet_id)
        if port.is_cut:
            port.cut += 1
        elif port.block_count and header_parse(&header, packet.data, packet.size) and port_blocks(
                port, &header, False):
            port.blocked += 1
        else:
            histogram_add(&port.error, (mover_clock(CLOCK_MONOTONIC) - due_ns) // 1000)
            if mover_write(port.fd, packet.data, <size_t>packet.size) == packet.size:
                port.written += 1
                port.written_bytes += <uint64_t>packet.size
            else:
                port.write_failed += 1
        pool_give(&self.pool, packet_id)

    cdef Port* port_at(self, int port) except NULL:
        if not 0 <= port < self.count:
            raise IndexError(f"The mover has no port {port}.")
        return &self.ports[port]

    def add_port(self, int fd, addresses, uint64_t seed) -> int:
        """A port for a TUN device's descriptor, which stays the caller's; `addresses` are packed (4 or 16 bytes)."""
        cdef Port* port = &self.ports[self.count]
        if self.count == MAX_PORTS:
            raise ValueError(f"The emulator has at most {MAX_PORTS} ports.")
        port.fd = fd
        read_addresses(port, addresses)
        if link_open(&port.up, seed, &self.pool) < 0 or link_open(&port.down, seed + 1, &self.pool) < 0:
            link_close(&port.up)
            link_close(&port.down)
            raise MemoryError("No memory for one more port.")
        mover_lock_take(&self.lock)
        self.count += 1
        mover_lock_give(&self.lock)
        mover_signal(self.wake_fd)
        return self.count - 1

    def configure(self, int port, bint up, figures, *, int64_t after_ns=0) -> None:
        """Changes one of its links as `Link.configure`, now or by itself `after_ns` from now. ValueError as there."""
        cdef Port* found = self.port_at(port)
        cdef LinkState* link = &found.up if up else &found.down
        cdef Figures read
        cdef int64_t now_ns
        read_figures(&read, dict(figures))
        mover_lock_take(&self.lock)
        now_ns = mover_clock(CLOCK_MONOTONIC)
        if after_ns > 0:
            link_plan(link, now_ns + after_ns, &read)
        else:
            link_configure(link, now_ns, &read)
        mover_lock_give(&self.lock)
        mover_signal(self.wake_fd)

    def set_addresses(self, int port, addresses) -> None:
        """Packets to these go there from now on, and to no other."""
        cdef Port* found = self.port_at(port)
        mover_lock_take(&self.lock)
        try:
            read_addresses(found, addresses)
        finally:
            mover_lock_give(&self.lock)

    def set_nat(self, int port, outside) -> None:
        """Puts a NAT with these packed addresses (one of each family at most) before the port.

        Called again it forgets its flows and gives new port numbers: a silent rebinding.
        """
        cdef Port* found = self.port_at(port)
        cdef Nat* nat = found.nat
        cdef Nat* made = NULL
        if nat == NULL:
            made = nat = <Nat*>calloc(1, sizeof(Nat))
            if nat == NULL:
                raise MemoryError("No memory for a NAT.")
            nat.next_port = NAT_FIRST_PORT
        mover_lock_take(&self.lock)
        try:
            nat.count = 0
            nat.outside4.length = nat.outside6.length = 0
            for one in outside:
                read_address(&nat.outside4 if len(one) == 4 else &nat.outside6, one)
            found.nat = nat
        except ValueError:
            if found.nat == NULL:
                free(made)
            raise
        finally:
            mover_lock_give(&self.lock)

    def set_blocks(self, int port, blocks) -> None:
        """Drops what goes to or comes from (IP protocol, far port), 0 for any of either; replaces what was blocked."""
        cdef Port* found = self.port_at(port)
        cdef Block[PORT_BLOCKS] read
        cdef int i, count = len(blocks)
        if count > PORT_BLOCKS:
            raise ValueError(f"A port blocks at most {PORT_BLOCKS} kinds of packets.")
        for i in range(count):
            read[i].protocol, read[i].port = blocks[i]
        mover_lock_take(&self.lock)
        for i in range(count):
            found.blocks[i] = read[i]
        found.block_count = count
        mover_lock_give(&self.lock)

    def set_cut(self, int port, bint is_cut) -> None:
        """Cut, nothing passes either way, and what is under way is lost when it would arrive."""
        cdef Port* found = self.port_at(port)
        mover_lock_take(&self.lock)
        found.is_cut = is_cut
        mover_lock_give(&self.lock)

    def figures(self, int port) -> dict:
        """What its packets met so far; "error" is how late they were written, counts by microseconds."""
        cdef Port* found = self.port_at(port)
        mover_lock_take(&self.lock)
        try:
            return port_dict(found)
        finally:
            mover_lock_give(&self.lock)

    @property
    def packets_in_use(self) -> int:
        """Rooms taken by packets under way."""
        return self.pool.in_use


cdef int read_addresses(Port* port, addresses) except -1:
    cdef int i, count = len(addresses)
    if count > PORT_ADDRESSES:
        raise ValueError(f"A port has at most {PORT_ADDRESSES} addresses.")
    port.address_count = 0
    for i in range(count):
        read_address(&port.addresses[i], addresses[i])
    port.address_count = count
    return 0


cdef int read_address(Address* out, bytes packed) except -1:
    if len(packed) not in (4, 16):
        raise ValueError("An address is packed: 4 bytes of IPv4 or 16 of IPv6.")
    memcpy(out.bytes, <const char*>packed, len(packed))
    out.length = <int>len(packed)
    return 0
