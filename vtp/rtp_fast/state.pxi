# The objects of the packet path as plain C structs, and who owns what.
#
# One Core belongs to one Worker. It owns every Transport, Producer and Consumer through its id tables; a Transport
# owns its Producers and Consumers, a Producer its Streams, a Stream its ring of packets. The media thread touches
# them between lock and unlock of a batch, the control plane between batches; nobody keeps a pointer across.
# Nothing here makes a system call and time is always an argument (nanoseconds of CLOCK_MONOTONIC).


cdef enum:
    MAX_PACKET = 1500            # bytes of a received datagram's RTP packet that we keep
    ARENA_SLOT = 1600            # bytes that one outgoing datagram may need: packet + extension growth + tag
    MAX_TUPLES = 8               # validated address pairs per transport (media.md)
    MAX_SSRCS = 64               # SSRCs per transport
    MAX_SOCKETS = 16             # of UDP; above are the connections of tcp.pxi
    FIRST_PLAIN = 49152          # from here on the sockets of plain.pxi
    TCP_FRAME = 2048             # bytes of the largest packet that is taken over TCP
    MAX_ENCODINGS = 6
    MAX_CODECS = 16
    CODEC_KINDS = 9
    HISTORY_SIZE = 512           # packets a viewer can ask for again
    MAX_MISSING = 256            # packets of one stream that we ask for at a time
    SWALLOWED_SIZE = 64          # padding-only packets whose numbers were closed up
    FEEDBACK_SIZE = 1024         # packets of one transport-wide feedback window
    DTLS_QUEUE = 16              # DTLS datagrams queued per transport
    EVENT_RING = 1024
    EVENTS_TOGETHER = 64         # read in one turn of the lock
    EVENT_RESERVE = 256          # places left to the other events by DTLS, which peers repeat, and by starts, told later
    CHECKS_REMEMBERED = 128      # transactions per transport, against replays
    ICE_TEXT = 257               # RFC 8445: at most 256 characters
    PENDING_PACKETS = 16384      # packets of all viewers that wait for the end of a batch or a gathering window
    RUN_PACKETS = 64             # of one viewer; also what Linux takes in one message (UDP_MAX_SEGMENTS)
    LISTED_TRANSPORTS = 4096
    HURRIED_TURNS = 160          # of 25 ms: longer than a newcomer asks for key frames
    CALM_TURNS = 16              # 0.4 s
    MAX_SPATIAL = 4              # layers whose figures are kept apart
    MAX_TEMPORAL = 4
    TOP_LAYER = 127              # as a target: the highest there is
    LEGS_KEPT = 8
    NUMBER_WORDS = 8             # of 64 numbers each
    NUMBERS_KEPT = 512           # of a stream, of which a viewer's left out ones are known
    PICTURES_KEPT = 64
    LEVEL_SLOTS = 64             # of a stream's loudness, 20 ms each
    LEVEL_SILENT = 127           # -dBov, the quietest that RFC 6464 says
    LEVEL_NONE = 255             # no packet that says it
    HEAD_BYTES = 32              # a header extension of MID, abs-send-time and transport-wide number, any form

cdef enum:                       # header extensions, the kinds we know
    MID = 0
    RID = 1
    REPAIRED_RID = 2
    ABS_SEND_TIME = 3
    TRANSPORT_CC = 4
    AUDIO_LEVEL = 5              # from here on: passed through when both sides negotiated it
    VIDEO_ORIENTATION = 6
    ABS_CAPTURE_TIME = 7
    PLAYOUT_DELAY = 8
    TOFFSET = 9
    DEPENDENCY_DESCRIPTOR = 10
    EXT_KINDS = 11

cdef enum:
    STATE_WAITING = 0            # has no key frame to start from
    STATE_REPLAY = 1             # reads the ring behind the publisher, faster than real time
    STATE_LIVE = 2

cdef enum:                       # which list a transport with pending packets is on
    LISTED_NOWHERE = 0
    LISTED_HELD = 1              # until the gathering window ends
    LISTED_READY = 2             # until the batch ends

cdef int64_t MILLISECOND = 1000000
cdef int64_t SECOND = 1000000000


