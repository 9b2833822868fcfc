from collections.abc import Mapping, Sequence
from typing import Any

EVENT_DTLS: int
EVENT_CONNECTED: int
EVENT_EXPIRED: int
EVENT_KEY_FRAME_WANTED: int
EVENT_MEDIA_STARTED: int
EVENT_BYE: int
EVENT_UNIT_DROPPED: int

class Engine:
    def __init__(
        self,
        *,
        socket_buffer_bytes: int = 1048576,
        gro: bool = False,
        rest_us: int = 0,
        cpu: int | None = None,
        real_time: bool = False,
    ) -> None: ...
    @property
    def event_fd(self) -> int: ...
    def start(self) -> None: ...
    def close(self) -> None: ...
    def poll_events(self) -> list[tuple[int, int, Any]]: ...
    def add_client(
        self,
        candidates: Sequence[tuple[str, int]],
        *,
        local_ufrag: str,
        local_password: str,
        remote_ufrag: str,
        remote_password: str,
        cname: str = "vtp",
        bind: tuple[str, int] | None = None,
        controlling: bool = True,
    ) -> int: ...
    def add_candidate(self, client: int, ip: str, port: int) -> bool: ...
    def restart_ice(
        self, client: int, *, local_ufrag: str, local_password: str, remote_ufrag: str, remote_password: str
    ) -> None: ...
    def request_key_frame(self, client: int) -> bool: ...
    def remove_client(self, client: int) -> None: ...
    def send_dtls(self, client: int, datagram: bytes) -> bool: ...
    def set_srtp(
        self,
        client: int,
        profile: int,
        receive_key: bytes,
        receive_salt: bytes,
        send_key: bytes,
        send_salt: bytes,
    ) -> None: ...
    def add_incoming(
        self,
        client: int,
        *,
        kind: str,
        ssrc: int,
        rtx_ssrc: int,
        payloads: Sequence[tuple[int, int, int, int]],
        nack: bool,
        transport_cc_extension: int = 0,
        capture_extension: int = 0,
        marked: bool = False,
    ) -> int: ...
    def add_outgoing(
        self,
        client: int,
        *,
        kind: str,
        ssrc: int,
        rtx_ssrc: int,
        codec: int,
        payload_type: int,
        rtx_payload_type: int,
        clock_rate: int,
        mid: str,
        extensions: Mapping[str, int],
        ring_packets: int = 2048,
        rid: str = "",
    ) -> int: ...
    def send_unit(
        self,
        client: int,
        index: int,
        data: bytes | bytearray | memoryview,
        rtp_timestamp: int,
        due_ns: int,
        *,
        key: bool = False,
        width: int = 0,
        height: int = 0,
    ) -> bool: ...
    def figures(self) -> dict[str, int]: ...
    def stats(self, client: int) -> dict[str, Any]: ...

class ProbeHandle:
    def __init__(
        self,
        engine: Engine,
        client: int,
        *,
        authenticate_every: int,
        feedback_ms: int,
        transport_cc_extension: int,
    ) -> None: ...
    def add_stream(
        self,
        *,
        kind: str,
        ssrc: int,
        rtx_ssrc: int,
        clock_rate: int,
        nack: bool,
        source_engine: Engine | None = None,
        source_client: int = -1,
        source_index: int = -1,
    ) -> None: ...
    def streams(self) -> list[dict[str, Any]]: ...
    def figures(self) -> dict[str, Any]: ...
    def restart(self) -> None: ...

def add_load(
    engine: Engine,
    client: int,
    index: int,
    *,
    units_per_s: int,
    packets_per_unit: int,
    burst_packets: int,
    burst_interval_ns: int,
    smallest: int,
    largest: int,
    seed: int,
    first_timestamp: int,
    width: int = 640,
    height: int = 368,
) -> None: ...
def start_loads(engine: Engine, client: int, phases_ns: Mapping[int, int]) -> None: ...
def stop_loads(engine: Engine, client: int) -> None: ...
def transport_feedback(arrivals: Sequence[tuple[int, int]], sender: int, media: int) -> list[bytes]: ...
def nack_packet(numbers: Sequence[int], sender: int, media: int) -> bytes: ...
def timetable(
    count: int,
    *,
    units_per_s: int,
    packets_per_unit: int,
    burst_packets: int,
    burst_interval_ns: int,
    smallest: int,
    largest: int,
    seed: int = 1,
) -> list[tuple[int, int, int, int]]: ...

class ProbeBench:
    magic: int
    def __init__(
        self,
        key: bytes,
        salt: bytes,
        *,
        ssrc: int,
        rtx_ssrc: int = 0,
        nack: bool = True,
        authenticate_every: int = 64,
        with_source: bool = True,
    ) -> None: ...
    def add_stream(
        self, *, ssrc: int, rtx_ssrc: int = 0, nack: bool = True, with_source: bool = True
    ) -> None: ...
    def send(self, number: int, sent_ns: int, timestamp: int, stream: int = 0) -> None: ...
    def payload(self, number: int, length: int, key: bool = True, stream: int = 0) -> bytes: ...
    def receive(self, packet: bytes, arrival_ns: int, now_ns: int) -> None: ...
    def poll(self, now_ns: int) -> list[int]: ...
    @property
    def wants_key(self) -> bool: ...
    def streams(self) -> list[dict[str, Any]]: ...
    def receiver_reports(self, now_ns: int) -> list[bytes]: ...
    def restart(self, wall_ns: int) -> None: ...
    def figures(self) -> dict[str, Any]: ...

class TimerBench:
    def __init__(self, clients: int) -> None: ...
    def add(self, client: int, at_ns: int) -> None: ...
    def remove(self, client: int) -> None: ...
    def set(self, client: int, at_ns: int) -> None: ...
    def next(self) -> int: ...

class StreamBench:
    def receive(self, packet: bytes, arrival_ns: int) -> None: ...
    def give_up(self, now_ns: int) -> None: ...
    def figures(self, now_ns: int) -> dict[str, Any]: ...
