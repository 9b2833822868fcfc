"""The texts of all mails.

No name goes in that a stranger chose: registering with somebody else's address must not carry words there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from vtp.counted import counted
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
    to: str,
    user_id: str,
    subject: str,
    what: str,
    *,
    at: datetime,
    ip: str = "",
    device: str = "",
    link: str,
    by_administrator: bool = False,
) -> Mail:
    """Tells somebody what happened to their account: `what` is a sentence, `link` leads to their settings.
    What an administrator did no new password of theirs undoes: they are to ask."""
    facts = [f"When: {at.strftime('%Y-%m-%d %H:%M')} UTC"]
    facts += [f"Network address: {_one_line(ip)}"] if ip else []
    facts += [f"Device: {_one_line(device)}"] if device else []
    if by_administrator:
        advice = "If you did not ask for this, ask an administrator why it was done. Your account is here:"
        rest = "If you cannot sign in, ask an administrator."
    else:
        advice = "If it was not you, change your password and end all sessions:"
        rest = (
            "If you cannot sign in, choose a new password with “Forgot your password?”, or ask an "
            "administrator."
        )
    text = _letter(f"{what}\n\n" + "\n".join(facts) + f"\n\n{advice}", link, rest)
    return Mail(MailKind.NOTICE, to, subject, text, user_id, NOTICE_TTL)


def lessons_letter(code: str, course: str, lines: Sequence[str], link: str, attached: int) -> tuple[str, str]:
    """Subject and text for who takes part in a course: what becomes of its live lessons. `attached`: how many
    of them the mail carries; of the others it says how many they are."""
    subject = _one_line(f"{code}: {lines[0]}" if len(lines) == 1 else f"{code}: {len(lines)} lessons")
    more = len(lines) - attached
    rest = f" It is the first {attached}: the course, and a calendar that you follow, have all."
    rest = rest if more > 0 else ""
    listed = "\n".join(_one_line(line) for line in lines[:attached])
    listed += f"\nand {more} more" if more > 0 else ""
    text = _letter(
        f"in {_one_line(course)}:\n\n{listed}\n\nThe course is here:",
        link,
        "What is attached puts this into your calendar, or changes what is there." + rest,
    )
    return subject, text


def news_letter(
    context: str, headline: str, title: str, text: str, link: str, unsubscribe: str
) -> tuple[str, str]:
    """Subject and text for one piece of news; `headline`: what the subject says of it."""
    what = "\n\n".join(one for one in (_one_line(context), _one_line(title), _lines(text)) if one)
    place = _one_line(context).partition(",")[0]
    subject = f"{place}: {_one_line(headline)}" if place else _one_line(headline)
    return subject, _letter(f"{what}\n\nThe page is here:", link, unsubscribe_line(unsubscribe))


def digest_letter(
    lines: Sequence[tuple[str, str, str]], more: int, link: str, unsubscribe: str
) -> tuple[str, str]:
    """Subject and text for the news of a day, each as (context, title, link); `more`: that are left out."""
    listed: list[str] = []
    last = ""
    for context, title, page in lines:
        if context != last:
            listed.append(("\n" if listed else "") + _one_line(context) + "\n")
            last = context
        listed.append(f"- {_one_line(title)}\n  {page}")
    listed += [f"\nand {more} more."] if more else []
    count = len(lines) + more
    subject = counted(count, "piece of news", "pieces of news")
    text = "this is new:\n\n" + "\n".join(listed) + "\n\nAll of it is here:"
    return subject, _letter(text, link, unsubscribe_line(unsubscribe))


def unsubscribe_line(address: str) -> str:
    """How to get no more of these."""
    return f"To get no more mails like this one, without signing in:\n{address}"


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
    return f"{hours} hours" if hours > 1 else counted(round(ttl.total_seconds() / 60), "minute")


def _lines(text: str) -> str:
    """Text of several lines, without what is no text."""
    return "\n".join(_one_line(line) for line in text.splitlines()).strip()


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()
