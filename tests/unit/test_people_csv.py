"""Lists of people as spreadsheets write them, and as nobody should."""

from __future__ import annotations

import random

import pytest

from vtp.accounts.people_csv import MAX_PEOPLE, Line, read_people
from vtp.errors import Invalid, TooLarge


def errors(line: Line) -> list[tuple[str, str]]:
    return [(one.column, one.detail) for one in line.errors]


def people(data: bytes) -> list[tuple[str, str, str, str | None]]:
    """Who is in the list; every line must be good."""
    found = [line.person for line in read_people(data).lines]
    assert all(found)
    return [(one.email, one.full_name, one.role, one.phone) for one in found if one]


ADA = ("ada@school.example", "Ada Lovelace", "teacher", "+44 20 1234")


@pytest.mark.parametrize(
    "data",
    [
        b"email,full_name,role,phone\nada@school.example,Ada Lovelace,teacher,+44 20 1234\n",
        b"\xef\xbb\xbfE-Mail;Name;Role;Tel\r\nAda@School.example ; Ada Lovelace;Teacher;+44 20 1234\r\n",
        b"Phone\tRole\tLast Name\tFirst Name\tE-mail address\n"
        b"+44 20 1234\tteacher\tLovelace\tAda\tada@school.example",
        b'"email","surname","given-name","role","phone"\r'
        b'"ada@school.example","Lovelace","Ada","teacher","+44 20 1234"\r',
        b"\n\nemail,name,shoe size,role,mobile\n\n"
        b"ada@school.example,Ada Lovelace,38,instructor,+44 20 1234\n,,,,\n",
    ],
    ids=["plain", "spreadsheet", "tabs", "quoted", "more columns"],
)
def test_the_same_person_is_read_from_every_spelling(data: bytes) -> None:
    (email, name, role, phone) = people(data)[0]
    assert (email, name, role.lower().replace("instructor", "teacher"), phone) == ADA


def test_quoted_fields_may_hold_delimiters_quotes_and_line_breaks_before_the_next_line() -> None:
    data = b'email;name;note\na@b.example;"Lovelace; ""Ada""";"one\ntwo"\nb@b.example;Bob;\n'
    lines = read_people(data).lines
    assert [line.person and line.person.full_name for line in lines] == ['Lovelace; "Ada"', "Bob"]
    assert [line.number for line in lines] == [2, 4]


def test_who_has_no_role_is_a_student() -> None:
    assert people(b"email,name,role\na@b.example,A,\n") == [("a@b.example", "A", "student", None)]


def test_columns_that_mean_nothing_here_are_told() -> None:
    assert read_people(b"email;name;Rolle;;Class \na@b.example;A;admin;;7b\n").ignored == ["Rolle", "Class"]
    assert read_people(b"email,first name,last name,tel\na@b.example,A,B,\n").ignored == []


def test_every_fault_of_a_line_is_told_by_the_name_of_its_column() -> None:
    (line,) = read_people(b"Mail,Full Name,Role,Phone\nnobody,,king,++\n").lines
    assert line.person is None
    assert [column for column, _ in errors(line)] == ["Mail", "Full Name", "Role", "Phone"]
    assert errors(line)[1][1] == "is missing"


def test_an_address_that_was_there_before_names_its_first_line() -> None:
    first, second, third = read_people(b"email,name\na@b.example,A\nA@B.example,B\na@b.example,C\n").lines
    assert first.person is not None
    assert [errors(one) for one in (second, third)] == [[("email", "is in line 2 already")]] * 2


def test_guests_control_characters_and_too_many_fields_are_refused() -> None:
    data = b"email,name,role\na@b.example,A,guest\nb@b.example,B\x00ob,\nc@b.example,Love,lace,Ada\n"
    for line in read_people(data).lines:
        assert (line.person, len(line.errors)) == (None, 1), line


UNREADABLE = {
    b"": "Line 1: the file is empty",
    b"\n \n": "Line 1: the file is empty",
    b"name,role\nA,student\n": "Line 1: no column is called email",
    b"email,role\na@b.example,student\n": "Line 1: no column is called full_name",
    b"email,name,e-mail\n": "Line 1: two columns are the email",
    b"email,name\na@b.example,A\nb@b.example,J\xf6rg\n": "Line 3: this is not UTF-8",
    "email,name\n".encode("utf-16"): "Line 1: the file is UTF-16",
    b'email,name\na@b.example,A\nb@b.example,"B\nc@b.example,C\n': "Line 3: this is no CSV",
    b'email,name\n"a@b.example"x,A\n': "Line 2: this is no CSV",
}


@pytest.mark.parametrize("data", UNREADABLE)
def test_a_file_that_is_no_list_is_refused_by_its_line(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_people(data)
    assert refused.value.detail.startswith(UNREADABLE[data])


def test_more_people_than_one_import_takes_are_refused() -> None:
    full = b"email,name\n" + b"".join(b"p%d@b.example,P\n" % number for number in range(MAX_PEOPLE))
    assert len(read_people(full).lines) == MAX_PEOPLE
    with pytest.raises(TooLarge):
        read_people(full + b"one@b.example,Too Many\n")


PIECES = [
    b"email", b"name", b"role", b",", b";", b"\t", b"\r", b"\n", b"\r\n", b'"', b"\x00", b"\xef\xbb\xbf",
    b"a@b.example", b"Ada", b"\xc3\xa9", b"\xff", b"=1+1", b" ", b"student", b"admin", "\u202e".encode(),
    "\u2028".encode(),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_uploaded_gives_lines_or_a_sentence(seed: int) -> None:
    print(f"seed {seed}")
    draw = random.Random(seed)
    for _ in range(50):
        head = draw.choice([b"", b"email,name\n", b"email;full_name;role;phone\r\n"])
        data = head + b"".join(draw.choices(PIECES, k=draw.randrange(60)))
        try:
            lines = read_people(data).lines
        except Invalid as refused:
            assert refused.detail.startswith("Line ") and refused.errors
            continue
        numbers = [line.number for line in lines]
        assert numbers == sorted(set(numbers))
        for line in lines:
            assert (line.person is None) == bool(line.errors)
            assert line.person is None or not {"\x00", "\u202e", "\u2028"} & set(line.person.full_name)
