"""What is in a course, apart from people: kinds of things that are read of one, and put into another.

A copy puts them there at once; in a file of a course they lie in between. What stands above courses adds its
own kinds; those that name others come behind them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.dates import Dates
from vtp.courses.recurrence import Occurrence
from vtp.courses.store import Course
from vtp.errors import Conflict, FieldError, Invalid
from vtp.ids import new_id
from vtp.recording.carried_index import IndexBudget

Label = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$", description="By which others name it.")]


class Packed(BaseModel):
    """One thing of a course as it is carried: without the course, without people."""

    model_config = ConfigDict(extra="forbid")

    id: Label


def _its_id(kind: str, item_id: str) -> str:
    return item_id


@dataclass(frozen=True, slots=True)
class Brought:
    """A recording whose media have arrived. `columns` of its row are what they say."""

    id: str
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A course that is read. `whole`: also what belongs to one term, and older versions of files."""

    course_id: str
    whole: bool = False
    label: Callable[[str, str], str] = _its_id
    """What the thing of a kind with this id is called."""

    def named(self, kind: str, item_id: str | None) -> str | None:
        """The same of what may be none."""
        return None if item_id is None else self.label(kind, item_id)


@dataclass(slots=True)
class Target:
    """A course that is being filled, in one transaction. `files`: arrived for it,
    by label."""

    course: Course
    by: str
    now: datetime
    dates: Dates
    files: Mapping[str, str] = field(default_factory=dict)
    recordings: Mapping[str, Brought] = field(default_factory=dict)
    """Whose media have arrived, by label."""
    lost: Collection[str] = ()
    """Labels of files whose bytes are not there."""
    classes: dict[tuple[str, str], Occurrence | None] = field(default_factory=dict)
    """By (label of a series, its class) which class that is there, None: none any more."""
    minutes: dict[str, int] = field(default_factory=dict)
    """How long the classes of a series are, by its label."""
    room_id: str | None = None
    """Of what was recorded in no lesson, once there is something."""
    carried: Counter[str] = field(default_factory=Counter)
    _ids: dict[tuple[str, str], str] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def take(self, kind: str, label: str, known: str = "") -> str:
        """The id of a new thing, which may be `known`. Raises Invalid for a label that is taken."""
        if (kind, label) in self._ids:
            raise _wrong("/id", f"is that of another of the {kind}")
        self.carried[kind] += 1
        self._ids[kind, label] = found = known or new_id()
        return found

    def named(self, kind: str, label: str | None, pointer: str) -> str | None:
        """The id of what is named. Raises Invalid for what is not there."""
        if label is None:
            return None
        found = self._ids.get((kind, label))
        if found is None:
            raise _wrong(pointer, f"names none of the {kind}")
        return found

    def file(self, label: str, pointer: str) -> str:
        """The id of a file that has arrived, which one thing holds. Raises Invalid."""
        found = self.files.get(label)
        if found is None or label in self._used:
            raise _wrong(pointer, "is no file, or another's")
        self._used.add(label)
        self.carried["files"] += 1
        return found

    @property
    def unused(self) -> list[str]:
        """Files that nothing holds."""
        return [file_id for label, file_id in self.files.items() if label not in self._used]

    @contextmanager
    def putting(self, kind: str, label: str) -> Iterator[None]:
        """Says of what is Invalid within which thing it is."""
        try:
            yield
        except Invalid as error:
            at = f"/{kind}/{label}"
            faults = [FieldError(at + one.pointer, one.detail) for one in error.errors]
            raise Invalid(
                "What is in this course cannot be like this; `errors` says where.",
                code="course_contents",
                errors=faults or [FieldError(at, error.detail)],
            ) from None


PackedT = TypeVar("PackedT", bound=Packed)


class ContentKind(ABC, Generic[PackedT]):
    """One kind. `most`: so many are in a course at most; `in_copies`: false for what is of one term."""

    name: ClassVar[str]
    model: ClassVar[type[Any]]
    most: ClassVar[int]
    in_copies: ClassVar[bool] = True
    on_request: ClassVar[bool] = False
    """In the file of a course only with its recordings."""
    since: ClassVar[int] = 1
    """The first format of files of courses that has it."""

    @abstractmethod
    def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedT]]:
        """All that a course has, in their order, some at a time."""

    async def add(self, tx: AsyncConnection, target: Target, items: Sequence[PackedT]) -> None:
        """Puts these into a course. Raises Invalid."""
        rows = []
        for item in items:
            with target.putting(self.name, item.id):
                rows.append(self.row(target, item))
        if rows:
            await self.write(tx, target, rows)

    def files(self, item: PackedT) -> Sequence[tuple[str, str]]:
        """The labels and names of the files that it has."""
        return ()

    def media(self, item: PackedT) -> Sequence[Media]:
        """The recordings whose media it has."""
        return ()

    def has_room(self, item: PackedT) -> bool:
        """Whether it gets a room, in which lies what names it as `Media.group`."""
        return False

    def is_lost(self, item: PackedT, lost: Collection[str]) -> bool:
        """Whether nothing of it is left without these files and media."""
        return False

    def without(self, item: PackedT, lost: Collection[str]) -> PackedT:
        """The same without these files."""
        return item

    def row(self, target: Target, item: PackedT) -> Any:
        """What is to be written of one. Raises Invalid."""
        raise NotImplementedError

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Any]) -> None:
        """Writes what `row` has made."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that comes. `pieces`: its bytes, read by threads."""

    name: str
    size: int
    pieces: Callable[[], Generator[bytes, None, None]]


