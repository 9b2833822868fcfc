"""The data folder: made, probed and locked before anything is opened in it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path
from typing import Any

from vtp.errors import StartupError
from vtp.ids import new_id

PROBE_BYTES = 1_048_576  # what a start writes at least: database, keys, certificate
LOCK_FILE = "vtp.lock"
SERVER_FILE = "server.json"
INSTANCE_FILE = "instance.id"
CONTROL_SOCKET = "control.sock"
_ADVICE = "or choose another folder with VTP_DATA_DIR"


class DataFolder:
    """One process's hold on its data folder, until `close()`."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @property
    def run(self) -> Path:
        """The folder of what only means something while the process runs."""
        return run_folder(self.path)

    def describe_server(self, facts: dict[str, Any]) -> None:
        """Leaves the ports and the process id in `run/server.json`, for commands beside the server."""
        draft = self.run / f"{SERVER_FILE}.new"
        draft.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        draft.replace(self.run / SERVER_FILE)

    def close(self) -> None:
        """Lets another process have the folder."""
        (self.run / SERVER_FILE).unlink(missing_ok=True)
        os.close(self._lock)


def run_folder(data_dir: Path) -> Path:
    """Where lock, control socket and server.json are."""
    return data_dir / "run"


def open_data_folder(path: Path) -> DataFolder:
    """Makes, probes and locks the folder; raises StartupError with a sentence for each way that can fail."""
    path = path.absolute()
    try:
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
        run_folder(path).mkdir(mode=0o700, exist_ok=True)
        lock = _lock(path)
    except OSError as error:
        raise _explain(path, error) from error
    try:
        _probe(run_folder(path) / "probe")  # of a killed process it is written over and taken away
    except OSError as error:
        os.close(lock)
        raise _explain(path, error) from error
    return DataFolder(path, lock)


def instance_id(path: Path) -> str:
    """What tells this data folder apart from those of other processes on the same database; made once."""
    file = path / INSTANCE_FILE
    try:
        if not file.exists():
            draft = file.with_suffix(".new")
            draft.write_text(new_id() + "\n", encoding="ascii")
            draft.replace(file)
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise _explain(path, error) from error


def _lock(path: Path) -> int:
    file = run_folder(path) / LOCK_FILE
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        who = f"process {holder}" if holder.isdigit() else "another process"
        raise StartupError(
            f"The data folder {path} is in use by a running vtp ({who}); stop that one, {_ADVICE}."
        ) from error
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _probe(file: Path) -> None:
    """Writes as much as a start needs and takes it away again: a full disk shows here and not halfway."""
    try:
        with file.open("wb") as probe:
            probe.write(b"\0" * PROBE_BYTES)
            probe.flush()
            os.fsync(probe.fileno())
    finally:
        file.unlink(missing_ok=True)


def _explain(path: Path, error: OSError) -> StartupError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StartupError(f"The disk of the data folder {path} is full; free some space, {_ADVICE}.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return StartupError(
            f"The data folder {path} cannot be written by this user (uid {os.getuid()}); change its owner or "
            f"rights, {_ADVICE}."
        )
    if error.errno == errno.EROFS:
        return StartupError(
            f"The data folder {path} is on a read-only file system; mount it writable, {_ADVICE}."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return StartupError(f"The data folder {path} is, or lies below, a file; remove the file, {_ADVICE}.")
    return StartupError(f"The data folder {path} cannot be used ({error.strerror}); repair it, {_ADVICE}.")
