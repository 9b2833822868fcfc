"""Writes the pages' types of all signalling messages, web/src/class/protocol.ts, or with `--check` looks.

The tables are those of a server that is built for it on a folder of its own. It takes no calls.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from vtp.faces import build_sockets
from vtp.services import build_services
from vtp.settings import HttpSettings, MediaSettings, Settings
from vtp.signalling.protocol import SignallingProtocol
from vtp.signalling.typescript import write_typescript
from vtp.signalling.words import read_words

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
TARGET = WEB / "src" / "class" / "protocol.ts"
COMMAND = ".venv/bin/python -m scripts.protocol_types"


async def read_protocol() -> SignallingProtocol:
    """What this code speaks."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        settings = Settings(
            data_dir=Path(folder),
            http=HttpSettings(host="127.0.0.1", port=0, tls="off"),
            media=MediaSettings(host="127.0.0.1", udp_port=0),
        )
        services = await build_services(settings, stack)
        sockets = build_sockets(services)
        stack.push_async_callback(sockets.close)
        return sockets.protocol


def formatted(text: str) -> str:
    """As the pages' own formatter has it."""
    node = ROOT / ".venv" / "bin" / "node"
    biome = WEB / "node_modules" / "@biomejs" / "biome" / "bin" / "biome"
    command = [str(node), str(biome), "format", f"--stdin-file-path={TARGET.relative_to(WEB)}"]
    done = subprocess.run(command, cwd=WEB, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The formatter does not take the types: {done.stderr}")
    return done.stdout


def main(arguments: list[str]) -> None:
    words = read_words((ROOT / "docs" / "protocol.md").read_text())
    text = formatted(write_typescript(asyncio.run(read_protocol()), words))
    if "--check" not in arguments:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        sys.exit(f"{TARGET.relative_to(ROOT)} is not what the server says. Run: {COMMAND}")


if __name__ == "__main__":
    main(sys.argv[1:])
