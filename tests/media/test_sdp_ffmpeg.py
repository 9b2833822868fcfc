"""FFmpeg's whip muxer takes our answer: it sends ICE checks to our candidate with our credentials."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vtp.media.ortc import generate_router_capabilities
from vtp.media.parameters import DtlsFingerprint, DtlsParameters, IceCandidate, IceParameters
from vtp.media.sdp_ortc import WhipAnswer, whip_answer
from vtp.media.sdp_parse import parse_session

PUBLISHER = """
import sys, av
container = av.open(sys.argv[1], "w", format="whip")
video = container.add_stream("libx264", rate=30)
video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
video.options = {"profile": "baseline", "tune": "zerolatency", "bf": "0"}
container.add_stream("libopus", rate=48000, layout="stereo")
container.start_encoding()
"""
ICE = IceParameters(username_fragment="serverufrag", password="p" * 24, ice_lite=True)
DTLS = DtlsParameters(fingerprints=[DtlsFingerprint(algorithm="sha-256", value=":".join(["AB"] * 32))])
STUN_USERNAME = 0x0006


@pytest.fixture
def media_socket() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(80)
        yield bound


def serve_one_answer(port: int, answers: list[WhipAnswer]) -> ThreadingHTTPServer:
    """An HTTP server that answers WHIP offers with a candidate at `port`."""
    candidate = IceCandidate(
        foundation="udp", priority=1076302079, address="127.0.0.1", protocol="udp", port=port
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            offer = parse_session(self.rfile.read(int(self.headers["Content-Length"])).decode())
            answer = whip_answer(offer, generate_router_capabilities(), ICE, DTLS, [candidate])
            answers.append(answer)
            self.send_response(201)
            self.send_header("Location", "/whip/room/session")
            self.send_header("Content-Type", "application/sdp")
            self.send_header("Content-Length", str(len(answer.sdp)))
            self.end_headers()
            self.wfile.write(answer.sdp.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def stun_username(datagram: bytes) -> str:
    """USERNAME of a STUN binding request (RFC 8489 section 14.3)."""
    assert datagram[:2] == b"\x00\x01", "not a binding request"
    place = 20
    while place + 4 <= len(datagram):
        kind = int.from_bytes(datagram[place : place + 2], "big")
        length = int.from_bytes(datagram[place + 2 : place + 4], "big")
        if kind == STUN_USERNAME:
            return datagram[place + 4 : place + 4 + length].decode()
        place += 4 + (length + 3) // 4 * 4
    raise AssertionError("the binding request has no USERNAME")


def test_ffmpeg_checks_our_candidate_after_our_answer(media_socket: socket.socket) -> None:
    answers: list[WhipAnswer] = []
    with serve_one_answer(media_socket.getsockname()[1], answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/whip/room"
        # The muxer holds the interpreter's lock while it waits for the answer, so it gets its own process.
        publisher = subprocess.Popen([sys.executable, "-c", PUBLISHER, url], stderr=subprocess.DEVNULL)
        try:
            username = stun_username(media_socket.recv(2048))
        finally:
            publisher.kill()
            publisher.wait()
            server.shutdown()
            thread.join()
    (answer,) = answers
    assert username == f"serverufrag:{answer.remote.ufrag}"
    assert answer.remote.dtls_role == "client"
    assert [media.kind for media in answer.media] == ["audio", "video"]
