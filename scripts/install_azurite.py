"""Installs Azurite, Microsoft's Azure Blob Storage for tests, into the user's cache; or says why it cannot.

A quarter of a gigabyte of packages, so `make test` does without: `make test-long PART=store` fetches it.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from vtp.bench.go_program import cache_folder
from vtp.bench.unavailable import Unavailable

VERSION = "3.37.0"
INSTALL_LIMIT_S = 900.0


def installed() -> Path | None:
    """The program, if it has been installed before."""
    program = _folder() / "node_modules" / ".bin" / "azurite-blob"
    return program if program.exists() else None


def main() -> None:
    """Takes a blink when it is there already."""
    if installed() is not None:
        return
    try:
        asyncio.run(_install())
    except Unavailable as error:
        print(f"Tests against Azure's store will be skipped: {error}", file=sys.stderr)


async def _install() -> None:
    """In a folder beside, renamed when it is whole."""
    npm, target = shutil.which("npm"), _folder()
    if npm is None:
        raise Unavailable("npm is not installed.")
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    words = ("install", "--no-audit", "--no-fund", "--ignore-scripts", f"azurite@{VERSION}")
    process = await asyncio.create_subprocess_exec(
        npm,
        *words,
        cwd=draft,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(INSTALL_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Unavailable(f"npm was not done within {INSTALL_LIMIT_S / 60:.0f} minutes.") from error
    if process.returncode:
        raise Unavailable(f"npm failed: {output.decode(errors='replace').strip()[-300:]}")
    draft.rename(target)


def _folder() -> Path:
    return cache_folder() / f"azurite@{VERSION}"


if __name__ == "__main__":
    main()