cdef struct Counters:
    uint64_t datagrams_received
    uint64_t bytes_received
    uint64_t datagrams_sent
    uint64_t bytes_sent
    uint64_t messages_sent       # of one datagram or a run
    uint64_t runs_sent
    uint64_t padding_sent
    uint64_t packets_forwarded
    uint64_t batches
    uint64_t stun_requests
    uint64_t stun_unknown_user
    uint64_t stun_bad_integrity
    uint64_t stun_malformed
    uint64_t stun_other
    uint64_t stun_would_amplify
    uint64_t stun_role_conflict
    uint64_t stun_unknown_attribute
    uint64_t stun_replayed
    uint64_t stun_taken_tuple
    uint64_t dtls_received
    uint64_t dtls_no_tuple
    uint64_t dtls_queue_full
    uint64_t rtp_received
    uint64_t rtp_no_tuple
    uint64_t rtp_no_keys
    uint64_t rtp_malformed
    uint64_t rtp_unprotect_failed
    uint64_t rtp_unknown_stream
    uint64_t rtp_duplicate
    uint64_t rtp_too_old
    uint64_t rtp_too_large
    uint64_t rtp_padding_only
    uint64_t rtp_paused
    uint64_t rtcp_received
    uint64_t rtcp_unprotect_failed
    uint64_t rtcp_malformed
    uint64_t rtcp_refused
    uint64_t unknown_datagrams
    uint64_t empty_datagrams
    uint64_t truncated_datagrams
    uint64_t nacks_sent
    uint64_t nacks_received
    uint64_t rtx_received
    uint64_t rtx_sent
    uint64_t rtx_missed
    uint64_t rtx_refused
    uint64_t key_frame_requests_sent
    uint64_t key_frame_requests_received
    uint64_t feedback_sent
    uint64_t feedback_malformed
    uint64_t probes_sent
    uint64_t pacer_overflows
    uint64_t send_no_tuple
    uint64_t send_would_block
    uint64_t send_dropped
    uint64_t send_overwritten
    uint64_t send_unmerged
    uint64_t send_unreachable
    uint64_t send_too_large
    uint64_t send_denied
    uint64_t send_errors
    uint64_t protect_failed
    uint64_t tap_dropped
    uint64_t reads_late
    uint64_t pictures_rested
    uint64_t floor_changes       # somebody louder took a place on the floor
    uint64_t tcp_accepted
    uint64_t tcp_refused
    uint64_t tcp_unchecked
    uint64_t tcp_malformed
    uint64_t tcp_dropped
    uint64_t pipe_packets
    uint64_t pipe_dropped
    uint64_t events_dropped


cdef struct Tuple:
    uint8_t used
    uint8_t nominated
    uint8_t generation           # of the ICE credentials it was last checked with
    uint32_t priority
    int64_t last_seen_ns
    int64_t plain_until_ns       # the kernel refused a run to here; until then every datagram goes alone
    int64_t limit_until_ns
    int segment_limit            # bytes of UDP payload that the path takes, found after a refusal; 0: unknown
    socklen_t length
    sockaddr_in6 address         # large enough for sockaddr_in too
    uint16_t socket              # MAX_SOCKETS and up: a connection over TCP; FIRST_PLAIN and up: a plain transport's own


cdef struct TupleRef:
    uint64_t key                 # 0: empty, 1: deleted
    Transport* transport
    int index


cdef struct SsrcRef:
    uint32_t ssrc
    uint8_t is_rtx
    Stream* stream


cdef struct Feedback:            # transport-wide congestion control towards a publisher
    int64_t base                 # next sequence number to report, extended; -1: none yet
    int64_t highest
    int64_t last_sent_ns
    uint32_t media_ssrc
    uint8_t count
    int64_t arrival_ns[FEEDBACK_SIZE]


cdef struct Credentials:
    char ufrag[ICE_TEXT]
    int ufrag_length
    char password[ICE_TEXT]
    int password_length
    uint8_t generation


