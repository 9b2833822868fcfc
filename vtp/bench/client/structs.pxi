# The objects of the client as plain C structs. An Engine owns Clients; a Client owns its socket, its SRTP sessions,
# its Incoming and Outgoing streams. All of them are touched only under the Engine's lock. Times are nanoseconds.

cdef enum:
    DATAGRAM_BYTES = 2048        # room for one received datagram
    GRO_BYTES = 65536            # for several that the kernel gives as one
    CONTROL_BYTES = 96
    RECEIVE_BATCH = 32           # datagrams per recvmmsg
    SEND_BATCH = 32              # datagrams per sendmmsg
    SEND_SLOT = 1500             # a packet, its SRTP tag, an RTX number
    PACKET_BYTES = 1200          # largest RTP packet we send, before the SRTP tag (media.md)
    MAX_CANDIDATES = 8           # of the peer, those learned from its checks included
    MAX_STREAMS = 8              # of either direction, per client
    MAX_PAYLOADS = 16            # payload types of one incoming stream
    VIDEO_SLOTS = 1024           # packets remembered per incoming video stream, about 3 s
    AUDIO_SLOTS = 256
    FEEDBACK_SLOTS = 1024        # transport-wide numbers remembered between two feedback packets
    UNIT_SLOTS = 128             # access units waiting for the pacer
    ICE_TEXT = 257               # RFC 8445 section 5.3: at most 256 characters
    EVENT_SLOTS = 4096
    EARLY_SLOTS = 256            # datagrams kept that come before the keys
    EVENT_BYTES = 1600
    NAME_BYTES = 64
    RID_BYTES = 17               # 16 characters: what a one-byte extension holds
    SWITCH_SLOTS = 64            # switches of encoding that a stream remembers
    SERVER_SSRCS = 4096          # of one server towards one client: those of a large meeting, each with its RTX
    LOAD_UNIT_PACKETS = 256
    PROBE_STREAMS = 2            # a probe has room for so many, a lecture's, before it grows
    PROBE_WINDOW = 1024          # sequence numbers remembered, a power of two
    PROBE_WINDOW_WORDS = 16

cdef enum:                       # what a slot of an incoming stream knows of its packet
    SEEN = 1
    SEEN_MARKER = 2
    SEEN_START = 4
    SEEN_KEY = 8
    SEEN_PADDING = 16

cdef enum:                       # extension ids, in the order of Outgoing.extension
    CLIENT_EXT_MID = 0
    CLIENT_EXT_ABS_SEND_TIME = 1
    CLIENT_EXT_TRANSPORT_CC = 2
    CLIENT_EXT_ABS_CAPTURE_TIME = 3
    CLIENT_EXT_AUDIO_LEVEL = 4
    CLIENT_EXT_RID = 5
    CLIENT_EXT_REPAIRED_RID = 6
    CLIENT_EXTENSIONS = 7


cdef struct PayloadEntry:
    uint8_t payload_type
    uint8_t codec
    int16_t rtx_payload_type     # -1: none
    uint32_t clock_rate


cdef struct Seen:                # one packet of an incoming stream, decoded as far as frames need it
    int64_t number               # extended sequence number; -1: empty
    int64_t arrival_ns           # CLOCK_REALTIME
    int64_t capture_ns           # its abs-capture-time; 0: none
    uint32_t timestamp
    uint32_t clock_rate
    uint32_t mark                # of the source's encoding that it is of; 0: not read
    uint8_t flags


cdef struct Hole:
    int64_t number
    int64_t since_ns
    int64_t asked_ns             # 0: not yet
    int tries


cdef struct Holes:
    Hole* items                  # MAX_MISSING of them; NULL: there never was one
    int count


cdef struct Gaps:                # between frames, and which of them a viewer would call a freeze
    int64_t last_ns
    double mean_ns               # moving over about 30
    uint64_t count
    uint64_t freezes
    int64_t freeze_ns
    int64_t longest_ns           # of the freezes


cdef struct Switch:              # a key frame of another encoding was whole
    int64_t at_ns                # CLOCK_REALTIME
    uint32_t mark


