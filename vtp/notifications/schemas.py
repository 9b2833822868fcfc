"""What crosses the wire about notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.http.pagination import Page, PageQuery
from vtp.notifications.choices import Choices
from vtp.notifications.kinds import MailChoice
from vtp.notifications.news import Told
from vtp.time_zones import known_zone, zone_of_name


class ReaderQuery(BaseModel):
    """Who reads it."""

    model_config = ConfigDict(extra="ignore")

    time_zone: Annotated[
        str,
        Field(
            max_length=64,
            description="By whose clocks texts tell times; without one that is known here, by the course's.",
        ),
    ] = ""

    @property
    def zone(self) -> str | None:
        """That, if it is known."""
        return self.time_zone if zone_of_name(self.time_zone) else None


class NotificationQuery(ReaderQuery, PageQuery):
    """Which to list."""

    unread: Annotated[bool, Field(description="Only what the caller has not read.")] = False


class NotificationReply(BaseModel):
    """Something that the caller was told."""

    id: str
    kind: Annotated[str, Field(description="A stable word: `announcement`, `lesson_moved`, …")]
    title: str
    text: Annotated[str, Field(description="Plain text, with line breaks; of a long one the beginning.")]
    link: Annotated[str, Field(description="The page that it is about, as a path; empty for none.")]
    context: Annotated[str, Field(description="Where it happened, in words: `PHY-101, Mechanics`.")]
    course_id: Annotated[str | None, Field(description="Null once the course is deleted.")]
    lesson_id: str | None
    recording_id: str | None
    at: datetime
    read_at: Annotated[datetime | None, Field(description="Null: not read yet.")]

    @classmethod
    def of(cls, told: Told) -> Self:
        """Describes one."""
        return cls(**{name: getattr(told, name) for name in cls.model_fields})


class NotificationPage(Page[NotificationReply]):
    """One page of notifications."""


class UnreadReply(BaseModel):
    """How much there is to read."""

    unread: int


class KindReply(BaseModel):
    """A kind of news, and whether it comes by mail."""

    kind: str
    title: str
    mail: MailChoice
    default: Annotated[MailChoice, Field(description="What holds for who has chosen nothing.")]


class ChoicesReply(BaseModel):
    """What the caller gets by mail. Everything is listed and pushed, whatever they choose."""

    time_zone: Annotated[
        str, Field(description="Of the hour at which the mail of the day comes, and of times told by mail.")
    ]
    digest_hour: int
    mails: Annotated[bool, Field(description="This server sends mails.")]
    kinds: list[KindReply]

    @classmethod
    def of(cls, choices: Choices, *, mails: bool) -> Self:
        """Describes them."""
        return cls(
            time_zone=choices.digest.time_zone,
            digest_hour=choices.digest.hour,
            mails=mails,
            kinds=[
                KindReply(kind=kind.word, title=kind.title, mail=mail, default=kind.mail)
                for kind, mail in choices.kinds
            ],
        )


class ChangeChoices(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    time_zone: Annotated[str, Field(max_length=64), AfterValidator(known_zone)] | None = None
    digest_hour: Annotated[int, Field(ge=0, le=23)] | None = None
    kinds: Annotated[
        dict[str, Literal["at_once", "daily", "none"] | None],
        Field(max_length=100, description="By kind; null: what holds for who has chosen nothing."),
    ] = {}


class MarkNotification(BaseModel):
    """Whether it was read."""

    model_config = ConfigDict(extra="forbid")

    read: bool


class MarkAll(BaseModel):
    """What was read."""

    model_config = ConfigDict(extra="forbid")

    up_to: Annotated[
        str | None,
        Field(max_length=64, description="The newest that was shown; what came since stays unread."),
    ] = None


class MarkedReply(BaseModel):
    """What has become of it."""

    marked: Annotated[int, Field(description="How many were unread.")]
    unread: Annotated[int, Field(description="How many are still, having come meanwhile.")]
