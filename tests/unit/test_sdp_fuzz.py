"""Nothing a stranger sends as SDP raises anything but ValueError, and answers stay within the offer."""

import contextlib
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sdp_material import offer_names, offer_text, publish, watch
from vtp.media.sdp_fragment import parse_fragment
from vtp.media.sdp_parse import parse_session
from vtp.media.sdp_write import write_session

OFFERS = [offer_text(name) for name in offer_names()]
LINES = sorted({line for text in OFFERS for line in text.split("\r\n")})
ODD_TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs", "Cc")), max_size=40)


def mutate(text: str, seed: int, insert: str) -> str:
    """Drop, repeat, swap, cut and edit lines of an offer."""
    chance = random.Random(seed)
    lines = text.split("\r\n")
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(1, len(lines))
        match chance.randrange(6):
            case 0:
                del lines[place]
            case 1:
                lines.insert(place, chance.choice(LINES))
            case 2:
                lines[place] = lines[place][: chance.randrange(len(lines[place]) + 1)]
            case 3:
                cut = chance.randrange(len(lines[place]) + 1)
                lines[place] = lines[place][:cut] + insert + lines[place][cut:]
            case 4:
                lines[place] = lines[place].replace(
                    str(chance.randrange(10)), str(chance.randrange(2**70)), 1
                )
            case _:
                other = chance.randrange(1, len(lines))
                lines[place], lines[other] = lines[other], lines[place]
        if len(lines) < 3:
            break
    return "\r\n".join(lines)


def check(text: str) -> None:
    """Parse, write, parse what was written to the same text, and answer both ways."""
    try:
        description = parse_session(text)
    except ValueError:
        return
    written = write_session(description)
    assert write_session(parse_session(written)) == written
    for answer in (publish, watch):
        with contextlib.suppress(ValueError):
            _, answered = answer(description)
            assert [(m.kind, m.mid) for m in answered.media] == [(m.kind, m.mid) for m in description.media]
            for ours, theirs in zip(answered.media, description.media, strict=True):
                assert set(ours.formats) <= set(theirs.formats)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(OFFERS), st.integers(0, 2**32), ODD_TEXT)
def test_mutated_offers_are_answered_or_refused(text: str, seed: int, insert: str) -> None:
    check(mutate(text, seed, insert))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=60))
def test_shuffled_lines_are_answered_or_refused(lines: list[str]) -> None:
    check("\r\n".join(["v=0", *lines]))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_refused_or_read(text: str) -> None:
    check(text)
    check("v=0\r\n" + text)
    check("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=" + text)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(LINES), ODD_TEXT)
def test_any_fragment_is_refused_or_read(line: str, insert: str) -> None:
    for text in (insert, line + insert, f"{line}\n{insert}"):
        with contextlib.suppress(ValueError):
            parse_fragment(text)
