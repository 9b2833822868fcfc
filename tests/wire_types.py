"""Holds every answer and push that a server within the test really sends against what it declares.

What does not fit fails the test in the end; raised where it is sent, it would change the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import ConfigDict, TypeAdapter, ValidationError

from vtp.signalling.members import Member
from vtp.signalling.outbox import Outbox
from vtp.signalling.protocol import SignallingProtocol
from vtp.signalling.shapes import CONNECTION_EVENTS, Failure, Numbered
from vtp.signalling.socket_face import SocketFace
from vtp.signalling.words import read_words

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "protocol.md"
_EXACTLY = ConfigDict(extra="forbid", strict=True)
_TOLD = "told"


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    """Nested shapes take over how strict the outermost is, which a TypedDict itself cannot be told."""
    return TypeAdapter(dict[str, shape], config=_EXACTLY)


@cache
def _words() -> frozenset[str]:
    return frozenset(read_words(_PAGE.read_text()))


def faults_of(what: str, shape: Any, data: Mapping[str, Any]) -> list[str]:
    """Sentences that name the event and the field; `data` as it goes over the wire."""
    try:
        _adapter(shape).validate_json(json.dumps({_TOLD: data}))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return [f"{what}: {'.'.join(map(str, one['loc'][1:])) or 'it'}: {one['msg']}" for one in found]
    return []


class WireCheck:
    """What a server has said otherwise than it declares."""

    def __init__(self) -> None:
        self.protocol: SignallingProtocol | None = None
        self.faults: list[str] = []
        self._last: object = None

    def note(self, what: str, shape: Any, data: Mapping[str, Any]) -> None:
        """Checks one message."""
        self.faults += faults_of(what, shape, data)
        for place in (data, data.get("snapshot") or {}):
            self._note_state(what, place.get("state"))
        if shape in (Failure, *CONNECTION_EVENTS.values()) and data.get("code", "") not in {"", *_words()}:
            self.faults.append(f"{what}: code: docs/protocol.md does not list {data['code']!r}")

    def answer(self, event: str, answer: Mapping[str, Any]) -> None:
        """Checks an acknowledgement."""
        told = {name: value for name, value in answer.items() if name != "ok"}
        if answer["ok"] is not True:
            self.note(f"the failure of {event[:64]!r}", Failure, told)
            return
        assert self.protocol is not None
        reply = self.protocol.calls[event].reply
        if reply is not None:
            self.note(f"the answer to {event!r}", reply, told)
        elif told:
            self.faults.append(f"the answer to {event!r}: {', '.join(told)}: it has no reply declared")

    def push(self, event: str, seq: int, data: Mapping[str, Any]) -> None:
        """Checks what a member of a room is told."""
        what = f"the push {event!r}"
        if not isinstance(data.get("roomId"), str) or seq < 1:
            self.faults.append(f"{what}: roomId and seq go with every push")
        if data is self._last:
            return  # one payload for everybody in a room
        self._last = data
        shape = self.protocol.pushes.get(event) if self.protocol is not None else None
        if shape is None:
            self.faults.append(f"{what}: it is not among the pushes that any part declares")
        else:
            self.note(what, shape, _without_number(shape, data))

    def sent(self, event: str, data: Mapping[str, Any]) -> None:
        """Checks what one connection is told outside of a room, or again."""
        assert self.protocol is not None
        answering = {known.answer for known in self.protocol.calls.values()}
        what = f"the event {event!r}"
        if event in self.protocol.connection_events:
            self.note(what, self.protocol.connection_events[event], data)
        elif event in answering:
            return  # it says what the acknowledgement says
        elif event in self.protocol.pushes:
            shape = self.protocol.pushes[event]
            self.note(what, shape, _without_number(shape, data))
        else:
            self.faults.append(f"{what}: it is not among the events that any part declares")

    def _note_state(self, what: str, state: object) -> None:
        if not isinstance(state, dict) or self.protocol is None:
            return
        for name, value in state.items():
            if name in self.protocol.states:
                self.faults += faults_of(f"{what}: state.{name}", self.protocol.states[name], value)
            else:
                self.faults.append(f"{what}: state.{name}: no part declares it in `states`")


def _without_number(shape: Any, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what goes with every push, but where it is the message's own."""
    declared = getattr(shape, "__annotations__", {})
    extra = Numbered.__annotations__.keys() - declared.keys()
    return {name: one for name, one in data.items() if name not in extra}


@contextmanager
def checked_wire() -> Iterator[WireCheck]:
    """Looks at all that servers of this process send by Socket.IO; fails in the end if one did not fit."""
    check = WireCheck()
    telling = False
    make, receive, tell, put = SocketFace.__init__, SocketFace._receive, Member.tell, Outbox.put

    def made(face: SocketFace, *arguments: Any) -> None:
        make(face, *arguments)
        check.protocol = face.protocol

    async def received(face: SocketFace, event: str, connection: str, *arguments: object) -> Any:
        answer = await receive(face, event, connection, *arguments)
        check.answer(event, answer)
        return answer

    def told(member: Member, outbox: Outbox, event: str, data: Mapping[str, Any], **more: Any) -> None:
        nonlocal telling
        telling = True
        try:
            tell(member, outbox, event, data, **more)
        finally:
            telling = False
        check.push(event, member.seq, data)

    def sent(outbox: Outbox, event: str, data: dict[str, Any], to: str) -> None:
        put(outbox, event, data, to)
        if not telling:
            check.sent(event, data)

    changes: list[tuple[type, str, Callable[..., Any]]] = [
        (SocketFace, "__init__", made),
        (SocketFace, "_receive", received),
        (Member, "tell", told),
        (Outbox, "put", sent),
    ]
    patches = [patch.object(owner, name, change) for owner, name, change in changes]
    for one in patches:
        one.start()
    try:
        yield check
    finally:
        for one in reversed(patches):
            one.stop()
    assert not check.faults, "What was sent is not what is declared:\n" + "\n".join(
        dict.fromkeys(check.faults)
    )
