"""Offers that are alike: read once, answered as if each had been read alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sdp_material import offer_names, offer_text, ssrcs, watch
from tests.unit.test_sdp_fuzz import OFFERS, mutate
from vtp.media.ortc import generate_router_capabilities
from vtp.media.parameters import DtlsParameters, IceParameters
from vtp.media.sdp import TransportAttributes
from vtp.media.sdp_offers import OfferReader, ViewerOffer
from vtp.media.sdp_ortc import WhepAnswer, whep_answer
from vtp.media.sdp_parse import parse_session
from vtp.media.sdp_whep import ANSWERS_KEPT

CAPABILITIES = generate_router_capabilities()
ICE = IceParameters(username_fragment="ours", password="p" * 24, ice_lite=True)
DTLS = DtlsParameters.from_json({"fingerprints": [{"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}]})


def of_another_viewer(text: str) -> str:
    """The same browser's offer with other credentials, another certificate, another session id."""
    changed = text.replace("\no=", "\no=other").replace("a=ice-ufrag:", "a=ice-ufrag:other")
    return changed.replace("a=ice-pwd:", "a=ice-pwd:other").replace("sha-256 ", "sha-256 00:")


def told(offer: ViewerOffer) -> object:
    """All that an offer says of its media and transports."""
    description = replace(offer.common.description, session_id=0, session_version=0)
    sections = [offer.transport(section) for section in range(-1, len(description.media))]
    description.media = [replace(media, transport=TransportAttributes()) for media in description.media]
    description.transport = TransportAttributes()
    return description, [replace(transport, candidates=[]) for transport in sections]


def alone(text: str) -> ViewerOffer:
    return ViewerOffer.alone(parse_session(text))


def answered(offer: ViewerOffer) -> WhepAnswer:
    return whep_answer(offer, CAPABILITIES, ICE, DTLS, [], allocate_ssrc=ssrcs(), cname="viewer")


@pytest.mark.parametrize("name", offer_names())
def test_offers_read_as_if_alone(name: str) -> None:
    reader = OfferReader()
    for text in (offer_text(name), of_another_viewer(offer_text(name)), offer_text(name)):
        assert told(reader.read(text)) == told(alone(text))
    assert len(reader) == 1


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(OFFERS), st.integers(0, 2**32), st.text(max_size=20))
def test_odd_offers_read_as_if_alone(text: str, seed: int, insert: str) -> None:
    reader = OfferReader()
    for changed in (text, mutate(text, seed, insert), mutate(text, seed, insert)):
        assert read_or_refuse(reader.read, changed) == read_or_refuse(alone, changed)


def read_or_refuse(read: Callable[[str], ViewerOffer], text: str) -> object:
    try:
        return told(read(text))
    except ValueError as error:
        return str(error)


def test_what_stands_before_the_version_line_is_refused() -> None:
    with pytest.raises(ValueError, match="v=0"):
        OfferReader().read("o=- 1 1 IN IP4 0.0.0.0\r\n" + offer_text("chromium_watch"))


@pytest.mark.parametrize("name", ["chromium_watch", "safari_watch"])
def test_answers_are_those_to_offers_read_alone(name: str) -> None:
    reader = OfferReader()
    for text in (offer_text(name), of_another_viewer(offer_text(name))):
        single, shared = answered(alone(text)), answered(reader.read(text))
        assert shared.sdp == single.sdp
        assert shared.remote == single.remote
        assert [m.rtp_parameters for m in shared.media] == [m.rtp_parameters for m in single.media]


def test_viewers_with_one_browser_share_what_was_agreed() -> None:
    reader = OfferReader()
    text = offer_text("chromium_watch")
    one, other = (answered(reader.read(t)).media[1] for t in (text, of_another_viewer(text)))
    assert one.rtp_parameters.codecs is other.rtp_parameters.codecs
    assert one.rtp_parameters.header_extensions is other.rtp_parameters.header_extensions
    assert one.rtp_parameters.encodings is not other.rtp_parameters.encodings


def test_viewers_of_one_producer_are_answered_with_its_codec_only() -> None:
    reader = OfferReader()
    text = offer_text("chromium_watch")
    everything, _ = watch(reader.read(text))
    sent = everything.media[1].rtp_parameters
    sent = sent.model_copy(update={"codecs": [codec for codec in sent.codecs if codec.name == "av1"]})
    for _ in range(2):
        only_av1, _ = watch(reader.read(text), {"video": sent})
        assert [codec.name for codec in only_av1.media[0].line.codecs] == ["av1"]
    assert [media.kind for media in watch(reader.read(text))[0].media] == ["audio", "video"]


def test_answers_for_producers_that_are_gone_make_room() -> None:
    reader = OfferReader()
    text = offer_text("chromium_watch")
    sent = answered(reader.read(text)).media[1].rtp_parameters
    for _ in range(ANSWERS_KEPT + 5):
        watch(reader.read(text), {"video": sent.model_copy()})
    assert len(reader.read(text).common.prepared) == ANSWERS_KEPT


def test_an_oddly_written_transport_is_nobody_elses() -> None:
    reader = OfferReader()
    text = offer_text("chromium_watch")
    for old, new in (("a=ice-ufrag:", "a=ICE-ufrag:"), ("a=ice-pwd:", " a=ice-pwd:"), ("\r\n", "\r")):
        assert told(reader.read(text.replace(old, new))) == told(alone(text))
    assert len(reader) == 0


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " \t\r\n", "\n\r\n"])
def test_line_ends_of_any_kind_end_a_line_of_the_senders_own(end: str) -> None:
    reader = OfferReader()
    for text in (offer_text("chromium_watch"), of_another_viewer(offer_text("chromium_watch"))):
        for changed in (text.replace("\r\na=mid", end + "a=mid"), text.replace("\r\n", end)):
            assert told(reader.read(changed)) == told(alone(text))


def test_the_kind_unused_for_longest_is_forgotten() -> None:
    reader = OfferReader(kinds_kept=2)
    first, second, third = (offer_text("chromium_watch") + f"a=x-{number}\r\n" for number in range(3))
    kept = reader.read(first).common
    reader.read(second)
    assert reader.read(first).common is kept
    reader.read(third)
    assert len(reader) == 2
    assert reader.read(first).common is kept


def test_large_offers_are_read_but_not_kept() -> None:
    reader = OfferReader()
    text = offer_text("chromium_watch") + "a=x:0123456789abcdef\r\n" * 700
    assert told(reader.read(text)) == told(alone(text))
    assert len(reader) == 0
