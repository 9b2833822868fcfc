"""The file that an export is: a zip of `data.json` and the picture, written piece by piece.

Plain and blocking, for a thread; the file has no name, so nobody else finds it and it ends with its user.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Final

DATA: Final = "data.json"
PICTURE: Final = "picture.jpg"


class Bundle:
    """`begin` a section, `add` rows to it, `end` it; `finish` once."""

    def __init__(self, head: Mapping[str, str]) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - given away by finish()
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        self._data = self._zip.open(DATA, "w")
        self._write("{" + json.dumps(head, indent=1)[1:-2])
        self._empty = True

    def begin(self, name: str) -> None:
        """Opens a section."""
        self._write(f",\n {json.dumps(name)}: [")
        self._empty = True

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds rows to the open section."""
        for row in rows:
            comma = "" if self._empty else ","
            self._write(f"{comma}\n  {json.dumps(row, ensure_ascii=False, default=_spell)}")
            self._empty = False

    def end(self) -> None:
        """Closes the section."""
        self._write("]" if self._empty else "\n ]")

    def finish(self, picture: bytes | None) -> tuple[BinaryIO, int]:
        """The finished file, at its beginning, and its size; whoever takes it closes it."""
        self._write("\n}\n")
        self._data.close()
        if picture is not None:
            self._zip.writestr(PICTURE, picture, zipfile.ZIP_STORED)
        self._zip.close()
        size = self._file.tell()
        self._file.seek(0)
        return self._file, size

    def discard(self) -> None:
        """Ends a bundle that will not be finished."""
        self._data.close()
        self._zip.close()
        self._file.close()

    def _write(self, text: str) -> None:
        self._data.write(text.encode())


def _spell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"an export cannot say a {type(value).__name__}")
