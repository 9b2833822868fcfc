"""What crosses the wire about webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.http.pagination import Page, PageQuery
from vtp.http.text import check_line
from vtp.webhooks.events import ALL, EventName
from vtp.webhooks.store import Delivery, Status, Webhook

_KNOWN = (ALL, *EventName)


def _check_events(value: list[str]) -> list[str]:
    unknown = [name for name in value if name not in _KNOWN]
    if unknown:
        raise ValueError(f"there is no event {unknown[0][:64]!r}; take of {', '.join(_KNOWN)}")
    return [ALL] if ALL in value else list(dict.fromkeys(value))


Events = Annotated[
    list[Annotated[str, Field(max_length=64)]],
    Field(min_length=1, max_length=50, description="Names of events, or `*` for all."),
    AfterValidator(_check_events),
]
Url = Annotated[str, Field(max_length=2000, description="Where to send them: https.")]
Description = Annotated[str, Field(max_length=200), AfterValidator(check_line)]


class CreateWebhook(BaseModel):
    """A new webhook; with `room_id` (id or slug) for that room only."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    events: Events = [ALL]
    room_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    active: bool = True
    description: Description = ""


class ChangeWebhook(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    events: Events | None = None
    active: bool | None = None
    description: Description | None = None


class WebhookReply(BaseModel):
    """A webhook. `disabled_reason` says why the server stopped it, when it did."""

    id: str
    url: str
    events: list[str]
    room_id: str | None
    active: bool
    description: str
    disabled_reason: str | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, hook: Webhook) -> Self:
        """Describes a webhook, without its secret."""
        return cls(**_public(hook))


class WebhookWithSecret(WebhookReply):
    """The same with its secret, which is shown this once."""

    secret: str

    @classmethod
    def of(cls, hook: Webhook) -> Self:
        """Describes a webhook with its secret."""
        return cls(**_public(hook), secret=hook.secret)


def _public(hook: Webhook) -> dict[str, Any]:
    names = (
        "id",
        "url",
        "events",
        "room_id",
        "active",
        "description",
        "created_by",
        "created_at",
        "updated_at",
    )
    return {
        **{name: getattr(hook, name) for name in names},
        "disabled_reason": hook.disabled_reason or None,
    }


class WebhookPage(Page[WebhookReply]):
    """One page of webhooks."""


class DeliveryReply(BaseModel):
    """One message: how often it was tried and what was answered last."""

    id: str
    event_id: str
    type: str
    status: Literal["pending", "delivered", "failed"]
    tries: int
    created_at: datetime
    tried_at: datetime | None
    next_try_at: datetime | None
    answer_status: int | None
    answer: str
    body: str

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Describes a delivery."""
        values = {name: getattr(delivery, name) for name in cls.model_fields}
        return cls(**values | {"status": Status(delivery.status).value})


class DeliveryPage(Page[DeliveryReply]):
    """One page of deliveries."""


class DeliveryQuery(PageQuery):
    """Which deliveries to list."""

    status: Literal["pending", "delivered", "failed"] | None = None
