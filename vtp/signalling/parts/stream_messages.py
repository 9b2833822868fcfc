"""What signalling says of a room's live stream."""

from __future__ import annotations

from typing_extensions import TypedDict


class StreamOffer(TypedDict):
    """The stream that somebody follows instead of having media: `url`, once with `?grant=`."""

    stream_id: str
    url: str
    grant: str


class StreamOffered(TypedDict):
    """`get-stream-offer` and the push `stream-offer`: null is for who has media of their own."""

    stream: StreamOffer | None
