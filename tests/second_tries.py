"""What failed beside others is tried once more alone, which shows whether it lacked a processor.

For tests of browsers and media, whose pictures are to come in time. Who passes alone is told of with what it
said the first time; who fails again has failed, and so has each test of a run in which many failed.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

MOST = 4
"""Where more have failed, it is not for want of a processor."""


class SecondTries:
    """What is told of tests, and what is kept of it until a test has been tried alone."""

    def __init__(self) -> None:
        self._kept: dict[str, list[pytest.TestReport]] = {}
        self._are_alone = False
        self._failed_again: set[str] = set()

    def keep(self, report: pytest.TestReport) -> bool:
        """Whether this failure is not told of yet; one of a second try is told with that of the first."""
        if not report.failed:
            return False
        if not self._are_alone:
            self._kept.setdefault(report.nodeid, []).append(report)
            return True
        if report.nodeid in self._kept:
            self._failed_again.add(report.nodeid)
            report.sections.append(("beside others", self._said(report.nodeid)))
        return False

    def begin(self, items: Iterable[pytest.Item]) -> list[int]:
        """The places of the tests that are tried alone now, which are none where too many failed."""
        if len(self._kept) > MOST:
            return []
        self._are_alone = True
        return [place for place, item in enumerate(items) if item.nodeid in self._kept]

    def untried(self) -> list[pytest.TestReport]:
        """Failures that nobody has been told of; there will be no second try."""
        reports = [] if self._are_alone else [one for kept in self._kept.values() for one in kept]
        self._are_alone = True
        return reports

    def passed_alone(self) -> dict[str, str]:
        """Tests that failed beside others only, each with what it said then. When all is over."""
        if len(self._kept) > MOST:
            return {}
        return {name: self._said(name) for name in self._kept if name not in self._failed_again}

    def _said(self, name: str) -> str:
        said = []
        for report in self._kept[name]:
            said += [f"{report.when}: {report.longreprtext}", *(text for _, text in report.sections)]
        return "\n".join(said)
