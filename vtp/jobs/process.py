"""The job process: takes ids from the queue and works on them, a few at a time, behind everything else."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vtp.data_folder import instance_id, run_folder
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import StartupError
from vtp.jobs.ladder import Ladder
from vtp.jobs.making import kinds_of
from vtp.jobs.queue import JobQueue
from vtp.jobs.runner import Runner, Work
from vtp.jobs.store import Kind, release_abandoned
from vtp.jobs.sweeper import Sweeper
from vtp.jobs.upload import Upload
from vtp.settings import Settings
from vtp.storage import RemoteStore, Store
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

LOCK_FILE = "jobs.lock"
PREDECESSOR_S = 10.0  # how long one that is ending is waited for
_LOOK_AGAIN_S = 0.1


Beside = Callable[[Settings, Database, Store], Coroutine[Any, Any, None]]
"""What goes on beside jobs, until it is cancelled or has nothing to do."""


async def run_jobs(settings: Settings, stop: asyncio.Event, beside: Mapping[str, Beside]) -> None:
    """Works until `stop` is set; `beside` is by what it is called. Raises StartupError with a sentence."""
    if not kinds_of(settings):
        raise StartupError(
            "There is nothing for the job process to do: recordings go to no object store (storage.url) and "
            "get no ladder (jobs.ladder)."
        )
    async with AsyncExitStack() as stack:
        lock = await asyncio.to_thread(_lock, run_folder(settings.data_dir))
        stack.callback(os.close, lock)
        instance = await asyncio.to_thread(instance_id, settings.data_dir)
        store = await asyncio.to_thread(Store.open, settings.storage_url())
        works = await asyncio.to_thread(_works, settings, store)
        database = await Database.open(settings.database_url())
        stack.push_async_callback(database.close)
        await _take_over(database, instance)
        runner = Runner(database, works, settings.jobs, lambda: sweeper.wake())
        loop = asyncio.get_running_loop()

        def work(job_id: str) -> None:
            asyncio.run_coroutine_threadsafe(work_on(runner, sweeper, job_id), loop).result()

        queue = await asyncio.to_thread(JobQueue, settings, instance, work)
        keep_local = timedelta(hours=settings.storage.keep_local_hours)
        sweeper = Sweeper(database, queue, store, instance, list(works), keep_local)
        tasks = Tasks()
        stack.push_async_callback(tasks.close)
        queue.start(settings.jobs.concurrency)
        logger.info("The job process has started.")
        tasks.start(sweeper.run(), "jobs that are due")
        for name, run in beside.items():
            tasks.start(run(settings, database, store), name)
        await stop.wait()
        await runner.close()
        await asyncio.to_thread(queue.stop)


async def work_on(runner: Runner, sweeper: Sweeper, job_id: str) -> None:
    """Does what a message of the queue asks for; where it could not be begun, another message is needed."""
    try:
        await runner.run(job_id)
    finally:
        sweeper.used_up(job_id)


def _works(settings: Settings, store: Store) -> dict[Kind, Work]:
    """What is done of each kind. Raises StartupError with a sentence."""
    found: dict[Kind, Work] = {}
    for kind in kinds_of(settings):
        match kind:
            case Kind.UPLOAD:
                found[kind] = Upload(store, RemoteStore.open(settings.storage))
            case Kind.LADDER:
                found[kind] = Ladder(store, settings.jobs.ladder, settings.recording.min_free_bytes)
    return found


@done_over
async def _take_over(database: Database, instance: str) -> None:
    """Nobody else runs: the lock says so."""
    async with database.transaction() as tx:
        left = await release_abandoned(tx, instance, datetime.now(UTC))
    if left:
        logger.info("%d jobs of a process that was killed go on.", left)


def _lock(folder: Path) -> int:
    """One job process for each data folder. Raises StartupError when another one does not end."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_s = time.monotonic() + PREDECESSOR_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError as error:
            if time.monotonic() > give_up_s:
                os.close(descriptor)
                raise StartupError(
                    f"Another job process works on the data folder {folder.parent}: the server starts one "
                    "unless jobs.embedded is false."
                ) from error
        time.sleep(_LOOK_AGAIN_S)
