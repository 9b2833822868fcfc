"""What of a representation a request wants: conditions and one byte range (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web

from vtp.errors import PreconditionFailed
from vtp.http.etags import is_current, matches_none

_RANGE = re.compile(r"bytes=\s*(?:(\d+)-(\d*)|-(\d+))\s*\Z", re.ASCII)
_DIGITS = 18  # more than any file has


@dataclass(frozen=True, slots=True)
class Wanted:
    """The bytes from `start` to before `end`, to be answered with `status`: 200, 206, 304 or 416."""

    status: int
    start: int
    end: int


def wanted_of(request: web.Request, etag: str, size: int) -> Wanted:
    """Reads the conditions and the range of a GET or HEAD.

    Several ranges, and what is none, are answered with everything, as is a range whose `If-Range` names
    another version. Raises PreconditionFailed when `If-Match` does.
    """
    if not is_current(request, etag):
        raise PreconditionFailed("It is another version now: begin again without If-Match.")
    if matches_none(request, etag):
        return Wanted(304, 0, 0)
    text = request.headers.get("Range", "")
    match = _RANGE.match(text)
    if (
        request.method != "GET"
        or match is None
        or len(text) > 3 * _DIGITS
        or request.headers.get("If-Range", etag) != etag
    ):
        return Wanted(200, 0, size)
    return _range(match, size)


def _range(match: re.Match[str], size: int) -> Wanted:
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(size - int(suffix), 0), size
    else:
        start = int(first)
        if last and int(last) < start:
            return Wanted(200, 0, size)  # no range at all, section 14.1.1
        end = min(int(last) + 1, size) if last else size
    if start >= size:
        return Wanted(416, 0, 0)
    return Wanted(206, start, end)
