"""What an edge asks its origin: who may watch, of those who come without a grant, and all the time whether
those whom it answers still may. They are counted here, so that a stream's viewers are known, and bounded,
wherever they are answered.
"""

from __future__ import annotations

from vtp.accounts.audit import Origin
from vtp.errors import NotSignedIn, Unavailable, VtpError
from vtp.http.errors import STATUS_OF
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.ids import is_id
from vtp.recording.access_entries import Did
from vtp.recording.access_log import AccessLog
from vtp.recording.grants import Grants, Scope
from vtp.recording.holders import Holders, party_of, session_of
from vtp.recording.viewers import Viewership
from vtp.streaming.edge_entry import EdgeEntrance
from vtp.streaming.edge_schemas import (
    EDGES,
    EdgeEntry,
    EdgeGrant,
    EdgeReport,
    EdgeVerdict,
    Refusal,
    Watcher,
)

GOOD_FOR_S = 2.0


def build_routes(
    grants: Grants, holders: Holders, viewership: Viewership, log: AccessLog, entrance: EdgeEntrance
) -> RouteTable:
    """Declares `/api/v1/edges`."""
    table = RouteTable("edges", "Other processes that answer viewers: `vtp edge`.")

    @table.post(
        "/api/v1/edges/report",
        body=EdgeReport,
        reply=EdgeVerdict,
        access=Access.MEDIA,
        summary="Tell whom an edge answers, and hear who must not go on",
        errors=(401, 403),
    )
    async def report_watchers(call: Call) -> EdgeVerdict:
        report: EdgeReport = call.body
        _require_edge(report.edge)
        refused: list[Refusal] = []
        for index, watcher in enumerate(report.watchers):
            try:
                await _admit(watcher)
            except VtpError as error:
                refused.append(_refusal(index, error))
        return EdgeVerdict(good_for_seconds=GOOD_FOR_S, refused=refused)

    @table.post(
        "/api/v1/edges/grants",
        body=EdgeEntry,
        reply=EdgeGrant,
        access=Access.MEDIA,
        limit=Limit.PLAYBACK,
        summary="Get the grant of somebody who came to an edge with a token, or with nothing",
        description="`Authorization` is theirs. What they may not watch is refused as it is to them.",
        errors=(401, 403, 404, 410, 503),
    )
    async def give_grant(call: Call) -> EdgeGrant:
        entry: EdgeEntry = call.body
        _require_edge(entry.edge)
        grant = await entrance.grant(call.principal_or_none, entry.media_id, entry.address, entry.before)
        return EdgeGrant(grant=grant)

    def _require_edge(grant: str) -> None:
        if grants.check(grant, EDGES, Scope.PLAY) is None:
            raise NotSignedIn("This is no edge of this server: it needs the same media.key.", code="no_edge")

    async def _admit(watcher: Watcher) -> None:
        holder = grants.check(watcher.grant, watcher.media_id, Scope.PLAY)
        if holder is None:
            raise NotSignedIn("This grant is not good any more: load the page again.", code="grant_ended")
        await holders.require(holder, watcher.media_id, Scope.PLAY, watcher.address)
        session = session_of(holder, watcher.address)
        viewership.admit(watcher.media_id, session, party_of(holder, watcher.address))
        if is_id(watcher.media_id):  # a recording
            log.note(watcher.media_id, Did.OPENED, holder, Origin(watcher.address))
        for sent in watcher.sent:
            viewership.count(watcher.media_id, session, sent.track, sent.bytes, sent.segments)

    return table


def _refusal(index: int, error: VtpError) -> Refusal:
    status = next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), 403)
    retry = error.retry_after_s if isinstance(error, Unavailable) else None
    return Refusal(
        index=index, status=status, code=error.code, detail=error.detail, retry_after_seconds=retry
    )
