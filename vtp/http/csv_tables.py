"""Reads tables that people upload as CSV, as spreadsheets write them.

UTF-8 with or without a mark, `,` or `;` or tab, quoted fields, any line ends. No I/O and no clock, so it can
run in any thread. What each line means is for the feature to say whose list it is.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from vtp.errors import FieldError, Invalid

if TYPE_CHECKING:
    import _csv

MAX_ERRORS_TOLD: Final = 20  # of one line
_DELIMITERS: Final = (",", ";", "\t")
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong with one cell; `column` is as the file calls it, or empty for the line as a whole."""

    column: str
    detail: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands, and what the file calls it. `number`: the line of the header."""

    number: int
    places: Mapping[str, int]
    names: Sequence[str]

    def cell(self, cells: Sequence[str], field: str) -> str:
        """A field of a line, without the spaces around it; empty where there is none."""
        place = self.places.get(field)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def name(self, field: str) -> str:
        """What the file calls a field."""
        place = self.places.get(field)
        return self.names[place] if place is not None else field

    @property
    def ignored(self) -> list[str]:
        """What the file calls the columns that mean nothing here."""
        read = set(self.places.values())
        return [name for place, name in enumerate(self.names) if place not in read and name]

    def too_many(self, cells: Sequence[str]) -> CellError | None:
        """What is wrong with a line that has more fields than the header."""
        if len(cells) <= len(self.names):
            return None
        return CellError("", f"has {len(cells)} fields and the header {len(self.names)}: quote the others")

    def errors(self, error: ValidationError) -> tuple[CellError, ...]:
        """What pydantic says of a line, by the file's columns."""
        told = []
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            missing = item["type"] == "missing"
            detail = "is missing" if missing else item["msg"].removeprefix("Value error, ")
            told.append(CellError(self.name(str(item["loc"][0])), detail))
        return tuple(told[:MAX_ERRORS_TOLD])


Rows = Iterator[tuple[int, list[str]]]
"""The rows that hold anything, with the number of the line that each begins on."""


def read_table(data: bytes, spellings: Mapping[str, Sequence[str]], *, such_as: str) -> tuple[Columns, Rows]:
    """The header of a table, and its rows; empty lines do not count, columns that mean nothing here neither.

    `spellings`: by field, what a column of it may be called, in small letters without separators. `such_as`:
    a header to show who sends none. Raises Invalid naming the line for a file that is no table (not UTF-8, no
    header, an open quote), the last while the rows are read.
    """
    text = _decode(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter_of(text), strict=True)
    rows = _rows(reader)
    header = next(rows, None)
    if header is None:
        raise refused(1, f"the file is empty: its first line names the columns, such as {such_as}")
    return _read_header(*header, spellings), rows


def refused(number: int, detail: str) -> Invalid:
    """The refusal of a whole file because of one line."""
    return Invalid(
        f"Line {number}: {detail}.", code="csv_unreadable", errors=[FieldError(f"/{number}", detail)]
    )


def _decode(data: bytes) -> str:
    if data.startswith(_UTF16_MARKS):
        raise refused(1, "the file is UTF-16: save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refused(
            line, "this is not UTF-8: save the file as UTF-8 (in a spreadsheet: CSV UTF-8)"
        ) from None


def _delimiter_of(text: str) -> str:
    """The one that the header has most of, outside of quotes."""
    header = re.sub(r'"[^"]*"', "", next((line for line in text.splitlines() if line.strip()), ""))
    return max(_DELIMITERS, key=header.count)


def _rows(reader: "_csv.Reader") -> Rows:
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise refused(number, f"this is no CSV ({error}): is a quote opened and not closed?") from None
        if any(cell.strip() for cell in cells):
            yield number, cells


def _read_header(number: int, names: list[str], spellings: Mapping[str, Sequence[str]]) -> Columns:
    field_of = {spelling: field for field, known in spellings.items() for spelling in known}
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        field = field_of.get(re.sub(r"[\s_.-]+", "", name).casefold())
        if field is None:
            continue
        if field in places:
            raise refused(number, f"two columns are the {field.replace('_', ' ')}: leave one of them out")
        places[field] = place
    return Columns(number, places, [name.strip()[:100] for name in names])
