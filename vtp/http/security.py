"""What protects browsers: response headers, CORS by exact allow-list, refusal of foreign pages' requests.

Sources: OWASP ASVS 5.0 V3 (headers, 3.5 for cross-site requests), Fetch standard (CORS), W3C Fetch Metadata.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from vtp.errors import Forbidden
from vtp.http.client import Client
from vtp.http.shown_path import MEDIA_BY_PATH

# hls.js runs its transmuxer in a worker made from a blob and plays from blob URLs; nothing runs inline.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

# Everything that is no part of a page: opened by itself, it runs nothing, loads nothing and has no origin.
DATA_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "sandbox allow-downloads",
    )
)
PAGE_TYPES = frozenset({"text/html", "text/css", "text/javascript"})

FIXED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
}
HSTS = "max-age=31536000; includeSubDomains"  # ASVS 3.4.1: a year at least

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
EXPOSED_HEADERS = (
    "Accept-Patch, Accept-Post, Allow, Content-Disposition, ETag, Idempotency-Replayed, Link, Location, "
    "Retry-After, Vtp-Notice, WWW-Authenticate, X-Request-ID"
)
PREFLIGHT_MAX_AGE_S = 600
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Range, ETag, Retry-After, X-Request-ID",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Of what its address alone opens: no cookie vouches for it, so pages of other sites take nothing by it."""


class BrowserGuard:
    """Decides what foreign web pages may do; `origins` are the exact ones of `http.cors_origins`."""

    def __init__(self, origins: Sequence[str], public_url: str = "") -> None:
        self._origins = frozenset(origins)
        self._public_origin = public_url

    def add_headers(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        """Puts the security headers, and CORS headers for an allowed origin, on a response about to start."""
        headers.merge(_OF_PAGES if _is_of_page(headers) else _OF_DATA)  # but those that are there
        if request.path.startswith(MEDIA_BY_PATH):
            headers.update(OPEN_TO_ALL)
            return
        origin = request.headers.get("Origin", "").lower()
        if not origin:
            return
        _vary(headers, "Origin")
        if origin in self._origins:
            headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"

    def is_preflight(self, request: web.Request) -> bool:
        """Tells a CORS preflight from an OPTIONS request that a route answers itself."""
        return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers

    def answer_preflight(self, request: web.Request) -> web.Response:
        """Answers a preflight: yes for a listed origin, nothing (which browsers read as no) for others."""
        headers = {"Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
        by_path = request.path.startswith(MEDIA_BY_PATH)
        if by_path or request.headers.get("Origin", "").lower() in self._origins:
            methods = "GET, HEAD" if by_path else "GET, HEAD, POST, PUT, PATCH, DELETE"
            headers |= {
                "Access-Control-Allow-Methods": methods,
                "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", ""),
                "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE_S),
            }
        return web.Response(status=204, headers=headers)

    def refuse_foreign(self, request: web.Request, client: Client) -> None:
        """Raises Forbidden for an unsafe request that another site's page made in the caller's name.

        For requests that nothing but a cookie (or an open door) vouches for: `Sec-Fetch-Site` decides, or
        `Origin` where it is missing; a cookie with neither is refused too (OWASP, CSRF Prevention).
        """
        if request.method in SAFE_METHODS:
            return
        site = request.headers.get("Sec-Fetch-Site", "").lower()
        origin = request.headers.get("Origin", "").lower()
        if site in ("same-origin", "none") or origin in self._origins:
            return
        if not site and not origin and "Cookie" not in request.headers:
            return  # no browser: nothing in the request was added behind the caller's back
        if not site and origin in (client.origin, self._public_origin) and origin:
            return
        raise Forbidden(
            "This request comes from a page of another site; send it from this server's own pages, with an "
            "Authorization header, or list the site in http.cors_origins.",
            code="cross_site_request",
        )


_OF_PAGES: Final = CIMultiDict({**FIXED_HEADERS, "Content-Security-Policy": CONTENT_SECURITY_POLICY})
_OF_DATA: Final = CIMultiDict({**FIXED_HEADERS, "Content-Security-Policy": DATA_SECURITY_POLICY})


def _is_of_page(headers: CIMultiDict[str]) -> bool:
    kind = headers.get("Content-Type", "")
    return kind != "application/json" and kind.partition(";")[0].strip().lower() in PAGE_TYPES


def _vary(headers: MutableMapping[str, str], name: str) -> None:
    present = headers.get("Vary", "")
    if name.lower() not in present.lower():
        headers["Vary"] = f"{present}, {name}" if present else name
