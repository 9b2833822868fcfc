"""huey's queue of job ids: SQLite in the data folder, or Redis. What is lost of it, the rows bring back.

Messages are signed with a key of ours: huey would run whatever somebody else puts there.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vtp.errors import StartupError, Unavailable
from vtp.key_files import open_key
from vtp.settings import Settings

TASK = "vtp_job"
KEY_FILE = "jobs.key"
FILE = "jobs.sqlite3"
LONGEST_POLL_S = 1.0  # between looks into SQLite while nothing comes


class JobQueue:
    """Opened in a thread; `put` and `stop` block too. `work` is called in the consumer's threads; the server,
    which only puts, has none."""

    def __init__(
        self, settings: Settings, instance_id: str, work: Callable[[str], None] | None = None
    ) -> None:
        logging.getLogger("huey").setLevel(logging.WARNING)
        key = open_key(settings.secrets_folder(), KEY_FILE, if_deleted="waiting jobs are queued again")
        self._huey = _open(settings, instance_id, key)

        def run(job_id: str) -> None:  # of this module on both sides: huey finds it by that name
            if work is not None:
                work(job_id)

        self._task = self._huey.task(name=TASK)(run)
        self._consumer: Any = None

    def put(self, job_id: str) -> None:
        """Lets the job process know. Raises Unavailable."""
        try:
            self._task(job_id)
        except Exception as error:
            raise Unavailable(f"The queue of jobs does not take anything ({error}).") from error

    def start(self, concurrency: int) -> None:
        """Begins to call `work`, in so many threads."""
        self._consumer = _consumer(self._huey, concurrency)
        self._consumer.start()

    def stop(self) -> None:
        """Takes nothing more and waits for the threads."""
        if self._consumer is not None:
            self._consumer.stop(graceful=True)

    def close(self) -> None:
        """Lets go of the file, or of the connections, which huey leaves to the collector of garbage."""
        storage = self._huey.storage
        storage.close()
        connections = getattr(storage, "pool", None)
        if connections is not None:
            connections.disconnect()


def _open(settings: Settings, instance_id: str, key: bytes) -> Any:
    """Each data folder has a queue of its own: its recordings are on its machine."""
    from huey import RedisHuey, SqliteHuey
    from huey.serializer import SignedSerializer

    class Signed(SignedSerializer):  # type: ignore[misc]
        """By SHA-256 instead of SHA-1."""

        def _signature(self, message: bytes) -> bytes:
            return hmac.new(key, message, hashlib.sha256).hexdigest().encode()

    options = {"results": False, "serializer": Signed(secret=key.hex())}
    if settings.jobs.url:
        return RedisHuey(f"vtp-{instance_id}", url=settings.jobs.url, read_timeout=1, **options)
    file = Path(settings.data_dir).absolute() / FILE
    try:
        return SqliteHuey("vtp", filename=str(file), cache_mb=1, **options)
    except sqlite3.Error as error:
        raise StartupError(
            f"The queue of jobs {file} cannot be used ({error}): remove or repair it."
        ) from error


def _consumer(huey: Any, concurrency: int) -> Any:
    from huey.consumer import Consumer

    class QuietConsumer(Consumer):  # type: ignore[misc]
        """Leaves signals to the process that it is in."""

        def _set_signal_handlers(self) -> None:
            return

    return QuietConsumer(
        huey, workers=concurrency, periodic=False, max_delay=LONGEST_POLL_S, check_worker_health=False
    )
