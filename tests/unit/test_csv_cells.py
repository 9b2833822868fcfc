"""CSV that a spreadsheet opens without running anything."""

import csv
import io

from vtp.http.csv_cells import write_rows

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]


def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe() -> None:
    rows = list(csv.reader(io.StringIO(write_rows([FORMULAS]).decode(), newline="")))
    assert rows == [[f"'{cell}" for cell in FORMULAS]]


def test_other_cells_are_read_as_they_were_written() -> None:
    cells = ["a,b", 'say "so"', "one\r\ntwo", "", "Übung", "a=b", "2026-01-01"]
    assert list(csv.reader(io.StringIO(write_rows([cells]).decode(), newline=""))) == [cells]


def test_nothing_is_an_empty_cell() -> None:
    assert write_rows([[None, 1]]) == b",1\r\n"
