"""Codes that are written on a blackboard and typed in: eight characters without those that look alike.

32 characters, 8 of them: 10¹² codes, so none is found by trying within the limits of requests.
"""

from __future__ import annotations

import secrets
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32: neither 0 nor 1, I nor O
LENGTH: Final = 8
MOST_TYPED: Final = 40  # characters that somebody may type, with whatever they put in between


def new_code() -> str:
    """Makes a code, as it is stored."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """As it is told to people: in two halves."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def as_stored(typed: str) -> str | None:
    """The code that somebody has typed, however; None for what is none."""
    letters = "".join(c for c in typed.upper() if c.isalnum())
    known = len(letters) == LENGTH and set(letters) <= set(ALPHABET)
    return letters if known else None
