"""Coursework by every kind of caller, and by every role that one can have in a course."""

from __future__ import annotations

from tests.api.assignment_material import assign
from tests.api.callers import MISSING, Endpoint, assert_covers, assert_statuses, everybody, of
from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.coursework_material import PDF, add_material, upload, versions_of
from tests.serving import Api, Person
from vtp.coursework.material_routes import LINKED

C = BASE + "/{id}"
#                     nobody new stu view ass tea own adm room elsewhere
OWNERS = of("              401 403 403 403 403 403 200 200 403 403")
OWNERS_MAKE = of("         401 403 403 403 403 403 201 201 403 403")
OWNERS_MISSING = of("      401 403 403 403 403 403 404 404 403 403")


#                     nobody new stu view ass tea own adm room elsewhere
NO_LINK = of("             403 403 403 403 403 403 403 403 403 403")
NO_WORK = of("             401 403 403 403 403 403 403 403 403 403")


def endpoints(course: str, material: str, assignment: str) -> list[Endpoint]:
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
        Endpoint("POST", f"{at}/files/{MISSING}/link", OWNERS_MISSING, f"{C}/files/{{file_id}}/link"),
        Endpoint("GET", f"{LINKED}/{MISSING}?grant=x", NO_LINK, f"{LINKED}/{{file_id}}"),
        *_of_assignments(f"{at}/assignments", assignment),
    ]


def _of_assignments(at: str, assignment: str) -> list[Endpoint]:
    one, of_it = f"{at}/{assignment}", f"{C}/assignments/{{assignment_id}}"
    work = f"{of_it}/submissions/{{submission_id}}"
    its = f"{one}/submissions/{MISSING}"
    return [
        Endpoint("GET", at, OWNERS, f"{C}/assignments"),
        Endpoint("POST", at, OWNERS_MAKE, f"{C}/assignments", body={"title": "x"}),
        Endpoint("GET", one, OWNERS, of_it),
        Endpoint("PATCH", one, OWNERS, of_it, body={"title": "y"}),
        Endpoint("DELETE", f"{at}/{MISSING}", OWNERS_MISSING, of_it),
        Endpoint("GET", f"{one}/groups", OWNERS, f"{of_it}/groups"),
        Endpoint("PUT", f"{one}/groups", OWNERS, f"{of_it}/groups", body={"groups": []}),
        Endpoint("GET", f"{one}/submissions", OWNERS, f"{of_it}/submissions"),
        Endpoint("POST", f"{one}/submissions", NO_WORK, f"{of_it}/submissions", body={}),
        Endpoint("GET", its, OWNERS_MISSING, work),
        Endpoint("PUT", its, NO_WORK, work, body={"text": "x"}),
        Endpoint("DELETE", its, NO_WORK, work),
        Endpoint("POST", f"{its}/hand-in", NO_WORK, f"{work}/hand-in"),
        Endpoint("POST", f"{its}/files?name=a.pdf", NO_WORK, f"{work}/files", file=PDF),
        Endpoint("DELETE", f"{its}/files/{MISSING}", NO_WORK, f"{work}/files/{{file_id}}"),
        *_of_grades(one, of_it),
    ]


def _of_grades(one: str, of_it: str) -> list[Endpoint]:
    grade, its = f"{of_it}/grades/{{student_id}}", f"{one}/grades/{MISSING}"
    book = one.partition("/assignments")[0]
    return [
        Endpoint("GET", its, OWNERS_MISSING, grade),
        Endpoint("PATCH", its, OWNERS_MISSING, grade, body={"points": 1}),
        Endpoint("POST", f"{its}/files?name=a.pdf", OWNERS_MISSING, f"{grade}/files", file=PDF),
        Endpoint("DELETE", f"{its}/files/{MISSING}", OWNERS_MISSING, f"{grade}/files/{{file_id}}"),
        Endpoint("POST", f"{one}/release-grades", OWNERS, f"{of_it}/release-grades"),
        Endpoint("GET", f"{one}/roster", OWNERS, f"{of_it}/roster"),
        Endpoint("GET", f"{book}/grades", OWNERS, f"{C}/grades"),
        Endpoint("GET", f"{book}/grades/mine", OWNERS, f"{C}/grades/mine"),
        Endpoint("GET", f"{book}/grades/export", OWNERS, f"{C}/grades/export"),
    ]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    callers = await everybody(api)
    owner = callers["owner"]
    assert isinstance(owner, Person)
    course = await make_course(api, owner)
    material = await add_material(api, course, owner)
    assignment = (await assign(api, course, owner, for_groups=True)).rpartition("/")[2]
    await assert_statuses(api, endpoints(course, material, assignment), callers)


async def test_the_table_covers_every_endpoint(api: Api) -> None:
    assert_covers(api, "coursework", endpoints(MISSING, MISSING, MISSING))


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
    ("GET", "/assignments", None, EVERYBODY_IN),
    ("POST", "/assignments", {"title": "x"}, STAFF_MAKE),
    ("GET", "/assignments/TASK", None, EVERYBODY_IN),
    ("PATCH", "/assignments/TASK", {"title": "x"}, STAFF),
    ("GET", "/assignments/TASK/groups", None, EVERYBODY_IN),
    ("GET", "/assignments/TASK/submissions", None, EVERYBODY_IN),
    ("POST", "/assignments/TASK/submissions", {}, of("403 403 403 201 403 403")),
    ("GET", "/assignments/LATER", None, STAFF),
    ("PATCH", "/assignments/TASK/grades/PUPIL", {"released": True}, STAFF),
    ("GET", "/assignments/TASK/grades/PUPIL", None, EVERYBODY_IN),
    ("POST", "/assignments/TASK/release-grades", None, STAFF),
    ("GET", "/assignments/TASK/roster", None, STAFF),
    ("GET", "/grades", None, STAFF),
    ("GET", "/grades/mine", None, EVERYBODY_IN),
    ("GET", "/grades/export", None, STAFF),
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
    task, later = [
        (await assign(api, course, owner, published=shown)).rpartition("/")[2] for shown in (True, False)
    ]
    names = {"MATERIAL": material, "HIDDEN": hidden, "FILE": file, "TASK": task, "LATER": later}
    names["PUPIL"] = people["student"].user_id
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
