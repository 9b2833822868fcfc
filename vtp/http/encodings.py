"""Which codings of a body a client takes (RFC 9110 section 12.5.3)."""

from __future__ import annotations

_NEVER = frozenset({"q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000"})


def takes_gzip(accept_encoding: str) -> bool:
    """Whether `Accept-Encoding` names gzip, with a weight that is not 0."""
    for offered in accept_encoding.lower().split(","):
        coding, _, weight = offered.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in _NEVER
    return False
