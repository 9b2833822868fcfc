"""Installs a peer's Debian package without starting the service in it, now or at the next boot."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from vtp.bench.sfu import Unavailable

INSTALL_LIMIT_S = 600.0
_POLICY = Path("/usr/sbin/policy-rc.d")  # asked before any service is started, deb-systemd-invoke(1p)


async def install(package: str) -> str:
    """Installs the package where it is missing; its version. Raises Unavailable."""
    version = await installed_version(package)
    if version:
        return version
    if shutil.which("apt-get") is None:
        raise Unavailable(f"{package} is not installed, and only Debian's apt-get could do it here.")
    if os.geteuid() != 0:
        raise Unavailable(f"{package} is not installed: run as root, or install it yourself.")
    with _no_service_starts():
        await _apt("update", "-q")
        await _apt("install", "-y", "-q", "--no-install-recommends", package)
        await _run("update-rc.d", package, "disable")  # systemd's link too
    return await installed_version(package)


async def installed_version(package: str) -> str:
    """Debian's version of an installed package, else nothing."""
    if shutil.which("dpkg-query") is None:
        return ""
    code, output = await _run("dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", package)
    status, _, version = output.strip().partition(" ")
    return version if code == 0 and status == "installed" else ""


@contextlib.contextmanager
def _no_service_starts() -> Iterator[None]:
    """While the block runs, packages start no service. A policy that the machine has already stays."""
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            _POLICY.unlink(missing_ok=True)


async def _apt(*words: str) -> None:
    code, output = await _run("apt-get", *words)
    if code:
        last = output.strip().splitlines()[-1:] or ["no reason"]
        raise Unavailable(f"apt-get {' '.join(words)} failed: {last[0]}")


async def _run(*command: str) -> tuple[int, str]:
    """Exit code and output. Raises Unavailable when it takes longer than ten minutes."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
    )
    try:
        async with asyncio.timeout(INSTALL_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Unavailable(f"{' '.join(command)} took longer than {INSTALL_LIMIT_S:.0f} s.") from error
    return process.returncode or 0, output.decode(errors="replace")
