"""What crosses the wire about guests' links."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vtp.accounts.links import LinkStatus
from vtp.http.text import Name, check_line
from vtp.rooms.link_store import GuestLink

DAY_S = 86_400
MAX_TERM_S = 90 * DAY_S  # a key verifies for at least as long again after it was replaced


class CreateLink(BaseModel):
    """A new link. With `name` it is for one person of that name; without, guests say their own."""

    model_config = ConfigDict(extra="forbid")

    publish: bool = True
    watch: bool = True
    name: Name | None = None
    label: Annotated[str, Field(max_length=200), AfterValidator(check_line)] = ""
    expires_in_s: Annotated[int, Field(ge=60, le=MAX_TERM_S)] = DAY_S

    @model_validator(mode="after")
    def _opens_something(self) -> Self:
        if not (self.publish or self.watch):
            raise ValueError("a link must let its guests publish or watch")
        return self


class LinkReply(BaseModel):
    """A link, without its token."""

    id: str
    room_id: str
    label: str
    name: str | None
    publish: bool
    watch: bool
    status: LinkStatus
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, link: GuestLink, now: datetime, **more: Any) -> Self:
        """Describes a link as of now."""
        values = asdict(link)
        name = values.pop("full_name") or None
        return cls(**values, status=link.status_at(now), name=name, **more)


class NewLink(LinkReply):
    """The same with what opens the room, which is shown this once."""

    token: str
    url: str


class LinkPage(BaseModel):
    """One page of links."""

    items: list[LinkReply]
    next_cursor: str | None
