"""Links, media, recordings and webhooks by every kind of caller."""

from __future__ import annotations

from tests.api.callers import MISSING, Endpoint, assert_statuses, everybody, of
from tests.api.recording_material import add_finished
from tests.serving import Api, Person
from vtp.faces import build_tables

TAGS = (
    "connections",
    "guests",
    "home",
    "jobs",
    "media",
    "notifications",
    "overview",
    "recordings",
    "webhooks",
)
OFFER = (
    b"""v=0\r
o=- 1 1 IN IP4 0.0.0.0\r
s=-\r
t=0 0\r
a=group:BUNDLE 0\r
m=audio 9 UDP/TLS/RTP/SAVPF 97\r
c=IN IP4 0.0.0.0\r
a=mid:0\r
a=rtcp-mux\r
a=sendrecv\r
a=rtpmap:97 SPEEX/16000\r
a=ice-ufrag:abcd\r
a=ice-pwd:aaaabbbbccccddddeeeeff\r
a=fingerprint:sha-256 """
    + b":".join([b"AB"] * 32)
    + b"""\r
a=setup:actpass\r
"""
)
"""Right in form, and nothing of it can be taken: who may send it gets 406."""

ROOM = "/api/v1/rooms/physics"
HOOK = {"url": "https://hooks.example/vtp", "events": ["*"], "room_id": "physics"}
#                         nobody new stu view ass tea own adm room elsewhere
STAFF = of("              401 403 403 403 200 200 200 200 403 403")
ADMINS = of("             401 403 403 403 403 403 403 200 403 403")
OWNERS = of("             401 403 403 403 403 403 200 200 403 403")
TRASH = of("              401 403 403 403 403 200 200 200 403 403")
NO_LADDER = of("          401 403 403 403 403 403 409 409 403 403")
NOT_IN_TRASH = of("       401 403 403 403 403 403 409 409 403 403")
VIEWERS = of("            401 403 200 200 200 200 200 200 200 403")
OWN = of("               401 403 200 200 200 200 200 200 403 403")
NOT_FOUND = of("         404 404 404 404 404 404 404 404 404 404")
OWN_MISSING = of("       401 403 404 404 404 404 404 404 403 403")
ACCOUNTS = of("           401 403 200 200 200 200 200 200 403 403")
REPORT = {"session_id": "01890a5d-ac96", "seq": 1, "position": 0}
CAPTIONS = b"WEBVTT\n\n00:01.000 --> 00:02.000\na\n"
OWNERS_MISSING = of("     401 403 403 403 403 403 404 404 403 403")
TOLD_NOTHING = of("       401 403 200 200 200 200 200 200 200 200")
STAFF_MISSING = of("      401 403 403 403 404 404 404 404 403 403")
HOOK_MISSING = of("       401 403 403 403 403 404 404 404 403 403")
GONE = of("               401 404 404 404 404 404 404 404 404 404")


NOTIFICATIONS = "/api/v1/notifications"
STOP = f"{NOTIFICATIONS}/unsubscribe"


HOOK_CALLS: list[tuple[str, str, str, object]] = [
    ("GET", "", "", None),
    ("PATCH", "", "", {}),
    ("DELETE", "", "", None),
    ("POST", "/rotate-secret", "/rotate-secret", {}),
    ("POST", "/test", "/test", {}),
    ("GET", "/deliveries", "/deliveries", None),
    ("POST", f"/deliveries/{MISSING}/retry", "/deliveries/{delivery_id}/retry", {}),
]


def _of_a_missing_hook(method: str, path: str, route: str, body: object) -> Endpoint:
    at = "/api/v1/webhooks/"
    return Endpoint(method, f"{at}{MISSING}{path}", HOOK_MISSING, at + "{id}" + route, body=body)


