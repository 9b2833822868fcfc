"""Where a browser finds this server, by what it listens on."""

from __future__ import annotations

from vtp.http.listening import Listening, reaches_beyond_this_machine
from vtp.http.tls import own_addresses
from vtp.settings import Settings

HERE, ELSEWHERE = "on this machine", "from elsewhere"


def own_urls(settings: Settings, listening: Listening) -> list[tuple[str, str]]:
    """Pairs of `HERE` or `ELSEWHERE` and an origin, where `http.public_url` ranks above all others."""
    http = settings.http
    found = [(HERE, f"http://localhost:{listening.http_port}")]
    if http.public_url:
        found.append((ELSEWHERE, http.public_url))
    elif listening.https_port:
        found += [
            (ELSEWHERE, f"https://{_host(name)}:{listening.https_port}") for name in _reachable(http.host)
        ]
    elif not settings.rooms.open and reaches_beyond_this_machine(http.host):
        found += [
            (ELSEWHERE, f"http://{_host(name)}:{listening.http_port}") for name in _reachable(http.host)
        ]
    return found


def url_for_links(settings: Settings, listening: Listening) -> str:
    """The origin that links in mails begin with: the first one from elsewhere, or else this machine's."""
    return own_urls(settings, listening)[:2][-1][1]


def _reachable(host: str) -> list[str]:
    if host in ("", "*", "0.0.0.0", "::"):
        wanted = own_addresses()
        return [name for name in wanted if host != "0.0.0.0" or ":" not in name][:4]
    return [host]


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
