"""STUN: the vectors of RFC 5769, ICE's attributes, and what is written back."""

import struct

import pytest

from vtp._rtp_fast import (
    check_stun_integrity,
    parse_stun,
    write_stun_error,
    write_stun_request,
    write_stun_success,
)

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")

REQUEST = bytes.fromhex(  # RFC 5769 section 2.1
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
RESPONSE_V4 = bytes.fromhex(  # RFC 5769 section 2.2
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
RESPONSE_V6 = bytes.fromhex(  # RFC 5769 section 2.3
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)


def check(**changes: object) -> bytes:
    """A connectivity check as our client writes it."""
    values: dict[str, object] = {"priority": 0x6E0001FF, "tie_breaker": 7, "use_candidate": True, **changes}
    return write_stun_request(TRANSACTION, b"server:client", PASSWORD, **values)  # type: ignore[arg-type]


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def message(*attributes: bytes, kind: int = 1) -> bytes:
    body = b"".join(attributes)
    return struct.pack("!HHI", kind, len(body), 0x2112A442) + TRANSACTION + body


def test_the_sample_request_of_rfc_5769_is_read_and_authentic() -> None:
    parsed = parse_stun(REQUEST)
    assert parsed["type"] == 1
    assert parsed["transaction"] == TRANSACTION
    assert parsed["username"] == b"evtj:h6vY"
    assert parsed["priority"] == 0x6E0001FF
    assert parsed["controlled"] == 0x932FF9B151263B36
    assert parsed["controlling"] is None
    assert parsed["has_fingerprint"]
    check_stun_integrity(REQUEST, PASSWORD)


@pytest.mark.parametrize(
    "response, address",
    [
        (RESPONSE_V4, bytes([192, 0, 2, 1])),
        (RESPONSE_V6, bytes.fromhex("20010db8123456780011223344556677")),
    ],
)
def test_the_sample_responses_of_rfc_5769_are_read_and_authentic(response: bytes, address: bytes) -> None:
    parsed = parse_stun(response)
    assert (parsed["address"], parsed["port"]) == (address, 32853)
    check_stun_integrity(response, PASSWORD)


def test_a_wrong_password_is_noticed() -> None:
    with pytest.raises(ValueError, match="integrity is wrong"):
        check_stun_integrity(REQUEST, PASSWORD + b"x")


def test_every_changed_byte_before_the_fingerprint_is_noticed() -> None:
    for i in range(len(REQUEST) - 8):
        changed = bytearray(REQUEST)
        changed[i] ^= 1
        with pytest.raises(ValueError):
            check_stun_integrity(bytes(changed), PASSWORD)


def test_a_request_without_integrity_is_never_authentic() -> None:
    with pytest.raises(ValueError, match="no MESSAGE-INTEGRITY"):
        check_stun_integrity(message(attribute(6, b"a:b")), PASSWORD)


def test_our_check_carries_all_that_ice_asks_for() -> None:
    parsed = parse_stun(check())
    assert parsed["username"] == b"server:client"
    assert parsed["use_candidate"]
    assert parsed["controlling"] == 7
    assert parsed["priority"] == 0x6E0001FF
    check_stun_integrity(check(), PASSWORD)


def test_a_controlled_agent_without_nomination_says_so() -> None:
    parsed = parse_stun(check(controlling=False, use_candidate=False))
    assert parsed["controlled"] == 7
    assert not parsed["use_candidate"]


def test_priority_and_role_may_be_missing() -> None:
    parsed = parse_stun(message(attribute(6, b"a:b")))
    assert parsed["priority"] is None
    assert parsed["controlling"] is None and parsed["controlled"] is None


@pytest.mark.parametrize(
    "address", [bytes([192, 0, 2, 1]), bytes.fromhex("20010db8123456780011223344556677")]
)
def test_the_answer_tells_the_address_and_is_authentic(address: bytes) -> None:
    answer = write_stun_success(check(), address, 32853, PASSWORD)
    parsed = parse_stun(answer)
    assert parsed["type"] == 0x0101
    assert parsed["transaction"] == TRANSACTION
    assert (parsed["address"], parsed["port"]) == (address, 32853)
    assert parsed["has_fingerprint"]
    check_stun_integrity(answer, PASSWORD)


def test_an_ipv4_mapped_address_is_told_as_ipv4() -> None:
    mapped = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 1])
    assert parse_stun(write_stun_success(check(), mapped, 9, PASSWORD))["address"] == bytes([192, 0, 2, 1])


def test_an_answer_is_never_larger_than_the_question() -> None:
    small = message(attribute(6, b"a:b"))
    with pytest.raises(ValueError, match="larger"):
        write_stun_success(small, bytes(4), 1, PASSWORD)
    with pytest.raises(ValueError, match="larger"):
        write_stun_error(small, 487, PASSWORD)
    assert len(write_stun_success(check(), bytes(16), 1, PASSWORD)) <= len(check())


def test_a_role_conflict_is_answered_with_487_and_integrity() -> None:
    answer = write_stun_error(check(), 487, PASSWORD)
    parsed = parse_stun(answer)
    assert (parsed["type"], parsed["error_code"]) == (0x0111, 487)
    check_stun_integrity(answer, PASSWORD)


def test_a_bad_request_is_answered_without_integrity() -> None:
    parsed = parse_stun(write_stun_error(check(), 400))
    assert parsed["error_code"] == 400
    assert not parsed["has_integrity"]


def test_unknown_required_attributes_are_listed_in_a_420() -> None:
    request = message(attribute(0x0042, b"?"), attribute(0x0043, b""), attribute(6, bytes(40)))
    assert parse_stun(request)["unknown"] == [0x42, 0x43]
    answer = write_stun_error(request, 420)
    assert parse_stun(answer)["error_code"] == 420
    assert answer.endswith(attribute(0x000A, b"\x00\x42\x00\x43") + answer[-8:])


def test_unknown_optional_attributes_are_ignored() -> None:
    assert parse_stun(message(attribute(0xC057, bytes(4))))["unknown"] == []


def test_of_repeated_attributes_the_first_counts() -> None:
    parsed = parse_stun(message(attribute(6, b"one:1"), attribute(6, b"two:2")))
    assert parsed["username"] == b"one:1"


def test_attributes_behind_the_integrity_are_ignored() -> None:
    parsed = parse_stun(message(attribute(8, bytes(20)), attribute(6, b"late:1"), attribute(0x25, b"")))
    assert parsed["username"] is None
    assert not parsed["use_candidate"]


@pytest.mark.parametrize(
    "data, sentence",
    [
        (REQUEST[:19], "shorter"),
        (b"\x80" + REQUEST[1:], "header"),
        (REQUEST[:4] + bytes(4) + REQUEST[8:], "header"),
        (REQUEST + bytes(4), "header"),
        (REQUEST[:-4], "header"),
        (message(attribute(0x24, bytes(3))), "attribute"),
        (message(attribute(6, bytes(600))), "attribute"),
        (message(struct.pack("!HH", 6, 40) + bytes(8)), "attribute"),
        (message(attribute(0x8028, bytes(4))), "fingerprint"),
        (REQUEST[:2] + b"\x00\x5c" + REQUEST[4:] + bytes(4), "fingerprint"),
    ],
)
def test_what_is_not_stun_is_refused_with_a_reason(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_stun(data)
