"""Numbers with the word for what they count."""


def counted(count: int, one: str, more: str = "") -> str:
    """`1 day`, `2 days`; `more` is the word for several where that is not `one` with an s."""
    return f"{count} {one if count == 1 else more or one + 's'}"
