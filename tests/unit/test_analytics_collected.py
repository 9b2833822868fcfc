"""The page that lists what is kept of a person names all that is kept of their connection."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Final

from vtp.analytics.network_notes import MEASURES, Network
from vtp.rooms.device_kinds import Device

PAGE: Final = Path(__file__).parents[2] / "web/src/pages/analytics/Collected.tsx"
CALLED: Final = {
    "readings": "for how long",  # one every few seconds, of which the others are shares
    "limited": "smaller pictures",
    "withheld": "or none",
    "silent": "nothing came from you",
    "reconnects": "came back",
    "connected_ms": "for how long",
    "rtt_ms": "round trip",
    "jitter_ms": "jitter",
    "loss_sending": "lost of what you sent",
    "loss_receiving": "of what you were sent",
    **{one.value: f"a {one.value}" for one in Device},
}
"""What is stored, and how the page says it."""


def test_all_that_is_kept_of_a_connection_is_named_to_who_it_is_of() -> None:
    kept = {one.name for one in fields(Network)} - {"measures", "devices"} | {*MEASURES, *Device}
    assert CALLED.keys() == kept, "what is kept anew is to be told there, too"
    told = PAGE.read_text()
    assert [words for words in CALLED.values() if words not in told] == []
    for words in ("how often you connected", "was not good, and by what"):
        assert words in told, words
    assert "when your connection was poor" not in told, "for how long is kept, not when"
