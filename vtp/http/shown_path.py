"""A request's path as logs, problems and the audit log may show it: without the token that it may carry."""

import re

from aiohttp import web

SERVICE_TOKEN = "service_token"
"""The path's part that holds a service token."""

MEDIA_BY_PATH = "/media/t/"
"""Below it is media by a grant that is in the path, for players without cookies."""

_PLAIN, _WITH_TOKEN = "/sfu/", f"/sfu/t/{{{SERVICE_TOKEN}}}/"
_IN_PATH = re.compile(r"(/sfu/+t/+|/calendars/+feed/+|/notifications/+unsubscribe/+|/media/+t/+)[^/]+")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?")  # wherever somebody put one
HIDDEN = "[token]"


def path_with_token(path: str) -> str:
    """The route of a service's call for clients that send no headers."""
    return path.replace(_PLAIN, _WITH_TOKEN, 1)


def shown_path(request: web.Request) -> str:
    """The path, tokens hidden."""
    return without_token(request.path)


def without_token(path: str) -> str:
    """The same of a path."""
    return _JWT.sub(HIDDEN, _IN_PATH.sub(rf"\g<1>{HIDDEN}", path))
