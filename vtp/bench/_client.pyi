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
    def __init__(self, *, socket_buffer_bytes: int = 1048576) -> None: ...
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
    def stats(self, client: int) -> dict[str, Any]: ...

def transport_feedback(arrivals: Sequence[tuple[int, int]], sender: int, media: int) -> list[bytes]: ...
def nack_packet(numbers: Sequence[int], sender: int, media: int) -> bytes: ...
