"""What is read changes nothing, so that no address that somebody is sent to does (OWASP ASVS 5.0, 3.5.3)."""

from __future__ import annotations

import re

from tests.api.course_material import BASE as COURSES
from tests.api.test_db_statements import ROOM, all_reads, prepared
from tests.serving import Api
from tests.statements import hearing
from vtp.faces import build_tables

CHANGES = re.compile(r"\s*(INSERT INTO (?!audit_log)|UPDATE|DELETE)")
"""But what is noted of who read, or was refused it: no read changes that."""


async def test_no_read_changes_a_row(api: Api) -> None:
    who = await prepared(api)
    cookie = {"Cookie": f"vtp_refresh={who.teacher.refresh_token}", "Sec-Fetch-Site": "same-origin"}
    known = {"room": ROOM, "user_id": who.teacher.user_id, "id": who.course_id, "course_id": who.course_id}
    routes = [route for table in build_tables(api.server.services) for route in table.routes]
    of_courses = [
        re.sub(r"{(\w+)[^}]*}", lambda name: known.get(name[1], who.course_id), route.path)
        for route in routes
        if route.method == "GET" and route.path.startswith(COURSES)
    ]
    changed = {}
    for path in dict.fromkeys([*all_reads(api, who), *of_courses]):
        for by in (who.admin, who.teacher):
            with hearing() as heard:
                answer = await api.call("GET", path, by=by, headers=cookie)
            assert answer.status < 500, (path, answer)
            if found := [text for text in heard.of_calls if CHANGES.match(text)]:
                changed[path] = found
    assert not changed, changed
