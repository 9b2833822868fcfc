"""What `vtp serve` prints when it is up: where to open the browser, and what a first visitor must know."""

from __future__ import annotations

from urllib.parse import urlsplit

from vtp import __version__
from vtp.app import Server
from vtp.http.listening import reaches_beyond_this_machine
from vtp.http.own_urls import ELSEWHERE, own_urls
from vtp.media.addresses import AddressKind, kind_of


def greeting(server: Server) -> str:
    """The text, with a line break at its end."""
    lines = ["", f"  vtp {__version__} is running. Open it in a browser:", ""]
    lines += [f"    {label:<18} {url}" for label, url in _addresses(server)]
    lines += _about_certificate(server) + _about_setup(server) + _about_open_rooms(server)
    lines += _about_plain_http(server)
    return "\n".join([*lines, "", "  Ctrl+C ends it.", "", ""])


def media_warning(server: Server) -> str:
    """A sentence when people are expected from elsewhere and media has no address that they could reach."""
    public_url = server.services.settings.http.public_url
    expected = public_url and reaches_beyond_this_machine(urlsplit(public_url).hostname or "")
    told = {one.address for worker in server.services.media.workers for one in worker.candidates}
    if not expected or any(kind_of(address) is AddressKind.PUBLIC for address in told):
        return ""
    return (
        f"Clients are told to send sound and pictures to {', '.join(sorted(told))}, "
        "which the internet does not reach. If people come from there, forward the media port and set "
        "media.announced_addresses; "
        "`vtp doctor` says more."
    )


def _addresses(server: Server) -> list[tuple[str, str]]:
    return own_urls(server.services.settings, server.listening)


def _about_certificate(server: Server) -> list[str]:
    if server.tls is None or not server.tls.files.self_made:
        return []
    http = server.services.settings.http
    if http.tls == "acme":
        return [
            "",
            f"  A certificate for {', '.join(http.acme_hosts)} is ordered. Until it is here, browsers warn",
            "  of a self-made one. The log and `vtp doctor` say how it goes.",
        ]
    return [
        "",
        "  This server made its own certificate, so a browser warns at the first visit. Compare the SHA-256",
        "  fingerprint that the browser shows with this one, and go on only if they are the same:",
        "",
        f"    {server.tls.fingerprint}",
        "",
        "  A certificate that browsers know needs no such visit: http.tls in config/default.toml.",
    ]


def _about_plain_http(server: Server) -> list[str]:
    settings = server.services.settings
    if settings.http.tls != "off" or settings.http.public_url or settings.rooms.open:
        return []
    return [
        "",
        "  TLS is off. Browsers give camera and microphone to https pages and to localhost only: put a proxy",
        '  with TLS in front and set http.public_url and http.trusted_proxies, or use http.tls = "auto".',
    ]


def _about_setup(server: Server) -> list[str]:
    if server.setup_token is None:
        return []
    base = server.services.settings.http.public_url or f"http://localhost:{server.listening.http_port}"
    lines = ["", "  There is no administrator yet. Make the first one with this link; it works once:", ""]
    links = [base]
    remote = [url for label, url in _addresses(server) if label == ELSEWHERE and url != base]
    return lines + [f"    {url}/setup?token={server.setup_token}" for url in links + remote[:1]]


def _about_open_rooms(server: Server) -> list[str]:
    if not server.services.settings.rooms.open:
        return []
    return [
        "",
        "  Rooms are open: whoever uses this machine may make, enter and record them without signing in.",
    ]
