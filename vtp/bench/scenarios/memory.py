"""When a server's memory may be read: handshakes are forgotten, freed memory is given back."""

from __future__ import annotations

import asyncio
import time

from vtp.bench.sfu import Sfu
from vtp.bench.vtp_server import VtpServer

HANDSHAKES_FORGOTTEN_S = 12.0
"""After the last join: vtp keeps DTLS state for some seconds to repeat its last flight."""
_TRIM_MARGIN_S = 1.0


async def settled(sfu: Sfu, joined_s: float) -> None:
    """Waits until the joins that ended at `joined_s` (time.monotonic) have settled in the server's memory.

    For vtp that is its first `malloc_trim` after the handshakes were forgotten; a peer gets the same wait
    for its handshakes.
    """
    ready_s = joined_s + HANDSHAKES_FORGOTTEN_S
    if isinstance(sfu, VtpServer):
        ready_s = _next_trim_s(sfu.started_s, ready_s)
    await asyncio.sleep(max(0.0, ready_s - time.monotonic()))


def _next_trim_s(started_s: float, after_s: float) -> float:
    from vtp.media.plane import TRIM_INTERVAL_S  # here: it loads the whole media plane

    intervals = -(-(after_s - started_s) // TRIM_INTERVAL_S)
    return started_s + intervals * TRIM_INTERVAL_S + _TRIM_MARGIN_S
