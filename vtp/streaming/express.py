"""What players of a room's stream ask for all the time, past aiohttp; `live_routes` answers the rest."""

from __future__ import annotations

import re
from functools import partial

from vtp.http.express import Answer, Ask, Asker, Ready
from vtp.recording.passes import Passes
from vtp.recording.ready_media import FILE, Named, ReadyMedia, named
from vtp.streaming.live_routes import BASE
from vtp.streaming.service import Streams
from vtp.streaming.stream import live_id

PREFIX = "/live/"
_PATH = re.compile(rf"/live/([\w-]{{1,64}})/([0-9a-f-]{{36}})/{FILE}")


class ExpressLive:
    """`read` is a source of `vtp.http.express`; on the event loop, and it waits for nothing."""

    def __init__(self, streams: Streams, passes: Passes) -> None:
        self._streams = streams
        self._passes = passes
        self._media = ReadyMedia(f"{BASE}/{{source}}/{{track}}/{{name}}", streams.sources.file)

    def read(self, path: str, query: str) -> Ask | None:
        """What has a playlist or part that is there, or soon; None for all else."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        room, source, track, playlist, msn, part = found.groups()
        name = named(track, playlist, msn, part, query)
        if name is None:
            return None
        return partial(self._answer, room, source, name, name.wish is None or query != "")

    def _answer(self, room: str, source: str, name: Named, follows: bool, asker: Asker) -> Answer:
        stream = self._streams.known(room, source)
        viewing = self._passes.find(asker, live_id(room))
        if stream is None or viewing is None:
            return None
        view = self._streams.sources.view_in_memory(stream, source)
        if view is not None and follows:
            view = self._streams.sources.followed(source) or view
        if view is None:
            return None
        found = self._media.answer(view, source, name, asker)
        if isinstance(found, Ready):
            viewing.count(name.track, found.size, int(name.wish is None))
        return found