def endpoints(recording: str) -> list[Endpoint]:
    """The tables; `recording` is a finished one of the room physics, made by its owner."""
    at = f"/api/v1/recordings/{recording}"
    route = "/api/v1/recordings/{id}"
    return [
        Endpoint("GET", "/api/v1/server/state", ADMINS),
        Endpoint("GET", "/api/v1/server/settings", ADMINS),
        Endpoint(
            "POST",
            f"{ROOM}/links",
            of("401 403 403 403 201 201 201 201 403 403"),
            "/api/v1/rooms/{room}/links",
            body={},
        ),
        Endpoint("GET", f"{ROOM}/links", STAFF, "/api/v1/rooms/{room}/links"),
        Endpoint("GET", f"{ROOM}/connections", STAFF, "/api/v1/rooms/{room}/connections"),
        Endpoint("DELETE", f"{ROOM}/links/{MISSING}", STAFF_MISSING, "/api/v1/rooms/{room}/links/{id}"),
        Endpoint(
            "POST", "/whip/physics", of("401 403 406 403 406 406 406 406 406 403"), "/whip/{room}", sdp=OFFER
        ),
        Endpoint(
            "POST", "/whep/physics", of("401 403 406 406 406 406 406 406 406 403"), "/whep/{room}", sdp=OFFER
        ),
        Endpoint("DELETE", f"/whip/physics/{MISSING}", GONE, "/whip/{room}/{session}"),
        Endpoint("DELETE", f"/whep/physics/{MISSING}", GONE, "/whep/{room}/{session}"),
        Endpoint("GET", "/api/v1/recordings", of("401 403 200 200 200 200 200 200 403 403")),
        Endpoint("GET", f"/api/v1/jobs?recording_ids={recording}", TOLD_NOTHING, "/api/v1/jobs"),
        Endpoint("GET", f"{at}/jobs", OWNERS, f"{route}/jobs"),
        Endpoint("GET", f"{at}/transcode/progress", OWNERS_MISSING, f"{route}/transcode/progress"),
        Endpoint("POST", f"{at}/transcode/cancel", OWNERS_MISSING, f"{route}/transcode/cancel", body={}),
        Endpoint("POST", f"{at}/transcode", NO_LADDER, f"{route}/transcode", body={}),
        Endpoint(
            "POST",
            f"{at}/transcode/quality",
            NO_LADDER,
            f"{route}/transcode/quality",
            body={"quality": "360p"},
        ),
        *(
            Endpoint(
                "POST",
                f"{at}/jobs/{MISSING}/{what}",
                OWNERS_MISSING,
                f"{route}/jobs/{{job_id}}/{what}",
                body={},
            )
            for what in ("cancel", "retry")
        ),
        Endpoint("GET", "/api/v1/recordings/usage", of("401 403 200 200 200 200 200 200 403 403")),
        Endpoint(
            "PUT",
            f"{ROOM}/recording-quota",
            of("401 403 403 403 403 403 403 200 403 403"),
            "/api/v1/rooms/{room}/recording-quota",
            body={"bytes": None},
        ),
        Endpoint(
            "GET",
            f"{ROOM}/recording-retention",
            of("401 403 403 403 200 200 200 200 403 403"),
            "/api/v1/rooms/{room}/recording-retention",
        ),
        Endpoint(
            "PUT",
            f"{ROOM}/recording-retention",
            of("401 403 403 403 403 403 403 200 403 403"),
            "/api/v1/rooms/{room}/recording-retention",
            body={"days": None},
        ),
        Endpoint("GET", "/api/v1/recordings/trash", TRASH),
        Endpoint("DELETE", "/api/v1/recordings/trash", TRASH),
        Endpoint("POST", f"{at}/restore", NOT_IN_TRASH, f"{route}/restore"),
        Endpoint("GET", at, of("401 403 200 200 200 200 200 200 200 403"), route),
        Endpoint("GET", f"{at}/info", of("401 403 200 200 200 200 200 200 200 403"), f"{route}/info"),
        Endpoint(
            "GET",
            f"{at}/download-url",
            of("401 403 403 403 200 200 200 200 403 403"),
            f"{route}/download-url",
        ),
        Endpoint("GET", f"{at}/media-url", VIEWERS, f"{route}/media-url"),
        Endpoint("POST", f"{at}/stop", STAFF, f"{route}/stop"),
        Endpoint(
            "POST", f"{at}/share", of("401 403 403 403 403 403 201 201 403 403"), f"{route}/share", body={}
        ),
        Endpoint("GET", f"{at}/shares", OWNERS, f"{route}/shares"),
        Endpoint(
            "DELETE",
            f"{at}/shares/{MISSING}",
            of("401 403 403 403 403 403 404 404 403 403"),
            f"{route}/shares/{{share}}",
        ),
        Endpoint("GET", f"{at}/access-log", OWNERS, f"{route}/access-log"),
        Endpoint("GET", f"{at}/access-log/export", OWNERS, f"{route}/access-log/export"),
        Endpoint("GET", f"{at}/progress", ACCOUNTS, f"{route}/progress"),
        Endpoint("POST", f"{at}/progress", ACCOUNTS, f"{route}/progress", body=REPORT),
        Endpoint("GET", f"{at}/captions", VIEWERS, f"{route}/captions"),
        Endpoint("PUT", f"{at}/captions/de", STAFF, f"{route}/captions/{{language}}", vtt=CAPTIONS),
        Endpoint("GET", f"{at}/captions/de", VIEWERS, f"{route}/captions/{{language}}"),
        Endpoint(
            "GET",
            f"{at}/stream/captions/de/captions.vtt",
            VIEWERS,
            f"{route}/stream/captions/{{language}}/{{name}}",
        ),
        Endpoint(
            "DELETE",
            f"{at}/captions/de",
            of("401 403 403 403 204 404 404 404 403 403"),
            f"{route}/captions/{{language}}",
        ),
        Endpoint(
            "POST",
            f"{at}/captions/de/restore",
            of("401 403 403 403 200 404 404 404 403 403"),
            f"{route}/captions/{{language}}/restore",
        ),
        Endpoint(
            "POST",
            f"{at}/captions/de/lines",
            of("401 403 403 403 409 409 409 409 403 403"),
            f"{route}/captions/{{language}}/lines",
            body={"text": "Hello"},
        ),
        Endpoint("GET", f"{at}/chapters", VIEWERS, f"{route}/chapters"),
        Endpoint("PUT", f"{at}/chapters", STAFF, f"{route}/chapters", body={"chapters": []}),
        Endpoint(
            "DELETE", f"{at}/chapters", of("401 403 403 403 204 204 204 204 403 403"), f"{route}/chapters"
        ),
        Endpoint("PATCH", at, of("401 403 403 403 403 403 200 200 403 403"), route, body={"title": "Optics"}),
        Endpoint(
            "POST",
            "/api/v1/recordings/start",
            of("401 403 403 403 201 409 409 409 403 403"),
            body={"room_id": "physics"},
        ),
        Endpoint("DELETE", at, of("401 403 403 403 403 403 200 200 403 403"), route),
        Endpoint("POST", "/api/v1/webhooks", of("401 403 403 403 403 403 201 201 403 403"), body=HOOK),
        Endpoint("GET", "/api/v1/webhooks", of("401 403 403 403 403 200 200 200 403 403")),
        *(_of_a_missing_hook(*one) for one in HOOK_CALLS),
        Endpoint("GET", NOTIFICATIONS, OWN),
        Endpoint("GET", "/api/v1/home", OWN),
        Endpoint("GET", f"{NOTIFICATIONS}/unread", OWN),
        Endpoint("POST", f"{NOTIFICATIONS}/read", OWN, body={}),
        Endpoint("GET", f"{NOTIFICATIONS}/settings", OWN),
        Endpoint("PATCH", f"{NOTIFICATIONS}/settings", OWN, body={"digest_hour": 8}),
        *(
            Endpoint(
                method, f"{NOTIFICATIONS}/unsubscribe/x", NOT_FOUND, f"{NOTIFICATIONS}/unsubscribe/{{token}}"
            )
            for method in ("GET", "POST")
        ),
        Endpoint(
            "PATCH",
            f"{NOTIFICATIONS}/{MISSING}",
            OWN_MISSING,
            f"{NOTIFICATIONS}/{{notification_id}}",
            body={"read": True},
        ),
    ]


