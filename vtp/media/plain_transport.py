"""A PlainTransport: RTP and RTCP over UDP without ICE and DTLS, as mediasoup has it: FFmpeg, GStreamer.

Media is `vtp.media.media_transport`'s; here is where the peer is, and the keys. Who may take whose place is
the packet path's (plain.pxi, decision 0052). All methods run on the event loop and return at once.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from vtp.media import ortc
from vtp.media.ice import Address
from vtp.media.media_transport import MediaTransport, StateChanged
from vtp.media.parameters import RtcpFeedback, RtpCapabilities, RtpParameters
from vtp.media.plain_ports import PlainPorts, PlainSockets
from vtp.media.producer import Producer
from vtp.media.srtp_keys import CryptoSuite, SrtpKey
from vtp.media.worker import MediaWorker, WorkerEvent

_FEEDBACK = (("nack", "pli"), ("ccm", "fir"))  # what is answered without RTX and estimates of the link


class PlainState(enum.StrEnum):
    """Whether anything valid comes from the peer."""

    NEW = "new"
    CONNECTED = "connected"
    SILENT = "silent"
    CLOSED = "closed"


@dataclass(frozen=True)
class PlainStateChanged(StateChanged):
    """The peer was heard first, was silent for 30 s, or is heard again."""

    transport: PlainTransport
    state: PlainState


@dataclass(frozen=True)
class TupleChanged(StateChanged):
    """The peer's media comes from this address now (`comedia`)."""

    transport: PlainTransport
    address: Address


@dataclass(frozen=True, slots=True)
class PlainOptions:
    """`comedia`: the peer is where its first valid packet comes from; `srtp`: the suite of encryption."""

    rtcp_mux: bool = True
    comedia: bool = False
    srtp: CryptoSuite | None = None


