"""What several routes of accounts answer with: tokens, cookies; and where a call came from."""

from __future__ import annotations

from vtp.accounts.audit import Origin
from vtp.accounts.cookies import cookie_header, device_cookie_header, read_device_cookie
from vtp.accounts.devices import Devices
from vtp.accounts.refusals import origin_of_request
from vtp.accounts.schemas import LoginReply, ProfileReply
from vtp.accounts.service import SignedIn
from vtp.http.client import Client
from vtp.http.keys import CLIENT
from vtp.http.routing import Call


def client_of(call: Call) -> Client:
    """The other end of a call, seen through trusted proxies."""
    return call.request[CLIENT]


def origin_of(call: Call) -> Origin:
    """Where a call came from, for the audit log."""
    return origin_of_request(call.request)


def is_browser(call: Call) -> bool:
    """Browsers say `Sec-Fetch-Site` with every request."""
    return "Sec-Fetch-Site" in call.request.headers


def login_reply(
    call: Call, signed_in: SignedIn, devices: Devices, *, cookie_only: bool, device_token: str = ""
) -> LoginReply:
    """Browsers get the cookies as well; `cookie_only` leaves the refresh token out of the body.

    Others get the token of their device in the body, to send it with the next sign-in.
    """
    in_browser = cookie_only or is_browser(call)
    if in_browser:
        set_refresh_cookie(call, signed_in)
        remember_device(call, devices, signed_in.user.email)
    own = [] if in_browser else devices.remember(signed_in.user.email, [device_token])
    return LoginReply(
        access_token=signed_in.access_token,
        refresh_token=None if cookie_only else signed_in.refresh_token,
        device_token=own[0] if own else None,
        expires_in=signed_in.expires_in_s,
        session_ends_in=signed_in.ends_in_s,
        session_lasts=signed_in.lasts_s,
        user=ProfileReply.of(signed_in.user),
    )


def set_refresh_cookie(call: Call, signed_in: SignedIn) -> None:
    """Puts the refresh token into its cookie."""
    secure = client_of(call).secure
    call.reply_cookies.append(cookie_header(signed_in.refresh_token, signed_in.lasts_s, secure=secure))


def device_tokens(call: Call) -> list[str]:
    """What the browser's cookie says of accounts that it has signed in to."""
    return read_device_cookie(call.request, secure=client_of(call).secure)


def remember_device(call: Call, devices: Devices, email: str) -> None:
    """Lets a browser show later that it has signed in to this account."""
    tokens = devices.remember(email, device_tokens(call))
    call.reply_cookies.append(device_cookie_header(tokens, secure=client_of(call).secure))
