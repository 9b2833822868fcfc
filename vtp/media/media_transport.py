"""What every transport of a router has: producers and consumers, whatever the connection under them is.

Here are the rules of who closes with whom. All methods run on the event loop and return at once.
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
from vtp.media.consumer import Consumer, ConsumerClosed, ConsumerEvent
from vtp.media.data_consumer import DataConsumer
from vtp.media.data_producer import DataProducer
from vtp.media.events import Emitter
from vtp.media.packet_path import ConsumerForm, consumer_arguments, producer_arguments
from vtp.media.parameters import Kind, RtpCapabilities, RtpParameters
from vtp.media.producer import Producer, ProducerClosed, ProducerDescription, ProducerEvent
from vtp.media.sharing import Sharing
from vtp.media.worker import MediaWorker

_RESERVED_SSRCS = (0, 1234)  # 1234: mediasoup-client's probator, sfu.md section 5.5


@dataclass(frozen=True)
class ProducerMade:
    """A producer was made on this transport."""

    producer: Producer


@dataclass(frozen=True)
class DataProducerMade:
    """A data producer was made on this transport."""

    data_producer: DataProducer


@dataclass(frozen=True)
class BandwidthChanged:
    """What the link to the peer carries has changed by a tenth or more; see `follow_bandwidth`."""

    transport: MediaTransport
    available_bps: int


@dataclass(frozen=True)
class StateChanged:
    """Base of what only one kind of transport tells."""


@dataclass(frozen=True)
class TransportClosed:
    """It is gone, and its producers and consumers with it; `reason` is a sentence."""

    transport: MediaTransport
    reason: str


TransportEvent = ProducerMade | DataProducerMade | BandwidthChanged | StateChanged | TransportClosed

_NO_DATA_PRODUCERS: Mapping[str, DataProducer] = MappingProxyType({})
_NO_DATA_CONSUMERS: Mapping[str, DataConsumer] = MappingProxyType({})


class MediaTransport:
    """Made by a router. A subclass opens a connection, sets `handle` and says when it is closed."""

    __slots__ = (
        "_capabilities",
        "_cname",
        "_emitter",
        "_next_mid",
        "_sharing",
        "_ssrcs",
        "app_data",
        "close_reason",
        "consumers",
        "handle",
        "id",
        "producers",
        "worker",
    )
    _probes = True  # padding is understood by the peers of this kind of transport

    def __init__(
        self, worker: MediaWorker, capabilities: RtpCapabilities, app_data: dict[str, Any] | None
    ) -> None:
        self.id = new_id()
        self.app_data: dict[str, Any] = app_data or {}
        self.worker = worker
        self.handle = 0
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.close_reason = ""
        self._capabilities = capabilities
        self._emitter: Emitter[TransportEvent] = Emitter()
        self._ssrcs: list[int] = []
        self._next_mid = 0
        self._cname = ""
        self._sharing: Sharing | None = None

    @property
    def data_producers(self) -> Mapping[str, DataProducer]:
        """By id."""
        return _NO_DATA_PRODUCERS

    @property
    def data_consumers(self) -> Mapping[str, DataConsumer]:
        """By id."""
        return _NO_DATA_CONSUMERS

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
        raise NotImplementedError

    @property
    def is_up(self) -> bool:
        """Whether the peer is there now, as far as that shows."""
        raise NotImplementedError

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

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError(f"This transport is closed. {self.close_reason}")

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
        parameters = self._consumer_parameters(producer, capabilities)
        self._next_mid += 1
        return self._add_consumer(
            producer.kind, parameters, producer, bound=True, paused=paused, app_data=app_data
        )

    def _consumer_parameters(self, producer: Producer, capabilities: RtpCapabilities) -> RtpParameters:
        return ortc.get_consumer_parameters(
            producer.consumable, capabilities, mid=str(self._next_mid), allocate_ssrc=self.allocate_ssrc
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
            probator=bound and self._probes,
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

    # The end

    def stats(self) -> Mapping[str, Any]:
        """Counters of the packet path and the states."""
        states = {"limited": self._sharing is not None and self._sharing.is_limited, **self._states()}
        if self.is_over:
            return states
        return {**self.worker.core.transport_stats(self.handle), **states}

    def _states(self) -> dict[str, Any]:
        """What the connection and all else that is not of the packet path have to say."""
        raise NotImplementedError

    def close(self, reason: str = "It was closed on request.") -> None:
        """Ends everything on it: the connection, its producers and consumers; listeners are told."""
        if self.closed:
            return
        self.close_reason = reason
        if self._sharing is not None:
            self._sharing.close()
            self._sharing = None  # which refers to this transport
        self._disconnect()
        # All of them before anybody hears of one: the packet path knows none of them any more.
        ended = [one for one in list(self.producers.values()) if one.end()]
        for consumer in list(self.consumers.values()):
            consumer.close(reason)
        for producer in ended:
            producer.tell_end(reason)
        self._close_data(reason)
        self._emitter.emit(TransportClosed(self, reason))

    def _disconnect(self) -> None:
        """Ends the connection; from here on this is `closed`."""
        raise NotImplementedError

    def _close_data(self, reason: str) -> None:
        """Ends what is there besides media."""
