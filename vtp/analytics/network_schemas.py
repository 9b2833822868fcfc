"""What crosses the wire about connections in classes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from vtp.analytics.attendance_schemas import ReportQuery
from vtp.analytics.network_notes import Measure
from vtp.analytics.network_rules import WORDS, Cause, Rating
from vtp.analytics.networks import Attending, ClassNetwork, CourseNetwork, PersonNetwork
from vtp.rooms.device_kinds import Device

RatingOver = Annotated[
    Rating,
    Field(
        description="Poor: for 5 % of the time, or cut off three times; fair: not good for 20 % of it. "
        "Decision 0114."
    ),
]
Devices = Annotated[
    list[Device],
    Field(
        description="By which they came, as their browsers say (an iPad may call itself a computer); none: "
        "that is not known."
    ),
]
Lost = Annotated[float | None, Field(description="Of 100 packets, before repairs. Null: was not read.")]


class NetworkRow(BaseModel):
    """One person in one class. Who is no student is staff of it, whose connection everybody depends on."""

    lesson_id: str
    lesson_title: str
    held_from: datetime | None
    user_id: str
    name: str
    email: str
    is_staff: bool
    devices: Devices
    rating: RatingOver
    cause: Annotated[Cause | None, Field(description="Null with a good connection, and only then.")]
    explanation: str | None
    connected_s: float
    poor_s: Annotated[float, Field(description="For how long it was poor or lost.")]
    fair_s: float
    silent_s: Annotated[float, Field(description="For how long nothing came from them: they froze.")]
    smaller_pictures_percent: Annotated[
        float | None, Field(description="Of the time, in which their link had room for lower layers alone.")
    ]
    no_pictures_percent: Annotated[
        float | None, Field(description="Of the time, in which it had no room for some pictures at all.")
    ]
    reconnects: int
    rtt_ms_mean: float | None
    rtt_ms_max: float | None
    jitter_ms_mean: float | None
    jitter_ms_max: float | None
    loss_sending_percent: Lost
    loss_sending_percent_max: Lost
    loss_receiving_percent: Lost
    loss_receiving_percent_max: Lost

    @classmethod
    def of(cls, one: Attending, at: ClassNetwork) -> Self:
        """Describes somebody in a class; there are thousands, of values that are right already."""
        link, network = one.link, one.link.network
        sending, receiving = network.measure("loss_sending"), network.measure("loss_receiving")
        rtt, jitter = network.measure("rtt_ms"), network.measure("jitter_ms")
        return cls.model_construct(
            lesson_id=at.held.lesson_id,
            lesson_title=at.held.title,
            held_from=at.held.held_from,
            user_id=one.who.user_id,
            name=one.who.full_name,
            email=one.who.email,
            is_staff=one.is_staff,
            devices=network.kinds_of_devices,
            rating=link.rating,
            cause=link.cause,
            explanation=WORDS[link.cause] if link.cause is not None else None,
            connected_s=network.connected_ms / 1000,
            poor_s=link.poor_ms / 1000,
            fair_s=link.fair_ms / 1000,
            silent_s=link.bad_ms.get(Cause.CUT_OFF, 0) / 1000,
            smaller_pictures_percent=_percent(network.limited, network.readings),
            no_pictures_percent=_percent(network.withheld, network.readings),
            reconnects=network.reconnects,
            rtt_ms_mean=_mean(rtt),
            rtt_ms_max=_most(rtt),
            jitter_ms_mean=_mean(jitter),
            jitter_ms_max=_most(jitter),
            loss_sending_percent=_mean(sending, 100),
            loss_sending_percent_max=_most(sending, 100),
            loss_receiving_percent=_mean(receiving, 100),
            loss_receiving_percent_max=_most(receiving, 100),
        )


class ClassNetworkReply(BaseModel):
    """One class: how many were there, how many of them had trouble, and by what."""

    lesson_id: str
    title: str
    held_from: datetime | None
    held_until: datetime | None
    people: int
    with_trouble: int
    causes: Annotated[dict[Cause, int], Field(description="How many had trouble by what, most first.")]
    staff_with_trouble: Annotated[int, Field(description="Of whom everybody in the class notices it.")]

    @classmethod
    def of(cls, one: ClassNetwork) -> Self:
        """Describes a class."""
        return cls(
            lesson_id=one.held.lesson_id,
            title=one.held.title,
            held_from=one.held.held_from,
            held_until=one.held.held_until,
            people=one.totals.people,
            with_trouble=one.totals.with_trouble,
            causes={Cause(name): count for name, count in one.totals.causes.items()},
            staff_with_trouble=one.totals.staff_with_trouble,
        )


class PersonNetworkReply(BaseModel):
    """One person over the course."""

    user_id: str
    name: str
    email: str
    is_staff: bool
    devices: Devices
    classes: int
    classes_with_trouble: int
    cause: Cause | None
    explanation: str | None
    reconnects: int
    rtt_ms_mean: float | None
    loss_sending_percent: Lost
    loss_receiving_percent: Lost
    recording_views: int
    recording_stalls: Annotated[int, Field(description="How often recordings stood still while playing.")]

    @classmethod
    def of(cls, one: PersonNetwork) -> Self:
        """Describes somebody."""
        network = one.network
        return cls(
            user_id=one.who.user_id,
            name=one.who.full_name,
            email=one.who.email,
            is_staff=one.is_staff,
            devices=network.kinds_of_devices,
            classes=len(one.links),
            classes_with_trouble=one.troubled,
            cause=one.cause,
            explanation=WORDS[one.cause] if one.cause is not None else None,
            reconnects=network.reconnects,
            rtt_ms_mean=_mean(network.measure("rtt_ms")),
            loss_sending_percent=_mean(network.measure("loss_sending"), 100),
            loss_receiving_percent=_mean(network.measure("loss_receiving"), 100),
            recording_views=one.views,
            recording_stalls=one.stalls,
        )


class NetworkQuery(ReportQuery):
    """The same, with each person in each class or without."""

    connections: Annotated[
        bool, Field(description="JSON: false leaves out `connections`, which are most of a long course's.")
    ] = True


class NetworkReply(BaseModel):
    """Who had trouble and why: by class, by person, and each person in each class."""

    course_id: str
    classes: list[ClassNetworkReply]
    people: list[PersonNetworkReply]
    connections: list[NetworkRow]

    @classmethod
    def of(cls, course_id: str, found: CourseNetwork, *, connections: bool = True) -> Self:
        """Describes a course."""
        shown = found.classes if connections else ()
        return cls(
            course_id=course_id,
            classes=[ClassNetworkReply.of(one) for one in found.classes],
            people=[PersonNetworkReply.of(one) for one in found.people],
            connections=[NetworkRow.of(one, at) for at in shown for one in at.people],
        )


def _mean(measure: Measure, times: int = 1) -> float | None:
    return round(measure.mean * times, 2) if measure.mean is not None else None


def _most(measure: Measure, times: int = 1) -> float | None:
    return round(measure.most * times, 2) if measure.count else None


def _percent(part: int, whole: int) -> float | None:
    return part * 1000 // whole / 10 if whole else None
