"""The way to the mail server: reached, its certificate good, our name and password taken. Sends nothing."""

from __future__ import annotations

from vtp.doctor.finding import Finding, State, Topic
from vtp.mail.smtp import RefusedError, sign_in
from vtp.settings import MailSettings

LOOKED_AT = "Mail"


async def examine(settings: MailSettings) -> Finding:
    """Tries what every mail begins with."""
    if not settings.sends:
        return Finding(
            Topic.WEB,
            LOOKED_AT,
            State.NOTE,
            "No mail server is set: administrators hand on what the page Mails shows them.",
            "Set VTP_MAIL__HOST and VTP_MAIL__SENDER",
        )
    server = f"{settings.host}:{settings.port}"
    try:
        await sign_in(settings)
    except RefusedError as refusal:
        said = f"The mail server {server} cannot be used: {refusal.reason.rstrip('.')}."
        return Finding(Topic.WEB, LOOKED_AT, State.WRONG, said, "Correct the settings below VTP_MAIL__")
    return Finding(Topic.WEB, LOOKED_AT, State.GOOD, f"The mail server {server} answers and lets vtp in.")
