"""Playlists and parts of recordings that are in memory, for who has a grant: what players at the live edge
ask for all the time. Whatever else they ask, `media_routes` answers.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from vtp.http.express import Answer, ExpressRequest, Ready
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, Grants, Scope
from vtp.recording.holders import Holders
from vtp.recording.index import PartLine, segment_name
from vtp.recording.live_playlist import Rendered
from vtp.recording.media_routes import BASE, SEGMENT_TYPE
from vtp.recording.part_files import read_in_memory
from vtp.recording.playlist import PLAYLIST_TYPE
from vtp.recording.rendered_answer import NOT_KEPT, fields_of
from vtp.recording.service import Recordings
from vtp.recording.view import RecordingView
from vtp.recording.wish import Wish

PREFIX = "/api/v1/recordings/"
MOST_KEPT_BYTES = 32 * 1024 * 1024
PLAYLISTS_KEPT = 256
_PATH = re.compile(
    r"/api/v1/recordings/([0-9a-f-]{36})/stream/([a-z0-9]{1,16})/"
    r"(?:(playlist\.m3u8)|seg-(\d{5,9})\.(\d{1,6})\.m4s)"
)
_WISH = re.compile(
    r"_HLS_msn=(\d{1,9})(?:&_HLS_part=(\d{1,9}))?(&_HLS_skip=(?:YES|v2))?"
)  # as players write it
_ROUTE = f"{BASE}/stream/{{track}}/{{name}}"
_PART_FIELDS = f"Content-Type: {SEGMENT_TYPE}\r\nCache-Control: {NOT_KEPT}\r\n".encode()


class ExpressMedia:
    """A source of `vtp.http.express`; on the event loop, and it waits for nothing."""

    def __init__(self, recordings: Recordings, grants: Grants, holders: Holders) -> None:
        self._recordings = recordings
        self._grants = grants
        self._holders = holders
        self._parts = KeptParts(MOST_KEPT_BYTES)
        self._playlists: OrderedDict[tuple[str, str, bool, bool], tuple[Rendered, Ready]] = OrderedDict()

    def answer(self, request: ExpressRequest) -> Answer:
        """A playlist or part that is there, or soon; None for all else."""
        path = _PATH.fullmatch(request.path)
        if path is None or not self._is_admitted(request, path[1]):
            return None
        view = self._recordings.view_in_memory(path[1])
        if view is None or path[2] not in view.tracks:
            return None
        if path[3] is not None:
            return self._playlist(view, path[1], path[2], request)
        return None if request.query else self._part(view, path[1], path[2], int(path[4]), int(path[5]))

    def _is_admitted(self, request: ExpressRequest, recording_id: str) -> bool:
        """By a grant whose holder was asked for a moment ago."""
        name = SECURE_NAME if request.asker.client.secure else PLAIN_NAME
        offered = [value for key, value in _pairs(request.asker.cookies) if key == name]
        holder = self._grants.check(offered[0], recording_id, Scope.PLAY) if len(offered) == 1 else None
        return holder is not None and self._holders.is_known(
            holder, recording_id, Scope.PLAY, request.asker.client.address
        )

    def _playlist(
        self, view: RecordingView, recording_id: str, track: str, request: ExpressRequest
    ) -> Answer:
        wish = _wish_of(request.query)
        if wish is None:
            return None
        found = view.ready(track, wish)
        if not isinstance(found, Rendered):
            return found
        key = (recording_id, track, wish.skip, request.asker.zipped)
        kept = self._playlists.get(key)
        if kept is None or kept[0] is not found:
            kept = self._playlists[key] = (found, _ready(found, request.asker.zipped))
            if len(self._playlists) > PLAYLISTS_KEPT:
                self._playlists.popitem(last=False)
        return kept[1]

    def _part(self, view: RecordingView, recording_id: str, track: str, msn: int, number: int) -> Answer:
        key = (recording_id, track, msn, number)
        kept = self._parts.get(key)
        if kept is not None:
            return kept
        found = view.ready_part(track, msn, number)
        if not isinstance(found, PartLine):
            return found
        path = self._recordings.file(recording_id, f"{track}/{segment_name(msn)}")
        data = read_in_memory(path, found.offset, found.size)
        return None if data is None else self._parts.keep(key, Ready(_ROUTE, _PART_FIELDS, data))


class KeptParts:
    """Parts that were asked for last, up to so many bytes: a class asks for the same at the same time."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._parts: OrderedDict[tuple[str, str, int, int], Ready] = OrderedDict()

    def get(self, key: tuple[str, str, int, int]) -> Ready | None:
        """The part, if it is kept."""
        found = self._parts.get(key)
        if found is not None:
            self._parts.move_to_end(key)
        return found

    def keep(self, key: tuple[str, str, int, int], part: Ready) -> Ready:
        """Keeps it in place of those that nobody has asked for lately."""
        self._parts[key] = part
        self._bytes += len(part.body)
        while self._bytes > self._most_bytes:
            _, oldest = self._parts.popitem(last=False)
            self._bytes -= len(oldest.body)
        return part


def _ready(rendered: Rendered, zipped: bool) -> Ready:
    fields = fields_of(rendered, zipped, PLAYLIST_TYPE)
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return Ready(_ROUTE, lines.encode(), rendered.zipped if zipped else rendered.text)


def _pairs(cookies: str) -> list[tuple[str, str]]:
    named = (one.strip().partition("=") for one in cookies.split(";"))
    return [(name, value) for name, _, value in named]


def _wish_of(query: str) -> Wish | None:
    """What a query wishes for; None for one that says more, or otherwise."""
    if not query:
        return Wish()
    said = _WISH.fullmatch(query)
    if said is None:
        return None
    return Wish(int(said[1]), int(said[2]) if said[2] else None, said[3] is not None)