@dataclass(frozen=True, slots=True)
class Media:
    """The media of a recording that are to come, of so many bytes. `group`: those of one lie in one room."""

    label: str
    size: int
    group: str


class CarriedRecordings(Protocol):
    """Who has the media of recordings that are in courses."""

    async def open(self, recording_id: str) -> Callable[[], Generator[bytes, None, None]] | None:
        """The media as a stream, read by threads; None: they are lost. Raises Unavailable."""

    async def check(self, media: Collection[Media], by: str) -> None:
        """Whether media of these sizes are taken in, of somebody. Raises Conflict beyond a quota,
        Unavailable."""

    async def hold(self, tx: AsyncConnection, total: int, by: str) -> None:
        """In the transaction that makes rows of media of so many bytes: whether they may be somebody's beside
        what is there by now. Others that bring some for them wait for its end. Raises Conflict."""

    async def take(
        self,
        media: Media,
        pieces: Callable[[], Generator[bytes, None, None]],
        budget: IndexBudget,
        *,
        keep: bool,
    ) -> Brought:
        """Takes media in, of a recording that has no row yet; without `keep` they are looked at alone.
        `budget` is that of all in one file.
        Raises Invalid for what is in them, Unavailable for a full disk, and then nothing is kept.
        """

    async def discard(self, ids: Sequence[str]) -> None:
        """Deletes the media of recordings that have no row."""

    async def tell(self, ids: Sequence[str]) -> None:
        """Says that they are there for good."""

    async def sweep(self) -> int:
        """Deletes what a killed process has left; gives of how many recordings."""


class CarriedFiles(Protocol):
    """Who has the bytes of files that are in courses."""

    async def link(self, course_id: str, by: str) -> tuple[dict[str, str], dict[str, str]]:
        """Has the newest files of a course lie there once more; gives the new ids by the old ones, and the
        names of those that are lost."""

    async def open(self, file_id: str) -> Callable[[], Generator[bytes, None, None]] | None:
        """The bytes of a file, read by threads; None: they are lost. Raises Unavailable."""

    async def reach(self, ids: Collection[str]) -> None:
        """Whether the object store answers, if something lies in it alone. Raises Unavailable."""

    def check(self, files: Collection[tuple[str, int]]) -> None:
        """Whether files of these names and sizes are taken into one course. Raises Invalid, Conflict."""

    async def take(self, file: Incoming, by: str, *, keep: bool) -> str:
        """Takes bytes in; gives the id of a file that nothing holds yet. Raises Invalid for what is in it,
        Unavailable for a full disk. Without `keep` it is looked at alone.
        """

    async def announce(self, tx: AsyncConnection, files: Mapping[str, str], by: str) -> None:
        """Adds rows for files that were looked at alone: names by their ids."""

    async def discard(self, ids: Sequence[str]) -> None:
        """Deletes files that nothing holds yet."""


class CourseContents:
    """All kinds, in the order in which they are put into a course; and who has the bytes of files
    and recordings."""

    def __init__(self, *kinds: ContentKind[Any]) -> None:
        self.kinds: list[ContentKind[Any]] = list(kinds)
        self.files: CarriedFiles | None = None
        self.recordings: CarriedRecordings | None = None

    def add(self, *kinds: ContentKind[Any]) -> None:
        """More kinds, which may name those that are there."""
        self.kinds += kinds

    async def carry(self, tx: AsyncConnection, source: Source, target: Target) -> None:
        """Puts what is in one course into another, but for files that are lost. Raises Invalid, Conflict for
        a file that came after those that are there."""
        for kind in self.kinds:
            if source.whole or kind.in_copies:
                async for items in kind.pages(tx, source):
                    await kind.add(tx, target, [_with_files(kind, target, one) for one in items])

    async def link_files(self, course_id: str, by: str) -> tuple[dict[str, str], dict[str, str]]:
        """See `CarriedFiles.link`."""
        return await self.files.link(course_id, by) if self.files is not None else ({}, {})

    async def discard_files(self, ids: Sequence[str]) -> None:
        """See `CarriedFiles.discard`."""
        if self.files is not None and ids:
            await self.files.discard(ids)

    async def discard_recordings(self, ids: Sequence[str]) -> None:
        """See `CarriedRecordings.discard`."""
        if self.recordings is not None and ids:
            await self.recordings.discard(ids)


def _with_files(kind: ContentKind[PackedT], target: Target, item: PackedT) -> PackedT:
    if any(label not in target.files and label not in target.lost for label, _ in kind.files(item)):
        raise Conflict("A file was uploaded meanwhile: copy it again.", code="file_replaced")
    return kind.without(item, target.lost)


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid("This cannot be in a course.", errors=[FieldError(pointer, detail)])
