"""What players of a room's stream fetch: `/live/{room}/master.m3u8`, and what that lists.

Playlists and segments lie below the id of their source, so that a stream which goes on from another source
(the class is recorded from now on) is another address: what was told of the old one stays true.
"""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from vtp.accounts.routes import origin_of
from vtp.errors import Forbidden, NotSignedIn, Unavailable
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.recording.admission import is_secure
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, Grants, Scope, cookie_below
from vtp.recording.holders import Holders, is_of, party_of, session_of, visit_after
from vtp.recording.media_routes import MASTER_NAME, no_such_track, sent_size, track_file
from vtp.recording.playlist import PLAYLIST_TYPE
from vtp.recording.ready_media import SEGMENT_TYPE
from vtp.recording.rendered_answer import answer
from vtp.recording.schemas import FollowQuery
from vtp.streaming.service import Streams
from vtp.streaming.stream import live_id

BASE = "/live/{room}"
_ERRORS = (400, 401, 403, 404, 410, 503)


def build_routes(streams: Streams, grants: Grants, holders: Holders) -> RouteTable:
    """Declares everything under `/live`."""
    table = RouteTable("live", "What players of a room's live stream fetch.")
    options = {"access": Access.MEDIA, "limit": Limit.PLAYBACK, "errors": _ERRORS}
    live = LiveRoutes(streams, grants, holders)
    table.get(
        f"{BASE}/{MASTER_NAME}",
        summary="Fetch the multivariant playlist of a room's live stream",
        description="The answer's cookie opens what it lists. `?grant=` may be that of a joined viewer.",
        reply_types=(PLAYLIST_TYPE,),
        also=(304,),
        **options,
    )(live.get_live_master)
    table.get(
        f"{BASE}/{{source}}/{{track}}/{{name}}",
        summary="Fetch a playlist or a file of a room's live stream",
        query=FollowQuery,
        reply_types=(PLAYLIST_TYPE, SEGMENT_TYPE, "video/mp4"),
        also=(206, 304, 412, 416),
        **options,
    )(live.get_live_file)
    return table


class LiveRoutes:
    """The handlers; each first asks whether this caller may follow this room's class."""

    def __init__(self, streams: Streams, grants: Grants, holders: Holders) -> None:
        self._streams = streams
        self._grants = grants
        self._holders = holders

    async def get_live_master(self, call: Call) -> web.StreamResponse:
        """The renditions of the stream as it is now."""
        session = await self._watch(call, renews=True)
        stream = await self._streams.of_room(call.path["room"])
        view = await self._streams.sources.view(stream, stream.source)
        self._streams.sources.viewership.admit(
            live_id(call.path["room"]), session, party_of(session, origin_of(call).ip)
        )
        return answer(call, view.multivariant(f"{stream.source}/"), PLAYLIST_TYPE)

    async def get_live_file(self, call: Call) -> web.StreamResponse:
        """A track's playlist, a segment, a part, or an initialization section."""
        session = await self._watch(call)
        room, source, track, name = (call.path[key] for key in ("room", "source", "track", "name"))
        stream = self._streams.known(room, source) or await self._streams.of_room(room)
        view = await self._streams.sources.view(stream, source)
        if track not in view.tracks:  # of a recording that has just ended there are participants', too
            raise no_such_track()
        media_id = live_id(room)
        self._streams.sources.viewership.admit(media_id, session, party_of(session, origin_of(call).ip))
        found = await track_file(call, source, view, self._streams.sources, track)
        size, segments = sent_size(view, track, name, found)
        self._streams.sources.viewership.count(media_id, session, track, size, segments)
        return found

    async def _watch(self, call: Call, *, renews: bool = False) -> str:
        """Whose viewing it is: by a grant, or by the caller's own right, for which they get a grant.

        What the address says comes first: the cookie may be of who sat here before. `renews`: whose grant is
        worn gets another by their own right, if they say that it is theirs; while that cannot be asked about
        they go on by theirs.
        """
        room = call.path["room"]
        name = SECURE_NAME if is_secure(call) else PLAIN_NAME
        cookie, query = call.request.cookies.get(name), call.request.query.get("grant")
        refusal: Forbidden | NotSignedIn | None = None
        for grant in filter(None, (query, cookie)):
            holder = self._grants.check(grant, live_id(room), Scope.PLAY)
            if holder is None:
                continue
            try:
                await self._holders.require(holder, live_id(room), Scope.PLAY, origin_of(call).ip)
            except (Forbidden, NotSignedIn) as error:
                refusal = refusal or error
                continue
            if renews and self._is_worn(call, grant, holder):
                with suppress(Unavailable):  # theirs is good still
                    return await self._by_right(call, holder)
            if grant != cookie:
                self._give(call, grant)
            return session_of(holder)
        if refusal is not None and call.principal_or_none is None:
            raise refusal
        return await self._by_right(call)

    def _is_worn(self, call: Call, grant: str, holder: str) -> bool:
        """Whether the caller says that it is theirs, and another would last longer."""
        caller = call.principal_or_none
        return (
            caller is not None and is_of(holder, caller) and self._grants.is_worn(grant, caller.expires_at_s)
        )

    async def _by_right(self, call: Call, before: str | None = None) -> str:
        """`before`: who held the grant that theirs is to follow."""
        room, principal = call.path["room"], call.principal
        await self._streams.require_to_watch(principal, room, origin_of(call).ip)
        holder = visit_after(principal, before)
        latest_s = principal.expires_at_s
        self._give(call, self._grants.make(live_id(room), Scope.PLAY, holder, latest_s=latest_s))
        return session_of(holder)

    def _give(self, call: Call, grant: str) -> None:
        header = cookie_below(f"/live/{call.path['room']}", grant, secure=is_secure(call))
        call.reply_headers["Set-Cookie"] = header
