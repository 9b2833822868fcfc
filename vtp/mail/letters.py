"""The texts of all mails.

No name goes in that a stranger chose: registering with somebody else's address must not carry words there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from vtp.mail.outbox import Mail, MailKind

NOTICE_TTL = timedelta(days=3)
TEST_TTL = timedelta(hours=1)
_AUTOMATIC = "This mail was written by a program; nobody reads answers to it."


def verify_email(to: str, user_id: str, link: str, ttl: timedelta) -> Mail:
    """Asks who has registered to confirm the address."""
    text = _letter(
        "an account was made with this address. Confirm that the address is yours:",
        link,
        f"The link works once, for {_span(ttl)}. If it was not you, do nothing: without it the account stays "
        "closed.",
    )
    return Mail(MailKind.VERIFY_EMAIL, to, "Confirm your address", text, user_id, ttl)


def change_email(to: str, user_id: str, link: str, ttl: timedelta) -> Mail:
    """Asks to confirm an account's new address."""
    text = _letter(
        "somebody who is signed in wants to use this address for their account. Confirm it:",
        link,
        f"The link works once, for {_span(ttl)}. If it was not you, do nothing: the account keeps its old "
        "address.",
    )
    return Mail(MailKind.CHANGE_EMAIL, to, "Confirm your new address", text, user_id, ttl)


def reset_password(to: str, user_id: str, link: str, ttl: timedelta) -> Mail:
    """Lets who forgot their password choose another."""
    text = _letter(
        "somebody asked to choose a new password for your account. If it was you, choose it here:",
        link,
        f"The link works once, for {_span(ttl)}. If it was not you, do nothing: your password stays.",
    )
    return Mail(MailKind.RESET_PASSWORD, to, "Choose a new password", text, user_id, ttl)


def address_in_use(to: str, user_id: str, link: str) -> Mail:
    """Tells who has an account that somebody wanted to use its address for another one."""
    text = _letter(
        "somebody wanted to use this address for another account, but it belongs to yours, so nothing was "
        "changed. Your account is here:",
        link,
        "There is nothing to do.",
    )
    return Mail(MailKind.NOTICE, to, "This address belongs to your account", text, user_id, NOTICE_TTL)


def invitation(to: str, inviter: str, role: str, link: str, ttl: timedelta) -> Mail:
    """Invites somebody to make an account."""
    text = _letter(
        f"{_one_line(inviter)} invites you here as {role}. Choose a password to make your account:",
        link,
        f"The link works once, for {_span(ttl)}.",
    )
    return Mail(MailKind.INVITATION, to, "You are invited", text, None, ttl)


def notice(
    to: str, user_id: str, subject: str, what: str, *, at: datetime, ip: str = "", device: str = "", link: str
) -> Mail:
    """Tells somebody what happened to their account: `what` is a sentence, `link` leads to their settings."""
    facts = [f"When: {at.strftime('%Y-%m-%d %H:%M')} UTC"]
    facts += [f"Network address: {_one_line(ip)}"] if ip else []
    facts += [f"Device: {_one_line(device)}"] if device else []
    text = _letter(
        f"{what}\n\n"
        + "\n".join(facts)
        + "\n\nIf it was not you, change your password and end all sessions:",
        link,
        "If you cannot sign in, choose a new password with “Forgot your password?”, or ask an administrator.",
    )
    return Mail(MailKind.NOTICE, to, subject, text, user_id, NOTICE_TTL)


def lessons_letter(code: str, course: str, lines: Sequence[str], link: str) -> tuple[str, str]:
    """Subject and text for who takes part in a course: what becomes of its live lessons."""
    subject = _one_line(f"{code}: {lines[0]}" if len(lines) == 1 else f"{code}: {len(lines)} lessons")
    listed = "\n".join(_one_line(line) for line in lines)
    text = _letter(
        f"in {_one_line(course)}:\n\n{listed}\n\nThe course is here:",
        link,
        "What is attached puts this into your calendar, or changes what is there.",
    )
    return subject, text


def test(to: str, user_id: str | None) -> Mail:
    """Shows an administrator that mail arrives."""
    text = f"Hello,\n\nif you read this, mail from your school's server arrives.\n\n{_AUTOMATIC}\n"
    return Mail(MailKind.TEST, to, "A test", text, user_id, TEST_TTL)


def _letter(before: str, link: str, after: str) -> str:
    return f"Hello,\n\n{before}\n\n{link}\n\n{after}\n\n{_AUTOMATIC}\n"


def _span(ttl: timedelta) -> str:
    hours = round(ttl.total_seconds() / 3600)
    if hours > 48:
        return f"{round(hours / 24)} days"
    return f"{hours} hours" if hours > 1 else f"{round(ttl.total_seconds() / 60)} minutes"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()
