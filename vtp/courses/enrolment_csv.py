"""Reads a list of who is to take part from CSV: a line names an account, or says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from vtp.accounts.people_csv import EMAIL_SPELLINGS
from vtp.accounts.schemas import Email
from vtp.courses.roles import ENROLLED_ROLES, parse_course_role
from vtp.errors import TooLarge
from vtp.http.csv_tables import CellError, Columns, read_table, refused
from vtp.http.identity import Role
from vtp.ids import is_id

MAX_BYTES: Final = 2_000_000
MAX_LINES: Final = 10_000
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": EMAIL_SPELLINGS,
    "student_id": ("studentid", "userid", "accountid"),
    "role": ("role", "rolle"),
}


def _id(value: str) -> str:
    if not is_id(value):
        raise ValueError("is no account's id")
    return value.lower()


def _role(value: str) -> str:
    role, watch_only = parse_course_role(value)
    if role not in ENROLLED_ROLES or watch_only:
        raise ValueError(f"take one of {', '.join(ENROLLED_ROLES)}")
    return role.value


class _Wish(BaseModel):
    email: Email | None = None
    student_id: Annotated[str | None, AfterValidator(lambda v: v if v is None else _id(v))] = None
    role: Annotated[str, Field(max_length=32), AfterValidator(_role)] = Role.STUDENT.value


@dataclass(frozen=True, slots=True)
class ListedStudent:
    """One line: `name` is the account's address or id, `role` None where the line is wrong."""

    number: int
    name: str
    role: Role | None
    errors: tuple[CellError, ...] = ()


def read_students(data: bytes) -> list[ListedStudent]:
    """Reads the whole file; empty lines do not count.

    Raises Invalid naming the line for a file that is no such list, TooLarge for more than MAX_LINES.
    """
    columns, rows = read_table(data, _SPELLINGS, such_as="email,role")
    if not {"email", "student_id"} & columns.places.keys():
        raise refused(columns.number, "no column is called email or student_id: the first line names them")
    lines: list[ListedStudent] = []
    seen: dict[str, int] = {}
    for number, cells in rows:
        if len(lines) == MAX_LINES:
            raise TooLarge(f"The list has more than {MAX_LINES} lines: import it in parts.")
        lines.append(_once(_read_line(number, cells, columns), seen))
    return lines


def _read_line(number: int, cells: Sequence[str], columns: Columns) -> ListedStudent:
    said = {field: text for field in _SPELLINGS if (text := columns.cell(cells, field))}
    shown = (said.get("email") or said.get("student_id", "")).lower()[:254]
    too_many = columns.too_many(cells)
    if too_many is not None:
        return ListedStudent(number, shown, None, (too_many,))
    try:
        wish = _Wish.model_validate(said)
    except ValidationError as error:
        return ListedStudent(number, shown, None, columns.errors(error))
    name = wish.student_id or wish.email
    if name is None:
        return ListedStudent(number, "", None, (CellError("", "names nobody"),))
    return ListedStudent(number, name, Role(wish.role))


def _once(line: ListedStudent, seen: dict[str, int]) -> ListedStudent:
    """The line, or one that says that its account was there before."""
    if line.role is None:
        return line
    before = seen.setdefault(line.name, line.number)
    if before == line.number:
        return line
    return ListedStudent(line.number, line.name, None, (CellError("", f"is in line {before} already"),))
