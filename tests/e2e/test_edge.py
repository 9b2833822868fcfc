"""`vtp serve` and `vtp edge` as processes: two players follow a class by the edge, and by nginx before it."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.api.recording_material import Fetched, fetch_at
from tests.hls_duties import WindowFollower
from tests.server_process import ROOT, Running, command, environment, running_server
from vtp.bench.lecture_clip import ClipFormat, write_clip

ROOM = "physics"
MASTER = f"/live/{ROOM}/master.m3u8"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@dataclass(frozen=True)
class Edge:
    """An edge that answers."""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def running_edge(origin: Running, folder: Path) -> Iterator[Edge]:
    """Starts `vtp edge` with the origin's key and waits for its line."""
    settings = {
        "VTP_SECRETS_DIR": str(origin.data_dir / "secrets"),
        "VTP_HTTP__HOST": "127.0.0.1",
        "VTP_HTTP__TRUSTED_PROXIES": "127.0.0.1",
    }
    process = subprocess.Popen(
        command("edge", "--origin", origin.url.replace("localhost", "127.0.0.1"), "--port", "0"),
        cwd=ROOT,
        env=environment(folder, settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"on port (\d+)", process.stdout.readline())
        assert found, "the edge ended"
        yield Edge(f"http://127.0.0.1:{found[1]}", process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server where a lecture is published."""
    folder = tmp_path_factory.mktemp("origin")
    clip = folder / "lecture.mkv"
    write_clip(clip, 6, ClipFormat(320, 180, 15, bitrate_bps=200_000))
    with running_server(folder / "data", "--open-rooms") as server:
        publish = command("publish", str(clip), "--to", f"{server.url}/whip/{ROOM}", "--loop")
        publisher = subprocess.Popen(
            publish, cwd=ROOT, env=environment(folder / "p", {}), stdout=subprocess.DEVNULL
        )
        try:
            yield server
        finally:
            publisher.kill()
            publisher.wait()


@pytest.fixture
async def cookies(origin: Running) -> AsyncIterator[list[str]]:
    """Of two viewers, from the origin; the class is streamed meanwhile."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(60):
        base = origin.url
        while True:
            async with http.post(f"{base}/api/v1/streams/start", json={"room_id": ROOM}) as answer:
                started = await answer.json()
            if answer.status in (201, 409):
                break
            await asyncio.sleep(0.2)
        found: list[str] = []
        while len(found) < 2:
            fetched = await fetch_at(f"{base}{MASTER}")
            if fetched.status == 200:
                found.append(fetched.headers["Set-Cookie"].partition(";")[0])
            else:
                assert fetched.status == 503, fetched
                await asyncio.sleep(0.2)
        yield found
        if "stream_id" in started:
            async with http.post(f"{base}/api/v1/streams/{started['stream_id']}/stop") as answer:
                assert answer.status == 200


class Player:
    """Follows the picture at the live edge, part by part."""

    def __init__(self, base: str, cookie: str) -> None:
        self._base, self._cookie = base, cookie
        self.folder = ""
        self.parts: dict[str, bytes] = {}
        self.paths: set[str] = set()

    async def get(self, path: str) -> Fetched:
        self.paths.add(path)
        return await fetch_at(f"{self._base}{path}", Cookie=self._cookie)

    async def follow(self, playlists: int) -> None:
        master = await self.get(MASTER)
        assert master.status == 200, master
        [uri] = [line for line in master.text.splitlines() if line.endswith("video/playlist.m3u8")][:1]
        self.folder = f"/live/{ROOM}/{uri.removesuffix('playlist.m3u8')}"
        follower, query = WindowFollower(), ""
        for _ in range(playlists):
            answer = await self.get(f"{self.folder}playlist.m3u8{query}")
            assert answer.status == 200, answer
            playlist = follower.take(answer.text)
            found = re.fullmatch(r"seg-(\d+)\.(\d+)\.m4s", playlist.hint)
            assert found is not None
            query = f"?_HLS_msn={int(found[1])}&_HLS_part={found[2]}&_HLS_skip=YES"
            newest = [part.uri for part in playlist.working.parts if not part.gap][-1:]
            for name in newest:
                part = await self.get(f"{self.folder}{name}")
                assert part.status == 200, part
                self.parts[name] = part.body


async def part_requests(origin: Running) -> float:
    """How many files below a source the origin has been asked for."""
    text = (await fetch_at(f"{origin.url}/metrics")).text
    rows = [line for line in text.splitlines() if line.startswith("vtp_http_requests_total")]
    return sum(float(row.split()[-1]) for row in rows if "/live/{room}/{source}" in row)


async def test_two_players_follow_a_class_by_an_edge_which_fetches_each_thing_once(
    origin: Running, cookies: list[str], tmp_path: Path
) -> None:
    with running_edge(origin, tmp_path / "edge") as edge:
        players = [Player(edge.url, cookie) for cookie in cookies]
        before = await part_requests(origin)
        await asyncio.gather(*(player.follow(12) for player in players))
        asked = await part_requests(origin) - before
        both = players[0].parts.keys() & players[1].parts.keys()
        assert len(both) >= 6
        assert all(players[0].parts[name] == players[1].parts[name] for name in both)
        # Of a playlist that the other player asks for half a second later there is a newer one.
        assert asked <= len(players[0].paths | players[1].paths) + 6, "things were fetched for each viewer"
        assert (await fetch_at(f"{edge.url}{players[0].folder}playlist.m3u8")).status == 401
        edge.process.send_signal(signal.SIGTERM)
        assert edge.process.wait(10) == 0


@contextmanager
def running_nginx(origin: Running, edge: Edge, folder: Path) -> Iterator[str]:
    """nginx with contrib/nginx-edge.conf, its addresses and certificate being the test's."""
    assert NGINX is not None
    folder.mkdir()
    tls = folder / "tls"
    tls.mkdir()
    request = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {tls}/key.pem"
    subprocess.run([*request.split(), "-out", f"{tls}/cert.pem"], check=True, capture_output=True)
    socket = folder / "https.sock"
    text = (ROOT / "contrib" / "nginx-edge.conf").read_text()
    changes = {
        "listen 443 ssl http2;": f"listen unix:{socket} ssl http2;",
        "server_name school.example;": "server_name localhost;",
        "/etc/letsencrypt/live/school.example/fullchain.pem": str(tls / "cert.pem"),
        "/etc/letsencrypt/live/school.example/privkey.pem": str(tls / "key.pem"),
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{origin.facts['http_port']};",
        "server 127.0.0.1:8090;": f"server {edge.url.removeprefix('http://')};",
        "/var/cache/nginx/vtp": str(folder / "cache"),
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}\n{text}\n}}\n"
    )
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        while not socket.exists():
            assert process.poll() is None, (folder / "error.log").read_text()
        yield str(socket)
    finally:
        process.terminate()
        process.wait(10)


