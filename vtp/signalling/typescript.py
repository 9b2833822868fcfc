"""Writes the protocol as TypeScript types, by way of pydantic's JSON schemas of its messages.

Only what those schemas are known to say is printed; anything else is refused, so that no type is a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from vtp.signalling.protocol import SignallingProtocol
from vtp.signalling.shapes import Failure, Handshake, Numbered

Schema = Mapping[str, Any]
_REF = "#/$defs/"
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated"})

_MEDIASOUP = {
    "RouterRtpCapabilities": "types.RtpCapabilities",
    "ConsumerRtpParameters": "types.RtpParameters",
    "RtpCapabilities": "types.RtpCapabilities",
    "RtpParameters": "types.RtpParameters",
    "SctpStreamParameters": "types.SctpStreamParameters",
}
"""What goes through mediasoup-client as it is. It names the header extensions that it has heard of and leaves
codecs' parameters open: a type of ours would not be taken for its own."""

HEAD = """\
/**
 * All messages of the signalling protocol (docs/protocol.md), as the server's own schemas have them.
 * Written by scripts/protocol_types.py: change the schemas in vtp/signalling, then run it again.
 */
import type { types } from "mediasoup-client";
"""
TAIL = """\
/** The acknowledgement of a call that was done. */
export type Ok<T> = { ok: true } & T;

/** The acknowledgement of a call that failed. */
export type Failed = { ok: false } & Failure;

export type Call = keyof Calls;
export type Payload<E extends Call> = Calls[E]["payload"];
export type Reply<E extends Call> = Calls[E]["reply"];
export type Acknowledgement<E extends Call> = Ok<Reply<E>> | Failed;

export type Push = keyof Pushes;
export type Pushed<E extends Push> = Numbered & Pushes[E];
"""
_TAKEN = frozenset(re.findall(r"export type (\w+)", TAIL)) | {
    "ErrorCode",
    "RoomState",
    "Calls",
    "Pushes",
    "ConnectionEvents",
}


def write_typescript(protocol: SignallingProtocol, codes: Iterable[str]) -> str:
    """The file for clients; `codes` are the words for programs. Raises ValueError for what cannot be said."""
    schemas = _Schemas()
    calls = {
        name: f"{{ payload: {schemas.add_payload(event.model)}; reply: {schemas.add_reply(event.reply)} }}"
        for name, event in protocol.calls.items()
    }
    pushes = {name: schemas.add(shape) for name, shape in protocol.pushes.items()}
    about_connections = {name: schemas.add(shape) for name, shape in protocol.connection_events.items()}
    states = {name: schemas.add(shape) for name, shape in protocol.states.items()}
    schemas.add_payload(Handshake)
    for shape in (Numbered, Failure):
        schemas.add(shape)
    words = " | ".join(json.dumps(code) for code in sorted(set(codes)))
    types, said = schemas.types()
    parts = [
        HEAD,
        f"/** Words for programs. */\nexport type ErrorCode = {words};\n",
        *types,
        _interface("RoomState", "What the parts of a class say of the room, in `joined-room`.", states, said),
        _interface("Calls", "What a client asks for, by event.", calls, said),
        _interface("Pushes", "What the server tells, by event; see `Numbered`.", pushes, said),
        _interface("ConnectionEvents", "What is about the connection itself.", about_connections, said),
        TAIL,
    ]
    return "\n".join(parts)


class _Schemas:
    """Collects types; what stands for one while collecting is a mark, said in the end by `types()`."""

    def __init__(self) -> None:
        self._adapters: list[TypeAdapter[Any]] = []
        self._payloads: set[int] = set()

    def add(self, shape: Any) -> str:
        """The mark of a type."""
        self._adapters.append(TypeAdapter(shape))
        return f"\0{len(self._adapters) - 1}\0"

    def add_payload(self, shape: Any) -> str:
        """The mark of what a call takes."""
        self._payloads.add(len(self._adapters))
        return self.add(shape)

    def add_reply(self, shape: Any | None) -> str:
        """The mark of a reply."""
        return "object" if shape is None else self.add(shape)

    def types(self) -> tuple[list[str], dict[str, str]]:
        """The declarations of all named types, and what each mark stands for."""
        inputs = [(number, "validation", adapter) for number, adapter in enumerate(self._adapters)]
        found, everything = TypeAdapter.json_schemas(inputs)  # type: ignore[arg-type]
        named = everything.get("$defs", {})
        for name in named:
            _check_name(name)
        said = {f"\0{number}\0": _type(schema) for (number, _), schema in found.items()}
        reached: set[str] = set()
        for schema in found.values():
            _reach(schema, named, reached)
        taken = self._only_taken(found, named)
        return [_declaration(name, named[name], taken=name in taken) for name in sorted(reached)], said

    def _only_taken(self, found: Mapping[Any, Schema], named: Mapping[str, Schema]) -> set[str]:
        """The names of what clients send and are never sent: there null may stand for what is left out."""
        taken: set[str] = set()
        given: set[str] = set()
        for (number, _), schema in found.items():
            _reach(schema, named, taken if number in self._payloads else given)
        return taken - given