class PlainTransport(MediaTransport):
    """Made by `Router.create_plain_transport`."""

    __slots__ = ("_remote_srtp", "_sockets", "_state", "local_srtp", "options", "remote", "remote_reports")
    _probes = False

    def __init__(
        self,
        worker: MediaWorker,
        capabilities: RtpCapabilities,
        ports: PlainPorts,
        options: PlainOptions,
        *,
        app_data: dict[str, Any] | None = None,
    ) -> None:
        """Raises NoPortsError."""
        super().__init__(worker, capabilities, app_data)
        self.options = options
        self.local_srtp = SrtpKey.make(options.srtp) if options.srtp is not None else None
        self.remote: Address | None = None
        self.remote_reports: Address | None = None
        self._remote_srtp: SrtpKey | None = None
        self._state = PlainState.NEW
        self._sockets = ports.open(pair=not options.rtcp_mux)
        try:
            self.handle = self._open(self._sockets)
        except BaseException:
            self._sockets.close()
            raise
        worker.transports[self.handle] = self

    def _open(self, sockets: PlainSockets) -> int:
        reports = sockets.reports
        handle = self.worker.core.add_plain_transport(
            sockets.media.fileno(),
            reports.fileno() if reports is not None else -1,
            learns=self.options.comedia,
            encrypted=self.options.srtp is not None,
        )
        sockets.media.detach()  # it is the packet path's from here on
        if reports is not None:
            reports.detach()
        return handle

    @property
    def local(self) -> Address:
        """Where the peer sends RTP."""
        return self._sockets.announced

    @property
    def local_reports(self) -> Address | None:
        """Where it sends RTCP; None: there, too."""
        return self._sockets.announced_reports

    @property
    def state(self) -> PlainState:
        return self._state

    @property
    def closed(self) -> bool:
        return self._state is PlainState.CLOSED

    @property
    def is_up(self) -> bool:
        """Whether anything valid has come from the peer within the last 30 s."""
        return self._state is PlainState.CONNECTED

    def connect(
        self, remote: Address | None, reports_port: int | None = None, srtp: SrtpKey | None = None
    ) -> None:
        """Says where the peer is (not with `comedia`), and with SRTP by which key it encrypts.

        The address may be said again, the key only once. `reports_port`: where RTCP goes, RTP's port and one
        when it is not said; only without `rtcp_mux`. Raises ValueError with a sentence.
        """
        self._require_open()
        self._check_address(remote, reports_port)
        self._check_key(srtp)
        if remote is not None:
            port = None if self.options.rtcp_mux else reports_port or remote[1] + 1
            reports = (remote[0], port) if port is not None else None
            self.worker.core.set_plain_peer(self.handle, remote, reports)
            self.remote, self.remote_reports = remote, reports
        if srtp is not None and self.local_srtp is not None and self._remote_srtp is None:
            self.worker.core.set_srtp(
                self.handle, srtp.profile, srtp.key, srtp.salt, self.local_srtp.key, self.local_srtp.salt
            )
            self._remote_srtp = srtp

    def _check_address(self, remote: Address | None, reports_port: int | None) -> None:
        if self.options.comedia and remote is not None:
            raise ValueError("This transport learns the address by itself (comedia): leave ip and port out.")
        if not self.options.comedia and remote is None:
            raise ValueError("Name ip and port: where the peer sends from and receives.")
        if reports_port is not None and (self.options.rtcp_mux or remote is None):
            raise ValueError("rtcpPort is for transports made with rtcpMux false and without comedia.")
        if remote is not None and (":" in remote[0]) != (":" in self.local[0]):
            raise ValueError(f"This transport is at {self.local[0]}: name an address of the same IP version.")
        if remote is not None and not self.options.rtcp_mux and reports_port is None and remote[1] == 65535:
            raise ValueError("Name rtcpPort: there is no port behind 65535.")

    def _check_key(self, srtp: SrtpKey | None) -> None:
        if self.local_srtp is None:
            if srtp is not None:
                raise ValueError("This transport was made without enableSrtp, so it takes no key.")
            return
        if srtp is None:
            if self._remote_srtp is None:
                raise ValueError("Name srtpParameters: the key that the peer encrypts with.")
            return
        if srtp.suite != self.local_srtp.suite:
            raise ValueError(f"This transport was made for {self.local_srtp.suite}.")
        if srtp.key == self.local_srtp.key:
            raise ValueError("The key is ours: the peer needs one of its own.")
        if self._remote_srtp not in (None, srtp):
            raise ValueError("This transport has its key; for another one make another transport.")

    def _consumer_parameters(self, producer: Producer, capabilities: RtpCapabilities) -> RtpParameters:
        """Without RTX and header extensions, which the players of plain RTP do not know."""
        plain = capabilities.model_copy(update={"header_extensions": []})
        made = ortc.get_consumer_parameters(
            producer.consumable,
            plain,
            mid=str(self._next_mid),
            allocate_ssrc=self.allocate_ssrc,
            enable_rtx=False,
        )
        for codec in made.codecs:
            codec.rtcp_feedback = [
                RtcpFeedback(type=kind, parameter=parameter)
                for kind, parameter in _FEEDBACK
                if producer.kind == "video"
            ]
        return made

    # Events of the packet path

    def receive_event(self, event: WorkerEvent, value: object) -> None:
        """Takes one event of the packet path."""
        if self.closed:
            return
        if event is WorkerEvent.TUPLE and isinstance(value, tuple):
            self.remote = (str(value[0]), int(value[1]))
            self._emitter.emit(TupleChanged(self, self.remote))
        elif event in (WorkerEvent.MEDIA_STARTED, WorkerEvent.ICE_RECONNECTED):
            self._change(PlainState.CONNECTED)
        elif event is WorkerEvent.ICE_EXPIRED:
            self._change(PlainState.SILENT)
        elif event is WorkerEvent.BANDWIDTH and isinstance(value, int):
            self.bandwidth_changed(value)

    def _change(self, state: PlainState) -> None:
        if state is not self._state:
            self._state = state
            self._emitter.emit(PlainStateChanged(self, state))

    # The end

    def _states(self) -> dict[str, Any]:
        return {"state": self._state.value, "remote": self.remote, "selected_address": self.remote}

    def _disconnect(self) -> None:
        self._state = PlainState.CLOSED
        self.worker.transports.pop(self.handle, None)
        if not self.worker.is_closed:
            self.worker.core.remove_transport(self.handle)
