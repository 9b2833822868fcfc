"""SVT-AV1 leaves its thread under real-time scheduling when root opens it; clips must not."""

import os
from pathlib import Path

from vtp.bench.lecture_clip import ClipFormat, write_clip


def test_an_av1_clip_leaves_the_thread_scheduled_as_it_was(tmp_path: Path) -> None:
    before = os.sched_getscheduler(0)
    write_clip(tmp_path / "clip.mkv", 0.2, ClipFormat(width=320, height=180, video_codec="libsvtav1"))
    assert os.sched_getscheduler(0) == before == os.SCHED_OTHER
