"""Installs Ralph, OpenFUN's learning record store, for the tests that push statements to one.

In an environment of its own, for what it needs does not go with what vtp does. It takes a minute, so `make
test` does not: `make test-long PART=lrs` does, and whoever runs this once.
"""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "requirements" / "ralph.lock"
FOLDER: Final = ROOT / ".make" / "ralph"
PROGRAM: Final = FOLDER / "bin" / "ralph"
STAMP: Final = FOLDER / "installed"


def why_not() -> str:
    """Why there is none; empty when there is."""
    if PROGRAM.exists() and STAMP.exists() and STAMP.read_bytes() == LOCK.read_bytes():
        return ""
    return "no record store: `make test-long PART=lrs` installs Ralph and runs this"


def main() -> None:
    """Takes a blink when it has been installed before."""
    if not why_not():
        return
    venv.create(FOLDER, clear=True, with_pip=True)
    command = [str(FOLDER / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run([*command, "--require-hashes", "-r", str(LOCK)], check=True)
    except subprocess.CalledProcessError as error:
        print(f"Tests against a record store will be skipped: {error}", file=sys.stderr)
        return
    STAMP.write_bytes(LOCK.read_bytes())


if __name__ == "__main__":
    main()
