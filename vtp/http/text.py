"""Text that people write and others read: names, titles. One rule for all of it."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

# Control characters and line separators forge log lines (and PostgreSQL refuses NUL); embedding, override
# and isolation of writing direction make a name look like another, or turn round what stands beside it.
# Joiners (also Cf) stay: Persian, Hindi and emoji need them.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_REFUSED = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def check_line(value: str) -> str:
    """Gives a line of text without the spaces around it, or raises ValueError with a sentence."""
    value = value.strip()
    if any(c in _REFUSED or unicodedata.category(c) in _REFUSED_CATEGORIES for c in value):
        raise ValueError("control characters and line breaks are not allowed here")
    return value


Name = Annotated[
    str, Field(max_length=200), AfterValidator(check_line), Field(min_length=1, description="A line of text.")
]
