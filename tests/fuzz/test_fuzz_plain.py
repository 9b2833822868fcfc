"""Whatever comes to a plain transport's ports, nothing breaks; only an encoder's packets teach an address."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain_path import ENCODER, STRANGER, Path, rtp, sender_report

PIECES = st.one_of(
    st.binary(max_size=64),
    st.builds(lambda cut, tail: rtp(5)[:cut] + tail, st.integers(0, 20), st.binary(max_size=40)),
    st.builds(lambda cut, tail: sender_report()[:cut] + tail, st.integers(0, 28), st.binary(max_size=40)),
    st.builds(
        lambda first, second, tail: bytes([first, second]) + tail,
        st.integers(128, 191),
        st.integers(0, 255),
        st.binary(min_size=10, max_size=60),
    ),
    st.integers(0, 65535).map(lambda length: struct.pack("!BBH", 0x81, 201, length) + bytes(28)),
)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.tuples(PIECES, st.sampled_from([ENCODER, STRANGER]), st.booleans(), st.integers(0, 3)), max_size=30
    )
)
def test_any_bytes_at_any_time_leave_an_encoder_its_place(
    given_: list[tuple[bytes, tuple[str, int], bool, int]],
) -> None:
    path = Path(pair=True)
    path.play()
    path.give(rtp(1))
    for datagram, address, reports, seconds in given_:
        path.later(seconds)
        path.give(datagram, address, reports=reports)
        path.core.take_sent()
    assert path.tuples[0] == ENCODER and STRANGER not in path.tuples
    before = path.taken
    path.later(1.5)
    path.give(rtp(20_000, ssrc=77))
    assert path.taken == before + 1, "the encoder is heard whatever came meanwhile"
    path.core.close()
