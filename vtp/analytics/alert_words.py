"""How staff are told of an alert: by the student's name, by which what was mailed of it is found again."""

from __future__ import annotations


def told_of(full_name: str) -> str:
    """The title of the news."""
    return f"{full_name} may need help"
