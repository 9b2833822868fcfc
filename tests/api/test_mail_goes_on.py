"""One mail that fails in a way that nobody thought of holds up no other."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.serving import Api
from tests.smtp_server import Mailbox
from vtp.mail import messages


async def test_what_nobody_thought_of_ends_no_sending(
    mailed: Api, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    build, failures = messages.build_message, [RuntimeError("unforeseen")]

    def fail_once(**parts: Any) -> Any:
        if failures:
            raise failures.pop()
        return build(**parts)

    monkeypatch.setattr("vtp.mail.sender.build_message", fail_once)
    with caplog.at_level(logging.CRITICAL, logger="vtp"):
        await mailed.newcomer("first@school.example")
        await mailed.newcomer("second@school.example")
        assert await mailbox.token_to("second@school.example", "Confirm your address")
    assert not failures
