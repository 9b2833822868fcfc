"""What pages and programs do with coursework, for the test that explains every statement."""

from __future__ import annotations

from tests.api.assignment_material import assign, begin, hand_in
from tests.api.callers import MISSING
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
    await _write_assignments(api, course, admin, teacher, pupil)
    await api.server.services.coursework.files.sweep()
    later = await add_material(api, course, teacher, published=False)
    await upload(api, versions_of(course, later), teacher)
    assert (
        await api.call("PATCH", f"{BASE}/{course}/materials/{later}", {"published": True}, by=teacher)
    ).status == 200
    await api.server.services.coursework.teller.look()


async def _write_assignments(api: Api, course: str, admin: Person, teacher: Person, pupil: Person) -> None:
    at = await assign(api, course, teacher, for_groups=True)
    group = {"name": "x", "members": [pupil.user_id]}
    made = await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)
    again = {"groups": [{**group, "id": made.body["items"][0]["id"]}]}
    assert (await api.call("PUT", f"{at}/groups", again, by=teacher)).status == 200
    dropped = await begin(api, at, pupil)
    await upload(api, f"{dropped}/files", pupil)
    assert (await api.call("DELETE", dropped, by=pupil)).status == 204
    draft = await begin(api, at, pupil)
    file = (await upload(api, f"{draft}/files", pupil)).body["id"]
    assert (await api.call("DELETE", f"{draft}/files/{file}", by=pupil)).status == 204
    kept = (await upload(api, f"{draft}/files", pupil)).body["id"]
    assert (await api.call("PUT", draft, {"text": "y"}, by=pupil)).status == 200
    assert (await hand_in(api, draft, pupil)).status == 200
    cursor = encode_cursor(MISSING)
    lists = f"{at}/submissions", f"{at}/groups", f"{BASE}/{course}/assignments"
    for by in (admin, pupil):
        reads = [*lists, *(f"{one}?cursor={cursor}" for one in lists), at, draft]
        for path in (*reads, f"{at}/submissions?user_id={pupil.user_id}", f"{BASE}/{course}/files/{kept}"):
            assert (await api.call("GET", path, by=by)).status == 200, path
    for wish in ({"points": 5}, {"due_at": "2199-01-02T08:00:00Z"}, {"title": "z"}):
        assert (await api.call("PATCH", at, wish, by=teacher)).status == 200
    grade = f"{at}/grades/{pupil.user_id}"
    for wish in ({"points": 1, "for_group": True}, {"points": 2}):
        assert (await api.call("PATCH", grade, wish, by=teacher)).status == 200
    remark = (await upload(api, f"{grade}/files", teacher)).body["id"]
    for by in (teacher, pupil):
        assert (await api.call("GET", "/api/v1/home", by=by)).status == 200
        whole = f"{BASE}/{course}/grades"
        book = [f"{whole}/mine", f"{whole}/mine?cursor={cursor}"]
        if by is teacher:
            book = [grade, whole, f"{whole}?q=reader", f"{whole}?cursor={encode_cursor(('a', MISSING))}"]
        for path in book:
            assert (await api.call("GET", path, by=by)).status == 200, path
        assert (await api.call("POST", f"{at}/release-grades", by=teacher)).status == 200
    assert (await api.call("GET", f"{BASE}/{course}/files/{remark}", by=pupil)).status == 200
    assert (await api.call("GET", f"{BASE}/{course}/grades/export", by=teacher)).status == 200
    assert (await api.call("DELETE", f"{grade}/files/{remark}", by=teacher)).status == 204
    assert (await api.call("PATCH", at, {"for_groups": False}, by=teacher)).status == 409
    assert (await api.call("DELETE", at, by=teacher)).status == 204
