"""The MUSTs of RFC 8216bis and Apple's authoring specification for playlists in progress, checked one by one.

`Follower` keeps what it was served before: a playlist is right by itself, and as the next one of its kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
HALF_A_FRAME_S = 0.02


def attributes(line: str) -> dict[str, str]:
    """The attribute list of a tag."""
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}


@dataclass
class Part:
    """One EXT-X-PART."""

    uri: str
    duration_s: float
    independent: bool
    gap: bool


@dataclass
class Segment:
    """One segment; `uri` is empty while it is in work."""

    uri: str = ""
    duration_s: float = 0.0
    at: datetime | None = None
    discontinuity: bool = False
    gap: bool = False
    map: str = ""
    parts: list[Part] = field(default_factory=list)


@dataclass
class Playlist:
    """A media playlist, as far as the duties go."""

    headers: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    segments: list[Segment] = field(default_factory=list)
    working: Segment = field(default_factory=Segment)
    hint: str = ""
    reports: dict[str, tuple[int, int]] = field(default_factory=dict)
    ended: bool = False

    @property
    def control(self) -> dict[str, str]:
        """EXT-X-SERVER-CONTROL."""
        return attributes(":" + self.headers["#EXT-X-SERVER-CONTROL"])

    @property
    def target_s(self) -> int:
        """EXT-X-TARGETDURATION."""
        return int(self.headers["#EXT-X-TARGETDURATION"])

    @property
    def part_target_s(self) -> float:
        """PART-TARGET."""
        return float(attributes(":" + self.headers["#EXT-X-PART-INF"])["PART-TARGET"])


def read(text: str) -> Playlist:
    """Takes a media playlist apart; raises AssertionError for lines out of place."""
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U"
    playlist, segment, section = Playlist(), Segment(), ""
    for line in lines[1:]:
        tag, _, value = line.partition(":")
        assert not playlist.ended, "EXT-X-ENDLIST is followed by something"
        if not line.startswith("#"):
            segment.uri, segment.map = line, section
            playlist.segments.append(segment)
            segment = Segment()
        elif tag == "#EXTINF":
            segment.duration_s = float(value.rstrip(","))
        elif tag == "#EXT-X-PROGRAM-DATE-TIME":
            segment.at = datetime.fromisoformat(value)
        elif tag == "#EXT-X-DISCONTINUITY":
            segment.discontinuity = True
        elif tag == "#EXT-X-GAP":
            segment.gap = True
        elif tag == "#EXT-X-MAP":
            section = attributes(line)["URI"]
        elif tag == "#EXT-X-PART":
            found = attributes(line)
            independent, gap = found.get("INDEPENDENT") == "YES", found.get("GAP") == "YES"
            segment.parts.append(Part(found["URI"], float(found["DURATION"]), independent, gap))
        elif tag == "#EXT-X-PRELOAD-HINT":
            assert not playlist.hint and attributes(line)["TYPE"] == "PART"
            playlist.hint = attributes(line)["URI"]
        elif tag == "#EXT-X-RENDITION-REPORT":
            found = attributes(line)
            playlist.reports[found["URI"]] = (int(found["LAST-MSN"]), int(found.get("LAST-PART", -1)))
        elif tag == "#EXT-X-SKIP":
            playlist.skipped = int(attributes(line)["SKIPPED-SEGMENTS"])
        elif tag == "#EXT-X-ENDLIST":
            playlist.ended = True
        else:
            assert not playlist.segments and tag not in playlist.headers, f"{line} is out of place"
            playlist.headers[tag] = value
    segment.map = section
    playlist.working = segment
    return playlist


def check_alone(playlist: Playlist, *, slides: bool = False) -> None:
    """What holds of every playlist in progress by itself; `slides`: it is one of a window."""
    control, target_s, part_target_s = playlist.control, playlist.target_s, playlist.part_target_s
    assert int(playlist.headers["#EXT-X-VERSION"]) >= 9
    if not slides:
        assert playlist.headers["#EXT-X-MEDIA-SEQUENCE"] == "0"
        assert playlist.headers["#EXT-X-DISCONTINUITY-SEQUENCE"] == "0"
    assert playlist.headers.get("#EXT-X-PLAYLIST-TYPE") == (None if slides else "EVENT")
    assert "#EXT-X-INDEPENDENT-SEGMENTS" in playlist.headers
    assert control["CAN-BLOCK-RELOAD"] == "YES"
    assert float(control["CAN-SKIP-UNTIL"]) >= 6 * target_s
    assert float(control["HOLD-BACK"]) >= 3 * target_s
    assert float(control["PART-HOLD-BACK"]) >= 3 * part_target_s
    for segment in playlist.segments:
        assert round(segment.duration_s) <= target_s, segment
        assert segment.at is not None and (segment.map or segment.gap or playlist.skipped), segment
        if segment.parts:
            assert abs(sum(part.duration_s for part in segment.parts) - segment.duration_s) < 0.001, segment
            check_parts(segment.parts, part_target_s, is_whole=True)
    if playlist.working.parts:
        assert playlist.working.at is not None
        check_parts(playlist.working.parts, part_target_s, is_whole=False)
    left_s = sum(part.duration_s for part in playlist.working.parts)
    for segment in reversed(playlist.segments):
        assert not segment.parts or left_s <= 3 * target_s, "parts so old are listed no more"
        left_s += segment.duration_s
    assert not (playlist.ended and playlist.hint)
    if not playlist.hint and not playlist.ended:
        assert not playlist.working.parts, "within a segment the next part is promised"


def check_parts(parts: list[Part], target_s: float, *, is_whole: bool) -> None:
    """None is too long, and only those are short that may be."""
    for number, part in enumerate(parts):
        assert part.duration_s <= target_s + 0.00001, parts
        last = number + 1 == len(parts)
        before_gap = not last and parts[number + 1].gap
        may_be_short = part.independent or part.gap or before_gap or (last and is_whole)
        # Whether the last one so far is the segment's last, or before a gap, shows later.
        assert may_be_short or last or part.duration_s >= 0.85 * target_s, parts


class Follower:
    """One player's sequence of playlists of one track."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.last: Playlist | None = None
        self.part_uris: dict[str, Part] = {}

    def take(self, text: str) -> Playlist:
        """Checks the next playlist; raises AssertionError with what is wrong."""
        playlist = read(text)
        check_alone(playlist)
        before = self.last
        known = len(self.segments)
        assert playlist.skipped <= known, f"{playlist.skipped} segments are skipped, {known} are known"
        segments = [*self.segments[: playlist.skipped], *playlist.segments]
        if before is not None:
            constant = ("#EXT-X-TARGETDURATION", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF", "#EXT-X-VERSION")
            for tag in constant:
                assert playlist.headers[tag] == before.headers[tag], f"{tag} has changed"
            assert len(segments) >= len(self.segments), "something was taken away"
            self._compare(segments)
            promised = before.hint and not playlist.ended and playlist.hint != before.hint
            if promised and not self._has_ended(before, segments):
                listed = [part.uri for part in (*self._all_parts(segments), *playlist.working.parts)]
                assert before.hint in listed, f"{before.hint} was promised"
            for begun in (*segments, playlist.working):
                if begun.discontinuity and begun.parts and begun.parts[0].uri == before.hint:
                    raise AssertionError(f"{before.hint} was promised, which has another section")
        for part in (*self._all_parts(segments), *playlist.working.parts):
            assert self.part_uris.setdefault(part.uri, part) == part, f"{part.uri} has changed"
        self.segments, self.last = segments, playlist
        self._check_times()
        return playlist

    @staticmethod
    def _has_ended(before: Playlist, segments: list[Segment]) -> bool:
        """Whether the segment that was in work ended without the part that was promised."""
        number = before.skipped + len(before.segments)
        return number < len(segments) and len(segments[number].parts) <= len(before.working.parts)

    @staticmethod
    def _all_parts(segments: list[Segment]) -> list[Part]:
        return [part for segment in segments for part in segment.parts]

    def _compare(self, segments: list[Segment]) -> None:
        for old, new in zip(self.segments, segments, strict=False):
            assert (old.uri, old.duration_s, old.at, old.discontinuity, old.gap) == (
                new.uri,
                new.duration_s,
                new.at,
                new.discontinuity,
                new.gap,
            ), f"{new.uri} has changed"

    def _check_times(self) -> None:
        """EXT-X-PROGRAM-DATE-TIME and EXTINF say the same."""
        for one, following in zip(self.segments, self.segments[1:], strict=False):
            assert one.at is not None and following.at is not None, "a segment has no time"
            passed_s = (following.at - one.at).total_seconds()
            assert abs(passed_s - one.duration_s) < 0.002, (
                f"{one.uri} lasts {one.duration_s} s, the next begins {passed_s} s later"
            )


class WindowFollower:
    """One player's sequence of playlists of a track of which the newest stretch alone is listed."""

    def __init__(self) -> None:
        self.known: dict[int, Segment] = {}
        self.first = 0
        self.last: Playlist | None = None

    def take(self, text: str) -> Playlist:
        """Checks the next playlist; raises AssertionError with what is wrong."""
        playlist = read(text)
        check_alone(playlist, slides=True)
        first = int(playlist.headers["#EXT-X-MEDIA-SEQUENCE"])
        assert first >= self.first, "the window went back"
        assert not playlist.skipped or first + playlist.skipped - 1 in self.known, (
            "more is skipped than known"
        )
        for number, segment in enumerate(playlist.segments, first + playlist.skipped):
            old = self.known.setdefault(number, segment)
            assert (old.uri, old.duration_s, old.at, old.discontinuity) == (
                segment.uri,
                segment.duration_s,
                segment.at,
                segment.discontinuity,
            )
            if number > first + playlist.skipped or not playlist.skipped:
                assert segment.map or segment.gap, "no section is named for it"
        passed = sum(self.known[number].discontinuity for number in range(first))
        assert int(playlist.headers["#EXT-X-DISCONTINUITY-SEQUENCE"]) == passed
        self.first, self.last = first, playlist
        return playlist
