"""An open room with real media objects and no network, and people who come into it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from vtp import _rtp_fast
from vtp.http.identity import Principal, Role
from vtp.ids import new_id
from vtp.media.capabilities import router_codecs
from vtp.media.certificates import Certificates
from vtp.media.ortc import generate_router_capabilities
from vtp.media.router import Router
from vtp.media.worker import MediaWorker
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant, join
from vtp.rooms.store import Room
from vtp.tasks import Tasks


@asynccontextmanager
async def open_room(**settings: Any) -> AsyncIterator[LiveRoom]:
    """A room on a worker that no thread turns."""
    worker = MediaWorker(_rtp_fast.Worker([], threaded=False), asyncio.get_running_loop(), threaded=False)
    tasks = Tasks()
    router = Router(worker, generate_router_capabilities(router_codecs()), Certificates(), tasks)
    room = Room(new_id(), "algebra", "Algebra", None, settings, datetime.now(UTC))
    yield LiveRoom(room, router)
    router.close()
    await tasks.close()
    worker.close()


def person(role: Role = Role.STUDENT, name: str = "Ada", user_id: str | None = None) -> Participant:
    """Somebody of a role, with an account of their own."""
    principal = Principal(
        user_id or new_id(), f"{name}@school.example", name, role, True, None, None, None, new_id(), new_id()
    )
    return join(principal, is_producer=True)
