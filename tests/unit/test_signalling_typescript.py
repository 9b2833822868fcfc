"""The TypeScript that messages become."""

from typing import Annotated, Any, Literal, NotRequired

import pytest
from pydantic import Field
from typing_extensions import TypedDict

from vtp.signalling.messages import Message, Produce
from vtp.signalling.protocol import SignallingProtocol
from vtp.signalling.seats import Answer, Event, Seat
from vtp.signalling.typescript import write_typescript


class Wave(Message):
    """`wave`."""

    how: Literal["once", "twice"] = Field(validation_alias="howOften")
    note: str | None = None
    counts: list[int | float] = Field(default_factory=list)


class Dot(TypedDict):
    """A point."""

    x: int
    y: NotRequired[float | None]


class Waved(TypedDict):
    """Somebody has waved."""

    by: str | None
    dots: list[Dot | str]
    named: dict[str, Dot]
    app: dict[str, Any]
    free: Any
    at: Annotated[str, Field(description="When.")]


class Stroke(TypedDict):
    width: NotRequired[int]


class Edge(TypedDict):
    sharp: NotRequired[bool]


class Draw(Message):
    """`draw`."""

    stroke: Stroke | None = None
    edge: Edge | None = None


class Drawn(TypedDict):
    edge: Edge


class Odd(TypedDict):
    """A pair has no type here."""

    pair: tuple[int, str]


async def handle(seat: Seat, request: Wave) -> Answer:
    return {}


def write(**more: Any) -> str:
    tables: dict[str, Any] = {
        "calls": {"wave": Event(Wave, "", handle, Waved), "nod": Event(Message, "", handle, None)},
        "pushes": {"waved": Waved},
        "connection_events": {},
        "states": {"dots": list[Dot]},
    }
    text = write_typescript(SignallingProtocol(**{**tables, **more}), ["b_word", "a_word"])
    return " ".join(text.split())


def test_a_payload_has_the_names_of_the_wire_and_leaves_out_what_has_a_default() -> None:
    general = '"roomId"?: string | null; "requestId"?: string | number | null;'
    members = '"howOften": "once" | "twice"; "note"?: string | null; "counts"?: (number)[] | null;'
    assert f"/** `wave`. */ export interface Wave {{ {general} {members} }}" in write()


def test_null_stays_where_the_server_says_it() -> None:
    assert '"by": string | null;' in write()
    assert '/** A point. */ export interface Dot { "x": number; "y"?: number | null; }' in write()


def test_null_may_stand_for_what_clients_leave_out_and_only_there() -> None:
    text = write(calls={"draw": Event(Draw, "", handle, Drawn)}, pushes={})
    assert '"stroke"?: Stroke | null; "edge"?: Edge | null;' in text
    assert 'interface Stroke { "width"?: number | null; }' in text, "what only clients send"
    assert 'interface Edge { "sharp"?: boolean; }' in text, "what clients are sent as well"


def test_nested_messages_are_named() -> None:
    text = write()
    assert '"dots": (Dot | string)[]; "named": Record<string, Dot>; "app": Record<string, unknown>;' in text
    assert '"free": unknown; /** When. */ "at": string;' in text


def test_tables_become_maps_by_event() -> None:
    text = write()
    calls = '"wave": { payload: Wave; reply: Waved }; "nod": { payload: Message; reply: object };'
    assert f"export interface Calls {{ {calls} }}" in text
    assert 'export interface Pushes { "waved": Waved; }' in text
    assert 'export interface RoomState { "dots"?: (Dot)[]; }' in text
    assert 'export type ErrorCode = "a_word" | "b_word";' in text


def test_what_mediasoup_client_gives_and_takes_is_its_own_type() -> None:
    text = write(calls={"produce": Event(Produce, "", handle, None)})
    assert "export type RtpParameters = types.RtpParameters;" in text
    assert "RtpCodecParameters" not in text, "what only that needs is left out"


def test_it_is_the_same_each_time() -> None:
    assert write() == write()


def test_two_messages_of_one_name_are_refused() -> None:
    class Waved(TypedDict):
        other: int

    with pytest.raises(ValueError, match="are called Waved: rename one"):
        write(pushes={"waved": Waved})


def test_a_message_may_not_take_a_general_name() -> None:
    class Pushed(TypedDict):
        other: int

    with pytest.raises(ValueError, match="are called Pushed: rename one"):
        write(pushes={"waved": Pushed})


def test_what_has_no_type_is_refused() -> None:
    with pytest.raises(ValueError, match="no TypeScript type yet"):
        write(pushes={"odd": Odd})
