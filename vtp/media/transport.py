"""A WebRtcTransport: one peer's connection by ICE and DTLS and what flows over it, as mediasoup has it.

Media is `vtp.media.media_transport`'s, ICE and DTLS are `vtp.media.connection`'s; data channels are here. All
methods run on the event loop and return at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vtp.media.connection import Connection, IceState
from vtp.media.data_channels import DataChannels
from vtp.media.data_consumer import DataConsumer
from vtp.media.data_producer import DataProducer
from vtp.media.dtls import DtlsCertificate, DtlsRole, DtlsState
from vtp.media.ice import Address
from vtp.media.media_transport import DataProducerMade, MediaTransport, StateChanged
from vtp.media.parameters import (
    DtlsParameters,
    IceCandidate,
    IceParameters,
    RtpCapabilities,
    SctpParameters,
    SctpStreamParameters,
)
from vtp.media.sctp import SctpState
from vtp.media.turns import Turns
from vtp.media.worker import MediaWorker
from vtp.tasks import Tasks

_ICE_IS_UP = (IceState.CONNECTED, IceState.COMPLETED)


@dataclass(frozen=True)
class IceStateChanged(StateChanged):
    """A tuple was validated, nominated, fell silent for 6 s, or came back."""

    transport: WebRtcTransport
    state: IceState


@dataclass(frozen=True)
class DtlsStateChanged(StateChanged):
    """The handshake began, succeeded or failed; `reason` is a sentence after a failure."""

    transport: WebRtcTransport
    state: DtlsState
    reason: str = ""


@dataclass(frozen=True)
class SctpStateChanged(StateChanged):
    """The association is there, or has ended with all that was on it; `reason` is a sentence then."""

    transport: WebRtcTransport
    state: SctpState
    reason: str = ""


class WebRtcTransport(MediaTransport):
    """Made by `Router.create_transport`; with SCTP when it is given `data_turns`."""

    __slots__ = ("_data", "connection")

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
        super().__init__(worker, capabilities, app_data)
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
        return self._data.data_producers if self._data is not None else super().data_producers

    @property
    def data_consumers(self) -> Mapping[str, DataConsumer]:
        """By id."""
        return self._data.data_consumers if self._data is not None else super().data_consumers

    @property
    def selected_address(self) -> Address | None:
        """Where we send to."""
        return self.connection.selected_address

    @property
    def closed(self) -> bool:
        return self.connection.closed

    @property
    def is_up(self) -> bool:
        """Whether media can flow on it now."""
        return self.dtls_state is DtlsState.CONNECTED and self.ice_state in _ICE_IS_UP

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

    def ice_changed(self, state: IceState) -> None:
        """Called by the connection."""
        self._emitter.emit(IceStateChanged(self, state))

    def dtls_changed(self, state: DtlsState, reason: str) -> None:
        """Called by the connection."""
        self._emitter.emit(DtlsStateChanged(self, state, reason))

    def connection_ended(self, reason: str) -> None:
        """Called by the connection."""
        self.close(reason)

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

    def _states(self) -> dict[str, Any]:
        states: dict[str, Any] = {
            "ice_state": self.ice_state.value,
            "dtls_state": self.dtls_state.value,
            "selected_address": self.selected_address,
            "dtls_datagrams_dropped": self.connection.dtls.dropped_datagrams,
        }
        if self._data is not None:
            states["sctp_state"] = self._data.state.value
            states["data_messages_dropped"] = self._data.dropped_messages
        return states

    def _disconnect(self) -> None:
        self.connection.close()

    def _close_data(self, reason: str) -> None:
        if self._data is not None:
            self._data.close(reason)
