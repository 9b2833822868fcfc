"""WebVTT (W3C) as people upload it: read strictly, written anew. Nothing of a file is served as it was sent.

Cues, their settings and their text are kept; comments, styles and regions are left out, as a page of ours
shows captions its own way. What the standard forbids is refused, with the number of its line.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from vtp.errors import FieldError, Invalid

VTT_TYPE = "text/vtt"
MAX_BYTES = 2 << 20
MAX_CUES = 20_000
MAX_CUE_CHARACTERS = 2_000
MAX_ERRORS = 20
_STAMP = r"(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMING = re.compile(rf"{_STAMP}[ \t]+-->[ \t]+{_STAMP}(?:[ \t]+(.*))?")
_HEADER = re.compile(r"WEBVTT(?:[ \t].*)?")
_PERCENT = r"(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%"
_SETTINGS = {
    "vertical": re.compile(r"rl|lr"),
    "line": re.compile(rf"(?:-?\d{{1,4}}|{_PERCENT})(?:,(?:start|center|end))?"),
    "position": re.compile(rf"{_PERCENT}(?:,(?:line-left|center|line-right))?"),
    "size": re.compile(_PERCENT),
    "align": re.compile(r"start|center|end|left|right"),
}
_TAG = re.compile(r"<(?:/?(?:c|i|b|u|v|ruby|rt|lang)(?:\.[\w.-]+)?(?:[ \t][^<>\n]*)?|" + _STAMP + r")>")
_REFERENCE = re.compile(
    r"&(?!(?:amp|lt|gt|nbsp|lrm|rlm);)(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]{0,31};?)?"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LEFT_OUT = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)")
_NEEDS_CLOSING = {"c", "i", "b", "u", "v", "ruby", "lang"}


@dataclass(frozen=True, slots=True)
class Cue:
    """A caption; `text` is the standard's, its `<` and `&` escaped; `name` is as it was."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""
    name: str = ""


def read_vtt(data: bytes) -> list[Cue]:
    """Reads a file. Raises Invalid, which names the lines at fault."""
    reader = _Reader(_lines(data))
    cues = reader.read()
    if reader.errors:
        detail = f"The captions are not valid WebVTT: {reader.errors[0].detail}"
        raise Invalid(detail, code="captions_invalid", errors=reader.errors)
    if not cues:
        raise _invalid("it has no captions: a time line such as `00:01.000 --> 00:04.000`, then its text.")
    return cues


def write_vtt(cues: Iterable[Cue], header: Iterable[str] = ()) -> str:
    """A file of these cues; `header`: lines below its first one."""
    blocks = ["\n".join(["WEBVTT", *header])]
    for cue in cues:
        timing = f"{stamp(cue.start_ms)} --> {stamp(cue.end_ms)}"
        lines = [cue.name, f"{timing} {cue.settings}".rstrip(), cue.text]
        blocks.append("\n".join(line for line in lines if line))
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Plain text as a cue's: nothing in it is a tag, and no line is empty, which would end it."""
    lines = (line.strip() for line in text.splitlines())
    kept = "\n".join(line for line in lines if line)
    return _escape(kept)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _decode(text: str) -> str:
    """References to characters of HTML, all of which the standard allows, as the characters: of these many
    players know the six alone that the standard names, which stay. Other `&` are escaped.

    No line is empty afterwards, which would end the cue.
    """
    lines = (_REFERENCE.sub(_decode_one, line) for line in text.split("\n"))
    return "\n".join(line if line.strip(" \t") else "&nbsp;" for line in lines) if text else ""


def _decode_one(found: re.Match[str]) -> str:
    return _escape(_CONTROL.sub(" ", html.unescape(found[0])))


def stamp(ms: int) -> str:
    """A time as WebVTT writes it."""
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


