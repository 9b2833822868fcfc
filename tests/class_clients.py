"""Scripted people in one class, by Socket.IO: they act at random, lose their connections and come back."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import socketio
from socketio.exceptions import SocketIOError

from tests.class_server import ROOM, digest

CALL_LIMIT_S = 30.0
PACE_S = 1.5  # between two acts of one person, on average
CUT_EVERY_S = 6.0  # on average, for those who lose their connections


@dataclass(frozen=True)
class Heard:
    """One push as it came: its number, its event, what it says, and when."""

    seq: int
    event: str
    says: str
    at_ns: int


@dataclass
class Pupil:
    """One person of the class, and all that they were told."""

    url: str
    token: str
    role: str
    draw: random.Random
    heard: list[Heard] = field(default_factory=list)
    offline: list[tuple[int, int]] = field(default_factory=list)
    """From and to when they had no connection, in ns of the monotonic clock."""
    joined: dict[str, Any] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    polls: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    classmates: list[str] = field(default_factory=list)
    """Who is sent into breakout rooms."""
    sent: list[str] = field(default_factory=list)
    """The `clientId` of every message that the server said it has."""
    unanswered: dict[str, str] | None = None
    failed_resumes: int = 0

    def __post_init__(self) -> None:
        self._news = asyncio.Event()
        self._gone = asyncio.Event()
        self._resumed = asyncio.Event()

    # Connections

    async def enter(self) -> None:
        """Connects and joins."""
        await self._connect()
        self.joined = await self._ask("join-room", {"room_id": ROOM})

    async def _connect(self, **more: Any) -> None:
        self._gone, self._resumed = asyncio.Event(), asyncio.Event()
        self.io = socketio.AsyncClient(reconnection=False)
        self.io.on("*", self._note)
        self.io.on("disconnect", self._end)
        auth = {"token": self.token, "answers": "ack", "resume": True, **more}
        await self.io.connect(self.url, auth=auth, transports=["websocket"])

    async def lose_and_come_back(self) -> None:
        """The connection is cut without a word; a new one goes on."""
        begun_ns = time.monotonic_ns()
        self.io.eio.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        await self._gone.wait()
        await asyncio.sleep(self.draw.uniform(0, 1))  # a telephone that changes networks
        await self._connect(resume_token=self.joined["resume_token"], seq=self.newest)
        async with asyncio.timeout(CALL_LIMIT_S):
            await self._resumed.wait()
        self.offline.append((begun_ns, time.monotonic_ns()))

    async def leave(self) -> None:
        """Ends the connection."""
        await self.io.disconnect()

    async def _end(self, reason: str = "") -> None:
        self._gone.set()

    async def _note(self, event: str, data: Any = None) -> None:
        if event == "resumed":
            self.joined["resume_token"] = data["resume_token"]
            assert "snapshot" not in data, "more was missed than is kept"
            self._resumed.set()
            return
        if event == "resume-failed":
            self.failed_resumes += 1
            self._resumed.set()
            return
        self.heard.append(Heard(data["seq"], event, digest(data), time.monotonic_ns()))
        self._learn(event, data)
        self._news.set()

    def _learn(self, event: str, data: dict[str, Any]) -> None:
        if event == "poll-opened":
            self.polls[data["poll"]["pollId"]] = data["poll"]
        elif event == "poll-closed":
            self.polls.pop(data["poll"]["pollId"], None)
        elif event == "breakouts-opened":
            self.groups = data["groups"]
        elif event == "breakouts-closed":
            self.groups = []

    @property
    def newest(self) -> int:
        """The newest number that was heard."""
        return self.heard[-1].seq if self.heard else int(self.joined["seq"])

    @property
    def id(self) -> str:
        """Their participant_id."""
        return str(self.joined["participant_id"])

    async def hear_up_to(self, seq: int) -> None:
        """Waits until everything up to this number has come."""
        async with asyncio.timeout(CALL_LIMIT_S):
            while self.newest < seq:
                self._news.clear()
                await self._news.wait()

    def was_online(self, at_ns: int) -> bool:
        """Whether they had a connection at that time."""
        return not any(begun <= at_ns <= ended for begun, ended in self.offline)

    # Acts

    async def _ask(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self.io.call(event, payload, timeout=CALL_LIMIT_S)
        self.done[event] += 1
        if not answer["ok"]:
            self.refused[f"{event}: {answer['code']}"] += 1
        return answer

    async def act(self) -> None:
        """Does one thing of those that people of this role do."""
        acts: list[Callable[[], Awaitable[None]]] = [self._write, self._hand, self._react, self._vote]
        if self.role == "teacher":
            acts = [self._write, self._poll, self._break_out, self._hand_all]
        await self.draw.choice(acts)()

    async def _write(self) -> None:
        client_id = f"{self.draw.getrandbits(64):016x}"
        self.unanswered = {"text": f"{self.role} says {client_id}", "clientId": client_id}
        await self.write_again()

    async def write_again(self) -> None:
        """Sends the message that was not answered yet, if there is one: the server may have it already."""
        wish = self.unanswered
        if wish is not None:
            answer = await self._ask("send-chat", wish)
            self.unanswered = None
            if answer["ok"]:
                self.sent.append(wish["clientId"])

    async def _hand(self) -> None:
        await self._ask(self.draw.choice(["raise-hand", "lower-hand"]), {})

    async def _hand_all(self) -> None:
        await self._ask("lower-all-hands", {})

    async def _react(self) -> None:
        await self._ask("react", {"reaction": self.draw.choice("👍👏😂")})

    async def _vote(self) -> None:
        if self.polls:
            poll = self.draw.choice(list(self.polls.values()))
            choice = self.draw.randrange(len(poll["options"]))
            await self._ask("vote", {"pollId": poll["pollId"], "choices": [choice]})

    async def _poll(self) -> None:
        if self.polls:
            await self._ask("close-poll", {"pollId": next(iter(self.polls))})
            return
        wish = {"question": "What now?", "options": ["Go on", "Again"], "results": "live"}
        await self._ask("create-poll", wish)

    async def _break_out(self) -> None:
        if self.groups:
            await self._ask("close-breakouts", {})
            return
        halves = [self.classmates[::2], self.classmates[1::2]]
        wish = [{"name": f"Group {at + 1}", "participantIds": half} for at, half in enumerate(halves)]
        await self._ask("open-breakouts", {"groups": wish})


async def live(pupil: Pupil, is_over: Callable[[], bool], *, loses_connections: bool) -> None:
    """Acts until it is over, then has a connection."""
    cut_at_s = time.monotonic() + pupil.draw.expovariate(1 / CUT_EVERY_S)
    while not is_over():
        await asyncio.sleep(pupil.draw.expovariate(1 / PACE_S))
        if loses_connections and time.monotonic() > cut_at_s:
            await _lose_while_acting(pupil)
            cut_at_s = time.monotonic() + pupil.draw.expovariate(1 / CUT_EVERY_S)
        else:
            await pupil.act()


async def _lose_while_acting(pupil: Pupil) -> None:
    """The connection goes in the midst of an act; a message that was not answered is sent again."""
    acting = asyncio.ensure_future(pupil.act())
    await pupil.lose_and_come_back()
    try:
        await acting
    except (SocketIOError, TimeoutError):
        pupil.done["unanswered"] += 1
    await pupil.write_again()


@dataclass(frozen=True)
class Told:
    """One line of the server's log."""

    at_ns: int
    seq: int
    event: str
    says: str


def read_log(text: str) -> dict[str, list[Told]]:
    """What the server told, by participant, in its order."""
    found: dict[str, list[Told]] = {}
    for line in text.splitlines():
        at_ns, who, seq, event, says = json.loads(line)
        found.setdefault(who, []).append(Told(at_ns, seq, event, says))
    return found


def delays_ms(pupil: Pupil, told: list[Told]) -> list[float]:
    """From the server's act to the client's ear, of what came while there was a connection."""
    heard = {one.seq: one.at_ns for one in pupil.heard}
    return [
        (heard[one.seq] - one.at_ns) / 1e6 for one in told if one.seq in heard and pupil.was_online(one.at_ns)
    ]
