"""Reads a school's list of people from CSV: every line becomes a wish or says what is wrong with it.

No I/O and no clock, so it can run in any thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ValidationError

from vtp.accounts.schemas import Email, Phone, RoleWord
from vtp.errors import TooLarge
from vtp.http.csv_tables import CellError, Columns, read_table, refused
from vtp.http.text import Name

MAX_BYTES: Final = 5_000_000
MAX_PEOPLE: Final = 10_000
EMAIL_SPELLINGS: Final = ("email", "mail", "emailaddress", "mailaddress")
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": EMAIL_SPELLINGS,
    "full_name": ("fullname", "name", "displayname"),
    "first_name": ("firstname", "givenname", "forename"),
    "last_name": ("lastname", "surname", "familyname"),
    "role": ("role",),
    "phone": ("phone", "telephone", "tel", "mobile", "phonenumber"),
}


class ImportedPerson(BaseModel):
    """One person of the list; without a role they are a student."""

    email: Email
    full_name: Name
    role: RoleWord = "student"
    phone: Phone = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a person, or errors. `number` counts from 1, as editors do; quoted fields may span more."""

    number: int
    email: str
    person: ImportedPerson | None
    errors: tuple[CellError, ...] = ()


@dataclass(frozen=True, slots=True)
class PeopleList:
    """A whole file: its lines, and the columns that mean nothing here, as it calls them."""

    lines: list[Line]
    ignored: list[str]


def read_people(data: bytes) -> PeopleList:
    """Reads the whole file; empty lines do not count.

    Raises Invalid naming the line for a file that is no such list (not UTF-8, no header, an open quote),
    TooLarge for more than MAX_PEOPLE.
    """
    columns, rows = read_table(data, _SPELLINGS, such_as="email,full_name,role")
    if "email" not in columns.places:
        raise refused(columns.number, "no column is called email: the first line names the columns")
    if not {"full_name", "first_name", "last_name"} & columns.places.keys():
        raise refused(columns.number, "no column is called full_name (or first_name and last_name)")
    lines: list[Line] = []
    seen: dict[str, int] = {}
    for number, cells in rows:
        if len(lines) == MAX_PEOPLE:
            raise TooLarge(f"The list has more than {MAX_PEOPLE} people: import it in parts.")
        lines.append(_once(_read_line(number, cells, columns), seen))
    return PeopleList(lines, columns.ignored)


def _read_line(number: int, cells: Sequence[str], columns: Columns) -> Line:
    wish = {field: columns.cell(cells, field) for field in _SPELLINGS}
    parts = [wish.pop("first_name"), wish.pop("last_name")]
    wish["full_name"] = wish["full_name"] or " ".join(part for part in parts if part)
    email = wish["email"].lower()[:254]
    too_many = columns.too_many(cells)
    if too_many is not None:
        return Line(number, email, None, (too_many,))
    try:
        said = {field: value for field, value in wish.items() if value}
        person = ImportedPerson.model_validate(said)
    except ValidationError as error:
        return Line(number, email, None, columns.errors(error))
    return Line(number, person.email, person)


def _once(line: Line, seen: dict[str, int]) -> Line:
    """The line, or one that says that its address was there before."""
    if line.person is None:
        return line
    before = seen.setdefault(line.email, line.number)
    if before == line.number:
        return line
    return Line(line.number, line.email, None, (CellError("email", f"is in line {before} already"),))