cdef struct Frames:              # frame assembly and what a viewer would have felt
    bint open
    bint broken                  # a packet of the open frame is gone
    bint key
    bint waits_for_key           # a hole was given up: what follows cannot be decoded
    uint32_t mark                # of the open frame: which encoding it is of; 0: not read
    uint32_t decoded_mark        # of the last frame that could be decoded
    uint64_t switches            # to another encoding
    Switch[SWITCH_SLOTS] switched    # the last of them
    uint32_t timestamp
    uint32_t clock_rate
    int64_t arrival_ns           # newest packet of the open frame
    int64_t capture_ns           # abs-capture-time of the open frame; 0: none
    uint64_t complete
    uint64_t broken_count
    uint64_t undecodable
    uint64_t key_count
    int64_t first_ns             # CLOCK_REALTIME of the first complete frame; 0: none yet
    int64_t first_live_ns        # of the first that was not SHOWN_LATE_NS or more behind those after it
    uint32_t live_timestamp
    Gaps ready                   # whole frames, each no sooner than those before it
    Gaps shown                   # the same as a player shows them
    int64_t playout_ns           # that the player keeps behind the fastest frame
    uint64_t late                # complete, but shown more than SHOWN_LATE_NS after their time
    bint has_relative
    int64_t relative_base_ns     # arrival minus RTP time of the fastest frame so far
    int64_t extended_timestamp
    uint64_t clock_apart         # samples that no common clock explains
    Histogram delay
    Histogram relative


cdef struct Reception:           # what receiver reports tell of a stream, RFC 3550 section 6.4.1
    uint32_t ssrc
    uint32_t clock_rate
    int64_t base                 # extended sequence numbers
    int64_t highest
    uint64_t direct              # packets that came without RTX, duplicates included
    uint64_t expected_before
    uint64_t direct_before
    double jitter                # in timestamp units
    int64_t transit
    bint has_transit
    uint64_t sender_ntp          # of the last sender report
    uint32_t sender_timestamp
    int64_t sender_report_ns     # CLOCK_MONOTONIC; 0: none
    uint64_t sender_reports


cdef struct Incoming:
    Reception report
    uint32_t rtx_ssrc            # 0: none
    bint video
    bint nack
    PayloadEntry[MAX_PAYLOADS] payloads
    int payload_count
    uint8_t capture_extension
    bint marked                  # payloads tell which encoding they are of, as sources write it
    bint started
    int64_t joined_ns            # CLOCK_REALTIME; frames captured before say nothing of the delay
    int64_t cursor               # next number that frame assembly waits for
    Seen* slots
    int slot_mask
    Holes holes
    uint64_t packets             # each number once, however it came
    uint64_t bytes               # of RTP, headers included
    uint64_t payload_bytes
    uint64_t missing             # numbers that did not come in their turn
    uint64_t recovered           # by RTX
    uint64_t reordered           # came late by themselves
    uint64_t duplicates
    uint64_t lost                # given up
    uint64_t late                # came after they were given up
    uint64_t resets
    uint64_t nacks
    uint64_t plis
    uint8_t last_payload_type
    uint8_t last_codec
    bint wants_key
    int64_t pli_ns
    Frames frames


cdef struct Sent:                # one packet of an outgoing stream, plain
    int64_t number               # extended sequence number; -1: empty
    int64_t resent_ns
    uint16_t length
    uint16_t header_length
    uint8_t[PACKET_BYTES] data


cdef struct Unit:                # one access unit waiting for the pacer
    int64_t due_ns
    int64_t first
    int64_t end                  # number after its last packet
    int burst                    # packets each 5 ms


cdef struct Sending:             # when one packet of a source was handed to the kernel
    int64_t sent_ns              # CLOCK_REALTIME
    uint32_t timestamp           # RTP
    uint32_t number              # its extended sequence number, the low 32 bits


cdef struct SendTable:           # of one stream of a source; shared with the probes of its viewers
    int references               # counted under Python's own lock
    uint32_t magic               # what the stream's packets carry in their payload
    bint video
    int64_t mask
    Sending* slots               # by number


cdef struct Timetable:           # when the packets of a load leave, counted from 0
    int units_per_s              # pictures, or packets of sound
    int packets_per_unit
    int burst_packets
    int64_t burst_interval_ns
    int width                    # that key frames tell (VP8)
    int height
    int smallest                 # bytes of an RTP packet
    int largest
    uint64_t seed                # orders the sizes within a unit


