"""`vtp` commands that tests start: run by a copy of a process that has imported all of it already.

`PreparedCommands` makes `subprocess.Popen`, and asyncio with it, ask a `tests/prepared_process.py` for each
`python -m vtp …` that is started as tests, and the benchmark, start most: with the limits and the
interpreter's variables of the test's own process, in the network of whoever starts it. All else, and what
tests marked `from_disk` start, begins as elsewhere. The servers that a copy measures are copies too.
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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.fresh_database import begin_fresh

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = Path(__file__).with_name("prepared_process.py")
AS_MODULE = ("-m", "vtp")
LIMITS = (resource.RLIMIT_FSIZE, resource.RLIMIT_AS, resource.RLIMIT_CORE)
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
SEARCHED = "PYTHONPATH"
"""Which folders are searched for modules: any copy finds those of this tree."""
END_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
IN_FOLDER = ("env", "-C")
"""What the benchmark has before a command (vtp/bench/peers/process.py, vtp/bench/vtp_server.py)."""
HANGS_UP = ("env", "--default-signal=INT,HUP")
"""What tests have before one that is to end as in a terminal."""
PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


def circumstances(variables: Mapping[str, str]) -> object:
    """What a process has from its parent and keeps, however it is run."""
    early = {name: value for name, value in variables.items() if name.startswith(READ_AT_START)}
    searched = [one for one in early.pop(SEARCHED, "").split(os.pathsep) if one not in ("", str(ROOT))]
    return (
        early,
        searched,
        [str(Path(f"/proc/thread-self/ns/{kind}").readlink()) for kind in ("mnt", "pid", "user")],
        [resource.getrlimit(limit) for limit in LIMITS],
        os.sched_getaffinity(0),
        os.sched_getscheduler(0),
        os.getpriority(os.PRIO_PROCESS, 0),
        (os.geteuid(), os.getegid()),
    )


@dataclass(frozen=True)
class Command:
    """What a copy is to run."""

    words: list[str]
    folder: str = ""
    """Where, if not where it is started."""
    ends_with_us: bool = False
    """Killed when who started it ends."""
    hangs_up: bool = False
    """Ended by SIGHUP, even where that is ignored. SIGINT ends any copy."""


class Prepared:
    """A process that has imported all, and runs copies of itself for this one."""

    def __init__(self, line: socket.socket, theirs: object) -> None:
        """Over a connection to one that runs in circumstances that are known."""
        self.circumstances = theirs
        self._line = line
        self._is_ready = True
        self._process: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()

    @classmethod
    def started(cls) -> Prepared:
        """A new one, of this process's circumstances."""
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        made = cls(line, circumstances(os.environ))
        with theirs:
            command = [sys.executable, str(SCRIPT)]
            made._process = subprocess.Popen(command, stdin=theirs.fileno())
        made._is_ready = False
        return made

    def wait(self) -> None:
        """Returns once it has imported all."""
        with self._one_at_a_time:
            if not self._is_ready:
                assert self._line.recv(32)
                self._is_ready = True

    def run(self, command: Command, variables: Mapping[str, str], streams: Sequence[int]) -> int:
        """Begins a command; returns the number of its process, a child of this one."""
        request = {
            "words": command.words,
            "folder": command.folder,
            "variables": dict(variables),
            "ends_with": os.getpid() if command.ends_with_us else None,
            "hangs_up": command.hangs_up,
            "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        }
        self.wait()
        network = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            with self._one_at_a_time, _adopting():
                socket.send_fds(self._line, [json.dumps(request).encode()], [*streams, network])
                number = int(self._line.recv(32))
                assert self._line.recv(32) == b"."
                return number
        finally:
            os.close(network)

    def end(self) -> None:
        """Ends it, once there is nothing to be run any more; what runs goes on."""
        self._line.close()
        if self._process is not None:
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


def command_of(arguments: object) -> Command | None:
    """The `vtp` that is started, if that is what is started."""
    if not isinstance(arguments, list | tuple):
        return None
    words, folder, ends_with_us, hangs_up = [os.fspath(one) for one in arguments], "", False, False
    if tuple(words[: len(HANGS_UP)]) == HANGS_UP:
        words, hangs_up = words[len(HANGS_UP) :], True
    if tuple(words[: len(END_WITH_US)]) == END_WITH_US:
        words, ends_with_us = words[len(END_WITH_US) :], True
    if tuple(words[: len(IN_FOLDER)]) == IN_FOLDER:
        folder, words = words[len(IN_FOLDER)], words[len(IN_FOLDER) + 1 :]
    is_ours = tuple(words[:3]) == (sys.executable, *AS_MODULE)
    return Command(words[3:], folder, ends_with_us, hangs_up) if is_ours else None


class PreparedCommands:
    """Makes commands begin as copies; while `from_disk` is set they begin as elsewhere."""

    def __init__(self, prepared: Prepared | None = None) -> None:
        """`prepared` is one that runs already, if there is one."""
        self.from_disk = False
        self._prepared = prepared
        self._execute: Any = subprocess.Popen._execute_child  # type: ignore[attr-defined]
        self._signature = inspect.signature(self._execute)

    def begin(self) -> None:
        """From now on."""

        def execute_child(popen: subprocess.Popen[Any], *given: Any) -> None:
            asked = self._signature.bind(popen, *given).arguments
            if not self._begins_copy(popen, asked):
                self._execute(popen, *given)

        subprocess.Popen._execute_child = execute_child  # type: ignore[attr-defined]

    def prepare(self) -> Prepared:
        """Begins what is copied, which else begins with the first command."""
        if self._prepared is None:
            self._prepared = Prepared.started()
        return self._prepared

    def end(self) -> None:
        """No longer; what runs goes on."""
        subprocess.Popen._execute_child = self._execute  # type: ignore[attr-defined]
        if self._prepared is not None:
            self._prepared.end()

    def _begins_copy(self, popen: Any, asked: Mapping[str, Any]) -> bool:
        command = command_of(asked["args"])
        is_plain = all(asked.get(name, values[0]) in values for name, values in PLAIN.items())
        if command is None or not is_plain or self.from_disk:
            return False
        prepared = self.prepare()
        variables = os.environ if asked["env"] is None else asked["env"]
        if circumstances(variables) != prepared.circumstances:
            return False
        if command.ends_with_us and command.words[:1] == ["serve"]:
            _begin_migrated(variables)
        asked_for = (asked["p2cread"], asked["c2pwrite"], asked["errwrite"])
        streams = [own if other == -1 else other for own, other in enumerate(asked_for)]
        placed = replace(command, folder=command.folder or str(asked["cwd"] or Path.cwd()))
        popen.pid = prepared.run(placed, variables, streams)
        popen._child_created = True
        popen._close_pipe_fds(*(asked[name] for name in PIPES))
        return True


def _begin_migrated(variables: Mapping[str, str]) -> None:
    """The benchmark's servers begin on a database that is migrated already, as those of tests do."""
    if "VTP_DATABASE__URL" not in variables:
        begin_fresh(Path(variables["VTP_DATA_DIR"]))
