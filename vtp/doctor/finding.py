"""A Finding: one thing that was looked at, how it is, what that means, and what cures it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


class State(enum.StrEnum):
    """How something is."""

    GOOD = "good"
    NOTE = "worth knowing"
    WRONG = "wrong"
    SKIPPED = "not tried"


class Topic(enum.StrEnum):
    """The sections of a report, in its order."""

    SERVER = "The server"
    ADDRESSES = "Addresses"
    PORTS = "Ports and firewall"
    MEDIA = "The way of sound and pictures"
    RELAY = "Networks that block UDP"
    WEB = "Pages, certificate, clock"
    DISK = "Disk and database"
    MACHINE = "The machine"


@dataclass(frozen=True, slots=True)
class Finding:
    """`meaning`: a sentence for somebody who is no network engineer; `cure`: a command or a setting, exactly.

    A SKIPPED one says in `meaning` why it was not tried.
    """

    topic: Topic
    looked_at: str
    state: State
    meaning: str
    cure: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is in the JSON report."""
        return asdict(self) | {"topic": self.topic.value, "state": self.state.value}


def is_sick(findings: Iterable[Finding]) -> bool:
    """Whether something is wrong: the exit code."""
    return any(finding.state is State.WRONG for finding in findings)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By topic, otherwise as they were found."""
    order = list(Topic)
    return sorted(findings, key=lambda finding: order.index(finding.topic))
