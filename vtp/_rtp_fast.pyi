"""Types of the packet path; the behaviour is documented in the compiled module's own docstrings."""

from typing import TypedDict

CODEC_OPUS: int
CODEC_RED: int
CODEC_PCMU: int
CODEC_PCMA: int
CODEC_VP8: int
CODEC_VP9: int
CODEC_H264: int
CODEC_AV1: int
EXT_MID: int
EXT_RID: int
EXT_REPAIRED_RID: int
EXT_ABS_SEND_TIME: int
EXT_TRANSPORT_CC: int
EXT_AUDIO_LEVEL: int
EXT_VIDEO_ORIENTATION: int
EXT_ABS_CAPTURE_TIME: int
EXT_PLAYOUT_DELAY: int
EXT_TOFFSET: int
EXT_DEPENDENCY_DESCRIPTOR: int
PROFILE_AES_CM_128_SHA1_80: int
PROFILE_AEAD_AES_128_GCM: int
PROFILE_AEAD_AES_256_GCM: int
EVENT_DTLS: int
EVENT_ICE_CONNECTED: int
EVENT_ICE_SELECTED: int
EVENT_ICE_DISCONNECTED: int
EVENT_ICE_RECONNECTED: int
EVENT_ICE_EXPIRED: int
EVENT_MEDIA_STARTED: int
EVENT_PRODUCER_STARTED: int
EVENT_PRODUCER_SELF_PACED: int
EVENT_BYE: int
EVENT_CONSUMER_STARTED: int
EVENT_OVERFLOW: int
EVENT_LAYERS_CHANGED: int
EVENT_LAYER_UNWATCHED: int
EVENT_LAYER_WATCHED: int
EVENT_BANDWIDTH: int
EVENT_TUPLE: int

Address = tuple[str, int]

class TupleStats(TypedDict):
    address: Address
    protocol: str
    nominated: bool
    selected: bool

class TransportStats(TypedDict):
    tuples: list[TupleStats]
    connected: bool
    consent_age_ms: int
    packets_received: int
    bytes_received: int
    packets_sent: int
    bytes_sent: int
    feedback_received: int
    remb_bps: float
    available_bps: int
    acked_bps: int
    demand_bps: int
    rtt_ms: float
    queue_ms: float
    fraction_lost: float
    paced: bool
    waiting_ms: float
    probing: bool

class StreamStats(TypedDict):
    ssrc: int
    rid: str
    packets: int
    bytes: int
    recovered: int
    lost: int
    fraction_lost: float
    jitter_ms: float
    nacks: int
    key_frames: int
    width: int
    height: int
    audio_level: int
    active: bool
    layer: int
    watched: bool
    bitrates_bps: list[list[float]]
    bitrate_bps: float
    frames_per_second: float
    packets_per_second: float

class ProducerStats(TypedDict):
    streams: list[StreamStats]
    key_frame_requests: int
    self_paced: bool
    rtt_ms: float
    paused: bool
    consumers: int
    resting: bool

class ConsumerStats(TypedDict):
    spatial_layer: int
    temporal_layer: int
    target_spatial_layer: int
    target_temporal_layer: int
    packets: int
    bytes: int
    retransmitted: int
    nacks: int
    missed: int
    fraction_lost: float
    lost: int
    jitter: int
    rtt_ms: float
    key_frame_requests: int
    paused: bool
    state: str

