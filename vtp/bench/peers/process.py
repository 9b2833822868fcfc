"""A peer's server process: started in the namespace of the calling thread, its output kept, ended with us."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_LIMIT_S = 2.0
START_LIMIT_S = 20.0
_TAIL_BYTES = 2000


class PeerProcessError(Exception):
    """The peer's server did not start, or has ended by itself; the text says why and shows its last words."""


class PeerProcess:
    """One server process of a peer. Its output goes into a file, and into the error when it fails."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = [*_end_with_us(), *command]
        self._log = log
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pids(self) -> list[int]:
        """The server's process; its threads count with it."""
        return [self._process.pid] if self._process is not None else []

    async def start(self) -> None:
        """Starts it. Raises PeerProcessError when the system cannot."""
        try:
            with self._log.open("wb") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=asyncio.subprocess.STDOUT,
                    env=None if self._environment is None else dict(self._environment),
                )
        except OSError as error:
            raise PeerProcessError(f"{self._command[0]} cannot be started: {error}.") from error

    async def until_listening(self, host: str, port: int) -> None:
        """Waits until something takes TCP connections there. Raises PeerProcessError."""
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while not await _listens(host, port):
                    self.check()
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            await self.stop()
            raise PeerProcessError(f"{self._describe()} does not listen on port {port}.") from error

    def check(self) -> None:
        """Raises PeerProcessError when the process has ended."""
        if self._process is not None and self._process.returncode is not None:
            raise PeerProcessError(f"{self._describe()} ended with code {self._process.returncode}.")

    async def stop(self) -> None:
        """Ends it, kindly for two seconds: LiveKit would wait for its participants."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _describe(self) -> str:
        tail = self._log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()
        return f"{' '.join(self._command)} said:\n{tail}\nIt"


def _end_with_us() -> list[str]:
    """So that no server outlives a benchmark that is killed (util-linux has the command)."""
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
