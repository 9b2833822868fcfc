"""Reports as CSV open in LibreOffice with the right columns, and nothing in them is run."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from tests.api.test_analytics_attendance import make_school
from tests.api.test_analytics_network import hold
from tests.api.test_analytics_reports import file
from tests.serving import Api, Person
from vtp.accounts.tables import users

SOFFICE: Final = shutil.which("soffice")
TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
LIMIT_S: Final = 120
AS_ITS_DIALOG_PROPOSES: Final = "CSV:44,34,76,1,,0,false,true,false,false,false,0,true"
"""Commas, quotes, UTF-8 (by the mark in front), from the first line; formulas are run, as one may wish."""
NAMES: Final = {
    "Ada": '=HYPERLINK("http://x.example";"Ada")',
    "Ben": "+49 Ben",
    "Cat": "-1+2",
    "Dan": "@SUM(1;2)",
    "Eva": 'Eva, "the" Ünal; Łódź\u2003王',
}
REPORTS: Final = {
    "attendance": "student_attendance",
    "engagement": "student_engagement",
    "performance": "lectures",
    "network": "connections",
}


async def opened(path: Path) -> tuple[list[list[str]], int]:
    """The cells as LibreOffice has them, as texts, and how many of them are formulas."""
    assert SOFFICE is not None
    folder = path.parent
    command = [SOFFICE, "--headless", "--norestore", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
    process = await asyncio.create_subprocess_exec(
        *command,
        f"--infilter={AS_ITS_DIALOG_PROPOSES}",
        "--convert-to",
        "fods",
        "--outdir",
        str(folder),
        str(path),
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(LIMIT_S):
        assert await process.wait() == 0
    rows, formulas = [], 0
    for row in ElementTree.parse(path.with_suffix(".fods")).iter(f"{TABLE}table-row"):
        cells: list[str] = []
        for cell in row.iter(f"{TABLE}table-cell"):
            formulas += f"{TABLE}formula" in cell.attrib
            times = int(cell.get(f"{TABLE}number-columns-repeated", "1"))
            text = "\n".join("".join(one.itertext()) for one in cell)
            cells += [text] * (times if text or times < 100 else 0)
        if any(cells):
            rows.append(cells)
    return rows, formulas


@pytest.mark.long
@pytest.mark.sqlite_alone
@pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice: install libreoffice-calc-nogui")
async def test_each_report_opens_with_its_columns(api: Api, teacher: Person, tmp_path: Path) -> None:
    school = await make_school(api, teacher, list(NAMES))
    await hold(school)
    await file(api, school.course, teacher, "optics")
    async with api.server.services.database.transaction() as tx:
        for known, name in NAMES.items():
            mine = users.c.id == school.pupils[known].user_id
            await tx.execute(update(users).where(mine).values(full_name=name))
    for report, listed in REPORTS.items():
        path = f"/api/v1/analytics/reports/{report}?course_id={school.course}"
        said = (await api.call("GET", path, by=teacher)).body[listed]
        table = (await api.call("GET", f"{path}&format=csv", by=teacher)).body
        saved = tmp_path / f"{report}.csv"
        saved.write_bytes(table.encode() if isinstance(table, str) else table)
        [header, *rows], formulas = await opened(saved)
        assert formulas == 0
        assert header == list(said[0]), report
        assert len(rows) == len(said) and all(len(row) <= len(header) for row in rows)
        name = next(key for key in ("student_name", "name", "title") if key in said[0])
        place = header.index(name)
        for row, one in zip(rows, said, strict=True):
            assert row[place].removeprefix("'") == one[name], report