cdef struct Transport:
    int selected                 # index into tuples, -1: none. From here to `send`: what sending touches, together
    int pending_first            # indices into Core.pending; -1: none
    int pending_last
    int pending_count
    uint8_t has_keys
    uint8_t listed
    uint16_t feedback_sequence   # transport-wide number of the last packet sent
    uint16_t noted               # and of the last one in `sent`
    uint8_t sent_bits            # its places are 2 to the power of this
    uint8_t paced                # a limited viewer: its pictures pass the pacer
    uint32_t* sent               # time and size of what was sent, by number; see send_history.pxi
    uint64_t packets_sent
    uint64_t bytes_sent
    SrtpSession send
    int64_t id
    Credentials credentials[2]   # 0: current, 1: the ones before an ICE restart
    int credential_count
    Tuple tuples[MAX_TUPLES]
    int64_t last_consent_ns
    uint8_t connected
    uint8_t disconnected
    uint8_t expired
    uint8_t media_started
    uint8_t selection_queued     # an ICE_SELECTED event waits to be read
    uint64_t checks[CHECKS_REMEMBERED]           # the last checks' transactions (48 bits) and tuple keys (16)
    uint64_t check_count
    int dtls_queued
    SrtpSession receive
    int64_t keyed_ns             # when the SRTP keys came
    SsrcRef* ssrcs               # MAX_SSRCS, made with the first producer
    int ssrc_count
    Producer* producers
    Consumer* consumers
    Feedback* feedback
    int64_t last_remb_ns
    double remb_bps
    uint64_t remb_bytes
    uint64_t remb_lost
    int64_t last_report_ns
    uint64_t packets_received
    uint64_t bytes_received
    uint64_t feedback_received
    int64_t rtcp_paid_until_ns   # see budget.pxi
    int64_t resend_paid_until_ns
    double remote_remb_bps
    Outbound* outbound           # congestion control towards a viewer, made with its first numbered packet
    uint16_t probator_sequence
    uint8_t probator             # the client expects padding from SSRC 1234
    Plain* plain                 # NULL: it is one of WebRTC


cdef struct Slot:                # one packet in a stream's ring
    int64_t sequence             # the stream's own number (see Stream.swallowed); -1: empty
    int64_t arrival_ns
    RtpPacket packet             # as parsed from data
    PayloadInfo info
    FrameDescriptor frame               # by the dependency descriptor of AV1 and H.264
    uint16_t length
    uint8_t codec
    uint8_t recovered            # came by RTX
    uint16_t primary             # of RED: where the packet's own Opus begins in its payload; 0: it is no RED
    uint16_t passed              # bit per header extension kind that may be passed through
    uint8_t data[MAX_PACKET]


cdef struct Missing:
    int64_t sequence             # extended source sequence number
    int64_t since_ns
    int64_t asked_ns
    int tries


cdef struct Rates:               # what came in a second, or in the first quarter of one; the last whole one is told
    int64_t since_ns
    uint32_t frames
    uint32_t packets
    uint32_t bytes[MAX_SPATIAL][MAX_TEMPORAL]
    uint32_t last_frames
    uint32_t last_packets
    uint32_t last_bytes[MAX_SPATIAL][MAX_TEMPORAL]
    int64_t last_ns              # how long that second was; 0: none yet


cdef struct Stream:              # one encoding of a producer
    Producer* producer
    uint32_t ssrc
    uint32_t rtx_ssrc
    char rid[20]
    int rid_length
    uint8_t started
    int64_t base                 # first extended source sequence number
    int64_t highest              # highest extended source sequence number
    int64_t newest               # highest number in the ring
    int64_t first_number         # ring number of the first packet of this SSRC
    int64_t number_offset        # ring number less source number, swallowed ones aside
    int64_t first_arrival_ns
    int64_t last_arrival_ns
    int64_t swallowed[SWALLOWED_SIZE]
    int64_t swallowed_total
    Slot* ring
    int64_t ring_size
    int64_t oldest               # what a smaller ring before this one had room for; older packets are not taken again
    int64_t key_frame            # ring number where the last key frame starts; -1: none
    uint32_t key_frame_timestamp
    int64_t key_frame_ns
    Missing missing[MAX_MISSING]
    int missing_count
    uint32_t clock_rate
    double jitter
    int64_t transit
    uint64_t packets
    uint64_t bytes
    uint64_t recovered
    uint64_t expected_before
    uint64_t received_before
    uint8_t fraction_lost
    int64_t lost
    uint64_t key_frames
    uint64_t nacks
    uint64_t sr_ntp
    uint32_t sr_rtp
    int64_t sr_arrival_ns
    int32_t width
    int32_t height
    int8_t top_spatial           # the highest layer inside it that has been seen
    int8_t top_temporal
    uint32_t newest_timestamp
    int64_t watched_ns           # when somebody's target last named it; 0: never
    uint8_t unwatched            # and the control plane knows that it is long ago
    Rates rates
    FrameStructure* structure      # of the dependency descriptor; NULL: none has come
    int64_t level_slot           # the newest of `levels`, in LEVEL_SLOT_NS; 0: none yet
    uint8_t levels[LEVEL_SLOTS]
    int64_t rested_at            # newest number when its sound stopped to be forwarded
    int64_t onset                # number to start viewers from with this packet; -1: none earlier


