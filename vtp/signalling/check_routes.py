"""`/api/v1/connection-checks`: how a page, or `vtp doctor`, tries whether media would come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from vtp.http.client import Client
from vtp.http.keys import CLIENT
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.media.addresses import AddressKind, kind_of, out_of_reach
from vtp.media.parameters import DtlsParameters, IceCandidate, IceParameters
from vtp.media.transport import WebRtcTransport
from vtp.signalling.connection_checks import (
    BULK_IN,
    BULK_OUT,
    ECHO_IN,
    ECHO_OUT,
    LIFETIME_S,
    MAX_DOWNLOAD_BYTES,
    MAX_UPLOAD_BYTES,
    WITHOUT_DTLS_S,
    ConnectionChecks,
)

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 4096
WARNING_INTERVAL_S = 3600.0


class CheckBody(BaseModel):
    """The client's side of DTLS; without it the transport answers connectivity checks (STUN) and no more."""

    dtls_parameters: DtlsParameters | None = None


class Visitor(BaseModel):
    """Where the request came from, as the server saw it."""

    address: str
    kind: AddressKind


class IceServer(BaseModel):
    """A STUN or TURN server, as browsers take it."""

    urls: str


class Channels(BaseModel):
    """Stream ids of the agreed data channels (`negotiated`), as the client uses them.

    What is sent on `echo_send` (unordered, never repeated) comes back on `echo_receive`. `bulk_send` takes up
    to `upload_bytes`, and the words `report` and `send`; on `bulk_receive` come reports and `download_bytes`.
    """

    echo_send: int = ECHO_IN
    echo_receive: int = ECHO_OUT
    bulk_send: int = BULK_IN
    bulk_receive: int = BULK_OUT
    upload_bytes: int = MAX_UPLOAD_BYTES
    download_bytes: int = MAX_DOWNLOAD_BYTES


class CheckReply(BaseModel):
    """The server's side of a transport that is there for `expires_in_s` seconds, in mediasoup's shapes."""

    ice_parameters: IceParameters
    ice_candidates: list[IceCandidate]
    ice_servers: list[IceServer]
    dtls_parameters: DtlsParameters
    sctp_port: int = 5000
    channels: Channels = Field(default_factory=Channels)
    expires_in_s: float
    visitor: Visitor
    warnings: list[Literal["only_private_addresses"]] = Field(
        description="`only_private_addresses`: the visitor comes from a public address, and media from none."
    )


def build_routes(checks: ConnectionChecks, ice_urls: Sequence[str] = ()) -> RouteTable:
    """The route of connection checks; clients are told the same ICE servers as in a class."""
    ice_servers = [IceServer(urls=url) for url in ice_urls]
    table = RouteTable("connection checks", "Trying before a class whether media would come.")
    next_warning_s = 0.0

    @table.post(
        "/api/v1/connection-checks",
        access=Access.PUBLIC,
        limit=Limit.CHECK,
        body=CheckBody,
        body_required=False,
        max_body_bytes=MAX_BODY_BYTES,
        reply=CheckReply,
        status=201,
        idempotent=False,
        errors=(429, 503),
        summary="Make a transport to try the connection with",
    )
    async def check_connection(call: Call) -> CheckReply:
        client: Client = call.request[CLIENT]
        remote = call.body.dtls_parameters if call.body is not None else None
        transport = checks.open(remote)
        lifetime_s = LIFETIME_S if remote else WITHOUT_DTLS_S
        reply = _reply(transport, client.address, lifetime_s, ice_servers)
        if reply.warnings:
            warn_operator()
        return reply

    def warn_operator() -> None:
        nonlocal next_warning_s
        now_s = asyncio.get_running_loop().time()
        if now_s >= next_warning_s:
            next_warning_s = now_s + WARNING_INTERVAL_S
            logger.warning(
                "Somebody from the internet checked the connection, and clients are told private addresses "
                "only: set media.announced_addresses (`vtp doctor` says to what)."
            )

    return table


def _reply(
    transport: WebRtcTransport, visitor: str, expires_in_s: float, ice_servers: list[IceServer]
) -> CheckReply:
    candidates = transport.ice_candidates
    hidden = out_of_reach((candidate.address for candidate in candidates), visitor)
    return CheckReply(
        ice_parameters=transport.ice_parameters,
        ice_candidates=candidates,
        ice_servers=ice_servers,
        dtls_parameters=transport.dtls_parameters,
        expires_in_s=expires_in_s,
        visitor=Visitor(address=visitor, kind=kind_of(visitor)),
        warnings=["only_private_addresses"] if hidden else [],
    )
