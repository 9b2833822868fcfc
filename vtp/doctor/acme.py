"""How the orders of a certificate by ACME went, as the server keeps it in the data folder."""

from __future__ import annotations

import datetime as dt
import os

from vtp.doctor.finding import Finding, State, Topic
from vtp.http.acme.folder import AcmeFolder, OrderState, StoredCertificate, covers
from vtp.http.acme.pace import renewal_due
from vtp.http.acme.wish import HTTP, TLS_ALPN, CertificateWish, wish_of
from vtp.http.tls import ACME_FOLDER
from vtp.settings import Settings

LOOKED_AT = "Certificate by ACME"
SOON = dt.timedelta(days=7)


def examine(settings: Settings, now: dt.datetime) -> Finding:
    """Reads the folder and judges it; changes nothing there."""
    folder = AcmeFolder(settings.data_dir / ACME_FOLDER)
    if folder.path.exists() and not os.access(folder.path, os.R_OK | os.X_OK):
        reason = f"{folder.path} is for the server's own user: run this as that user or as root."
        return Finding(Topic.WEB, LOOKED_AT, State.SKIPPED, reason)
    return judge_acme(wish_of(settings.http), folder.read_certificate(), folder.read_state(), now, settings)


def judge_acme(
    wish: CertificateWish,
    certificate: StoredCertificate | None,
    state: OrderState,
    now: dt.datetime,
    settings: Settings,
) -> Finding:
    """A failure is wrong when no good certificate is left, else worth knowing: there is time."""
    good = certificate is not None and covers(certificate, wish.names) and certificate.not_after > now
    if state.failures and state.mark == wish.mark:
        pressing = certificate is None or not good or certificate.not_after - now < SOON
        tries = "one order" if state.failures == 1 else f"{state.failures} orders in a row"
        return Finding(
            Topic.WEB,
            LOOKED_AT,
            State.WRONG if pressing else State.NOTE,
            f"{wish.authority} gave none for {tries}: {state.error} The next try is at "
            f"{state.next_at:%d %B %Y %H:%M} UTC.",
            f"Let {_way(wish, settings)}; then remove acme/state.json of the data folder and restart",
        )
    if certificate is None or not good:
        return Finding(
            Topic.WEB,
            LOOKED_AT,
            State.NOTE,
            f"None for {', '.join(wish.names)} is there yet: the server orders one when it has started.",
            f"Let {_way(wish, settings)}, and look at the log",
        )
    return Finding(
        Topic.WEB,
        LOOKED_AT,
        State.GOOD,
        f"{wish.authority} certified {', '.join(wish.names)} until {certificate.not_after:%d %B %Y}; it is "
        f"renewed from {renewal_due(certificate, None):%d %B %Y} on.",
    )


def _way(wish: CertificateWish, settings: Settings) -> str:
    """Which ports of the name must reach which of ours."""
    ways = {
        TLS_ALPN: f"port 443 of {wish.names[0]} reach port {settings.http.tls_port} (TCP) of this machine",
        HTTP: f"port 80 of {wish.names[0]} reach port {settings.http.port} (TCP) of this machine",
    }
    return " or ".join(ways[kind] for kind in wish.challenges)