class Worker:
    addresses: list[Address]
    event_fd: int
    def __init__(
        self,
        addresses: list[Address],
        *,
        threaded: bool = True,
        receive_buffer_bytes: int = 0,
        send_buffer_bytes: int = 0,
        ring_packets_video: int = 2048,
        ring_packets_audio: int = 256,
        max_incoming_bitrate_bps: float = 6_000_000,
        merge: bool = True,
        gather_ms: float = 0,
        gather_viewers: int = 0,
        tcp: bool = False,
        tcp_connections: int = 4096,
        tcp_connections_per_address: int = 256,
        batch_messages: int = 0,
    ) -> None: ...
    def start(self) -> None: ...
    @property
    def tcp(self) -> bool: ...
    @property
    def thread_id(self) -> int: ...
    def cpu_s(self) -> float | None: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...
    def run_once(self) -> None: ...
    def inject(self, datagram: bytes, address: Address, now_ns: int) -> None: ...
    def inject_batch(
        self, datagrams: list[tuple[bytes, Address]], now_ns: int, waited_ns: int = 0
    ) -> None: ...
    def advance(self, now_ns: int) -> None: ...
    def take_sent(self) -> list[tuple[bytes, Address]]: ...
    def take_messages(self) -> list[tuple[bytes, int, Address]]: ...
    def discard_sent(self) -> None: ...
    def open_tcp(self, address: Address, now_ns: int) -> int: ...
    def inject_tcp(self, socket_id: int, data: bytes, now_ns: int) -> None: ...
    def take_tcp(self, socket_id: int, most: int) -> bytes: ...
    def close_tcp(self, socket_id: int) -> None: ...
    def poll_events(self) -> list[tuple[int, int, bytes | Address | tuple[int, int] | int | None]]: ...
    def counters(self) -> dict[str, int]: ...
    def add_transport(self, ufrag: str, password: str) -> int: ...
    def set_ice(self, transport_id: int, ufrag: str, password: str) -> None: ...
    def send_dtls(self, transport_id: int, datagram: bytes) -> bool: ...
    def set_srtp(
        self,
        transport_id: int,
        profile: int,
        receive_key: bytes,
        receive_salt: bytes,
        send_key: bytes,
        send_salt: bytes,
    ) -> None: ...
    def add_plain_transport(
        self, media_fd: int, reports_fd: int = -1, *, learns: bool, encrypted: bool
    ) -> int: ...
    def set_plain_peer(self, transport_id: int, address: Address, reports: Address | None = None) -> None: ...
    def inject_plain(
        self,
        transport_id: int,
        datagram: bytes,
        address: Address,
        now_ns: int,
        *,
        reports: bool = False,
    ) -> None: ...
    def remove_transport(self, transport_id: int) -> None: ...
    def follow_bandwidth(self, transport_id: int) -> None: ...
    def want_bitrate(self, transport_id: int, bps: float) -> None: ...
    def transport_stats(self, transport_id: int) -> TransportStats: ...
    def add_producer(
        self,
        transport_id: int,
        *,
        kind: str,
        mid: str,
        codecs: list[tuple[int, int, int, int]],
        encodings: list[tuple[int, int, str]],
        extensions: dict[int, int],
        nack: bool,
        transport_cc: bool,
        remb: bool,
        cname: str = "",
    ) -> int: ...
    def add_outlet(self, source: Worker, producer_id: int) -> int: ...
    def remove_producer(self, producer_id: int) -> None: ...
    def pause_producer(self, producer_id: int, paused: bool) -> None: ...
    def request_key_frame(self, producer_id: int) -> None: ...
    def producer_stats(self, producer_id: int) -> ProducerStats: ...
    def audio_levels(self, since: int) -> tuple[int, list[tuple[int, bytes]]]: ...
    def add_floor(self, places: int) -> int: ...
    def remove_floor(self, floor_id: int) -> None: ...
    def set_floor(self, producer_id: int, floor_id: int) -> None: ...
    def open_tap(self, producer_id: int, capacity_bytes: int, below: int = 0) -> Tap: ...
    def add_consumer(
        self,
        transport_id: int,
        *,
        kind: str,
        mid: str,
        ssrc: int,
        rtx_ssrc: int,
        cname: str,
        codecs: list[tuple[int, int, int]],
        extensions: dict[int, int],
        producer: int = 0,
        paused: bool = False,
        probator: bool = False,
    ) -> int: ...
    def set_consumer_source(self, consumer_id: int, producer_id: int) -> None: ...
    def set_target_layers(
        self, consumer_id: int, spatial: int, temporal: int, *, urgent: bool = False
    ) -> None: ...
    def pause_consumer(self, consumer_id: int, paused: bool) -> None: ...
    def remove_consumer(self, consumer_id: int) -> None: ...
    def consumer_stats(self, consumer_id: int) -> ConsumerStats: ...

class BandwidthEstimator:
    bps: int
    acked_bps: int
    queue_ms: float
    signal: str
    threshold_ms: float
    def __init__(self) -> None: ...
    def packet(self, sent_ns: int, arrived_ns: int, size: int) -> None: ...
    def update(self, now_ns: int, *, expected: int = 0, lost: int = 0, rtt_ns: int = 0) -> int: ...
    def probed(self, bps: float) -> None: ...

class Tap:
    dropped: int
    ended: bool
    def fileno(self) -> int: ...
    def drain(self, depacketizer: Depacketizer) -> int: ...
    def sender_reports(self) -> list[tuple[int, int, int]]: ...
    def close(self) -> None: ...

