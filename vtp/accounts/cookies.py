"""The refresh token's cookie: for browsers, out of the reach of scripts, and of other hosts.

`__Host-` on TLS: no other host of the same domain can set it, which is why its path must be `/`. A plain name
on localhost, where there is no TLS. OWASP ASVS 5.0, V3.3; RFC 6265bis.
"""

from aiohttp import web

SECURE_NAME = "__Host-vtp_refresh"
PLAIN_NAME = "vtp_refresh"


def read_cookie(request: web.Request, *, secure: bool) -> str | None:
    """The refresh token that the browser sent, if any.

    On TLS a plain cookie, which anybody in the network could have set over HTTP, is not looked at.
    """
    token = request.cookies.get(SECURE_NAME if secure else PLAIN_NAME)
    return token if token is None or token.isascii() else ""  # raw bytes: a token that nobody has


def cookie_header(token: str, max_age_s: int, *, secure: bool) -> str:
    """The `Set-Cookie` value that keeps a refresh token for as long as its session lives."""
    name, path, flag = (SECURE_NAME, "/", "; Secure") if secure else (PLAIN_NAME, "/api/v1/auth", "")
    return f"{name}={token}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{flag}"
