"""Which requests are answered past aiohttp, and how the bytes that go to it are followed."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from vtp.http.client import Client, ClientResolver
from vtp.http.encodings import takes_gzip
from vtp.http.express import TARGETS_KEPT, Answer, Ask, Asker, Express, Line, Ready, Source, Target
from vtp.http.express_connection import Boundary
from vtp.http.metrics import HttpMetrics

PATH = "/api/v1/recordings/x/stream/video/playlist.m3u8"


class Read:
    """A source that notes what it reads."""

    def __init__(self) -> None:
        self.paths: list[tuple[str, str]] = []

    def read(self, path: str, query: str) -> Ask:
        self.paths.append((path, query))
        return self.answer

    def answer(self, asker: Asker) -> Answer:
        return None


def express(*, admits: bool = True, proxies: tuple[str, ...] = (), source: Read | None = None) -> Express:
    sources: dict[str, Source] = {"/api/v1/recordings/": (source or Read()).read}
    return Express(sources, ClientResolver(proxies), HttpMetrics(), lambda client: admits, lambda: False)


def head(*fields: str, line: str = f"GET {PATH}?_HLS_msn=4 HTTP/1.1") -> bytes:
    return "\r\n".join((line, "Host: school.example", *fields, "", "")).encode()


def read(data: bytes, made: Express | None = None) -> Asker | None:
    """Who asks by these bytes, when they are taken."""
    line = Line("192.0.2.7", secure=False)
    return line.asker if (made or express()).read(data, line) is not None else None


def test_a_player_s_request_is_read() -> None:
    source = Read()
    fields = "Cookie: vtp_media=a.b; theme=dark", "Accept-Encoding: br, gzip", "User-Agent: x"
    found = read(head(*fields), express(source=source))
    assert found is not None
    assert source.paths == [(PATH, "_HLS_msn=4")]
    assert found.client == Client("192.0.2.7", secure=False, local=False, host="school.example")
    assert found.cookies == "vtp_media=a.b; theme=dark" and found.zipped


@pytest.mark.parametrize(
    "field",
    [
        "Range: bytes=0-1",
        "if-none-match: *",
        "If-Range: x",
        "AUTHORIZATION: Bearer x",
        "Origin: https://other.example",
        "Content-Length: 4",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "Connection: keep-alive, Upgrade",
        "Expect: 100-continue",
        "X-Request-ID: mine",
        "Host: another.example",
        "Cookie: a=b\r\nCookie: c=d",
        " folded",
        "no field",
        "Bare: line\nfeed",
        "Null: \x00",
        "Name : spaced",
        "(X): y",
        "Control: \x01",
        "Deleted: \x7f",
        "User-Agent: a\r\nuser-agent: b",
        "\r\n".join(f"X-{number}: y" for number in range(120)),
    ],
)
def test_what_bears_on_the_answer_or_is_no_plain_head_is_left_to_aiohttp(field: str) -> None:
    assert read(head()) is not None
    assert read(head(field)) is None


@pytest.mark.parametrize(
    "data",
    [
        head(line=f"POST {PATH} HTTP/1.1"),
        head(line=f"GET {PATH} HTTP/1.0"),
        head(line=f"GET {PATH}?a=%41 HTTP/1.1"),
        head(line=f"GET http://x{PATH} HTTP/1.1"),
        head(line="GET /health HTTP/1.1"),
        head(line=f"GET  {PATH} HTTP/1.1"),
        head()[:-1],
        head() + b"G",
        head() + head(),
        head("X: " + "x" * 9000),
        b"",
        b"\r\n" + head(),
    ],
)
def test_nothing_but_one_whole_get_is_taken(data: bytes) -> None:
    assert read(data) is None


def test_fields_are_read_anew_when_they_change() -> None:
    made, line = express(), Line("192.0.2.7", secure=False)
    askers: list[Asker] = []
    for cookie in ("a=b", "a=b", "a=c"):
        assert made.read(head(f"Cookie: {cookie}"), line) is not None and line.asker is not None
        askers.append(line.asker)
    assert askers[1] is askers[0] and askers[2].cookies == "a=c"
    assert made.read(head("Cookie: a=c", "Range: bytes=0-"), line) is None
    assert made.read(head("Cookie: a=c", "Range: bytes=0-"), line) is None


def test_addresses_are_those_that_trusted_proxies_tell() -> None:
    told = head("X-Forwarded-For: 198.51.100.1, 198.51.100.2", "X-Forwarded-Proto: https")
    strange, trusted = read(told), read(told, express(proxies=("192.0.2.0/24",)))
    assert strange is not None and strange.client.address == "192.0.2.7"
    assert not strange.client.secure
    assert trusted is not None and trusted.client.address == "198.51.100.2"
    assert trusted.client.secure


def test_whom_the_middleware_refuses_is_left_to_it() -> None:
    assert read(head(), express(admits=False)) is None


def test_answers_are_counted_and_have_an_id_each() -> None:
    made, line = express(), Line("192.0.2.7", secure=False)
    target = made.read(head(), line)
    assert target is not None and line.asker is not None
    ready = Ready("/there", b"Content-Type: text/plain\r\n", b"body")
    one, two = (made.render(target, ready, line.asker, 0.0) for _ in range(2))
    assert one.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
    assert one.endswith(b"\r\nContent-Length: 4\r\n\r\nbody")
    ids = {
        line for answer in (one, two) for line in answer.split(b"\r\n") if line.startswith(b"X-Request-ID")
    }
    assert len(ids) == 2
    assert _counted(made, "/there") == 2


def test_an_answer_has_the_fields_that_each_who_asks_is_given() -> None:
    asks = Read()
    made = Express(
        {"/": asks.read}, ClientResolver(()), HttpMetrics(), lambda client: True, lasting_tls=lambda: True
    )
    ready = Ready("/there", b"Content-Type: text/plain\r\n", b"body")

    def rendered(path: str, secure: bool) -> bytes:
        asker = Asker(
            Client("192.0.2.7", secure=secure, local=False, host="school.example"), "", zipped=False
        )
        return made.render(Target(path, asks.answer, path == "/open"), ready, asker, 0.0)

    for _ in range(2):  # also when it has been made ready for the others
        for path, secure in (("/open", False), ("/open", True), ("/own", False), ("/own", True)):
            answer = rendered(path, secure)
            assert (b"Strict-Transport-Security: " in answer) is secure
            assert (b"Access-Control-Allow-Origin: *" in answer) is (path == "/open")


def test_an_address_is_read_once_for_all_who_ask_for_it_and_many_are_not_kept() -> None:
    source = Read()
    made = express(source=source)
    for _ in range(3):
        assert read(head(), made) is not None
    assert len(source.paths) == 1
    for number in range(TARGETS_KEPT):
        read(head(line=f"GET {PATH}?_HLS_msn={number} HTTP/1.1"), made)
    assert read(head(), made) is not None and len(made._targets) == TARGETS_KEPT
    long = head(line=f"GET {PATH}?{'x' * 2000} HTTP/1.1")
    assert read(long, made) is not None and read(long, made) is not None
    assert source.paths[-2:] == [(PATH, "x" * 2000)] * 2 and len(made._targets) == TARGETS_KEPT


def _counted(made: Express, route: str) -> float | None:
    registry: CollectorRegistry = made._metrics.registry
    labels = {"method": "GET", "route": route, "status": "200"}
    return registry.get_sample_value("vtp_http_requests_total", labels)


POST = b"POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\n"


@pytest.mark.parametrize(
    ("pieces", "known"),
    [
        ([head()], True),
        ([head(), head()], True),
        ([POST + b"abcdef"], True),
        ([POST + b"abcdef", b"", head()], True),
        ([POST, b"abc", b"def"], True),
        ([POST, b"abc"], False),
        ([POST, b"abcdefg"], False),
        ([POST + b"abcdefG", head()], False),
        ([head()[:20], head()[20:]], False),
        ([head() + head()], False),
        ([b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], False),
        ([b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"], False),
        ([b"CONNECT a:1 HTTP/1.1\r\nContent-Length: 6\r\n\r\n", b"abcdef"], False),
        ([b"POST / HTTP/1.1\r\nContent-Length: 000000000000000000000006\r\n\r\nabcdef"], False),
        ([b"POST / HTTP/1.1\r\nContent-Length: +6\r\n\r\nabcdef"], False),
        ([b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 0\r\n\r\n"], False),
    ],
)
def test_where_a_message_begins_is_known_only_while_all_before_it_was_whole(
    pieces: list[bytes], known: bool
) -> None:
    boundary = Boundary()
    for piece in pieces:
        boundary.follow(piece)
    assert boundary.is_known is known


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("", False),
        ("br", False),
        ("notgzip", False),
        ("gzip;q=0, *", False),
        ("gzip ; q=0.000", False),
    ],
)
def test_gzip_is_sent_to_who_names_it(offered: str, taken: bool) -> None:
    assert takes_gzip(offered) is taken