class AccessUnit:
    data: bytes
    rtp_timestamp: int
    arrival_ns: int
    key_frame: bool
    after_gap: bool
    ssrc: int
    width: int
    height: int

class Depacketizer:
    needs_key_frame: bool
    lost_packets: int
    late_packets: int
    malformed_packets: int
    dropped_units: int
    clock_rate: int
    def __init__(self, codec: int, clock_rate: int, reorder_ms: int, *, payload_type: int = -1) -> None: ...
    def push(self, packet: bytes, arrival_ns: int) -> int: ...
    def poll(self, now_ns: int) -> list[AccessUnit]: ...
    def flush(self) -> list[AccessUnit]: ...

class RtpFields(TypedDict):
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    csrcs: list[int]
    header_len: int
    payload_len: int
    padding: int
    two_byte_extensions: bool
    extensions: list[tuple[int, bytes]]

class PayloadFields(TypedDict):
    key_frame: int
    start_of_frame: int
    end_of_frame: int
    end_of_layer: int
    discardable: int
    switching_point: int
    inter_predicted: int
    inter_layer: int
    has_picture_id: int
    picture_id_len: int
    picture_id: int
    picture_id_offset: int
    has_tl0: int
    tl0picidx: int
    tl0_offset: int
    temporal_id: int
    spatial_id: int
    parameter_sets: int
    nal_type: int
    descriptor_len: int
    width: int
    height: int

class StunFields(TypedDict):
    type: int
    transaction: bytes
    username: bytes | None
    priority: int | None
    use_candidate: bool
    controlling: int | None
    controlled: int | None
    error_code: int | None
    address: bytes | None
    port: int | None
    has_integrity: bool
    has_fingerprint: bool
    unknown: list[int]

class Srtp:
    stream_count: int
    is_portable: bool
    def __init__(
        self,
        profile: int,
        key: bytes,
        salt: bytes,
        *,
        sender: bool,
        session_keys: bool = False,
        portable: bool = False,
    ) -> None: ...
    def protect(self, packet: bytes) -> bytes: ...
    def unprotect(self, packet: bytes) -> bytes: ...
    def protect_rtcp(self, packet: bytes) -> bytes: ...
    def unprotect_rtcp(self, packet: bytes) -> bytes: ...
    def rtp_iv(self, ssrc: int, index: int) -> bytes: ...
    def rollover_counter(self, ssrc: int) -> int | None: ...

def classify_datagram(data: bytes) -> str: ...
def parse_rtp(data: bytes) -> RtpFields: ...
def inspect_payload(codec: int, payload: bytes, marker: bool = False) -> PayloadFields: ...
def read_red(payload: bytes, opus: int) -> int: ...
def read_h264_size(sps: bytes) -> tuple[int, int]: ...
def parse_stun(data: bytes) -> StunFields: ...
def check_stun_integrity(data: bytes, key: bytes) -> None: ...
def write_stun_success(request: bytes, address: bytes, port: int, key: bytes) -> bytes: ...
def write_stun_error(request: bytes, code: int, key: bytes | None = None) -> bytes: ...
def write_stun_request(
    transaction: bytes,
    username: bytes,
    key: bytes,
    *,
    priority: int = 1,
    controlling: bool = True,
    tie_breaker: int = 0,
    use_candidate: bool = False,
) -> bytes: ...
def derive_srtp_key(key: bytes, salt: bytes, label: int, length: int) -> bytes: ...
def ask_for_slice(thread_id: int, slice_ms: float) -> None: ...
def repeat_parse_rtp(packet: bytes, rounds: int) -> int: ...
def repeat_inspect_payload(codec: int, payload: bytes, rounds: int) -> int: ...
def repeat_protect(session: Srtp, packet: bytes, rounds: int) -> int: ...
def repeat_unprotect(session: Srtp, packets: list[bytes]) -> int: ...
def repeat_depacketize(depacketizer: Depacketizer, packets: list[bytes], arrival_ns: int) -> int: ...
def repeat_rewrite(worker: Worker, consumer_id: int, rounds: int) -> int: ...
def repeat_read_feedback(
    worker: Worker, transport_id: int, feedback: bytes, packets: int, rounds: int
) -> int: ...
def repeat_answer_nack(
    worker: Worker, consumer_id: int, sequence: int, rounds: int, *, resend: bool
) -> int: ...
def repeat_receive_compound(worker: Worker, transport_id: int, compound: bytes, rounds: int) -> int: ...
