"""The documentation keeps up with the code: links, names of metrics and of settings."""

import re
from itertools import chain
from pathlib import Path

import pytest

from vtp import _rtp_fast
from vtp.settings import Settings
from vtp.settings_sources import known_paths

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(chain(ROOT.glob("*.md"), ROOT.glob("docs/**/*.md")))


def anchors(page: Path) -> set[str]:
    """The names that headings of a page get where Markdown is shown."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_documentation_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text())
    for path, _, anchor in (link.partition("#") for link in links):
        target = page.parent / path if path else page
        assert target.exists(), f"{path} does not exist"
        assert not anchor or anchor in anchors(target), f"{path} has no heading {anchor}"


def test_every_counter_of_the_packet_path_is_explained_to_operators() -> None:
    worker = _rtp_fast.Worker([])
    text = (ROOT / "docs" / "operators.md").read_text()
    explained = set(re.findall(r"`(?:vtp_media)?_(\w+)`", text))
    assert set(worker.counters()) - explained == set()


def test_every_variable_in_the_documentation_sets_something() -> None:
    known = {f"VTP_{path.upper().replace('.', '__')}" for path in known_paths(Settings)}
    known |= {"VTP_CONFIG_DIR", "VTP_TOKEN"}
    for page in [*PAGES, ROOT / ".env.example", ROOT / "compose.yaml", ROOT / "Dockerfile"]:
        named = set(re.findall(r"\bVTP_[A-Z0-9_]*[A-Z0-9]\b", page.read_text()))
        assert named <= known, f"{page.name} names {named - known}"


def test_every_row_of_mediasoups_checklist_has_tests_that_exist_or_a_reason() -> None:
    page = (ROOT / "docs" / "mediasoup-checklist.md").read_text()
    named = set(re.findall(r"`(test_\w+)::(test_\w+)`", page))
    assert page.count("::") - page.count("`file::test`") == len(re.findall(r"`test_\w+::test_\w+`", page))
    for file, test in sorted(named):
        [path] = ROOT.glob(f"tests/**/{file}.py")
        assert re.search(rf"^ *(async )?def {test}\(", path.read_text(), re.MULTILINE), (
            f"{file} has no {test}"
        )
    rows = [row for row in re.findall(r"^\| (.*) \|$", page, re.MULTILINE) if row != "asked | here"]
    rows = [row for row in rows if not row.startswith("---")]
    assert len(rows) > 50
    for row in rows:
        asked, _, here = row.partition(" | ")
        assert "::" in here or here.startswith(("refused: ", "coming")), asked
