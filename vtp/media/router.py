"""A Router: what producers and consumers of one room have in common.

It lives on one Worker, where its publishers are; a room that outgrows it has viewers on others too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vtp.ids import new_id
from vtp.media import ortc
from vtp.media.certificates import Certificates
from vtp.media.consumer import Consumer
from vtp.media.data_producer import DataProducer
from vtp.media.events import Emitter
from vtp.media.floors import Floors
from vtp.media.media_transport import MediaTransport, TransportClosed, TransportEvent
from vtp.media.parameters import RtpCapabilities
from vtp.media.plain_ports import PlainPorts
from vtp.media.plain_transport import PlainOptions, PlainTransport
from vtp.media.producer import Producer
from vtp.media.transport import WebRtcTransport
from vtp.media.turns import Turns
from vtp.media.worker import MediaWorker
from vtp.tasks import Tasks


@dataclass(frozen=True)
class TransportMade:
    """A transport was made on this router."""

    transport: MediaTransport


@dataclass(frozen=True)
class TransportGone:
    """A transport of this router was closed; `reason` is a sentence."""

    transport: MediaTransport
    reason: str


@dataclass(frozen=True)
class RouterClosed:
    """The router and all its transports are gone; `reason` is a sentence."""

    router: Router
    reason: str


RouterEvent = TransportMade | TransportGone | RouterClosed


class Router:
    """Made by `MediaPlane.create_router`. All methods run on the event loop and return at once."""

    def __init__(
        self,
        worker: MediaWorker,
        capabilities: RtpCapabilities,
        certificates: Certificates,
        tasks: Tasks,
        *,
        place: Callable[[Router], MediaWorker] | None = None,
        data_turns: Turns | None = None,
        floor_places: int = 0,
        plain_ports: PlainPorts | None = None,
    ) -> None:
        self.id = new_id()
        self.worker = worker
        self.rtp_capabilities = capabilities
        self.transports: dict[str, MediaTransport] = {}
        self.closed = False
        self.floors = Floors(worker, floor_places)
        self._certificates = certificates
        self._tasks = tasks
        self._place = place or _at_home
        self._data_turns = data_turns or Turns()
        self._plain_ports = plain_ports or PlainPorts("127.0.0.1", range(0))
        self._emitter: Emitter[RouterEvent] = Emitter()

    @cached_property
    def rtp_capabilities_json(self) -> dict[str, Any]:
        """The capabilities as mediasoup writes them; everybody who joins gets the same."""
        return self.rtp_capabilities.to_json()

    @property
    def producers(self) -> dict[str, Producer]:
        """The producers of all transports, by id."""
        return {id_: p for transport in self.transports.values() for id_, p in transport.producers.items()}

    @property
    def consumers(self) -> dict[str, Consumer]:
        """The consumers of all transports, by id."""
        return {id_: c for transport in self.transports.values() for id_, c in transport.consumers.items()}

    @property
    def data_producers(self) -> dict[str, DataProducer]:
        """The data producers of all transports, by id."""
        found: dict[str, DataProducer] = {}
        for transport in self.transports.values():
            found.update(transport.data_producers)
        return found

    def add_listener(self, listener: Callable[[RouterEvent], None]) -> Callable[[], None]:
        """Hears of this router's events; the returned function stops that."""
        return self._emitter.add_listener(listener)

    @property
    def workers(self) -> set[MediaWorker]:
        """Those that its peers are on now."""
        return {transport.worker for transport in self.transports.values()}

    def create_transport(
        self,
        app_data: dict[str, Any] | None = None,
        *,
        publishes: bool = False,
        enable_sctp: bool = False,
    ) -> WebRtcTransport:
        """A transport for one peer, at home when it `publishes`, else where there is room.

        With `enable_sctp` it may have data producers and data consumers, and keeps its DTLS session for them
        (some 40 KB). Raises ValueError when the router is closed.
        """
        worker = self._worker_for(publishes=publishes)
        transport = WebRtcTransport(
            worker,
            self.rtp_capabilities,
            self._certificates.current(),
            self._tasks,
            data_turns=self._data_turns if enable_sctp else None,
            app_data=app_data,
        )
        self._add(transport)
        return transport

    def create_plain_transport(
        self,
        options: PlainOptions,
        app_data: dict[str, Any] | None = None,
        *,
        publishes: bool = False,
    ) -> PlainTransport:
        """A transport of plain RTP, on ports of its own.

        Raises ValueError when the router is closed, NoPortsError.
        """
        worker = self._worker_for(publishes=publishes)
        transport = PlainTransport(
            worker, self.rtp_capabilities, self._plain_ports, options, app_data=app_data
        )
        self._add(transport)
        return transport

    def _worker_for(self, *, publishes: bool) -> MediaWorker:
        if self.closed or self.worker.is_closed:
            raise ValueError("This router is closed.")
        return self.worker if publishes else self._place(self)

    def _add(self, transport: MediaTransport) -> None:
        transport.worker.note_placed()
        self.transports[transport.id] = transport
        transport.add_listener(self._transport_changed)
        self._emitter.emit(TransportMade(transport))

    def can_consume(self, producer: Producer, capabilities: RtpCapabilities) -> bool:
        """Whether an endpoint with `capabilities` can receive `producer`."""
        return not producer.closed and ortc.can_consume(producer.consumable, capabilities)

    def close(self, reason: str = "Its room was closed.") -> None:
        """Closes all transports, then tells the listeners."""
        if self.closed:
            return
        self.closed = True
        for transport in list(self.transports.values()):
            transport.close(reason)
        self._emitter.emit(RouterClosed(self, reason))

    def _transport_changed(self, event: TransportEvent) -> None:
        if isinstance(event, TransportClosed):
            self.transports.pop(event.transport.id, None)
            self._emitter.emit(TransportGone(event.transport, event.reason))


def _at_home(router: Router) -> MediaWorker:
    return router.worker
