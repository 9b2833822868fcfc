"""The trash over HTTP as a whole: what it takes, and emptying it. What lies in it is listed with `status`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, Field

from vtp.accounts.routes import origin_of
from vtp.counted import counted
from vtp.http.routing import Call, RouteTable
from vtp.recording.trash import Trash
from vtp.recording.trash_store import Contents

TRASH = "/api/v1/recordings/trash"


class TrashReply(BaseModel):
    """What of the trash is the caller's: what they started, and all of it for administrators."""

    count: int
    used_bytes: Annotated[int, Field(description="What it takes, wherever it lies; it counts in quotas.")]
    keep_days: Annotated[
        int, Field(description="So many days after it came there something is deleted for good; 0: never.")
    ]
    being_deleted: Annotated[
        int, Field(description="How many of them are being deleted for good and cannot be restored any more.")
    ]

    @classmethod
    def of(cls, contents: Contents, keep_days: int) -> Self:
        """The wire's view of it."""
        return cls(
            count=contents.recordings,
            used_bytes=contents.used_bytes,
            keep_days=keep_days,
            being_deleted=contents.going,
        )


class TrashEmptied(BaseModel):
    """What is being deleted for good from now on; `message` says so."""

    count: int
    used_bytes: int
    message: str


def add_trash_routes(table: RouteTable, trash: Trash) -> None:
    """Declares them."""

    @table.get(TRASH, reply=TrashReply, summary="Read how much is in the trash", errors=(403,))
    async def get_trash(call: Call) -> TrashReply:
        return TrashReply.of(await trash.contents(call.principal), trash.keep_days)

    @table.delete(
        TRASH,
        reply=TrashEmptied,
        summary="Empty the trash: delete for good what is in it",
        description="Of the caller's recordings; administrators empty everybody's. The server deletes one "
        "after the other, and goes on when a store is away or it was ended meanwhile.",
        errors=(403,),
    )
    async def empty_trash(call: Call) -> TrashEmptied:
        gone = await trash.empty(call.principal, origin_of(call))
        words = counted(gone.recordings, "recording is", "recordings are")
        return TrashEmptied(
            count=gone.recordings,
            used_bytes=gone.used_bytes,
            message=f"{words} being deleted for good.",
        )