def by_http2(socket: str, path: str, cookie: str, wanted: str = "") -> tuple[dict[str, str], bytes]:
    """One GET by curl over HTTP/2: its header fields, `status` among them, and the body."""
    command = ["curl", "-sk", "--http2", "--unix-socket", socket, "-i", "-H", f"Cookie: {cookie}"]
    command += ["-H", f"Range: {wanted}"] if wanted else []
    done = subprocess.run([*command, f"https://localhost{path}"], capture_output=True, timeout=30, check=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    protocol, status = first.split()[:2]
    fields = dict(line.lower().split(": ", 1) for line in lines)
    return {**fields, "protocol": protocol, "status": status}, body


@pytest.mark.skipif(
    NGINX is None or shutil.which("curl") is None,
    reason="nginx and curl are not installed: apt-get install nginx-light curl",
)
async def test_nginx_before_an_edge_serves_http2_and_keeps_parts_for_who_may(
    origin: Running, cookies: list[str], tmp_path: Path
) -> None:
    secure = [cookie.replace("vtp_media=", "__Secure-vtp_media=") for cookie in cookies]
    with (
        running_edge(origin, tmp_path / "edge") as edge,
        running_nginx(origin, edge, tmp_path / "nginx") as socket,
    ):
        player = Player(edge.url, cookies[0])
        await player.follow(3)
        got = await asyncio.to_thread(by_http2, socket, f"{player.folder}playlist.m3u8", secure[0])
        assert (got[0]["protocol"], got[0]["status"]) == ("HTTP/2", "200"), got
        segment = f"{player.folder}seg-00000.m4s"
        answers = [await asyncio.to_thread(by_http2, socket, segment, cookie) for cookie in secure]
        assert [fields.get("x-cache") for fields, _ in answers] == ["miss", "hit"], answers
        assert answers[0][1] == answers[1][1] == (await player.get(segment)).body
        other = await asyncio.to_thread(by_http2, socket, f"{segment}?_HLS_msn=7", secure[1])
        assert other[0]["x-cache"] == "hit"
        missing = segment.replace("00000", "99999")
        fields, _ = await asyncio.to_thread(by_http2, socket, missing, secure[0])
        assert fields["status"] == "404"
        part = await asyncio.to_thread(by_http2, socket, segment, secure[0], "bytes=10-19")
        assert (part[0]["status"], part[1]) == ("206", answers[0][1][10:20])
        for cookie in ("", secure[0][:-2]):
            fields, body = await asyncio.to_thread(by_http2, socket, segment, cookie)
            assert fields["status"] == "401" and body != answers[0][1], fields
        fields, _ = await asyncio.to_thread(by_http2, socket, "/health", "")
        assert fields["status"] == "200"
