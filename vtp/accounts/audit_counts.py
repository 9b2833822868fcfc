"""How many refusals of one caller are stored, and how many were not: pure bookkeeping, no I/O.

Whoever asks for what they may not have makes an entry, which is a transaction of its own and may be kept for
ever; without a bound anybody could fill the audit log, and keep everybody else from writing meanwhile.
"""

from __future__ import annotations

from collections import Counter

from vtp.limits import MAX_KEYS, WindowLimiter

EACH = 30
"""Stored in a minute of what one account is refused or, without one, one network."""
STRANGERS = 120
"""Stored in a minute of what everybody without an account is refused, wherever from."""
_OTHERS = ""


class AuditCounts:
    """Counts by event and caller; of the callers beyond `most_keys` what is left out is counted together."""

    def __init__(self, most_keys: int = MAX_KEYS) -> None:
        self._each = WindowLimiter(EACH, 60)
        self._strangers = WindowLimiter(STRANGERS, 60)
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._most_keys = most_keys

    def __len__(self) -> int:
        return len(self._left_out)

    def take(self, event: str, caller: str, now_s: float, *, stranger: bool = False) -> int | None:
        """How many of this event and caller were left out since the last that was stored; None where this
        one is left out too."""
        waits = self._each.take(caller, now_s) > 0.0
        if not waits and stranger:
            waits = self._strangers.take(_OTHERS, now_s) > 0.0
        if not waits:
            return self._left_out.pop((event, caller), 0)
        known = (event, caller) in self._left_out or len(self._left_out) < self._most_keys
        self._left_out[event, caller if known else _OTHERS] += 1
        return None

    def take_all(self) -> dict[str, int]:
        """How many of each event are left out and told nowhere yet; afterwards they count as told."""
        left_out: Counter[str] = Counter()
        for (event, _), count in self._left_out.items():
            left_out[event] += count
        self._left_out.clear()
        return dict(left_out)
