"""What time does to personal data: old sessions, old entries of the audit log and emptied accounts go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from vtp.accounts.audit_trail import AuditTrail, kept_since
from vtp.accounts.service import AccountService, Clock, utc_now
from vtp.errors import Unavailable
from vtp.personal.erasure import Erasure

logger = logging.getLogger(__name__)

FIRST_S: Final = 5.0  # after a start: whoever comes back to a server that was down is served before
PERIOD_S: Final = 3600.0


class Upkeep:
    """`run` for ever, once; `keep_days` of the audit log, 0 for all of it; `trims`: other logs' own."""

    def __init__(
        self,
        accounts: AccountService,
        trail: AuditTrail,
        erasure: Erasure,
        keep_days: int,
        trims: Sequence[Callable[[], Awaitable[object]]] = (),
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._accounts = accounts
        self._trail = trail
        self._erasure = erasure
        self._keep_days = keep_days
        self._trims = tuple(trims)
        self._clock = clock

    async def run(self) -> None:
        """Once a little after the start, then every hour."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await self.once()
            except Unavailable:
                logger.warning("Old personal data could not be removed: the database does not answer.")
            except Exception:  # erased people's traces are looked for again, whatever it was
                logger.exception("Old personal data could not be removed.")
            await asyncio.sleep(PERIOD_S)

    async def once(self) -> None:
        """Removes what is too old, and what was written of erased people meanwhile."""
        await self._accounts.forget_over()
        before = kept_since(self._clock(), self._keep_days)
        if before is not None:
            await self._trail.trim(before)
        unavailable = await self._trim()
        await self._erasure.sweep()
        await self._erasure.purge()
        if unavailable is not None:
            raise unavailable

    async def _trim(self) -> Unavailable | None:
        """One that fails keeps neither the others nor erasure from their work."""
        unavailable = None
        for trim in self._trims:
            try:
                await trim()
            except Unavailable as error:
                unavailable = error
            except Exception:
                logger.exception("What is old could not be looked after by %s.", trim)
        return unavailable
