"""The grant that somebody gets who comes to an edge with a token, or with nothing: the one that they would
get here.
"""

from __future__ import annotations

from vtp.errors import NotSignedIn
from vtp.http.identity import Principal
from vtp.recording.admission import Admission
from vtp.recording.grants import Grants, Scope
from vtp.recording.holders import visit_after
from vtp.streaming.service import Streams
from vtp.streaming.stream import LIVE


class EdgeEntrance:
    """Of recordings and of rooms' streams."""

    def __init__(self, admission: Admission, streams: Streams, grants: Grants) -> None:
        self._admission = admission
        self._streams = streams
        self._grants = grants

    async def grant(self, principal: Principal | None, media_id: str, address: str, before: str = "") -> str:
        """`before`: the grant that it is to follow, whose visit goes on if it is theirs.

        Raises NotFound, Forbidden, NotSignedIn when they may not watch it.
        """
        holder_before = self._grants.check(before, media_id, Scope.PLAY) if before else None
        if not media_id.startswith(LIVE):
            caller, seen = await self._admission.find(principal, media_id, address)
            return self._admission.grant_for(caller, seen, holder_before)[0]
        if principal is None:
            raise NotSignedIn()
        await self._streams.require_to_watch(principal, media_id.removeprefix(LIVE), address)
        holder = visit_after(principal, holder_before)
        return self._grants.make(media_id, Scope.PLAY, holder, latest_s=principal.expires_at_s)
