"""Files of courses for tests: taken away, looked into, changed by hand, brought back."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from tests.api.course_material import BASE
from tests.api.coursework_material import lying
from tests.serving import Answer, Api, Person
from vtp.course_files.manifest import MANIFEST
from vtp.courses.tables import courses, lessons
from vtp.coursework.tables import coursework_files, materials
from vtp.quizzes.tables import quiz_questions
from vtp.rooms.tables import rooms

IMPORT = f"{BASE}/import"
ZIP = {"Content-Type": "application/zip"}
_COUNTED = (courses, lessons, rooms, materials, coursework_files, quiz_questions)


async def export(api: Api, course: str, by: Person) -> bytes:
    """A course as a file."""
    answer = await api.call("GET", f"{BASE}/{course}/export", by=by)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/zip"
    return bytes(answer.body)


async def bring(api: Api, data: bytes, by: Person, *, dry: bool = False) -> Answer:
    """Asks for a course to be made of a file."""
    return await api.call("POST", f"{IMPORT}{'?dry_run=true' if dry else ''}", by=by, data=data, headers=ZIP)


def parts_of(data: bytes) -> dict[str, bytes]:
    """What is in a file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def contents_of(data: bytes) -> dict[str, bytes]:
    """The same, without when and by what it was made."""
    parts = parts_of(data)
    manifest = json.loads(parts.pop(MANIFEST))
    return {**parts, MANIFEST: json.dumps(manifest["course"]).encode()}


def built(
    parts: Mapping[str, bytes], *, compress: bool = False, manifest: Mapping[str, Any] | None = None
) -> bytes:
    """A file of these parts, which its manifest names as they are, unless another manifest is given."""
    said = json.loads(parts[MANIFEST]) if manifest is None else dict(manifest)
    if manifest is None:
        said["parts"] = [facts(name, data) for name, data in parts.items() if name != MANIFEST]
    buffer = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, data in parts.items():
            if name != MANIFEST:
                archive.writestr(name, data)
        archive.writestr(MANIFEST, json.dumps(said))
    return buffer.getvalue()


def facts(name: str, data: bytes) -> dict[str, Any]:
    """What a manifest says of a part."""
    return {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


async def kept(api: Api) -> tuple[int, ...]:
    """Rows of everything that an import makes, and files in the store."""
    async with api.server.services.database.read() as tx:
        found = [
            (await tx.execute(select(func.count()).select_from(table))).scalar_one() for table in _COUNTED
        ]
    return (*found, len(lying(api)))
