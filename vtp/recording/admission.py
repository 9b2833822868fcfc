"""Who may have a recording's media: whoever has a grant that is still good, or a token and the right."""

from __future__ import annotations

from vtp.accounts.routes import origin_of
from vtp.errors import Forbidden, NotSignedIn
from vtp.http.client import Client
from vtp.http.keys import CLIENT
from vtp.http.routing import Call
from vtp.ids import parse_id
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, Grants, Scope, cookie_header
from vtp.recording.holders import Holders, holder_of, session_of
from vtp.recording.service import Recordings
from vtp.recording.viewers import Viewership


def is_secure(call: Call) -> bool:
    """Whether the caller came by TLS."""
    client: Client = call.request[CLIENT]
    return client.secure


class Admission:
    """Asked by every media route before anything else."""

    def __init__(
        self, recordings: Recordings, grants: Grants, holders: Holders, viewership: Viewership
    ) -> None:
        self._recordings = recordings
        self._grants = grants
        self._holders = holders
        self.viewership = viewership

    async def holder(self, call: Call, recording_id: str, scope: Scope) -> str | None:
        """Who holds the caller's grant; None without one. Raises as `Holders.require` for one whose holder
        lost the right, unless a token says who calls.
        """
        name = SECURE_NAME if is_secure(call) else PLAIN_NAME
        offered = (call.request.cookies.get(name), call.request.query.get("grant"))
        held = [grant and self._grants.check(grant, recording_id, scope) for grant in offered]
        holder = next(filter(None, held), None)
        if holder is None:
            return None
        try:
            await self.require(holder, call, recording_id, scope)
        except (Forbidden, NotSignedIn):
            if call.principal_or_none is None:
                raise
            return None
        return holder

    async def require(self, holder: str, call: Call, recording_id: str, scope: Scope) -> None:
        """Raises as `Holders.require` when who holds a grant may not have this (any more)."""
        await self._holders.require(holder, recording_id, scope, origin_of(call).ip)

    async def admit(self, call: Call) -> str:
        """The recording's id, when a grant or the caller's own rights open it.

        A caller with rights and no grant gets one, so that a player that sends tokens with the first request
        only can go on.
        """
        return (await self._admitted(call))[0]

    async def watch(self, call: Call) -> tuple[str, str]:
        """The same for who watches: the recording's id, and whose viewing it is.

        Raises Unavailable when it has all the viewers that it may have.
        """
        recording_id, holder = await self._admitted(call)
        session = session_of(holder)
        self.viewership.admit(recording_id, session)
        return recording_id, session

    async def _admitted(self, call: Call) -> tuple[str, str]:
        recording_id = parse_id(call.path["id"], "/path/id")
        holder = await self.holder(call, recording_id, Scope.PLAY)
        return recording_id, await self._by_token(call, recording_id) if holder is None else holder

    async def _by_token(self, call: Call, recording_id: str) -> str:
        if call.principal_or_none is None:
            raise NotSignedIn()
        recording = await self._recordings.get(call.principal, recording_id, origin_of(call).ip)
        scope = Scope.DOWNLOAD if self._recordings.may_download(call.principal, recording) else Scope.PLAY
        latest_s = call.principal.expires_at_s
        holder = holder_of(call.principal)
        grant = self._grants.make(recording_id, scope, holder, latest_s=latest_s)
        call.reply_headers["Set-Cookie"] = cookie_header(grant, recording_id, secure=is_secure(call))
        return holder
