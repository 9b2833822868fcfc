"""Reads a school's list of people from CSV: every line becomes a wish or says what is wrong with it.

As spreadsheets write it: UTF-8 with or without a mark, `,` or `;` or tab, quoted fields, any line ends. No
I/O and no clock, so it can run in any thread.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ValidationError

from vtp.accounts.schemas import Email, Phone, RoleWord
from vtp.errors import FieldError, Invalid, TooLarge
from vtp.http.text import Name

if TYPE_CHECKING:
    import _csv

MAX_BYTES: Final = 5_000_000
MAX_PEOPLE: Final = 10_000
MAX_ERRORS_TOLD: Final = 20  # of one line
_DELIMITERS: Final = (",", ";", "\t")
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("email", "mail", "emailaddress", "mailaddress"),
    "full_name": ("fullname", "name", "displayname"),
    "first_name": ("firstname", "givenname", "forename"),
    "last_name": ("lastname", "surname", "familyname"),
    "role": ("role",),
    "phone": ("phone", "telephone", "tel", "mobile", "phonenumber"),
}
_FIELD_OF: Final = {spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings}
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class ImportedPerson(BaseModel):
    """One person of the list; without a role they are a student."""

    email: Email
    full_name: Name
    role: RoleWord = "student"
    phone: Phone = None


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong with one cell; `column` is as the file calls it, or empty for the line as a whole."""

    column: str
    detail: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a person, or errors. `number` counts from 1, as editors do; quoted fields may span more."""

    number: int
    email: str
    person: ImportedPerson | None
    errors: tuple[CellError, ...] = ()


def read_people(data: bytes) -> list[Line]:
    """Reads the whole file; empty lines do not count.

    Raises Invalid naming the line for a file that is no such list (not UTF-8, no header, an open quote),
    TooLarge for more than MAX_PEOPLE.
    """
    text = _decode(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter_of(text), strict=True)
    rows = _rows(reader)
    header = next(rows, None)
    if header is None:
        raise _refused(1, "the file is empty: its first line names the columns, such as email,full_name,role")
    columns = _read_header(*header)
    lines: list[Line] = []
    seen: dict[str, int] = {}
    for number, cells in rows:
        if len(lines) == MAX_PEOPLE:
            raise TooLarge(f"The list has more than {MAX_PEOPLE} people: import it in parts.")
        lines.append(_once(_read_line(number, cells, columns), seen))
    return lines


def _decode(data: bytes) -> str:
    if data.startswith(_UTF16_MARKS):
        raise _refused(1, "the file is UTF-16: save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(
            line, "this is not UTF-8: save the file as UTF-8 (in a spreadsheet: CSV UTF-8)"
        ) from None


def _delimiter_of(text: str) -> str:
    """The one that the header has most of, outside of quotes."""
    header = re.sub(r'"[^"]*"', "", next((line for line in text.splitlines() if line.strip()), ""))
    return max(_DELIMITERS, key=header.count)


def _rows(reader: "_csv.Reader") -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, with the number of the line that each begins on."""
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _refused(number, f"this is no CSV ({error}): is a quote opened and not closed?") from None
        if any(cell.strip() for cell in cells):
            yield number, cells


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where each field stands, and what the file calls it."""

    places: Mapping[str, int]
    names: Sequence[str]

    def cell(self, cells: Sequence[str], field: str) -> str:
        place = self.places.get(field)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def name(self, field: str) -> str:
        place = self.places.get(field)
        return self.names[place] if place is not None else field


def _read_header(number: int, names: list[str]) -> _Columns:
    """Columns that mean nothing here are left alone. Raises Invalid."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        field = _FIELD_OF.get(re.sub(r"[\s_.-]+", "", name).casefold())
        if field is None:
            continue
        if field in places:
            raise _refused(number, f"two columns are the {field.replace('_', ' ')}: leave one of them out")
        places[field] = place
    if "email" not in places:
        raise _refused(number, "no column is called email: the first line names the columns")
    if not {"full_name", "first_name", "last_name"} & places.keys():
        raise _refused(number, "no column is called full_name (or first_name and last_name)")
    return _Columns(places, [name.strip()[:100] for name in names])


def _read_line(number: int, cells: list[str], columns: _Columns) -> Line:
    wish = {field: columns.cell(cells, field) for field in _SPELLINGS}
    parts = [wish.pop("first_name"), wish.pop("last_name")]
    wish["full_name"] = wish["full_name"] or " ".join(part for part in parts if part)
    email = wish["email"].lower()[:254]
    if len(cells) > len(columns.names):
        error = CellError(
            "", f"has {len(cells)} fields and the header {len(columns.names)}: quote the others"
        )
        return Line(number, email, None, (error,))
    try:
        said = {field: value for field, value in wish.items() if value}
        person = ImportedPerson.model_validate(said)
    except ValidationError as error:
        return Line(number, email, None, tuple(_errors(error, columns))[:MAX_ERRORS_TOLD])
    return Line(number, person.email, person)


def _errors(error: ValidationError, columns: _Columns) -> Iterator[CellError]:
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        field = str(item["loc"][0])
        missing = item["type"] == "missing"
        detail = "is missing" if missing else item["msg"].removeprefix("Value error, ")
        yield CellError(columns.name(field), detail)


def _once(line: Line, seen: dict[str, int]) -> Line:
    """The line, or one that says that its address was there before."""
    if line.person is None:
        return line
    before = seen.setdefault(line.email, line.number)
    if before == line.number:
        return line
    return Line(line.number, line.email, None, (CellError("email", f"is in line {before} already"),))


def _refused(number: int, detail: str) -> Invalid:
    return Invalid(
        f"Line {number}: {detail}.", code="csv_unreadable", errors=[FieldError(f"/{number}", detail)]
    )
