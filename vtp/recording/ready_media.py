"""Playlists and parts as they are sent past aiohttp (`vtp.http.express`), each made once for all who ask."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from vtp.http.express import Answer, Asker, Ready
from vtp.recording.index import PartLine, segment_name
from vtp.recording.live_playlist import Rendered
from vtp.recording.part_files import read_in_memory
from vtp.recording.playlist import PLAYLIST_TYPE
from vtp.recording.rendered_answer import NOT_KEPT, fields_of
from vtp.recording.view import RecordingView
from vtp.recording.wish import Wish

SEGMENT_TYPE = "video/iso.segment"
MOST_KEPT_BYTES = 32 * 1024 * 1024
PLAYLISTS_KEPT = 256
FILE = r"([a-z0-9-]{1,16})/(?:(playlist\.m3u8)|seg-(\d{5,9})\.(\d{1,6})\.m4s)"
"""A track, and its playlist or a part: what is asked for all the time."""
_WISH = re.compile(
    r"_HLS_msn=(\d{1,9})(?:&_HLS_part=(\d{1,9}))?(&_HLS_skip=(?:YES|v2))?"
)  # as players write it
_PART_FIELDS = f"Content-Type: {SEGMENT_TYPE}\r\nCache-Control: {NOT_KEPT}\r\n".encode()


class Named(NamedTuple):
    """A track's playlist as it is wished for, or (with no wish) one of its parts."""

    track: str
    wish: Wish | None
    msn: int
    part: int


def named(track: str, playlist: str | None, msn: str | None, part: str | None, query: str) -> Named | None:
    """What FILE and a query name; None for what is not of the usual form."""
    if playlist is None:
        return None if query or msn is None or part is None else Named(track, None, int(msn), int(part))
    wish = wish_of(query)
    return None if wish is None else Named(track, wish, 0, 0)


class ReadyMedia:
    """`route` is as it is declared, `file` says where a file of some media lies. On the event loop, and it
    waits for nothing.
    """

    def __init__(self, route: str, file: Callable[[str, str], Path]) -> None:
        self._route = route
        self._file = file
        self._parts = KeptParts(MOST_KEPT_BYTES)
        self._playlists: OrderedDict[tuple[str, str, bool, bool], tuple[Rendered, Ready]] = OrderedDict()

    def answer(self, view: RecordingView, media_id: str, name: Named, asker: Asker) -> Answer:
        """What is there, or soon."""
        if name.track not in view.tracks:
            return None
        if name.wish is None:
            return self._part(view, media_id, name)
        return self._playlist(view, media_id, name.track, name.wish, asker.zipped)

    def _playlist(self, view: RecordingView, media_id: str, track: str, wish: Wish, zipped: bool) -> Answer:
        found = view.ready(track, wish)
        if not isinstance(found, Rendered):
            return found
        key = (media_id, track, wish.skip, zipped)
        kept = self._playlists.get(key)
        if kept is None or kept[0] is not found:
            kept = self._playlists[key] = (found, self._ready(found, zipped))
            if len(self._playlists) > PLAYLISTS_KEPT:
                self._playlists.popitem(last=False)
        return kept[1]

    def _ready(self, rendered: Rendered, zipped: bool) -> Ready:
        fields = fields_of(rendered, zipped, PLAYLIST_TYPE)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return Ready(self._route, lines.encode(), rendered.zipped if zipped else rendered.text)

    def _part(self, view: RecordingView, media_id: str, name: Named) -> Answer:
        key = (media_id, name.track, name.msn, name.part)
        kept = self._parts.get(key)
        if kept is not None:
            return kept
        found = view.ready_part(name.track, name.msn, name.part)
        if not isinstance(found, PartLine):
            return found
        path = self._file(media_id, f"{name.track}/{segment_name(name.msn)}")
        data = read_in_memory(path, found.offset, found.size)
        return None if data is None else self._parts.keep(key, Ready(self._route, _PART_FIELDS, data))


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
        self._bytes += part.size
        while self._bytes > self._most_bytes:
            _, oldest = self._parts.popitem(last=False)
            self._bytes -= oldest.size
        return part


def wish_of(query: str) -> Wish | None:
    """What a query wishes for; None for one that says more, or otherwise."""
    if not query:
        return Wish()
    said = _WISH.fullmatch(query)
    if said is None:
        return None
    return Wish(int(said[1]), int(said[2]) if said[2] else None, said[3] is not None)
