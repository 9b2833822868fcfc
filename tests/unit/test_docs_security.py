"""docs/security.md says of every requirement of OWASP ASVS 5.0, levels 1 and 2, how vtp stands, and truly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from vtp.accounts.password_rules import CONTEXT_WORDS
from vtp.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
THREATS = (ROOT / "THREAT_MODEL.md").read_text()
REQUIREMENTS = Path(__file__).with_name("asvs_5_0.txt")
STATUSES = ("met", "not applicable", "open")
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| (\w[\w ]*): (.*) \|$", re.MULTILINE)
_TEST = re.compile(r"`(test_\w+)::(test_\w+)`")


@dataclass(frozen=True)
class Row:
    """One requirement, as the page has it."""

    id: str
    level: str
    asked: str
    status: str
    rest: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        return _TEST.findall(self.rest)

    @property
    def reason(self) -> str:
        """What is said besides the tests."""
        return _TEST.sub("", self.rest).strip(" ,;")


ROWS = [Row(*found) for found in _ROW.findall(PAGE)]


def test_every_requirement_is_there_once_with_its_level() -> None:
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    asked = [(id_, level) for id_, _, level in (line.partition(" ") for line in lines)]
    levels = [level for _, level in asked]
    assert (levels.count("1"), levels.count("2")) == (70, 183)  # of the standard, chapters V1 to V17
    assert len({id_.partition(".")[0] for id_, _ in asked}) == 17
    assert [(row.id, row.level) for row in ROWS] == asked
    assert len(re.findall(r"^\| \d+\.\d+\.\d+ ", PAGE, re.MULTILINE)) == len(ROWS), "a row is malformed"


def test_every_requirement_is_met_by_tests_or_has_a_reason() -> None:
    for row in ROWS:
        assert row.status in STATUSES, row.id
        if row.status == "met":
            assert row.tests, f"{row.id} is met, and no test is named"
        else:
            assert len(row.reason) > 10, f"{row.id} is {row.status}, and nobody says why"


@pytest.mark.parametrize("page", [PAGE, THREATS], ids=["security", "threats"])
def test_every_test_that_is_named_exists(page: str) -> None:
    assert page.count("::test_") == len(_TEST.findall(page)) > 0
    for file, test in sorted(set(_TEST.findall(page))):
        found = list(ROOT.glob(f"tests/**/{file}.py"))
        assert len(found) == 1, f"{file} is {len(found)} files"
        declared = rf"^ *(async )?def {test}\("
        assert re.search(declared, found[0].read_text(), re.MULTILINE), f"{file} has no {test}"


def test_the_summary_counts_the_rows() -> None:
    for chapter, *told in re.findall(r"^\| (V\d+) [^|]* \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE):
        mine = [row.status for row in ROWS if f"V{row.id.partition('.')[0]}" == chapter]
        assert [mine.count(status) for status in STATUSES] == [int(count) for count in told], chapter
    [total] = re.findall(r"^\| \*\*all\*\* \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    every = [row.status for row in ROWS]
    assert [every.count(status) for status in STATUSES] == [int(count) for count in total]


def test_every_decision_that_the_standard_wants_written_is_linked() -> None:
    """The first section of a chapter asks for documentation; each such row leads to where it is."""
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)}
    wanted = [row for row in ROWS if row.id.split(".")[1] == "1" and row.id not in NOT_ABOUT_DOCUMENTATION]
    assert len(wanted) == 21
    for row in wanted:
        linked = re.findall(r"\]\(#([\w-]+)\)", row.rest)
        assert linked and set(linked) <= headings, row.id


# Their chapters begin with something else.
NOT_ABOUT_DOCUMENTATION = {
    *("1.1.1", "1.1.2", "4.1.1", "4.1.2", "4.1.3", "9.1.1", "9.1.2", "9.1.3", "10.1.1", "10.1.2"),
    *("12.1.1", "12.1.2", "12.1.3", "17.1.1"),
}


def test_documented_values_are_the_defaults() -> None:
    told = re.findall(r"`(\w+(?:\.\w+)+) = ([^`]+)`", PAGE)
    assert len(told) > 30
    settings = Settings()
    for path, text in told:
        if path == "accounts.require_second_factor_for":
            continue  # what to set, not what is
        value: object = settings
        for part in path.split("."):
            value = getattr(value, part)
        assert str(value) == text.strip('"'), f"{path} is {value!r}, the page says {text}"


def test_every_setting_that_the_page_names_exists() -> None:
    sections = set(Settings.model_fields)
    for path in re.findall(r"`(\w+\.\w+)`", PAGE):
        section, _, name = path.partition(".")
        if section in sections and name not in ("md", "py", "json", "key", "service"):
            assert hasattr(getattr(Settings(), section), name), path


def test_documented_words_are_those_that_passwords_are_held_against() -> None:
    [listed] = re.findall(r"^> (.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    words = re.sub(r"\n> ", " ", listed).split(", ")
    assert words == list(CONTEXT_WORDS)


@pytest.mark.parametrize("name", ["SECURITY.md", "THREAT_MODEL.md", "README.md", "docs/index.md"])
def test_the_page_is_found_from_where_people_look(name: str) -> None:
    assert "security.md" in (ROOT / name).read_text()
