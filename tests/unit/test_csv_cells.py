"""CSV that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterator

import pytest

from vtp.http.csv_cells import write_rows

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]
ATTACKS = [
    "Ann;=cmd|'/C calc'!A0;x",
    'Ann;"=1',
    'Ann";=1',
    'Ann";"=1;"',
    'a""";""=1',
    "Ann;;=1",
    "Ann\n=1",
    "Ann\r\n+1",
    "Ann\t@SUM(A1)",
    'Ann\n"-1',
    'Ann\n\n"";=1',
    "Ann;",
    '";',
]


def cells_of(text: str, delimiter: str) -> Iterator[str]:
    """As programs read it, those that know quotes only where a cell begins, and those that know none."""
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        lines = io.StringIO(text, newline="")
        for row in csv.reader(lines, delimiter=delimiter, quoting=quoting):
            yield from row


def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe() -> None:
    rows = list(csv.reader(io.StringIO(write_rows([FORMULAS]).decode(), newline="")))
    assert rows == [["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t'=1", "'\r'=1", "'\n'=1"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_is_a_formula_for_programs_that_separate_otherwise(attack: str, delimiter: str) -> None:
    rows: list[list[object]] = [
        [attack, "a@b.example", 1],
        ["Bob", attack, attack],
        ["x, y", attack, "=1"],
        ["", attack, ""],
    ]
    text = write_rows(rows).decode()
    if delimiter == ",":  # which all programs that split there read with quotes
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    else:
        cells = list(cells_of(text, delimiter))
    starts = [cell.lstrip('"')[:1] for cell in cells]
    assert not set(starts) & set("=+-@"), cells


def test_other_cells_are_read_as_they_were_written() -> None:
    cells = [
        "a,b",
        'say "so"',
        "one\r\ntwo",
        "",
        "Übung",
        "a=b",
        "2026-01-01",
        "a; b-c",
        "x;y",
        "a,=b",
        "b\n'=c",
    ]
    assert list(csv.reader(io.StringIO(write_rows([cells]).decode(), newline=""))) == [cells]


def test_nothing_is_an_empty_cell() -> None:
    assert write_rows([[None, 1]]) == b",1\r\n"
