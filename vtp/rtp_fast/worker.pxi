# The Worker: sockets, the media thread that never holds the GIL, and the commands of the control plane.


@cython.no_gc_clear
cdef class Worker:
    """One media thread on one port, of UDP and TCP: every transport, producer and consumer of its rooms.

    Commands are thread-safe and run between batches. Ids are never used again within a Worker. With
    `threaded=False` the event loop drives the same code through `fileno()` and `run_once()`. Without addresses
    there is no socket and no clock: `inject`, `advance` and `take_sent` drive it, for tests of protocol behaviour.
    `batch_messages`: how many messages wait for one system call at most, 16 to 8192; 0: as many as suit.
    """

    cdef Core* core
    cdef vtp_lock mutex
    cdef Inbox inbox
    cdef list sockets
    cdef list listeners
    cdef readonly list addresses
    cdef object thread
    cdef bint threaded
    cdef int epoll
    cdef int wake_fd
    cdef readonly int event_fd
    cdef uint64_t stopping       # set by close(), read by the media thread without the lock
    cdef int64_t sleep_ns        # written by the media thread, under the lock
    cdef uint64_t overflow_told
    cdef bint collects           # the interpreter did when the lock was taken

    def __cinit__(self, addresses, *, bint threaded=True, int receive_buffer_bytes=0, int send_buffer_bytes=0,
                  int ring_packets_video=2048, int ring_packets_audio=256, double max_incoming_bitrate_bps=6_000_000,
                  bint merge=True, double gather_ms=0, int gather_viewers=0, bint tcp=False, int tcp_connections=4096,
                  int tcp_connections_per_address=256, int batch_messages=0):
        self.epoll = self.wake_fd = self.event_fd = -1
        self.sockets = []
        self.listeners = []
        self.addresses = []
        self.threaded = threaded
        vtp_lock_init(&self.mutex)
        self.core = <Core*>calloc(1, sizeof(Core))
        if self.core == NULL:
            raise MemoryError
        if ring_packets_video < 64 or ring_packets_audio < 16:
            raise ValueError("A ring needs at least 64 video and 16 audio packets.")
        if batch_messages and not 16 <= batch_messages <= 8192:
            raise ValueError("A batch holds 16 to 8192 messages; 0: as many as suit.")
        if len(addresses) >= MAX_SOCKETS:
            raise ValueError(f"At most {MAX_SOCKETS - 1} addresses can be bound.")
        if tcp_connections < 1 or tcp_connections_per_address < 1:
            raise ValueError("There is room for one connection at least; without TCP, say tcp=False.")
        self.core.mutex = &self.mutex
        self.core.tcp_epoll = self.core.plain_epoll = -1
        self.core.connections_at_most = tcp_connections
        self.core.connections_per_address = tcp_connections_per_address
        self.core.ring_video = ring_packets_video
        self.core.ring_audio = ring_packets_audio
        if not 0 <= gather_ms <= 100:
            raise ValueError("A gathering window has 0 to 100 ms.")
        self.core.max_incoming_bps = max_incoming_bitrate_bps
        self.core.merging = merge
        self.core.gather_ns = <int64_t>(gather_ms * MILLISECOND)
        self.core.gather_viewers = gather_viewers
        self.core.random_state = int.from_bytes(os.urandom(4), "big") | 1
        self.core.host_seed = int.from_bytes(os.urandom(8), "big")
        self.core.tcp_hosts = <TcpHost**>calloc(HOST_BUCKETS, sizeof(TcpHost*))
        self.core.events = <Event*>malloc(EVENT_RING * sizeof(Event))
        if self.core.events == NULL or self.core.tcp_hosts == NULL or inbox_open(&self.inbox) != 0 or tuple_grow(self.core) != 0 or user_rebuild(self.core) != 0 \
                or self.open_batches(bool(addresses), batch_messages) != 0:
            raise MemoryError
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.core.door = door_open(self.wake_fd)
        if self.core.door == NULL:
            os_close(self.wake_fd)
            raise MemoryError
        try:
            self.bind(addresses, receive_buffer_bytes, send_buffer_bytes, tcp)
            self.watch()
        except BaseException:
            self.close_sockets()
            raise
        self.core.wall_offset_ns = vtp_wall_ns() - vtp_now_ns()

    cdef int open_batches(self, bint sends, int messages):
        """The pools that outgoing packets wait in and are written to; without sockets room for what a test looks at."""
        self.core.pending = <Pending*>malloc(PENDING_PACKETS * sizeof(Pending))
        if self.core.pending == NULL:
            return -1
        if messages == 0:
            messages = SEND_MESSAGES if sends else 8192
        return batch_open(&self.core.out, messages, SEND_BYTES if sends else <size_t>messages * ARENA_SLOT)

    cdef bind(self, addresses, int receive_bytes, int send_bytes, bint tcp):
        """Opens the sockets. Where any port will do, it is one that is free for both protocols."""
        for tries_left in range(9, -1, -1):
            try:
                self.bind_udp(addresses, receive_bytes, send_bytes)
                if tcp:
                    self.bind_tcp()
                return
            except OSError as error:
                if not tries_left or error.errno != errno.EADDRINUSE or any(port for _, port in addresses):
                    raise
                self.close_sockets()
                self.addresses = []

    cdef bind_tcp(self):
        """On the ports that are bound for UDP."""
        for host, port in self.addresses:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            self.listeners.append(listener)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(128)

    cdef close_sockets(self):
        for endpoint in self.sockets + self.listeners:
            endpoint.close()
        self.sockets = []
        self.listeners = []

    cdef bind_udp(self, addresses, int receive_bytes, int send_bytes):
        port = 0
        for host, wanted in addresses:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            endpoint = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            self.sockets.append(endpoint)
            if family == socket.AF_INET6:
                endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            set_buffer(endpoint, socket.SO_RCVBUF, 33, receive_bytes)      # 33, 32: SO_RCVBUFFORCE, SO_SNDBUFFORCE
            set_buffer(endpoint, socket.SO_SNDBUF, 32, send_bytes)
            endpoint.setsockopt(socket.SOL_SOCKET, 35, 1)                  # SO_TIMESTAMPNS, see inbox_waited_ns
            endpoint.bind((host, wanted or port))
            port = port or endpoint.getsockname()[1]
            self.addresses.append((host, endpoint.getsockname()[1]))

    cdef watch(self):
        """Has the thread woken by datagrams, by `wake_fd`, and by whatever happens to connections."""
        cdef int fds[MAX_SOCKETS + 1]
        cdef int count = 0
        for endpoint in self.sockets:
            self.core.sockets[count] = fds[count] = endpoint.fileno()
            self.core.families[count] = endpoint.family
            count += 1
        self.core.socket_count = count
        fds[count] = self.wake_fd
        if self.listeners:
            for listener in self.listeners:
                self.core.listeners[self.core.listener_count] = listener.fileno()
                self.core.listener_count += 1
            self.core.tcp_epoll = fds[count + 1] = vtp_epoll(self.core.listeners, self.core.listener_count)
            count += 1
        self.epoll = vtp_epoll(fds, count + 1) if not self.listeners or self.core.tcp_epoll >= 0 else -1
        if self.epoll < 0:
            raise OSError("The media sockets cannot be watched: epoll failed.")

    def __dealloc__(self):
        if self.core != NULL:
            self.free_core()
        free(self.inbox.arena)
        for fd in (self.epoll, self.event_fd):   # wake_fd is the door's
            if fd >= 0:
                os_close(fd)
        vtp_lock_destroy(&self.mutex)

    cdef void free_core(self) noexcept:
        cdef int slot
        for slot in range(self.core.transports.capacity):
            if self.core.transports.items[slot] != NULL:
                free_transport(self.core, <Transport*>self.core.transports.items[slot])
        close_all_connections(self.core)
        if self.core.tcp_epoll >= 0:
            os_close(self.core.tcp_epoll)
        free(self.core.connections)
        free(self.core.free_places)
        free(self.core.tcp_hosts)
        if self.core.plain_epoll >= 0:
            os_close(self.core.plain_epoll)
        free(self.core.plain_sockets)
        shut_pipes(self.core)
        door_release(self.core.door)
        free(self.core.nobody)
        table_free(&self.core.transports)
        table_free(&self.core.producers)
        table_free(&self.core.consumers)
        for slot in range(self.core.floors.capacity):
            free(self.core.floors.items[slot])
        table_free(&self.core.floors)
        free(self.core.tuples)
        free(self.core.users)
        free(self.core.events)
        free(self.core.pending)
        batch_close(&self.core.out)
        free(self.core)
        self.core = NULL

    # --- running ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the media thread (nothing to do when the event loop drives)."""
        if self.threaded and self.thread is None and self.core.socket_count:
            self.thread = threading.Thread(target=self._run, name="vtp-media", daemon=True)
            self.thread.start()

    @property
    def tcp(self) -> bool:
        """Whether it takes peers over TCP, at the ports of its addresses."""
        return self.core.listener_count > 0

    @property
    def thread_id(self) -> int:
        """The system's id of the media thread; 0 when there is none."""
        return self.thread.native_id if self.thread is not None else 0

    def cpu_s(self) -> float | None:
        """CPU time that the media thread has taken, in seconds; None when it does not run."""
        if self.thread is None or not self.thread.is_alive():
            return None
        return time.clock_gettime(time.pthread_getcpuclockid(self.thread.ident))

    def close(self) -> None:
        """Stops the thread, ends all transports and closes the sockets. Later commands raise ValueError."""
        if self.stopping:
            return
        vtp_store(&self.stopping, 1)
        vtp_signal(self.wake_fd)
        if self.thread is not None:
            self.thread.join()
            self.thread = None
        self.lock()
        for slot in range(self.core.transports.capacity):
            if self.core.transports.items[slot] != NULL:
                free_transport(self.core, <Transport*>self.core.transports.items[slot])
        shut_pipes(self.core)
        close_all_connections(self.core)
        self.core.socket_count = self.core.listener_count = 0
        batch_clear(&self.core.out)
        self.unlock()
        self.close_sockets()

    def fileno(self) -> int:
        """An epoll descriptor that is readable when datagrams wait (threaded=False)."""
        return self.epoll

    def run_once(self) -> None:
        """Takes what waits and runs the timers; for the event loop, on readability of `fileno()` and every 5 ms."""
        with nogil:
            self.turn(0)

    def _run(self) -> None:
        with nogil:
            while not vtp_load(&self.stopping):
                self.turn(-1)

    cdef void turn(self, int64_t timeout_ns) noexcept nogil:
        cdef Core* core = self.core
        cdef uint32_t ready
        cdef int i
        ready = vtp_wait(self.epoll, self.sleep_ns if timeout_ns < 0 else timeout_ns)
        if vtp_load(&self.stopping):
            return
        vtp_lock_media(&self.mutex)
        core.now_ns = vtp_now_ns()
        if ready & (1U << core.socket_count):
            vtp_unsignal(self.wake_fd)
            take_pipes(core, core.now_ns)
            write_ready(core)
            batch_flush(core)
        for i in range(core.socket_count):
            if ready & (1U << i):
                self.take(i)
        if ready & (2U << core.socket_count):
            take_tcp(core, self.inbox.arena)
        if ready & (4U << core.socket_count):
            take_plain(core, &self.inbox)
        if core.accept_after_ns and core.now_ns >= core.accept_after_ns:
            resume_accepting(core)
        tick(core, core.now_ns)
        self.settle()
        self.sleep_ns = next_timeout_ns(core)
        vtp_unlock_media(&self.mutex)

    cdef void take(self, int index) noexcept nogil:
        """Reads a socket until it is dry, the turn's budget is spent or a command waits; what came then leaves together.

        Most datagrams of a busy server are viewers' feedback: leaving after each batch would send their packets singly.
        """
        cdef Core* core = self.core
        cdef Inbox* inbox = &self.inbox
        cdef int count, i, rounds
        for rounds in range(RECEIVE_ROUNDS):
            inbox_clear(inbox)
            count = recvmmsg(core.sockets[index], inbox.messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL)
            core.now_ns = vtp_now_ns()
            note_reading(core, index, inbox_waited_ns(inbox) if count == RECEIVE_BATCH else -1, core.now_ns)
            if count <= 0:
                break
            core.counters.batches += 1
            for i in range(count):
                if inbox.messages[i].msg_hdr.msg_flags & MSG_TRUNC:
                    core.counters.truncated_datagrams += 1
                    continue
                receive_datagram(core, index, &inbox.addresses[i], inbox.messages[i].msg_hdr.msg_namelen,
                                 inbox.arena + i * RECEIVE_SLOT, inbox.messages[i].msg_len, core.now_ns)
            signal_pipes(core)                   # first, so that other Workers send while this one does
            if count < RECEIVE_BATCH or vtp_lock_wanted(&self.mutex):
                break
        write_ready(core)
        batch_flush(core)

    cdef void settle(self) noexcept nogil:
        """The end of a turn: what is queued leaves, readers and the event loop are woken."""
        signal_pipes(self.core)
        write_ready(self.core)
        batch_flush(self.core)
        close_ended(self.core)
        signal_taps(self.core)
        if self.core.event_signal:
            self.core.event_signal = 0
            vtp_signal(self.event_fd)

    cdef int lock(self) except -1:
        """Waits, at most for a batch, with the interpreter's lock in hand, and lets nothing of the interpreter's happen
        until `unlock`: no other thread and no collection. So nobody who holds up packets ever waits for Python.
        """
        vtp_lock_control(&self.mutex)
        self.collects = PyGC_Disable()
        if self.core.socket_count:
            self.core.now_ns = vtp_now_ns()
        return 0

    cdef void unlock(self) noexcept:
        cdef bint collects = self.collects
        self.settle()
        if self.core.replaying and self.sleep_ns > FAST_NS and self.thread is not None:
            ring_bell(self.core.door)            # the rest is due sooner than the media thread meant to look
        vtp_unlock_control(&self.mutex)
        if collects:
            PyGC_Enable()

    cdef Transport* transport(self, int64_t object_id) except NULL:
        cdef void* found = table_find(&self.core.transports, object_id)
        if found == NULL:
            raise ValueError(f"There is no transport {object_id}.")
        return <Transport*>found

    cdef Producer* producer(self, int64_t object_id) except NULL:
        cdef void* found = table_find(&self.core.producers, object_id)
        if found == NULL:
            raise ValueError(f"There is no producer {object_id}.")
        return <Producer*>found

    cdef Consumer* consumer(self, int64_t object_id) except NULL:
        cdef void* found = table_find(&self.core.consumers, object_id)
        if found == NULL:
            raise ValueError(f"There is no consumer {object_id}.")
        return <Consumer*>found

    # --- driving without sockets (tests) ---------------------------------------------------------------------

    def inject(self, bytes datagram not None, tuple address not None, int64_t now_ns) -> None:
        """Gives the packet path one datagram from (ip, port) at `now_ns`. Only without addresses."""
        self.inject_batch([(datagram, address)], now_ns)

    def inject_batch(self, list datagrams not None, int64_t now_ns, int64_t waited_ns=0) -> None:
        """Gives it [(datagram, (ip, port))] as one batch, as if a socket had held them, the first for `waited_ns`.

        Only without addresses.
        """
        cdef uint8_t buffer[RECEIVE_SLOT]
        cdef sockaddr_in6 source
        cdef socklen_t length
        cdef bytes datagram
        if any(len(datagram) > RECEIVE_SLOT for datagram, _ in datagrams):
            raise ValueError(f"A datagram has at most {RECEIVE_SLOT} bytes here.")
        self.lock()
        try:
            self.core.now_ns = now_ns
            note_reading(self.core, 0, waited_ns if len(datagrams) >= RECEIVE_BATCH else -1, now_ns)
            for datagram, address in datagrams:
                length = fill_address(address, &source)
                memcpy(buffer, <const uint8_t*>datagram, len(datagram))
                receive_datagram(self.core, 0, &source, length, buffer, <int>len(datagram), now_ns)
        finally:
            self.unlock()

    def advance(self, int64_t now_ns) -> None:
        """Takes what came through pipes and runs the timers that are due at `now_ns`. Only without addresses."""
        self.lock()
        self.core.now_ns = now_ns
        take_pipes(self.core, now_ns)
        tick(self.core, now_ns)
        self.unlock()

    def take_sent(self) -> list:
        """[(datagram, (ip, port))] that would have been sent since the last call. Only without addresses."""
        sent = []
        for message, segment, address in self.take_messages():
            step = segment or len(message)
            sent += [(message[at : at + step], address) for at in range(0, len(message), step)]
        return sent

    def take_messages(self) -> list:
        """[(bytes, size of each datagram in it but the last or 0, (ip, port))]: the same before the kernel cuts runs."""
        cdef int i
        self.lock()
        sent = []
        for i in range(self.core.out.count):
            sent.append((
                (<const char*>self.core.out.vectors[i].iov_base)[: self.core.out.vectors[i].iov_len],
                self.core.out.segments[i],
                read_address(&self.core.out.addresses[i]),
            ))
        batch_clear(&self.core.out)
        self.unlock()
        return sent

    def discard_sent(self) -> None:
        """Forgets what would have been sent. Only without addresses."""
        self.lock()
        batch_clear(&self.core.out)
        self.unlock()

    def open_tcp(self, tuple address not None, int64_t now_ns) -> int:
        """A connection from (ip, port), of which the caller is the other end; 0: refused. Only without addresses."""
        cdef sockaddr_in6 source
        cdef socklen_t length = fill_address(address, &source)
        cdef TcpConnection* connection
        self.lock()
        self.core.now_ns = now_ns
        connection = open_connection(self.core, -1, &source, length, now_ns)
        opened = connection.socket if connection != NULL else 0
        self.unlock()
        return opened

    cdef TcpConnection* connection(self, int socket_id) except NULL:
        cdef TcpConnection* found = connection_of(self.core, socket_id)
        if found == NULL:
            raise ValueError(f"There is no connection {socket_id}.")
        return found

    def inject_tcp(self, int socket_id, bytes data not None, int64_t now_ns) -> None:
        """Gives the packet path what came over a connection. Only without addresses."""
        cdef TcpConnection* connection
        self.lock()
        try:
            connection = self.connection(socket_id)
            if connection.partial_length + len(data) > RECEIVE_BATCH * RECEIVE_SLOT:
                raise ValueError("That is more than comes at a time.")
            self.core.now_ns = now_ns
            memcpy(self.inbox.arena, connection.partial, connection.partial_length)
            memcpy(self.inbox.arena + connection.partial_length, <const uint8_t*>data, len(data))
            take_frames(self.core, connection, self.inbox.arena, connection.partial_length + <int>len(data), now_ns)
        finally:
            self.unlock()

    def take_tcp(self, int socket_id, int most) -> bytes:
        """Up to `most` bytes of what waits for a connection's peer. Only without addresses."""
        cdef TcpConnection* connection
        self.lock()
        try:
            self.settle()
            connection = self.connection(socket_id)
            most = min(most, connection.queued)
            data = bytes([connection.queue[(connection.first + i) % TCP_QUEUE] for i in range(most)])
            taken(self.core, connection, most)
        finally:
            self.unlock()
        return data

    def close_tcp(self, int socket_id) -> None:
        """The peer ends its connection. Only without addresses."""
        self.lock()
        try:
            break_connection(self.core, self.connection(socket_id))
        finally:
            self.unlock()

    # --- events and figures ----------------------------------------------------------------------------------

    def poll_events(self) -> list:
        """[(kind, object id, value)] since the last call, in order. Value: DTLS bytes, (ip, port) or None."""
        events = []
        vtp_unsignal(self.event_fd)
        while self.poll_some(events):
            pass
        return events

    cdef bint poll_some(self, list events) except -1:
        """Appends some events; whether there are more, which packets need not wait for."""
        cdef Event* event
        cdef void* transport
        cdef int count = 0
        cdef bint more
        self.lock()
        try:
            while self.core.event_count and count < EVENTS_TOGETHER:
                event = &self.core.events[self.core.event_head]
                value = None
                if event.kind == ON_DTLS:
                    value = (<const char*>event.data)[: event.length]
                    transport = table_find(&self.core.transports, event.object_id)
                    if transport != NULL:
                        (<Transport*>transport).dtls_queued -= 1
                elif event.kind == ON_LAYERS_CHANGED:
                    value = (<int8_t>event.data[0], <int8_t>event.data[1])
                elif event.kind == ON_LAYER_UNWATCHED or event.kind == ON_LAYER_WATCHED:
                    value = event.data[0]
                elif event.kind == ON_BANDWIDTH:
                    value = self.bandwidth_now(event)
                elif event.length:
                    value = self.address_now(event)
                events.append((event.kind, event.object_id, value))
                self.core.event_head = (self.core.event_head + 1) % EVENT_RING
                self.core.event_count -= 1
                count += 1
            more = self.core.event_count > 0
            if self.core.counters.events_dropped > self.overflow_told and not more:
                events.append((ON_OVERFLOW, 0, self.core.counters.events_dropped - self.overflow_told))
                self.overflow_told = self.core.counters.events_dropped
        finally:
            self.unlock()
        return more

    cdef address_now(self, Event* event):
        """The address that an event tells; of several selections since the last poll the last."""
        cdef Transport* transport = <Transport*>table_find(&self.core.transports, event.object_id)
        if (event.kind == ON_ICE_SELECTED or event.kind == ON_TUPLE) and transport != NULL:
            transport.selection_queued = 0
            if transport.selected >= 0:
                return read_address(&transport.tuples[transport.selected].address)
        return read_address(<const sockaddr_in6*>event.data)

    cdef bandwidth_now(self, Event* event):
        """A transport's estimate as it is when its event is read, in bit/s."""
        cdef Transport* transport = <Transport*>table_find(&self.core.transports, event.object_id)
        if transport == NULL or transport.outbound == NULL:
            return 0
        transport.outbound.event_queued = 0
        transport.outbound.event_bps = available_bps(transport, self.core.now_ns)
        return <int64_t>transport.outbound.event_bps

    def counters(self) -> dict:
        """Totals since the start, by name; see docs for what each counts."""
        self.lock()
        figures = dict(self.core.counters)
        figures["transports"] = self.core.transports.count
        figures["producers"] = self.core.producers.count - self.core.outlets
        figures["pipes"] = self.core.outlets
        figures["consumers"] = self.core.consumers.count
        figures["tcp_connections"] = self.core.connection_count
        figures["replaying"] = self.core.replaying
        self.unlock()
        return figures

    # --- transports ------------------------------------------------------------------------------------------

    def add_transport(self, str ufrag not None, str password not None) -> int:
        """A transport that answers checks to `ufrag`:… under `password` (RFC 8445 section 5.3: 4 and 22 characters)."""
        cdef Transport* transport
        cdef Credentials credentials
        fill_credentials(&credentials, ufrag, password, 0)
        if self.stopping:
            raise ValueError("This Worker is closed.")
        transport = <Transport*>calloc(1, sizeof(Transport))
        if transport == NULL:
            raise MemoryError
        transport.credentials[0] = credentials
        transport.credential_count = 1
        transport.selected = -1
        self.lock()
        transport.last_consent_ns = self.core.now_ns
        transport.id = table_add(&self.core.transports, transport)
        if transport.id != 0 and user_add(self.core, transport) != 0:
            table_remove(&self.core.transports, transport.id)
            transport.id = 0
        self.unlock()
        if transport.id == 0:
            free(transport)
            raise MemoryError
        return transport.id

    def set_ice(self, int64_t transport_id, str ufrag not None, str password not None) -> None:
        """ICE restart: new credentials; the old stay valid until a check with the new ones nominates."""
        cdef Transport* transport
        cdef Credentials credentials
        self.lock()
        try:
            transport = self.transport(transport_id)
            fill_credentials(&credentials, ufrag, password, <uint8_t>(transport.credentials[0].generation + 1))
            if transport.credential_count == 1:              # else the last restart never came to its end
                transport.credentials[1] = transport.credentials[0]
            transport.credentials[0] = credentials
            transport.credential_count = 2
            if user_rebuild(self.core) != 0:
                raise MemoryError
        finally:
            self.unlock()

    def send_dtls(self, int64_t transport_id, bytes datagram not None) -> bool:
        """Sends one DTLS datagram to the selected tuple; False when there is none yet."""
        cdef Transport* transport
        cdef uint8_t* out
        if len(datagram) > ARENA_SLOT:
            raise ValueError(f"A DTLS datagram has at most {ARENA_SLOT} bytes.")
        self.lock()
        try:
            transport = self.transport(transport_id)
            out = batch_reserve(self.core)
            if transport.selected < 0 or out == NULL:
                return False
            memcpy(out, <const uint8_t*>datagram, len(datagram))
            batch_commit(self.core, &transport.tuples[transport.selected], <int>len(datagram), 0)
            return True
        finally:
            self.unlock()

    def set_srtp(self, int64_t transport_id, int profile, bytes receive_key not None, bytes receive_salt not None,
                 bytes send_key not None, bytes send_salt not None) -> None:
        """Opens both directions with the DTLS exporter's keys. Once per transport: another key needs another one."""
        cdef Transport* transport
        cdef int failed
        self.lock()
        try:
            transport = self.transport(transport_id)
            if transport.has_keys:
                raise ValueError("This transport has its SRTP keys already, or was made without SRTP.")
            failed = srtp_open(&transport.receive, profile, <const uint8_t*>receive_key, <int>len(receive_key),
                               <const uint8_t*>receive_salt, <int>len(receive_salt), 0)
            if not failed:
                failed = srtp_open(&transport.send, profile, <const uint8_t*>send_key, <int>len(send_key),
                                   <const uint8_t*>send_salt, <int>len(send_salt), 1)
            if failed:
                srtp_close(&transport.receive)
                srtp_close(&transport.send)
                raise ValueError(f"SRTP profile {profile} does not take keys of these lengths.")
            if transport.plain != NULL:
                transport.receive.stream_limit = PLAIN_STREAMS
            key_transport(self.core, transport, self.core.now_ns)
        finally:
            self.unlock()

    def add_plain_transport(self, int media_fd, int reports_fd=-1, *, bint learns, bint encrypted) -> int:
        """A transport without ICE and DTLS on bound UDP sockets that are its own from now on, and closed with it.

        `reports_fd`: of RTCP; -1: it comes to the other too. `learns`: the peer is where its first valid packet comes
        from. `encrypted`: nothing flows before `set_srtp`. Raises ValueError, MemoryError and OSError; the sockets are
        still the caller's then.
        """
        cdef Transport* transport
        if self.stopping:
            raise ValueError("This Worker is closed.")
        transport = <Transport*>calloc(1, sizeof(Transport))
        if transport == NULL:
            raise MemoryError
        transport.selected = -1
        self.lock()
        try:
            transport.plain = <Plain*>calloc(1, sizeof(Plain))
            if transport.plain == NULL:
                raise MemoryError
            transport.plain.reports_to = -1
            transport.plain.learns = learns
            transport.plain.encrypted = encrypted
            transport.plain.media = open_plain_socket(self.core, transport, media_fd, False)
            if reports_fd >= 0 or reports_fd == -2:          # -2: a test is the other end
                transport.plain.reports = open_plain_socket(self.core, transport, max(reports_fd, -1), True)
            if transport.plain.media == NULL or reports_fd != -1 and transport.plain.reports == NULL:
                raise MemoryError
            if not encrypted and srtp_open_none(&transport.send) != 0:
                raise MemoryError
            self.watch_plain(transport.plain.media)
            self.watch_plain(transport.plain.reports)
            transport.last_consent_ns = self.core.now_ns
            transport.id = table_add(&self.core.transports, transport)
            if transport.id == 0:
                raise MemoryError
            if not encrypted:
                key_transport(self.core, transport, self.core.now_ns)
            return transport.id
        except BaseException:
            self.undo_plain(transport)
            raise
        finally:
            self.unlock()

    cdef undo_plain(self, Transport* transport):
        """The sockets stay open: they are the caller's."""
        if transport.plain != NULL:
            self.let_go_of(transport.plain.media)
            self.let_go_of(transport.plain.reports)
            close_plain(self.core, transport)
        srtp_close(&transport.send)
        free(transport)

    cdef let_go_of(self, PlainSocket* one):
        if one == NULL:
            return
        if one.fd >= 0 and self.core.plain_epoll >= 0:
            vtp_unwatch(self.core.plain_epoll, one.fd)
        one.fd = -1

    cdef watch_plain(self, PlainSocket* one):
        """Has the thread woken by its datagrams; the first one makes what watches all of them."""
        cdef int fds[1]
        if one == NULL or one.fd < 0:
            return
        if self.core.plain_epoll < 0:
            self.core.plain_epoll = vtp_epoll(fds, 0)
            if self.core.plain_epoll < 0 or vtp_tcp_watch(self.epoll, self.core.plain_epoll, self.core.socket_count + 2,
                                                          True, True, False) != 0:
                if self.core.plain_epoll >= 0:
                    os_close(self.core.plain_epoll)
                self.core.plain_epoll = -1
                raise OSError("The sockets of plain transports cannot be watched: epoll failed.")
        if vtp_tcp_watch(self.core.plain_epoll, one.fd, one.socket, True, True, False) != 0:
            raise OSError("The socket of a plain transport cannot be watched: epoll failed.")

    cdef Transport* plain_transport(self, int64_t transport_id) except NULL:
        cdef Transport* transport = self.transport(transport_id)
        if transport.plain == NULL:
            raise ValueError(f"Transport {transport_id} is no plain one.")
        return transport

    def set_plain_peer(self, int64_t transport_id, tuple address not None, tuple reports=None) -> None:
        """Where the peer is, and where its RTCP goes when that has a socket of its own; it is no longer learnt."""
        cdef Transport* transport
        cdef Consumer* consumer
        cdef sockaddr_in6 media, rtcp
        cdef socklen_t length = fill_address(address, &media), rtcp_length = 0
        if reports is not None:
            rtcp_length = fill_address(reports, &rtcp)
        self.lock()
        try:
            transport = self.plain_transport(transport_id)
            if (transport.plain.reports == NULL) != (reports is None):
                raise ValueError("The address for RTCP is that of a socket of its own, if there is one.")
            transport.plain.learns = 0
            if transport.selected >= 0 and not same_address(&transport.tuples[RTP_TUPLE].address, &media):
                restart_sources(self.core, transport)
            set_plain_tuple(transport, RTP_TUPLE, &media, length, self.core.now_ns)
            if reports is not None:
                set_plain_tuple(transport, RTCP_TUPLE, &rtcp, rtcp_length, self.core.now_ns)
                transport.plain.reports_fixed = 1
            consumer = transport.consumers
            while consumer != NULL:
                ask_anew(self.core, consumer, self.core.now_ns)
                consumer = consumer.next
        finally:
            self.unlock()

    def inject_plain(self, int64_t transport_id, bytes datagram not None, tuple address not None, int64_t now_ns, *,
                     bint reports=False) -> None:
        """Gives a plain transport one datagram, at its socket for RTCP with `reports`. Only without addresses."""
        cdef uint8_t buffer[RECEIVE_SLOT]
        cdef sockaddr_in6 source
        cdef socklen_t length = fill_address(address, &source)
        cdef Transport* transport
        if len(datagram) > RECEIVE_SLOT:
            raise ValueError(f"A datagram has at most {RECEIVE_SLOT} bytes here.")
        memcpy(buffer, <const uint8_t*>datagram, len(datagram))
        self.lock()
        try:
            transport = self.plain_transport(transport_id)
            self.core.now_ns = now_ns
            receive_plain(self.core, transport.plain.reports if reports and transport.plain.reports != NULL
                          else transport.plain.media, &source, length, buffer, <int>len(datagram), now_ns)
        finally:
            self.unlock()

    def remove_transport(self, int64_t transport_id) -> None:
        """Ends a transport with its producers and consumers; an unknown id is no error."""
        cdef void* transport
        self.lock()
        transport = table_find(&self.core.transports, transport_id)
        if transport != NULL:
            free_transport(self.core, <Transport*>transport)
        self.unlock()

    def transport_stats(self, int64_t transport_id) -> dict:
        """Addresses, consent and traffic of a transport."""
        cdef Transport* transport
        cdef int i
        self.lock()
        try:
            transport = self.transport(transport_id)
            tuples = []
            for i in range(MAX_TUPLES):
                if transport.tuples[i].used:
                    tuples.append({
                        "address": read_address(&transport.tuples[i].address),
                        "protocol": "tcp" if MAX_SOCKETS <= transport.tuples[i].socket < FIRST_PLAIN else "udp",
                        "nominated": bool(transport.tuples[i].nominated),
                        "selected": transport.selected == i,
                    })
            return {
                "tuples": tuples,
                "connected": bool(transport.connected) and not transport.disconnected,
                "consent_age_ms": (self.core.now_ns - transport.last_consent_ns) // MILLISECOND,
                "packets_received": transport.packets_received,
                "bytes_received": transport.bytes_received,
                "packets_sent": transport.packets_sent,
                "bytes_sent": transport.bytes_sent,
                "feedback_received": transport.feedback_received,
                "remb_bps": transport.remote_remb_bps,
                **bandwidth_figures(transport, self.core.now_ns),
            }
        finally:
            self.unlock()

    def want_bitrate(self, int64_t transport_id, double bps) -> None:
        """What the viewer could use, in bit/s: while its estimate is below, probes find out whether its link carries more.

        0: what it is sent is all it can use. Probes need its transport-wide feedback.
        """
        cdef Transport* transport
        if not 0 <= bps <= 1e9:
            raise ValueError("A wished bitrate has 0 to 1e9 bit/s.")
        self.lock()
        try:
            transport = self.transport(transport_id)
            if not open_outbound(transport):
                raise MemoryError
            transport.outbound.wanted_bps = bps
        finally:
            self.unlock()

    def follow_bandwidth(self, int64_t transport_id) -> None:
        """From now on EVENT_BANDWIDTH tells when this transport's estimate has changed by a tenth or more."""
        cdef Transport* transport
        self.lock()
        try:
            transport = self.transport(transport_id)
            if not open_outbound(transport):
                raise MemoryError
            transport.outbound.followed = 1
        finally:
            self.unlock()

    # --- producers -------------------------------------------------------------------------------------------

    def add_producer(self, int64_t transport_id, *, str kind not None, str mid not None, list codecs not None,
                     list encodings not None, dict extensions not None, bint nack, bint transport_cc, bint remb,
                     str cname="") -> int:
        """What a publisher sends on one m-line.

        codecs: (payload type, CODEC_*, clock rate, RTX payload type or -1); encodings: (SSRC or 0, RTX SSRC or 0,
        RID or ""); extensions: EXT_* to id. Raises ValueError for what cannot be.
        """
        cdef Producer* producer
        cdef Transport* transport
        cdef int i
        producer = <Producer*>calloc(1, sizeof(Producer))
        if producer == NULL:
            raise MemoryError
        try:
            producer.video = kind == "video"
            producer.nack = nack
            producer.transport_cc = transport_cc
            producer.remb = remb
            producer.mid_length = fill_text(producer.mid, 16, mid, "mid")
            fill_extensions(producer.ext_id, extensions)
            fill_codecs(producer, codecs)
            fill_encodings(producer, encodings)
            self.open_streams(producer)          # before the lock: making rings takes a millisecond
            self.lock()
            try:
                transport = self.transport(transport_id)
                if transport.ssrcs == NULL:
                    transport.ssrcs = <SsrcRef*>calloc(MAX_SSRCS, sizeof(SsrcRef))
                if transport.ssrcs == NULL:
                    raise MemoryError
                for i in range(producer.stream_count):
                    check_ssrc_free(transport, producer.streams[i].ssrc)
                    check_ssrc_free(transport, producer.streams[i].rtx_ssrc)
                producer.transport = transport
                producer.id = table_add(&self.core.producers, producer)
                if producer.id == 0:
                    raise MemoryError
                producer.next = transport.producers
                transport.producers = producer
                for i in range(producer.stream_count):
                    if producer.streams[i].ssrc:
                        remember_ssrc(transport, producer.streams[i].ssrc, &producer.streams[i], False)
                    if producer.streams[i].rtx_ssrc:
                        remember_ssrc(transport, producer.streams[i].rtx_ssrc, &producer.streams[i], True)
            finally:
                self.unlock()
        except BaseException:
            for i in range(producer.stream_count):
                free(producer.streams[i].ring)
            free(producer)
            raise
        return producer.id

    cdef open_streams(self, Producer* producer):
        cdef int i
        for i in range(producer.stream_count):
            producer.streams[i].producer = producer
            producer.streams[i].key_frame = -1
            producer.streams[i].newest = -1
            producer.streams[i].onset = producer.streams[i].rested_at = -1
            producer.streams[i].clock_rate = producer.codecs[0].clock_rate
            if ring_open(&producer.streams[i], self.core.ring_video if producer.video else self.core.ring_audio) != 0:
                raise MemoryError

    def remove_producer(self, int64_t producer_id) -> None:
        """Ends a producer; its consumers wait for another source. An unknown id is no error."""
        cdef void* producer
        self.lock()
        producer = table_find(&self.core.producers, producer_id)
        if producer != NULL:
            free_producer(self.core, <Producer*>producer)
        self.unlock()

    def add_outlet(self, Worker source not None, int64_t producer_id) -> int:
        """A producer here that is fed with what `producer_id` of another Worker receives, for consumers of this one.

        It starts with the packets since the last key frame, and lives until `remove_producer`: after the other's end
        nothing more comes. Raises ValueError.
        """
        if source is self:
            raise ValueError("A producer needs no pipe within its own Worker.")
        return make_outlet(self, source, producer_id)

    def pause_producer(self, int64_t producer_id, bint paused) -> None:
        """While paused nothing of it is stored or forwarded; a picture goes on at a key frame."""
        self.lock()
        try:
            pause_source(self.core, self.producer(producer_id), paused, self.core.now_ns)
        finally:
            self.unlock()

    def request_key_frame(self, int64_t producer_id) -> None:
        """Asks the publisher, merged with everyone else's requests."""
        self.lock()
        try:
            want_key_frame(self.core, self.producer(producer_id), self.core.now_ns)
        finally:
            self.unlock()

    def producer_stats(self, int64_t producer_id) -> dict:
        """Per stream: packets, bytes, loss, jitter, key frames, size."""
        cdef Producer* producer
        cdef Stream* stream
        cdef int i
        self.lock()
        try:
            producer = self.producer(producer_id)
            streams = []
            for i in range(producer.stream_count):
                stream = &producer.streams[i]
                streams.append({
                    "ssrc": stream.ssrc, "rid": stream.rid[: stream.rid_length].decode("ascii"),
                    "packets": stream.packets, "bytes": stream.bytes, "recovered": stream.recovered,
                    "lost": max(stream.highest - stream.base + 1 - <int64_t>stream.packets, 0) if stream.started else 0,
                    "fraction_lost": stream.fraction_lost / 256.0,
                    "jitter_ms": stream.jitter * 1000.0 / stream.clock_rate if stream.clock_rate else 0.0,
                    "nacks": stream.nacks, "key_frames": stream.key_frames,
                    "width": stream.width, "height": stream.height,
                    "audio_level": newest_level(stream, self.core.now_ns),
                    "active": stream.started and self.core.now_ns - stream.last_arrival_ns < 2 * SECOND,
                    "layer": layer_of(stream), "watched": not stream.unwatched, **self.rates(stream),
                })
            return {
                "streams": streams, "key_frame_requests": producer.key_requests, "self_paced": bool(producer.self_paced),
                "rtt_ms": producer.rtt_ns / 1e6, "paused": bool(producer.paused),
                "consumers": producer.consumer_count, "resting": bool(producer.resting),
            }
        finally:
            self.unlock()

    cdef dict rates(self, Stream* stream):
        """Of the last whole second, that is one to two seconds, the first figures of a quarter; `bitrates_bps`: by spatial
        and temporal layer."""
        cdef Rates* rates = &stream.rates
        cdef bint known
        cdef int spatial, temporal
        if is_measured(rates, self.core.now_ns):
            close_second(rates, self.core.now_ns)
        known = rates.last_ns > 0
        seconds = rates.last_ns / 1e9 if known else 1.0
        bitrates = [
            [rates.last_bytes[spatial][temporal] * 8 / seconds if known else 0.0 for temporal in range(stream.top_temporal + 1)]
            for spatial in range(stream.top_spatial + 1)
        ]
        return {
            "bitrates_bps": bitrates, "bitrate_bps": sum(map(sum, bitrates)),
            "frames_per_second": rates.last_frames / seconds if known else 0.0,
            "packets_per_second": rates.last_packets / seconds if known else 0.0,
        }

    # --- speaking --------------------------------------------------------------------------------------------

    def audio_levels(self, int64_t since) -> tuple:
        """(newest slot, [(producer id, levels)]): one byte per 20 ms after slot `since`, of those who sent any sound.

        A byte is -dBov, 0 to 127, the loudest of what came in that time, or 255: nothing that says its level. At most the
        last 1.28 s. Needs no lock: what changes the tables holds the interpreter's, as the caller does.
        """
        cdef int64_t newest = (vtp_now_ns() if self.core.socket_count else self.core.now_ns) // LEVEL_SLOT_NS - 1
        cdef Producer* producer
        cdef int slot
        found = []
        for slot in range(self.core.producers.capacity):
            producer = <Producer*>self.core.producers.items[slot]
            if producer == NULL or producer.video or producer.inlet != NULL or producer.ext_id[AUDIO_LEVEL] == 0:
                continue
            levels = read_levels(&producer.streams[0], since, newest)
            if levels:
                found.append((producer.id, levels))
        return newest, found

    def add_floor(self, int places) -> int:
        """A floor with so many places: of the producers on it only the loudest are forwarded."""
        cdef Floor* floor
        if not 0 < places <= FLOOR_MEMBERS_MOST:
            raise ValueError(f"A floor has 1 to {FLOOR_MEMBERS_MOST} places.")
        floor = <Floor*>calloc(1, sizeof(Floor))
        if floor == NULL:
            raise MemoryError
        floor.places = places
        self.lock()
        floor.id = table_add(&self.core.floors, floor)
        self.unlock()
        if floor.id == 0:
            free(floor)
            raise MemoryError
        return floor.id

    def remove_floor(self, int64_t floor_id) -> None:
        """Ends a floor: all who were on it are forwarded. An unknown id is no error."""
        cdef void* floor
        self.lock()
        floor = table_find(&self.core.floors, floor_id)
        if floor != NULL:
            free_floor(self.core, <Floor*>floor)
        self.unlock()

    def set_floor(self, int64_t producer_id, int64_t floor_id) -> None:
        """Puts a producer of sound on a floor instead of another; 0: on none, it is always forwarded."""
        cdef void* floor = NULL
        self.lock()
        try:
            if floor_id:
                floor = table_find(&self.core.floors, floor_id)
                if floor == NULL:
                    raise ValueError(f"There is no floor {floor_id}.")
            set_floor(self.core, self.producer(producer_id), <Floor*>floor)
        finally:
            self.unlock()

    def open_tap(self, int64_t producer_id, int64_t capacity_bytes, int below=0) -> Tap:
        """Plain RTP of a producer, from the last key frame that its ring holds: of the highest encoding that sends, or
        of the highest of those that are `below` below the highest there may be. Raises ValueError, MemoryError.
        """
        cdef Tap tap = Tap.__new__(Tap)
        cdef TapRing* ring
        if not 65536 <= capacity_bytes <= 1 << 30:
            raise ValueError("A tap holds between 64 KiB and 1 GiB.")
        ring = <TapRing*>calloc(1, sizeof(TapRing))
        if ring == NULL:
            raise MemoryError
        ring.event_fd = -1
        tap.ring = ring
        tap.worker = self
        if byte_ring_open(&ring.records, <uint64_t>capacity_bytes) != 0:
            raise MemoryError
        ring.event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.lock()
        try:
            ring.producer = self.producer(producer_id)
            ring.below = max(below, 0)
            ring.next = ring.producer.taps
            ring.producer.taps = ring
            tap_backlog(self.core, ring.producer, ring, self.core.now_ns)
        finally:
            self.unlock()
        return tap

    # --- consumers -------------------------------------------------------------------------------------------

    def add_consumer(self, int64_t transport_id, *, str kind not None, str mid not None, int64_t ssrc, int64_t rtx_ssrc,
                     str cname not None, list codecs not None, dict extensions not None, int64_t producer=0,
                     bint paused=False, bint probator=False) -> int:
        """What a viewer receives on one m-line; `codecs`: (CODEC_*, payload type, RTX payload type or -1).

        SSRCs are the caller's and must never have been used on this transport. `producer` 0: no source yet.
        `probator`: the peer is mediasoup-client, which takes padding from SSRC 1234 with payload type 127.
        """
        cdef Consumer* consumer
        cdef Transport* transport
        cdef int codec
        if not 0 < ssrc < 1 << 32 or not 0 <= rtx_ssrc < 1 << 32 or ssrc == rtx_ssrc:
            raise ValueError("A consumer needs an SSRC of its own, and another for RTX or 0.")
        consumer = <Consumer*>calloc(1, sizeof(Consumer))
        if consumer == NULL:
            raise MemoryError
        try:
            consumer.video = kind == "video"
            consumer.paused = paused
            consumer.target_spatial = consumer.target_temporal = TOP_LAYER
            consumer.ssrc = <uint32_t>ssrc
            consumer.rtx_ssrc = <uint32_t>rtx_ssrc
            consumer.mid_length = fill_text(consumer.mid, 16, mid, "mid")
            consumer.cname_length = fill_text(consumer.cname, 63, cname, "cname")
            fill_extensions(consumer.ext_id, extensions)
            make_head(consumer)
            for codec in range(CODEC_KINDS):
                consumer.payload_type[codec] = consumer.rtx_payload_type[codec] = -1
            for name, payload_type, rtx in codecs:
                if not 0 < name < CODEC_KINDS or not 0 <= payload_type < 128 or not -1 <= rtx < 128:
                    raise ValueError("A consumer's codec is (CODEC_*, payload type, RTX payload type or -1).")
                consumer.payload_type[<int>name] = payload_type
                consumer.rtx_payload_type[<int>name] = rtx
            if consumer.payload_type[CODEC_RED] < 0:         # it gets the Opus that is in there
                consumer.payload_type[CODEC_RED] = consumer.payload_type[CODEC_OPUS]
            elif consumer.payload_type[CODEC_OPUS] < 0:
                raise ValueError("A consumer that takes RED needs a payload type for Opus, which is what it carries.")
            self.lock()
            try:
                transport = self.transport(transport_id)
                consumer.rtx_sequence = <uint16_t>(next_random(self.core) % 16384)
                self.check_unused(transport, consumer.ssrc)
                if rtx_ssrc:
                    self.check_unused(transport, consumer.rtx_ssrc)
                if producer and make_room(self.producer(producer)) != 0:
                    raise MemoryError
                consumer.transport = transport
                consumer.id = table_add(&self.core.consumers, consumer)
                if consumer.id == 0:
                    raise MemoryError
                transport.probator |= probator
                consumer.next = transport.consumers
                transport.consumers = consumer
                if transport.has_keys:
                    key_consumer(consumer)
                if producer:
                    set_source(self.core, consumer, self.producer(producer), self.core.now_ns)
            finally:
                self.unlock()
        except BaseException:
            free(consumer)
            raise
        return consumer.id

    cdef check_unused(self, Transport* transport, uint32_t ssrc):
        cdef Consumer* other = transport.consumers
        while other != NULL:
            if ssrc in (other.ssrc, other.rtx_ssrc):
                raise ValueError(f"SSRC {ssrc} is in use on this transport.")
            other = other.next
        if transport.has_keys and srtp_stream(&transport.send, ssrc, 0) != NULL:
            raise ValueError(f"SSRC {ssrc} was used on this transport; under the same keys it cannot be used again.")

    def set_consumer_source(self, int64_t consumer_id, int64_t producer_id) -> None:
        """Follows another producer from its next key frame on (0: nothing); sequence and timestamps go on."""
        self.lock()
        try:
            if producer_id:
                if set_source(self.core, self.consumer(consumer_id), self.producer(producer_id),
                              self.core.now_ns) != 0:
                    raise MemoryError
            else:
                unsource(self.core, self.consumer(consumer_id))
        finally:
            self.unlock()

    def set_target_layers(self, int64_t consumer_id, int spatial, int temporal, *, bint urgent=False) -> None:
        """The highest layers that a viewer is to get of whatever source it has; spatial -1: nothing.

        `urgent`: it cannot bear what it gets, so it goes down at once where the ring allows, and sees up to half a
        second twice.

        What it gets meanwhile, or instead where the source has less, `consumer_stats` says.
        """
        if not -1 <= spatial <= TOP_LAYER or not 0 <= temporal <= TOP_LAYER:
            raise ValueError(f"A target is a spatial layer of -1 to {TOP_LAYER} and a temporal one of 0 to {TOP_LAYER}.")
        self.lock()
        try:
            set_target(self.core, self.consumer(consumer_id), spatial, temporal, urgent, self.core.now_ns)
        finally:
            self.unlock()

    def pause_consumer(self, int64_t consumer_id, bint paused) -> None:
        """Stops or resumes forwarding; a picture resumes at a key frame."""
        self.lock()
        try:
            pause(self.core, self.consumer(consumer_id), paused, self.core.now_ns)
        finally:
            self.unlock()

    def remove_consumer(self, int64_t consumer_id) -> None:
        """Ends a consumer; an unknown id is no error."""
        cdef void* consumer
        self.lock()
        consumer = table_find(&self.core.consumers, consumer_id)
        if consumer != NULL:
            free_consumer(self.core, <Consumer*>consumer)
        self.unlock()

    def consumer_stats(self, int64_t consumer_id) -> dict:
        """What was sent and what the viewer's reports say."""
        cdef Consumer* consumer
        cdef int8_t spatial, temporal
        self.lock()
        try:
            consumer = self.consumer(consumer_id)
            current_layers(consumer, &spatial, &temporal)
            return {
                "spatial_layer": spatial, "temporal_layer": temporal,
                "target_spatial_layer": consumer.target_spatial, "target_temporal_layer": consumer.target_temporal,
                "packets": consumer.packets, "bytes": consumer.bytes, "retransmitted": consumer.retransmitted,
                "nacks": consumer.nacks, "missed": consumer.missed, "fraction_lost": consumer.fraction_lost / 256.0,
                "lost": consumer.lost, "jitter": consumer.jitter, "rtt_ms": consumer.rtt_ns / 1e6,
                "key_frame_requests": consumer.key_frame_requests, "paused": bool(consumer.paused),
                "state": ("waiting", "replay", "live")[consumer.state],
            }
        finally:
            self.unlock()
