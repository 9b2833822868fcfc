"""Lists: `?limit=` and an opaque `cursor` in, `{items, next_cursor}` and a `Link` header out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Annotated, Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from vtp.errors import FieldError, Invalid
from vtp.ids import is_id

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
CURSOR = r"^[A-Za-z0-9_-]*$"


class Listed(Protocol):
    """What lists by id are made of."""

    @property
    def id(self) -> str: ...


T = TypeVar("T")
ListedT = TypeVar("ListedT", bound=Listed)


class PageQuery(BaseModel):
    """The query of every list."""

    model_config = ConfigDict(extra="ignore")

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many items at most.")] = DEFAULT_LIMIT
    cursor: Annotated[
        str | None, Field(max_length=1024, pattern=CURSOR, description="`next_cursor` of the page before.")
    ] = None

    def position(self) -> Any:
        """What `cursor` was made from by `encode_cursor`, or None on the first page; raises Invalid (422)."""
        return None if self.cursor is None else decode_cursor(self.cursor)

    def id_position(self) -> str | None:
        """The id that the page before ended with, or None on the first page; raises Invalid (422)."""
        position = self.position()
        if position is None or (isinstance(position, str) and is_id(position)):
            return position
        raise Invalid(
            "This cursor was not made by this list; start again without one.",
            errors=[FieldError("/query/cursor", "not a cursor of this list")],
        )

    def page_of(self, newest_first: Iterable[ListedT]) -> tuple[list[ListedT], str | None]:
        """The page out of a whole list that is short by nature, and its `next_cursor`."""
        before = self.id_position()
        return self.cut([item for item in newest_first if before is None or item.id < before])

    def cut(self, found: list[ListedT]) -> tuple[list[ListedT], str | None]:
        """The page out of the rows from there on, `limit + 1` if there are, and its `next_cursor` by id."""
        page = found[: self.limit]
        return page, encode_cursor(page[-1].id) if len(found) > self.limit else None


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(position: Any) -> str:
    """Makes an opaque cursor from a JSON value (the sort keys of a page's last item)."""
    text = json.dumps(position, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Any:
    """Gives back what `encode_cursor` took; raises Invalid (422) for anything else."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError:
        raise Invalid(
            "This cursor was not made by this server; start again without one.",
            errors=[FieldError("/query/cursor", "not a cursor of this list")],
        ) from None
