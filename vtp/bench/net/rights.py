"""Root's rights over networks for others: a user namespace of one's own, where the system gives one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_MARK = "VTP_BENCH_UNSHARED"
"""Set for the process that was started anew, so that it does not start itself again and again."""


def take_rights() -> None:
    """Starts this command anew as root of a user namespace, unless it is root already or cannot be.

    What is missing then is told by `Place` and `Tun` when they are refused.
    """
    if os.geteuid() == 0 or os.environ.get(_MARK) or not _may_unshare():
        return
    os.environ[_MARK] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--", sys.executable, *_arguments()])


def _may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run(["unshare", "--user", "--map-root-user", "--", "true"], capture_output=True)
    return done.returncode == 0


def _arguments() -> list[str]:
    """Of this very process, interpreter options too."""
    return sys.orig_argv[1:]
