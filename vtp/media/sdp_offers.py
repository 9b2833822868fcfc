"""Reads offers that are alike: a class that enters sends one text thirty times, but for the transports.

Everything else is read once and shared by all who send it, with whatever was worked out from it. That saves
most of what joining costs, and most of what a viewer would keep in memory.
"""

from collections import OrderedDict
from dataclasses import replace

from vtp.media.sdp import CommonOffer, SessionDescription, TransportAttributes
from vtp.media.sdp_parse import parse_lines, read_into, split_lines

KINDS_KEPT = 64
"""Each takes about 100 KB with its answers; the one unused for longest makes room."""
MAX_KEPT_BYTES = 16_384
"""Larger offers are read anew each time; Chromium's largest offer to watch has 6,036 bytes."""

_OWN_LINES = ("o=", "a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=candidate:", "a=setup:")
"""Lines that differ between the offers of two viewers with the same browser."""


class OfferReader:
    """Reads offers and keeps what they have in common. Not for publishers: their SSRCs are their own."""

    def __init__(self, kinds_kept: int = KINDS_KEPT) -> None:
        self._kinds_kept = kinds_kept
        self._known: OrderedDict[tuple[str, ...], CommonOffer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def read(self, text: str) -> SessionDescription:
        """What `parse_session` gives, with `common` set where it is shared. Raises ValueError as it does."""
        lines = split_lines(text)
        if len(text) > MAX_KEPT_BYTES or lines[:1] != ["v=0"]:
            return parse_lines(lines)
        shared, own = _separate(lines)
        common = self._common(shared)
        return parse_lines(lines) if common is None else _join(common, own)

    def _common(self, lines: tuple[str, ...]) -> CommonOffer | None:
        """The shared part; None when it cannot be told from the senders' own, as in oddly written offers."""
        known = self._known.get(lines)
        if known is not None:
            self._known.move_to_end(lines)
            return known
        description = parse_lines(lines)
        transports = [description.transport, *(media.transport for media in description.media)]
        if any(map(_names_its_sender, transports)):
            return None
        known = self._known[lines] = CommonOffer(description)
        if len(self._known) > self._kinds_kept:
            self._known.popitem(last=False)
        return known


def _separate(lines: list[str]) -> tuple[tuple[str, ...], list[tuple[int, str]]]:
    """The lines in common, and the others with the index of their media line (-1: session level)."""
    shared: list[str] = []
    own: list[tuple[int, str]] = []
    section = -1
    for line in lines:
        if line.startswith(_OWN_LINES):
            own.append((section, line))
        else:
            shared.append(line)
            section += line.startswith("m=")
    return tuple(shared), own


def _names_its_sender(transport: TransportAttributes) -> bool:
    """True when attributes of the sender's transport were written so that `_OWN_LINES` missed them."""
    values = (transport.ice_ufrag, transport.ice_pwd, transport.setup)
    return any(values) or bool(transport.fingerprints or transport.candidates)


def _join(common: CommonOffer, own: list[tuple[int, str]]) -> SessionDescription:
    """A description of one sender's over what is shared."""
    base = common.description
    session = replace(base, transport=_copy(base.transport), common=common)
    session.media = [replace(media, transport=_copy(media.transport)) for media in base.media]
    for section, line in own:
        read_into(session, None if section < 0 else session.media[section], line)
    return session


def _copy(transport: TransportAttributes) -> TransportAttributes:
    """A transport of its own with the flags that many share."""
    return replace(transport, fingerprints=[], candidates=[])
