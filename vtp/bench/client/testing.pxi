# Faces for tests: RTCP writers, which are read back with other parsers, a timetable, a probe without a socket or clock.

def transport_feedback(arrivals, uint32_t sender, uint32_t media) -> list:
    """Transport-wide feedback packets for [(sequence number, arrival in nanoseconds)], as many as it takes."""
    cdef TransportFeedback* feedback = <TransportFeedback*>calloc(1, sizeof(TransportFeedback))
    cdef uint8_t[2048] out
    cdef int length
    packets = []
    if feedback == NULL:
        raise MemoryError("No memory for transport-wide feedback.")
    feedback.base = -1
    for sequence, arrival_ns in arrivals:
        feedback_note(feedback, sequence, arrival_ns)
    while True:
        length = rtcp_transport_feedback(out, feedback, sender, media)
        if length == 0:
            break
        packets.append(<bytes>out[:length])
    free(feedback)
    return packets


def nack_packet(numbers, uint32_t sender, uint32_t media) -> bytes:
    """A generic NACK for ascending sequence numbers."""
    cdef uint16_t[256] wanted
    cdef uint8_t[RTCP_BYTES] out
    cdef int i, count = min(256, <int>len(numbers))
    for i in range(count):
        wanted[i] = numbers[i]
    return <bytes>out[:rtcp_nack(out, sender, media, wanted, count)]


def timetable(int count, *, int units_per_s, int packets_per_unit, int burst_packets, int64_t burst_interval_ns,
              int smallest, int largest, uint64_t seed=1) -> list:
    """The first `count` packets of a load: (nanoseconds after the first, unit, bytes, packets of its burst still to go)."""
    cdef Timetable times
    cdef uint16_t[LOAD_UNIT_PACKETS] sizes
    cdef int packet
    times.units_per_s, times.packets_per_unit, times.burst_packets = units_per_s, packets_per_unit, burst_packets
    times.burst_interval_ns, times.smallest, times.largest, times.seed = burst_interval_ns, smallest, largest, seed
    packets = []
    for packet in range(count):
        unit_sizes(&times, packet // packets_per_unit, sizes)
        packets.append((packet_ns(&times, packet), packet // packets_per_unit, sizes[packet % packets_per_unit],
                        burst_left(&times, packet)))
    return packets


cdef class ProbeBench:
    """One probe of one video stream, fed with protected packets and times."""

    cdef Probe* probe
    cdef ProbeStream* stream
    cdef SrtpSession session
    cdef readonly uint32_t magic

    def __cinit__(self, bytes key, bytes salt, *, uint32_t ssrc, uint32_t rtx_ssrc=0, bint nack=True,
                  int authenticate_every=64, bint with_source=True):
        self.probe = probe_open_for(authenticate_every)
        self.magic = 0xC0FFEE
        self.stream = &self.probe.streams[0]
        self.probe.stream_count = 1
        self.stream.report.ssrc, self.stream.rtx_ssrc, self.stream.nack, self.stream.video = ssrc, rtx_ssrc, nack, True
        self.stream.report.clock_rate = 90_000
        if with_source:
            self.stream.table = table_open(True, 250, self.magic)
        if srtp_open(&self.session, SRTP_AEAD_AES_128_GCM, key, <int>len(key), salt, <int>len(salt), 0):
            raise ValueError("The key and salt are not those of AES-128-GCM.")

    def __dealloc__(self):
        probe_release(self.probe)
        srtp_close(&self.session)

    def send(self, int64_t number, int64_t sent_ns, uint32_t timestamp) -> None:
        """The source hands a packet to the kernel."""
        table_note(self.stream.table, number, sent_ns, timestamp)

    def payload(self, int64_t number, int length, bint key=True) -> bytes:
        """What the source puts into it."""
        cdef uint8_t[PACKET_BYTES] out
        memset(out, 1, PACKET_BYTES)
        mark_write(self.stream.table, out, number, key)
        return <bytes>out[:length]

    def receive(self, bytes packet, int64_t arrival_ns, int64_t now_ns) -> None:
        """A protected packet of the stream or of its retransmission."""
        cdef uint8_t[DATAGRAM_BYTES] data
        cdef RtpPacket parsed
        cdef ProbeStream* stream
        cdef bint is_rtx = False
        cdef int length = min(<int>len(packet), <int>DATAGRAM_BYTES)
        memcpy(data, <const uint8_t*>packet, length)
        if rtp_parse_header(data, length, &parsed) < 0:
            raise ValueError("This is no RTP packet.")
        stream = probe_stream(self.probe, parsed.ssrc, &is_rtx)
        if stream == NULL:
            raise ValueError("The packet is of another stream.")
        if is_rtx:
            probe_receive_rtx(self.probe, stream, &self.session, data, length, &parsed, arrival_ns)
        else:
            probe_receive(self.probe, stream, &self.session, data, length, &parsed, arrival_ns, now_ns)

    def poll(self, int64_t now_ns) -> list:
        """Sequence numbers to ask for now."""
        cdef uint16_t[256] numbers
        cdef int64_t given_up = 0
        cdef int i, lost = 0
        cdef int count = holes_poll(&self.stream.holes, self.stream.nack, 0.0, now_ns, numbers, 256, &given_up, &lost)
        self.stream.wants_key = self.stream.wants_key or lost > 0
        return [numbers[i] for i in range(count)]

    @property
    def wants_key(self) -> bool:
        """Whether it would ask for a key frame."""
        return self.stream.wants_key

    def restart(self, int64_t wall_ns) -> None:
        """Begins a new window."""
        probe_restart(self.probe, wall_ns)

    def figures(self) -> dict:
        """As ProbeHandle gives them."""
        return probe_dict(self.probe, 0)


cdef class TimerBench:
    """The engine's timers alone."""

    cdef Core core

    def __cinit__(self, int clients):
        self.core.due = <int64_t*>calloc(clients, sizeof(int64_t))
        self.core.heap = <int32_t*>calloc(clients, sizeof(int32_t))
        self.core.heap_place = <int32_t*>calloc(clients, sizeof(int32_t))

    def __dealloc__(self):
        free(self.core.due)
        free(self.core.heap)
        free(self.core.heap_place)

    def add(self, int64_t client, int64_t at_ns) -> None:
        """A new client."""
        heap_add(&self.core, client, at_ns)

    def remove(self, int64_t client) -> None:
        """It is gone."""
        heap_remove(&self.core, client)

    def set(self, int64_t client, int64_t at_ns) -> None:
        """Its time is another."""
        set_due(&self.core, client, at_ns)

    def next(self) -> int:
        """The client whose turn it is; its time is left as it is. -1 without clients."""
        return self.core.heap[0] if self.core.heap_count else -1
