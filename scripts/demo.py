"""`make demo`: a server with open rooms, a generated lecture published and recorded there, the links printed.

Needs no camera and no account. Ctrl+C ends it; the recording stays under the printed folder.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
VTP = ROOT / ".venv" / "bin" / "vtp"
ROOM = "demo"


async def main() -> int:
    arguments = parse_arguments()
    folder = Path(arguments.folder or tempfile.mkdtemp(prefix="vtp-demo-"))
    clip = folder / "lecture.mp4"
    print(f"Making a lecture clip of {arguments.clip_seconds} s …", flush=True)
    await make_clip(clip, arguments.clip_seconds)
    port = arguments.port or free_port(socket.SOCK_STREAM)
    base = f"http://localhost:{port}"
    environment = os.environ | {
        "VTP_DATA_DIR": str(folder / "data"),
        "VTP_HTTP__PORT": str(port),
        "VTP_MEDIA__UDP_PORT": str(arguments.udp_port or free_port(socket.SOCK_DGRAM)),
    }
    server = await asyncio.create_subprocess_exec(
        VTP, "serve", "--open-rooms", env=environment, stdout=sys.stderr
    )
    publisher = None
    try:
        await until_ready(base, server)
        publisher = await asyncio.create_subprocess_exec(
            VTP,
            "publish",
            str(clip),
            "--to",
            f"{base}/whip/{ROOM}",
            "--loop",
            stdout=asyncio.subprocess.DEVNULL,
        )
        recording = await record(base)
        print(
            f"\n  Watch live        {base}/rooms/{ROOM}/watch"
            f"\n  Be live yourself  {base}/rooms/yours/studio"
            f"\n  The recording     {base}/recordings/{recording}   (plays while it runs)"
            f"\n  On disk           {folder}\n\n  Ctrl+C ends the demo.\n",
            flush=True,
        )
        await until_stopped(arguments.seconds, server, publisher)
        await stop_recording(base, recording)
        print(f"The recording is ready; it stays in {folder}.", flush=True)
        return 0
    finally:
        for process in (publisher, server):
            await end(process)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A class without a camera: published, watched and recorded.")
    parser.add_argument("--port", type=int, default=0, help="HTTP port (default: a free one)")
    parser.add_argument("--udp-port", type=int, default=0, help="media port (default: a free one)")
    parser.add_argument(
        "--seconds", type=float, default=0, help="end by itself after so long (default: Ctrl+C)"
    )
    parser.add_argument("--clip-seconds", type=int, default=30, help="length of the clip, which is repeated")
    parser.add_argument(
        "--folder", default="", help="where clip and recording go (default: a new temporary folder)"
    )
    return parser.parse_args()


async def make_clip(path: Path, seconds: int) -> None:
    from vtp.bench.lecture_clip import write_clip

    path.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(write_clip, path, seconds)


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


async def until_ready(base: str, server: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as http:
        while server.returncode is None:
            with suppress(aiohttp.ClientError):
                async with http.get(f"{base}/ready") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise SystemExit("The server ended before it was ready; its words are above.")


async def record(base: str) -> str:
    """Starts recording once the room has its publisher; the recording's id."""
    async with aiohttp.ClientSession(base, raise_for_status=True) as http:
        while True:
            async with http.get(f"/api/v1/rooms/{ROOM}", raise_for_status=False) as answer:
                if answer.status == 200 and (await answer.json())["live"]:
                    break
            await asyncio.sleep(0.1)
        body = {"room_id": ROOM, "title": "Demo lecture"}
        async with http.post("/api/v1/recordings/start", json=body) as answer:
            return str((await answer.json())["recording_id"])


async def stop_recording(base: str, recording: str) -> None:
    async with (
        aiohttp.ClientSession(base) as http,
        http.post(f"/api/v1/recordings/{recording}/stop") as answer,
    ):
        if answer.status != 200:
            print(await answer.text(), file=sys.stderr)


async def until_stopped(seconds: float, *processes: asyncio.subprocess.Process) -> None:
    """Until Ctrl+C, the time given, or the end of a process."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    waits = [asyncio.create_task(stopped.wait()), *(asyncio.create_task(p.wait()) for p in processes)]
    await asyncio.wait(waits, timeout=seconds or None, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def end(process: asyncio.subprocess.Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    process.terminate()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), 8)
        return
    process.kill()
    await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
