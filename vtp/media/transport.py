"""A WebRtcTransport: one peer's connection and what flows over it, as mediasoup has it.

Here are the rules of who closes with whom; ICE and DTLS are `vtp.media.connection`'s. All methods run on
the event loop and return at once.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from vtp.ids import new_id
from vtp.media import ortc
from vtp.media.connection import Connection, IceState
from vtp.media.consumer import Consumer, ConsumerClosed, ConsumerEvent
from vtp.media.data_channels import DataChannels
from vtp.media.data_consumer import DataConsumer
from vtp.media.data_producer import DataProducer
from vtp.media.dtls import DtlsCertificate, DtlsRole, DtlsState
from vtp.media.events import Emitter
from vtp.media.ice import Address
from vtp.media.packet_path import ConsumerForm, consumer_arguments, producer_arguments
from vtp.media.parameters import (
    DtlsParameters,
    IceCandidate,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
    SctpParameters,
    SctpStreamParameters,
)
from vtp.media.producer import Producer, ProducerClosed, ProducerDescription, ProducerEvent
from vtp.media.sctp import SctpState
from vtp.media.sharing import Sharing
from vtp.media.turns import Turns
from vtp.media.worker import MediaWorker
from vtp.tasks import Tasks

_RESERVED_SSRCS = (0, 1234)  # 1234: mediasoup-client's probator, sfu.md section 5.5


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
class SctpStateChanged:
    """The association is there, or has ended with all that was on it; `reason` is a sentence then."""

    transport: WebRtcTransport
    state: SctpState
    reason: str = ""


@dataclass(frozen=True)
class DataProducerMade:
    """A data producer was made on this transport."""

    data_producer: DataProducer


@dataclass(frozen=True)
class TransportClosed:
    """It is gone, and its producers and consumers with it; `reason` is a sentence."""

    transport: WebRtcTransport
    reason: str


@dataclass(frozen=True)
class BandwidthChanged:
    """What the link to the peer carries has changed by a tenth or more; see `follow_bandwidth`."""

    transport: WebRtcTransport
    available_bps: int


TransportEvent = (
    IceStateChanged
    | DtlsStateChanged
    | ProducerMade
    | SctpStateChanged
    | DataProducerMade
    | BandwidthChanged
    | TransportClosed
)

_NO_DATA_PRODUCERS: Mapping[str, DataProducer] = MappingProxyType({})
_NO_DATA_CONSUMERS: Mapping[str, DataConsumer] = MappingProxyType({})


class WebRtcTransport:
    """Made by `Router.create_transport`; with SCTP when it is given `data_turns`."""

    __slots__ = (
        "_capabilities",
        "_cname",
        "_data",
        "_emitter",
        "_next_mid",
        "_sharing",
        "_ssrcs",
        "app_data",
        "close_reason",
        "connection",
        "consumers",
        "handle",
        "id",
        "producers",
        "worker",
    )

    def __init__(
        self,
        worker: MediaWorker,
        capabilities: RtpCapabilities,
        certificate: DtlsCertificate,
        tasks: Tasks,
        *,
        data_turns: Turns | None = None,
        app_data: dict[str, Any] | None = None,
    ) -> None:
        self.id = new_id()
        self.app_data: dict[str, Any] = app_data or {}
        self.worker = worker
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.close_reason = ""
        self._capabilities = capabilities
        self._emitter: Emitter[TransportEvent] = Emitter()
        self._ssrcs: list[int] = []
        self._next_mid = 0
        self._cname = ""
        self._sharing: Sharing | None = None
        self.connection = Connection(worker, certificate, tasks, self)
        self.handle = self.connection.handle
        self._data: DataChannels | None = None
        if data_turns is not None:
            self._data = DataChannels(self.connection.send_data, self, data_turns)
            self.connection.carry_data(self._data.receive)

    @property
    def ice_parameters(self) -> IceParameters:
        """Our credentials; they change with every ICE restart."""
        return self.connection.ice_parameters

    @property
    def ice_candidates(self) -> list[IceCandidate]:
        """Where the peer may send its checks."""
        return self.worker.candidates

    @property
    def dtls_parameters(self) -> DtlsParameters:
        """Our fingerprint, and our role once `connect` has settled it."""
        return self.connection.dtls_parameters

    @property
    def ice_state(self) -> IceState:
        return self.connection.ice_state

    @property
    def dtls_state(self) -> DtlsState:
        return self.connection.dtls.state

    @property
    def sctp_parameters(self) -> SctpParameters | None:
        """Ours, for signalling; None for a transport without SCTP."""
        return self._data.parameters if self._data is not None else None

    @property
    def sctp_state(self) -> SctpState | None:
        """None for a transport without SCTP."""
        return self._data.state if self._data is not None else None

    @property
    def data_producers(self) -> Mapping[str, DataProducer]:
        """By id."""
        return self._data.data_producers if self._data is not None else _NO_DATA_PRODUCERS

    @property
    def data_consumers(self) -> Mapping[str, DataConsumer]:
        """By id."""
        return self._data.data_consumers if self._data is not None else _NO_DATA_CONSUMERS

    @property
    def selected_address(self) -> Address | None:
        """Where we send to."""
        return self.connection.selected_address

    @property
    def available_outgoing_bitrate(self) -> int | None:
        """What the link to the peer carries, in bit/s, by its feedback or its REMB; None: unknown."""
        if self.is_over:
            return None
        return self.worker.core.transport_stats(self.handle)["available_bps"] or None

    def follow_bandwidth(self) -> None:
        """Has `BandwidthChanged` told from now on. Raises ValueError when the transport is closed."""
        self._require_open()
        self.worker.core.follow_bandwidth(self.handle)

    def want_bitrate(self, bps: float) -> None:
        """What could be sent to the peer if its link carried it, in bit/s; probes find out whether.

        0: what it is sent is all there is. Raises ValueError when the transport is closed.
        """
        self._require_open()
        self.worker.core.want_bitrate(self.handle, bps)

    @property
    def closed(self) -> bool:
        return self.connection.closed

    @property
    def is_over(self) -> bool:
        """Whether it is closed, or the packet path under it."""
        return self.closed or self.worker.is_closed

    def add_listener(self, listener: Callable[[TransportEvent], None]) -> Callable[[], None]:
        """Hears of this transport's events; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def allocate_ssrc(self) -> int:
        """A random SSRC that this transport has never sent with, and never will again."""
        while (ssrc := int.from_bytes(os.urandom(4))) in _RESERVED_SSRCS or ssrc in self._ssrcs:
            pass
        self._ssrcs.append(ssrc)
        return ssrc

    # Connecting

    def connect(self, remote: DtlsParameters, *, role: DtlsRole | None = None) -> None:
        """Takes the peer's DTLS side; the handshake starts with the first validated check.

        `role` is ours; without it we are client only to a peer that is server. A peer that sends no check
        within 30 s is given up. Raises ValueError when called twice or after the end.
        """
        self._require_open()
        self.connection.connect(remote, role)

    def restart_ice(self) -> IceParameters:
        """Fresh credentials; the old stay valid until the peer uses the new. Media and DTLS go on."""
        self._require_open()
        return self.connection.restart_ice()

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError(f"This transport is closed. {self.close_reason}")

    def ice_changed(self, state: IceState) -> None:
        """Called by the connection."""
        self._emitter.emit(IceStateChanged(self, state))

    def dtls_changed(self, state: DtlsState, reason: str) -> None:
        """Called by the connection."""
        self._emitter.emit(DtlsStateChanged(self, state, reason))

    def connection_ended(self, reason: str) -> None:
        """Called by the connection."""
        self.close(reason)

    def bandwidth_changed(self, available_bps: int) -> None:
        """Called by the connection."""
        if self._sharing is not None:
            self._sharing.look()
        self._emitter.emit(BandwidthChanged(self, available_bps))

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
        self._refuse_taken_mid(parameters.mid)
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

    def _refuse_taken_mid(self, mid: str | None) -> None:
        """RFC 9143 section 7.1: a MID names one description; packets that bear it would go to either."""
        if mid is not None and any(one.rtp_parameters.mid == mid for one in self.producers.values()):
            raise ValueError(f"MID {mid} belongs to another producer of this transport.")

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
        form: ConsumerForm | None = None,
        app_data: dict[str, Any] | None = None,
    ) -> Consumer:
        """Sends whatever producers of `kind` it is pointed at, with fixed `parameters` (WHEP).

        Its SSRCs must come from `allocate_ssrc`; `form` is that of `parameters` where it is known. Raises
        ValueError with a sentence.
        """
        self._require_open()
        return self._add_consumer(
            kind, parameters, producer, bound=False, paused=False, form=form, app_data=app_data
        )

    def _add_consumer(
        self,
        kind: Kind,
        parameters: RtpParameters,
        producer: Producer | None,
        *,
        bound: bool,
        paused: bool,
        form: ConsumerForm | None = None,
        app_data: dict[str, Any] | None,
    ) -> Consumer:
        handle = self.worker.core.add_consumer(
            self.handle,
            **consumer_arguments(kind, parameters, form),
            paused=paused,
            probator=bound,
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
        if kind == "video" and self._sharing is None:
            self._sharing = Sharing(self, asyncio.get_running_loop())
        if self._sharing is not None:
            self._sharing.add(consumer)
        if producer is not None and not bound:
            with consumer.closed_on_error():
                consumer.set_source(producer)
        return consumer

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed):
            self.producers.pop(event.producer.id, None)

    def _consumer_changed(self, event: ConsumerEvent) -> None:
        if isinstance(event, ConsumerClosed):
            self.consumers.pop(event.consumer.id, None)
            if self._sharing is not None and self._sharing.is_limited and not self.closed:
                self._sharing.look()

    # Data

    def produce_data(
        self,
        parameters: SctpStreamParameters,
        label: str = "",
        protocol: str = "",
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> DataProducer:
        """Receives the messages that the peer sends on the stream of `parameters`, 262,144 bytes at most.

        Messages that came up to 5 s before are received too, in the loop's next turn. Raises ValueError with
        a sentence: no SCTP here, or it has ended; the stream is in use; too many data producers.
        """
        data_producer = self._require_data().produce(
            parameters, label, protocol, paused=paused, app_data=app_data
        )
        self._emitter.emit(DataProducerMade(data_producer))
        return data_producer

    def consume_data(
        self,
        data_producer: DataProducer,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> DataConsumer:
        """Sends the messages of `data_producer` to the peer, on a stream whose id is chosen here.

        Order and reliability are the data producer's. A peer drops what comes before it has made its channel:
        begin `paused` when that matters. Ends with the data producer. Raises ValueError with a sentence.
        """
        return self._require_data().consume(data_producer, paused=paused, app_data=app_data)

    def _require_data(self) -> DataChannels:
        self._require_open()
        if self._data is None:
            raise ValueError("This transport was made without SCTP; make one with enableSctp.")
        return self._data

    def sctp_changed(self, state: SctpState, reason: str) -> None:
        """Called by the data channels."""
        self._emitter.emit(SctpStateChanged(self, state, reason))

    # The end

    def stats(self) -> Mapping[str, Any]:
        """Counters of the packet path and the states."""
        states: dict[str, Any] = {
            "ice_state": self.ice_state.value,
            "dtls_state": self.dtls_state.value,
            "selected_address": self.selected_address,
            "dtls_datagrams_dropped": self.connection.dtls.dropped_datagrams,
            "limited": self._sharing is not None and self._sharing.is_limited,
        }
        if self._data is not None:
            states["sctp_state"] = self._data.state.value
            states["data_messages_dropped"] = self._data.dropped_messages
        if self.is_over:
            return states
        return {**self.worker.core.transport_stats(self.handle), **states}

    def close(self, reason: str = "It was closed on request.") -> None:
        """Ends everything on it: close_notify to the peer, producers and consumers closed, listeners told."""
        if self.closed:
            return
        self.close_reason = reason
        if self._sharing is not None:
            self._sharing.close()
            self._sharing = None  # which refers to this transport
        self.connection.close()
        for consumer in list(self.consumers.values()):
            consumer.close(reason)
        for producer in list(self.producers.values()):
            producer.close(reason)
        if self._data is not None:
            self._data.close(reason)
        self._emitter.emit(TransportClosed(self, reason))
