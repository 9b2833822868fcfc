"""What tests run when it is called: a `vtp` command, in a copy of the process that has imported all of it.

Started as a script with a socket for its standard input. Who sends what to run gets the number of a process
that goes on as `python -m vtp` would: its own standard streams, folder, network, variables and words, and
the exit of an interpreter of its own. It saves the second and a half of a processor that the imports take.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import json
import os
import pkgutil
import resource
import runpy
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

STREAMS = 3
CLONE_NEWNET = 0x40000000  # linux/sched.h
PR_SET_PDEATHSIG = 1  # prctl(2)
READY = b"!"
"""Sent once what is to be imported is there."""
MEASURES = "bench"
"""The command that starts servers itself."""


def import_all() -> None:
    """What any `vtp` command takes from disk."""
    for name in ("vtp.app", "alembic.command", "pydantic.v1.dataclasses", "tests.prepared_commands"):
        importlib.import_module(name)
    commands = importlib.import_module("vtp.cli")
    for module in pkgutil.iter_modules(commands.__path__, "vtp.cli."):
        importlib.import_module(module.name)


@dataclass
class Request:
    """What a copy becomes."""

    words: list[str]
    folder: str
    variables: dict[str, str]
    ends_with: int | None
    """The process that it is killed with."""
    hangs_up: bool
    files: tuple[int, int]
    """How many it may have open."""


def next_request(line: socket.socket) -> Request:
    """Returns in the process that is to run something, once for each; the others never come back."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(line, 1 << 20, STREAMS + 1)
        if not message:
            sys.exit()
        middle = os.fork()
        if not middle:
            return _become(line, descriptors, Request(**json.loads(message)))
        os.waitpid(middle, 0)
        for descriptor in descriptors:
            os.close(descriptor)
        line.send(b".")


def _become(line: socket.socket, descriptors: list[int], request: Request) -> Request:
    """A child of whoever asked, with its streams and in its network."""
    middle = os.getpid()
    process = os.fork()
    if process:
        line.send(str(process).encode())
        os._exit(0)  # so that whoever asked becomes the parent
    *streams, network = descriptors
    if ctypes.CDLL(None).setns(network, CLONE_NEWNET) < 0 and _is_elsewhere(network):
        os._exit(os.EX_NOPERM)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(STREAMS, os.sysconf("SC_OPEN_MAX"))
    resource.setrlimit(resource.RLIMIT_NOFILE, request.files)
    if request.hangs_up:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if request.ends_with is not None:
        while os.getppid() == middle:
            time.sleep(0.001)
        end_with(request.ends_with)
    return request


def end_with(parent: int) -> None:
    """From now on this process is killed when that one ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _is_elsewhere(network: int) -> bool:
    return os.fstat(network).st_ino != Path("/proc/self/ns/net").stat().st_ino


def prepare_another(first: Request) -> Request:
    """Has copies of this process run what it starts; returns in it, and in each of them."""
    measuring = os.getpid()
    own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if not os.fork():
        own.close()
        end_with(measuring)
        return next_request(theirs)
    theirs.close()
    commands = sys.modules["tests.prepared_commands"]
    commands.PreparedCommands(commands.Prepared(own, commands.circumstances(os.environ))).begin()
    return first


def begin(request: Request) -> None:
    """Goes on as what was asked for."""
    if request.words[:1] == [MEASURES]:
        request = prepare_another(request)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.variables)
    sys.path[0] = request.folder
    sys.argv[1:] = request.words
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115


def run() -> None:
    """What was asked for, to the end of the process.

    Where it ends with a number, what it shares with all copies is not taken apart: that takes a second of a
    processor.
    """
    try:
        runpy.run_module("vtp", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:  # nobody reads any more: the interpreter has an exit of its own for that
            raise end from None
        os._exit(end.code & 0xFF)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_all()
    asking = socket.socket(fileno=os.dup(0))
    asking.send(READY)
    begin(next_request(asking))
    run()
