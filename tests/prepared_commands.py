"""`vtp` commands that tests start: run by a copy of a process that has imported all of it already.

`PreparedCommands` makes `subprocess.Popen`, and asyncio with it, ask a `tests/prepared_process.py` for each
`python -m vtp …` that is started as tests start most: with the limits, the namespaces and the interpreter's
variables of the test's own process. All else, and what tests marked `from_disk` start, begins as elsewhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import inspect
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("prepared_process.py")
AS_MODULE = ("-m", "vtp")
LIMITS = (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_AS, resource.RLIMIT_CORE)
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
PLAIN = {
    "executable": (None,),
    "preexec_fn": (None,),
    "close_fds": (True,),
    "pass_fds": ((),),
    "shell": (False,),
    "restore_signals": (True,),
    "gid": (None, -1),
    "gids": (None,),
    "uid": (None, -1),
    "umask": (-1,),
    "start_new_session": (False,),
    "process_group": (-1,),
}
"""What may be asked of a process that is run by a copy."""
READ_AT_START = ("PYTHON", "LD_", "MALLOC_", "GLIBC_", "LC_", "LANG", "OPENSSL_", "TZ")
"""Beginnings of the names of variables that an interpreter, or a library, reads before any of vtp runs."""
PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


def circumstances(variables: Mapping[str, str]) -> object:
    """What a process has from its parent and keeps, however it is run."""
    return (
        {name: value for name, value in variables.items() if name.startswith(READ_AT_START)},
        [Path(f"/proc/thread-self/ns/{kind}").readlink() for kind in ("net", "mnt", "pid")],
        [resource.getrlimit(limit) for limit in LIMITS],
        os.sched_getaffinity(0),
        os.sched_getscheduler(0),
        os.getpriority(os.PRIO_PROCESS, 0),
        (os.geteuid(), os.getegid()),
    )


class Prepared:
    """A process that has imported all, and runs copies of itself for this one."""

    def __init__(self) -> None:
        self.circumstances = circumstances(os.environ)
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, str(SCRIPT)]
            self._process: subprocess.Popen[bytes] = subprocess.Popen(command, stdin=theirs.fileno())
        self._one_at_a_time = threading.Lock()

    def run(self, words: list[str], folder: str, variables: Mapping[str, str], streams: list[int]) -> int:
        """Begins a command; returns the number of its process, a child of this one."""
        request = {"words": words, "folder": folder, "variables": dict(variables)}
        with self._one_at_a_time, _adopting():
            socket.send_fds(self._line, [json.dumps(request).encode()], streams)
            number = int(self._line.recv(32))
            assert self._line.recv(32) == b"."
            return number

    def end(self) -> None:
        """Ends it, once there is nothing to be run any more; what runs goes on."""
        self._line.close()
        self._process.wait()


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Makes this process the parent of those whose own ends meanwhile."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def words_of(arguments: object) -> list[str] | None:
    """What follows `python -m vtp`, if that is what is started."""
    if not isinstance(arguments, list | tuple):
        return None
    words = [os.fspath(one) for one in arguments]
    return words[3:] if (words[0], *words[1:3]) == (sys.executable, *AS_MODULE) else None


class PreparedCommands:
    """Makes commands begin as copies; while `from_disk` is set they begin as elsewhere."""

    def __init__(self) -> None:
        self.from_disk = False
        self._prepared: Prepared | None = None
        self._patch = pytest.MonkeyPatch()
        self._execute: Any = subprocess.Popen._execute_child  # type: ignore[attr-defined]
        self._signature = inspect.signature(self._execute)

    def begin(self) -> None:
        """From now on."""

        def execute_child(popen: subprocess.Popen[Any], *given: Any) -> None:
            asked = self._signature.bind(popen, *given).arguments
            if not self._begins_copy(popen, asked):
                self._execute(popen, *given)

        self._patch.setattr(subprocess.Popen, "_execute_child", execute_child)

    def end(self) -> None:
        """No longer; what runs goes on."""
        self._patch.undo()
        if self._prepared is not None:
            self._prepared.end()

    def _begins_copy(self, popen: Any, asked: Mapping[str, Any]) -> bool:
        words = words_of(asked["args"])
        is_plain = all(asked.get(name, values[0]) in values for name, values in PLAIN.items())
        if words is None or not is_plain or self.from_disk:
            return False
        if self._prepared is None:
            self._prepared = Prepared()
        variables = os.environ if asked["env"] is None else asked["env"]
        if circumstances(variables) != self._prepared.circumstances:
            return False
        asked_for = (asked["p2cread"], asked["c2pwrite"], asked["errwrite"])
        streams = [own if other == -1 else other for own, other in enumerate(asked_for)]
        popen.pid = self._prepared.run(words, str(asked["cwd"] or Path.cwd()), variables, streams)
        popen._child_created = True
        popen._close_pipe_fds(*(asked[name] for name in PIPES))
        return True
