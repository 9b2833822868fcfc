"""What crosses the wire about captions."""

from typing_extensions import TypedDict


class CaptionPush(TypedDict):
    """`caption`: a line that somebody typed for the recording; `at`: seconds of that."""

    recordingId: str
    language: str
    text: str
    at: float