cdef struct CodecEntry:
    uint8_t payload_type
    uint8_t codec
    uint32_t clock_rate
    int16_t rtx_payload_type


cdef struct Producer:
    int64_t id
    Transport* transport
    Producer* next
    uint8_t video
    uint8_t paused
    uint8_t started
    uint8_t nack
    uint8_t transport_cc
    uint8_t remb
    char mid[20]
    int mid_length
    CodecEntry codecs[MAX_CODECS]
    int codec_count
    int16_t opus_payload_type    # -1: none; what blocks of RED are called
    int8_t payload_codec[128]    # index into codecs, -1: none
    int8_t payload_rtx[128]      # index into codecs whose RTX this is, -1: none
    uint8_t ext_id[EXT_KINDS]    # 0: not negotiated
    Stream streams[MAX_ENCODINGS]
    int stream_count
    Consumer** consumers
    int consumer_count
    int consumer_capacity
    TapRing* taps
    Pipe* pipes                  # to other Workers
    Pipe* inlet                  # of an outlet: what feeds it
    double rtt_ns                # measured by NACK to RTX; 0: unknown
    # key frame requests, merged over all who ask
    uint8_t key_wanted
    uint8_t key_mask             # bit per stream whose key frame is wanted
    int64_t key_asked_ns
    uint8_t key_answered
    int key_unanswered
    int key_prompt
    uint8_t self_paced
    uint64_t key_requests
    uint8_t bye_told
    uint8_t alive                # bit per stream that sends (layers.pxi)
    uint8_t reversed             # the first stream is the largest
    uint8_t resting              # its sound is kept but not forwarded: others on its floor are louder
    Floor* floor
    Producer* floor_next         # of the same floor
    double loudness              # see floor.pxi
    int64_t loudness_ns


cdef struct Floor:               # of people who hear each other: whose sound is forwarded
    int64_t id
    int places
    int holders
    Producer* members


cdef struct HistoryEntry:        # 12 bytes: how to rebuild one sent packet
    uint32_t sequence            # low bits of the stream's ring number
    uint16_t resent_ms           # low bits of the time of the last resend
    uint16_t out_sequence
    uint16_t picture_id
    uint8_t generation           # of the leg
    uint8_t flags                # SHOWN_*, and whether it was resent


cdef enum:                       # how a packet is shown to a viewer
    SHOWN_MARKED = 1
    SHOWN_EMPTY = 2              # its number was kept free and it turned out to be one to leave out
    RESENT = 4
    SHOWN_MASKED = 8             # the dependency descriptor names the decode targets that pass


cdef struct Shown:               # one packet as one viewer gets it
    int64_t number               # outgoing extended sequence
    uint16_t picture_id
    uint8_t flags


cdef struct Leg:                 # how one viewer is shown one stream, from one start to the next
    Stream* stream
    uint32_t timestamp_offset
    uint32_t hasten_from         # timestamps of the source from here
    uint32_t hasten_until        # to here lie before what was seen already: they are shown from
    uint32_t hasten_to           # this outgoing one on, close together
    uint16_t picture_id_offset
    uint16_t frame_number_offset
    uint8_t tl0_offset
    uint8_t hastens
    uint8_t generation


cdef struct Layers:              # of a consumer whose source has layers
    Leg legs[LEGS_KEPT]          # the last ones, by generation; without a stream: none
    uint64_t left_out[NUMBER_WORDS]    # bit per ring number of consumer.stream
    uint64_t left_pictures       # bit i: picture `picture` - i was left out
    uint64_t seen_pictures       # bit i: it was decided about
    int64_t newest               # ring number, the last in order that was decided about
    int64_t held                 # ring number of what waits to know whether its picture goes on
    Shown held_shown
    uint32_t timestamp           # of the newest picture that a dependency descriptor told of
    uint8_t limits[PICTURES_KEPT]    # by picture id: temporal, and spatial << 4, that pass of it; or the decode target
    uint16_t picture             # id of the newest picture, the source's
    uint8_t begun                # something was decided about since the leg's start
    uint8_t left                 # something was left out since then
    uint8_t described            # by the dependency descriptor: `picture` is a frame number
    uint8_t decode_target        # of the stream's structure
    uint8_t holds                # `held` is filled
    uint8_t stuck                # a spatial layer that is to come or to go needs a key frame
    int8_t temporal              # passed up to here
    int8_t spatial
    int8_t told_spatial
    int8_t told_temporal


