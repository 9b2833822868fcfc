"""Which addresses are bound and announced, and in which order."""

import re

import pytest

from vtp.media.ice import choose_addresses, interface_addresses, make_candidates, make_credentials

INTERFACES = ["127.0.0.1", "::1", "fe80::1%eth0", "2001:db8::7", "192.0.2.7", "10.1.2.3", "224.0.0.1"]


def test_all_addresses_are_those_that_others_can_reach_ipv4_first() -> None:
    assert choose_addresses("", INTERFACES) == ["192.0.2.7", "10.1.2.3", "2001:db8::7"]


def test_any_ipv4_leaves_ipv6_out() -> None:
    assert choose_addresses("0.0.0.0", INTERFACES) == ["192.0.2.7", "10.1.2.3"]


def test_loopback_serves_when_there_is_nothing_else() -> None:
    assert choose_addresses("", ["127.0.0.1", "::1", "fe80::1%lo"]) == ["127.0.0.1", "::1"]
    assert choose_addresses("", []) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("host", "chosen"), [("localhost", "127.0.0.1"), ("::1", "::1"), ("192.0.2.9", "192.0.2.9")]
)
def test_one_host_is_bound_alone(host: str, chosen: str) -> None:
    assert choose_addresses(host, INTERFACES) == [chosen]


def test_name_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"'media\.school' is not an IP address"):
        choose_addresses("media.school", INTERFACES)


def test_discovery_finds_bindable_addresses_and_no_duplicates_are_chosen() -> None:
    chosen = choose_addresses("", interface_addresses())
    assert chosen and len(chosen) == len(set(chosen))


def test_candidates_name_the_bound_addresses_with_falling_priority() -> None:
    candidates = make_candidates([("2001:db8::7", 40000), ("192.0.2.7", 40000)])
    assert [(c.address, c.ip, c.port, c.protocol, c.type) for c in candidates] == [
        ("192.0.2.7", "192.0.2.7", 40000, "udp", "host"),
        ("2001:db8::7", "2001:db8::7", 40000, "udp", "host"),
    ]
    assert candidates[0].priority > candidates[1].priority
    assert candidates[0].priority >> 24 == 126 and candidates[0].priority & 255 == 255
    assert len({c.foundation for c in candidates}) == 2


def test_announced_addresses_replace_the_bound_ones() -> None:
    candidates = make_candidates([("10.1.2.3", 40001)], ["2001:db8::9", "203.0.113.7"])
    assert [(c.address, c.port) for c in candidates] == [("203.0.113.7", 40001), ("2001:db8::9", 40001)]


def test_candidates_over_tcp_follow_all_others_and_name_the_same_addresses() -> None:
    bound = [("2001:db8::7", 40000), ("192.0.2.7", 40000)]
    candidates = make_candidates(bound, tcp=True)
    assert candidates[:2] == make_candidates(bound)
    assert [(c.protocol, c.tcp_type, c.address, c.port) for c in candidates[2:]] == [
        ("tcp", "passive", "192.0.2.7", 40000),
        ("tcp", "passive", "2001:db8::7", 40000),
    ]
    priorities = [c.priority for c in candidates]
    assert priorities == sorted(priorities, reverse=True)
    assert len({c.foundation for c in candidates}) == 4


def test_announced_addresses_are_named_over_tcp_too() -> None:
    candidates = make_candidates([("10.1.2.3", 40001)], ["203.0.113.7"], tcp=True)
    assert [(c.protocol, c.address, c.port) for c in candidates] == [
        ("udp", "203.0.113.7", 40001),
        ("tcp", "203.0.113.7", 40001),
    ]


def test_announced_name_is_refused() -> None:
    with pytest.raises(ValueError, match="is not an IP address"):
        make_candidates([("10.1.2.3", 40001)], ["nat.school"])


def test_credentials_are_ice_characters_long_enough_and_fresh() -> None:
    made = [make_credentials() for _ in range(3)]
    for ufrag, password in made:
        assert re.fullmatch(r"[A-Za-z0-9+/]{4,256}", ufrag)
        assert re.fullmatch(r"[A-Za-z0-9+/]{22,256}", password)
    assert len(set(made)) == 3
