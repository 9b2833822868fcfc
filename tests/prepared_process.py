"""What tests run when it is called: a `vtp` command, in a copy of the process that has imported all of it.

Started as a script with a socket for its standard input. Who sends what to run gets the number of a process
that goes on as `python -m vtp` would: its own standard streams, folder, variables and words, and the exit of
an interpreter of its own. What it saves is the second and a half of a processor that the imports take.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
from typing import Any

STREAMS = 3


def import_all() -> None:
    """What any `vtp` command takes from disk."""
    for name in ("vtp.app", "alembic.command", "pydantic.v1.dataclasses"):
        importlib.import_module(name)
    commands = importlib.import_module("vtp.cli")
    for module in pkgutil.iter_modules(commands.__path__, "vtp.cli."):
        importlib.import_module(module.name)


def next_request(line: socket.socket) -> dict[str, Any]:
    """Returns in the process that is to run something, once for each; the others never come back."""
    while True:
        message, streams, _, _ = socket.recv_fds(line, 1 << 20, STREAMS)
        if not message:
            sys.exit()
        middle = os.fork()
        if middle:
            os.waitpid(middle, 0)
            for stream in streams:
                os.close(stream)
            line.send(b".")
            continue
        process = os.fork()
        if process:
            line.send(str(process).encode())
            os._exit(0)  # so that whoever asked becomes the parent
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(STREAMS, os.sysconf("SC_OPEN_MAX"))
        request: dict[str, Any] = json.loads(message)
        return request


def begin(request: dict[str, Any]) -> None:
    """Becomes what was asked for."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["variables"])
    sys.path[0] = request["folder"]
    sys.argv[1:] = request["words"]
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_all()
    begin(next_request(socket.socket(fileno=os.dup(0))))
    runpy.run_module("vtp", run_name="__main__", alter_sys=True)
