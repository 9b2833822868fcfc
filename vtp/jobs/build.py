"""What the server needs of storage and jobs, built from the settings."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from vtp.db import Database
from vtp.errors import Unavailable
from vtp.http.metrics import HttpMetrics
from vtp.jobs.child import JobProcess
from vtp.jobs.making import kinds_of
from vtp.jobs.queue import JobQueue
from vtp.jobs.service import Jobs
from vtp.jobs.store import State
from vtp.recording.audience import Audience
from vtp.recording.files import RecordingFiles
from vtp.settings import Settings
from vtp.storage import FileCache, RemoteStore, Store
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

CACHE_FOLDER = "cache"


@dataclass(frozen=True, slots=True)
class JobParts:
    """`remote` is None without an object store, `process` without jobs or with a process of its own."""

    jobs: Jobs
    files: RecordingFiles
    remote: RemoteStore | None = None
    process: JobProcess | None = None

    def start(self, tasks: Tasks) -> None:
        """Begins what runs beside the server."""
        if self.remote is not None:
            tasks.start(_look_at(self.remote), "object store")
        if self.jobs.kinds:
            tasks.start(self.jobs.watch(), "what jobs have done")
        if self.process is not None:
            tasks.start(self.process.run(), "job process")

    def add_metrics(self, metrics: HttpMetrics) -> None:
        """For `/metrics`."""
        metrics.add_numbers("vtp_jobs", "Jobs on recordings.", self.jobs.numbers, tuple(State))
        metrics.add_numbers("vtp_job_process", "The job process.", self._process_numbers, ("up",))

    def _process_numbers(self) -> dict[str, float]:
        process = self.process
        if process is None:
            return {"up": 0, "restarts": 0}
        return {"up": process.pid is not None, "restarts": process.restarts}


async def build_jobs(
    settings: Settings, database: Database, store: Store, instance: str, audience: Audience
) -> JobParts:
    """Raises StartupError with a sentence for settings that cannot be; a store that is away is no reason."""
    kinds = kinds_of(settings)
    if not kinds:
        return JobParts(Jobs(database, None, audience=audience), RecordingFiles(store))
    queue = await asyncio.to_thread(JobQueue, settings, instance)
    process = JobProcess(settings) if settings.jobs.embedded else None
    jobs = Jobs(database, queue, kinds, audience=audience)
    if not settings.storage.is_remote:
        return JobParts(jobs, RecordingFiles(store), process=process)
    remote = await asyncio.to_thread(RemoteStore.open, settings.storage)
    folder = settings.data_dir.absolute() / CACHE_FOLDER
    limits = (settings.storage.cache_bytes, settings.recording.min_free_bytes)
    cache = await asyncio.to_thread(FileCache, folder, *limits)
    return JobParts(jobs, RecordingFiles(store, remote, cache), remote, process)


async def _look_at(remote: RemoteStore) -> None:
    """Says early what uploads would say late."""
    try:
        await remote.check()
    except Unavailable as error:
        logger.warning("%s Recordings stay on this machine until then.", error.detail)
