# The Python face: an Engine with its thread, and the clients it drives.

EVENT_DTLS = ON_DTLS
EVENT_CONNECTED = ON_CONNECTED
EVENT_EXPIRED = ON_EXPIRED
EVENT_KEY_FRAME_WANTED = ON_KEY_FRAME_WANTED
EVENT_MEDIA_STARTED = ON_MEDIA_STARTED
EVENT_BYE = ON_BYE
EVENT_UNIT_DROPPED = ON_UNIT_DROPPED


EXTENSION_ORDER = ("mid", "abs-send-time", "transport-cc", "abs-capture-time", "audio-level", "rid", "repaired-rid")


cdef class Engine:
    """Drives WebRTC clients from one thread. All methods are thread-safe and short.

    `event_fd` is readable when `poll_events` has something. Times handed in are of `time.monotonic_ns()`.
    `gro` lets the kernel give datagrams of one run as one: a server on the same machine is spared the cutting, and looks
    cheaper than with real viewers. `rest_us` is slept after each turn that received something: the server is spared the
    wake-ups, as it is when viewers are elsewhere. `cpu` is the processor that the thread stays on.
    `real_time` runs it before ordinary threads where that is allowed: clients that stand for other machines.
    """

    cdef Core* core
    cdef client_lock lock
    cdef object thread
    cdef int buffer_bytes
    cdef object cpu
    cdef bint real_time

    def __cinit__(self, *, int socket_buffer_bytes=1 << 20, bint gro=False, int rest_us=0, cpu=None,
                  bint real_time=False):
        self.cpu, self.real_time = cpu, real_time
        client_lock_init(&self.lock)
        self.buffer_bytes = socket_buffer_bytes
        self.core = <Core*>calloc(1, sizeof(Core))
        if self.core == NULL:
            raise MemoryError("No memory for the client engine.")
        self.core.epoll_fd = self.core.event_fd = self.core.wake_fd = -1
        self.core.events = <Event*>calloc(EVENT_SLOTS, sizeof(Event))
        if self.core.events == NULL or client_seed(&self.core.random_state) < 0:
            raise MemoryError("No memory for the client engine's events.")
        self.core.epoll_fd = epoll_create1(EPOLL_CLOEXEC)
        self.core.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        self.core.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        if self.core.epoll_fd < 0 or self.core.event_fd < 0 or self.core.wake_fd < 0:
            raise OSError(client_errno(), "The client engine got no file descriptor: raise `ulimit -n`.")
        if client_watch(self.core.epoll_fd, self.core.wake_fd, <uint64_t>-1, 0) < 0:
            raise OSError(client_errno(), "The client engine cannot watch its own descriptor.")
        self.core.gro = gro
        self.core.rest_ns = rest_us * 1000
        if receive_setup(self.core) < 0:
            raise MemoryError("No memory for the client engine's datagrams.")

    def __dealloc__(self):
        cdef int64_t i
        if self.core == NULL:
            return
        for i in range(self.core.count):
            if self.core.clients[i] != NULL:
                free_client(self.core.clients[i])
        for fd in (self.core.epoll_fd, self.core.event_fd, self.core.wake_fd):
            if fd >= 0:
                close(fd)
        free(self.core.clients)
        free(self.core.due)
        free(self.core.heap)
        free(self.core.heap_place)
        free(self.core.events)
        free(self.core.received)
        free(self.core)
        client_lock_destroy(&self.lock)

    @property
    def event_fd(self) -> int:
        """An eventfd for the event loop."""
        return self.core.event_fd

    def start(self) -> None:
        """Starts the thread. RuntimeError when it runs already or was closed."""
        if self.thread is not None or self.core.stopping:
            raise RuntimeError("The client engine was started before.")
        self.thread = threading.Thread(target=self._run, name="vtp-client", daemon=True)
        self.thread.start()

    def _run(self):
        if self.cpu is not None:
            os.sched_setaffinity(0, {self.cpu})
        if self.real_time:
            with contextlib.suppress(OSError):           # without the right it runs as any other thread
                os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        with nogil:
            run_loop(self.core, &self.lock)

    def close(self) -> None:
        """Stops the thread and closes the sockets; the clients' figures can still be read."""
        cdef int64_t i
        with nogil:
            client_lock_take(&self.lock)
            self.core.stopping = True
            client_lock_give(&self.lock)
            client_signal(self.core.wake_fd)
        if self.thread is not None:
            self.thread.join()
            self.thread = None
        for i in range(self.core.count):
            if self.core.clients[i] != NULL and self.core.clients[i].fd >= 0:
                close(self.core.clients[i].fd)
                self.core.clients[i].fd = -1

    def poll_events(self) -> list:
        """What happened since the last call: (EVENT_*, client, value), the value as the event's comment says."""
        cdef list events = []
        cdef Event* event
        with nogil:
            client_lock_take(&self.lock)
        client_unsignal(self.core.event_fd)
        while self.core.event_count:
            event = &self.core.events[self.core.event_head]
            if event.kind == ON_DTLS:
                events.append((event.kind, event.client, <bytes>event.data[:event.length]))
            else:
                events.append((event.kind, event.client, event.value))
            self.core.event_head = (self.core.event_head + 1) % EVENT_SLOTS
            self.core.event_count -= 1
        client_lock_give(&self.lock)
        return events

    cdef int grow(self) except -1:
        """Room for more clients, in every array that has one place for each."""
        cdef int64_t capacity = 2 * self.core.capacity if self.core.capacity else 64
        self.core.clients = <Client**>grown(self.core.clients, capacity * sizeof(Client*))
        self.core.due = <int64_t*>grown(self.core.due, capacity * sizeof(int64_t))
        self.core.heap = <int32_t*>grown(self.core.heap, capacity * sizeof(int32_t))
        self.core.heap_place = <int32_t*>grown(self.core.heap_place, capacity * sizeof(int32_t))
        self.core.capacity = capacity
        return 0

    cdef int64_t place(self, Client* client) except -1:
        """Stores a client; its id. Called with the lock held."""
        if self.core.count == self.core.capacity:
            self.grow()
        client.id = self.core.count
        self.core.clients[client.id] = client
        self.core.count += 1
        heap_add(self.core, client.id, INT64_MAX)
        return client.id

    cdef Client* find(self, int64_t client) except NULL:
        if not 0 <= client < self.core.count or self.core.clients[client] == NULL:
            raise KeyError(f"There is no client {client}.")
        return self.core.clients[client]

    cdef int wake(self, Client* client) except -1:
        """Runs the client's timers soon; called with the lock held."""
        set_due(self.core, client.id, 0)
        client_signal(self.core.wake_fd)
        return 0

    def add_client(self, candidates, *, local_ufrag, local_password, remote_ufrag, remote_password, cname="vtp",
                   bind=None, bint controlling=True) -> int:
        """A new client that checks the peer's `candidates` [(ip, port)] at once (the first eight of the first's family).

        More may come with `add_candidate`; there need be none yet. `bind` is (ip, port) of our end, any by default.
        `controlling` is our ICE role: whoever offered has it towards a full ICE peer (RFC 8445 section 6.1.1). Raises
        ValueError for an address or text that cannot be, OSError when the system gives no socket.
        """
        cdef Client* client = <Client*>calloc(1, sizeof(Client))
        cdef int64_t added
        if client == NULL:
            raise MemoryError("No memory for one more client.")
        client.fd = client.selected = client.nominated = -1
        client.controlling = controlling
        try:
            self.fill_client(client, local_ufrag, local_password, remote_ufrag, remote_password, cname)
            self.fill_candidates(client, candidates, bind)
            self.open_socket(client, bind)
        except BaseException:
            free_client(client)
            raise
        with nogil:
            client_lock_take(&self.lock)
        try:
            added = self.place(client)
            if client_watch(self.core.epoll_fd, client.fd, <uint64_t>added, 0) < 0:
                raise OSError(client_errno(), "The client's socket cannot be watched.")
            client.tie_breaker = core_random(self.core)
            client.reporter_ssrc = <uint32_t>(core_random(self.core)) | 1
            new_transaction(self.core, client)
            self.wake(client)
        finally:
            client_lock_give(&self.lock)
        return added

    cdef int fill_client(self, Client* client, local_ufrag, local_password, remote_ufrag, remote_password,
                         cname) except -1:
        copy_text(client.local_ufrag, local_ufrag, ICE_TEXT, "local_ufrag")
        copy_text(client.local_password, local_password, ICE_TEXT, "local_password")
        copy_text(client.remote_ufrag, remote_ufrag, ICE_TEXT, "remote_ufrag")
        copy_text(client.remote_password, remote_password, ICE_TEXT, "remote_password")
        client.cname_length = copy_text(client.cname, cname, NAME_BYTES, "cname")
        return 0

    cdef int fill_candidates(self, Client* client, candidates, bind) except -1:
        """The family of all is that of the first candidate, else of our own end, else IPv4."""
        cdef sockaddr_in6 address
        client.family = AF_INET
        for ip, port in [*candidates, bind or ("0.0.0.0", 0)][:1]:
            write_address(&address, ip, port)
            client.family = address.sin6_family
        for ip, port in candidates:
            write_address(&address, ip, port)
            add_candidate(client, &address)
        return 0

    cdef int open_socket(self, Client* client, bind) except -1:
        cdef sockaddr_in6 address
        cdef socklen_t length
        client.fd = client_socket(client.family, self.buffer_bytes, self.core.gro)
        if client.fd < 0:
            error = -client.fd
            client.fd = -1
            raise OSError(error, "No socket for one more client: raise `ulimit -n`.")
        if bind is not None:
            length = write_address(&address, bind[0], bind[1])
            if client_bind(client.fd, <sockaddr*>&address, length) < 0:
                raise OSError(client_errno(), f"Port {bind[1]} of {bind[0]} cannot be used.")
        return 0

    def add_candidate(self, int64_t client, ip, int port) -> bool:
        """One more candidate of the peer (trickle), checked at once; False when it is of another family or too much.

        KeyError when the client is not there, ValueError for an address that is none.
        """
        cdef Client* found
        cdef sockaddr_in6 address
        cdef bint added
        write_address(&address, ip, port)
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = self.find(client)
            added = add_candidate(found, &address) >= 0
            if added and found.selected < 0:
                found.next_check_ns = 0
                self.wake(found)
        finally:
            client_lock_give(&self.lock)
        return added

    def restart_ice(self, int64_t client, *, local_ufrag, local_password, remote_ufrag, remote_password) -> None:
        """Checks the same candidates with other credentials; EVENT_CONNECTED tells when one has answered.

        Nothing is sent until then. KeyError when the client is not there, ValueError for a text that cannot be.
        """
        cdef Client* found
        cdef Client texts
        memset(&texts, 0, sizeof(Client))
        self.fill_client(&texts, local_ufrag, local_password, remote_ufrag, remote_password, "")
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = self.find(client)
            memcpy(found.local_ufrag, texts.local_ufrag, ICE_TEXT)
            memcpy(found.local_password, texts.local_password, ICE_TEXT)
            memcpy(found.remote_ufrag, texts.remote_ufrag, ICE_TEXT)
            memcpy(found.remote_password, texts.remote_password, ICE_TEXT)
            read_clocks(self.core)
            restart_checks(self.core, found)
            self.wake(found)
        finally:
            client_lock_give(&self.lock)

    def request_key_frame(self, int64_t client) -> bool:
        """Sends a PLI for the client's picture at once, whatever it has; False when it receives none yet."""
        cdef Client* found
        cdef Incoming* stream
        cdef int i
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = self.find(client)
            for i in range(found.incoming_count):
                stream = found.incoming[i]
                if stream.video and stream.started and found.selected >= 0:
                    stream.plis += 1
                    send_pli(self.core, found, stream.report.ssrc)
                    flush(self.core)
                    return True
        finally:
            client_lock_give(&self.lock)
        return False

    def remove_client(self, int64_t client) -> None:
        """Closes the client's socket and forgets it. KeyError when it is not there."""
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = <size_t>self.find(client)
            self.core.clients[client] = NULL
            heap_remove(self.core, client)
            if self.core.send_client == <Client*>found:
                self.core.send_client = NULL
            free_client(<Client*>found)
        finally:
            client_lock_give(&self.lock)

    def send_dtls(self, int64_t client, const uint8_t[::1] datagram not None) -> bool:
        """Sends a DTLS datagram to the selected candidate; False when there is none yet or the socket is full."""
        cdef Client* found
        cdef uint8_t* out
        cdef int length = <int>datagram.shape[0]
        if not 0 < length <= SEND_SLOT:
            raise ValueError(f"A DTLS datagram has 1 to {SEND_SLOT} bytes.")
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = self.find(client)
            if found.selected < 0:
                return False
            out = send_slot(self.core, found)
            memcpy(out, &datagram[0], length)
            send_commit(self.core, found.selected, length)
            flush(self.core)
        finally:
            client_lock_give(&self.lock)
        return True

    def set_srtp(self, int64_t client, int profile, bytes receive_key, bytes receive_salt, bytes send_key,
                 bytes send_salt) -> None:
        """Gives the client its keys (IANA profile number). ValueError when they do not fit the profile."""
        cdef Client* found
        cdef int failed
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = self.find(client)
            if found.has_keys:
                raise ValueError("The client has its SRTP keys already.")
            failed = srtp_open(&found.receive, profile, receive_key, <int>len(receive_key), receive_salt,
                               <int>len(receive_salt), 0)
            if failed == 0:
                failed = srtp_open(&found.send, profile, send_key, <int>len(send_key), send_salt,
                                   <int>len(send_salt), 1)
            if failed:
                srtp_close(&found.receive)
                raise ValueError(f"The SRTP keys do not fit profile {profile}.")
            found.receive.stream_limit = SERVER_SSRCS
            found.has_keys = True
            read_clocks(self.core)
            receive_early(self.core, found)
            self.wake(found)
        finally:
            client_lock_give(&self.lock)

    def add_incoming(self, int64_t client, *, kind, uint32_t ssrc, uint32_t rtx_ssrc, payloads, bint nack,
                     int transport_cc_extension=0, int capture_extension=0, bint marked=False) -> int:
        """A stream to receive; its index. `payloads` are (payload type, codec, clock rate, RTX payload type or -1).

        `marked` says that a source sends it: its packets tell which encoding they are of.
        """
        cdef Client* found
        cdef Incoming* stream = <Incoming*>calloc(1, sizeof(Incoming))
        cdef int i, slots = VIDEO_SLOTS if kind == "video" else AUDIO_SLOTS
        if stream == NULL:
            raise MemoryError("No memory for one more stream.")
        stream.slots = <Seen*>calloc(slots, sizeof(Seen))
        if stream.slots == NULL:
            free(stream)
            raise MemoryError("No memory for one more stream.")
        for i in range(slots):
            stream.slots[i].number = -1
        stream.slot_mask = slots - 1
        stream.report.ssrc, stream.rtx_ssrc, stream.video, stream.nack = ssrc, rtx_ssrc, kind == "video", nack
        stream.capture_extension = <uint8_t>capture_extension
        stream.marked = marked
        stream.joined_ns = client_clock(CLOCK_REALTIME)
        for payload_type, codec, clock_rate, rtx_payload_type in payloads[:MAX_PAYLOADS]:
            stream.payloads[stream.payload_count].payload_type = payload_type
            stream.payloads[stream.payload_count].codec = codec
            stream.payloads[stream.payload_count].clock_rate = clock_rate
            stream.payloads[stream.payload_count].rtx_payload_type = rtx_payload_type
            stream.payload_count += 1
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = self.find(client)
            if found.incoming_count == MAX_STREAMS:
                raise ValueError(f"A client receives at most {MAX_STREAMS} streams.")
            if transport_cc_extension:
                open_feedback(found, transport_cc_extension, FEEDBACK_INTERVAL_NS)
            found.incoming[found.incoming_count] = stream
            found.incoming_count += 1
            return found.incoming_count - 1
        except BaseException:
            free_incoming(stream)
            raise
        finally:
            client_lock_give(&self.lock)

    def add_outgoing(self, int64_t client, *, kind, uint32_t ssrc, uint32_t rtx_ssrc, int codec, int payload_type,
                     int rtx_payload_type, uint32_t clock_rate, mid, extensions, int ring_packets=2048, rid="") -> int:
        """A stream to send; its index. `extensions` maps the names in client_sdp.EXTENSION_URIS to ids.

        `rid` names a simulcast encoding; RTX of one needs the extension "repaired-rid".

        `ring_packets` are kept for the pacer and for resending: 1.2 KB each.
        """
        cdef Client* found
        cdef Outgoing* stream
        cdef int i, size = power_of_two(ring_packets)
        stream = <Outgoing*>calloc(1, sizeof(Outgoing))
        if stream == NULL:
            raise MemoryError("No memory for one more stream.")
        stream.ring = <Sent*>calloc(size, sizeof(Sent))
        if stream.ring == NULL:
            free(stream)
            raise MemoryError("No memory for one more stream.")
        for i in range(size):
            stream.ring[i].number = -1
        stream.ring_mask = size - 1
        stream.ssrc, stream.rtx_ssrc, stream.video, stream.codec = ssrc, rtx_ssrc, kind == "video", codec
        stream.payload_type, stream.rtx_payload_type = payload_type, rtx_payload_type
        stream.clock_rate = clock_rate
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = self.find(client)
            if found.outgoing_count == MAX_STREAMS:
                raise ValueError(f"A client sends at most {MAX_STREAMS} streams.")
            stream.mid_length = copy_text(stream.mid, mid, 17, "mid")
            stream.rid_length = copy_text(stream.rid, rid, RID_BYTES, "rid")
            for i, name in enumerate(EXTENSION_ORDER):
                stream.extension[i] = extensions.get(name, 0)
            memcpy(stream.cname, found.cname, NAME_BYTES)
            stream.cname_length = found.cname_length
            # first numbers below 2^15, so that the receiver cannot guess the roll-over counter wrong
            stream.written = stream.sent = <int64_t>(core_random(self.core) & 0x7FFF)
            stream.rtx_sequence = <uint16_t>(core_random(self.core) & 0x7FFF)
            stream.picture_id = <uint16_t>(core_random(self.core) & 0x7FFF)
            found.outgoing[found.outgoing_count] = stream
            found.outgoing_count += 1
            return found.outgoing_count - 1
        except BaseException:
            free_outgoing(stream)
            raise
        finally:
            client_lock_give(&self.lock)

    def send_unit(self, int64_t client, int index, const uint8_t[::1] data not None, uint32_t rtp_timestamp,
                  int64_t due_ns, *, bint key=False, int width=0, int height=0) -> bool:
        """Cuts one access unit into packets that leave at `due_ns`; False when the pacer is a whole ring behind.

        H.264 in annex B, AV1 as a low-overhead temporal unit, VP8 and VP9 frames, Opus packets. ValueError when it
        cannot be read as such, or is larger than the ring.
        """
        cdef Client* found
        cdef Outgoing* stream
        cdef Cutter cutter
        cdef int64_t capture_ns, first
        cdef int result, length = <int>data.shape[0]
        if length == 0:
            raise ValueError("An access unit is not empty.")
        with nogil:
            client_lock_take(&self.lock)
        try:
            found = self.find(client)
            if not 0 <= index < found.outgoing_count:
                raise KeyError(f"The client has no outgoing stream {index}.")
            stream = found.outgoing[index]
            first = stream.written
            capture_ns = due_ns + client_clock(CLOCK_REALTIME) - client_clock(CLOCK_MONOTONIC)
            cut_begin(&cutter, stream, rtp_timestamp, capture_ns)
            result = cut_unit(&cutter, &data[0], length, key, width, height)
            if result == UNIT_OK:
                result = queue_unit(stream, due_ns, first)
            if result == UNIT_OK:
                stream.last_timestamp = rtp_timestamp
                stream.timestamp_ns = due_ns
                if due_ns < next_due(self.core):
                    client_signal(self.core.wake_fd)
                wake_at(self.core, found, due_ns)
            else:
                stream.units_dropped += 1
        finally:
            client_lock_give(&self.lock)
        if result == UNIT_MALFORMED:
            raise ValueError("The access unit is not of the stream's codec.")
        if result == UNIT_TOO_LARGE:
            raise ValueError("The access unit has more packets than the stream's ring.")
        return result == UNIT_OK

    def figures(self) -> dict:
        """Of the engine itself: its thread's CPU time (user and system), wake-ups, datagrams, events it had no room for.

        All since it was made; the CPU time is 0 before `start`.
        """
        with nogil:
            client_lock_take(&self.lock)
        try:
            return {
                "cpu_ns": client_cpu_ns(self.core.thread) if self.core.thread_runs else self.core.cpu_ns,
                "wakeups": self.core.turns,
                "datagrams_received": self.core.datagrams_received,
                "datagrams_sent": self.core.datagrams_sent,
                "events_dropped": self.core.events_dropped,
            }
        finally:
            client_lock_give(&self.lock)

    def stats(self, int64_t client) -> dict:
        """Every figure of a client, its incoming and its outgoing streams. KeyError when it is not there."""
        with nogil:
            client_lock_take(&self.lock)
        try:
            return client_dict(self.find(client), client_clock(CLOCK_REALTIME))
        finally:
            client_lock_give(&self.lock)
