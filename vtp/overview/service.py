"""How the server is, for its administrators: read when it is asked, and kept nowhere."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from vtp import __version__
from vtp.accounts.permissions import Action, require
from vtp.backup.last import last_backup
from vtp.db import Database
from vtp.doors import Doors
from vtp.http.identity import Principal
from vtp.jobs.store import State, count_by_state
from vtp.mail.tables import mails
from vtp.media.plane import MediaPlane
from vtp.overview.schemas import MediaDoor, ServerState, SettingReply
from vtp.overview.shown_settings import shown_settings, without_secrets
from vtp.settings import Settings

Checks = Callable[[], Awaitable[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Overview:
    """`checks`: what `/ready` asks; `classes`: how many rooms have somebody in them."""

    settings: Settings
    database: Database
    media: MediaPlane
    doors: Doors
    checks: Checks
    classes: Callable[[], int]
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def state(self, principal: Principal) -> ServerState:
        """Raises Forbidden."""
        require(principal, Action.SERVER_MANAGE)
        settings = self.settings
        checks = await self.checks()
        if checks.get("database") == "ok":
            jobs, waiting, failed = await self._counts()
        else:  # the page says so; what is in it nobody knows
            jobs, waiting, failed = {}, 0, 0
        free, total = await asyncio.to_thread(_room_on_disk, settings.data_dir)
        return ServerState(
            version=__version__,
            started_at=self.started_at,
            draining=self.doors.closed,
            classes=self.classes(),
            checks=checks,
            database=without_secrets(self.database.url.as_written),
            data_folder=str(settings.data_dir.absolute()),
            disk_free_bytes=free,
            disk_total_bytes=total,
            disk_needed_bytes=settings.recording.min_free_bytes,
            storage=without_secrets(settings.storage.url),
            media=self._doors(),
            turn=settings.media.turn_urls,
            tls=settings.http.tls,
            public_url=settings.http.public_url,
            mail=f"{settings.mail.host}:{settings.mail.port}" if settings.mail.sends else "",
            mails_waiting=waiting,
            mails_failed=failed,
            jobs_waiting=jobs.get(State.QUEUED, 0),
            jobs_running=jobs.get(State.RUNNING, 0),
            jobs_failed=jobs.get(State.FAILED, 0),
            last_backup_at=await asyncio.to_thread(last_backup, settings.data_dir),
        )

    def settings_in_force(self, principal: Principal) -> list[SettingReply]:
        """Raises Forbidden."""
        require(principal, Action.SERVER_MANAGE)
        return shown_settings(self.settings)

    async def _counts(self) -> tuple[dict[str, int], int, int]:
        async with self.database.read() as tx:
            jobs = await count_by_state(tx, (State.QUEUED, State.RUNNING, State.FAILED))
            waits, failed = mails.c.next_try_at.is_not(None), mails.c.failed_at.is_not(None)
            counts = [
                await tx.scalar(select(func.count()).select_from(mails).where(one)) for one in (waits, failed)
            ]
        return jobs, counts[0] or 0, counts[1] or 0

    def _doors(self) -> list[MediaDoor]:
        told = {
            (one.protocol.lower(), one.address, one.port)
            for worker in self.media.workers
            for one in worker.candidates
        }
        return [MediaDoor(protocol=name, address=address, port=port) for name, address, port in sorted(told)]


def _room_on_disk(folder: Path) -> tuple[int, int]:
    """Free bytes, and all; none of a folder that is away, of which the check says so."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return 0, 0
    return usage.free, usage.total
