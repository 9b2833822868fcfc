"""The words for programs (`code` of a failure), which docs/protocol.md lists."""

from __future__ import annotations

import re

HEADING = "## Words for programs"


def read_words(page: str) -> list[str]:
    """All words of the list, in its order. Raises ValueError when the page has none."""
    _, heading, rest = page.partition(HEADING)
    section = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    words = re.findall(r"`([a-z0-9_]+)`", section)
    if not heading or not words:
        raise ValueError(f"The page has no section {HEADING!r} with words in it.")
    return words
