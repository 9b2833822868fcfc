"""Styles of the pages: whatever page is opened first has those that it names, as each is loaded by itself."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

import pytest

SOURCES = Path(__file__).parents[2] / "web/src"
MAIN = "main.tsx"
STATIC = re.compile(r'^(?:import|export)\s+(?!type\s)(?:[^"\';]*?from\s+)?"(\.[^"]+)"', re.MULTILINE)
LAZY = re.compile(r'import\("(\.[^"]+)"\)')
CLASSES = re.compile(r'className=(?:"([^"]*)"|\{`([^`]*)`\})')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    kept = (one for one in SOURCES.rglob("*") if one.suffix in (".ts", ".tsx", ".css"))
    return {str(one.relative_to(SOURCES)): one.read_text(encoding="utf-8") for one in kept}


def imported(files: dict[str, str], name: str, how: re.Pattern[str]) -> list[str]:
    """What a file imports."""
    if name.endswith(".css"):
        return []
    folder = PurePosixPath(name).parent
    wanted = (os.path.normpath(folder / one) for one in how.findall(files[name]))
    return [next(one + end for end in ("", ".tsx", ".ts") if one + end in files) for one in wanted]


def reached(files: dict[str, str], name: str) -> set[str]:
    """What is loaded with a file."""
    seen, todo = set[str](), [name]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += imported(files, one, STATIC)
    return seen


def loaded_pages(files: dict[str, str]) -> dict[str, set[str]]:
    """Each file that is loaded by itself, with all that comes with it and was there before."""
    pages, todo = dict[str, set[str]](), [(MAIN, frozenset[str]())]
    while todo:
        name, before = todo.pop()
        if name not in pages:
            pages[name] = reached(files, name) | before
            for one in pages[name] - before:
                todo += [(page, frozenset(pages[name])) for page in imported(files, one, LAZY)]
    return pages


def test_each_page_brings_the_styles_that_it_names(files: dict[str, str]) -> None:
    styles: dict[str, set[str]] = {}
    for name in files:
        if name.endswith(".css"):
            for found in re.findall(r"\.([a-z][\w-]*)", COMMENT.sub("", files[name])):
                styles.setdefault(found, set()).add(name)
    pages = loaded_pages(files)
    assert len(pages) > 15, "pages are loaded when they are opened"
    assert len(styles) > 300
    missing = []
    for page, there in pages.items():
        for name in (one for one in there if one.endswith(".tsx")):
            for plain, made in CLASSES.findall(files[name]):
                for word in re.sub(r"\$\{[^}]*\}", " ", f"{plain} {made}").split():
                    if word in styles and not styles[word] & there:
                        missing.append(f"{page}: {name} names .{word}, which is in {styles[word]} alone")
    assert not missing
