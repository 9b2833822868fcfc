"""Tables as CSV (RFC 4180) that a spreadsheet opens without running anything in them."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

TYPE = "text/csv"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_CELL_FOR_SOME = re.compile(r'([;\t\r\n])(?="*[=+\-@])')
"""Where a cell begins for who separates otherwise. Quotes help against it in the first cell of a line alone:
behind our commas they begin no cell of theirs."""


def safe_cell(value: object) -> str:
    """A cell's text; what a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV
    injection): at the beginning, and behind a semicolon, tab or line break, where one that separates by those
    begins another cell."""
    text = "" if value is None else str(value)
    safe = _CELL_FOR_SOME.sub(r"\1'", text)
    return f"'{safe}" if text.startswith(_FORMULA_STARTS) else safe


def write_rows(rows: Iterable[Sequence[object]]) -> bytes:
    """Some rows as they stand in the file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
