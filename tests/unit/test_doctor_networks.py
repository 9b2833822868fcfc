"""What `vtp doctor` makes of what it has seen of networks: rules without a network."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import socket
from pathlib import Path

import pytest

from vtp.doctor import firewall, plain, relay
from vtp.doctor.addresses import judge_announced
from vtp.doctor.finding import Finding, State, is_sick
from vtp.doctor.names import read_server
from vtp.doctor.nat import Filtering, Mapping, Nat, judge_nat
from vtp.doctor.ports import Holder, Port, holders_of, judge_port
from vtp.doctor.reachability import Reach, Tried, judge_all_from_elsewhere, judge_reach
from vtp.doctor.relay import RelayTried
from vtp.media.addresses import AddressKind, kind_of, out_of_reach

NOW = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC)


# Addresses


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", AddressKind.PUBLIC),
        ("2a00:1450::1", AddressKind.PUBLIC),
        ("192.168.1.4", AddressKind.PRIVATE),
        ("10.0.0.1", AddressKind.PRIVATE),
        ("fd00::1", AddressKind.PRIVATE),
        ("100.64.0.1", AddressKind.SHARED),
        ("100.127.255.255", AddressKind.SHARED),
        ("100.128.0.1", AddressKind.PUBLIC),
        ("169.254.3.4", AddressKind.LINK_LOCAL),
        ("fe80::1%eth0", AddressKind.LINK_LOCAL),
        ("127.0.0.1", AddressKind.LOOPBACK),
        ("::1", AddressKind.LOOPBACK),
        ("::ffff:192.168.1.4", AddressKind.PRIVATE),
        ("0.0.0.0", AddressKind.NONE),
        ("school.example", AddressKind.NONE),
    ],
)
def test_an_address_belongs_to_its_kind_of_network(address: str, kind: AddressKind) -> None:
    assert kind_of(address) is kind


def test_only_a_public_visitor_is_certain_to_be_out_of_reach_of_private_addresses() -> None:
    assert out_of_reach(["192.168.1.4"], "8.8.8.8")
    assert not out_of_reach(["192.168.1.4"], "10.1.1.1")
    assert not out_of_reach(["192.168.1.4", "9.9.9.9"], "8.8.8.8")
    assert out_of_reach(["100.64.3.3"], "2a00:1450::1")


def announced(
    *addresses: str, outsiders: bool = False, here: bool = False, container: bool = False
) -> Finding:
    found = judge_announced(addresses, outsiders=outsiders, this_machine_only=here, container=container)
    return found[0]


def test_a_public_address_is_good() -> None:
    assert announced("9.9.9.9", "192.168.1.4", outsiders=True).state is State.GOOD


def test_private_addresses_alone_are_wrong_where_people_come_from_the_internet() -> None:
    assert announced("192.168.1.4").state is State.NOTE
    found = announced("192.168.1.4", outsiders=True)
    assert found.state is State.WRONG
    assert "VTP_MEDIA__ANNOUNCED_ADDRESSES" in found.cure


def test_an_address_of_the_providers_network_counts_as_private() -> None:
    assert announced("100.64.1.1", outsiders=True).state is State.WRONG


def test_loopback_alone_is_wrong_unless_everything_is_for_this_machine() -> None:
    assert announced("127.0.0.1").state is State.WRONG
    assert announced("127.0.0.1", here=True).state is State.NOTE


def test_in_a_container_the_cure_names_the_hosts_network() -> None:
    assert "host's network" in announced("172.17.0.2", outsiders=True, container=True).cure
    assert "host's network" not in announced("172.17.0.2", outsiders=True).cure


def test_a_link_local_address_is_pointed_out() -> None:
    found = judge_announced(
        ["169.254.1.1", "9.9.9.9"], outsiders=False, this_machine_only=False, container=False
    )
    assert "Link-local addresses" in [one.looked_at for one in found]


# NAT


def nat(outer: str, mapping: Mapping = Mapping.SAME) -> Nat:
    return Nat("stun.example", (outer, 40000), mapping, Filtering.BY_PORT)


def test_a_machine_that_is_seen_by_its_own_address_is_behind_no_nat() -> None:
    found = judge_nat(nat("9.9.9.9", Mapping.NONE), ["9.9.9.9"], ["9.9.9.9"], "40000", outsiders=True)
    assert found.state is State.GOOD


def test_an_outer_address_that_nobody_is_told_is_wrong_and_its_cure_is_exact() -> None:
    own = ["127.0.0.1", "::1", "192.168.1.4"]
    found = judge_nat(nat("9.9.9.9"), ["192.168.1.4"], own, "40000", outsiders=True)
    assert found.state is State.WRONG
    assert "VTP_MEDIA__ANNOUNCED_ADDRESSES=9.9.9.9,192.168.1.4" in found.cure
    inside = judge_nat(nat("9.9.9.9"), ["192.168.1.4"], ["192.168.1.4"], "40000", outsiders=False)
    assert inside.state is State.NOTE


def test_an_outer_address_that_is_announced_is_good() -> None:
    found = judge_nat(nat("9.9.9.9"), ["9.9.9.9"], ["192.168.1.4"], "40000", outsiders=True)
    assert found.state is State.GOOD


def test_a_second_nat_of_the_provider_is_named() -> None:
    found = judge_nat(nat("100.64.9.9"), ["192.168.1.4"], ["192.168.1.4"], "40000", outsiders=True)
    assert found.state is State.WRONG
    assert "second router" in found.meaning


def test_no_stun_server_is_not_wrong() -> None:
    assert judge_nat(None, [], [], "40000", outsiders=True).state is State.SKIPPED


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("stun:stun.example:19302", ("stun.example", 19302)),
        ("stun.example", ("stun.example", 3478)),
        ("turn:turn.example:3478?transport=tcp", ("turn.example", 3478)),
        ("[2001:db8::1]:3479", ("2001:db8::1", 3479)),
        ("stun:[2001:db8::1]", ("2001:db8::1", 3478)),
    ],
)
def test_a_server_is_read_as_people_write_it(text: str, server: tuple[str, int]) -> None:
    assert read_server(text) == server


@pytest.mark.parametrize("text", ["", "stun:", "host:port", "host:0", "host:70000"])
def test_what_is_no_server_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="write host:port"):
        read_server(text)


# The media port


def reach(host: str, how: Reach, own: str = "192.168.1.4", mapped: str = "", here: bool = True) -> Finding:
    return judge_reach(Tried((host, 40000), how, 1.0), own=[own], mapped=mapped, from_here=here)


def test_a_port_that_answers_is_good() -> None:
    assert reach("9.9.9.9", Reach.ANSWERED).state is State.GOOD


def test_silence_at_an_own_address_is_the_firewall_or_a_hung_server() -> None:
    found = reach("192.168.1.4", Reach.SILENT)
    assert found.state is State.WRONG
    assert "ufw allow 40000/udp" in found.cure


def test_silence_at_a_wrong_announced_address_is_wrong_and_says_the_right_one() -> None:
    found = reach("203.0.113.9", Reach.SILENT, mapped="9.9.9.9")
    assert found.state is State.WRONG
    assert "VTP_MEDIA__ANNOUNCED_ADDRESSES=9.9.9.9" in found.cure
    assert reach("203.0.113.9", Reach.NO_ROUTE).state is State.WRONG


def test_silence_at_the_right_outer_address_cannot_be_told_from_a_router_that_does_not_lead_back() -> None:
    found = reach("9.9.9.9", Reach.SILENT, mapped="9.9.9.9")
    assert found.state is State.NOTE
    assert "vtp doctor --server" in found.cure


def test_from_elsewhere_silence_is_wrong_at_public_addresses_only() -> None:
    assert reach("9.9.9.9", Reach.SILENT, here=False).state is State.WRONG
    assert reach("192.168.1.4", Reach.SILENT, here=False).state is State.NOTE


def test_from_elsewhere_no_answer_at_all_is_wrong_whatever_the_addresses() -> None:
    silent, heard = Tried(("10.0.0.1", 40000), Reach.SILENT), Tried(("10.0.0.2", 40000), Reach.ANSWERED)
    assert is_sick(judge_all_from_elsewhere([silent]))
    assert judge_all_from_elsewhere([silent, heard]) == []


# Ports

MEDIA_PORT = Port("udp", "0.0.0.0", 40000, "media.udp_port")


def test_a_port_of_the_running_server_is_good() -> None:
    assert judge_port(MEDIA_PORT, [Holder(77, "vtp")], 77, errno.EADDRINUSE).state is State.GOOD


def test_a_port_of_another_program_is_wrong_and_the_program_is_named() -> None:
    found = judge_port(MEDIA_PORT, [Holder(78, "janus")], 0, errno.EADDRINUSE)
    assert found.state is State.WRONG
    assert "janus (process 78)" in found.meaning
    assert "VTP_MEDIA__UDP_PORT" in found.cure


def test_a_port_in_use_by_who_knows_whom_is_wrong() -> None:
    assert judge_port(MEDIA_PORT, [Holder(0, "")], 0, errno.EADDRINUSE).state is State.WRONG


def test_a_free_port_is_good_and_missing_once_the_server_runs() -> None:
    assert judge_port(MEDIA_PORT, [], 0, 0).state is State.GOOD
    assert judge_port(MEDIA_PORT, [], 77, 0).state is State.WRONG


def test_a_port_below_1024_needs_rights() -> None:
    found = judge_port(Port("tcp", "0.0.0.0", 443, "http.tls_port"), [], 0, errno.EACCES)
    assert found.state is State.WRONG
    assert "1023" in found.cure


def test_an_address_of_another_machine_cannot_be_bound() -> None:
    assert "no address of this machine" in judge_port(MEDIA_PORT, [], 0, errno.EADDRNOTAVAIL).meaning


def test_the_holder_of_a_port_is_found_by_its_socket(tmp_path: Path) -> None:
    head = (
        "  sl  local_address rem_address   st tx_queue:rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    )
    row = "   0: 00000000:9C40 00000000:0000 {} 00000000:00000000 00:00000000 00000000  0 0 {} 2 0\n"
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "udp").write_text(head + row.format("07", "4711"))
    (tmp_path / "net" / "tcp").write_text(head + row.format("01", "4712"))  # 01: a connection, no listener
    (tmp_path / "88" / "fd").mkdir(parents=True)
    (tmp_path / "88" / "fd" / "5").symlink_to("socket:[4711]")
    (tmp_path / "88" / "comm").write_text("janus\n")
    assert holders_of("udp", 40000, tmp_path) == [Holder(88, "janus")]
    assert holders_of("udp", 40001, tmp_path) == []
    assert holders_of("tcp", 40000, tmp_path) == []


# Firewall


def nft(policy: str, *rules: list[dict[str, object]]) -> str:
    chain = {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": policy}
    items: list[object] = [{"metainfo": {}}, {"chain": chain}]
    items += [{"rule": {"family": "inet", "table": "filter", "expr": rule}} for rule in rules]
    return json.dumps({"nftables": items})


def dport(right: object, protocol: str = "udp") -> list[dict[str, object]]:
    left = {"payload": {"protocol": protocol, "field": "dport"}}
    return [{"match": {"op": "==", "left": left, "right": right}}, {"accept": None}]


def test_nftables_drops_by_policy_what_no_rule_accepts() -> None:
    assert firewall.nft_drops(nft("drop"), "udp", 40000)
    assert firewall.nft_drops(nft("drop", dport(22)), "udp", 40000)
    assert firewall.nft_drops(nft("drop", dport(40000, "tcp")), "udp", 40000)
    assert not firewall.nft_drops(nft("accept"), "udp", 40000)
    assert not firewall.nft_drops(nft("drop", dport(40000)), "udp", 40000)
    assert not firewall.nft_drops(nft("drop", dport({"range": [39000, 41000]})), "udp", 40000)
    assert not firewall.nft_drops(nft("drop", dport({"set": [22, 40000]})), "udp", 40000)
    assert not firewall.nft_drops("no json", "udp", 40000)


def test_iptables_drops_by_policy_what_no_rule_accepts() -> None:
    drop = "-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"
    assert firewall.iptables_drops(drop, "udp", 40000)
    assert not firewall.iptables_drops("-P INPUT ACCEPT\n", "udp", 40000)
    assert not firewall.iptables_drops(
        drop + "-A INPUT -p udp -m udp --dport 40000 -j ACCEPT\n", "udp", 40000
    )
    assert not firewall.iptables_drops(
        drop + "-A INPUT -p udp -m udp --dport 39000:41000 -j ACCEPT", "udp", 40000
    )
    assert firewall.iptables_drops(drop + "-A INPUT -p tcp -m tcp --dport 40000 -j ACCEPT\n", "udp", 40000)


def test_ufw_drops_what_it_does_not_allow() -> None:
    active = "Status: active\n\nTo                         Action      From\n22/tcp  ALLOW  Anywhere\n"
    assert firewall.ufw_drops(active, "udp", 40000)
    assert not firewall.ufw_drops(active + "40000/udp  ALLOW  Anywhere\n", "udp", 40000)
    assert not firewall.ufw_drops(active + "40000:40010/udp  ALLOW  Anywhere\n", "udp", 40000)
    assert not firewall.ufw_drops(active + "40000  ALLOW  Anywhere\n", "udp", 40000)
    assert not firewall.ufw_drops("Status: inactive\n", "udp", 40000)


def test_a_closed_port_is_a_note_with_the_command_of_the_firewall_in_use() -> None:
    by_ufw = firewall.judge_firewall({"ufw": "Status: active\n"}, [("udp", 40000)], is_root=True)
    assert (by_ufw[0].state, by_ufw[0].cure) == (State.NOTE, "ufw allow 40000/udp")
    by_nft = firewall.judge_firewall({"nft": nft("drop")}, [("udp", 40000)], is_root=True)
    assert by_nft[0].cure.startswith("nft add rule inet filter input udp dport 40000")


def test_an_unread_firewall_is_not_tried_and_says_why() -> None:
    assert "root" in firewall.judge_firewall({}, [("udp", 1)], is_root=False)[0].meaning
    assert firewall.judge_firewall({}, [("udp", 1)], is_root=True)[0].state is State.SKIPPED


# Relay


def test_a_relay_with_a_public_address_is_good_and_a_private_one_is_pointed_out() -> None:
    url = "turn:turn.example"
    assert relay.judge_relay(RelayTried(url, ("9.9.9.9", 50000)), has_secret=True).state is State.GOOD
    private = relay.judge_relay(RelayTried(url, ("10.0.0.9", 50000)), has_secret=True)
    assert private.state is State.NOTE
    assert "external-ip" in private.cure


def test_refused_credentials_are_wrong_and_missing_ones_are_not() -> None:
    refused = RelayTried("turn:turn.example", refused=401)
    assert relay.judge_relay(refused, has_secret=True).state is State.WRONG
    assert relay.judge_relay(refused, has_secret=False).state is State.SKIPPED


def test_time_limited_credentials_are_the_hmac_of_their_end_and_name() -> None:
    user, password = relay.time_limited_credentials("north", 1_000_000)
    assert user == "1000300:vtp-doctor"
    # printf 1000300:vtp-doctor | openssl dgst -sha1 -hmac north -binary | base64
    assert password == "Wg3ElraUd+sNWfMWHgVPemEH250="


def test_media_over_tcp_is_judged_by_what_clients_are_told() -> None:
    assert relay.judge_tcp({}).state is State.NOTE
    assert relay.judge_tcp({("9.9.9.9", 40000): True}).state is State.GOOD
    assert relay.judge_tcp({("9.9.9.9", 40000): False}).state is State.WRONG


PLAIN = range(41000, 41010)


def test_a_range_of_ports_is_judged_whole() -> None:
    janus, own = [Holder(78, "janus")], [Holder(77, "vtp")]
    assert plain.judge("0.0.0.0", PLAIN, {}, [], 0).state is State.GOOD
    by_server = plain.judge("0.0.0.0", PLAIN, {41000: own, 41001: [Holder(0, "")]}, [], 77)
    assert (by_server.state, "2 of them are in use by the server" in by_server.meaning) == (State.GOOD, True)
    some = plain.judge("0.0.0.0", PLAIN, {41000: own, 41002: janus}, [], 77)
    assert (some.state, "1 of 10" in some.meaning, "janus" in some.meaning) == (State.NOTE, True, True)
    everything = plain.judge("0.0.0.0", PLAIN, dict.fromkeys(PLAIN, janus), [], 0)
    assert (everything.state, "VTP_PLAIN__PORTS" in everything.cure) == (State.WRONG, True)
    assert "no address" in plain.judge("192.0.2.1", PLAIN, {}, [errno.EADDRNOTAVAIL], 0).meaning
    assert "1024" in plain.judge("0.0.0.0", range(1, 9), {}, [errno.EACCES], 0).meaning


def test_ports_for_plain_rtp_that_others_have_open_are_found() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        found = plain.examine("127.0.0.1", range(port, port + 1), 0)
    assert (found.state, f"process {os.getpid()}" in found.meaning) == (State.WRONG, True)