cdef struct Consumer:
    Transport* transport         # from here to `bytes`: what sending touches, together
    Producer* source
    Producer* wanted             # the next source, taken at its key frame
    Stream* stream
    Stream* goal                 # what it is to show, and will from that one's next key frame on
    Layers* layers               # NULL: nothing is ever left out
    uint8_t video
    uint8_t paused
    uint8_t state
    uint8_t started              # the control plane will hear of its first packet
    uint8_t sent_any
    uint8_t frame_open           # the last packet did not end its frame
    uint8_t switching            # the goal's key frame is there; the frame in hand is finished first
    uint8_t urgent               # it cannot bear what it gets now
    int8_t target_spatial        # set by the control plane; -1: nothing
    int8_t target_temporal
    uint16_t passes              # bit per extension kind that this viewer takes
    int64_t start                # first ring number that is forwarded
    int64_t cursor               # next ring number of a replay
    int64_t sequence_offset      # outgoing extended sequence = ring number + this
    int64_t highest_out          # highest outgoing extended sequence number
    Leg leg
    uint32_t last_timestamp      # outgoing
    int64_t last_sent_ns
    SrtpStream* out_stream       # of the transport's send session; an SSRC is never used again under its keys
    HistoryEntry* history
    uint32_t ssrc
    uint32_t rtx_ssrc
    int16_t payload_type[CODEC_KINDS]
    int16_t rtx_payload_type[CODEC_KINDS]
    uint8_t head[HEAD_BYTES]     # the header extension of a packet that passes nothing through, ready to be copied
    uint8_t head_length          # of such a packet's whole header
    uint8_t head_send_time       # where in the header abs-send-time's data lies; 0: not negotiated
    uint8_t head_number          # and the transport-wide number's
    uint8_t last_tl0
    uint8_t passed_by            # key frames of the goal that were too far behind
    uint16_t last_picture_id
    int64_t switch_ns            # when the goal's key frame came
    uint64_t packets
    uint64_t bytes
    int64_t id
    Consumer* next               # of the same transport
    int source_index             # place in source.consumers
    char mid[20]
    int mid_length
    char cname[64]
    int cname_length
    uint8_t ext_id[EXT_KINDS]
    SrtpStream* rtx_stream
    uint16_t last_frame_number
    uint16_t rtx_sequence
    int ask_stage                # key frame asks until a report shows packets received
    int64_t ask_base_ns
    int64_t overflow_ns          # the last time that it fell too far behind its pacer, and how often of late
    int64_t lag_allowed_ns       # of a replay at a pacer
    uint32_t key_timestamp       # of the source, of the last key frame that began to leave through a pacer
    uint8_t key_begun            # there was one
    uint8_t overflows
    int64_t rest_until_ns        # the thread could not keep up: no picture until a key frame after this; 0: all is well
    uint8_t report_seen
    uint32_t report_ntp          # middle bits of the last sender report, and when it was sent
    int64_t report_ns
    uint64_t retransmitted
    uint64_t nacks
    uint64_t missed
    uint64_t key_frame_requests
    uint8_t fraction_lost
    int64_t lost_ns              # when the viewer last said
    int32_t lost
    uint32_t jitter
    double rtt_ns


cdef struct Event:
    int kind
    int64_t object_id
    int length
    uint8_t data[2048]


cdef struct IdTable:
    void** items
    int64_t* ids
    uint8_t* hurry               # slow turns for which the item is looked at in each; 0: in every CALM_TURNS-th
    int capacity
    int count
    int64_t minted


cdef struct Pending:             # one packet of a viewer that waits to be written
    Consumer* consumer
    uint32_t sequence            # low bits of the ring number in consumer.stream
    uint32_t number              # low bits of the outgoing number
    int next                     # of the same transport; -1: the last
    uint16_t picture_id
    uint8_t flags                # SHOWN_*


