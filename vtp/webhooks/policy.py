"""How often, how long and how many: what bounds the deliveries of webhooks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

from vtp.settings import WebhookSettings

MAX_WEBHOOKS = 200
MAX_BACKLOG = 10_000  # messages on their way to one webhook
MAX_UNWRITTEN = 10_000  # happenings that the database has not taken yet
SLOTS = 16  # tries at once to receivers that answer, and as many to those that did not the last time
JITTER = 0.2  # of each delay, either way: those who failed together do not come back together


@dataclass(frozen=True)
class Policy:
    """The bounds in force."""

    settings: WebhookSettings
    chance: random.Random = field(default_factory=random.SystemRandom)
    max_backlog: int = MAX_BACKLOG
    max_unwritten: int = MAX_UNWRITTEN
    slots: int = SLOTS

    def delay_after(self, tries: int) -> timedelta | None:
        """How long to wait after so many tries; None when there is to be no other."""
        delays_s = self.settings.retry_delays_s
        if tries > len(delays_s):
            return None
        return timedelta(seconds=delays_s[tries - 1] * self.chance.uniform(1 - JITTER, 1 + JITTER))