cdef struct Load:                # a stream that an engine sends by itself
    Timetable times
    bint running
    int64_t start_ns             # CLOCK_MONOTONIC; when packet 0 is due
    int64_t next                 # packet to send
    uint32_t first_timestamp
    bint wants_key
    bint is_key                  # the unit under way
    uint16_t[LOAD_UNIT_PACKETS] sizes    # of its packets
    SendTable* table
    uint8_t[PACKET_BYTES] filler
    uint64_t units
    uint64_t key_units
    uint64_t late_bursts
    int64_t latest_ns


cdef struct Outgoing:
    uint32_t ssrc
    uint32_t rtx_ssrc            # 0: none
    bint video
    uint8_t codec
    uint8_t payload_type
    int16_t rtx_payload_type
    uint32_t clock_rate
    uint8_t[CLIENT_EXTENSIONS] extension
    char[17] mid
    int mid_length
    char[RID_BYTES] rid          # of a simulcast encoding; empty: none
    int rid_length
    char[NAME_BYTES] cname
    int cname_length
    Sent* ring
    int ring_mask
    int64_t written              # next number a packetizer writes
    int64_t sent                 # next number the pacer sends
    uint16_t rtx_sequence
    uint16_t picture_id
    int64_t extended_timestamp
    Unit[UNIT_SLOTS] units
    int unit_head
    int unit_count
    int64_t burst_ns             # no burst before this
    int64_t last_due_ns
    int64_t report_ns
    uint32_t last_timestamp      # of the newest unit handed over, and when it was due
    int64_t timestamp_ns
    SrtpStream* protect
    SrtpStream* rtx_protect
    uint64_t packets
    uint64_t bytes
    uint64_t payload_bytes
    uint64_t units_sent
    uint64_t units_dropped
    uint64_t resent
    uint64_t resend_missed
    uint64_t nacks
    uint64_t key_requests
    uint8_t fraction_lost
    int32_t lost
    double rtt_ns
    uint8_t fir_sequence
    bint fir_seen
    Load* load                   # NULL: units come from Python


cdef struct TransportFeedback:   # draft-holmer-rmcat-transport-wide-cc-extensions-01
    int64_t base                 # next number to report; -1: none yet
    int64_t highest
    uint8_t count
    int64_t[FEEDBACK_SLOTS] arrival_ns               # of the numbers from base to highest; 0: has not come


cdef struct ProbeCounts:         # of a measuring window; the names are those of load_figures.StreamFigures
    uint64_t numbers             # different ones that came
    uint64_t padding             # of these, packets without payload
    uint64_t bytes
    uint64_t recovered
    uint64_t skipped
    uint64_t reordered
    uint64_t duplicated
    uint64_t authenticated
    uint64_t failed
    uint64_t resynchronized
    uint64_t untimed
    uint64_t nacks
    uint64_t plis
    uint64_t timed               # packets whose delay is known, and of these the sum and the largest
    int64_t delay_us
    int64_t largest_us


cdef struct ProbeStream:         # one stream of a probe, and where its numbers stand against the source's
    Reception report
    uint32_t rtx_ssrc            # 0: none
    bint video
    bint nack
    bint started
    SendTable* table             # NULL: the source is not known
    bint mapped
    int64_t shift                # our extended number minus the source's
    uint32_t timestamp_shift     # the same of RTP timestamps
    int until_sample             # packets until one is authenticated
    int tries                    # samples since the mapping was lost
    int64_t window_first         # numbers from here on belong to the measuring window
    uint64_t expected_before     # of the window, before the numbering restarted
    uint64_t[PROBE_WINDOW_WORDS] seen    # bit (number mod PROBE_WINDOW): has come
    Holes holes
    bint wants_key
    int64_t pli_ns
    ProbeCounts counts


cdef struct Probe:               # what one viewer receives, packets counted and timed, nothing kept
    int references               # of its client and of Python, counted under Python's own lock
    ProbeStream* streams         # moves when it grows
    int stream_count
    int stream_capacity
    SsrcTable ssrcs              # of all streams and their RTX
    int authenticate_every
    int64_t first_ns             # CLOCK_REALTIME, kernel; the client's first RTP packet
    int64_t started_ns           # CLOCK_REALTIME; beginning of the window
    uint32_t drops_before        # of the socket, at the beginning of the window
    uint32_t drops
    Histogram delay


cdef struct Early:
    int64_t arrival_ns
    int length
    uint8_t[SEND_SLOT] data


