"""Puts refused calls into the audit log: who was refused what, and why (OWASP ASVS 5.0, 16.3.2)."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.errors import Forbidden, Unavailable
from vtp.http.client import Client
from vtp.http.keys import CLIENT, PRINCIPAL, REQUEST_ID
from vtp.http.shown_path import shown_path

logger = logging.getLogger(__name__)


def origin_of_request(request: web.Request) -> Origin:
    """Where a request came from, for the audit log."""
    client: Client = request[CLIENT]
    agent = request.headers.get("User-Agent", "")

    def is_gone() -> bool:
        return request.transport is None or request.transport.is_closing()

    return Origin(client.address, agent, request.get(REQUEST_ID, ""), is_gone)


def note_refusals(audit: AuditLog) -> Callable[[web.Request, str, Forbidden], Awaitable[None]]:
    """Makes the hook that HTTP's dispatcher calls for every 403."""

    async def note(request: web.Request, call: str, error: Forbidden) -> None:
        principal = request.get(PRINCIPAL)
        details = {"call": call, "code": error.code, "token_id": principal.token_id if principal else None}
        actor_id = principal.user_id if principal else None
        origin = origin_of_request(request)
        try:
            await audit.note_refused(
                Event.ACCESS_REFUSED, origin, actor_id=actor_id, subject=shown_path(request), details=details
            )
        except Unavailable:
            logger.warning("A refusal of %s could not be put into the audit log: no database.", call)

    return note
