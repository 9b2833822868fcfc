"""A TCP connection that a test can hold up and cut, between a page and the server."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 65536


class Relay:
    """Passes on what comes to `port`, until it is told otherwise."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._flows = threading.Event()
        self._flows.set()
        self._open = True
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="relay", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def hold(self) -> None:
        """From now on nothing that the server says reaches the page, which neither of them notices."""
        self._flows.clear()

    def cut(self) -> None:
        """Ends all connections, with what is held, and lets in no other."""
        with self._lock:
            self._open = False
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _end(end)
        self._flows.set()

    def mend(self) -> None:
        """Lets in again."""
        with self._lock:
            self._open = True

    def _accept(self) -> None:
        while True:
            try:
                page, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if not self._open:
                    page.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._to_port))
                self._pairs.append((page, server))
            threading.Thread(target=self._pass_on, args=(page, server, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, page, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, held: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if held:
                    self._flows.wait()
                sink.sendall(chunk)
        _end(source)
        _end(sink)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
