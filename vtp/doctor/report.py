"""The report of an examination: for people, and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from vtp import __version__
from vtp.doctor.finding import Finding, State, is_sick

_MARKS = {
    State.GOOD: ("✓", "green"),
    State.NOTE: ("•", "yellow"),
    State.WRONG: ("✗", "bold red"),
    State.SKIPPED: ("–", "dim"),
}


def as_json(findings: Sequence[Finding], server: str) -> dict[str, Any]:
    """`wrong` is what the exit code is by; `server`: the address asked for, empty for this machine."""
    counts = Counter(finding.state for finding in findings)
    return {
        "version": __version__,
        "server": server or None,
        "wrong": is_sick(findings),
        "counts": {state.value: counts[state] for state in State},
        "findings": [finding.to_json() for finding in findings],
    }


def print_report(findings: Sequence[Finding], console: Console) -> None:
    """Section by section, each finding with its meaning and its cure."""
    topic = None
    for finding in findings:
        if finding.topic is not topic:
            topic = finding.topic
            console.print(Text(f"\n{topic.value}", style="bold"))
        mark, style = _MARKS[finding.state]
        head = Text.assemble((f"{mark} ", style), finding.looked_at)
        if finding.state is not State.GOOD:
            head.append(f"  {finding.state.value}", style=style)
        console.print(Padding(head, (0, 0, 0, 2)))
        console.print(Padding(Text(finding.meaning), (0, 0, 0, 4)))
        if finding.cure:
            console.print(Padding(Text.assemble(("→ ", "cyan"), (finding.cure, "cyan")), (0, 0, 0, 4)))
    console.print(_last_line(findings))


def _last_line(findings: Sequence[Finding]) -> Text:
    wrong = sum(finding.state is State.WRONG for finding in findings)
    notes = sum(finding.state is State.NOTE for finding in findings)
    if wrong:
        things = "thing is" if wrong == 1 else "things are"
        return Text(f"\n{wrong} {things} wrong; the lines with ✗ say what cures them.", style="bold red")
    return Text(f"\nNothing is wrong; {notes or 'nothing'} worth knowing.", style="bold green")
