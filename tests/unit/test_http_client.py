"""Who is at the other end: proxies are believed only when they are listed."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from vtp.http.client import Client, ClientResolver, is_in, is_loopback_host


def resolve(peer: str, trusted: list[str], *headers: tuple[str, str]) -> Client:
    request = make_mocked_request("GET", "/", CIMultiDict([("Host", "school.example"), *headers]))
    return ClientResolver(trusted).resolve(request.clone(remote=peer))


def test_forwarded_address_of_a_stranger_is_not_believed() -> None:
    client = resolve("203.0.113.9", [], ("X-Forwarded-For", "10.1.1.1"), ("X-Forwarded-Proto", "https"))
    assert (client.address, client.secure) == ("203.0.113.9", False)


def test_trusted_proxy_names_client_scheme_and_host() -> None:
    client = resolve(
        "10.0.0.5",
        ["10.0.0.0/8"],
        ("X-Forwarded-For", "198.51.100.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "class.example"),
    )
    assert (client.address, client.origin) == ("198.51.100.7", "https://class.example")


def test_entries_that_the_client_forged_are_ignored() -> None:
    client = resolve("10.0.0.5", ["10.0.0.0/8"], ("X-Forwarded-For", "1.1.1.1, 198.51.100.7, 10.0.0.6"))
    assert client.address == "198.51.100.7"


def test_two_forwarded_headers_are_read_as_one_list() -> None:
    headers = (("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "198.51.100.7"))
    assert resolve("10.0.0.5", ["10.0.0.0/8"], *headers).address == "198.51.100.7"


def test_garbage_in_the_list_ends_the_walk() -> None:
    client = resolve("10.0.0.5", ["10.0.0.0/8"], ("X-Forwarded-For", "198.51.100.7, unknown, 10.0.0.6"))
    assert client.address == "10.0.0.6"


def test_loopback_is_local_unless_a_proxy_stands_between() -> None:
    assert resolve("127.0.0.1", []).local
    assert resolve("::1", []).local
    assert resolve("::ffff:127.0.0.1", []).local
    assert not resolve("127.0.0.1", [], ("X-Forwarded-For", "198.51.100.7")).local
    assert not resolve("192.168.1.2", []).local


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("", False),
    ],
)
def test_loopback_hosts_are_told_from_others(host: str, loopback: bool) -> None:
    assert is_loopback_host(host) is loopback


def test_network_of_an_address_is_found() -> None:
    assert is_in("10.1.2.3", ["192.168.0.0/16", "10.0.0.0/8"])
    assert not is_in("nonsense", ["0.0.0.0/0"])
