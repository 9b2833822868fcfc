"""Courses by every kind of caller, and by every role that one can have in a course."""

from __future__ import annotations

from tests.api.callers import MISSING, Endpoint, assert_covers, assert_statuses, everybody, of
from tests.api.course_material import BASE, SERIES, WISH, add_lesson, add_section, enrol, make_course, student
from tests.serving import Api, Person

C = BASE + "/{id}"
CALENDARS = "/api/v1/calendars"
LIST = b"email\nx@school.example\n"
#                     nobody new stu view ass tea own adm room elsewhere
KNOWN = of("               401 403 200 200 200 200 200 200 403 403")
OWNERS = of("              401 403 403 403 403 403 200 200 403 403")
OWNERS_MAKE = of("         401 403 403 403 403 403 201 201 403 403")
OWNERS_EMPTY = of("        401 403 403 403 403 403 204 204 403 403")
OWNERS_MISSING = of("      401 403 403 403 403 403 404 404 403 403")
TEACHERS = of("            401 403 403 403 403 201 201 201 403 403")
OVER = of("                401 403 410 410 410 410 410 410 403 403")


def endpoints(course: str, section: str, lesson: str) -> list[Endpoint]:
    """What is asked of an active course that is listed; nobody is in it but whose it is."""
    at = f"{BASE}/{course}"
    return [
        Endpoint("GET", BASE, KNOWN),
        Endpoint("POST", BASE, TEACHERS, body=WISH),
        Endpoint("GET", f"{BASE}/my-enrollments", KNOWN),
        Endpoint("POST", f"{BASE}/join", OVER, body={"code": "AAAA-AAAA"}),
        Endpoint("POST", f"{BASE}/join/check", OVER, body={"code": "AAAA-AAAA"}),
        Endpoint("GET", at, KNOWN, C),
        Endpoint("GET", f"{at}/stats", OWNERS, f"{C}/stats"),
        Endpoint("POST", f"{at}/copy", OWNERS_MAKE, f"{C}/copy", body={"semester": "s", "year": 2027}),
        Endpoint("GET", f"{at}/sections", OWNERS, f"{C}/sections"),
        Endpoint("POST", f"{at}/sections", OWNERS_MAKE, f"{C}/sections", body={"title": "x"}),
        Endpoint("GET", f"{at}/sections/{section}", OWNERS, f"{C}/sections/{{section_id}}"),
        Endpoint("PATCH", f"{at}/sections/{section}", OWNERS, f"{C}/sections/{{section_id}}", body={}),
        Endpoint("DELETE", f"{at}/sections/{MISSING}", OWNERS_MISSING, f"{C}/sections/{{section_id}}"),
        Endpoint("GET", f"{at}/lessons", OWNERS, f"{C}/lessons"),
        Endpoint("POST", f"{at}/lessons", OWNERS_MAKE, f"{C}/lessons", body={"kind": "live", "title": "x"}),
        Endpoint("GET", f"{at}/lessons/{lesson}", OWNERS, f"{C}/lessons/{{lesson_id}}"),
        Endpoint("PATCH", f"{at}/lessons/{lesson}", OWNERS, f"{C}/lessons/{{lesson_id}}", body={}),
        Endpoint("GET", f"{at}/lessons/{lesson}/people", OWNERS, f"{C}/lessons/{{lesson_id}}/people"),
        Endpoint("DELETE", f"{at}/lessons/{MISSING}", OWNERS_MISSING, f"{C}/lessons/{{lesson_id}}"),
        Endpoint("PUT", f"{at}/order", of("401 403 403 403 403 403 409 409 403 403"), f"{C}/order", body={}),
        Endpoint("GET", f"{at}/enrollments", OWNERS, f"{C}/enrollments"),
        Endpoint("POST", f"{at}/enrollments/import", OWNERS, f"{C}/enrollments/import", csv=LIST),
        Endpoint("GET", f"{at}/invitations", OWNERS, f"{C}/invitations"),
        Endpoint("POST", f"{at}/invitations", OWNERS_MAKE, f"{C}/invitations", body={}),
        Endpoint(
            "DELETE", f"{at}/invitations/{MISSING}", OWNERS_MISSING, f"{C}/invitations/{{invitation_id}}"
        ),
        Endpoint("GET", f"{at}/permissions", OWNERS, f"{C}/permissions"),
        Endpoint(
            "POST",
            f"{at}/permissions",
            of("401 403 403 403 403 403 422 422 403 403"),
            f"{C}/permissions",
            body={"user_id": MISSING, "role": "ta"},
        ),
        Endpoint("GET", f"{at}/permissions/{MISSING}", OWNERS_MISSING, f"{C}/permissions/{{user_id}}"),
        Endpoint("DELETE", f"{at}/permissions/{MISSING}", OWNERS_MISSING, f"{C}/permissions/{{user_id}}"),
        Endpoint("GET", f"{at}/schedules", OWNERS, f"{C}/schedules"),
        Endpoint("POST", f"{at}/schedules", OWNERS_MAKE, f"{C}/schedules", body=SERIES),
        *(
            Endpoint(
                method,
                f"{at}/schedules/{MISSING}",
                OWNERS_MISSING,
                f"{C}/schedules/{{schedule_id}}",
                body={} if method == "PATCH" else None,
            )
            for method in ("GET", "PATCH", "DELETE")
        ),
        Endpoint("GET", CALENDARS, KNOWN),
        Endpoint("POST", CALENDARS, of("401 403 201 201 201 201 201 201 403 403"), body={}),
        Endpoint(
            "DELETE",
            f"{CALENDARS}/{MISSING}",
            of("401 403 404 404 404 404 404 404 403 403"),
            f"{CALENDARS}/{{calendar_id}}",
        ),
        Endpoint("GET", f"{CALENDARS}/feed/x.ics", of("404") * 10, f"{CALENDARS}/feed/{{token}}"),
        Endpoint("GET", f"{at}/announcements", OWNERS, f"{C}/announcements"),
        Endpoint("POST", f"{at}/announcements", OWNERS_MAKE, f"{C}/announcements", body={"title": "x"}),
        *(
            Endpoint(
                method,
                f"{at}/announcements/{MISSING}",
                OWNERS_MISSING,
                f"{C}/announcements/{{announcement_id}}",
                body={} if method == "PATCH" else None,
            )
            for method in ("GET", "PATCH", "DELETE")
        ),
        Endpoint("GET", f"{at}/recordings", OWNERS, f"{C}/recordings"),
        Endpoint("GET", f"{at}/recording-quota", OWNERS, f"{C}/recording-quota"),
        Endpoint(
            "PUT",
            f"{at}/recording-quota",
            of("401 403 403 403 403 403 403 200 403 403"),
            f"{C}/recording-quota",
            body={"bytes": None},
        ),
        Endpoint("GET", f"{at}/recording-retention", OWNERS, f"{C}/recording-retention"),
        Endpoint(
            "PUT",
            f"{at}/recording-retention",
            of("401 403 403 403 403 403 403 200 403 403"),
            f"{C}/recording-retention",
            body={"days": None},
        ),
        Endpoint(
            "POST", f"{at}/recordings", OWNERS_MISSING, f"{C}/recordings", body={"recording_id": MISSING}
        ),
        *(
            Endpoint(
                method,
                f"{at}/recordings/{MISSING}{end}",
                OWNERS_MISSING,
                f"{C}/recordings/{{recording_id}}{end}",
            )
            for method, end in (("DELETE", ""), ("POST", "/publish"), ("POST", "/unpublish"))
        ),
        Endpoint("DELETE", f"{at}/enroll/{MISSING}", OWNERS_MISSING, f"{C}/enroll/{{student_id}}"),
        Endpoint("PATCH", at, OWNERS, C, body={"name": "Optics"}),
        Endpoint("PUT", at, OWNERS, C, body=WISH),
        Endpoint("POST", f"{at}/enroll", of("401 403 201 201 201 201 201 201 403 403"), f"{C}/enroll"),
        Endpoint("DELETE", at, of("401 403 403 403 403 403 200 404 403 403"), C),
    ]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    callers = await everybody(api)
    owner = callers["owner"]
    assert isinstance(owner, Person)
    course = await make_course(api, owner)
    section, lesson = await add_section(api, course, owner), await add_lesson(api, course, owner)
    await assert_statuses(api, endpoints(course, section, lesson), callers)


