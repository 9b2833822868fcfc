"""Playlists and parts as they are sent past aiohttp (`vtp.http.express`), each made once for all who ask."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from vtp.http.express import Answer, ExpressRequest, Ready
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME
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


class ReadyMedia:
    """`route` is as it is declared. On the event loop, and it waits for nothing."""

    def __init__(self, route: str) -> None:
        self._route = route
        self._parts = KeptParts(MOST_KEPT_BYTES)
        self._playlists: OrderedDict[tuple[str, str, bool, bool], tuple[Rendered, Ready]] = OrderedDict()

    def playlist(self, view: RecordingView, media_id: str, track: str, request: ExpressRequest) -> Answer:
        """A track's playlist as it is wished for; None for a wish that is not of the usual form."""
        wish = wish_of(request.query)
        if wish is None:
            return None
        found = view.ready(track, wish)
        if not isinstance(found, Rendered):
            return found
        key = (media_id, track, wish.skip, request.asker.zipped)
        kept = self._playlists.get(key)
        if kept is None or kept[0] is not found:
            kept = self._playlists[key] = (found, self._ready(found, request.asker.zipped))
            if len(self._playlists) > PLAYLISTS_KEPT:
                self._playlists.popitem(last=False)
        return kept[1]

    def _ready(self, rendered: Rendered, zipped: bool) -> Ready:
        fields = fields_of(rendered, zipped, PLAYLIST_TYPE)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return Ready(self._route, lines.encode(), rendered.zipped if zipped else rendered.text)

    def part(
        self,
        view: RecordingView,
        media_id: str,
        file: Callable[[str, str], Path],
        track: str,
        msn: int,
        number: int,
    ) -> Answer:
        """A part; `file` says where a file of `media_id` lies."""
        key = (media_id, track, msn, number)
        kept = self._parts.get(key)
        if kept is not None:
            return kept
        found = view.ready_part(track, msn, number)
        if not isinstance(found, PartLine):
            return found
        path = file(media_id, f"{track}/{segment_name(msn)}")
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
        self._bytes += len(part.body)
        while self._bytes > self._most_bytes:
            _, oldest = self._parts.popitem(last=False)
            self._bytes -= len(oldest.body)
        return part


def offered_grant(request: ExpressRequest) -> str:
    """The one grant that a request's cookies offer; "" for none and for several."""
    name = SECURE_NAME if request.asker.client.secure else PLAIN_NAME
    named = (one.strip().partition("=") for one in request.asker.cookies.split(";"))
    offered = [value for key, _, value in named if key == name]
    return offered[0] if len(offered) == 1 else ""


def wish_of(query: str) -> Wish | None:
    """What a query wishes for; None for one that says more, or otherwise."""
    if not query:
        return Wish()
    said = _WISH.fullmatch(query)
    if said is None:
        return None
    return Wish(int(said[1]), int(said[2]) if said[2] else None, said[3] is not None)
