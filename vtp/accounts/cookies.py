"""Cookies of accounts, for browsers: out of the reach of scripts. One holds the refresh token, the other the
tokens of a device that has signed in before.

On TLS the refresh token's is `__Host-`: no other host of the same domain can set it, which is why its path
must be `/`. The device's opens nothing and is large, so that it is sent to the sign-in addresses only. Plain
names on localhost, where there is no TLS. OWASP ASVS 5.0, V3.3; RFC 6265bis.
"""

from collections.abc import Sequence

from aiohttp import web

SIGN_IN_PATH = "/api/v1/auth"
SECURE_NAME = "__Host-vtp_refresh"
PLAIN_NAME = "vtp_refresh"
SECURE_DEVICE_NAME = "__Secure-vtp_device"
PLAIN_DEVICE_NAME = "vtp_device"
DEVICE_MAX_AGE_S = 34_560_000  # 400 days, the most that browsers keep one (RFC 6265bis)
_SEPARATOR = "~"


def read_cookie(request: web.Request, *, secure: bool) -> str | None:
    """The refresh token that the browser sent, if any.

    On TLS a plain cookie, which anybody in the network could have set over HTTP, is not looked at.
    """
    token = request.cookies.get(SECURE_NAME if secure else PLAIN_NAME)
    return token if token is None or token.isascii() else ""  # raw bytes: a token that nobody has


def cookie_header(token: str, max_age_s: int, *, secure: bool) -> str:
    """The `Set-Cookie` value that keeps a refresh token for as long as its session lives."""
    name, path, flag = (SECURE_NAME, "/", "; Secure") if secure else (PLAIN_NAME, SIGN_IN_PATH, "")
    return f"{name}={token}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{flag}"


def read_device_cookie(request: web.Request, *, secure: bool) -> list[str]:
    """The tokens of a device that has signed in before."""
    value = request.cookies.get(SECURE_DEVICE_NAME if secure else PLAIN_DEVICE_NAME, "")
    return [token for token in value.split(_SEPARATOR) if token]


def device_cookie_header(tokens: Sequence[str], *, secure: bool) -> str:
    """The `Set-Cookie` value that keeps them; they outlive sessions and signing out."""
    name, flag = (SECURE_DEVICE_NAME, "; Secure") if secure else (PLAIN_DEVICE_NAME, "")
    value = _SEPARATOR.join(tokens)
    return f"{name}={value}; Path={SIGN_IN_PATH}; Max-Age={DEVICE_MAX_AGE_S}; HttpOnly; SameSite=Strict{flag}"
