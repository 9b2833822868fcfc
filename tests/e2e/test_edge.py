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
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.api.recording_material import Fetched, add_finished, add_tracks, fetch_at, make_room
from tests.api.test_recordings_shares import share
from tests.hls_duties import WindowFollower
from tests.server_process import ROOT, Running, command, environment, running_server
from tests.serving import serving
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
def running_edge(origin: str, secrets: Path, folder: Path) -> Iterator[Edge]:
    """Starts `vtp edge` with the origin's key and waits for its line."""
    settings = {
        "VTP_SECRETS_DIR": str(secrets),
        "VTP_HTTP__HOST": "127.0.0.1",
        "VTP_HTTP__TRUSTED_PROXIES": "127.0.0.1",
    }
    process = subprocess.Popen(
        command("edge", "--origin", origin.replace("localhost", "127.0.0.1"), "--port", "0"),
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
    with running_edge(origin.url, origin.data_dir / "secrets", tmp_path / "edge") as edge:
        players = [Player(edge.url, cookie) for cookie in cookies]
        before = await part_requests(origin)
        await asyncio.gather(*(player.follow(12) for player in players))
        asked = await part_requests(origin) - before
        both = players[0].parts.keys() & players[1].parts.keys()
        assert len(both) >= 6
        assert all(players[0].parts[name] == players[1].parts[name] for name in both)
        # Of a playlist that the other player asks for half a second later there is a newer one.
        assert asked <= len(players[0].paths | players[1].paths) + 6, "things were fetched for each viewer"
        assert (await fetch_at(f"{edge.url}{players[0].folder}seg-00000.m4s")).status == 401
        edge.process.send_signal(signal.SIGTERM)
        assert edge.process.wait(10) == 0


@contextmanager
def running_nginx(origin_port: int, edge: Edge, folder: Path) -> Iterator[str]:
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
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{origin_port};",
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


def by_http2(
    socket: str, path: str, cookie: str = "", wanted: str = "", token: str = ""
) -> tuple[dict[str, str], bytes]:
    """One GET by curl over HTTP/2: its header fields, `status` among them, and the body."""
    command = ["curl", "-sk", "--http2", "--unix-socket", socket, "-i"]
    sent = {"Cookie": cookie, "Range": wanted, "Authorization": token and f"Bearer {token}"}
    command += [word for name, value in sent.items() if value for word in ("-H", f"{name}: {value}")]
    done = subprocess.run([*command, f"https://localhost{path}"], capture_output=True, timeout=30, check=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    protocol, status = first.split()[:2]
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return {**fields, "protocol": protocol, "status": status}, body


with_nginx = pytest.mark.skipif(
    NGINX is None or shutil.which("curl") is None,
    reason="nginx and curl are not installed: apt-get install nginx-light curl",
)


@with_nginx
async def test_nginx_before_an_edge_serves_http2_and_keeps_parts_for_who_may(
    origin: Running, cookies: list[str], tmp_path: Path
) -> None:
    secure = [cookie.replace("vtp_media=", "__Secure-vtp_media=") for cookie in cookies]
    with (
        running_edge(origin.url, origin.data_dir / "secrets", tmp_path / "edge") as edge,
        running_nginx(int(origin.facts["http_port"]), edge, tmp_path / "nginx") as socket,
    ):
        player = Player(edge.url, cookies[0])
        await player.follow(3)
        got = await asyncio.to_thread(by_http2, socket, f"{player.folder}playlist.m3u8", secure[0])
        assert (got[0]["protocol"], got[0]["status"]) == ("HTTP/2", "200"), got
        segment = f"{player.folder}seg-00000.m4s"
        answers = [await asyncio.to_thread(by_http2, socket, segment, cookie) for cookie in secure]
        assert [fields.get("x-cache") for fields, _ in answers] == ["MISS", "HIT"], answers
        assert answers[0][1] == answers[1][1] == (await player.get(segment)).body
        other = await asyncio.to_thread(by_http2, socket, f"{segment}?_HLS_msn=7", secure[1])
        assert other[0]["x-cache"] == "HIT"
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


async def until_status(socket: str, path: str, cookie: str, status: str) -> None:
    """Asks again and again, for two seconds and a request."""
    async with asyncio.timeout(2.5):
        while (await asyncio.to_thread(by_http2, socket, path, cookie))[0]["status"] != status:
            pass


@with_nginx
async def test_dash_by_a_token_and_participants_tracks_are_played_through_nginx(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        admin, teacher, ann = [await api.person(role) for role in ("admin", "teacher", "student")]
        recording_id = await add_finished(api, await make_room(api, teacher), teacher)
        await add_tracks(api, recording_id, [ann.user_id, teacher.user_id])
        folder = f"/api/v1/recordings/{recording_id}/stream"
        link = await share(api, recording_id, teacher)
        with (
            running_edge(api.base_url, tmp_path / "data" / "secrets", tmp_path / "edge") as edge,
            running_nginx(api.server.listening.http_port, edge, tmp_path / "nginx") as socket,
        ):

            async def get(path: str, cookie: str = "", token: str = "") -> tuple[dict[str, str], bytes]:
                return await asyncio.to_thread(by_http2, socket, f"{folder}/{path}", cookie, "", token)

            cookies = {}
            for who, token in {"account": ann.access_token, "link": link["token"]}.items():
                fields, manifest = await get("manifest.mpd", token=token)
                assert (fields["protocol"], fields["status"]) == ("HTTP/2", "200"), fields
                assert fields["content-type"] == "application/dash+xml" and b"<MPD" in manifest
                cookies[who] = fields["set-cookie"].partition(";")[0]
                for name in ("manifest.mpd", "time", "video/init-0.mp4", "video/seg-00000.m4s"):
                    assert (await get(name, cookies[who]))[0]["status"] == "200", name
                # a player that sends its token with everything
                assert (await get("video/seg-00001.m4s", token=token))[0]["status"] == "200"
            assert (await get("manifest.mpd"))[0]["status"] == "401"
            for name in ("p1/playlist.m3u8", "p1/init-0.mp4", "p1/seg-00000.m4s"):
                fields, body = await get(name, cookies["account"])
                assert (fields["status"], fields.get("x-cache")) == ("200", None) and body, name
                assert (await get(name, cookies["link"]))[0]["status"] == "404", name
            in_path = urlsplit(link["media_url"]).path.removesuffix("/master.m3u8")
            for name, kept in (
                ("master.m3u8", None),
                ("video/seg-00000.m4s", "HIT"),
                ("p1/seg-00000.m4s", ""),
            ):
                fields, _ = await asyncio.to_thread(by_http2, socket, f"{in_path}/{name}")
                found = (fields["status"], fields.get("x-cache"))
                assert found == (("404", None) if kept == "" else ("200", kept)), (name, fields)
            gone = await api.call(
                "DELETE", f"/api/v1/recordings/{recording_id}/shares/{link['id']}", by=teacher
            )
            assert gone.status == 200, gone
            await until_status(socket, f"{folder}/video/seg-00000.m4s", cookies["link"], "401")
            await until_status(socket, f"{folder}/manifest.mpd", cookies["link"], "401")
            await until_status(socket, f"{in_path}/video/seg-00000.m4s", "", "401")
            assert "/media/t/" not in (tmp_path / "nginx" / "error.log").read_text()
            viewer = cookies["account"]
            erased = await api.call("DELETE", f"/api/v1/users/{teacher.user_id}", by=admin)
            assert erased.status == 204, erased
            await until_status(socket, f"{folder}/p2/seg-00000.m4s", viewer, "404")
            assert (await get("p1/seg-00000.m4s", viewer))[0]["status"] == "200"
