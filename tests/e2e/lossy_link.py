"""A UDP path between one page and the media server that loses some of what is sent to the page."""

from __future__ import annotations

import random
import selectors
import socket
import threading
from types import TracebackType
from typing import Self

Address = tuple[str, int]

_RTCP = range(192, 224)  # second byte, RFC 5761
_BUFFER_BYTES = 4 << 20  # a busy machine lets this wait, and it is to lose only what it means to


class LossyLink:
    """Passes datagrams on to `to_port`; of RTP towards the page the share `loss` is lost by seeded chance."""

    def __init__(self, to_port: int, seed: int = 1) -> None:
        self.loss = 0.0
        self.lost = 0
        self.to_port = to_port
        self._dice = random.Random(seed)
        self._page = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._page.bind(("0.0.0.0", 0))
        self.port = int(self._page.getsockname()[1])
        self._servers: dict[Address, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="lossy link")

    def __enter__(self) -> Self:
        self._selector.register(self._page, selectors.EVENT_READ)
        self._selector.register(self._stopped, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.send(b"x")
        self._thread.join()
        self._selector.close()
        for one in (self._page, self._stop, self._stopped, *self._servers.values()):
            one.close()

    @property
    def detour(self) -> str:
        """A script for the page, before anything else in it: its connections go this way."""
        return f"""
        const plain = RTCPeerConnection.prototype.setRemoteDescription;
        RTCPeerConnection.prototype.setRemoteDescription = function ({{type, sdp}}) {{
          return plain.call(this, {{type, sdp: sdp.replaceAll(' {self.to_port} typ', ' {self.port} typ')}});
        }};
        """

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._stopped:
                    return
                if key.fileobj is self._page:
                    datagram, page = self._page.recvfrom(2048)
                    self._server_of(page).send(datagram)
                else:
                    self._pass_back(key.fileobj, key.data)  # type: ignore[arg-type]

    def _server_of(self, page: Address) -> socket.socket:
        if page not in self._servers:
            made = self._servers[page] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            made.connect((page[0], self.to_port))
            self._selector.register(made, selectors.EVENT_READ, page)
        return self._servers[page]

    def _pass_back(self, server: socket.socket, page: Address) -> None:
        try:
            datagram = server.recv(2048)
        except ConnectionRefusedError:
            return
        is_media = 128 <= datagram[0] < 192 and datagram[1] not in _RTCP
        if is_media and self._dice.random() < self.loss:
            self.lost += 1
            return
        self._page.sendto(datagram, page)
