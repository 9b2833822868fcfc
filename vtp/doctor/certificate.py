"""The certificate of an https address: who it is for, until when, and whether browsers trust it."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.probes import one_line

SOON_DAYS = 14
LIMIT_S = 4.0
# Of X509_V_ERR_* in openssl/x509_vfy.h.
_EXPIRED, _NOT_YET, _SELF_SIGNED = 10, 9, 18
_NO_CHAIN = frozenset({2, 19, 20, 21})
_OTHER_NAME = frozenset({62, 64})


@dataclass(frozen=True, slots=True)
class Served:
    """What a TLS port showed. `fault` is OpenSSL's number for why it is not trusted, 0 when it is."""

    subject: str
    names: tuple[str, ...]
    not_after: dt.datetime
    fingerprint: str
    fault: int


async def read_certificate(url: str, ca_file: str | None = None) -> Served:
    """Connects twice: to judge as browsers do, and to read what is there. Raises OSError, TimeoutError."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    trusting = ssl.create_default_context(cafile=ca_file)
    fault = 0
    try:
        await _show(host, port, trusting)
    except ssl.SSLCertVerificationError as error:
        fault = error.verify_code
    anything = ssl.create_default_context()
    anything.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE
    return _read(await _show(host, port, anything), fault)


async def _show(host: str, port: int, context: ssl.SSLContext) -> bytes:
    async with asyncio.timeout(LIMIT_S):
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    tls = writer.get_extra_info("ssl_object")
    shown: bytes = tls.getpeercert(binary_form=True)
    writer.transport.abort()
    return shown


def _read(der: bytes, fault: int) -> Served:
    certificate = x509.load_der_x509_certificate(der)
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [
            *alternative.get_values_for_type(x509.DNSName),
            *map(str, alternative.get_values_for_type(x509.IPAddress)),
        ]
    except x509.ExtensionNotFound:
        names = []
    return Served(
        certificate.subject.rfc4514_string(),
        tuple(names),
        certificate.not_valid_after_utc,
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        fault,
    )


def judge_certificate(url: str, served: Served, now: dt.datetime, *, self_made: bool) -> Finding:
    """`self_made`: the server is set to make its own (`http.tls` = auto, or acme before the first)."""
    shown = f"Certificate of {url}"
    until = served.not_after.strftime("%d %B %Y")
    if served.fault == _EXPIRED or served.not_after <= now:
        return Finding(
            Topic.WEB,
            shown,
            State.WRONG,
            f"It ran out on {until}: browsers refuse the page, and with it camera and microphone.",
            "certbot renew (then copy the files as docs/operators.md has it); http.tls = acme: see the log",
        )
    if served.fault == _NOT_YET:
        return Finding(
            Topic.WEB,
            shown,
            State.WRONG,
            "It is not valid yet: a clock is wrong.",
            "timedatectl set-ntp true",
        )
    if served.fault in _OTHER_NAME:
        return Finding(
            Topic.WEB,
            shown,
            State.WRONG,
            f"It is for {', '.join(served.names) or served.subject}, not for this address: browsers refuse "
            f"the page.",
            f"certbot certonly -d {urlsplit(url).hostname}, or correct VTP_HTTP__PUBLIC_URL",
        )
    return _judge_trust(shown, served, now, until, self_made=self_made)


def _judge_trust(shown: str, served: Served, now: dt.datetime, until: str, *, self_made: bool) -> Finding:
    if served.fault == _SELF_SIGNED and self_made:
        return Finding(
            Topic.WEB,
            shown,
            State.NOTE,
            f"The server made it itself, so every browser warns at its first visit. SHA-256: "
            f"{served.fingerprint}",
            "For no warning: VTP_HTTP__TLS=acme with VTP_HTTP__PUBLIC_URL and VTP_HTTP__ACME_AGREE=true",
        )
    if served.fault in _NO_CHAIN or served.fault == _SELF_SIGNED:
        return Finding(
            Topic.WEB,
            shown,
            State.WRONG,
            "No authority that browsers know has signed it, or the file lacks the certificates between.",
            "Use certbot's fullchain.pem (not cert.pem) for VTP_HTTP__TLS_CERT, or in the proxy",
        )
    if served.fault:
        return Finding(
            Topic.WEB,
            shown,
            State.WRONG,
            f"Browsers do not trust it (OpenSSL's error {served.fault}).",
            f"openssl s_client -connect {urlsplit(shown.split()[-1]).netloc} shows why",
        )
    if served.not_after - now < dt.timedelta(days=SOON_DAYS):
        return Finding(
            Topic.WEB,
            shown,
            State.NOTE,
            f"It is good, but only until {until}: it should have been renewed by now.",
            "systemctl list-timers certbot.timer shows whether it is renewed; with http.tls = acme the log",
        )
    return Finding(Topic.WEB, shown, State.GOOD, f"Browsers trust it until {until}.")


def no_certificate(url: str, error: Exception) -> Finding:
    """Nothing that speaks TLS is there."""
    reason = "no answer in time" if isinstance(error, TimeoutError) else one_line(error)
    return Finding(
        Topic.WEB,
        f"Certificate of {url}",
        State.WRONG,
        f"The address cannot be opened from here ({reason}).",
        "Open its TCP port in the firewall, start the proxy or server, or correct VTP_HTTP__PUBLIC_URL",
    )
