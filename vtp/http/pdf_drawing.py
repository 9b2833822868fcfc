"""Draws a table as PDF. Only the process of its own that `pdf_tables` starts imports this: fpdf2, its fonts
and what shapes their letters take more memory than a server has to spare for a report now and then.

Reads the table as JSON from standard input and writes the file to standard output.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, TextEmphasis, XPos, YPos
from fpdf.fonts import FontFace

FONTS: Final = Path("/usr/share/fonts")
BASE: Final = "truetype/dejavu/DejaVuSans.ttf"
BOLD: Final = "truetype/dejavu/DejaVuSans-Bold.ttf"
OTHERS: Final = (
    "truetype/droid/DroidSansFallbackFull.ttf",
    "truetype/nanum/NanumGothic.ttf",
    "truetype/noto/NotoSans*-Regular.ttf",
)
"""What is looked through for letters that the base has not, where it is installed: Debian's
fonts-droid-fallback (Chinese, Japanese), fonts-nanum (Korean), fonts-noto-core (most others)."""
UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"
FAMILY: Final = "base"
NO_FONTS: Final = 3  # the exit code without the base
TEXT_PT: Final = 8.0
LINE_MM: Final = 4.2
MARGIN_MM: Final = 12.0
PADDING_MM: Final = 1.4
MOST_LINES: Final = 30  # of a row
SURELY_SHORT: Final = 30  # letters
SHADE: Final = (238, 241, 245)
GREY: Final = (90, 96, 104)
DRAWN: Final = {0x200E, 0x200F, 0x202F, 0xFEFF, 0x200D, 0x200C}  # by shaping, without letters of their own


class Sheet(FPDF):
    """Landscape A4 with the title above and the number of each page below."""

    def __init__(self, table: dict[str, Any]) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._said = table
        self.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM + 4)
        self.set_title(table["title"])
        self.set_subject(" · ".join(table["about"]))
        self.set_creator("vtp")
        self.set_lang("en")

    def header(self) -> None:
        """On the first page in full, on others what tells that they belong together."""
        if self.page_no() == 1:
            self.set_font(FAMILY, "B", 15)
            self._line(self._said["title"], 8)
            self.set_font(FAMILY, "", 9)
            for one in self._said["about"]:
                self._line(one, 5)
            self.ln(2)
            return
        self.set_font(FAMILY, "", TEXT_PT)
        self.set_text_color(*GREY)
        self._line(" · ".join([self._said["title"], *self._said["about"][:1]]), 5)
        self.set_text_color(0)
        self.ln(1)

    def footer(self) -> None:
        """Which page of how many, and when it was made."""
        self.set_y(-MARGIN_MM)
        self.set_font(FAMILY, "", TEXT_PT)
        self.set_text_color(*GREY)
        self.cell(self.epw / 2, 5, self._said["made"], align=Align.L)
        self.cell(0, 5, f"Page {self.page_no()} of {{nb}}", align=Align.R)
        self.set_text_color(0)

    def _line(self, text: str, height: float) -> None:
        self.multi_cell(0, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L)


def draw(table: dict[str, Any]) -> bytes:
    """The whole file."""
    others, unknown = _others(set("".join(_texts(table))))
    table = _marked(table, unknown)
    sheet = Sheet(table)
    sheet.add_font(FAMILY, "", FONTS / BASE)
    sheet.add_font(FAMILY, "B", FONTS / BOLD)
    for number, path in enumerate(others):
        sheet.add_font(f"other{number}", "", path)
    if others:
        sheet.set_fallback_fonts([f"other{number}" for number in range(len(others))], exact_match=False)
    if any(map(_is_shaped, set("".join(_texts(table))))):
        sheet.set_text_shaping(use_shaping_engine=True)  # takes three times as long
    sheet.add_page()
    _rows(sheet, table["columns"], table["rows"])
    return bytes(sheet.output())


def _rows(sheet: Sheet, columns: Sequence[dict[str, Any]], rows: Sequence[Sequence[str]]) -> None:
    sheet.set_font(FAMILY, "", TEXT_PT)
    sheet.set_draw_color(*GREY)
    sheet.set_line_width(0.1)
    if not rows:
        sheet.multi_cell(0, 6, "There is nothing to tell of yet.", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        return
    share = sheet.epw / sum(one["width"] for one in columns)
    widths = [one["width"] * share for one in columns]
    with sheet.table(
        width=sheet.epw,
        col_widths=[one["width"] for one in columns],
        text_align=[Align.R if one["is_number"] else Align.L for one in columns],
        headings_style=FontFace(emphasis=TextEmphasis.B, fill_color=SHADE),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        line_height=LINE_MM,
        padding=(0.6, PADDING_MM, 0.6, PADDING_MM),
        repeat_headings=1,
    ) as drawn:
        drawn.row([one["title"] for one in columns])
        for row in rows:
            drawn.row([_cut(sheet, one, width) for one, width in zip(row, widths, strict=True)])


def _cut(sheet: Sheet, text: str, width_mm: float) -> str:
    """What a cell says, as far as its row has room on a page: a higher one cannot be drawn. Any two lines
    together are longer than one is wide."""
    if len(text) <= SURELY_SHORT:
        return text
    text = " ".join(text.split())
    room_mm = (width_mm - 2 * PADDING_MM) * (MOST_LINES - 1) / 2
    if sheet.get_string_width(text) <= room_mm:
        return text
    fits = bisect_left(range(len(text)), room_mm, key=lambda end: sheet.get_string_width(text[:end] + "…"))
    return text[: max(fits - 1, 0)] + "…"


def _is_shaped(letter: str) -> bool:
    """Whether it joins others, goes from right to left, or stands above one."""
    way, kind = unicodedata.bidirectional(letter), unicodedata.category(letter)
    return way in ("R", "AL", "NSM") or kind in ("Mc", "Cf")


def _texts(table: dict[str, Any]) -> Iterator[str]:
    yield table["title"]
    yield table["made"]
    yield from table["about"]
    yield from (one["title"] for one in table["columns"])
    for row in table["rows"]:
        yield from row


def _others(letters: set[str]) -> tuple[list[Path], set[int]]:
    """Fonts for what the base has no letters for, as few as do, and what none of them has."""
    missing = {ord(one) for one in letters if one.isprintable()} - _known(FONTS / BASE) - DRAWN
    paths = []
    for path in _candidates():
        found = missing & _known(path) if missing else set()
        if found:
            missing -= found
            paths.append(path)
    return paths, missing


def _marked(table: dict[str, Any], unknown: set[int]) -> dict[str, Any]:
    """With a mark that says so for letters that cannot be drawn: they would leave no trace."""
    marks = dict.fromkeys(unknown, UNKNOWN)

    def marked(value: Any) -> Any:
        if isinstance(value, str):
            return value.translate(marks)
        if isinstance(value, list):
            return [marked(one) for one in value]
        return {key: marked(one) for key, one in value.items()} if isinstance(value, dict) else value

    said: dict[str, Any] = marked(table)
    return said


def _candidates() -> Iterable[Path]:
    for pattern in OTHERS:
        yield from sorted(FONTS.glob(pattern))


@cache
def _known(path: Path) -> set[int]:
    with TTFont(path, lazy=True) as font:
        return set(font.getBestCmap() or ())


def main() -> int:
    """Draws one table, when nothing else of the machine has anything to do."""
    os.nice(10)
    if not (FONTS / BASE).exists() or not (FONTS / BOLD).exists():
        return NO_FONTS
    sys.stdout.buffer.write(draw(json.load(sys.stdin)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
