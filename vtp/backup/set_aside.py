"""What a restore replaced is kept beside what took its place, and is no part of later backups."""

import re
from pathlib import Path

_NAME = re.compile(r".+\.before-restore-[1-9][0-9]*")


def free_name(path: Path) -> Path:
    """The next name under which `path` can be kept."""
    number = 1
    while (kept := path.with_name(f"{path.name}.before-restore-{number}")).exists():
        number += 1
    return kept


def is_set_aside(name: str) -> bool:
    """Whether a file or folder of this name is what a restore replaced."""
    return _NAME.fullmatch(name) is not None