cdef struct Client:
    int64_t id
    int fd
    bint alive
    # ICE
    uint16_t family              # of its socket
    sockaddr_in6[MAX_CANDIDATES] candidates
    socklen_t[MAX_CANDIDATES] candidate_lengths
    int candidate_count
    bint[MAX_CANDIDATES] answered
    int selected                 # index into candidates, where we send; -1: none has answered
    int nominated                # what a controlling peer has nominated; -1: nothing yet
    int64_t answered_ns          # when the first one answered
    bint connected               # Python has heard of it
    char[ICE_TEXT] local_ufrag
    char[ICE_TEXT] local_password
    char[ICE_TEXT] remote_ufrag
    char[ICE_TEXT] remote_password
    bint controlling             # our ICE role; who is controlled does not nominate
    uint64_t tie_breaker
    uint8_t[12] transaction
    int64_t check_sent_ns
    int64_t next_check_ns
    int checks
    int64_t started_ns
    int64_t consent_ns
    double rtt_ns                # of checks sent once; 0: unknown
    bint measures                # the first answer to the check under way tells the round trip
    bint measured                # it is known, of this pair of candidates
    bint expired
    # SRTP
    bint has_keys
    SrtpSession receive
    SrtpSession send
    bint media_started
    int64_t first_rtp_ns         # CLOCK_REALTIME, kernel; 0: none yet
    Early* early                 # media that outran the handshake; NULL: none
    int early_count
    # streams
    Incoming* incoming[MAX_STREAMS]
    int incoming_count
    Outgoing* outgoing[MAX_STREAMS]
    int outgoing_count
    uint16_t transport_sequence
    uint8_t transport_cc_extension
    Probe* probe                 # NULL: its streams are watched in full, or it has none
    TransportFeedback* feedback
    int64_t feedback_interval_ns
    int64_t feedback_ns          # when the next one is due; 0: not wanted
    int64_t report_ns
    uint32_t reporter_ssrc
    char[NAME_BYTES] cname
    int cname_length
    double remb_bps
    uint64_t datagrams_received
    uint64_t datagrams_sent
    uint64_t unprotect_failed
    uint64_t replayed            # packets that came twice: SRTP's replay window stops them
    uint64_t unknown_streams
    uint64_t malformed
    uint64_t send_failed
    uint64_t checks_sent
    uint64_t feedback_sent
    uint64_t feedback_received
    uint64_t feedback_arrived    # of the transport-wide numbers it told of
    uint64_t feedback_missing


cdef struct Event:
    int kind
    int64_t client
    int64_t value
    int length
    uint8_t[EVENT_BYTES] data


cdef struct Core:
    int epoll_fd
    int event_fd                 # readable for Python when events wait
    int wake_fd                  # wakes the loop
    Client** clients
    int64_t* due                 # per client: earliest of its timers, CLOCK_MONOTONIC
    int32_t* heap                # ids of the clients that are there, the earliest first
    int32_t* heap_place          # per client: where in the heap; -1: not in it
    int32_t heap_count
    int64_t capacity
    int64_t count                # ids given out so far
    int64_t alive
    Event* events
    int event_head
    int event_count
    bint event_signal
    uint64_t events_dropped
    int64_t now_ns               # CLOCK_MONOTONIC
    int64_t wall_ns              # CLOCK_REALTIME
    uint64_t random_state
    bint stopping
    pthread_t thread
    bint thread_runs
    int64_t cpu_ns               # of the thread, once it has ended
    bint gro
    int64_t rest_ns              # slept after a turn that received something
    bint rests                   # something has come since the last wait
    uint64_t turns               # wake-ups
    uint64_t datagrams_received
    uint64_t datagrams_sent
    # one receive batch
    uint8_t* received            # RECEIVE_BATCH times datagram_bytes
    int datagram_bytes
    uint8_t[RECEIVE_BATCH][CONTROL_BYTES] control
    mmsghdr[RECEIVE_BATCH] receive_messages
    mmsghdr[RECEIVE_BATCH] receive_unnamed           # the same without the sender's address
    iovec[RECEIVE_BATCH] receive_vectors
    sockaddr_in6[RECEIVE_BATCH] receive_addresses
    # one send batch
    uint8_t[SEND_BATCH][SEND_SLOT] outgoing
    mmsghdr[SEND_BATCH] send_messages
    iovec[SEND_BATCH] send_vectors
    int send_count
    Client* send_client
