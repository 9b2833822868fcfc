"""Trickle ICE fragments."""

import pytest

from tests.unit.sdp_material import CANDIDATES, ICE
from vtp.media.sdp_fragment import Fragment, parse_fragment, write_fragment

TRICKLED = """a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
m=audio 9 RTP/AVP 0
a=mid:0
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1
a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2
a=end-of-candidates
"""


def test_credentials_and_candidates_are_read() -> None:
    fragment = parse_fragment(TRICKLED)
    assert (fragment.ice_ufrag, fragment.ice_pwd) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert [candidate.address for candidate in fragment.candidates] == ["192.0.2.1", "198.51.100.2"]
    assert fragment.end_of_candidates


def test_odd_lines_are_ignored() -> None:
    fragment = parse_fragment("a=candidate:broken\nnonsense\na=x:y\n" + TRICKLED)
    assert len(fragment.candidates) == 2


def test_our_restart_is_read_back() -> None:
    text = write_fragment(ICE, CANDIDATES, "0", "audio")
    fragment = parse_fragment(text)
    assert (fragment.ice_ufrag, fragment.ice_pwd) == (ICE.username_fragment, ICE.password)
    assert [c.port for c in fragment.candidates] == [40000, 40000, 40000]
    assert fragment.candidates[2].tcp_type == "passive"
    assert "a=mid:0\r\n" in text


def test_the_end_alone_is_a_fragment() -> None:
    assert parse_fragment("a=end-of-candidates\r\n") == Fragment(end_of_candidates=True)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "neither credentials nor candidates"),
        ("m=audio 9 RTP/AVP 0\na=mid:0\n", "neither credentials nor candidates"),
        ("a=ice-ufrag:abcd\n", "only one of"),
        ("a=x\n" * 5000, "more than"),
    ],
)
def test_what_is_no_fragment_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_fragment(text)
