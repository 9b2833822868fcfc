"""A running server in a thread of its own, people of every role, one of everything that calls can name."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from tests.api.callers import room_token
from tests.api.course_material import SERIES
from tests.api.recording_material import add_finished
from tests.api.sfu.material import AUDIO, SCTP, service_token
from tests.serving import PASSWORD, Api, Person, serving
from tests.unit.sdp_material import offer_names, offer_text
from vtp.notifications.news import News
from vtp.notifications.store import these
from vtp.settings import SfuSettings

ROLES = ("admin", "teacher", "assistant", "student", "guest", "service", "nobody")
PARAMETER = re.compile(r"\{(\w+)\}")
WORDS = {"name": "master.m3u8", "track": "video", "peer": "ada"}
T = TypeVar("T")


class FuzzedSchool:
    """Started and ended as a context; everything else may be called from the test's own thread."""

    def __init__(self, data_dir: Path, database_url: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self._where = data_dir, database_url
        self._numbers = itertools.count()
        self._ready: Future[Api] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fuzzed school")
        self._people: dict[str, Person] = {}
        self._tokens: dict[str, str] = {}
        self._ids: dict[str, list[str]] = {}
        self.room = ""

    def __enter__(self) -> FuzzedSchool:
        self._thread.start()
        self.api = self._ready.result(timeout=30)
        for role in ROLES:
            self.renew(role)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        try:
            sfu = SfuSettings(enabled=True)
            async with serving(*self._where, sfu=sfu, media={"tcp": False}) as api:
                self._ready.set_result(api)
                await self._over.wait()
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def renew(self, role: str) -> None:
        """Somebody new of this role: the last one was signed out, disabled or erased by what was tried."""
        if role in ("admin", "teacher", "assistant", "student"):
            self._people[role] = self.do(self.api.person(role, f"{role}{next(self._numbers)}@school.example"))
            self._tokens[role] = self._people[role].access_token
        elif role == "guest" and self.room:
            self._tokens[role] = room_token(self.api, self.room)
        elif role == "service":
            self._tokens[role] = service_token(self.api)

    def headers(self, role: str) -> dict[str, str]:
        """What a caller of this role sends."""
        token = self._tokens.get(role)
        return {"Authorization": f"Bearer {token}"} if token else {}

    def is_out(self, role: str) -> bool:
        """Whether the caller is known no more, or has lost the right that makes the role."""
        if role not in self._people:
            return role == "guest"
        profile = self._get("/api/v1/auth/profile", role)
        return bool(profile is None or profile["role"] != role or not profile["verified"])

    def stock(self, path: str) -> None:
        """One of everything that calls of this path are about, all new: a room, and what is in it."""
        self._ids.clear()
        for role in tuple(self._people):
            if self.is_out(role):
                self.renew(role)
        number = next(self._numbers)
        made = self._post("/api/v1/signalling/room/create", "teacher", room_name=f"Room {number}")
        self.room = made["room_id"]
        self.renew("guest")
        if "/recordings" in path:
            self.do(add_finished(self.api, self.room, self._people["teacher"]))
        if "/links" in path:
            self._post(f"/api/v1/rooms/{self.room}/links", "teacher")
        if "/webhooks" in path:
            wish = {"url": "https://hooks.example/vtp", "events": ["room.created"]}
            hook = self._post("/api/v1/webhooks", "admin", **wish)
            self._post(f"/api/v1/webhooks/{hook['id']}/test", "admin")
        if "/users" in path:
            self.do(self.api.person("student", f"other{number}@school.example"))
        if "/sfu" in path:
            self._stock_media()
        if "/courses" in path:
            self._stock_course()
        if "/calendars" in path:
            self._post("/api/v1/calendars", "admin")
        if "/notifications" in path:
            self.do(self._tell_everybody())

    def _stock_course(self) -> None:
        wish = {"code": "M1", "name": "Mathematics", "semester": "fall", "year": 2026, "status": "active"}
        at = f"/api/v1/courses/{self._post('/api/v1/courses', 'teacher', **wish)['id']}"
        section = self._post(f"{at}/sections", "teacher", title="One")
        lesson = {"title": "A", "kind": "live", "section_id": section["id"]}
        self._post(f"{at}/lessons", "teacher", **lesson)
        self._post(f"{at}/announcements", "teacher", title="Hello")
        self._post(f"{at}/schedules", "teacher", **SERIES)
        self._post(f"{at}/invitations", "teacher")
        self._post(f"{at}/enroll", "student")
        given = {"user_id": self._people["assistant"].user_id, "role": "ta"}
        self.do(self.api.call("POST", f"{at}/permissions", given, by=self._people["teacher"]))
        recording = self.do(add_finished(self.api, self.room, self._people["teacher"]))
        self._post(f"{at}/recordings", "teacher", recording_id=recording)
        self._ids[f"{at}/enroll"] = [self._people["student"].user_id]

    async def _tell_everybody(self) -> None:
        services = self.api.server.services
        to = these([one.user_id for one in self._people.values()])
        async with services.database.transaction() as tx:
            await services.notifications.notifier.tell(tx, News("announcement", "Hello"), to)

    def _stock_media(self) -> None:
        at = f"/sfu/rooms/{self.room}"
        self._post(f"{at}/peers", "service", peerId="ada", fullName="Ada")
        send = self._post(f"{at}/transports", "service", peerId="ada", direction="send", enableSctp=True)
        self._post(f"{at}/transports", "service", peerId="ada", direction="recv")
        sound = self._post(f"{at}/producers", "service", peerId="ada", kind="audio", rtpParameters=AUDIO)
        data = self._post(f"{at}/data-producers", "service", peerId="ada", sctpStreamParameters=SCTP)
        self._post(f"{at}/peers", "service", peerId="bob", fullName="Bob")
        self._post(f"{at}/transports", "service", peerId="bob", direction="recv")
        self._ids[f"{at}/transports"] = _id_of(send)
        self._ids[f"{at}/producers"] = _id_of(sound)
        self._ids[f"{at}/data-producers"] = _id_of(data)

    def path_of(self, template: str) -> dict[str, str]:
        """The parameters of a path, naming what is there as far as any list tells."""
        found: dict[str, str] = {}
        for match in PARAMETER.finditer(template):
            before = template[: match.start()].rstrip("/")
            found[match[1]] = self._named(match[1], PARAMETER.sub(lambda m: found[m[1]], before))
        return found

    def _named(self, name: str, collection: str) -> str:
        if name == "room":
            return self.room
        if name in WORDS:
            return WORDS[name]
        if collection not in self._ids:
            listed = self._get(f"{collection}?limit=200", "admin") or {}
            self._ids[collection] = [one for item in listed.get("items", ()) for one in _id_of(item)]
        known = self._ids[collection]
        return self.rng.choice(known) if known else "01890a5d-ac96-774b-bcce-b302099a8057"

    def word_for(self, field: str, role: str) -> Any:
        """What a field of a body may name that is there; None for one that names nothing known."""
        person = self._people.get(role) or self._people["student"]
        known: dict[str, Callable[[], Any]] = {
            "email": lambda: person.email,
            "password": lambda: PASSWORD,
            "current_password": lambda: PASSWORD,
            "refresh_token": lambda: person.refresh_token,
            "room_id": lambda: self.room,
            "user_id": lambda: person.user_id,
            "student_id": lambda: person.user_id,
            "instructor_id": lambda: person.user_id,
            "peerId": lambda: "ada",
            "peer_id": lambda: "ada",
            "producerId": lambda: self._named("id", f"/sfu/rooms/{self.room}/producers"),
            "transportId": lambda: self._named("id", f"/sfu/rooms/{self.room}/transports"),
            "rtpParameters": lambda: AUDIO,
            "url": lambda: "https://hooks.example/vtp",
            "events": lambda: ["*"],
            "cursor": lambda: None,
        }
        return known[field]() if field in known else None

    def offer(self) -> str:
        """What a browser or OBS once sent."""
        return offer_text(self.rng.choice(offer_names()))

    def _get(self, path: str, role: str) -> Any:
        answer = self.do(self.api.call("GET", path, by=self._tokens[role]))
        return answer.body if answer.status == 200 else None

    def _post(self, path: str, role: str, **body: Any) -> Any:
        answer = self.do(self.api.call("POST", path, body, by=self._tokens[role]))
        assert answer.status < 300, (path, answer)
        return answer.body


def _id_of(item: dict[str, Any]) -> list[str]:
    """The thing's own id, which its answer names first."""
    named = [value for name, value in item.items() if name.lower().endswith("id")]
    return [str(item.get("id") or named[0])] if named else []
