"""What pages and programs do with coursework, for the test that explains every statement."""

from __future__ import annotations

from tests.api.course_material import BASE, enrol, student
from tests.api.coursework_material import add_material, upload, versions_of
from tests.serving import Api, Person
from vtp.http.pagination import encode_cursor


async def write_coursework(api: Api, course: str, admin: Person, teacher: Person) -> None:
    """Calls what reads and changes materials, each by staff and by a student."""
    pupil = await student(api, "reader")
    await enrol(api, course, pupil)
    material = await add_material(api, course, teacher)
    at, versions = f"{BASE}/{course}/materials/{material}", versions_of(course, material)
    files = [(await upload(api, versions, teacher)).body["id"] for _ in range(2)]
    for by in (admin, pupil):
        for path in (at, versions, f"{versions}?cursor={encode_cursor(2)}", f"{BASE}/{course}/materials"):
            assert (await api.call("GET", path, by=by)).status == 200, path
        assert (await api.call("GET", f"{BASE}/{course}/files/{files[-1]}", by=by)).status == 200
    assert (await api.call("PATCH", at, {"title": "x"}, by=teacher)).status == 200
    assert (await api.call("DELETE", f"{versions}/{files[0]}", by=teacher)).status == 204
    assert (await api.call("DELETE", at, by=teacher)).status == 204
    await api.server.services.coursework.files.sweep()
