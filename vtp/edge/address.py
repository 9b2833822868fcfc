"""What a path means to an edge: whose media it is, which track's, and for how long it may be kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from vtp.http.shown_path import MEDIA_BY_PATH
from vtp.recording.dash import CLOCK_NAME
from vtp.recording.manifest import PERSON_TRACK
from vtp.recording.playlist import PLAYLIST_NAME
from vtp.streaming.stream import live_id

PREFIXES = ("/live/", "/api/v1/recordings/", MEDIA_BY_PATH)
ROUTES = (
    "/live/{room}/{tail:.+}",
    "/api/v1/recordings/{id}/stream/{tail:.+}",
    MEDIA_BY_PATH + "{grant}/{id}/{tail:.+}",
)
_NAME = r"[\w-][\w.-]{0,63}"
_TRACK = r"[a-z0-9-]{1,16}"
_LIVE = re.compile(rf"(/live/([\w-]{{1,64}}))/(?:master\.m3u8|[0-9a-f-]{{36}}/({_TRACK})/{_NAME})", re.ASCII)
_RECORDED = re.compile(
    r"(/api/v1/recordings/([0-9a-f-]{36}))/stream/"
    rf"(?:captions/[A-Za-z0-9-]{{2,35}}/|({_TRACK})/)?{_NAME}",
    re.ASCII,
)
_BY_PATH = re.compile(rf"{MEDIA_BY_PATH}([^/]{{1,512}})/([0-9a-f-]{{36}}/.+)")


@dataclass(frozen=True, slots=True)
class Address:
    """What a path means: what it is of, below which path its grants are good, and the track ("").

    `path` is where the origin has it, whoever asks; `grant` what the address itself holds (""), which nobody
    is asked for and nothing is kept by.
    """

    path: str
    media_id: str
    folder: str
    track: str
    grant: str = ""

    @classmethod
    def of(cls, path: str) -> Address | None:
        """None for what an edge does not have."""
        if found := _BY_PATH.fullmatch(path):
            recording_id, _, name = found[2].partition("/")
            plain = cls.of(f"/api/v1/recordings/{recording_id}/stream/{name}")
            return None if plain is None else replace(plain, grant=found[1])
        if found := _LIVE.fullmatch(path):
            return cls(path, live_id(found[2]), found[1], found[3] or "")
        if found := _RECORDED.fullmatch(path):
            return cls(path, found[2], found[1], found[3] or "")
        return None

    @property
    def route(self) -> str:
        """Under which the metrics count it."""
        if self.grant:
            return ROUTES[2]
        return ROUTES[0] if self.path.startswith("/live/") else ROUTES[1]

    @property
    def is_of_person(self) -> bool:
        """Whether it is a participant's track, which not everybody has who may have the program."""
        return PERSON_TRACK.fullmatch(self.track) is not None


def takes_wishes(path: str) -> bool:
    """Whether directives of low-latency players mean anything for what is there."""
    return path.endswith(f"/{PLAYLIST_NAME}")


def is_file(path: str) -> bool:
    """Whether what has this address never changes: segments, parts, initialization sections."""
    return path.endswith((".m4s", ".mp4"))


def is_clock(path: str) -> bool:
    """Whether it says what time it is, which is true at one moment only."""
    return path.endswith(f"/stream/{CLOCK_NAME}")
