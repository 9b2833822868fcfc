"""A network namespace with a thread that lives in it: what the thread makes and starts is inside.

The namespace has no name in the file system. It lives by this process and by what was started inside, which
dies with the thread; so the kernel removes it whatever becomes of us, SIGKILL included, and nothing stale is
left to find at the next start.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from vtp.bench.namespace import NamespaceError, current_network, enter_network, leave_for_new_network

P = ParamSpec("P")
T = TypeVar("T")


class NetworkError(Exception):
    """The system gives no emulated network; the text is a sentence that says why, and what to do."""


class Place:
    """One namespace. `close` it: its sockets and programs are the caller's to end."""

    def __init__(self, name: str) -> None:
        """Raises NetworkError."""
        self.name = name
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"place-{name}")
        try:
            self._namespace = self._thread.submit(_make).result()
        except NamespaceError as error:
            self._thread.shutdown()
            raise NetworkError(
                f"{error} Or allow users namespaces of their own (kernel.unprivileged_userns_clone)."
            ) from error

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs it in the thread that lives here; the caller waits."""
        return self._thread.submit(function, *args, **kwargs).result()

    def begin(self, function: Callable[[], T], name: str) -> Future[T]:
        """Runs it in one more thread that lives here, and gives what will come of it at once."""
        found: Future[T] = Future()

        def run() -> None:
            try:
                found.set_result(function())
            except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
                found.set_exception(error)

        self.call(threading.Thread(target=run, name=name).start)  # a thread is born where its maker lives
        return found

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """The calling thread is inside for the time of the block: the sockets that it makes stay here.

        Nothing may be awaited within: other tasks of the thread would be here too.
        """
        outside = current_network()
        try:
            enter_network(self._namespace)
            try:
                yield
            finally:
                enter_network(outside)
        finally:
            os.close(outside)

    def socket(self, address: tuple[str, int], kind: int = socket.SOCK_DGRAM) -> socket.socket:
        """A socket of here, bound. Raises OSError."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        made = self.call(socket.socket, family, kind)
        try:
            made.bind(address)
        except OSError:
            made.close()
            raise
        return made

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Starts a program here (`subprocess.Popen`); it is killed when the place is closed or we die."""
        end_with_us = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        return self.call(lambda: subprocess.Popen([*end_with_us, *command], **options))

    def ip(self, commands: str) -> None:
        """Lines for `ip -batch`. Raises NetworkError with what `ip` said."""
        try:
            done = self.call(
                subprocess.run, ["ip", "-batch", "-"], input=commands, capture_output=True, text=True
            )
        except FileNotFoundError as error:
            raise NetworkError("`ip` is missing: install the package iproute2.") from error
        if done.returncode:
            raise NetworkError(f"{self.name} got no network: {done.stderr.strip()}.")

    @property
    def enter_command(self) -> list[str]:
        """What to put before a command to run it here from a shell, while this process lives."""
        return ["nsenter", f"--net=/proc/{os.getpid()}/fd/{self._namespace}", "--"]

    def close(self) -> None:
        """Ends the thread; the namespace ends with its last socket and program."""
        self._thread.shutdown()
        os.close(self._namespace)


def _make() -> int:
    leave_for_new_network()
    return current_network()