async def test_the_table_covers_every_endpoint(api: Api) -> None:
    assert_covers(api, "courses", endpoints(MISSING, MISSING, MISSING))


ROLES = ("admin", "teacher", "assistant", "student", "waiting", "outsider")
#                        adm tea ass stu wai out
EVERYBODY_IN = of("      200 200 200 200 403 403")
STAFF = of("             200 200 200 403 403 403")
STAFF_MAKE = of("        201 201 201 403 403 403")
HEADS = of("             200 200 403 403 403 403")
HEADS_MAKE = of("        201 201 403 403 403 403")
IN_A_COURSE: list[tuple[str, str, object, tuple[int, ...]]] = [
    ("GET", "", None, of("200 200 200 200 200 403")),
    ("GET", "/lessons", None, EVERYBODY_IN),
    ("GET", "/lessons/LESSON", None, EVERYBODY_IN),
    ("GET", "/lessons/HIDDEN", None, STAFF),
    ("GET", "/sections", None, EVERYBODY_IN),
    ("GET", "/announcements", None, EVERYBODY_IN),
    ("GET", "/schedules", None, STAFF),
    ("POST", "/schedules", SERIES, STAFF_MAKE),
    ("POST", "/announcements", {"title": "x"}, STAFF_MAKE),
    ("POST", "/lessons", {"kind": "live", "title": "x"}, STAFF_MAKE),
    ("PATCH", "/lessons/LESSON", {"title": "x"}, STAFF),
    ("GET", "/lessons/LESSON/people", None, STAFF),
    ("GET", "/stats", None, STAFF),
    ("GET", "/enrollments", None, STAFF),
    ("GET", "/permissions", None, STAFF),
    ("GET", "/invitations", None, STAFF),
    ("POST", "/invitations", {"role": "student"}, STAFF_MAKE),
    ("POST", "/invitations", {"role": "assistant"}, HEADS_MAKE),
    ("POST", "/permissions", {"user_id": "OTHER", "role": "viewer"}, HEADS_MAKE),  # all places are taken
    ("POST", "/permissions", {"user_id": "OTHER", "role": "admin"}, of("201 403 403 403 403 403")),
    ("DELETE", "/permissions/OTHER", None, of("204 404 403 403 403 403")),
    ("PATCH", "", {"name": "Optics"}, HEADS),
    ("PATCH", "", {"instructor_id": "OUTSIDER"}, of("422 403 403 403 403 403")),
    ("DELETE", "", None, of("200 403 403 403 403 403")),
]


