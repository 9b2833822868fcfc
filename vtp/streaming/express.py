"""What players of a room's stream ask for all the time, past aiohttp; `live_routes` answers the rest."""

from __future__ import annotations

import re

from vtp.http.express import Answer, ExpressRequest, Ready
from vtp.recording.grants import Grants, Scope
from vtp.recording.holders import Holders, session_of
from vtp.recording.ready_media import FILE, ReadyMedia, offered_grant
from vtp.streaming.live_routes import BASE
from vtp.streaming.service import Streams
from vtp.streaming.stream import live_id

PREFIX = "/live/"
_PATH = re.compile(rf"/live/([\w-]{{1,64}})/([0-9a-f-]{{36}})/{FILE}")


class ExpressLive:
    """A source of `vtp.http.express`; on the event loop, and it waits for nothing."""

    def __init__(self, streams: Streams, grants: Grants, holders: Holders) -> None:
        self._streams = streams
        self._grants = grants
        self._holders = holders
        self._media = ReadyMedia(f"{BASE}/{{source}}/{{track}}/{{name}}")

    def answer(self, request: ExpressRequest) -> Answer:
        """A playlist or part that is there, or soon; None for all else."""
        path = _PATH.fullmatch(request.path)
        if path is None:
            return None
        room, source, track, playlist, msn, part = path.groups()
        stream = self._streams.known(room, source)
        session = self._session(request, live_id(room))
        if stream is None or session is None:
            return None
        follows = playlist is None or request.query
        view = self._streams.sources.view_in_memory(stream, source)
        if view is not None and follows:
            view = self._streams.sources.followed(source) or view
        if view is None or track not in view.tracks:
            return None
        if playlist is not None:
            found = self._media.playlist(view, source, track, request)
        elif request.query:
            return None
        else:
            found = self._media.part(view, source, self._streams.sources.file, track, int(msn), int(part))
        if isinstance(found, Ready):
            self._streams.sources.viewership.count(
                live_id(room), session, track, len(found.body), int(playlist is None)
            )
        return found

    def _session(self, request: ExpressRequest, media_id: str) -> str | None:
        """Whose viewing it is, by a grant whose holder was asked for a moment ago and watches already."""
        holder = self._grants.check(offered_grant(request), media_id, Scope.PLAY)
        if holder is None or not self._holders.is_known(
            holder, media_id, Scope.PLAY, request.asker.client.address
        ):
            return None
        session = session_of(holder)
        return session if self._streams.sources.viewership.goes_on(media_id, session) else None