cdef struct Control:             # room for one UDP_SEGMENT control message
    uint64_t words[4]


cdef struct Batch:               # messages waiting for one system call; each is a datagram or a run of them
    int count
    int capacity
    size_t used                  # bytes of the arena
    size_t size
    uint8_t* arena
    mmsghdr* messages
    iovec* vectors
    sockaddr_in6* addresses
    Control* controls
    int* segments                # bytes of each datagram of a run but the last; 0: one datagram
    uint16_t* sockets


cdef struct TcpHost:             # how many connections one host has; see tcp_table.pxi
    uint64_t key
    int count
    TcpHost* next                # of the same bucket


cdef struct TcpList:
    TcpConnection* first
    TcpConnection* last


cdef struct TcpConnection:       # see tcp.pxi
    TcpList* listed              # NULL: it has an owner
    TcpConnection* before
    TcpConnection* after
    int fd                       # -1: a test is the other end
    uint16_t socket
    uint8_t ending               # closed when the turn ends
    uint8_t broken               # takes nothing any more
    uint8_t choked               # pictures wait until less is queued
    uint8_t watched              # the kernel tells when it has room
    socklen_t length
    sockaddr_in6 address
    Transport* owner             # whose check came over it; NULL: nobody's yet, or not any more
    int64_t opened_ns
    uint8_t* queue               # TCP_QUEUE bytes, a ring; NULL: nothing was sent
    int first
    int queued
    int peak                     # most bytes queued since the queue was made
    int promised                 # bytes of frames in the batch for it
    int partial_length
    uint8_t partial[TCP_FRAME + 2]


cdef struct Core:
    int sockets[MAX_SOCKETS]
    int families[MAX_SOCKETS]
    int64_t waited_ns[MAX_SOCKETS]   # how long the first datagram had waited at the last look; 0: not too long
    int64_t looked_ns[MAX_SOCKETS]
    uint32_t rest_turn
    int socket_count
    IdTable transports
    IdTable producers
    IdTable consumers
    IdTable floors
    TupleRef* tuples
    int tuple_capacity
    int tuple_used
    TupleRef* users              # user fragments: index is that of the transport's credentials
    int user_capacity
    int user_used
    Batch out
    Pending* pending
    int pending_used             # entries handed out since both lists were empty
    Transport* ready[LISTED_TRANSPORTS]
    int ready_count
    Transport* held[LISTED_TRANSPORTS]
    int held_count
    int64_t held_due_ns
    uint8_t holding              # what is queued now may wait for the gathering window
    int64_t gather_ns            # 0: nothing is held back
    int gather_viewers           # of a producer from which its packets are held
    uint8_t merging              # runs leave as one message with UDP_SEGMENT
    int64_t plain_until_ns[MAX_SOCKETS]
    TcpConnection** connections
    int connection_capacity
    int connection_count
    uint16_t* free_places        # in `connections`, a stack
    int free_place_count
    TcpHost** tcp_hosts          # buckets by hash
    uint64_t host_seed
    TcpList unchecked            # connections over which no authenticated check has come, the oldest first
    TcpList ending               # those that are closed at the end of the turn
    int connections_at_most
    int connections_per_address
    int choked                   # connections whose pictures wait
    int listeners[MAX_SOCKETS]
    int listener_count
    int tcp_epoll
    PlainSocket** plain_sockets
    int plain_capacity
    int plain_epoll              # -1: no plain transport was made yet
    int64_t accept_after_ns      # 0: connections are taken
    Event* events
    int event_head
    int event_count
    uint8_t event_signal
    Counters counters
    int64_t now_ns
    int64_t flushed_ns           # the last flush ended; what is written now leaves after it
    Transport* attended          # those with turns of 5 ms: paced or probed
    int64_t wall_offset_ns       # CLOCK_REALTIME - CLOCK_MONOTONIC
    int64_t next_fast_ns
    int64_t next_slow_ns
    int64_t next_consent_ns
    int slow_turns
    int replaying
    int missing
    int ring_video
    int ring_audio
    double max_incoming_bps
    TapRing* dirty_taps
    Pipe* dirty_pipes
    Door* door
    void* mutex                  # the Worker's vtp_lock
    Transport* nobody            # in no table and without a peer: outlets hang on it
    int outlets
    uint32_t random_state
