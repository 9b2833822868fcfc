"""Which files are taken: known by the ending of their name, and checked by what is in them. No I/O.

What a browser or an office program may run when it is only looked at (HTML, SVG, programs) is not among them.
Archives and office documents are ZIP files to us: they are never opened here, so what they would unpack to
does not matter to this server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from vtp.errors import FieldError, Invalid
from vtp.http.text import check_line

HEAD_BYTES: Final = 1024
MAX_NAME: Final = 200
_NAME = "/query/name"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

Check = Callable[[bytes], bool]
"""Whether the first HEAD_BYTES, or all of a shorter file, can be of a kind."""


@dataclass(frozen=True, slots=True)
class FileType:
    """What the files of an ending are. `is_text`: no NUL is anywhere in them, unless they are UTF-16."""

    ending: str
    media_type: str
    looks_right: Check
    is_text: bool = False


def _starts(*marks: bytes) -> Check:
    return lambda head: head.startswith(marks)


def _riff(kind: bytes) -> Check:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == kind


def _has_ftyp(head: bytes) -> bool:
    return head[4:8] == b"ftyp"


def _is_quicktime(head: bytes) -> bool:
    return head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def _is_mp3(head: bytes) -> bool:
    return head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] > b"\xe0")


def _is_pdf(head: bytes) -> bool:
    return b"%PDF-" in head


def _is_text(head: bytes) -> bool:
    binary = (b"\x7fELF", b"MZ", b"PK\x03\x04", b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf")
    return head.startswith(_UTF16_MARKS) or not (head.startswith(binary) or b"\0" in head)


_ZIP = _starts(b"PK\x03\x04", b"PK\x05\x06")
_OLE = _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_BINARY: Final[tuple[tuple[str, str, Check], ...]] = (
    ("pdf", "application/pdf", _is_pdf),
    ("docx", f"{_OOXML}wordprocessingml.document", _ZIP),
    ("xlsx", f"{_OOXML}spreadsheetml.sheet", _ZIP),
    ("pptx", f"{_OOXML}presentationml.presentation", _ZIP),
    ("odt", f"{_ODF}text", _ZIP),
    ("ods", f"{_ODF}spreadsheet", _ZIP),
    ("odp", f"{_ODF}presentation", _ZIP),
    ("odg", f"{_ODF}graphics", _ZIP),
    ("epub", "application/epub+zip", _ZIP),
    ("doc", "application/msword", _OLE),
    ("xls", "application/vnd.ms-excel", _OLE),
    ("ppt", "application/vnd.ms-powerpoint", _OLE),
    ("zip", "application/zip", _ZIP),
    ("7z", "application/x-7z-compressed", _starts(b"7z\xbc\xaf\x27\x1c")),
    ("gz", "application/gzip", _starts(b"\x1f\x8b")),
    ("tgz", "application/gzip", _starts(b"\x1f\x8b")),
    ("png", "image/png", _starts(b"\x89PNG\r\n\x1a\n")),
    ("jpg", "image/jpeg", _starts(b"\xff\xd8\xff")),
    ("jpeg", "image/jpeg", _starts(b"\xff\xd8\xff")),
    ("gif", "image/gif", _starts(b"GIF87a", b"GIF89a")),
    ("webp", "image/webp", _riff(b"WEBP")),
    ("heic", "image/heic", _has_ftyp),
    ("mp4", "video/mp4", _has_ftyp),
    ("m4v", "video/mp4", _has_ftyp),
    ("mov", "video/quicktime", _is_quicktime),
    ("webm", "video/webm", _starts(b"\x1a\x45\xdf\xa3")),
    ("mkv", "video/x-matroska", _starts(b"\x1a\x45\xdf\xa3")),
    ("m4a", "audio/mp4", _has_ftyp),
    ("mp3", "audio/mpeg", _is_mp3),
    ("wav", "audio/wav", _riff(b"WAVE")),
    ("ogg", "audio/ogg", _starts(b"OggS")),
    ("opus", "audio/ogg", _starts(b"OggS")),
    ("flac", "audio/flac", _starts(b"fLaC")),
)
_TEXT: Final[tuple[tuple[str, str], ...]] = (
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("tex", "application/x-tex"),
    ("bib", "text/x-bibtex"),
    ("rtf", "application/rtf"),
    ("srt", "application/x-subrip"),
    ("vtt", "text/vtt"),
    *((ending, "text/plain") for ending in ("json", "yaml", "toml", "py", "ipynb", "c", "h", "cpp", "hpp")),
    *((ending, "text/plain") for ending in ("java", "kt", "rs", "go", "ts", "r", "m", "sql", "hs", "ml")),
)
FILE_TYPES: Final = {
    **{ending: FileType(ending, kind, check) for ending, kind, check in _BINARY},
    **{ending: FileType(ending, kind, _is_text, is_text=True) for ending, kind in _TEXT},
}


def check_name(name: str) -> str:
    """The name of a file as it is kept. Raises Invalid for one with folders in it, or none at all."""
    try:
        name = check_line(name)
    except ValueError as error:
        raise _refused(str(error)) from None
    if "/" in name or "\\" in name or name in ("", ".", ".."):
        raise _refused("a file's name, without folders: homework.pdf")
    if len(name) > MAX_NAME:
        raise _refused(f"at most {MAX_NAME} characters")
    return name


def type_of(name: str, taken: Sequence[str] = ()) -> FileType:
    """What a file of this name is to be; `taken`: the endings that are, all when empty. Raises Invalid."""
    _, dot, ending = name.rpartition(".")
    found = FILE_TYPES.get(ending.lower()) if dot else None
    if found is None or (taken and found.ending not in taken):
        known = ", ".join(sorted(taken or FILE_TYPES))
        raise Invalid(
            "Files of this kind are not taken.",
            code="file_type_not_taken",
            errors=[FieldError(_NAME, f"must end with one of: {known}")],
        )
    return found


class ContentCheck:
    """Looks at a file while it arrives: `receive` each piece, `finish` at its end. Both raise Invalid."""

    def __init__(self, kind: FileType) -> None:
        self._kind = kind
        self._head = b""
        self._looked = False
        self._wide = False

    def receive(self, piece: bytes) -> None:
        """The next bytes."""
        if not self._looked:
            self._head += piece[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._look()
        if self._kind.is_text and not self._wide and b"\0" in piece and not self._is_wide():
            raise self._wrong()

    def finish(self) -> None:
        """There are no more."""
        if not self._head:
            raise Invalid(
                "The file is empty.", code="file_empty", errors=[FieldError("/body", "holds no bytes")]
            )
        if not self._looked:
            self._look()

    def _is_wide(self) -> bool:
        self._wide = self._head.startswith(_UTF16_MARKS)
        return self._wide

    def _look(self) -> None:
        self._looked = True
        if not self._kind.looks_right(self._head):
            raise self._wrong()

    def _wrong(self) -> Invalid:
        return Invalid(
            f"What is in this file is not what a name with .{self._kind.ending} says.",
            code="file_content_wrong",
            errors=[FieldError("/body", f"is no {self._kind.media_type}")],
        )


def _refused(detail: str) -> Invalid:
    return Invalid("The file cannot have this name.", code="file_name", errors=[FieldError(_NAME, detail)])
