"""Reports as PDF are read by others' programs: pypdf, and poppler's pdftotext."""

from __future__ import annotations

import io
import subprocess
import unicodedata
from dataclasses import dataclass

import aiohttp
import pytest
from pypdf import PdfReader
from sqlalchemy import update

from tests.api.course_material import enrol, make_course, student
from tests.api.test_analytics_attendance import make_school
from tests.api.test_analytics_network import hold
from tests.serving import Api, Person
from vtp.accounts.tables import users
from vtp.http.pdf_tables import Column, PdfDrawer, PdfTable

NAMES = (
    "Андрей Колмогоров",
    "Ελένη Παπαδοπούλου",
    "محمد الخوارزمي",
    "דוד בן גוריון",
    "王小明",
    "山田 太郎",
    "Nguyễn Thị Ánh",
    '=HYPERLINK("x")',
)
REPORTS = ("attendance", "engagement", "performance", "network")


@dataclass
class Pdf:
    """A file, as one library reads it and as it came."""

    reader: PdfReader
    body: bytes

    @property
    def text(self) -> str:
        """As poppler reads it, without the marks of direction."""
        command = ["pdftotext", "-layout", "-", "-"]
        found = subprocess.run(command, input=self.body, capture_output=True, check=True)
        return "".join(one for one in found.stdout.decode() if unicodedata.category(one) != "Cf")


async def read(api: Api, path: str, by: Person) -> Pdf:
    async with (
        aiohttp.ClientSession(headers=by.headers) as session,
        session.get(f"{api.base_url}/api/v1/analytics/reports/{path}") as answer,
    ):
        body = await answer.read()
        assert (answer.status, answer.content_type) == (200, "application/pdf"), body
        assert answer.headers["Cache-Control"] == "no-store"
        assert ".pdf" in answer.headers["Content-Disposition"]
    return Pdf(PdfReader(io.BytesIO(body), strict=True), body)


async def test_names_in_all_scripts_are_read_out_of_it(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher, name="Optics, Оптика")
    pupils = [await student(api, f"pupil{number}") for number in range(40)]
    for pupil in pupils:
        assert (await enrol(api, course, pupil)).status == 201
    async with api.server.services.database.transaction() as tx:
        for number, pupil in enumerate(pupils):
            name = NAMES[number] if number < len(NAMES) else f"Pupil {number:02}"
            await tx.execute(update(users).where(users.c.id == pupil.user_id).values(full_name=name))
    path = f"attendance?course_id={course}&format=pdf&time_zone=Asia/Kolkata"
    found = await read(api, path, teacher)
    reader, text = found.reader, found.text
    for name in NAMES:
        assert name in text, name
    assert "Optics, Оптика" in text and "(Asia/Kolkata)" in text
    pages = len(reader.pages)
    assert pages == 2 and f"Page 2 of {pages}" in text
    assert text.count("Excused") == pages, "each page has the headings"
    assert all(f"Pupil {number:02}" in text for number in range(len(NAMES), 40))
    assert reader.metadata is not None and reader.metadata.title == "Attendance"


async def test_each_report_is_there_and_for_whom_it_is(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben", "Cat", "Dan"])
    empty = await make_course(api, teacher)
    await hold(school)
    for report in REPORTS:
        text = (await read(api, f"{report}?course_id={school.course}&format=pdf", teacher)).text
        assert "Page 1 of 1" in text and "(UTC)" in text
        if report != "performance":
            assert "Ada" in text and ("Dan" in text) is (report != "network")
        nothing = await read(api, f"{report}?course_id={empty}&format=pdf", teacher)
        assert "There is nothing to tell of yet." in nothing.text
    ada = school.pupils["Ada"]
    own = (await read(api, f"attendance?course_id={school.course}&format=pdf", ada)).text
    assert "Ada" in own and "Ben" not in own
    path = f"/api/v1/analytics/reports/network?course_id={school.course}&format=pdf"
    assert (await api.call("GET", path, by=ada)).status == 403
    odd = await api.call("GET", f"{path}&time_zone=Mars/Olympus", by=teacher)
    assert (odd.status, odd.pointers) == (422, ["/query/time_zone"])


@pytest.mark.drawn(2)
@pytest.mark.parametrize("said", ["W" * 255, "W" * 10_000, "WWWWW " * 50, "م" * 255, "a\n" * 200])
async def test_a_long_word_in_a_narrow_column_is_cut_where_its_row_would_be_higher_than_a_page(
    said: str,
) -> None:
    columns = [Column("Name", 0.7), *[Column("x", 1.0, is_number=True)] * 11]
    drawn = await PdfDrawer().draw(PdfTable("Optics", ["a"], "now", columns, [[said, *["1"] * 11]]))
    text = Pdf(PdfReader(io.BytesIO(drawn), strict=True), drawn).text
    assert "…" in text or said[0] == "م" or "\n" in said
