"""Input that tries to be more than data: SQL, markup, fields too many (OWASP ASVS 5.0, V1, V2, V15)."""

from __future__ import annotations

from tests.serving import PASSWORD, Api

PROFILE = "/api/v1/auth/profile"
LOGIN = "/api/v1/auth/login"
INJECTIONS = (
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    '" OR ""="',
    "admin@school.example'/*",
    "\\' OR 1=1 --",
    "%' UNION SELECT password_hash FROM users --",
)


async def test_sql_in_what_people_write_is_text(api: Api) -> None:
    admin = await api.person("admin")
    for text in INJECTIONS:
        searched = await api.call("GET", f"/api/v1/users?search={text.replace('%', '%25')}", by=admin)
        assert searched.status == 200 and searched.body["items"] == []
        assert (await api.call("POST", LOGIN, {"email": text, "password": text})).status == 401
        named = await api.call("PATCH", PROFILE, {"full_name": text}, by=admin)
        assert named.body["full_name"] == text
        assert len((await api.call("GET", "/api/v1/users", by=admin)).body["items"]) == 1


async def test_wildcards_of_like_find_themselves_alone(api: Api) -> None:
    admin = await api.person("admin")
    await api.call("PATCH", PROFILE, {"full_name": "100 % Ada_Lovelace"}, by=admin)
    await api.person("student")
    for wildcard, found in (("%25", 1), ("_", 1), ("%25%25", 0), ("A_a", 0)):
        answer = await api.call("GET", f"/api/v1/users?search={wildcard}", by=admin)
        assert len(answer.body["items"]) == found, wildcard


async def test_characters_of_regular_expressions_are_found_as_written(api: Api) -> None:
    admin = await api.person("admin")
    for pattern in ("(a%2B)%2B%24", "[a-z", ".*", "a{1000000}"):
        answer = await api.call("GET", f"/api/v1/users?search={pattern}", by=admin)
        assert answer.status == 200 and answer.body["items"] == []


async def test_markup_is_kept_as_it_was_written_and_sent_as_data(api: Api) -> None:
    teacher = await api.person("teacher")
    name = '<img src=x onerror="alert(1)"></script>'
    answer = await api.call("PATCH", PROFILE, {"full_name": name}, by=teacher)
    assert answer.body["full_name"] == name
    assert answer.headers["Content-Type"] == "application/json"


async def test_fields_that_nobody_may_set_are_refused_or_left_out(api: Api) -> None:
    wish = {"email": "eve@school.example", "password": PASSWORD, "full_name": "Eve"}
    more = {"approved": True, "approved_at": "2027-01-01T00:00:00Z", "id": "x", "email_verified_at": "x"}
    made = await api.call("POST", "/api/v1/auth/register", wish | more | {"role": "admin"})
    assert (made.status, made.body["role"]) == (201, "student")
    eve = await api.sign_in("eve@school.example")
    profile = await api.call("GET", PROFILE, by=eve)
    assert profile.body["verified"] is False and profile.body["role"] == "student"
    for field in ("role", "verified", "email", "approved_at", "password_hash", "user_id"):
        answer = await api.call("PATCH", PROFILE, {field: "admin"}, by=eve)
        assert answer.status == 422 and answer.pointers == [f"/{field}"], field


async def test_no_answer_holds_a_field_that_is_the_servers_own(api: Api) -> None:
    admin = await api.person("admin")
    for path in (PROFILE, "/api/v1/users", "/api/v1/auth/sessions", "/api/v1/signalling/rooms"):
        answer = await api.call("GET", path, by=admin)
        names = keys_of(answer.body)
        for part in ("hash", "secret", "refresh", "_key", "last_step"):
            assert not any(part in name for name in names), (path, part)
        assert "argon2" not in str(answer.body)


def keys_of(body: object) -> list[str]:
    """Every name in an answer, at any depth."""
    if isinstance(body, dict):
        return [*body, *(name for value in body.values() for name in keys_of(value))]
    return [name for value in body for name in keys_of(value)] if isinstance(body, list) else []


async def test_a_parameter_counts_where_it_is_declared_and_nowhere_else(api: Api) -> None:
    teacher = await api.person("teacher")
    answer = await api.call("PATCH", f"{PROFILE}?full_name=Eve", {"phone": None}, by=teacher)
    assert (answer.status, answer.body["full_name"]) == (200, "Teacher")
    credentials = {"email": "teacher@school.example", "password": "wrong and long"}
    elsewhere = {"password": PASSWORD}
    answer = await api.call("POST", f"{LOGIN}?password={PASSWORD}", credentials, headers=elsewhere)
    assert answer.status == 401


async def test_text_is_decoded_once_and_not_again(api: Api) -> None:
    await api.person("teacher")
    for escaped in ("teacher%40school.example", "teacher&#64;school.example", "te%61cher@school.example"):
        answer = await api.call("POST", LOGIN, {"email": escaped, "password": PASSWORD})
        assert answer.status == 401
    teacher = await api.sign_in("teacher@school.example")
    named = await api.call("PATCH", PROFILE, {"full_name": "%3Cb%3E &lt; \\u0041"}, by=teacher)
    assert named.body["full_name"] == "%3Cb%3E &lt; \\u0041"
