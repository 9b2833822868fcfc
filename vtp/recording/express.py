"""Playlists and parts of recordings that are in memory, for who has a grant: what players at the live edge
ask for all the time. Whatever else they ask, `media_routes` answers.
"""

from __future__ import annotations

import re
from functools import partial

from vtp.http.express import Answer, Ask, Asker, Ready
from vtp.http.shown_path import MEDIA_BY_PATH
from vtp.recording.media_routes import BASE
from vtp.recording.passes import Passes
from vtp.recording.ready_media import FILE, Named, ReadyMedia, named
from vtp.recording.service import Recordings

PREFIX = "/api/v1/recordings/"
_PATH = re.compile(rf"/api/v1/recordings/()([0-9a-f-]{{36}})/stream/{FILE}")
_BY_PATH = re.compile(rf"{MEDIA_BY_PATH}([^/]{{1,512}})/([0-9a-f-]{{36}})/{FILE}")


class ExpressMedia:
    """`read` is a source of `vtp.http.express`; on the event loop, and it waits for nothing."""

    def __init__(self, recordings: Recordings, passes: Passes) -> None:
        self._recordings = recordings
        self._passes = passes
        self._media = ReadyMedia(f"{BASE}/stream/{{track}}/{{name}}", recordings.file)

    def read(self, path: str, query: str) -> Ask | None:
        """What has a playlist or part that is there, or soon; None for all else."""
        found = (_BY_PATH if path.startswith(MEDIA_BY_PATH) else _PATH).fullmatch(path)
        if found is None:
            return None
        grant, recording_id, track, playlist, msn, part = found.groups()
        name = named(track, playlist, msn, part, query)
        if name is None:
            return None
        return partial(self._answer, recording_id, grant, name, name.wish is None or query != "")

    def _answer(self, recording_id: str, grant: str, name: Named, follows: bool, asker: Asker) -> Answer:
        viewing = self._passes.find(asker, recording_id, grant)
        if viewing is None:
            return None
        playback = self._recordings.playback
        view = playback.followed(recording_id) if follows else None
        view = view or playback.view_in_memory(recording_id)
        if view is None:
            return None
        found = self._media.answer(view, recording_id, name, asker)
        if isinstance(found, Ready):
            viewing.count(name.track, found.size, int(name.wish is None))
        return found
