"""A WebRtcTransport: one peer's ICE-lite and DTLS connection and what flows over it, as mediasoup has it.

The packet path answers checks and moves media; here are the states, the handshake, and the rules of who
closes with whom. All methods run on the event loop.
"""

from __future__ import annotations

import asyncio
import enum
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vtp.ids import new_id
from vtp.media import ortc
from vtp.media.consumer import Consumer, ConsumerClosed, ConsumerEvent
from vtp.media.dtls import DtlsCertificate, DtlsRole, DtlsSession, DtlsState, SrtpKeys
from vtp.media.events import Emitter
from vtp.media.ice import Address, make_ice_parameters
from vtp.media.packet_path import consumer_arguments, producer_arguments
from vtp.media.parameters import (
    DtlsParameters,
    IceCandidate,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
)
from vtp.media.producer import Producer, ProducerClosed, ProducerDescription, ProducerEvent
from vtp.media.worker import MediaWorker, WorkerEvent
from vtp.tasks import Tasks

CONNECT_LIMIT_S = 30.0
RELEASE_DTLS_AFTER_S = 10.0
_PROBATOR_SSRC = 1234  # mediasoup-client's probator, sfu.md section 5.5


class IceState(enum.StrEnum):
    """mediasoup's states of an ICE-lite side."""

    NEW = "new"
    CONNECTED = "connected"
    COMPLETED = "completed"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


@dataclass(frozen=True)
class IceStateChanged:
    """A tuple was validated, nominated, fell silent for 6 s, or came back."""

    transport: WebRtcTransport
    state: IceState


@dataclass(frozen=True)
class DtlsStateChanged:
    """The handshake began, succeeded or failed; `reason` is a sentence after a failure."""

    transport: WebRtcTransport
    state: DtlsState
    reason: str = ""


@dataclass(frozen=True)
class ProducerMade:
    """A producer was made on this transport."""

    producer: Producer


@dataclass(frozen=True)
class TransportClosed:
    """It is gone, and its producers and consumers with it; `reason` is a sentence."""

    transport: WebRtcTransport
    reason: str


TransportEvent = IceStateChanged | DtlsStateChanged | ProducerMade | TransportClosed


