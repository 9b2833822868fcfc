"""Reads offers that are alike: a class that enters sends one text thirty times, but for the transports.

Everything else is read once and shared by all who send it, with whatever was worked out from it. That saves
most of what joining costs, and most of what a viewer would keep in memory.
"""

import re
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace

from vtp.media.sdp import CommonOffer, SessionDescription, TransportAttributes
from vtp.media.sdp_parse import (
    MAX_LINE,
    TRANSPORT_ATTRIBUTES,
    parse_lines,
    parse_session,
    read_into,
    split_lines,
)

KINDS_KEPT = 64
"""Each takes about 100 KB with its answers; the one unused for longest makes room."""
MAX_KEPT_CHARACTERS = 12_000
"""Larger offers are read anew each time. Chromium's largest offer to watch has 6,036; no shorter text is
beyond the bounds of the parser."""

_OWN_LINE = re.compile(
    r"\n((?:o=|a=(?:ice-ufrag|ice-pwd|fingerprint|candidate|setup):)[^\r\n]*)(?:\r(?=\n|\Z))?"
)
"""Lines that differ between the offers of two viewers with the same browser."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What one kind of offer says, and to which media lines (-1: the session) the senders' own belong."""

    common: CommonOffer
    sections: list[int]


class OfferReader:
    """Reads offers and keeps what they have in common. Not for publishers: their SSRCs are their own."""

    def __init__(self, kinds_kept: int = KINDS_KEPT) -> None:
        self._kinds_kept = kinds_kept
        self._known: OrderedDict[tuple[str, ...], _Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def read(self, text: str) -> SessionDescription:
        """What `parse_session` gives, with `common` set where it is shared. Raises ValueError as it does."""
        if len(text) > MAX_KEPT_CHARACTERS:
            return parse_session(text)
        parts = _OWN_LINE.split(text)
        pieces = tuple(filter(None, parts[::2]))
        known = self._known.get(pieces)
        if known is None:
            known = self._learn(pieces)
            if known is None:
                return parse_session(text)
        else:
            self._known.move_to_end(pieces)
        return _join(known, parts)

    def _learn(self, pieces: tuple[str, ...]) -> _Known | None:
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
        known = self._known[pieces] = _Known(CommonOffer(description), sections)
        if len(self._known) > self._kinds_kept:
            self._known.popitem(last=False)
        return known


def _names_its_sender(transport: TransportAttributes) -> bool:
    """True when attributes of the sender's transport were written so that `_OWN_LINE` missed them."""
    values = (transport.ice_ufrag, transport.ice_pwd, transport.setup)
    return any(values) or bool(transport.fingerprints or transport.candidates)


def _join(known: _Known, parts: list[str]) -> SessionDescription:
    """One sender's description: what is shared, with the own lines that stand between the parts."""
    base = known.common.description
    media = [replace(line, transport=_own_transport(line.transport)) for line in base.media]
    session = replace(base, transport=_own_transport(base.transport), media=media, common=known.common)
    piece = -1
    for index in range(1, len(parts), 2):
        piece += bool(parts[index - 1])
        _read_own(session, known.sections[piece], parts[index].rstrip(" \t"))
    return session


def _own_transport(shared: TransportAttributes) -> TransportAttributes:
    return TransportAttributes(
        ice_options=shared.ice_options, ice_lite=shared.ice_lite, end_of_candidates=shared.end_of_candidates
    )


def _read_own(session: SessionDescription, section: int, line: str) -> None:
    """Reads a line of the sender's own; a malformed one is ignored."""
    if line.startswith("o="):
        read_into(session, None if section < 0 else session.media[section], line)
        return
    transport = session.transport if section < 0 else session.media[section].transport
    name, _, value = line[2:].partition(":")
    if len(line) <= MAX_LINE:
        with suppress(ValueError):
            TRANSPORT_ATTRIBUTES[name](transport, value.strip())
