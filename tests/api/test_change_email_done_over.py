"""A change of address whose transaction loses against another one is done over, and counted once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.serving import PASSWORD, UNLIMITED, serving
from vtp.accounts.verification import Verification
from vtp.db.conflicts import Conflicted


async def test_what_is_done_over_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send, losses = Verification._send_change, [Conflicted()]

    async def lose_once(self: Verification, *args: Any) -> None:
        if losses:
            raise losses.pop()
        await send(self, *args)

    monkeypatch.setattr(Verification, "_send_change", lose_once)
    limits = UNLIMITED.model_copy(update={"verification_mails_per_address_per_minute": 1})
    async with serving(tmp_path / "data", limits=limits) as api:
        person = await api.person("teacher")
        wish = {"new_email": "new@school.example", "password": PASSWORD}
        assert (await api.call("POST", "/api/v1/auth/change-email", wish, by=person)).status == 200
        assert not losses
