"""The addresses that clients are told to send to, by the networks they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vtp.doctor.finding import Finding, State, Topic
from vtp.media.addresses import AddressKind, kind_of

LOOKED_AT = "Addresses that clients are told"
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
_WORDS = {
    AddressKind.PUBLIC: "public",
    AddressKind.PRIVATE: "of an inner network",
    AddressKind.SHARED: "between a provider and its customers (100.64/10)",
    AddressKind.LINK_LOCAL: "of one cable only (link-local)",
    AddressKind.LOOPBACK: "this machine itself",
    AddressKind.NONE: "no address",
}


def in_container() -> bool:
    """Whether this process runs in a container."""
    return any(Path(mark).exists() for mark in _CONTAINER_MARKS)


def judge_announced(
    announced: Sequence[str], *, outsiders: bool, this_machine_only: bool, container: bool
) -> list[Finding]:
    """`outsiders`: people are expected from the internet; `this_machine_only`: so is HTTP."""
    kinds = {address: kind_of(address) for address in announced}
    listed = ", ".join(f"{address} ({_WORDS[kind]})" for address, kind in kinds.items())
    state, meaning, cure = _judge(set(kinds.values()), outsiders, this_machine_only)
    if container and state is not State.GOOD:
        cure += "; in a container use the host's network (compose.yaml does), or announce the host's address"
    found = [Finding(Topic.ADDRESSES, LOOKED_AT, state, f"{listed}: {meaning}", cure)]
    if AddressKind.LINK_LOCAL in kinds.values():
        found.append(_link_local())
    return [*found, _judge_ipv6(list(kinds))]


def _judge(kinds: set[AddressKind], outsiders: bool, this_machine_only: bool) -> tuple[State, str, str]:
    if kinds & {AddressKind.PUBLIC}:
        return State.GOOD, "people anywhere can be told where to send.", ""
    if not kinds - {AddressKind.LOOPBACK, AddressKind.NONE, AddressKind.LINK_LOCAL}:
        return (
            State.NOTE if this_machine_only else State.WRONG,
            "only browsers on this machine can send and receive sound and pictures.",
            "Connect the machine to a network and start vtp again, or name its address with "
            "VTP_MEDIA__ANNOUNCED_ADDRESSES",
        )
    if outsiders:
        return (
            State.WRONG,
            "people who come from the internet are told addresses that lead nowhere for them.",
            "Forward the media port in the router and set VTP_MEDIA__ANNOUNCED_ADDRESSES=<public "
            "address>,<inner address>",
        )
    return (
        State.NOTE,
        "people in the same network can take part, others cannot.",
        "For people from elsewhere set VTP_MEDIA__ANNOUNCED_ADDRESSES=<public address>,<inner address>",
    )


def _link_local() -> Finding:
    return Finding(
        Topic.ADDRESSES,
        "Link-local addresses",
        State.NOTE,
        "A link-local address means something on one cable only; browsers elsewhere cannot use it.",
        "Leave it out of VTP_MEDIA__ANNOUNCED_ADDRESSES",
    )


def _judge_ipv6(announced: Sequence[str]) -> Finding:
    if any(":" in address and kind_of(address) is AddressKind.PUBLIC for address in announced):
        return Finding(
            Topic.ADDRESSES,
            "IPv6",
            State.GOOD,
            "Clients with IPv6 (most mobile networks) come without translation.",
        )
    return Finding(
        Topic.ADDRESSES,
        "IPv6",
        State.NOTE,
        "Clients are told no public IPv6 address, so those of mobile networks come by their provider's "
        "translation, "
        "which works and is slower.",
        "If the provider gives IPv6, add the address to VTP_MEDIA__ANNOUNCED_ADDRESSES",
    )
