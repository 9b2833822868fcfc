"""Viewers' offers: a class that enters sends one text thirty times, but for its senders' transports.

Everything else is read once and shared by all who send it, with whatever was worked out from it. That saves
most of what joining costs, and most of what a viewer would keep in memory.
"""

import re
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from vtp.media.sdp import SessionDescription, TransportAttributes
from vtp.media.sdp_parse import MAX_LINE, TRANSPORT_ATTRIBUTES, parse_lines, parse_session, split_lines

KINDS_KEPT = 64
"""Each takes about 100 KB with its answers; the one unused for longest makes room."""
MAX_KEPT_CHARACTERS = 12_000
"""Larger offers are read anew each time. Chromium's largest offer to watch has 6,036; no shorter text is
beyond the bounds of the parser."""

_OWN_LINE = re.compile(
    r"\n((?:o=|a=(?:ice-ufrag|ice-pwd|fingerprint|candidate|setup):)[^\r\n]*)(?:\r(?=\n|\Z))?"
)
"""Lines that differ between the offers of two viewers with the same browser."""
_UNUSED = ("o=", "a=candidate:")  # nothing is sent to a viewer before it has sent a check


@dataclass(slots=True, eq=False)
class CommonOffer:
    """What offers from one kind of client have in common. Shared by all of them, so it is never changed."""

    description: SessionDescription
    sections: list[int] = field(default_factory=list)
    """Of each run of the senders' own lines: to which media line it belongs; -1: to the session."""
    prepared: dict[Hashable, Any] = field(default_factory=dict)
    """What was worked out from it once for all who send such an offer, by whoever did that."""


@dataclass(frozen=True, slots=True)
class ViewerOffer:
    """One viewer's offer: what it shares with others, and the lines of its own transport."""

    common: CommonOffer
    own: list[tuple[int, str]] = field(default_factory=list)
    """Lines with the index of their media line, -1 for the session level."""

    @classmethod
    def alone(cls, description: SessionDescription) -> Self:
        """An offer that shares nothing."""
        return cls(CommonOffer(description))

    def transport(self, section: int) -> TransportAttributes:
        """The attributes of a media line's transport, or (-1) the session's; malformed ones are left out.

        Without candidates: we send nothing to a peer that has not sent a check.
        """
        description = self.common.description
        shared = description.transport if section < 0 else description.media[section].transport
        own = [line for at, line in self.own if at == section]
        return _read_own(shared, own) if own else shared


class OfferReader:
    """Reads offers and keeps what they have in common. Not for publishers: their SSRCs are their own."""

    def __init__(self, kinds_kept: int = KINDS_KEPT) -> None:
        self._kinds_kept = kinds_kept
        self._known: OrderedDict[tuple[str, ...], CommonOffer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def read(self, text: str) -> ViewerOffer:
        """An offer, shared as far as it can be. Raises ValueError as `parse_session` does."""
        if len(text) > MAX_KEPT_CHARACTERS:
            return ViewerOffer.alone(parse_session(text))
        parts = _OWN_LINE.split(text)
        pieces = tuple(filter(None, parts[::2]))
        common = self._known.get(pieces)
        if common is None:
            common = self._learn(pieces)
            if common is None:
                return ViewerOffer.alone(parse_session(text))
        else:
            self._known.move_to_end(pieces)
        return ViewerOffer(common, _own_lines(common, parts))

    def _learn(self, pieces: tuple[str, ...]) -> CommonOffer | None:
        """Reads what stands between the senders' own lines; None when that holds something of them too."""
        lines: list[str] = []
        sections: list[int] = []
        for piece in pieces:
            lines += split_lines(piece)
            sections.append(sum(line.startswith("m=") for line in lines) - 1)
        description = parse_lines(lines)
        transports = [description.transport, *(media.transport for media in description.media)]
        if any(map(_names_its_sender, transports)):
            return None
        common = self._known[pieces] = CommonOffer(description, sections)
        if len(self._known) > self._kinds_kept:
            self._known.popitem(last=False)
        return common


def _names_its_sender(transport: TransportAttributes) -> bool:
    """True when attributes of the sender's transport were written so that `_OWN_LINE` missed them."""
    values = (transport.ice_ufrag, transport.ice_pwd, transport.setup)
    return any(values) or bool(transport.fingerprints or transport.candidates)


def _own_lines(common: CommonOffer, parts: list[str]) -> list[tuple[int, str]]:
    """The sender's own lines, which stand between the parts that are shared; several may stand together."""
    own: list[tuple[int, str]] = []
    run = -1
    for index in range(1, len(parts), 2):
        run += parts[index - 1] != ""
        if not parts[index].startswith(_UNUSED):
            own.append((common.sections[run], parts[index]))
    return own


def _read_own(shared: TransportAttributes, lines: list[str]) -> TransportAttributes:
    transport = TransportAttributes(
        ice_options=shared.ice_options, ice_lite=shared.ice_lite, end_of_candidates=shared.end_of_candidates
    )
    for line in lines:
        name, _, value = line[2:].rstrip(" \t").partition(":")
        if len(line) <= MAX_LINE:
            with suppress(ValueError):
                TRANSPORT_ATTRIBUTES[name](transport, value.strip())
    return transport
