"""Prints what one operation takes, behind pytest-benchmark's own table of rounds."""

from statistics import median
from typing import Any

import pytest


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    _print_notes(terminalreporter, session)
    rows = [one for one in session.benchmarks if one.extra_info.get("operations")] if session else []
    if not rows:
        return
    terminalreporter.section("one operation: nanoseconds in the median round, and in the fastest")
    for one in rows:
        per = 1e9 / one.extra_info["operations"]
        middle, least = per * median(one.stats.data), per * min(one.stats.data)
        terminalreporter.write_line(f"{one.name:<58} {middle:>9,.1f} {least:>9,.1f}")


def _print_notes(terminalreporter: Any, session: Any) -> None:
    rows = [one for one in session.benchmarks if one.extra_info.get("note")] if session else []
    if rows:
        terminalreporter.section("besides")
    for one in rows:
        terminalreporter.write_line(f"{one.name:<40} {one.extra_info['note']}")
