"""Coursework by every kind of caller, and by every role that one can have in a course."""

from __future__ import annotations

from tests.api.callers import MISSING, Endpoint, assert_statuses, everybody, of
from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.coursework_material import PDF, add_material, upload, versions_of
from tests.serving import Api, Person
from vtp.faces import build_tables

C = BASE + "/{id}"
#                     nobody new stu view ass tea own adm room elsewhere
OWNERS = of("              401 403 403 403 403 403 200 200 403 403")
OWNERS_MAKE = of("         401 403 403 403 403 403 201 201 403 403")
OWNERS_MISSING = of("      401 403 403 403 403 403 404 404 403 403")


def endpoints(course: str, material: str) -> list[Endpoint]:
    """What is asked of an active course; nobody is in it but whose it is."""
    at = f"{BASE}/{course}"
    materials = f"{C}/materials/{{material_id}}"
    return [
        Endpoint("GET", f"{at}/materials", OWNERS, f"{C}/materials"),
        Endpoint("POST", f"{at}/materials", OWNERS_MAKE, f"{C}/materials", body={"title": "x"}),
        Endpoint("GET", f"{at}/materials/{material}", OWNERS, materials),
        Endpoint("PATCH", f"{at}/materials/{material}", OWNERS, materials, body={"title": "y"}),
        Endpoint("DELETE", f"{at}/materials/{MISSING}", OWNERS_MISSING, materials),
        Endpoint(
            "POST",
            f"{at}/materials/{material}/versions?name=a.pdf",
            OWNERS_MAKE,
            f"{materials}/versions",
            file=PDF,
        ),
        Endpoint("GET", f"{at}/materials/{material}/versions", OWNERS, f"{materials}/versions"),
        Endpoint(
            "DELETE",
            f"{at}/materials/{material}/versions/{MISSING}",
            OWNERS_MISSING,
            f"{materials}/versions/{{file_id}}",
        ),
        Endpoint("GET", f"{at}/files/{MISSING}", OWNERS_MISSING, f"{C}/files/{{file_id}}"),
    ]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    callers = await everybody(api)
    owner = callers["owner"]
    assert isinstance(owner, Person)
    course = await make_course(api, owner)
    await assert_statuses(api, endpoints(course, await add_material(api, course, owner)), callers)


async def test_the_table_covers_every_endpoint(api: Api) -> None:
    [table] = [table for table in build_tables(api.server.services) if table.tag == "coursework"]
    routes = {(route.method, route.path) for route in table.routes}
    assert routes == {one.declared for one in endpoints(MISSING, MISSING)}


ROLES = ("admin", "teacher", "assistant", "student", "waiting", "outsider")
#                        adm tea ass stu wai out
EVERYBODY_IN = of("      200 200 200 200 403 403")
STAFF = of("             200 200 200 403 403 403")
STAFF_MAKE = of("        201 201 201 403 403 403")
IN_A_COURSE: list[tuple[str, str, object, tuple[int, ...]]] = [
    ("GET", "/materials", None, EVERYBODY_IN),
    ("POST", "/materials", {"title": "x"}, STAFF_MAKE),
    ("GET", "/materials/MATERIAL", None, EVERYBODY_IN),
    ("PATCH", "/materials/MATERIAL", {"title": "x"}, STAFF),
    ("GET", "/materials/MATERIAL/versions", None, EVERYBODY_IN),
    ("GET", "/files/FILE", None, EVERYBODY_IN),
    ("GET", "/materials/HIDDEN", None, STAFF),
]


async def people_of(api: Api, course: str, owner: Person) -> dict[str, Person]:
    """Somebody in each role; the accounts of those who help out are students'."""
    admin = await api.person("admin")
    people = {name: await student(api, name) for name in ROLES if name != "admin"} | {"admin": admin}
    for name in ("teacher", "assistant"):
        given = {"user_id": people[name].user_id, "role": name}
        await api.call("POST", f"{BASE}/{course}/permissions", given, by=owner)
    for name in ("student", "waiting"):
        assert (await enrol(api, course, people[name])).status == 201
    return people


async def test_the_role_that_one_has_in_a_course_decides(api: Api) -> None:
    owner = await api.person("teacher", "owner@school.example")
    course = await make_course(api, owner, max_students=1)
    people = await people_of(api, course, owner)
    material = await add_material(api, course, owner)
    hidden = await add_material(api, course, owner, published=False)
    file = (await upload(api, versions_of(course, material), owner)).body["id"]
    names = {"MATERIAL": material, "HIDDEN": hidden, "FILE": file}
    wrong = {}
    for method, path, body, expected in IN_A_COURSE:
        for word, meant in names.items():
            path = path.replace(word, meant)
        got = [
            (await api.call(method, f"{BASE}/{course}{path}", body, by=people[name])).status for name in ROLES
        ]
        if tuple(got) != expected:
            wrong[f"{method} {path}"] = got
    assert not wrong, wrong
