# The Python face of loads and probes.

def add_load(Engine engine, int64_t client, int index, *, int units_per_s, int packets_per_unit, int burst_packets,
             int64_t burst_interval_ns, int smallest, int largest, uint64_t seed, uint32_t first_timestamp,
             int width=640, int height=368) -> None:
    """Makes an outgoing stream of the client one that the engine feeds itself; `start_loads` lets it go.

    MemoryError, KeyError when client or stream is not there, ValueError when the stream has a load or its codec is none
    that can be sent.
    """
    cdef Outgoing* stream
    cdef Timetable times
    times.units_per_s, times.packets_per_unit, times.burst_packets = units_per_s, packets_per_unit, burst_packets
    times.burst_interval_ns, times.smallest, times.largest, times.seed = burst_interval_ns, smallest, largest, seed
    times.width, times.height = width, height
    with nogil:
        client_lock_take(&engine.lock)
    try:
        stream = outgoing_at(engine.find(client), index)
        if stream.load != NULL:
            raise ValueError("The stream has a load already.")
        if stream.video and stream.codec not in (CODEC_VP8, CODEC_H264):
            raise ValueError("A load is sent as VP8 or H.264.")
        stream.load = load_open(stream, times, first_timestamp)
        if stream.load == NULL:
            raise MemoryError("No memory for one more load.")
    finally:
        client_lock_give(&engine.lock)


cdef Outgoing* outgoing_at(Client* client, int index) except NULL:
    if not 0 <= index < client.outgoing_count:
        raise KeyError(f"The client has no outgoing stream {index}.")
    return client.outgoing[index]


def start_loads(Engine engine, int64_t client, phases_ns) -> None:
    """Sends the client's loads from now on: {index of the stream: nanoseconds until its first packet}."""
    cdef Client* found
    cdef Outgoing* stream
    cdef int64_t now_ns
    with nogil:
        client_lock_take(&engine.lock)
    try:
        found = engine.find(client)
        now_ns = client_clock(CLOCK_MONOTONIC)
        for index, phase_ns in phases_ns.items():
            stream = outgoing_at(found, index)
            if stream.load == NULL:
                raise KeyError(f"The outgoing stream {index} has no load.")
            start_load(stream.load, stream, now_ns + <int64_t>phase_ns)
        engine.wake(found)
    finally:
        client_lock_give(&engine.lock)


def stop_loads(Engine engine, int64_t client) -> None:
    """Sends no more packets of the client's loads; those sent are still in the ring. KeyError when it is not there."""
    cdef Client* found
    cdef int i
    with nogil:
        client_lock_take(&engine.lock)
    try:
        found = engine.find(client)
        for i in range(found.outgoing_count):
            if found.outgoing[i].load != NULL:
                found.outgoing[i].load.running = False
    finally:
        client_lock_give(&engine.lock)


cdef class ProbeHandle:
    """A client's probe. Its figures can be read after the client is gone."""

    cdef Engine engine
    cdef Probe* probe
    cdef int64_t client

    def __cinit__(self, Engine engine not None, int64_t client, *, int authenticate_every, int feedback_ms,
                  int transport_cc_extension):
        self.engine = engine
        self.client = client
        self.probe = probe_open_for(authenticate_every)
        with nogil:
            client_lock_take(&engine.lock)
        try:
            self.attach(engine.find(client), feedback_ms, transport_cc_extension)
        finally:
            client_lock_give(&engine.lock)

    def __dealloc__(self):
        probe_release(self.probe)

    cdef int attach(self, Client* client, int feedback_ms, int transport_cc_extension) except -1:
        if client.probe != NULL or client.incoming_count:
            raise ValueError("The client's streams are received already.")
        if transport_cc_extension:
            open_feedback(client, transport_cc_extension, feedback_ms * MILLISECOND)
        self.probe.first_ns = client.first_rtp_ns
        self.probe.references += 1
        client.probe = self.probe
        return 0

    def add_stream(self, *, kind, uint32_t ssrc, uint32_t rtx_ssrc, uint32_t clock_rate, bint nack,
                   Engine source_engine=None, int64_t source_client=-1, int source_index=-1) -> None:
        """A stream to count, and where its source is. ValueError when an SSRC is taken, KeyError without the source."""
        cdef ProbeStream* stream
        cdef SendTable* table = NULL
        if source_engine is not None:
            table = table_of(source_engine, source_client, source_index)
        with nogil:
            client_lock_take(&self.engine.lock)
        try:
            stream = new_stream(self.probe, ssrc, rtx_ssrc)
            stream.report.clock_rate, stream.video, stream.nack = clock_rate, kind == "video", nack
            stream.table = table
            table = NULL
        finally:
            client_lock_give(&self.engine.lock)
            table_release(table)

    def streams(self) -> list:
        """The window so far of each stream, by the names of load_figures.StreamFigures."""
        with nogil:
            client_lock_take(&self.engine.lock)
        try:
            return streams_list(self.probe)
        finally:
            client_lock_give(&self.engine.lock)

    def figures(self) -> dict:
        """The window so far, by the names of load_figures.ProbeFigures."""
        with nogil:
            client_lock_take(&self.engine.lock)
        try:
            self.read_drops()
            return probe_dict(self.probe, client_clock(CLOCK_REALTIME))
        finally:
            client_lock_give(&self.engine.lock)

    def restart(self) -> None:
        """Begins a new window."""
        with nogil:
            client_lock_take(&self.engine.lock)
        self.read_drops()
        probe_restart(self.probe, client_clock(CLOCK_REALTIME))
        client_lock_give(&self.engine.lock)

    cdef void read_drops(self) noexcept:
        cdef Client* client = self.engine.core.clients[self.client]
        if client != NULL and client.fd >= 0:
            self.probe.drops = client_drops(client.fd)


cdef Probe* probe_open_for(int authenticate_every) except NULL:
    cdef Probe* probe = <Probe*>calloc(1, sizeof(Probe))
    if probe == NULL:
        raise MemoryError("No memory for one more probe.")
    probe.references = 1
    probe.authenticate_every = authenticate_every
    probe.started_ns = client_clock(CLOCK_REALTIME)
    return probe


cdef ProbeStream* new_stream(Probe* probe, uint32_t ssrc, uint32_t rtx_ssrc) except NULL:
    """A stream with SSRCs that are still free: a server that gives one twice could not be measured."""
    cdef ProbeStream* stream
    cdef bint is_taken = ssrc_find(&probe.ssrcs, ssrc) != 0
    if rtx_ssrc:
        is_taken = is_taken or rtx_ssrc == ssrc or ssrc_find(&probe.ssrcs, rtx_ssrc) != 0
    if is_taken:
        raise ValueError(f"SSRC {ssrc}, or that of its RTX, {rtx_ssrc}, is there twice on one transport.")
    stream = probe_add(probe, ssrc, rtx_ssrc)
    if stream == NULL:
        raise MemoryError("No memory for one more stream.")
    return stream


cdef SendTable* table_of(Engine engine, int64_t client, int index) except NULL:
    """The send times of a load, held once more."""
    cdef Outgoing* stream
    with nogil:
        client_lock_take(&engine.lock)
    try:
        stream = outgoing_at(engine.find(client), index)
        if stream.load == NULL:
            raise KeyError(f"The outgoing stream {index} has no load.")
        stream.load.table.references += 1
        return stream.load.table
    finally:
        client_lock_give(&engine.lock)
