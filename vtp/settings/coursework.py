"""Files of courses."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vtp.settings.section import Section
from vtp.settings_values import Strings


class CourseworkSettings(Section):
    """Files of courses: materials, what is handed in, feedback."""

    max_material_bytes: Annotated[int, Field(ge=1)] = 1_073_741_824
    max_submission_file_bytes: Annotated[int, Field(ge=1)] = 104_857_600
    max_course_file_bytes: Annotated[int, Field(ge=1)] = 53_687_091_200
    quota_per_course_bytes: Annotated[int, Field(ge=0)] = 21_474_836_480
    quota_per_student_bytes: Annotated[int, Field(ge=0)] = 1_073_741_824
    file_types: Strings = []
