"""What people in a course are told of its coursework."""

from __future__ import annotations

from typing import Final

from vtp.notifications.kinds import Kind, MailChoice

MATERIAL_ADDED: Final = Kind("material_added", "New files in courses", MailChoice.DAILY)
ASSIGNED: Final = Kind("assignment_added", "New assignments", MailChoice.AT_ONCE)
GRADED: Final = Kind("grade_released", "Grades that are released or changed", MailChoice.AT_ONCE)
HANDED_IN: Final = Kind("handed_in", "Work that is handed in", MailChoice.NONE)

KINDS: Final = (MATERIAL_ADDED, ASSIGNED, GRADED, HANDED_IN)


def page_of(assignment_id: str) -> str:
    """Of a course, on which an assignment is."""
    return f"assignments?assignment={assignment_id}"