async def test_every_caller_gets_what_the_tables_say(api: Api) -> None:
    callers = await everybody(api)
    owner = callers["owner"]
    assert isinstance(owner, Person)
    room_id = (await api.call("GET", ROOM, by=owner)).body["room_id"]
    await assert_statuses(api, endpoints(await add_finished(api, room_id, owner)), callers)


ELSEWHERE = {
    ("GET", "/api/v1/recordings/{id}/stream"),
    ("GET", "/api/v1/recordings/{id}/stream/{name}"),
    ("GET", "/api/v1/recordings/{id}/stream/{track}/{name}"),
    ("GET", "/api/v1/recordings/{id}/download"),
    ("GET", "/media/t/{grant}/{id}/{name}"),
    ("GET", "/media/t/{grant}/{id}/{track}/{name}"),
    ("GET", "/media/t/{grant}/{id}/captions/{language}/{name}"),
    ("GET", "/api/v1/recordings/{id}/thumbnail"),
    ("GET", "/api/v1/recordings/{id}/storyboard.vtt"),
    ("GET", "/api/v1/recordings/{id}/storyboard/{name}"),
    ("PATCH", "/whip/{room}/{session}"),
    ("PATCH", "/whep/{room}/{session}"),
}
"""Opened by grants (test_recordings_playback.py, test_media_by_path.py), or by a session's maker
(test_signalling_whip_http.py)."""


async def test_the_tables_cover_every_endpoint(api: Api) -> None:
    tables = [table for table in build_tables(api.server.services) if table.tag in TAGS]
    routes = {(route.method, route.path) for table in tables for route in table.routes}
    declared = {one.declared for one in endpoints(MISSING)}
    assert {one for one in routes if one[0] != "OPTIONS"} == declared | ELSEWHERE
