"""Playlists and parts of recordings that are in memory, for who has a grant: what players at the live edge
ask for all the time. Whatever else they ask, `media_routes` answers.
"""

from __future__ import annotations

import re

from vtp.http.express import Answer, ExpressRequest, Ready
from vtp.http.shown_path import MEDIA_BY_PATH
from vtp.recording.grants import Grants, Scope
from vtp.recording.holders import Holders, is_in_path, session_of
from vtp.recording.media_routes import BASE
from vtp.recording.ready_media import FILE, ReadyMedia, offered_grant
from vtp.recording.service import Recordings
from vtp.recording.viewers import Viewership

PREFIX = "/api/v1/recordings/"
_PATH = re.compile(rf"/api/v1/recordings/()([0-9a-f-]{{36}})/stream/{FILE}")
_BY_PATH = re.compile(rf"{MEDIA_BY_PATH}([^/]{{1,512}})/([0-9a-f-]{{36}})/{FILE}")


class ExpressMedia:
    """A source of `vtp.http.express`; on the event loop, and it waits for nothing."""

    def __init__(
        self, recordings: Recordings, grants: Grants, holders: Holders, viewership: Viewership
    ) -> None:
        self._recordings = recordings
        self._grants = grants
        self._holders = holders
        self._viewership = viewership
        self._media = ReadyMedia(f"{BASE}/stream/{{track}}/{{name}}")

    def answer(self, request: ExpressRequest) -> Answer:
        """A playlist or part that is there, or soon; None for all else."""
        by_path = request.path.startswith(MEDIA_BY_PATH)
        path = (_BY_PATH if by_path else _PATH).fullmatch(request.path)
        if path is None:
            return None
        grant, recording_id, track, playlist, msn, part = path.groups()
        session = self._session(request, recording_id, grant)
        if session is None:
            return None
        follows = playlist is None or request.query
        view = self._recordings.playback.followed(recording_id) if follows else None
        view = view or self._recordings.playback.view_in_memory(recording_id)
        if view is None or track not in view.tracks:
            return None
        if playlist is not None:
            found = self._media.playlist(view, recording_id, track, request)
        elif request.query:
            return None
        else:
            file = self._recordings.file
            found = self._media.part(view, recording_id, file, track, int(msn), int(part))
        if isinstance(found, Ready):
            self._viewership.count(recording_id, session, track, len(found.body), int(playlist is None))
        return found

    def _session(self, request: ExpressRequest, recording_id: str, in_path: str) -> str | None:
        """Whose viewing it is, by a grant whose holder was asked for a moment ago and watches already."""
        holder = self._grants.check(in_path or offered_grant(request), recording_id, Scope.PLAY)
        if (
            holder is None
            or is_in_path(holder) is not bool(in_path)
            or not self._holders.is_known(holder, recording_id, Scope.PLAY, request.asker.client.address)
        ):
            return None
        session = session_of(holder, request.asker.client.address)
        return session if self._viewership.goes_on(recording_id, session) else None