class _Reader:
    """Goes over the lines block by block; a block ends with an empty line."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self.errors: list[FieldError] = []

    def read(self) -> list[Cue]:
        if not self._lines or not _HEADER.fullmatch(self._lines[0]):
            self._refuse(0, "the first line must be WEBVTT.")
            return []
        if "-->" in "".join(self._block()):
            self._refuse(0, "an empty line must stand between WEBVTT and the first caption.")
        cues: list[Cue] = []
        while self._at < len(self._lines) and len(self.errors) < MAX_ERRORS:
            first = self._at
            block = self._block()
            if not block or _LEFT_OUT.match(block[0]):
                continue
            cue = self._cue(block, first)
            if cue is None:
                continue
            if cues and cue.start_ms < cues[-1].start_ms:
                self._refuse(first, "it begins before the caption above it: put them in order of time.")
            cues.append(cue)
            if len(cues) > MAX_CUES:
                self._refuse(first, f"there are more than {MAX_CUES} captions.")
                break
        return cues

    def _block(self) -> list[str]:
        """The lines up to the next empty one, which is passed."""
        begin = self._at
        while self._at < len(self._lines) and self._lines[self._at]:
            self._at += 1
        block = self._lines[begin : self._at]
        self._at += 1
        return block

    def _cue(self, block: list[str], first: int) -> Cue | None:
        name = "" if "-->" in block[0] else block[0]
        at = 1 if name else 0
        found = _TIMING.fullmatch(block[at]) if at < len(block) else None
        if found is None:
            self._refuse(first + at, "a time line such as `00:01.000 --> 00:04.000` must stand here.")
            return None
        start_ms, end_ms = _ms(found.groups()[:4]), _ms(found.groups()[4:8])
        if end_ms <= start_ms:
            self._refuse(first + at, "it must end after it begins.")
        settings = self._settings(found[9] or "", first + at)
        text = "\n".join(block[at + 1 :])
        if "-->" in text:
            self._refuse(first + at + 1, "an empty line must stand between two captions.")
        elif len(text) > MAX_CUE_CHARACTERS:
            self._refuse(first + at + 1, f"a caption has at most {MAX_CUE_CHARACTERS} characters.")
        else:
            self._check_tags(text, first + at + 1)
        return Cue(start_ms, end_ms, _decode(text), settings, name)

    def _settings(self, text: str, line: int) -> str:
        kept = []
        for setting in text.split():
            name, _, value = setting.partition(":")
            if name == "region":
                continue  # regions are left out
            if name not in _SETTINGS or not _SETTINGS[name].fullmatch(value):
                self._refuse(line, f"`{setting[:40]}` is no setting of a caption.")
                continue
            kept.append(setting)
        return " ".join(kept)

    def _check_tags(self, text: str, line: int) -> None:
        """Only WebVTT's own tags, each closed in its turn; a `v` may go to the caption's end."""
        rest = _TAG.sub("", text)
        if "<" in rest:
            wrong = rest[rest.index("<") :][:20].partition("\n")[0]
            self._refuse(line, f"`{wrong}` is no tag of WebVTT: write &lt; for a <.")
            return
        opened: list[str] = []
        for tag in _TAG.finditer(text):
            name = re.split(r"[.\s>]", tag[0].strip("<>/"), maxsplit=1)[0]
            if name not in _NEEDS_CLOSING:
                continue
            if not tag[0].startswith("</"):
                opened.append(name)
            elif not opened or opened.pop() != name:
                self._refuse(line, f"`{tag[0]}` closes nothing.")
                return
        if opened and opened != ["v"]:
            self._refuse(line, f"`<{opened[-1]}>` is not closed.")

    def _refuse(self, line: int, detail: str) -> None:
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(FieldError(f"/line/{line + 1}", f"line {line + 1}: {detail}"))


def _lines(data: bytes) -> list[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _invalid(f"line {line}: it is not UTF-8; save the file in that encoding.", line) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, text in enumerate(lines, 1):
        if any(c < " " and c != "\t" for c in text) or "\x7f" in text:
            raise _invalid(f"line {number}: it has a control character.", number)
    return [line if line.strip(" \t") else "" for line in lines]


def _ms(groups: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, rest = (int(group or 0) for group in groups)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def _invalid(detail: str, line: int = 1) -> Invalid:
    text = f"The captions are not valid WebVTT: {detail}"
    return Invalid(text, code="captions_invalid", errors=[FieldError(f"/line/{line}", detail)])
