"""The packet path, and RTP without ICE."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from vtp.settings.section import Section
from vtp.settings_values import BufferBytes, IpAddress, Port, PortRange, Strings, split_list


class MediaSettings(Section):
    """The packet path: its socket, its threads, its memory."""

    host: str = ""
    udp_port: Port = 40000
    announced_addresses: Strings = []
    ice_servers: Strings = []
    turn_urls: Strings = []
    turn_secret: SecretStr = SecretStr("")
    turn_lifetime_s: Annotated[int, Field(ge=600, le=604_800)] = 43_200
    tcp: bool = True
    tcp_connections_per_address: Annotated[int, Field(ge=1, le=16_384)] = 256
    workers: Annotated[int, Field(ge=0, le=64)] = 1
    threads: Annotated[int, Field(ge=0, le=64)] = 1
    room_spill: Annotated[float, Field(gt=0)] = 0.6
    cpus: Annotated[list[Annotated[int, Field(ge=0)]], BeforeValidator(split_list)] = []
    priority: Literal["high", "normal"] = "high"
    receive_buffer_bytes: BufferBytes = 8_388_608
    send_buffer_bytes: BufferBytes = 8_388_608
    max_incoming_bitrate_bps: Annotated[int, Field(ge=1, le=10_000_000_000)] = 6_000_000
    heard_at_once: Annotated[int, Field(ge=0, le=4096)] = 0
    ring_packets_video: Annotated[int, Field(ge=64, le=65536)] = 2048
    ring_packets_audio: Annotated[int, Field(ge=64, le=65536)] = 256
    segmentation_offload: bool = True
    gather_ms: Annotated[float, Field(ge=0, le=20)] = 0
    gather_viewers: Annotated[int, Field(ge=1, le=1_000_000)] = 100

    @model_validator(mode="after")
    def _servers_are_complete(self) -> Self:
        if odd := [url for url in self.ice_servers if not url.startswith(("stun:", "stuns:"))]:
            raise ValueError(
                f"media.ice_servers has {odd[0]!r}: it takes stun: and stuns: only, for a TURN server needs "
                "credentials; name that one in media.turn_urls"
            )
        if odd := [url for url in self.turn_urls if not url.startswith(("turn:", "turns:"))]:
            raise ValueError(f"media.turn_urls has {odd[0]!r}: it takes turn: and turns: only")
        if self.turn_urls and not self.turn_secret.get_secret_value():
            raise ValueError(
                "media.turn_urls needs media.turn_secret too: the TURN server's static-auth-secret"
            )
        return self


class PlainSettings(Section):
    """RTP over UDP without ICE and DTLS, which /sfu sets up for FFmpeg and GStreamer."""

    ports: PortRange = ""
    host: IpAddress = ""
    announced_address: IpAddress = ""
    allow_private_addresses: bool = False

    @property
    def port_range(self) -> range:
        """The ports that are given out."""
        first, _, last = self.ports.partition("-")
        return range(int(first), int(last) + 1) if self.ports else range(0)
