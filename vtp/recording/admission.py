"""Who may have a recording's media: whoever has a grant that is still good, or a token and the right."""

from __future__ import annotations

from aiohttp import web

from vtp.accounts.permissions import Action
from vtp.accounts.routes import origin_of
from vtp.errors import Forbidden, NotFound, NotSignedIn
from vtp.http.client import Client
from vtp.http.identity import Principal, anybody
from vtp.http.keys import CLIENT
from vtp.http.routing import Call
from vtp.ids import parse_id
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, Grants, Scope, cookie_header
from vtp.recording.holders import Holders, holder_of, is_in_path, party_of, session_of, viewer_of, visit_after
from vtp.recording.seen import Seen
from vtp.recording.service import Recordings
from vtp.recording.viewers import Viewership

HOLDER = web.RequestKey("media_holder", str)
"""Who was let in, as grants name them."""
LINK_ENDS = web.RequestKey("media_link_ends", float)
"""When what let them in ends, of who came by a link."""


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

    async def holder(self, call: Call, recording_id: str, scope: Scope, link_to: str = "") -> str | None:
        """Who holds the caller's grant; None without one. Raises as `Holders.require` when all who hold what
        is offered have lost the right, unless a token says who calls.

        `link_to`: what a grant may be for instead of the recording, as `Grants` takes it. What the address
        says comes first: the cookie may be of who sat here before.
        """
        if "grant" in call.path:
            return await self._by_path(call, recording_id, scope)
        name = SECURE_NAME if is_secure(call) else PLAIN_NAME
        offered = (call.request.query.get("grant"), call.request.cookies.get(name))
        refusal: Forbidden | NotSignedIn | None = None
        for grant in filter(None, offered):
            holder = self._grants.check(grant, recording_id, scope)
            if holder is None and link_to:
                holder = self._grants.check(grant, link_to, scope)
            if holder is None or is_in_path(holder):
                continue
            try:
                await self._holders.require(holder, recording_id, scope, origin_of(call).ip)
            except (Forbidden, NotSignedIn) as error:
                refusal = refusal or error
                continue
            self._let_in(call, holder, grant)
            return holder
        if refusal is not None and call.principal_or_none is None:
            raise refusal
        return None

    async def _by_path(self, call: Call, recording_id: str, scope: Scope) -> str:
        """Who holds the grant in the address: nothing else counts there. Raises as `Holders.require`."""
        grant = call.path["grant"]
        holder = self._grants.check(grant, recording_id, scope)
        if holder is None or not is_in_path(holder):
            raise NotSignedIn("This address is not good any more: ask for another.", code="grant_ended")
        await self._holders.require(holder, recording_id, scope, origin_of(call).ip)
        self._let_in(call, holder, grant)
        return holder

    def _let_in(self, call: Call, holder: str, grant: str) -> None:
        call.request[HOLDER] = holder
        if viewer_of(holder).link_id is not None:
            call.request[LINK_ENDS] = self._grants.end_of(grant)

    async def require_still(self, call: Call, recording_id: str, scope: Scope) -> None:
        """Raises as `Holders.require` when who was let in before has lost the right: of answers that last.

        A link ends them when it ends itself, or the grant by which it was used.
        """
        holder = call.request.get(HOLDER)
        if holder is None:
            holder, ends_s = holder_of(call.principal), call.principal.expires_at_s
        else:
            ends_s = call.request.get(LINK_ENDS)
        if ends_s is not None and self._grants.is_over(ends_s):
            raise NotSignedIn("This link has ended: ask for another.", code="token_expired")
        await self._holders.require(holder, recording_id, scope, origin_of(call).ip)

    async def admit(self, call: Call) -> str:
        """The recording's id, when a grant or the caller's own rights open it.

        A caller with rights and no grant gets one, so that a player that sends tokens with the first request
        only can go on.
        """
        recording_id = parse_id(call.path["id"], "/path/id")
        if await self.holder(call, recording_id, Scope.PLAY) is None:
            principal, seen = await self.find_called(call)
            self.grant(call, principal, seen)
        return recording_id

    async def watch(self, call: Call) -> tuple[str, str]:
        """The same for who watches: the recording's id, and whose viewing it is.

        Raises Unavailable when it has all the viewers that it may have.
        """
        recording_id = await self.admit(call)
        holder, address = call.request[HOLDER], origin_of(call).ip
        session = session_of(holder, address)
        self.viewership.admit(recording_id, session, party_of(holder, address))
        return recording_id, session

    async def find_called(self, call: Call) -> tuple[Principal, Seen]:
        """As `find`, by what was called."""
        return await self.find(call.principal_or_none, call.path["id"], origin_of(call).ip)

    async def find(self, caller: Principal | None, recording_id: str, address: str) -> tuple[Principal, Seen]:
        """Who calls and the recording, by the caller's own rights; of who says nothing, by everybody's.

        Raises NotSignedIn for the latter where it is not public, or not there: nobody tries addresses out.
        """
        if caller is not None:
            return caller, await self._recordings.seen(caller, recording_id, address)
        try:
            return anybody(), await self._recordings.seen(anybody(), recording_id, address)
        except (Forbidden, NotFound):
            raise NotSignedIn() from None

    def grant_for(self, principal: Principal, seen: Seen, before: str | None = None) -> tuple[str, str]:
        """The grant for what their own rights open, and its holder; `before`: who held the one that it is
        to follow.
        """
        scope = Scope.DOWNLOAD if seen.may(Action.RECORDING_DOWNLOAD) else Scope.PLAY
        holder, latest_s = visit_after(principal, before), principal.expires_at_s
        return self._grants.make(seen.recording.id, scope, holder, latest_s=latest_s), holder

    def grant(self, call: Call, principal: Principal, seen: Seen) -> None:
        """Gives the caller that grant; where they have one already, they go on as the same viewer."""
        cookie = call.request.cookies.get(SECURE_NAME if is_secure(call) else PLAIN_NAME, "")
        before = self._grants.check(cookie, seen.recording.id, Scope.PLAY)
        grant, holder = self.grant_for(principal, seen, before)
        call.reply_headers["Set-Cookie"] = cookie_header(grant, seen.recording.id, secure=is_secure(call))
        call.request[HOLDER] = holder