def _reach(schema: Any, named: Mapping[str, Schema], reached: set[str]) -> None:
    """Adds the names of all types that this one needs."""
    if isinstance(schema, list):
        for one in schema:
            _reach(one, named, reached)
    elif isinstance(schema, dict):
        name = str(schema.get("$ref", "")).removeprefix(_REF)
        if name and name not in reached:
            reached.add(name)
            if name not in _MEDIASOUP:
                _reach(named[name], named, reached)
        for one in schema.values():
            _reach(one, named, reached)


def _check_name(name: str) -> None:
    """Raises ValueError for a name that two have; pydantic puts the modules before such."""
    own = [one for one in name.split("__") if not one.isdigit()][-1]
    if own != name or name in _TAKEN:
        raise ValueError(f"Two messages, or a message and a general type, are called {own}: rename one.")


def _interface(name: str, about: str, members: Mapping[str, str], said: Mapping[str, str]) -> str:
    if not members:
        return f"{_comment(about)}export type {name} = object;\n"
    lines = [f"{_comment(about)}export interface {name} {{"]
    for member, type_ in members.items():
        for mark, word in said.items():
            type_ = type_.replace(mark, word)
        optional = "?" if name == "RoomState" else ""
        lines.append(f"  {json.dumps(member)}{optional}: {type_};")
    return "\n".join([*lines, "}\n"])


def _declaration(name: str, schema: Schema, *, taken: bool) -> str:
    about = _comment(schema.get("description", ""))
    if name in _MEDIASOUP:
        return f"{about}export type {name} = {_MEDIASOUP[name]};\n"
    if "properties" not in schema or not schema["properties"]:
        return f"{about}export type {name} = {_type(schema)};\n"
    return f"{about}export interface {name} {_members(schema, taken=taken)}\n"


def _members(schema: Schema, *, taken: bool = False) -> str:
    required = schema.get("required", ())
    lines = ["{"]
    for name, member in schema["properties"].items():
        about = "" if "$ref" in member else _comment(member.get("description", ""))
        optional = name not in required
        said = f"{_member(member)} | null" if optional and taken else _member(member)
        lines.append(f"{about}{json.dumps(name)}{'?' if optional else ''}: {said};")
    return "\n".join([*lines, "}"])


def _member(schema: Schema) -> str:
    """A member's type; of one whose default is null, null says no more than leaving it out."""
    if schema.get("default", ...) is None and "anyOf" in schema:
        rest = [one for one in schema["anyOf"] if one != {"type": "null"}]
        return _union(_type(one) for one in rest)
    return _type(schema)


def _type(schema: Schema) -> str:
    if "tsType" in schema:
        return str(schema["tsType"])
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _union(json.dumps(one) for one in schema["enum"])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _union(_type(one) for one in schema[choice])
    kind = schema.get("type")
    if kind == "array" and "items" in schema and "prefixItems" not in schema:
        return f"({_type(schema['items'])})[]"
    if kind == "object":
        return _object(schema)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if not set(schema) - _ANNOTATIONS:
        return "unknown"
    raise ValueError(f"This part of a message has no TypeScript type yet: {json.dumps(schema)}")


def _object(schema: Schema) -> str:
    if schema.get("properties"):
        return _members(schema)
    values = schema.get("additionalProperties")
    if isinstance(values, dict):
        return f"Record<string, {_type(values)}>"
    return "Record<string, unknown>" if values else "object"


def _union(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types))


def _comment(text: str) -> str:
    return f"/** {' '.join(text.split())} */\n" if text else ""
