"""What the running server tells its operator over the control socket: for `vtp doctor`, which runs beside it.

Its rights, limits and addresses are its own, not those of the shell that asks.
"""

from __future__ import annotations

import hashlib
import os
import resource
from collections.abc import AsyncIterator
from typing import Any

from vtp import __version__
from vtp.http.listening import Listening
from vtp.kernel_buffers import granted_buffers
from vtp.media.plane import MediaPlane
from vtp.media.worker import MediaWorker
from vtp.settings import Settings
from vtp.signalling.connection_checks import ConnectionChecks

COUNTERS = ("send_denied", "send_dropped", "reads_late", "pictures_rested")


class OperatorFacts:
    """Answers the control command `facts`: a line for the server, one for each media worker, and an end."""

    def __init__(
        self, settings: Settings, listening: Listening, media: MediaPlane, checks: ConnectionChecks
    ) -> None:
        self._settings = settings
        self._listening = listening
        self._media = media
        self._checks = checks

    async def tell(self) -> AsyncIterator[dict[str, Any]]:
        """Yields the lines; a worker's has credentials of a transport that answers checks for a while."""
        yield {"server": self._server()}
        for worker in self._media.workers:
            if not worker.is_closed:
                yield {"worker": self._worker(worker)}
        yield {"end": True}

    def _server(self) -> dict[str, Any]:
        media = self._settings.media
        receive, send = granted_buffers(media.receive_buffer_bytes, media.send_buffer_bytes)
        return {
            "version": __version__,
            "pid": os.getpid(),
            "http_port": self._listening.http_port,
            "https_port": self._listening.https_port,
            "settings": settings_mark(self._settings),
            "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            "receive_buffer": receive,
            "send_buffer": send,
            "counters": {name: self._media.metrics()[name] for name in COUNTERS},
        }

    def _worker(self, worker: MediaWorker) -> dict[str, Any]:
        ice = self._checks.open_on(worker).ice_parameters
        return {
            "candidates": [[one.protocol, one.address, one.port] for one in worker.candidates],
            "ufrag": ice.username_fragment,
            "password": ice.password,
            "precedence": worker.thread.precedence.value if worker.thread is not None else "",
        }


def settings_mark(settings: Settings) -> str:
    """Differs where settings differ that `vtp doctor` judges by; tells none of them."""
    seen = settings.model_dump_json(include={"data_dir", "http", "media", "database", "storage", "recording"})
    return hashlib.sha256(seen.encode()).hexdigest()[:16]
