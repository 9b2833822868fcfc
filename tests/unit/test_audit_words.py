"""The audit log is read in words: the page knows every event that the server writes."""

from __future__ import annotations

import re
from pathlib import Path

from vtp.accounts.audit import Event

WORDS = Path(__file__).parents[2] / "web/src/pages/admin/audit_words.ts"


def test_every_event_has_words_and_all_words_have_an_event() -> None:
    named = re.findall(r"^  ([a-z_]+): \"", WORDS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(Event)
