"""Links to recordings over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

from vtp.accounts.routes import origin_of
from vtp.http.pagination import PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.recording.access_entries import Did
from vtp.recording.access_log import AccessLog
from vtp.recording.grants import Grants
from vtp.recording.holders import holder_of_link_in_path
from vtp.recording.media_url_routes import media_url
from vtp.recording.service import Recordings
from vtp.recording.share_schemas import NewShare, SharePage, ShareRecording, ShareReply
from vtp.recording.shares import Shares
from vtp.rooms.link_routes import public_origin

BASE = "/api/v1/recordings/{id}"


def add_share_routes(
    table: RouteTable, recordings: Recordings, shares: Shares, log: AccessLog, grants: Grants
) -> None:
    """Declares making, listing and ending them."""

    @table.post(
        f"{BASE}/share",
        body=ShareRecording,
        reply=NewShare,
        status=201,
        summary="Make a link that opens a recording without an account; it is shown this once",
        errors=(403, 404, 409, 410),
    )
    async def share_recording(call: Call) -> NewShare:
        share, token = await shares.create(call.principal, call.path["id"], call.body, origin_of(call))
        recording = await recordings.get(call.principal, share.recording_id)
        log.note(recording.id, Did.SHARED, call.principal, origin_of(call), link_id=share.id)
        url = f"{public_origin(call)}/recordings/{share.recording_id}#share={token}"
        in_path = media_url(
            call, grants, recording.id, holder_of_link_in_path(share.id), share.expires_at.timestamp()
        )
        more = {"token": token, "share_link_token": token, "url": url, "media_url": in_path}
        return NewShare.of(share, recording, datetime.now(UTC), **more)

    @table.get(
        f"{BASE}/shares",
        query=PageQuery,
        reply=SharePage,
        summary="List the links to a recording, newest first",
        errors=(403, 404),
    )
    async def list_shares(call: Call) -> SharePage:
        query: PageQuery = call.query
        wanted = call.path["id"]
        found = await shares.page(call.principal, wanted, limit=query.limit + 1, before=query.id_position())
        page, next_cursor = query.cut(found)
        recording, now = await recordings.get(call.principal, wanted), datetime.now(UTC)
        items = [ShareReply.of(share, recording, now) for share in page]
        return SharePage(items=items, next_cursor=next_cursor)

    @table.delete(
        f"{BASE}/shares/{{share}}",
        reply=ShareReply,
        summary="End a link to a recording; who is watching by it is stopped",
        errors=(403, 404),
    )
    async def end_share(call: Call) -> ShareReply:
        share = await shares.revoke(call.principal, call.path["id"], call.path["share"], origin_of(call))
        recording = await recordings.get(call.principal, share.recording_id)
        return ShareReply.of(share, recording, datetime.now(UTC))
