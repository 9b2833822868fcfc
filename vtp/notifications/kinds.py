"""The kinds of news that there are: each feature registers its own when the services are built."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

from vtp.notifications.moments import for_reader
from vtp.notifications.news import Told


class MailChoice(enum.StrEnum):
    """Whether, and when, news goes by mail."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Kind:
    """`word` is stable, for programs; `title` is what people read of it.

    `mail`: what holds for who has chosen nothing. Kinds of one `group` are mailed together. `own_mails`: the
    feature itself writes what goes at once. `names_people`: its titles have names of others, which no subject
    of a mail has: subjects are kept, and shown by screens that anybody sees. `own_words`: its text is what
    somebody has written, and told as it is.
    """

    word: str
    title: str
    mail: MailChoice
    group: str = ""
    own_mails: bool = False
    names_people: bool = False
    own_words: bool = False


class Kinds:
    """A registry; `add` is the one call by which a feature has its kinds told."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}

    def add(self, *kinds: Kind) -> None:
        """Registers kinds. Raises ValueError for a word that is taken."""
        for kind in kinds:
            if kind.word in self._kinds:
                raise ValueError(f"there is a kind of news {kind.word!r} already: take another word")
            self._kinds[kind.word] = kind

    def __getitem__(self, word: str) -> Kind:
        """Raises KeyError for what nobody has registered."""
        return self._kinds[word]

    def within(self, scope: str) -> list[Kind]:
        """The kind of this word, or those of the group."""
        return [one for one in self if scope in (one.word, one.group)]

    def by_clocks_of(self, told: Told, time_zone: str) -> Told:
        """News as somebody reads it there; what somebody has written themselves stays as it is."""
        kind = self._kinds.get(told.kind)
        if kind is None or kind.own_words:
            return told
        return replace(told, text=for_reader(told.text, time_zone))

    def __contains__(self, word: str) -> bool:
        return word in self._kinds

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())