class WebRtcTransport:
    """Made by `Router.create_transport`."""

    def __init__(
        self,
        worker: MediaWorker,
        capabilities: RtpCapabilities,
        certificate: DtlsCertificate,
        tasks: Tasks,
        *,
        app_data: dict[str, Any] | None = None,
    ) -> None:
        self.id = new_id()
        self.app_data: dict[str, Any] = app_data or {}
        self.worker = worker
        self.ice_parameters: IceParameters = make_ice_parameters()
        self.ice_state = IceState.NEW
        self.selected_address: Address | None = None
        self.dtls_parameters = DtlsParameters(role="auto", fingerprints=[certificate.fingerprint()])
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.media_started = False
        self.close_reason = ""
        self._capabilities = capabilities
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._emitter: Emitter[TransportEvent] = Emitter()
        self._timers: list[asyncio.TimerHandle] = []
        self._remote_dtls: tuple[DtlsRole, DtlsParameters] | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._ssrcs = {0, _PROBATOR_SSRC}
        self._next_mid = 0
        self._cname = ""
        self.handle: int = worker.core.add_transport(
            self.ice_parameters.username_fragment, self.ice_parameters.password
        )
        worker.transports[self.handle] = self
        self.dtls = DtlsSession(certificate, self._send_dtls, self)

    @property
    def ice_candidates(self) -> list[IceCandidate]:
        """Where the peer may send its checks."""
        return self.worker.candidates

    @property
    def dtls_state(self) -> DtlsState:
        return self.dtls.state

    @property
    def closed(self) -> bool:
        return self.ice_state is IceState.CLOSED

    def add_listener(self, listener: Callable[[TransportEvent], None]) -> Callable[[], None]:
        """Hears of this transport's events; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def allocate_ssrc(self) -> int:
        """A random SSRC that this transport has never sent with, and never will again."""
        while (ssrc := secrets.randbits(32)) in self._ssrcs:
            pass
        self._ssrcs.add(ssrc)
        return ssrc

    # Connecting

    def connect(self, remote: DtlsParameters, *, role: DtlsRole | None = None) -> None:
        """Takes the peer's DTLS side; the handshake starts with the first validated check.

        `role` is ours; without it we are client only to a peer that is server. A peer that sends no check
        within 30 s is given up. Raises ValueError when called twice or after the end.
        """
        self._require_open()
        if self._remote_dtls is not None:
            raise ValueError("This transport is connected already.")
        ours = role or (DtlsRole.CLIENT if remote.role == "server" else DtlsRole.SERVER)
        self.dtls_parameters = self.dtls_parameters.model_copy(update={"role": ours.value})
        self._remote_dtls = (ours, remote)
        if self.ice_state is IceState.NEW:
            self._after(CONNECT_LIMIT_S, self._give_up_connecting)
        else:
            self._start_handshake()

    def restart_ice(self) -> IceParameters:
        """Fresh credentials; the old stay valid until the peer uses the new. Media and DTLS go on."""
        self._require_open()
        self.ice_parameters = make_ice_parameters()
        self.worker.core.set_ice(
            self.handle, self.ice_parameters.username_fragment, self.ice_parameters.password
        )
        return self.ice_parameters

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError(f"This transport is closed. {self.close_reason}")

    def _after(self, delay_s: float, call: Callable[[], None]) -> None:
        self._timers.append(self._loop.call_later(delay_s, call))

    def _give_up_connecting(self) -> None:
        if self.ice_state is IceState.NEW:
            self.close("No connectivity check arrived within 30 seconds; is the media port reachable?")

    def _start_handshake(self) -> None:
        if self._remote_dtls is None or self._handshake is not None:
            return
        self._emitter.emit(DtlsStateChanged(self, DtlsState.CONNECTING))
        self._handshake = self._tasks.start(self.dtls.run(*self._remote_dtls), f"dtls {self.id}")
        self._handshake.add_done_callback(self._handshake_ended)

    def _handshake_ended(self, task: asyncio.Task[None]) -> None:
        """The task ends with the session or when its SSL object was released; else it died of a bug."""
        if self.dtls.state is DtlsState.CONNECTING:
            self.close("The DTLS session failed unexpectedly; the log has the details.")

    def _send_dtls(self, datagram: bytes) -> bool:
        return self.worker.is_closed is False and self.worker.core.send_dtls(self.handle, datagram)

    def dtls_connected(self, keys: SrtpKeys) -> None:
        """Called by the DTLS session: media may flow."""
        self.worker.core.set_srtp(
            self.handle, keys.profile, keys.receive_key, keys.receive_salt, keys.send_key, keys.send_salt
        )
        self._emitter.emit(DtlsStateChanged(self, DtlsState.CONNECTED))

    def dtls_ended(self, state: DtlsState, reason: str) -> None:
        """Called by the DTLS session: it failed, or the peer closed it."""
        self._emitter.emit(DtlsStateChanged(self, state, reason))
        self.close(reason)

    # Events of the packet path

    def receive_event(self, event: WorkerEvent, value: object) -> None:
        """Takes one event of the packet path."""
        if not self.closed:
            _EVENT_HANDLERS[event](self, value)

    def _receive_dtls(self, value: object) -> None:
        assert isinstance(value, bytes)
        self.dtls.receive(value)

    def _ice_connected(self, value: object) -> None:
        self._select(value)
        self._set_ice_state(IceState.CONNECTED)
        self._start_handshake()

    def _ice_selected(self, value: object) -> None:
        self._select(value)
        self._set_ice_state(IceState.COMPLETED)

    def _ice_disconnected(self, value: object) -> None:
        self._set_ice_state(IceState.DISCONNECTED)

    def _ice_reconnected(self, value: object) -> None:
        self._set_ice_state(IceState.COMPLETED)

    def _ice_expired(self, value: object) -> None:
        self.close("The peer was silent for 30 seconds.")

    def _media_started(self, value: object) -> None:
        self.media_started = True
        self._after(RELEASE_DTLS_AFTER_S, self.dtls.release)

    def _select(self, value: object) -> None:
        if isinstance(value, tuple):
            self.selected_address = (str(value[0]), int(value[1]))

    def _set_ice_state(self, state: IceState) -> None:
        if state is not self.ice_state:
            self.ice_state = state
            self._emitter.emit(IceStateChanged(self, state))

    # Media

    def produce(
        self,
        kind: Kind,
        parameters: RtpParameters,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> Producer:
        """Receives a source that the peer sends with `parameters`.

        Raises ValueError (`ortc.UnsupportedCodec` among them) with a sentence.
        """
        self._require_open()
        description = self._describe(kind, parameters)
        handle = self.worker.core.add_producer(
            self.handle, **producer_arguments(kind, description.rtp_parameters)
        )
        producer = Producer(self.worker, handle, description, paused=paused, app_data=app_data)
        if paused:
            self.worker.core.pause_producer(handle, True)
        self.producers[producer.id] = producer
        producer.add_listener(self._producer_changed)
        self._emitter.emit(ProducerMade(producer))
        return producer

    def _describe(self, kind: Kind, parameters: RtpParameters) -> ProducerDescription:
        parameters = ortc.validate_producer_parameters(kind, parameters)
        mapping = ortc.get_producer_mapping(parameters, self._capabilities, lambda: secrets.randbits(31))
        # One CNAME per transport for all its producers, so that receivers play them in step.
        self._cname = self._cname or parameters.rtcp.cname or secrets.token_hex(4)
        consumable = ortc.get_consumable_parameters(
            kind, parameters, self._capabilities, mapping, self._cname
        )
        return ProducerDescription(kind, parameters, consumable, mapping, ortc.get_stream_type(parameters))

    def consume(
        self,
        producer: Producer,
        capabilities: RtpCapabilities,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> Consumer:
        """Sends `producer` to the peer, which has `capabilities`. Ends with the producer.

        Raises ValueError (`ortc.UnsupportedCodec` among them) with a sentence.
        """
        self._require_open()
        if producer.closed:
            raise ValueError("This producer is closed.")
        parameters = ortc.get_consumer_parameters(
            producer.consumable, capabilities, mid=str(self._next_mid), allocate_ssrc=self.allocate_ssrc
        )
        self._next_mid += 1
        return self._add_consumer(
            producer.kind, parameters, producer, bound=True, paused=paused, app_data=app_data
        )

    def consume_any(
        self,
        kind: Kind,
        parameters: RtpParameters,
        producer: Producer | None = None,
        *,
        app_data: dict[str, Any] | None = None,
    ) -> Consumer:
        """Sends whatever producers of `kind` it is pointed at, with fixed `parameters` (WHEP).

        Its SSRCs must come from `allocate_ssrc`. Raises ValueError with a sentence.
        """
        self._require_open()
        return self._add_consumer(kind, parameters, producer, bound=False, paused=False, app_data=app_data)

    def _add_consumer(
        self,
        kind: Kind,
        parameters: RtpParameters,
        producer: Producer | None,
        *,
        bound: bool,
        paused: bool,
        app_data: dict[str, Any] | None,
    ) -> Consumer:
        handle = self.worker.core.add_consumer(
            self.handle,
            **consumer_arguments(kind, parameters),
            producer=producer.handle if producer and bound else 0,
            paused=paused,
        )
        consumer = Consumer(
            self.worker,
            handle,
            kind,
            parameters,
            bound_to=producer if bound else None,
            paused=paused,
            app_data=app_data,
        )
        self.consumers[consumer.id] = consumer
        consumer.add_listener(self._consumer_changed)
        if producer is not None and not bound:
            consumer.set_source(producer)
        return consumer

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed):
            self.producers.pop(event.producer.id, None)

    def _consumer_changed(self, event: ConsumerEvent) -> None:
        if isinstance(event, ConsumerClosed):
            self.consumers.pop(event.consumer.id, None)

    # The end

    def stats(self) -> Mapping[str, Any]:
        """Counters of the packet path and the states."""
        states = {
            "ice_state": self.ice_state.value,
            "dtls_state": self.dtls_state.value,
            "selected_address": self.selected_address,
            "dtls_datagrams_dropped": self.dtls.dropped_datagrams,
        }
        if self.closed or self.worker.is_closed:
            return states
        return {**self.worker.core.transport_stats(self.handle), **states}

    def close(self, reason: str = "It was closed on request.") -> None:
        """Ends everything on it: close_notify to the peer, producers and consumers closed, listeners told."""
        if self.closed:
            return
        self.ice_state = IceState.CLOSED
        self.close_reason = reason
        for timer in self._timers:
            timer.cancel()
        for consumer in list(self.consumers.values()):
            consumer.close(reason)
        for producer in list(self.producers.values()):
            producer.close(reason)
        self.dtls.close()
        if self._handshake is not None:
            self._handshake.cancel()
        self.worker.transports.pop(self.handle, None)
        if not self.worker.is_closed:
            self.worker.core.remove_transport(self.handle)
        self._emitter.emit(TransportClosed(self, reason))


_EVENT_HANDLERS: dict[WorkerEvent, Callable[[WebRtcTransport, object], None]] = {
    WorkerEvent.DTLS: WebRtcTransport._receive_dtls,
    WorkerEvent.ICE_CONNECTED: WebRtcTransport._ice_connected,
    WorkerEvent.ICE_SELECTED: WebRtcTransport._ice_selected,
    WorkerEvent.ICE_DISCONNECTED: WebRtcTransport._ice_disconnected,
    WorkerEvent.ICE_RECONNECTED: WebRtcTransport._ice_reconnected,
    WorkerEvent.ICE_EXPIRED: WebRtcTransport._ice_expired,
    WorkerEvent.MEDIA_STARTED: WebRtcTransport._media_started,
}
