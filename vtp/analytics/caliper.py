"""The log of playback as events of Caliper 1.1's Media profile. No clock and no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from vtp.analytics.page_places import PagePlace
from vtp.analytics.playback import EventType, Logged
from vtp.analytics.xapi import Source, seconds

CONTEXT: Final = "http://purl.imsglobal.org/ctx/caliper/v1p1"
_ACTIONS: Final = {
    EventType.STARTED: "Started",
    EventType.RESUMED: "Resumed",
    EventType.PAUSED: "Paused",
    EventType.QUALITY_CHANGED: "ChangedResolution",
    EventType.COMPLETED: "Ended",
}


def events(source: Source, log: Sequence[tuple[str, str, Logged]]) -> Iterator[dict[str, Any]]:
    """The events of one person with one recording, from their log in its order: (id, session, row).

    What the profile has no action for is left out.
    """
    pages: defaultdict[str, PagePlace] = defaultdict(PagePlace)
    for row_id, session_id, event in log:
        place = pages[session_id]
        at = place.take(event, event.counted)
        action = _ACTIONS.get(event.event_type)
        if event.event_type is EventType.SEEKED:
            action = "ForwardedTo" if place.position_ms >= place.from_ms else "JumpedTo"
        if action is not None:
            yield _event(source, row_id, session_id, at, action, place.position_ms)


def _event(
    source: Source, row_id: str, session_id: str, at: datetime, action: str, position_ms: int
) -> dict[str, Any]:
    recording = f"{source.home}/recordings/{source.recording_id}"
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": f"urn:uuid:{row_id}",
        "type": "MediaEvent",
        "actor": {"id": f"{source.home}/users/{source.user_id}", "type": "Person"},
        "action": action,
        "object": {
            "id": recording,
            "type": "VideoObject",
            "name": source.title,
            "mediaType": "application/vnd.apple.mpegurl",
            "duration": f"PT{seconds(source.duration_ms)}S",
        },
        "target": {
            "id": f"{recording}?t={seconds(position_ms)}",
            "type": "MediaLocation",
            "currentTime": f"PT{seconds(position_ms)}S",
        },
        "session": {"id": f"{recording}#{session_id}", "type": "Session"},
        "eventTime": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if source.course_ids:
        made["group"] = {"id": f"{source.home}/courses/{source.course_ids[0]}", "type": "CourseOffering"}
    return made
