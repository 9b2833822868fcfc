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
    """One probe, fed with protected packets and times. It has a video stream from the start, and may have more."""

    cdef Probe* probe
    cdef SrtpSession session
    cdef readonly uint32_t magic

    def __cinit__(self, bytes key, bytes salt, *, uint32_t ssrc, uint32_t rtx_ssrc=0, bint nack=True,
                  int authenticate_every=64, bint with_source=True):
        self.probe = probe_open_for(authenticate_every)
        self.magic = 0xC0FFEE
        if srtp_open(&self.session, SRTP_AEAD_AES_128_GCM, key, <int>len(key), salt, <int>len(salt), 0):
            raise ValueError("The key and salt are not those of AES-128-GCM.")
        self.session.stream_limit = SERVER_SSRCS
        self.add_stream(ssrc=ssrc, rtx_ssrc=rtx_ssrc, nack=nack, with_source=with_source)

    def add_stream(self, *, uint32_t ssrc, uint32_t rtx_ssrc=0, bint nack=True, bint with_source=True) -> None:
        """One more video stream, with a source of its own. ValueError when an SSRC is taken."""
        cdef ProbeStream* stream = new_stream(self.probe, ssrc, rtx_ssrc)
        stream.report.clock_rate, stream.video, stream.nack = 90_000, True, nack
        if with_source:
            stream.table = table_open(True, 250, self.magic + <uint32_t>self.probe.stream_count - 1)

    cdef ProbeStream* stream(self, int index) except NULL:
        if not 0 <= index < self.probe.stream_count:
            raise IndexError(f"There is no stream {index}.")
        return &self.probe.streams[index]

    def __dealloc__(self):
        probe_release(self.probe)
        srtp_close(&self.session)

    def send(self, int64_t number, int64_t sent_ns, uint32_t timestamp, int stream=0) -> None:
        """The source of a stream hands a packet to the kernel."""
        table_note(self.stream(stream).table, number, sent_ns, timestamp)

    def payload(self, int64_t number, int length, bint key=True, int stream=0) -> bytes:
        """What that source puts into it."""
        cdef uint8_t[PACKET_BYTES] out
        memset(out, 1, PACKET_BYTES)
        mark_write(self.stream(stream).table, out, number, key)
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
        """Sequence numbers of the first stream to ask for now."""
        cdef ProbeStream* stream = self.stream(0)
        cdef uint16_t[256] numbers
        cdef int64_t given_up = 0
        cdef int i, lost = 0
        cdef int count = holes_poll(&stream.holes, stream.nack, 0.0, now_ns, numbers, 256, &given_up, &lost)
        stream.wants_key = stream.wants_key or lost > 0
        return [numbers[i] for i in range(count)]

    @property
    def wants_key(self) -> bool:
        """Whether the first stream would ask for a key frame."""
        return self.stream(0).wants_key

    def streams(self) -> list:
        """As ProbeHandle gives them."""
        return streams_list(self.probe)

    def receiver_reports(self, int64_t now_ns) -> list:
        """What a client with this probe reports, a compound each."""
        cdef Client* client = <Client*>calloc(1, sizeof(Client))
        cdef uint8_t[SEND_SLOT] out
        cdef int length, next_stream = 0
        compounds = []
        if client == NULL:
            raise MemoryError("No memory for one more client.")
        client.probe = self.probe
        client.cname_length = copy_text(client.cname, "viewer", NAME_BYTES, "cname")
        while next_stream >= 0:
            length = rtcp_receiver_report(out, client, now_ns, &next_stream)
            if length:
                compounds.append(<bytes>out[:length])
        free(client)
        return compounds

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


cdef class StreamBench:
    """One incoming stream of VP8 that a source sends, fed with plain packets and times."""

    cdef Incoming* stream

    def __cinit__(self):
        cdef int i
        self.stream = <Incoming*>calloc(1, sizeof(Incoming))
        if self.stream == NULL:
            raise MemoryError("No memory for one more stream.")
        self.stream.slots = <Seen*>calloc(VIDEO_SLOTS, sizeof(Seen))
        if self.stream.slots == NULL:
            raise MemoryError("No memory for one more stream.")
        for i in range(VIDEO_SLOTS):
            self.stream.slots[i].number = -1
        self.stream.slot_mask = VIDEO_SLOTS - 1
        self.stream.video = self.stream.nack = self.stream.marked = True
        self.stream.payloads[0].payload_type = 96
        self.stream.payloads[0].codec = CODEC_VP8
        self.stream.payloads[0].clock_rate = 90_000
        self.stream.payloads[0].rtx_payload_type = -1
        self.stream.payload_count = 1

    def __dealloc__(self):
        if self.stream != NULL:
            free_incoming(self.stream)

    def receive(self, bytes packet, int64_t arrival_ns) -> None:
        """A plain packet."""
        cdef uint8_t[DATAGRAM_BYTES] data
        cdef RtpPacket parsed
        cdef int length = min(<int>len(packet), <int>DATAGRAM_BYTES)
        memcpy(data, <const uint8_t*>packet, length)
        if rtp_parse_header(data, length, &parsed) < 0:
            raise ValueError("This is no RTP packet.")
        stream_receive(self.stream, data, &parsed, arrival_ns, arrival_ns)

    def give_up(self, int64_t now_ns) -> None:
        """What is missing is waited for no more, if it is so late."""
        cdef uint16_t[256] numbers
        stream_nacks(self.stream, 0.0, now_ns, numbers, 256)

    def figures(self, int64_t now_ns) -> dict:
        """As Engine.stats gives them."""
        return incoming_dict(self.stream, now_ns)
