"""`vtp doctor` and the mail server: it is met as mails meet it, and sent nothing."""

from __future__ import annotations

from tests.smtp_server import mail_settings, smtp_server
from vtp.doctor import mail
from vtp.doctor.finding import State
from vtp.settings import MailSettings


async def test_a_mail_server_that_lets_us_in_is_good_and_gets_no_mail() -> None:
    async with smtp_server() as mailbox:
        found = await mail.examine(mail_settings(mailbox))
        assert (found.state, mailbox.tries) == (State.GOOD, 0)


async def test_what_every_mail_would_fail_by_is_told_with_the_servers_words() -> None:
    async with smtp_server() as mailbox:
        no_tls = await mail.examine(mail_settings(mailbox, security="starttls"))
    gone = await mail.examine(mail_settings(mailbox))
    for found in (no_tls, gone):
        assert (found.state, "VTP_MAIL__" in found.cure) == (State.WRONG, True)
    assert "STARTTLS" in no_tls.meaning


async def test_without_a_mail_server_it_says_who_hands_mails_on() -> None:
    found = await mail.examine(MailSettings())
    assert (found.state, "administrators" in found.meaning) == (State.NOTE, True)
