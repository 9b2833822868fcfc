"""Builds a peer written in Go at a pinned version, through Go's module proxy, into the user's cache."""

import asyncio
import os
import shutil
from pathlib import Path

from vtp.bench.unavailable import Unavailable

BUILD_LIMIT_S = 1200.0
_LAST_WORDS = 300


async def build(package: str, version: str) -> Path:
    """The program of a main package, built if it is not in the cache yet. Raises Unavailable.

    Go checks every module against its checksum database; nothing is run while building.
    """
    program = _program(package, version)
    if not program.exists():
        await _install(f"{package}@{version}", program.parent)
    return program


def built(package: str, version: str) -> Path | None:
    """The program, if it has been built before."""
    program = _program(package, version)
    return program if program.exists() else None


def _program(package: str, version: str) -> Path:
    return cache_folder() / f"{package.replace('/', '_')}@{version}" / package.rsplit("/", 1)[1]


def cache_folder() -> Path:
    """Of programs that are built or fetched once for each user."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "vtp" / "peers"


async def _install(module: str, folder: Path) -> None:
    """`go install` writes the program at its end only: what is in the folder is whole."""
    if shutil.which("go") is None:
        raise Unavailable(f"{module} has to be built, and Go is not installed.")
    folder.mkdir(parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        "go",
        "install",
        module,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"},
    )
    try:
        async with asyncio.timeout(BUILD_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        limit = f"{BUILD_LIMIT_S / 60:.0f} minutes"
        raise Unavailable(f"go install {module} took longer than {limit}.") from error
    if process.returncode:
        said = " ".join(output.decode(errors="replace").split())[-_LAST_WORDS:]
        raise Unavailable(f"go install {module} failed: {said}")