async def test_in_a_course_the_role_there_counts_and_not_the_accounts(api: Api, teacher: Person) -> None:
    """All of them have students' accounts. Who deletes it goes last."""
    people = {name: await student(api, f"the-{name}") for name in ROLES}
    course = await make_course(api, teacher, listed=False, self_enrolment=False, max_students=1)
    for name in ("admin", "teacher"):
        given = {"user_id": people[name].user_id, "role": name}
        assert (await api.call("POST", f"{BASE}/{course}/permissions", given, by=teacher)).status == 201
    for name, role in (("assistant", "assistant"), ("student", "student"), ("waiting", "student")):
        made = await enrol(api, course, teacher, student_id=people[name].user_id, role=role)
        assert made.body["status"] == ("waiting" if name == "waiting" else "active")
    names = {
        "LESSON": await add_lesson(api, course, teacher),
        "HIDDEN": await add_lesson(api, course, teacher, published=False),
        "OUTSIDER": people["outsider"].user_id,
        "OTHER": (await student(api, "other")).user_id,
    }
    wrong = {}
    for method, path, body, expected in IN_A_COURSE:
        for word, value in names.items():
            path = path.replace(word, value)
            if isinstance(body, dict):
                body = {key: value if one == word else one for key, one in body.items()}
        order = list(zip(ROLES, expected, strict=True))
        if method == "DELETE" and not path:
            order.reverse()
        got = [
            (name, (await api.call(method, f"{BASE}/{course}{path}", body, by=people[name])).status)
            for name, _ in order
        ]
        if got != order:
            wrong[f"{method} {path}"] = got
    assert not wrong, wrong
